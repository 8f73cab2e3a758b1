"""The work that every framework is given: data and a network, described once.

A network is a list of layers in a small language that each framework's file translates:
("dense", units, activation), ("conv", filters, kernel size, activation), ("maxpool", size),
("flatten",), ("dropout", rate), ("embedding", rows, size), ("lstm", units) and ("gru", units): the
last step's output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Work:
    """One network with its training set-up: Adam, sparse categorical cross-entropy."""

    name: str
    input_shape: tuple[int, ...]
    layers: tuple
    batch_size: int
    rows: int  # of an epoch
    classes: int = 10
    ids: int = 0  # inputs are integers below this

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Random inputs and labels: speed does not depend on what they are."""
        rng = np.random.default_rng(0)
        shape = (self.rows, *self.input_shape)
        if self.ids:
            x = rng.integers(0, self.ids, shape).astype(np.int32)
        else:
            x = rng.standard_normal(shape, dtype=np.float32)
        y = rng.integers(0, self.classes, self.rows).astype(np.int32)
        return x, y


_CNN = (
    ("conv", 32, 3, "relu"),
    ("maxpool", 2),
    ("conv", 64, 3, "relu"),
    ("maxpool", 2),
    ("flatten",),
    ("dropout", 0.5),
    ("dense", 10, "softmax"),
)

WORKS = {
    work.name: work
    for work in (
        Work(
            "mlp",
            (784,),
            (("dense", 128, "relu"), ("dense", 64, "relu"), ("dense", 10, "softmax")),
            32,
            16000,
        ),
        Work(
            "mlp-large",
            (784,),
            (("dense", 1024, "relu"), ("dense", 1024, "relu"), ("dense", 10, "softmax")),
            128,
            12800,
        ),
        Work("cnn", (28, 28, 1), _CNN, 128, 3840),
        *(
            Work(
                name,
                (80,),
                (("embedding", 20000, 128), (name, 128), ("dense", 2, "softmax")),
                32,
                3200,
                classes=2,
                ids=20000,
            )
            for name in ("lstm", "gru")
        ),
    )
}
