"""Networks and training through the Keras API, for Keras and nacre alike."""

from __future__ import annotations

import numpy as np


def residual_block(api):
    """A layer class: two convolutions with batch normalization and a shortcut."""
    layers = api.layers

    class Residual(layers.Layer):
        def __init__(self, filters, stride, **kwargs):
            super().__init__(**kwargs)
            self.filters = filters
            self.stride = stride
            self.first = _conv(layers, filters, 3, stride)
            self.first_norm = layers.BatchNormalization()
            self.second = _conv(layers, filters, 3, 1)
            self.second_norm = layers.BatchNormalization()
            self.relu = layers.ReLU()
            self.shortcut = None

        def build(self, input_shape):
            shape = tuple(input_shape)
            if self.stride != 1 or shape[-1] != self.filters:
                self.shortcut = _conv(layers, self.filters, 1, self.stride)
                self.shortcut_norm = layers.BatchNormalization()

        def call(self, x, training=False):
            y = self.relu(self.first_norm(self.first(x), training=training))
            y = self.second_norm(self.second(y), training=training)
            if self.shortcut is not None:
                x = self.shortcut_norm(self.shortcut(x), training=training)
            return self.relu(y + x)

    return Residual


def position_layer(api):
    """A layer class: adds a learned vector for each position."""

    class Positions(api.layers.Layer):
        def build(self, input_shape):
            self.table = self.add_weight(
                shape=tuple(input_shape)[1:], initializer="uniform", name="table"
            )

        def call(self, x):
            return x + self.table

    return Positions


def transformer_block(api):
    """A layer class: causal attention and a network for each token, with shortcuts."""
    layers = api.layers

    class Transformer(layers.Layer):
        def __init__(self, heads, **kwargs):
            super().__init__(**kwargs)
            self.heads = heads
            self.first_norm = layers.LayerNormalization()
            self.second_norm = layers.LayerNormalization()

        def build(self, input_shape):
            size = tuple(input_shape)[-1]
            self.attention = layers.MultiHeadAttention(self.heads, size // self.heads)
            self.wide = layers.Dense(4 * size, activation="gelu")
            self.narrow = layers.Dense(size)

        def call(self, x):
            y = self.first_norm(x)
            x = x + self.attention(y, y, use_causal_mask=True)
            return x + self.narrow(self.wide(self.second_norm(x)))

    return Transformer


def _conv(layers, filters, size, stride):
    return layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)


def build(api, work):
    """The work's network as a compiled Sequential of `api` (keras or nacre)."""
    layers = api.layers
    residual = residual_block(api)
    positions = position_layer(api)
    transformer = transformer_block(api)
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
        elif kind == "conv-bn":
            stack += [_conv(layers, arguments[0], 3, 1), layers.BatchNormalization()]
            stack.append(layers.ReLU())
        elif kind == "residual":
            stack.append(residual(*arguments))
        elif kind == "global-average":
            stack.append(layers.GlobalAveragePooling2D())
        elif kind == "positions":
            stack.append(positions())
        elif kind == "transformer":
            stack.append(transformer(*arguments))
        elif kind == "layer-norm":
            stack.append(layers.LayerNormalization())
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
