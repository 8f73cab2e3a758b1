"""Networks and training through the Keras API, for Keras and nacre alike."""

from __future__ import annotations

import numpy as np


def build(api, work):
    """The work's network as a compiled Sequential of `api` (keras or nacre)."""
    layers = api.layers
    stack = [api.Input(work.input_shape, dtype="int32" if work.ids else None)]
    for kind, *arguments in work.layers:
        if kind == "dense":
            units, activation = arguments
            stack.append(layers.Dense(units, activation=activation))
        elif kind == "conv":
            filters, size, activation = arguments
            stack.append(layers.Conv2D(filters, size, activation=activation))
        elif kind == "maxpool":
            stack.append(layers.MaxPooling2D(arguments[0]))
        elif kind == "flatten":
            stack.append(layers.Flatten())
        elif kind == "dropout":
            stack.append(layers.Dropout(arguments[0]))
        elif kind == "embedding":
            stack.append(layers.Embedding(*arguments))
        elif kind in ("lstm", "gru"):
            stack.append((layers.LSTM if kind == "lstm" else layers.GRU)(arguments[0]))
        else:
            raise ValueError(f"unknown layer {kind!r}")
    model = api.Sequential(stack)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class KerasLike:
    """Training and inference of one work."""

    def __init__(self, api, work) -> None:
        self.api = api
        self.work = work
        self.x, self.y = work.data()
        self.model = build(api, work)

    def first_step(self) -> None:
        n = self.work.batch_size
        self.model.fit(self.x[:n], self.y[:n], batch_size=n, epochs=1, verbose=0)

    def epoch(self) -> None:
        self.model.fit(self.x, self.y, batch_size=self.work.batch_size, epochs=1, verbose=0)

    def call(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.model(x))

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x, batch_size=len(x), verbose=0)
