"""One row per layer: how it is made, what it takes and gives. Tests of layers walk this table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class LayerInfo:
    """A layer, arguments for it, and what is expected of it."""

    name: str
    arguments: dict[str, Any]
    input_shape: tuple  # batch axis first
    output_shape: tuple
    weights: list[tuple[str, tuple]] = field(default_factory=list)  # in order: name, shape
    trainable: int | None = None  # how many of them are trained; default: all
    random: bool = False  # draws random numbers in training
    input_dtype: str = "float32"
    ids: int = 0  # inputs are integers below this
    case: str = ""

    def __str__(self) -> str:
        return f"{self.name}{'-' + self.case if self.case else ''}"

    def inputs(self, seed: int = 0) -> np.ndarray:
        """Inputs of the row's shape."""
        rng = np.random.default_rng(seed)
        if self.ids:
            return rng.integers(0, self.ids, self.input_shape).astype(self.input_dtype)
        return rng.standard_normal(self.input_shape).astype(self.input_dtype)


def _row(*args: Any, **kwargs: Any) -> LayerInfo:
    return LayerInfo(*args, **kwargs)


IMAGE = (2, 8, 7, 4)
VOLUME = (2, 6, 5, 4, 3)
SERIES = (2, 9, 4)

ROWS = [
    _row("Dense", {"units": 3}, (2, 4), (2, 3), [("kernel", (4, 3)), ("bias", (3,))]),
    _row(
        "Dense",
        {"units": 3, "activation": "relu", "use_bias": False, "kernel_regularizer": "l2"},
        (2, 5, 4),
        (2, 5, 3),
        [("kernel", (4, 3))],
        case="options",
    ),
    _row(
        "Embedding",
        {"input_dim": 10, "output_dim": 4},
        (2, 5),
        (2, 5, 4),
        [("embeddings", (10, 4))],
        input_dtype="int32",
        ids=10,
    ),
    _row("Identity", {}, (2, 3), (2, 3)),
    _row("Activation", {"activation": "tanh"}, (2, 3), (2, 3)),
    _row("ReLU", {}, (2, 3), (2, 3)),
    _row(
        "ReLU",
        {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2},
        (2, 30),
        (2, 30),
        case="options",
    ),
    _row("LeakyReLU", {"negative_slope": 0.1}, (2, 3), (2, 3)),
    _row("ELU", {"alpha": 0.5}, (2, 3), (2, 3)),
    _row("PReLU", {"alpha_initializer": "ones"}, (2, 3), (2, 3), [("alpha", (3,))]),
    _row("PReLU", {"shared_axes": [1, 2]}, IMAGE, IMAGE, [("alpha", (1, 1, 4))], case="shared"),
    _row("Softmax", {}, (2, 3), (2, 3)),
    _row("Softmax", {"axis": (1, 2)}, (2, 3, 4), (2, 3, 4), case="axes"),
    _row("Flatten", {}, (2, 3, 4), (2, 12)),
    _row("Flatten", {"data_format": "channels_first"}, (2, 3, 4), (2, 12), case="first"),
    _row("Reshape", {"target_shape": (6, -1)}, (2, 3, 4), (2, 6, 2)),
    _row("Permute", {"dims": (2, 1)}, (2, 3, 4), (2, 4, 3)),
    _row("RepeatVector", {"n": 3}, (2, 4), (2, 3, 4)),
    _row("ZeroPadding1D", {"padding": (1, 2)}, SERIES, (2, 12, 4)),
    _row("ZeroPadding2D", {"padding": ((1, 2), (0, 1))}, IMAGE, (2, 11, 8, 4)),
    _row("ZeroPadding3D", {"padding": 1}, VOLUME, (2, 8, 7, 6, 3)),
    _row("Cropping1D", {"cropping": 2}, SERIES, (2, 5, 4)),
    _row("Cropping2D", {"cropping": ((1, 0), (2, 3))}, IMAGE, (2, 7, 2, 4)),
    _row("Cropping3D", {"cropping": (1, 2, 1)}, VOLUME, (2, 4, 1, 2, 3)),
    _row("UpSampling1D", {"size": 3}, SERIES, (2, 27, 4)),
    _row("UpSampling2D", {"size": (2, 3)}, IMAGE, (2, 16, 21, 4)),
    _row("UpSampling3D", {}, VOLUME, (2, 12, 10, 8, 3)),
    _row("Rescaling", {"scale": 0.5, "offset": 1.0}, (2, 3), (2, 3)),
    _row("Rescaling", {"scale": [1.0, 2.0, 3.0]}, (2, 3), (2, 3), case="list"),
    _row("Rescaling", {"scale": 0.5}, (2, 3), (2, 3), input_dtype="uint8", ids=255, case="uint8"),
    _row(
        "Normalization",
        {},
        (2, 3),
        (2, 3),
        [("mean", (3,)), ("variance", (3,)), ("count", ())],
        trainable=0,
    ),
    _row(
        "Normalization",
        {"axis": None, "mean": 2.0, "variance": 4.0, "invert": True},
        (2, 3),
        (2, 3),
        case="given",
    ),
    _row(
        "BatchNormalization",
        {},
        (6, 3),
        (6, 3),
        [("gamma", (3,)), ("beta", (3,)), ("moving_mean", (3,)), ("moving_variance", (3,))],
        trainable=2,
    ),
    _row(
        "BatchNormalization",
        {"axis": 1, "center": False, "momentum": 0.9, "epsilon": 0.01},
        IMAGE,
        IMAGE,
        [("gamma", (8,)), ("moving_mean", (8,)), ("moving_variance", (8,))],
        trainable=1,
        case="axis1",
    ),
    _row(
        "BatchNormalization",
        {"scale": False, "center": False},
        IMAGE,
        IMAGE,
        [("moving_mean", (4,)), ("moving_variance", (4,))],
        trainable=0,
        case="plain",
    ),
    _row("LayerNormalization", {}, (2, 5, 8), (2, 5, 8), [("gamma", (8,)), ("beta", (8,))]),
    _row(
        "LayerNormalization",
        {"axis": (1, 2), "scale": False},
        (2, 5, 8),
        (2, 5, 8),
        [("beta", (5, 8))],
        case="axes",
    ),
    _row(
        "LayerNormalization",
        {"axis": 1},
        (2, 5, 8),
        (2, 5, 8),
        [("gamma", (5,)), ("beta", (5,))],
        case="axis1",
    ),
    _row("RMSNormalization", {}, (2, 5, 8), (2, 5, 8), [("scale", (8,))]),
    _row("UnitNormalization", {}, (2, 8), (2, 8)),
    _row(
        "Conv1D",
        {"filters": 3, "kernel_size": 3},
        SERIES,
        (2, 7, 3),
        [("kernel", (3, 4, 3)), ("bias", (3,))],
    ),
    _row(
        "Conv1D",
        {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
        SERIES,
        (2, 9, 3),
        [("kernel", (3, 4, 3)), ("bias", (3,))],
        case="causal",
    ),
    _row(
        "Conv2D",
        {"filters": 6, "kernel_size": (3, 2), "activation": "relu"},
        IMAGE,
        (2, 6, 6, 6),
        [("kernel", (3, 2, 4, 6)), ("bias", (6,))],
    ),
    _row(
        "Conv2D",
        {"filters": 6, "kernel_size": 3, "strides": 2, "padding": "same", "groups": 2},
        IMAGE,
        (2, 4, 4, 6),
        [("kernel", (3, 3, 2, 6)), ("bias", (6,))],
        case="groups",
    ),
    _row(
        "Conv2D",
        {"filters": 5, "kernel_size": 3, "data_format": "channels_first"},
        (2, 4, 8, 7),
        (2, 5, 6, 5),
        [("kernel", (3, 3, 4, 5)), ("bias", (5,))],
        case="first",
    ),
    _row(
        "Conv3D",
        {"filters": 2, "kernel_size": 2, "use_bias": False},
        VOLUME,
        (2, 5, 4, 3, 2),
        [("kernel", (2, 2, 2, 3, 2))],
    ),
    _row("MaxPooling1D", {}, SERIES, (2, 4, 4)),
    _row("MaxPooling2D", {}, IMAGE, (2, 4, 3, 4)),
    _row(
        "MaxPooling2D",
        {"pool_size": 3, "strides": 2, "padding": "same"},
        IMAGE,
        (2, 4, 4, 4),
        case="same",
    ),
    _row("MaxPooling3D", {}, VOLUME, (2, 3, 2, 2, 3)),
    _row("AveragePooling1D", {"pool_size": 2}, SERIES, (2, 4, 4)),
    _row("AveragePooling2D", {"pool_size": (2, 3)}, IMAGE, (2, 4, 2, 4)),
    _row(
        "AveragePooling2D",
        {"pool_size": 3, "padding": "same", "strides": 2},
        IMAGE,
        (2, 4, 4, 4),
        case="same",
    ),
    _row("AveragePooling3D", {"pool_size": 2}, VOLUME, (2, 3, 2, 2, 3)),
    _row("GlobalMaxPooling1D", {}, SERIES, (2, 4)),
    _row("GlobalMaxPooling2D", {"keepdims": True}, IMAGE, (2, 1, 1, 4)),
    _row("GlobalMaxPooling3D", {}, VOLUME, (2, 3)),
    _row("GlobalAveragePooling1D", {}, SERIES, (2, 4)),
    _row("GlobalAveragePooling2D", {}, IMAGE, (2, 4)),
    _row("GlobalAveragePooling2D", {"data_format": "channels_first"}, IMAGE, (2, 8), case="first"),
    _row("GlobalAveragePooling3D", {}, VOLUME, (2, 3)),
    _row("Dropout", {"rate": 0.4, "seed": 3}, (4, 8), (4, 8), random=True),
    _row(
        "Dropout",
        {"rate": 0.4, "noise_shape": (None, 1, 8)},
        (4, 5, 8),
        (4, 5, 8),
        random=True,
        case="noise_shape",
    ),
    _row("SpatialDropout1D", {"rate": 0.4}, SERIES, SERIES, random=True),
    _row("SpatialDropout2D", {"rate": 0.4}, IMAGE, IMAGE, random=True),
    _row("SpatialDropout3D", {"rate": 0.4}, VOLUME, VOLUME, random=True),
    _row("GaussianNoise", {"stddev": 0.5}, (4, 8), (4, 8), random=True),
    _row("GaussianDropout", {"rate": 0.4}, (4, 8), (4, 8), random=True),
    _row("AlphaDropout", {"rate": 0.4}, (4, 8), (4, 8), random=True),
    _row("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (2, 3), (2, 3)),
]

# Tested on their own: they have no C++ side of their own kind.
SPECIAL = {"InputLayer", "Lambda", "Layer"}
