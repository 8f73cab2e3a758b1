"""Rows of layers: activation."""

from layerinfo import IMAGE, LayerInfo

ROWS = [
    LayerInfo("Activation", {"activation": "tanh"}, (2, 3), (2, 3)),
    LayerInfo("ReLU", {}, (2, 3), (2, 3)),
    LayerInfo(
        "ReLU",
        {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2},
        (2, 30),
        (2, 30),
        case="options",
    ),
    LayerInfo("LeakyReLU", {"negative_slope": 0.1}, (2, 3), (2, 3)),
    LayerInfo("ELU", {"alpha": 0.5}, (2, 3), (2, 3)),
    LayerInfo("PReLU", {"alpha_initializer": "ones"}, (2, 3), (2, 3), [("alpha", (3,))]),
    LayerInfo(
        "PReLU", {"shared_axes": [1, 2]}, IMAGE, IMAGE, [("alpha", (1, 1, 4))], case="shared"
    ),
    LayerInfo("Softmax", {}, (2, 3), (2, 3)),
    LayerInfo("Softmax", {"axis": (1, 2)}, (2, 3, 4), (2, 3, 4), case="axes"),
]
