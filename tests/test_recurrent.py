"""Recurrent layers: states, masks, cells of the caller's own, dropout, plans, bad input."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 5, 4)).astype("float32")
MASK = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)

KINDS = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}
kinds = pytest.mark.parametrize("kind", KINDS)


def make(kind, **kwargs):
    return getattr(layers, kind)(6, bias_initializer="normal", **kwargs)


def as_array(tensors):
    return [np.asarray(t) for t in tensors]


@kinds
def test_outputs_and_states(kind):
    layer = make(kind, return_sequences=True, return_state=True)
    sequence, *states = layer(X)
    assert len(states) == KINDS[kind]
    assert sequence.shape == (3, 5, 6)
    np.testing.assert_array_equal(sequence[:, -1], states[0])
    last = make(kind)
    last.build(X.shape)
    last.set_weights(layer.get_weights())
    np.testing.assert_array_equal(last(X), states[0])
    # Two halves, the second one from where the first one ended, are the whole.
    *_, last_states = [layer(X[:, :2])]
    again, *end = layer(X[:, 2:], initial_state=last_states[1:])
    np.testing.assert_allclose(again, sequence[:, 2:], rtol=1e-5, atol=1e-6)
    for a, b in zip(end, states, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@kinds
def test_the_fused_kernel_is_the_loop_over_the_cell(kind):
    for masked in (False, True):
        for backwards in (False, True):
            layer = make(kind, return_sequences=True, return_state=True, go_backwards=backwards)
            mask = MASK if masked else None
            expected = as_array(layer(X, mask=mask))
            cell = layer.cell
            states = cell.get_initial_state(3)
            outputs = []
            order = range(4, -1, -1) if backwards else range(5)
            for t in order:
                output, new = cell(X[:, t], states)
                counts = MASK[:, t, None] if masked else np.ones((3, 1), bool)
                outputs.append(np.where(counts, output, states[0]))
                states = [np.where(counts, n, s) for n, s in zip(new, states, strict=True)]
            np.testing.assert_allclose(expected[0], np.stack(outputs, 1), rtol=1e-5, atol=1e-6)
            for a, b in zip(expected[1:], states, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@kinds
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_are_those_of_float64(kind, masked):
    def gradients(dtype):
        nacre.utils.set_random_seed(1)
        layer = make(kind, return_sequences=True, return_state=True, dtype=dtype)
        layer.build(X.shape)
        layer.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in layer.weights])
        x = ops.convert_to_tensor(X.astype(dtype))
        with nacre.GradientTape() as tape:
            tape.watch(x)
            results = layer(x, mask=MASK if masked else None)
            loss = sum(ops.sum(ops.square(r)) for r in results)
        return as_array(tape.gradient(loss, [x, *layer.trainable_weights]))

    for a, b in zip(gradients("float32"), gradients("float64"), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_masks_go_on_with_sequences_only():
    x = ops.convert_to_tensor(X)
    x._keras_mask = ops.convert_to_tensor(MASK)
    layer = layers.LSTM(3, return_sequences=True, return_state=True)
    sequence, h, _ = layer(x)
    assert sequence._keras_mask.tolist() == MASK.tolist()
    assert h._keras_mask is None
    assert layers.GRU(3)(x)._keras_mask is None
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode=None)(x)
    assert [y._keras_mask.tolist() for y in both] == [MASK.tolist()] * 2
    assert layers.TimeDistributed(layers.Dense(2))(x)._keras_mask.tolist() == MASK.tolist()


@kinds
def test_masked_steps(kind):
    layer = make(kind, return_sequences=True)
    y = np.asarray(layer(X, mask=MASK))
    assert (y[2] == 0).all()  # no step counts: the first state
    np.testing.assert_array_equal(y[0, 2], y[0, 1])
    layer.zero_output_for_mask = True
    zeroed = np.asarray(layer(X, mask=MASK))
    np.testing.assert_array_equal(zeroed, np.where(MASK[..., None], y, 0))
    # What stands at masked steps does not matter.
    other = np.where(MASK[..., None], X, 100).astype("float32")
    np.testing.assert_array_equal(layer(other, mask=MASK), zeroed)


@kinds
def test_stateful(kind):
    layer = make(kind, stateful=True, return_sequences=True)
    whole = make(kind, return_sequences=True)
    whole.build(X.shape)
    first = np.asarray(layer(X[:, :2]))
    whole.set_weights(layer.get_weights())
    second = np.asarray(layer(X[:, 2:]))
    expected = np.asarray(whole(X))
    np.testing.assert_allclose(np.concatenate([first, second], 1), expected, rtol=1e-5, atol=1e-6)
    assert len(layer.states) == KINDS[kind]
    layer.reset_state()
    np.testing.assert_array_equal(layer(X[:, :2]), first)
    with pytest.raises(ValueError, match="expected a batch of 3 samples"):
        layer(X[:2])


def test_stateful_layers_in_plans():
    def losses(eager):
        nacre.utils.set_random_seed(2)
        model = nacre.Sequential([layers.GRU(4, stateful=True), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eager)
        target = np.ones((3, 1), "float32")
        return [model.train_on_batch(X, target) for _ in range(4)]

    assert losses(True) == losses(False)


class Counter(layers.Layer):
    """A cell: adds up its inputs and counts its steps."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.state_size = [size, 1]
        self.output_size = size

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(self.size,), initializer="ones", name="scale")

    def call(self, inputs, states, training=False):
        total = states[0] + inputs * self.scale
        return total, [total, states[1] + 1.0]


def test_cells_written_in_python():
    cell = Counter(4, name="counter")
    layer = layers.RNN(cell, return_sequences=True, return_state=True, name="rnn")
    sequence, total, count = layer(X)
    np.testing.assert_allclose(sequence, np.cumsum(X, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(total, X.sum(1), rtol=1e-5, atol=1e-6)
    assert (count.numpy() == 5).all()
    _, total, count = layer(X, mask=MASK)
    np.testing.assert_allclose(total, (X * MASK[..., None]).sum(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(count[:, 0], MASK.sum(1))
    assert [w.path for w in layer.weights] == ["rnn/counter/scale"]
    assert layer.compute_output_shape((None, 5, 4)) == ((None, 5, 4), (None, 4), (None, 1))
    model = nacre.Sequential([nacre.Input((5, 4)), layers.RNN(Counter(4)), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()[0]
    model.fit(X, np.zeros((3, 1), "float32"), epochs=2, verbose=0)
    assert (model.layers[0].get_weights()[0] != before).any()


def test_a_cell_in_python_is_saved(tmp_path):
    model = nacre.Sequential([nacre.Input((5, 4)), layers.RNN(Counter(4)), layers.Dense(1)])
    model.save(tmp_path / "model.nacre")
    again = nacre.saving.load_model(tmp_path / "model.nacre", custom_objects={"Counter": Counter})
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_stacked_cells():
    cells = [layers.LSTMCell(4), Counter(4), layers.GRUCell(2)]
    layer = layers.RNN(cells, return_sequences=True, return_state=True)
    sequence, lstm, counter, gru = layer(X)
    assert [len(s) for s in (lstm, counter, gru)] == [2, 2, 1]
    assert sequence.shape == (3, 5, 2)
    np.testing.assert_array_equal(sequence[:, -1], gru[0])
    first = layers.LSTM(4, return_sequences=True)
    first.build(X.shape)
    first.set_weights(cells[0].get_weights())
    np.testing.assert_allclose(lstm[0], first(X)[:, -1], rtol=1e-5, atol=1e-6)
    # From given states, nested as they were returned.
    again = layer(X, initial_state=[lstm, counter, gru])
    assert (again[2][1].numpy() == 10).all()
    masked = layer(X, mask=MASK)
    np.testing.assert_array_equal(masked[0][0, 2], masked[0][0, 1])


@kinds
def test_subclassed_cells_and_layers(kind):
    base = getattr(layers, kind + "Cell")

    class Doubled(base):
        def call(self, inputs, states, training=None):
            output, new = super().call(inputs, states, training)
            return output * 2.0, new

    cell = Doubled(6)
    y = layers.RNN(cell)(X)
    plain = make(kind)
    plain.build(X.shape)
    plain.set_weights(cell.get_weights())
    np.testing.assert_allclose(y, plain(X) * 2.0, rtol=1e-5, atol=1e-6)


@kinds
@pytest.mark.parametrize("rate", ["dropout", "recurrent_dropout"])
def test_dropout(kind, rate):
    layer = make(kind, **{rate: 0.5}, seed=3)
    calm = np.asarray(layer(X))
    np.testing.assert_array_equal(layer(X), calm)
    a, b = np.asarray(layer(X, training=True)), np.asarray(layer(X, training=True))
    assert (a != b).any()
    twin = make(kind, **{rate: 0.5}, seed=3)
    twin.build(X.shape)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(X, training=True), a)
    everything = make(kind, **{rate: 1.0})
    everything(X)
    assert np.isfinite(np.asarray(everything(X, training=True))).all()


def test_dropped_inputs_are_the_same_at_every_step():
    layer = layers.SimpleRNN(
        4,
        activation="linear",
        kernel_initializer="identity",
        recurrent_initializer="zeros",
        dropout=0.5,
        seed=1,
        return_sequences=True,
    )
    y = np.asarray(layer(np.ones((8, 6, 4), "float32"), training=True))
    assert set(np.unique(y)) == {0.0, 2.0}
    np.testing.assert_array_equal(y, np.repeat(y[:, :1], 6, 1))


def test_a_plan_draws_dropout_anew():
    model = nacre.Sequential([layers.LSTM(8, dropout=0.5, seed=1), layers.Dense(1)])
    model.compile(nacre.optimizers.SGD(0.0), "mse")
    target = np.zeros((3, 1), "float32")
    losses = set()
    for _ in range(4):
        model.reset_metrics()
        losses.add(model.train_on_batch(X, target))
    assert len(losses) == 4


def test_bidirectional():
    for mode in ("concat", "sum", "mul", "ave", None):
        layer = layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode=mode)
        y = layer(X)
        a = np.asarray(layer.forward_layer(X))
        b = np.asarray(layer.backward_layer(X))[:, ::-1]
        expected = {
            "concat": np.concatenate([a, b], -1),
            "sum": a + b,
            "mul": a * b,
            "ave": (a + b) / 2,
        }
        if mode is None:
            for received, wanted in zip(y, (a, b), strict=True):
                np.testing.assert_array_equal(received, wanted)
        else:
            np.testing.assert_allclose(y, expected[mode], rtol=1e-6)
    assert layer.forward_layer.name.startswith("forward_gru")
    assert layer.backward_layer.name.startswith("backward_gru")


def test_bidirectional_states_and_masks():
    layer = layers.Bidirectional(layers.LSTM(3, return_sequences=True, return_state=True))
    y, *states = layer(X, mask=MASK)
    assert len(states) == 4
    assert (y.numpy()[~MASK] == 0).all()
    again = layer(X, initial_state=states, mask=MASK)
    assert (again[0].numpy() != y.numpy()).any()
    with pytest.raises(ValueError, match="states of both directions"):
        layer(X, initial_state=states[:3])


def test_time_distributed_models():
    inner = nacre.Sequential([layers.Dense(3, activation="relu"), layers.Dense(2)])
    layer = layers.TimeDistributed(inner)
    y = layer(X)
    np.testing.assert_allclose(y[:, 2], inner(X[:, 2]), rtol=1e-6)
    assert layer.compute_output_shape((None, 7, 4)) == (None, 7, 2)


def test_weights_are_named_as_in_keras():
    layer = layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both")
    layer.build((None, 3, 4))
    assert [w.path for w in layer.weights] == [
        f"both/{side}_lstm/lstm_cell/{name}"
        for side in ("forward", "backward")
        for name in ("kernel", "recurrent_kernel", "bias")
    ]
    bias = layer.weights[2].numpy()
    np.testing.assert_array_equal(bias, [0, 0, 1, 1, 0, 0, 0, 0])


def test_mixed_precision_keeps_states_wide_within_a_sequence():
    x = rng.normal(size=(2, 200, 4)).astype("float32")
    half = layers.GRU(8, dtype="mixed_bfloat16")
    full = layers.GRU(8)
    full.build(x.shape)
    half.build(x.shape)
    half.set_weights(full.get_weights())
    y = half(x)
    assert y.dtype == "bfloat16"
    np.testing.assert_allclose(ops.cast(y, "float32"), full(x), atol=0.02)


BAD = [
    (lambda: layers.LSTM(0), ValueError, "LSTM: expected units > 0, received 0"),
    (lambda: layers.LSTMCell(-1), ValueError, "LSTMCell: expected units > 0"),
    (lambda: layers.LSTM(2)(X[:, :0]), ValueError, "LSTM 'lstm.*': expected at least one step"),
    (lambda: layers.GRU(2)(X[0]), ValueError, r"expected an input of shape \(batch, steps"),
    (lambda: layers.GRU(2)(X, mask=MASK[:, :4]), ValueError, r"expected a mask of shape \(3, 5\)"),
    (
        lambda: layers.LSTM(2)(X, initial_state=[np.zeros((3, 2), "float32")]),
        ValueError,
        "expected 2 initial states, received 1",
    ),
    (
        lambda: layers.GRU(2)(X, initial_state=np.zeros((2, 2), "float32")),
        ValueError,
        r"expected an initial state of shape \(3, 2\), received \(2, 2\)",
    ),
    (lambda: layers.LSTM(2, use_cudnn="no"), ValueError, "use_cudnn"),
    (lambda: layers.LSTM(2)(X, states=1), TypeError, "states"),
    (lambda: layers.RNN(layers.Dense(2)), ValueError, "expected a cell with a state_size"),
    (lambda: layers.RNN(3), ValueError, "expected a cell to be a layer"),
    (lambda: layers.Bidirectional(layers.Dense(2)), ValueError, "expected layer to be recurrent"),
    (
        lambda: layers.Bidirectional(layers.LSTM(2), merge_mode="max"),
        ValueError,
        "expected merge_mode .* received 'max'",
    ),
    (
        lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)),
        ValueError,
        "one has go_backwards=True",
    ),
    (lambda: layers.TimeDistributed(layers.Dense(2))(X[0]), ValueError, "rank 3 or more"),
    (lambda: layers.TimeDistributed("dense"), ValueError, "expected layer to be a layer"),
    (lambda: layers.ConvLSTM2D(0, 2), ValueError, "ConvLSTM2D: expected filters > 0"),
    (lambda: layers.ConvLSTM1D(2, 2, strides=0), ValueError, "strides"),
    (lambda: layers.ConvLSTM1D(2, 2)(X), ValueError, "expected an input of shape"),
    (
        lambda: layers.LSTMCell(2)(X[:, 0], [np.zeros((3, 2), "float32")]),
        ValueError,
        "expected the input of one step and 2 states",
    ),
    (
        lambda: nacre.Sequential([nacre.Input((None, 4)), layers.LSTM(2, unroll=True)]),
        ValueError,
        "known number of steps with unroll=True",
    ),
]


@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_input(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()


def test_a_changed_number_of_features():
    layer = layers.LSTM(2)
    layer(X)
    with pytest.raises(ValueError, match="LSTM 'lstm"):
        layer(X[..., :3])


def test_unknown_lengths_in_models():
    model = nacre.Sequential(
        [nacre.Input((None, 4)), layers.Bidirectional(layers.LSTM(3, return_sequences=True))]
    )
    assert model.output_shape == (None, None, 6)
    assert model.predict(X).shape == (3, 5, 6)
    assert model.predict(X[:, :2]).shape == (3, 2, 6)
