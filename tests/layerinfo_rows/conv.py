"""Rows of layers: conv."""

from layerinfo import IMAGE, SERIES, VOLUME, LayerInfo

ROWS = [
    LayerInfo(
        "Conv1D",
        {"filters": 3, "kernel_size": 3},
        SERIES,
        (2, 7, 3),
        [("kernel", (3, 4, 3)), ("bias", (3,))],
    ),
    LayerInfo(
        "Conv1D",
        {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
        SERIES,
        (2, 9, 3),
        [("kernel", (3, 4, 3)), ("bias", (3,))],
        case="causal",
    ),
    LayerInfo(
        "Conv2D",
        {"filters": 6, "kernel_size": (3, 2), "activation": "relu"},
        IMAGE,
        (2, 6, 6, 6),
        [("kernel", (3, 2, 4, 6)), ("bias", (6,))],
    ),
    LayerInfo(
        "Conv2D",
        {"filters": 6, "kernel_size": 3, "strides": 2, "padding": "same", "groups": 2},
        IMAGE,
        (2, 4, 4, 6),
        [("kernel", (3, 3, 2, 6)), ("bias", (6,))],
        case="groups",
    ),
    LayerInfo(
        "Conv2D",
        {"filters": 5, "kernel_size": 3, "data_format": "channels_first"},
        (2, 4, 8, 7),
        (2, 5, 6, 5),
        [("kernel", (3, 3, 4, 5)), ("bias", (5,))],
        case="first",
    ),
    LayerInfo(
        "Conv3D",
        {"filters": 2, "kernel_size": 2, "use_bias": False},
        VOLUME,
        (2, 5, 4, 3, 2),
        [("kernel", (2, 2, 2, 3, 2))],
    ),
]
