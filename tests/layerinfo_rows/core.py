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
    LayerInfo(
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": (None, 3, 4), "bias_axes": "de"},
        (2, 5, 6),
        (2, 5, 3, 4),
        [("kernel", (6, 3, 4)), ("bias", (3, 4))],
    ),
    LayerInfo(
        "EinsumDense",
        {"equation": "...x,xy->...y", "output_shape": 4, "activation": "softmax"},
        (2, 3, 5, 6),
        (2, 3, 5, 4),
        [("kernel", (6, 4))],
        case="ellipsis",
    ),
    LayerInfo(
        "EinsumDense",
        {"equation": "abc,bd->adc", "output_shape": (4, 6), "bias_axes": "d"},
        (2, 5, 6),
        (2, 4, 6),
        [("kernel", (5, 4)), ("bias", (4, 1))],
        case="middle",
    ),
    LayerInfo(
        "EinsumDense",
        {"equation": "ab...,bc->ac...", "output_shape": 4, "bias_axes": "c"},
        (2, 5, 3),
        (2, 4, 3),
        [("kernel", (5, 4)), ("bias", (4, 1))],
        case="right",
    ),
    LayerInfo("Identity", {}, (2, 3), (2, 3)),
    LayerInfo("Masking", {"mask_value": 0.5}, (2, 3, 4), (2, 3, 4)),
]
