"""Rows of layers: regularization."""

from layerinfo import IMAGE, SERIES, VOLUME, LayerInfo

ROWS = [
    LayerInfo("Dropout", {"rate": 0.4, "seed": 3}, (4, 8), (4, 8), random=True),
    LayerInfo(
        "Dropout",
        {"rate": 0.4, "noise_shape": (None, 1, 8)},
        (4, 5, 8),
        (4, 5, 8),
        random=True,
        case="noise_shape",
    ),
    LayerInfo("SpatialDropout1D", {"rate": 0.4}, SERIES, SERIES, random=True),
    LayerInfo("SpatialDropout2D", {"rate": 0.4}, IMAGE, IMAGE, random=True),
    LayerInfo("SpatialDropout3D", {"rate": 0.4}, VOLUME, VOLUME, random=True),
    LayerInfo("GaussianNoise", {"stddev": 0.5}, (4, 8), (4, 8), random=True),
    LayerInfo("GaussianDropout", {"rate": 0.4}, (4, 8), (4, 8), random=True),
    LayerInfo("AlphaDropout", {"rate": 0.4}, (4, 8), (4, 8), random=True),
    LayerInfo("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (2, 3), (2, 3)),
    LayerInfo(
        "SpatialDropout2D",
        {"rate": 0.4, "data_format": "channels_first"},
        IMAGE,
        IMAGE,
        random=True,
        case="first",
    ),
    LayerInfo(
        "AlphaDropout",
        {"rate": 0.3, "noise_shape": (None, 1, 8), "seed": 4},
        (4, 5, 8),
        (4, 5, 8),
        random=True,
        case="noise_shape",
    ),
]
