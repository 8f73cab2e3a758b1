"""Rows of layers: core."""

from layerinfo import LayerInfo

ROWS = [
    LayerInfo("Dense", {"units": 3}, (2, 4), (2, 3), [("kernel", (4, 3)), ("bias", (3,))]),
    LayerInfo(
        "Dense",
        {"units": 3, "activation": "relu", "use_bias": False, "kernel_regularizer": "l2"},
        (2, 5, 4),
        (2, 5, 3),
        [("kernel", (4, 3))],
        case="options",
    ),
    LayerInfo(
        "Embedding",
        {"input_dim": 10, "output_dim": 4},
        (2, 5),
        (2, 5, 4),
        [("embeddings", (10, 4))],
        input_dtype="int32",
        ids=10,
    ),
    LayerInfo(
        "Embedding",
        {"input_dim": 10, "output_dim": 4, "mask_zero": True},
        (2, 5),
        (2, 5, 4),
        [("embeddings", (10, 4))],
        input_dtype="int32",
        ids=10,
        case="mask_zero",
    ),
    LayerInfo("Identity", {}, (2, 3), (2, 3)),
    LayerInfo("Masking", {"mask_value": 0.5}, (2, 3, 4), (2, 3, 4)),
]
