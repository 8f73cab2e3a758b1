"""Inputs that do not fit: exceptions at the call that name the layer, forward and in training."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

ROWS = np.ones((2, 3), "float32")
STEPS = np.ones((2, 5, 4), "float32")
NONE = np.ones((2, 0, 4), "float32")
IMAGES = np.ones((2, 8, 8, 3), "float32")


def after(layer, first, then):
    """Calls a layer built for one input with another."""
    layer(first)
    return layer(then)


def merged(layer, *shapes):
    return layer([np.ones(shape, "float32") for shape in shapes])


def input_of(*shape):
    return nacre.Input(shape)


SHAPES = {
    "dense": (
        lambda: after(layers.Dense(4, name="d"), ROWS, np.ones((2, 7))),
        r"Dense 'd': expected an input whose last dimension is 3, received shape \(2, 7\)",
    ),
    "convolution": (
        lambda: after(layers.Conv2D(4, 3, name="c"), IMAGES, IMAGES[..., :2]),
        r"Conv2D 'c': expected kernel input channels 3, received 2 \(x: \(2, 8, 8, 2\), kernel",
    ),
    "a window larger than the image": (
        lambda: nacre.Sequential([input_of(8, 8, 3), layers.Conv2D(4, 9, name="c")]),
        r"Conv2D 'c': expected inputs of at least 9 along spatial axis 0.*\(None, 8, 8, 3\)",
    ),
    "recurrent": (
        lambda: after(layers.LSTM(3, name="l"), STEPS, STEPS[..., :2]),
        r"LSTM 'l': expected inputs of 4 features, received shape \(2, 5, 2\)",
    ),
    "recurrent, step by step": (
        lambda: after(layers.RNN(layers.GRUCell(3, name="cell"), name="r"), STEPS, STEPS[..., :2]),
        r"expected inputs of 4 features, received shape",
    ),
    "a layer behind another": (
        lambda: nacre.Sequential([input_of(3), layers.Dense(4), layers.LSTM(3, name="l")]),
        r"LSTM 'l': expected an input of shape \(batch, steps, features\), received .*\(None, 4\)",
    ),
    "reshape": (
        lambda: nacre.Sequential([input_of(8, 8, 3), layers.Reshape((5, 5), name="r")]),
        r"Reshape 'r': expected an input that reshapes to \(5, 5\), received shape \(None, 8, 8, 3",
    ),
    "attention": (
        lambda: layers.MultiHeadAttention(2, 2, name="m")(STEPS, np.ones((3, 5, 4))),
        r"MultiHeadAttention 'm': expected key and value of query's batch.*\(3, 5, 2, 2\)",
    ),
    "attention mask": (
        lambda: layers.MultiHeadAttention(2, 2, name="m")(
            STEPS, STEPS, attention_mask=np.ones((2, 9, 9), bool)
        ),
        r"MultiHeadAttention 'm': expected mask that broadcasts to .*\(2, 2, 5, 5\)",
    ),
    "norm": (
        lambda: after(layers.BatchNormalization(name="b"), STEPS, STEPS[..., :2]),
        r"BatchNormalization 'b': expected an input with sizes \(4,\) along axis -1, received",
    ),
}

RANKS = {
    "Conv2D": lambda: layers.Conv2D(2, 3, name="x")(STEPS),
    "Conv2DTranspose": lambda: layers.Conv2DTranspose(2, 3, name="x")(STEPS),
    "DepthwiseConv2D": lambda: layers.DepthwiseConv2D(3, name="x")(STEPS),
    "SeparableConv1D": lambda: layers.SeparableConv1D(2, 3, name="x")(ROWS),
    "MaxPooling2D": lambda: layers.MaxPooling2D(2, name="x")(STEPS),
    "AdaptiveAveragePooling2D": lambda: layers.AdaptiveAveragePooling2D(2, name="x")(STEPS),
    "GlobalAveragePooling2D": lambda: layers.GlobalAveragePooling2D(name="x")(STEPS),
    "UpSampling2D": lambda: layers.UpSampling2D(2, name="x")(STEPS),
    "ZeroPadding2D": lambda: layers.ZeroPadding2D(2, name="x")(STEPS),
    "Cropping2D": lambda: layers.Cropping2D(2, name="x")(STEPS),
    "RepeatVector": lambda: layers.RepeatVector(2, name="x")(STEPS),
    "Permute": lambda: layers.Permute((2, 1, 3), name="x")(STEPS),
    "SpatialDropout2D": lambda: layers.SpatialDropout2D(0.5, name="x")(STEPS, training=True),
    "LSTM": lambda: layers.LSTM(3, name="x")(ROWS),
    "ConvLSTM2D": lambda: layers.ConvLSTM2D(3, 3, name="x")(STEPS),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(2), name="x")(np.ones(3)),
    "RandomFlip": lambda: layers.RandomFlip(name="x")(ROWS),
    "Resizing": lambda: layers.Resizing(3, 3, name="x")(ROWS),
    "EinsumDense": lambda: layers.EinsumDense("ab,bc->ac", 3, name="x")(STEPS),
    "Dense": lambda: layers.Dense(3, name="x")(np.float32(3)),
}


MERGES = {
    "shapes": (
        lambda: merged(layers.Add(name="s"), (2, 3), (2, 5, 4)),
        r"Add 's': expected inputs whose shapes broadcast together, received \(2, 3\) and \(2, 5",
    ),
    "shapes of placeholders": (
        lambda: layers.Multiply(name="s")([input_of(3), input_of(4)]),
        r"Multiply 's': .* received \(None, 3\) and \(None, 4\)",
    ),
    "unknown sizes that come to differ": (
        lambda: two_inputs(layers.Add(name="s"))([np.ones((2, 5, 3)), np.ones((2, 4, 3))]),
        r"Add 's': .* received \(2, 5, 3\) and \(2, 4, 3\)",
    ),
    "concatenate": (
        lambda: merged(layers.Concatenate(name="s"), (2, 3), (4, 3)),
        r"Concatenate 's': expected inputs that have the same shape except along axis -1",
    ),
    "axis": (
        lambda: merged(layers.Concatenate(axis=5, name="s"), (2, 3), (2, 3)),
        r"Concatenate 's': expected axis in \[-2, 2\), received 5",
    ),
    "dot": (
        lambda: merged(layers.Dot(1, name="s"), (2, 3), (2, 9)),
        r"Dot 's': expected inputs of one size along axes=1, received shapes \(2, 3\) and \(2, 9\)",
    ),
    "too many": (
        lambda: merged(layers.Subtract(name="s"), (2, 3), (2, 3), (2, 3)),
        r"Subtract 's': expected a list of two inputs, received 3",
    ),
    "no list": (
        lambda: layers.Add(name="s")(ROWS),
        r"Add 's': expected a list of inputs, received a ndarray",
    ),
    "nothing": (lambda: layers.Add(name="s")([]), r"Add 's': expected a tensor, received none"),
}


def two_inputs(layer):
    a, b = input_of(None, 3), input_of(4, 3)
    return nacre.Model([a, b], layer([a, b]))


EMPTY = {
    "LSTM": (lambda: layers.LSTM(3, name="x")(NONE), "at least one step"),
    "GRU": (lambda: layers.GRU(3, unroll=True, name="x")(NONE), "at least one step"),
    "RNN": (lambda: layers.RNN(layers.GRUCell(3), name="x")(NONE), "at least one step"),
    "ConvLSTM1D": (
        lambda: layers.ConvLSTM1D(2, 3, name="x")(np.ones((2, 0, 6, 2))),
        "at least one step",
    ),
    "TimeDistributed": (
        lambda: layers.TimeDistributed(layers.Dense(2), name="x")(NONE),
        "at least one step",
    ),
    "GlobalAveragePooling1D": (
        lambda: layers.GlobalAveragePooling1D(name="x")(NONE),
        "at least one element along axis 1",
    ),
    "GlobalMaxPooling1D": (
        lambda: layers.GlobalMaxPooling1D(name="x")(NONE),
        "at least one element along axis 1",
    ),
    "MaxPooling1D": (lambda: layers.MaxPooling1D(2, name="x")(NONE), "at least 2 along"),
    "Conv1D": (lambda: layers.Conv1D(2, 3, name="x")(NONE), "at least 3 along"),
}


def states(*shapes):
    return [np.ones(shape, "float32") for shape in shapes]


STATES = {
    "batch": (
        lambda: layers.LSTM(3, name="x")(STEPS, initial_state=states((5, 3), (5, 3))),
        r"LSTM 'x': expected an initial state of shape \(2, 3\), received \(5, 3\)",
    ),
    "size": (
        lambda: layers.GRU(3, name="x")(STEPS, initial_state=states((2, 7))[0]),
        r"GRU 'x': expected an initial state of shape \(2, 3\), received \(2, 7\)",
    ),
    "number": (
        lambda: layers.LSTM(3, name="x")(STEPS, initial_state=states((2, 3))),
        r"LSTM 'x': expected 2 initial states, received 1",
    ),
    "both directions": (
        lambda: layers.Bidirectional(layers.GRU(3), name="x")(STEPS, initial_state=states((2, 3))),
        r"Bidirectional 'x': expected initial states of both directions, received 1",
    ),
    "stateful": (
        lambda: after(layers.LSTM(3, stateful=True, name="x"), STEPS, np.ones((5, 5, 4))),
        r"LSTM 'x': expected a batch of 2 samples.* received shape \(5, 5, 4\)",
    ),
    "cell": (
        lambda: layers.LSTMCell(3, name="x")(ROWS, states((5, 3), (2, 3))),
        r"LSTMCell 'x': expected shapes that broadcast together, received \(2, 12\) and \(5, 12\)",
    ),
    "mask": (
        lambda: layers.LSTM(3, name="x")(STEPS, mask=np.ones((3, 5), bool)),
        r"LSTM 'x': expected a mask of shape \(2, 5\), received \(3, 5\)",
    ),
}

AT_LEAST_ONE = {
    "Conv1D": lambda: layers.Conv1D(2, 3, strides=-1),
    "Conv2D": lambda: layers.Conv2D(2, 3, strides=(1, 0)),
    "Conv3D": lambda: layers.Conv3D(2, 3, dilation_rate=0),
    "Conv2DTranspose": lambda: layers.Conv2DTranspose(2, 3, strides=0),
    "DepthwiseConv2D": lambda: layers.DepthwiseConv2D(3, strides=0),
    "SeparableConv2D": lambda: layers.SeparableConv2D(2, 0),
    "MaxPooling2D": lambda: layers.MaxPooling2D(2, strides=0),
    "AveragePooling1D": lambda: layers.AveragePooling1D(0),
    "AdaptiveMaxPooling2D": lambda: layers.AdaptiveMaxPooling2D(0),
    "UpSampling2D": lambda: layers.UpSampling2D(0),
    "ConvLSTM2D": lambda: layers.ConvLSTM2D(2, 3, strides=0),
}

TABLES = {"shapes": SHAPES, "merges": MERGES, "states": STATES}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(*case, id=f"{table}-{name}")
        for table, cases in TABLES.items()
        for name, case in cases.items()
    ],
)
def test_the_layer_and_what_it_received_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", RANKS)
def test_ranks(name):
    with pytest.raises(ValueError, match=rf"{name} 'x': expected .* (received|rank)"):
        RANKS[name]()


@pytest.mark.parametrize("name", EMPTY)
def test_empty_sequences(name):
    call, wanted = EMPTY[name]
    with pytest.raises(ValueError, match=rf"{name} 'x': expected .*{wanted}"):
        call()


@pytest.mark.parametrize("name", AT_LEAST_ONE)
def test_strides_and_sizes_of_zero(name):
    with pytest.raises(ValueError, match=rf"^{name}: expected .* of at least 1, received"):
        AT_LEAST_ONE[name]()


def test_strides_of_zero_of_ops():
    for call in (
        lambda: ops.conv(IMAGES, np.ones((3, 3, 3, 2), "float32"), strides=0),
        lambda: ops.max_pool(IMAGES, 2, strides=0),
    ):
        with pytest.raises(ValueError, match="expected strides of at least 1"):
            call()


@pytest.mark.parametrize("wrong", [3, -1])
def test_ids_out_of_range(wrong):
    """Alone, and in each kind of step; a step that fails changes no weight."""
    ids = np.array([[1], [wrong]])
    model = nacre.Sequential([layers.Embedding(3, 2, name="e"), layers.Flatten()])
    model.compile("sgd", "mse")
    model(np.array([[0]]))
    before = model.get_weights()[0].copy()
    message = rf"Embedding 'e': expected ids in \[0, 3\), received {wrong}"
    for call in (
        lambda: model.layers[0](ids),
        lambda: model.predict(ids, verbose=0),
        lambda: model.evaluate(ids, np.ones((2, 2)), verbose=0),
        lambda: model.fit(ids, np.ones((2, 2)), verbose=0),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    np.testing.assert_array_equal(model.get_weights()[0], before)
    model.fit(np.array([[1], [2]]), np.ones((2, 2)), verbose=0)  # still usable


def test_a_plan_of_other_shapes_is_not_used():
    """A step that was recorded does not take a batch whose sizes do not fit."""
    model = nacre.Sequential([layers.LSTM(3, name="l"), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(STEPS, np.ones((2, 1)), verbose=0)
    with pytest.raises(ValueError, match=r"LSTM 'l': expected inputs of 4 features, received"):
        model.fit(STEPS[..., :3], np.ones((2, 1)), verbose=0)
    with pytest.raises(ValueError, match=r"LSTM 'l': expected at least one step"):
        model.predict(NONE, verbose=0)
    model.fit(np.ones((2, 7, 4)), np.ones((2, 1)), verbose=0)


def test_gradients_of_another_shape():
    x = nacre.Variable(ROWS)
    with nacre.GradientTape() as tape:
        y = x * 2.0
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(5, 3\)|\(5, 3\).*\(2, 3\)"):
        tape.gradient(y, x, output_gradients=np.ones((5, 3), "float32"))


NOTHING = np.zeros((2, 5), bool)
NOTHING[1, 2] = True  # the first row is masked as a whole
MASKED = {
    "LSTM": lambda x: layers.LSTM(3)(x, mask=NOTHING),
    "GRU": lambda x: layers.GRU(3, return_sequences=True)(x, mask=NOTHING),
    "SimpleRNN": lambda x: layers.SimpleRNN(3, unroll=True)(x, mask=NOTHING),
    "Bidirectional": lambda x: layers.Bidirectional(layers.GRU(3))(x, mask=NOTHING),
    "GlobalAveragePooling1D": lambda x: layers.GlobalAveragePooling1D()(x, mask=NOTHING),
    "BatchNormalization": lambda x: layers.BatchNormalization()(x, mask=NOTHING, training=True),
    "Softmax": lambda x: layers.Softmax()(x, mask=np.broadcast_to(NOTHING[..., None], (2, 5, 4))),
    "MultiHeadAttention": lambda x: layers.MultiHeadAttention(2, 2)(
        x, x, attention_mask=np.broadcast_to(NOTHING[:, None], (2, 5, 5))
    ),
    "Attention": lambda x: layers.Attention()([x, x], mask=[None, NOTHING]),
    "AdditiveAttention": lambda x: layers.AdditiveAttention()([x, x], mask=[None, NOTHING]),
}


@pytest.mark.parametrize("name", MASKED)
def test_rows_that_are_masked_as_a_whole(name):
    """Values and gradients are finite: such a row says nothing, and spoils nothing."""
    x = nacre.Variable(np.random.default_rng(0).standard_normal((2, 5, 4)).astype("float32"))
    with nacre.GradientTape() as tape:
        y = MASKED[name](x.value)
        loss = ops.sum(y * y)
    assert np.isfinite(np.asarray(y)).all()
    assert np.isfinite(np.asarray(tape.gradient(loss, x))).all()


def test_an_average_over_no_step_is_0():
    y = np.asarray(layers.GlobalAveragePooling1D()(STEPS, mask=NOTHING))
    np.testing.assert_array_equal(y, [[0] * 4, [1] * 4])


def test_a_graph_with_a_loop():
    x = nacre.Input((3,), name="x")
    h = layers.Dense(3, name="h")(x)
    config = nacre.Model(x, layers.Dense(3, name="o")(h)).get_config()
    tensor = config["layers"][1]["inbound_nodes"][0]["args"][0]
    tensor["config"]["keras_history"] = ["o", 0, 0]
    with pytest.raises(ValueError, match="the calls of 'h' cannot be made: the graph has a loop"):
        nacre.Model.from_config(config)
