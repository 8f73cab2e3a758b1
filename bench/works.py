"""The work that every framework is given: data and a network, described once.

A network is a list of layers in a small language that each framework's file translates:
("dense", units, activation), ("conv", filters, kernel size, activation), ("maxpool", size),
("flatten",), ("dropout", rate), ("conv-bn", filters) for a 3x3 convolution with 'same' padding, no
bias, then batch normalization and ReLU, ("residual", filters, stride) for two of these around which
the input is added (through a 1x1 convolution where shapes differ), ("global-average",).

Of tokens: ("embedding", rows, size), ("positions",) adds a learned vector for each position,
("lstm", units) and ("gru", units) give the last step's output, ("transformer", heads) is a block of
causal attention and a GELU network of four times the width, each after layer normalization and with
a shortcut, ("layer-norm",).
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
    per_token: bool = False  # a label for each token, not for each row

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Random inputs and labels: speed does not depend on what they are."""
        rng = np.random.default_rng(0)
        shape = (self.rows, *self.input_shape)
        if self.ids:
            x = rng.integers(0, self.ids, shape).astype(np.int32)
        else:
            x = rng.standard_normal(shape, dtype=np.float32)
        y = rng.integers(0, self.classes, shape if self.per_token else self.rows)
        return x, y.astype(np.int32)


_CNN = (
    ("conv", 32, 3, "relu"),
    ("maxpool", 2),
    ("conv", 64, 3, "relu"),
    ("maxpool", 2),
    ("flatten",),
    ("dropout", 0.5),
    ("dense", 10, "softmax"),
)

# He et al. 2016, section 4.2: three stages of three blocks.
_RESNET20 = (
    ("conv-bn", 16),
    *(("residual", 16, 1),) * 3,
    ("residual", 32, 2),
    *(("residual", 32, 1),) * 2,
    ("residual", 64, 2),
    *(("residual", 64, 1),) * 2,
    ("global-average",),
    ("dense", 10, "softmax"),
)

_GPT = (
    ("embedding", 65, 128),
    ("positions",),
    *(("transformer", 4),) * 4,
    ("layer-norm",),
    ("dense", 65, "softmax"),
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
        Work("resnet20", (32, 32, 3), _RESNET20, 64, 640),
        Work("gpt", (64,), _GPT, 12, 120, classes=65, ids=65, per_token=True),
    )
}
