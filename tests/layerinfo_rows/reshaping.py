"""Rows of layers: reshaping."""

from layerinfo import IMAGE, SERIES, VOLUME, LayerInfo

ROWS = [
    LayerInfo("Flatten", {}, (2, 3, 4), (2, 12)),
    LayerInfo("Flatten", {"data_format": "channels_first"}, (2, 3, 4), (2, 12), case="first"),
    LayerInfo("Reshape", {"target_shape": (6, -1)}, (2, 3, 4), (2, 6, 2)),
    LayerInfo("Permute", {"dims": (2, 1)}, (2, 3, 4), (2, 4, 3)),
    LayerInfo("RepeatVector", {"n": 3}, (2, 4), (2, 3, 4)),
    LayerInfo("ZeroPadding1D", {"padding": (1, 2)}, SERIES, (2, 12, 4)),
    LayerInfo("ZeroPadding2D", {"padding": ((1, 2), (0, 1))}, IMAGE, (2, 11, 8, 4)),
    LayerInfo("ZeroPadding3D", {"padding": 1}, VOLUME, (2, 8, 7, 6, 3)),
    LayerInfo("Cropping1D", {"cropping": 2}, SERIES, (2, 5, 4)),
    LayerInfo("Cropping2D", {"cropping": ((1, 0), (2, 3))}, IMAGE, (2, 7, 2, 4)),
    LayerInfo("Cropping3D", {"cropping": (1, 2, 1)}, VOLUME, (2, 4, 1, 2, 3)),
    LayerInfo("UpSampling1D", {"size": 3}, SERIES, (2, 27, 4)),
    LayerInfo("UpSampling2D", {"size": (2, 3)}, IMAGE, (2, 16, 21, 4)),
    LayerInfo("UpSampling3D", {}, VOLUME, (2, 12, 10, 8, 3)),
]
