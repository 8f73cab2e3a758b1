"""Rows of layers: augmentation."""

from layerinfo import LayerInfo

IMAGES = (3, 6, 7, 3)


def _random(name, arguments, output_shape=IMAGES, **kwargs):
    return LayerInfo(name, arguments, IMAGES, output_shape, random=True, alone=True, **kwargs)


ROWS = [
    LayerInfo("Resizing", {"height": 4, "width": 9}, IMAGES, (3, 4, 9, 3)),
    LayerInfo(
        "Resizing",
        {"height": 4, "width": 4, "crop_to_aspect_ratio": True},
        IMAGES,
        (3, 4, 4, 3),
        case="crop",
    ),
    LayerInfo(
        "Resizing",
        {
            "height": 4,
            "width": 5,
            "pad_to_aspect_ratio": True,
            "data_format": "channels_first",
        },
        (2, 3, 6, 5),
        (2, 3, 4, 5),
        case="first",
    ),
    LayerInfo("CenterCrop", {"height": 4, "width": 4}, IMAGES, (3, 4, 4, 3)),
    LayerInfo("CenterCrop", {"height": 8, "width": 8}, IMAGES, (3, 8, 8, 3), case="larger"),
    LayerInfo(
        "CenterCrop",
        {"height": 3, "width": 2, "data_format": "channels_first"},
        (2, 3, 6, 5),
        (2, 3, 3, 2),
        case="first",
    ),
    _random("RandomFlip", {"seed": 1}),
    _random("RandomFlip", {"mode": "horizontal", "data_format": "channels_first"}, case="first"),
    _random("RandomRotation", {"factor": 0.2}),
    _random(
        "RandomRotation",
        {"factor": (-0.1, 0.3), "fill_mode": "constant", "interpolation": "nearest"},
        case="nearest",
    ),
    _random("RandomZoom", {"height_factor": 0.3}),
    _random(
        "RandomZoom",
        {"height_factor": (0.1, 0.4), "width_factor": (-0.2, 0.3), "fill_mode": "wrap"},
        case="both",
    ),
    _random("RandomTranslation", {"height_factor": 0.3, "width_factor": (-0.2, 0.3)}),
    _random("RandomShear", {"x_factor": (0.1, 0.3), "y_factor": (0.0, 0.1)}),
    _random("RandomCrop", {"height": 3, "width": 4, "seed": 7}, (3, 3, 4, 3)),
    _random("RandomContrast", {"factor": 0.4, "value_range": (-9, 9)}),
    _random("RandomBrightness", {"factor": (-0.1, 0.2), "value_range": (-9, 9)}),
    _random("RandomGrayscale", {}),
    _random("RandomInvert", {"factor": 0.7}),
    _random("RandomSaturation", {"factor": (0.2, 0.7)}),
    _random("RandomHue", {"factor": 0.4, "value_range": (-3, 3)}),
    _random("RandomColorDegeneration", {"factor": 0.4, "value_range": (-9, 9)}),
    _random("RandomSharpness", {"factor": 0.4, "value_range": (-9, 9)}),
    _random("RandomGaussianBlur", {"factor": 0.8, "value_range": (-9, 9)}),
    _random(
        "RandomColorJitter",
        {"brightness_factor": 0.2, "contrast_factor": 0.1, "value_range": (-9, 9)},
    ),
    LayerInfo("AutoContrast", {"value_range": (-9, 9)}, IMAGES, IMAGES),
    LayerInfo(
        "Equalization",
        {"value_range": (-9, 9), "bins": 32},
        IMAGES,
        IMAGES,
        gradient=False,
        policy=False,  # tones at the border of two bins
    ),
    LayerInfo(
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"value_range": (-9, 9), "clip_limit": 2.0, "tile_grid_size": (2, 3)},
        IMAGES,
        IMAGES,
        gradient=False,
        policy=False,  # tones at the border of two bins
    ),
    LayerInfo(
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"value_range": (-9, 9), "clip_limit": 0.0, "data_format": "channels_first"},
        (2, 3, 6, 7),
        (2, 3, 6, 7),
        gradient=False,
        policy=False,
        case="first",
    ),
    _random(
        "Solarization",
        {"addition_factor": 0.1, "threshold_factor": (0.3, 0.6), "value_range": (-9, 9)},
    ),
    _random("RandomPosterization", {"factor": (2, 5), "value_range": (-9, 9)}, gradient=False),
    _random("RandomPerspective", {"factor": (0.6, 0.9), "scale": 0.4, "fill_value": 1.0}),
    _random(
        "RandomElasticTransform",
        {"factor": (0.6, 0.9), "scale": (0.5, 1.0), "fill_mode": "wrap", "value_range": (-9, 9)},
    ),
    _random("RandomErasing", {"value_range": (-3, 3)}),
    _random("RandomErasing", {"fill_value": (0.1, 0.2, 0.3), "factor": 0.8}, case="value"),
    _random("MixUp", {"alpha": 0.5}),
    _random("CutMix", {}),
    # Of what they draw, Equalization and RandomPosterization have no gradient.
    _random("RandAugment", {"value_range": (-9, 9), "factor": (0.2, 0.6)}, gradient=False),
    _random("RandAugment", {"num_ops": 1, "interpolation": "nearest"}, gradient=False, case="one"),
    _random("AugMix", {"value_range": (-9, 9), "chain_depth": 2, "alpha": 0.7}),
    _random("AugMix", {"value_range": (-9, 9), "num_chains": 2, "all_ops": False}, case="few"),
    LayerInfo("MaxNumBoundingBoxes", {"max_number": 4}, IMAGES, IMAGES),
]
