"""Rows of layers: pool."""

from layerinfo import IMAGE, SERIES, VOLUME, LayerInfo

ROWS = [
    LayerInfo("MaxPooling1D", {}, SERIES, (2, 4, 4)),
    LayerInfo("MaxPooling2D", {}, IMAGE, (2, 4, 3, 4)),
    LayerInfo(
        "MaxPooling2D",
        {"pool_size": 3, "strides": 2, "padding": "same"},
        IMAGE,
        (2, 4, 4, 4),
        case="same",
    ),
    LayerInfo("MaxPooling3D", {}, VOLUME, (2, 3, 2, 2, 3)),
    LayerInfo("AveragePooling1D", {"pool_size": 2}, SERIES, (2, 4, 4)),
    LayerInfo("AveragePooling2D", {"pool_size": (2, 3)}, IMAGE, (2, 4, 2, 4)),
    LayerInfo(
        "AveragePooling2D",
        {"pool_size": 3, "padding": "same", "strides": 2},
        IMAGE,
        (2, 4, 4, 4),
        case="same",
    ),
    LayerInfo("AveragePooling3D", {"pool_size": 2}, VOLUME, (2, 3, 2, 2, 3)),
    LayerInfo("GlobalMaxPooling1D", {}, SERIES, (2, 4)),
    LayerInfo("GlobalMaxPooling2D", {"keepdims": True}, IMAGE, (2, 1, 1, 4)),
    LayerInfo("GlobalMaxPooling3D", {}, VOLUME, (2, 3)),
    LayerInfo("GlobalAveragePooling1D", {}, SERIES, (2, 4)),
    LayerInfo("GlobalAveragePooling2D", {}, IMAGE, (2, 4)),
    LayerInfo(
        "GlobalAveragePooling2D", {"data_format": "channels_first"}, IMAGE, (2, 8), case="first"
    ),
    LayerInfo("GlobalAveragePooling3D", {}, VOLUME, (2, 3)),
    LayerInfo("AdaptiveAveragePooling1D", {"output_size": 4}, SERIES, (2, 4, 4)),
    LayerInfo("AdaptiveAveragePooling2D", {"output_size": (3, 5)}, IMAGE, (2, 3, 5, 4)),
    LayerInfo(
        "AdaptiveAveragePooling2D",
        {"output_size": 2, "data_format": "channels_first"},
        IMAGE,
        (2, 8, 2, 2),
        case="first",
    ),
    LayerInfo("AdaptiveAveragePooling3D", {"output_size": 2}, VOLUME, (2, 2, 2, 2, 3)),
    LayerInfo("AdaptiveMaxPooling1D", {"output_size": (4,)}, SERIES, (2, 4, 4)),
    LayerInfo("AdaptiveMaxPooling2D", {"output_size": 3}, IMAGE, (2, 3, 3, 4)),
    LayerInfo("AdaptiveMaxPooling3D", {"output_size": (4, 2, 3)}, VOLUME, (2, 4, 2, 3, 3)),
    LayerInfo(
        "MaxPooling1D",
        {"pool_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"},
        (2, 4, 9),
        (2, 4, 5),
        case="first",
    ),
    LayerInfo(
        "AveragePooling3D",
        {"pool_size": 2, "strides": 1, "data_format": "channels_first"},
        (2, 3, 4, 5, 4),
        (2, 3, 3, 4, 3),
        case="first",
    ),
    LayerInfo(
        "GlobalMaxPooling3D",
        {"data_format": "channels_first", "keepdims": True},
        VOLUME,
        (2, 6, 1, 1, 1),
        case="first",
    ),
]
