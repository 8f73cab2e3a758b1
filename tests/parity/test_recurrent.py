"""Recurrent layers of nacre and of real Keras 3: states, masks, gradients, all arguments."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
if keras.backend.backend() != "torch":
    pytest.skip("gradients are taken with KERAS_BACKEND=torch", allow_module_level=True)
torch = pytest.importorskip("torch", reason="torch is not installed (extra [parity])")

import nacre  # noqa: E402

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 6, 4)).astype("float32")
MASK = np.array([[1, 1, 0, 1, 0, 1], [0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]], bool)
# Before the first step that counts, Keras's JAX backend (and nacre) gives the initial state, its
# others 0.
FULL_ENDS = np.array([[1, 1, 0, 1, 0, 1], [1, 0, 1, 1, 0, 1], [1, 0, 0, 0, 0, 1]], bool)
UNITS = 5


def detached(value):
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def flat(value):
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in flat(item)]
    return [value]


def compare(make, x=X, mask=None, states=None):
    """Outputs and states, and gradients of a weighted sum of them, of both libraries."""
    ours, theirs = make(nacre.layers), make(keras.layers)
    ours.build(x.shape)
    theirs.build(x.shape)
    assert [(w.name, tuple(w.shape)) for w in ours.weights] == [
        (w.name, tuple(w.shape)) for w in theirs.weights
    ]
    values = np.random.default_rng(1)
    weights = [values.normal(size=tuple(w.shape)).astype("float32") for w in theirs.weights]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    states = states or []

    inputs = [nacre.ops.convert_to_tensor(a) for a in (x, *states)]
    kwargs = {} if mask is None else {"mask": mask}
    if states:
        kwargs["initial_state"] = inputs[1:]
    with nacre.GradientTape() as tape:
        for tensor in inputs:
            tape.watch(tensor)
        results = flat(ours(inputs[0], **kwargs))
        factors = [values.normal(size=r.shape).astype("float32") for r in results]
        loss = sum(nacre.ops.sum(r * f) for r, f in zip(results, factors, strict=True))
    found = tape.gradient(loss, [*inputs, *ours.trainable_weights])

    their_inputs = [torch.tensor(a, requires_grad=True) for a in (x, *states)]
    kwargs = {} if mask is None else {"mask": torch.tensor(mask)}
    if states:
        kwargs["initial_state"] = their_inputs[1:]
    their_results = flat(theirs(their_inputs[0], **kwargs))
    their_loss = sum(
        (r * torch.tensor(f)).sum() for r, f in zip(their_results, factors, strict=True)
    )
    sources = [*their_inputs, *(v.value for v in theirs.trainable_weights)]
    expected = torch.autograd.grad(their_loss, sources, allow_unused=True)

    for i, (a, b) in enumerate(zip(results, their_results, strict=True)):
        close(a, b, f"result {i}")
    for i, (a, b, s) in enumerate(zip(found, expected, sources, strict=True)):
        close(a, torch.zeros_like(s) if b is None else b, f"gradient {i}")


def close(received, expected, what):
    received, expected = np.asarray(received), detached(expected)
    assert received.shape == expected.shape, what
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(received, expected, rtol=3e-5, atol=3e-5 * scale, err_msg=what)


KINDS = {
    "SimpleRNN": ({}, 1),
    "LSTM": ({}, 2),
    "GRU": ({}, 1),
    "GRU-before": ({"reset_after": False}, 1),
    "LSTM-hard": ({"recurrent_activation": "hard_sigmoid", "activation": "elu"}, 2),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_states_masks_and_gradients(kind, masked, backwards, sequences):
    arguments, count = KINDS[kind]

    def make(library):
        return getattr(library, kind.split("-")[0])(
            UNITS,
            return_sequences=sequences,
            return_state=True,
            go_backwards=backwards,
            use_bias=not backwards,
            **arguments,
        )

    states = [rng.normal(size=(3, UNITS)).astype("float32") for _ in range(count)]
    mask = MASK if masked else None
    compare(make, mask=mask)
    compare(make, mask=FULL_ENDS if masked else None, states=states)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_zero_output_for_mask(kind):
    def make(library):
        return getattr(library, kind)(UNITS, return_sequences=True, zero_output_for_mask=True)

    compare(make, mask=MASK)


@pytest.mark.parametrize("masked", [False, True])
def test_stacked_cells(masked):
    def make(library):
        cells = [library.LSTMCell(4), library.GRUCell(3), library.SimpleRNNCell(2)]
        return library.RNN(cells, return_sequences=True, return_state=True)

    compare(make, mask=MASK if masked else None)


@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("state", [False, True])
def test_bidirectional(mode, masked, state):
    def make(library):
        layer = library.LSTM(UNITS, return_sequences=True, return_state=state)
        return library.Bidirectional(layer, merge_mode=mode)

    compare(make, mask=MASK if masked else None)


def test_bidirectional_of_two_layers():
    def make(library):
        return library.Bidirectional(
            library.GRU(UNITS), backward_layer=library.GRU(3, go_backwards=True)
        )

    compare(make)


@pytest.mark.parametrize("masked", [False, True])
def test_conv_lstm(masked):
    def make(library):
        return library.ConvLSTM1D(2, 3, padding="same", return_sequences=True, return_state=True)

    x = rng.normal(size=(3, 6, 7, 2)).astype("float32")
    compare(make, x, mask=MASK if masked else None)


class OurCell(nacre.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        y = nacre.ops.matmul(inputs, self.kernel) + nacre.ops.matmul(states[0], self.recurrent)
        return y, [y]


class TheirCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        y = keras.ops.matmul(inputs, self.kernel) + keras.ops.matmul(states[0], self.recurrent)
        return y, [y]


@pytest.mark.parametrize("masked", [False, True])
def test_cells_written_in_python(masked):
    def make(library):
        cell = OurCell(4) if library is nacre.layers else TheirCell(4)
        return library.RNN(cell, return_sequences=True, return_state=True)

    compare(make, X * 0.1, mask=MASK if masked else None)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_stateful(kind):
    ours, theirs = (
        getattr(library, kind)(UNITS, stateful=True) for library in (nacre.layers, keras.layers)
    )
    ours.build(X.shape)
    theirs.build(X.shape)
    ours.set_weights([detached(w.value) for w in theirs.weights])
    for _ in range(2):
        for _ in range(3):
            close(ours(X), theirs(torch.tensor(X)), kind)
        ours.reset_state()
        theirs.reset_state()


def test_a_model_of_text_trains_alike():
    ids = rng.integers(0, 7, (6, 5)).astype("int32")
    target = rng.normal(size=(6, 1)).astype("float32")

    def run(library):
        model = library.Sequential(
            [
                library.layers.Embedding(7, 3, mask_zero=True),
                library.layers.Bidirectional(library.layers.LSTM(4, return_sequences=True)),
                library.layers.GRU(3),
                library.layers.Dense(1),
            ]
        )
        model.build((None, 5))
        values = np.random.default_rng(4)
        model.set_weights([values.normal(size=w.shape).astype("float32") for w in model.weights])
        model.compile(library.optimizers.Adam(0.01), "mse")
        history = model.fit(ids, target, batch_size=3, epochs=3, verbose=0, shuffle=False).history
        return history["loss"], model.get_weights()

    (a, b), (c, d) = run(nacre), run(keras)
    np.testing.assert_allclose(a, c, rtol=1e-4)
    for p, q in zip(b, d, strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-3, atol=1e-4)
