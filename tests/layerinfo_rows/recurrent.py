"""Rows of layers: recurrent."""

from layerinfo import LayerInfo, Made

X = (2, 5, 3)
LSTM = [("kernel", (3, 16)), ("recurrent_kernel", (4, 16)), ("bias", (16,))]
GRU = [("kernel", (3, 12)), ("recurrent_kernel", (4, 12)), ("bias", (2, 12))]
SIMPLE = [("kernel", (3, 4)), ("recurrent_kernel", (4, 4)), ("bias", (4,))]
REGULARIZED = {
    "kernel_regularizer": "l2",
    "recurrent_regularizer": "l2",
    "bias_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "recurrent_constraint": "unit_norm",
    "bias_constraint": "non_neg",
}


def _conv(name, spatial, arguments, out, weights):
    channels, filters = 2, 3
    kernel = (2,) * len(spatial)
    return LayerInfo(
        name,
        {"filters": filters, "kernel_size": 2, **arguments},
        (2, 3, *spatial, channels),
        out,
        [
            ("kernel", (*kernel, channels, 4 * filters)),
            ("recurrent_kernel", (*kernel, filters, 4 * filters)),
            ("bias", (4 * filters,)),
        ][:weights],
        case="-".join(arguments),
    )


ROWS = [
    LayerInfo("SimpleRNN", {"units": 4}, X, (2, 4), SIMPLE),
    LayerInfo(
        "SimpleRNN",
        {"units": 4, "activation": "relu", "return_sequences": True, "go_backwards": True},
        X,
        (2, 5, 4),
        SIMPLE,
        case="options",
    ),
    LayerInfo("LSTM", {"units": 4}, X, (2, 4), LSTM),
    LayerInfo("LSTM", {"units": 4, "return_sequences": True}, X, (2, 5, 4), LSTM, case="sequences"),
    LayerInfo(
        "LSTM",
        {
            "units": 4,
            "activation": "elu",
            "recurrent_activation": "hard_sigmoid",
            "go_backwards": True,
            "unit_forget_bias": False,
        },
        X,
        (2, 4),
        LSTM,
        case="activations",
    ),
    LayerInfo(
        "LSTM",
        {"units": 4, "use_bias": False, "return_sequences": True, "go_backwards": True},
        X,
        (2, 5, 4),
        LSTM[:2],
        case="no_bias",
    ),
    LayerInfo("LSTM", {"units": 4, **REGULARIZED}, X, (2, 4), LSTM, case="regularized"),
    LayerInfo("GRU", {"units": 4}, X, (2, 4), GRU),
    LayerInfo(
        "GRU",
        {"units": 4, "return_sequences": True, "go_backwards": True},
        X,
        (2, 5, 4),
        GRU,
        case="sequences",
    ),
    LayerInfo(
        "GRU",
        {"units": 4, "reset_after": False, "return_sequences": True},
        X,
        (2, 5, 4),
        [*GRU[:2], ("bias", (12,))],
        case="reset_before",
    ),
    LayerInfo(
        "GRU",
        {"units": 4, "use_bias": False, "recurrent_activation": "hard_sigmoid"},
        X,
        (2, 4),
        GRU[:2],
        case="activations",
    ),
    LayerInfo("RNN", {"cell": Made("GRUCell", {"units": 4})}, X, (2, 4), GRU),
    LayerInfo(
        "RNN",
        {
            "cell": Made(
                "StackedRNNCells",
                {"cells": [Made("LSTMCell", {"units": 4}), Made("SimpleRNNCell", {"units": 2})]},
            ),
            "return_sequences": True,
        },
        X,
        (2, 5, 2),
        [*LSTM, ("kernel", (4, 2)), ("recurrent_kernel", (2, 2)), ("bias", (2,))],
        case="stacked",
    ),
    *(
        LayerInfo(
            "Bidirectional",
            {
                "layer": Made("LSTM", {"units": 4, "return_sequences": sequences}),
                "merge_mode": mode,
            },
            X,
            (2, *((5,) if sequences else ()), 8 if mode == "concat" else 4),
            LSTM * 2,
            case=f"{mode}-{sequences}",
        )
        for mode in ("concat", "sum", "mul", "ave")
        for sequences in (False, True)
    ),
    LayerInfo(
        "TimeDistributed",
        {"layer": Made("Dense", {"units": 4})},
        X,
        (2, 5, 4),
        [("kernel", (3, 4)), ("bias", (4,))],
    ),
    LayerInfo(
        "TimeDistributed",
        {"layer": Made("Conv2D", {"filters": 2, "kernel_size": 2})},
        (2, 3, 5, 4, 3),
        (2, 3, 4, 3, 2),
        [("kernel", (2, 2, 3, 2)), ("bias", (2,))],
        case="conv",
    ),
    _conv("ConvLSTM1D", (6,), {}, (2, 5, 3), 3),
    _conv("ConvLSTM1D", (6,), {"strides": 2, "return_sequences": True}, (2, 3, 3, 3), 3),
    _conv("ConvLSTM2D", (5, 4), {}, (2, 4, 3, 3), 3),
    _conv("ConvLSTM2D", (5, 4), {"padding": "same", "use_bias": False}, (2, 5, 4, 3), 2),
    _conv("ConvLSTM2D", (5, 4), {"dilation_rate": 2, "go_backwards": True}, (2, 3, 2, 3), 3),
    _conv("ConvLSTM3D", (4, 3, 3), {}, (2, 3, 2, 2, 3), 3),
]
