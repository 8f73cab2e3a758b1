"""Models that write their own steps, losses and metrics; structures of data; outputs by name."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops


def rows(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


class OwnStep(nacre.Model):
    """A training step as Keras's guides write it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(1)
        self.tracker = nacre.metrics.Mean(name="own_loss")
        self.mae = nacre.metrics.MeanAbsoluteError(name="mae")
        self.entered = 0

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        object.__setattr__(self, "entered", self.entered + 1)
        x, y = data
        with nacre.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = ops.mean(ops.square(y - y_pred))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.tracker.update_state(loss)
        self.mae.update_state(y, y_pred)
        return {"own_loss": self.tracker.result(), "mae": self.mae.result()}

    def test_step(self, data):
        x, y = data
        self.mae.update_state(y, self(x, training=False))
        return {"mae": self.mae.result()}

    def predict_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        return {"twice": self(x, training=False) * 2.0}

    @property
    def metrics(self):
        return [self.tracker, self.mae]


def trained(eager=False):
    nacre.utils.set_random_seed(1)
    model = OwnStep()
    model.compile(optimizer="adam", run_eagerly=eager)
    history = model.fit(rows(32, 3), rows(32, 1), batch_size=8, epochs=3, shuffle=False, verbose=0)
    return model, history.history


def test_train_step_runs_as_a_plan():
    model, history = trained()
    assert model.entered == 1
    again, eager = trained(eager=True)
    assert again.entered == 12
    assert history == eager
    assert set(history) == {"own_loss", "mae"}
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_metrics_begin_anew_each_epoch():
    _, history = trained()
    assert history["own_loss"][-1] < history["own_loss"][0]
    model, _ = trained()
    x, y = rows(16, 3), rows(16, 1)
    expected = np.abs(model(x).numpy() - y).mean()
    for _ in range(2):
        assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_steps_of_evaluation_and_prediction():
    model, _ = trained()
    x = rows(20, 3)
    assert model.evaluate(x, rows(20, 1), verbose=0, return_dict=True).keys() == {"mae"}
    predicted = model.predict(x, batch_size=8, verbose=0)
    np.testing.assert_allclose(predicted["twice"], 2 * model(x).numpy(), rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(x)["twice"], predicted["twice"], rtol=1e-6)
    logs = model.train_on_batch(x, rows(20, 1), return_dict=True)
    assert logs.keys() == {"own_loss", "mae"}


def test_the_step_of_the_base_class_is_called():
    class Counted(nacre.Model):
        def __init__(self, x, y):
            super().__init__(x, y)
            self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def train_step(self, data):
            self.steps.assign_add(1.0)
            return super().train_step(data)

    x = nacre.Input((3,))
    y = layers.Dense(1, kernel_initializer="ones")(x)
    plain, counted = nacre.Model(x, y), Counted(x, y)
    before = plain.get_weights()
    results = []
    for model in (plain, counted):
        plain.set_weights(before)
        model.compile("sgd", "mse", metrics=["mae"])
        logs = model.fit(rows(32, 3), rows(32, 1), epochs=2, shuffle=False, verbose=0).history
        results.append((logs, plain.get_weights()))
    assert float(counted.steps) == 2.0
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1][0], results[1][1][0])


def test_compute_loss_adds_to_the_given_one():
    class Pulled(nacre.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            loss = super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
            return loss + ops.mean(ops.square(y_pred))

    x = nacre.Input((3,))
    model = Pulled(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    data, target = rows(8, 3), rows(8, 1)
    y = model(data).numpy()
    expected = ((y - target) ** 2).mean() + (y**2).mean()
    assert model.evaluate(data, target, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_losses_and_metrics_of_calls():
    class Sparse(nacre.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4)
            self.size = nacre.metrics.Mean(name="size")

        def call(self, x):
            h = self.dense(x)
            self.add_loss(0.1 * ops.mean(ops.abs(h)))
            self.size.update_state(ops.mean(ops.abs(h)))
            return h

    model = Sparse()
    model.compile("sgd", "mse")
    x, y = rows(16, 3), rows(16, 4)
    logs = model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
    h = model(x).numpy()
    assert logs["size"] == pytest.approx(np.abs(h).mean(), rel=1e-5)
    assert logs["loss"] == pytest.approx(((h - y) ** 2).mean() + 0.1 * np.abs(h).mean(), rel=1e-5)
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
    assert set(history) == {"loss", "size"}
    assert len(model.losses) <= 1


class Pair(nacre.Model):
    """Takes and gives dicts."""

    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(2), layers.Dense(1)

    def call(self, inputs):
        h = inputs["b"] - inputs["a"]
        return {"z": self.second(h), "y": self.first(h)}


def test_dicts_of_inputs_and_outputs():
    x = {"b": rows(32, 3), "a": rows(32, 3, seed=1)}
    y = {"z": rows(32, 1), "y": rows(32, 2)}
    model = Pair()
    model.compile("sgd", {"y": "mse", "z": "mae"}, metrics={"z": ["mse"]})
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
    assert set(history) == {"loss", "y_loss", "z_loss", "z_mse"}
    out = model(x)
    predicted = model.predict(x, batch_size=8, verbose=0)
    assert list(predicted) == list(out)
    for name in out:
        np.testing.assert_allclose(predicted[name], out[name].numpy(), rtol=1e-5, atol=1e-6)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    z, t = out["z"].numpy(), y["z"]
    assert logs["z_loss"] == pytest.approx(np.abs(z - t).mean(), rel=1e-5)
    assert logs["z_mse"] == pytest.approx(((z - t) ** 2).mean(), rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["y_loss"] + logs["z_loss"], rel=1e-5)


def test_an_output_without_a_loss():
    model = Pair()
    model.compile("sgd", {"y": "mse"})
    x = {"a": rows(16, 3), "b": rows(16, 3)}
    assert set(model.fit(x, {"y": rows(16, 2)}, verbose=0).history) == {"loss"}


def test_lists_of_inputs_of_a_subclassed_model():
    class Sum(nacre.Model):
        def call(self, inputs):
            a, b = inputs
            return a + b

    model = Sum()
    a, b = rows(20, 3), rows(20, 3, seed=1)
    np.testing.assert_array_equal(model.predict([a, b], batch_size=8, verbose=0), a + b)


def two_outputs():
    x = nacre.Input((3,))
    return nacre.Model(x, [layers.Dense(2, name="p")(x), layers.Dense(1, name="q")(x)])


X, Y, Z = rows(8, 3), rows(8, 2), rows(8, 1)


def compiled(**kwargs):
    model = two_outputs()
    model.compile("sgd", **{"loss": "mse", **kwargs})
    return model


ERRORS = [
    (lambda: compiled(loss=["mse"] * 3), r"expected one loss, or one an output \(2\), received 3"),
    (
        lambda: compiled(loss={"p": "mse", "r": "mse"}),
        r"loss: expected outputs out of \['p', 'q'\], received \['p', 'r'\]",
    ),
    (lambda: compiled(loss={"p": "mse"}), r"expected an entry for each of \['p', 'q'\]"),
    (lambda: compiled(loss_weights=[1.0]), r"expected one weight a loss \(2\), received 1"),
    (lambda: compiled(metrics=["mae"]), r"metrics: expected a list for each of 2 outputs"),
    (lambda: compiled(metrics={"r": ["mae"]}), r"metrics: expected outputs out of \['p', 'q'\]"),
    (lambda: compiled(loss=["mse", "mze"]), r"unknown name 'mze'"),
    (
        lambda: compiled().fit(X, [Y], verbose=0),
        r"expected 2 targets .*, received 1",
    ),
    (lambda: compiled().fit(X, {"p": Y, "r": Z}, verbose=0), r"y: expected outputs out of"),
    (lambda: compiled().fit(X, {"p": Y}, verbose=0), r"expected a target for output 1 'q'"),
    (
        lambda: compiled().fit(X, [Y, Z], class_weight={0: 1.0}, verbose=0),
        r"class_weight is for models with one target",
    ),
    (lambda: compiled().fit([X, X], [Y, Z], verbose=0), r"expected 1 input, received 2"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=range(len(ERRORS)))
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_step_must_return_logs():
    class Silent(nacre.Model):
        def train_step(self, data):
            return None

    x = nacre.Input((3,))
    model = Silent(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"Silent.train_step: expected a dict of logs"):
        model.fit(X, Z, verbose=0)


def test_sample_weight_by_output():
    weight = np.arange(8, dtype="float32")
    logs = []
    for given in ({"p": weight, "q": np.ones(8, "float32")}, [weight, np.ones(8, "float32")]):
        nacre.utils.set_random_seed(2)
        model = compiled(weighted_metrics=[["mae"], None])
        logs.append(model.evaluate(X, [Y, Z], sample_weight=given, verbose=0, return_dict=True))
    assert logs[0] == logs[1]
    assert set(logs[0]) == {"loss", "p_loss", "q_loss", "p_mae"}


@pytest.mark.parametrize("mode", ["fit", "evaluate", "predict"])
def test_what_steps_are_given(mode):
    """As Keras has it: x alone comes bare from arrays, and in a tuple from a PyDataset."""
    x = rows(4, 3)

    def kind(data):
        if isinstance(data, dict):
            return {key: kind(value) for key, value in data.items()}
        return tuple(map(kind, data)) if isinstance(data, list | tuple) else "tensor"

    class Probe(nacre.Model):
        def train_step(self, data):
            object.__setattr__(self, "given", kind(data))
            return {}

        test_step = train_step

        def predict_step(self, data):
            self.train_step(data)
            return nacre.ops.ones((4, 1))

        def call(self, inputs):
            return inputs

    class Batches(nacre.utils.PyDataset):
        def __init__(self, item):
            super().__init__()
            self.item = item

        def __len__(self):
            return 1

        def __getitem__(self, index):
            return self.item

    def given(*data):
        model = Probe()
        model.compile("sgd")
        getattr(model, mode)(*data, verbose=0)
        return model.given

    assert given(x) == "tensor"
    assert given({"a": x}) == {"a": "tensor"}
    assert given([x, x]) == (("tensor", "tensor"),)
    assert given(Batches(x)) == ("tensor",)
    assert given(Batches((x,))) == ("tensor",)
    assert given(Batches((x, x))) == ("tensor", "tensor")
    assert given(Batches({"a": x})) == {"a": "tensor"}
