"""Rows of layers: norm."""

from layerinfo import IMAGE, LayerInfo

ROWS = [
    LayerInfo(
        "BatchNormalization",
        {},
        (6, 3),
        (6, 3),
        [("gamma", (3,)), ("beta", (3,)), ("moving_mean", (3,)), ("moving_variance", (3,))],
        trainable=2,
    ),
    LayerInfo(
        "BatchNormalization",
        {"axis": 1, "center": False, "momentum": 0.9, "epsilon": 0.01},
        IMAGE,
        IMAGE,
        [("gamma", (8,)), ("moving_mean", (8,)), ("moving_variance", (8,))],
        trainable=1,
        case="axis1",
    ),
    LayerInfo(
        "BatchNormalization",
        {"scale": False, "center": False},
        IMAGE,
        IMAGE,
        [("moving_mean", (4,)), ("moving_variance", (4,))],
        trainable=0,
        case="plain",
    ),
    LayerInfo("LayerNormalization", {}, (2, 5, 8), (2, 5, 8), [("gamma", (8,)), ("beta", (8,))]),
    LayerInfo(
        "LayerNormalization",
        {"axis": (1, 2), "scale": False},
        (2, 5, 8),
        (2, 5, 8),
        [("beta", (5, 8))],
        case="axes",
    ),
    LayerInfo(
        "LayerNormalization",
        {"axis": 1},
        (2, 5, 8),
        (2, 5, 8),
        [("gamma", (5,)), ("beta", (5,))],
        case="axis1",
    ),
    LayerInfo("RMSNormalization", {}, (2, 5, 8), (2, 5, 8), [("scale", (8,))]),
    LayerInfo("UnitNormalization", {}, (2, 8), (2, 8)),
]
