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
    LayerInfo(
        "CategoryEncoding",
        {"num_tokens": 5},
        (3, 4),
        (3, 5),
        input_dtype="int32",
        ids=5,
        required=("num_tokens",),
    ),
    LayerInfo(
        "CategoryEncoding",
        {"num_tokens": 5, "output_mode": "one_hot"},
        (3, 4),
        (3, 4, 5),
        input_dtype="int32",
        ids=5,
        required=("num_tokens",),
        case="one_hot",
    ),
    LayerInfo(
        "CategoryEncoding",
        {"num_tokens": 5, "output_mode": "count"},
        (3, 4),
        (3, 5),
        input_dtype="int32",
        ids=5,
        required=("num_tokens",),
        case="count",
    ),
    *[
        LayerInfo(
            "STFTSpectrogram",
            {"mode": mode, "frame_length": 8, "frame_step": 3, **more},
            (2, 20, 2),
            shape,
            [
                (f"{side}_kernel", (8, 1, bins))
                for side in ("real", "imag")
                if mode not in {"real", "imag"} or mode == side
            ],
            case=mode + "_".join(("", *more)),
            tolerance=10,
        )
        for mode, bins, more, shape in (
            ("log", 5, {}, (2, 5, 10)),
            ("magnitude", 5, {"padding": "same"}, (2, 7, 10)),
            ("psd", 9, {"fft_length": 16, "window": "hamming"}, (2, 5, 18)),
            ("real", 5, {"expand_dims": True}, (2, 5, 5, 2)),
            ("imag", 5, {"scaling": "spectrum", "periodic": True}, (2, 5, 10)),
            ("stft", 5, {"window": None}, (2, 5, 20)),
        )
    ],
    LayerInfo(
        "STFTSpectrogram",
        {"frame_length": 8, "data_format": "channels_first", "expand_dims": True},
        (2, 2, 20),
        (2, 2, 4, 5),
        [("real_kernel", (8, 1, 5)), ("imag_kernel", (8, 1, 5))],
        case="channels_first",
        tolerance=10,
    ),
    LayerInfo(
        "MelSpectrogram",
        {"fft_length": 32, "sequence_stride": 8, "sampling_rate": 400, "num_mel_bins": 6},
        (2, 60),
        (2, 6, 8),
        tolerance=100,
    ),
    LayerInfo(
        "MelSpectrogram",
        {
            "fft_length": 32,
            "sequence_length": 20,
            "sequence_stride": 8,
            "num_mel_bins": 6,
            "window": "hamming",
            "max_freq": 4000.0,
            "power_to_db": False,
            "mag_exp": 1.0,
        },
        (2, 60),
        (2, 6, 8),
        case="magnitude",
        tolerance=100,
    ),
    LayerInfo(
        "Discretization",
        {"bin_boundaries": [-0.5, 0.0, 0.7]},
        (3, 4),
        (3, 4),
        gradient=False,
        policy=False,
        required=("bin_boundaries",),
    ),
    LayerInfo(
        "Discretization",
        {"bin_boundaries": [-0.5, 0.7], "output_mode": "one_hot"},
        (3, 1),
        (3, 3),
        gradient=False,
        policy=False,
        required=("bin_boundaries",),
        case="one_hot",
    ),
    LayerInfo("Hashing", {"num_bins": 4}, (3, 2), (3, 2), input_dtype="int32", ids=9, policy=False),
    LayerInfo(
        "Hashing",
        {"num_bins": 4, "mask_value": 3, "salt": (1, 2), "output_mode": "multi_hot"},
        (3, 2),
        (3, 4),
        input_dtype="int32",
        ids=9,
        policy=False,
        case="salt",
    ),
]
