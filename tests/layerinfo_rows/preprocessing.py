"""Rows of layers: preprocessing."""

from layerinfo import LayerInfo

ROWS = [
    LayerInfo("Rescaling", {"scale": 0.5, "offset": 1.0}, (2, 3), (2, 3)),
    LayerInfo("Rescaling", {"scale": [1.0, 2.0, 3.0]}, (2, 3), (2, 3), case="list"),
    LayerInfo(
        "Rescaling", {"scale": 0.5}, (2, 3), (2, 3), input_dtype="uint8", ids=255, case="uint8"
    ),
    LayerInfo(
        "Normalization",
        {},
        (2, 3),
        (2, 3),
        [("mean", (3,)), ("variance", (3,)), ("count", ())],
        trainable=0,
    ),
    LayerInfo(
        "Normalization",
        {"axis": None, "mean": 2.0, "variance": 4.0, "invert": True},
        (2, 3),
        (2, 3),
        case="given",
    ),
]
