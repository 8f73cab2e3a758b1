"""Rematerialization: the same values and gradients, the same random numbers, and less memory."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

rng = np.random.default_rng(0)
X = rng.normal(size=(64, 32)).astype("float32")
Y = rng.normal(size=(64, 1)).astype("float32")


def block(width=32, rate=0.3, name=None):
    return nacre.Sequential(
        [
            layers.Dense(width, activation="gelu"),
            layers.BatchNormalization(),
            layers.Dropout(rate),
            layers.Dense(width, activation="gelu"),
        ],
        name=name,
    )


class Blocks(nacre.Model):
    def __init__(self, count, lean):
        super().__init__()
        self.blocks = [block() for _ in range(count)]
        self.head = layers.Dense(1)
        self.lean = lean

    def call(self, inputs):
        x = inputs
        for part in self.blocks:
            x = nacre.remat(part)(x) if self.lean else part(x)
        return self.head(x)


def fit(lean, eager=False, count=4, **options):
    nacre.utils.set_random_seed(3)
    model = Blocks(count, lean)
    model.compile(nacre.optimizers.Adam(0.01), "mse", run_eagerly=eager)
    history = model.fit(X, Y, batch_size=32, epochs=3, verbose=0, **options)
    return model, [v.numpy() for v in model.variables], history.history["loss"]


def test_fit_is_the_same_and_needs_less_memory():
    plain, expected, losses = fit(False)
    lean, received, lean_losses = fit(True)
    for a, b in zip(expected, received, strict=True):  # weights, moving averages, seeds
        assert a.tobytes() == b.tobytes()
    assert losses == lean_losses
    assert lean._trainer.train_arena_bytes < 0.75 * plain._trainer.train_arena_bytes


def test_plans_are_eager():
    _, planned, _ = fit(True)
    _, eager, _ = fit(True, eager=True)
    for a, b in zip(planned, eager, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("mode", ["full", "activations", "larger_than", "list_of_layers", None])
def test_scope(mode):
    def train(scope):
        nacre.utils.set_random_seed(1)
        with scope:
            parts = [layers.Dense(64, activation="gelu", name=f"d{i}") for i in range(4)]
            parts += [layers.Dropout(0.2), layers.Dense(1, name="last")]
        model = nacre.Sequential(parts)
        model.compile("sgd", "mse")
        model.fit(X, Y, epochs=2, verbose=0)
        return model, model.get_weights()

    _, expected = train(nacre.RematScope(mode=None))
    names = ["d1", "d2"]
    model, received = train(
        nacre.RematScope(mode, output_size_threshold=32 * 63, layer_names=names)
    )
    for a, b in zip(expected, received, strict=True):
        assert a.tobytes() == b.tobytes()


def test_calls_are_counted_where_they_are_made():
    calls = []

    class Counted(layers.Layer):
        def call(self, x):
            calls.append(1)
            return ops.tanh(x)

    layer = Counted()
    x = nacre.Variable(np.ones(3, "float32"))
    layer(x.value)
    calls.clear()
    with nacre.GradientTape() as tape:
        y = ops.sum(nacre.remat(layer)(x * 2.0))
    assert len(calls) == 1
    gradient = tape.gradient(y, x)
    assert len(calls) == 2
    np.testing.assert_allclose(
        gradient.numpy(), 2 * (1 - np.tanh(2.0) ** 2) * np.ones(3), rtol=1e-6
    )
    calls.clear()
    nacre.remat(layer)(x.value)  # no gradient is wanted: nothing is prepared
    assert len(calls) == 1


def test_variables_read_within_have_gradients():
    w, unused = nacre.Variable([2.0, 3.0]), nacre.Variable([1.0])
    f = nacre.remat(lambda x: ops.sum(ops.exp(w * x)))
    with nacre.GradientTape() as tape:
        loss = f(ops.convert_to_tensor([0.5, 0.1]))
    gradient, nothing = tape.gradient(loss, [w, unused])
    np.testing.assert_allclose(gradient.numpy(), [0.5 * np.exp(1.0), 0.1 * np.exp(0.3)], rtol=1e-6)
    assert nothing is None


def test_nests_and_keywords():
    @nacre.remat
    def f(pair, scale=1.0):
        a, b = pair
        return {"sum": a + b, "parts": [a * scale, b * b]}

    a, b = ops.convert_to_tensor([1.0, 2.0]), ops.convert_to_tensor([3.0, 4.0])
    with nacre.GradientTape() as tape:
        tape.watch([a, b])
        out = f((a, b), scale=2.0)
        loss = ops.sum(out["sum"]) + ops.sum(out["parts"][0] * out["parts"][1])
    da, db = tape.gradient(loss, [a, b])
    np.testing.assert_allclose(da.numpy(), 1 + 2 * np.square([3.0, 4.0]))
    np.testing.assert_allclose(db.numpy(), 1 + 4 * np.array([1.0, 2.0]) * [3.0, 4.0])


def test_second_order_and_nesting():
    f = nacre.remat(lambda x: nacre.remat(ops.sin)(x * x))
    plain = lambda x: ops.sin(x * x)  # noqa: E731
    x = ops.convert_to_tensor(0.7)
    for g in (lambda f: nacre.grad(f), lambda f: nacre.grad(nacre.grad(f))):
        np.testing.assert_allclose(float(g(f)(x)), float(g(plain)(x)), rtol=1e-6)


def test_a_persistent_tape_is_asked_twice():
    w = nacre.Variable(2.0)
    with nacre.GradientTape(persistent=True) as tape:
        y = nacre.remat(lambda: w * w * w)()
        z = y * 2.0
    assert float(tape.gradient(y, w)) == 12.0
    assert float(tape.gradient(z, w)) == 24.0


def test_a_layer_called_twice_keeps_the_state_of_the_last_call():
    def moving(lean):
        nacre.utils.set_random_seed(0)
        layer = layers.BatchNormalization()
        layer.build((None, 32))
        call = nacre.remat(layer) if lean else layer
        with nacre.GradientTape() as tape:
            y = ops.mean(ops.square(call(ops.convert_to_tensor(X), training=True)))
            y = y + ops.mean(ops.square(call(ops.convert_to_tensor(3 * X), training=True) + 1.0))
        gradients = tape.gradient(y, layer.trainable_variables)
        return [v.numpy() for v in layer.variables] + [g.numpy() for g in gradients]

    for a, b in zip(moving(False), moving(True), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_training_flag_of_the_caller_holds_the_second_time():
    class Twice(layers.Layer):
        def __init__(self):
            super().__init__()
            self.drop = layers.Dropout(0.5, seed=1)

        def call(self, x):
            return nacre.remat(lambda v: self.drop(ops.exp(v)))(x)

    layer = Twice()
    x = ops.convert_to_tensor(X)
    with nacre.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    gradient = tape.gradient(y, x)
    np.testing.assert_allclose(gradient.numpy(), y.numpy(), rtol=1e-6)  # d exp(x) is exp(x)


def test_losses_within_are_refused():
    layer = layers.Dense(2, activity_regularizer="l2")
    with nacre.GradientTape() as tape:
        tape.watch(x := ops.ones((1, 2)))
        with pytest.raises(ValueError, match="remat"):
            nacre.remat(layer)(x)
    with pytest.raises(ValueError, match="RematScope: expected mode"):
        nacre.RematScope("some")
    with nacre.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(TypeError, match="return tensors"):
            nacre.remat(lambda v: "text")(x)
