"""Models of nacre and of real Keras 3 from the same weights: outputs, training, logs, summaries."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
if keras.backend.backend() != "jax":
    pytest.skip("trained with KERAS_BACKEND=jax", allow_module_level=True)

import nacre  # noqa: E402

RNG = np.random.default_rng(0)


def rows(*shape):
    return RNG.standard_normal(shape).astype("float32")


def chain(k):
    x = k.Input((4,), name="x")
    h = k.layers.Dense(5, activation="relu", name="a")(x)
    return k.Model(x, k.layers.Dense(2, name="b")(h), name="net")


def residual(k):
    x = k.Input((6, 6, 3), name="image")
    h = k.layers.Conv2D(4, 3, padding="same", name="c0")(x)
    for i in range(2):
        r = k.layers.Conv2D(4, 3, padding="same", activation="relu", name=f"c{i + 1}")(h)
        h = k.layers.Add(name=f"sum{i}")([h, k.layers.BatchNormalization(name=f"bn{i}")(r)])
    h = k.layers.GlobalAveragePooling2D(name="pool")(h)
    return k.Model(x, k.layers.Dense(3, name="head")(h), name="net")


def shared_and_ops(k):
    a, b = k.Input((4,), name="a"), k.Input((3, 4), name="b")
    dense = k.layers.Dense(5, activation="tanh", name="dense")
    u, v = dense(a), dense(b[:, 1])
    h = k.ops.concatenate([u * 2.0 - v, k.ops.exp(-k.ops.abs(u))], axis=-1)
    return k.Model([a, b], [k.layers.Dense(2, name="first")(h), k.ops.sum(h, -1, True)], name="net")


def nested(k):
    inner_x = k.Input((4,), name="inner_x")
    inner = k.Model(inner_x, k.layers.Dense(3, name="deep")(inner_x), name="inner")
    stack = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="last")], name="stack")
    x = k.Input((4,), name="x")
    return k.Model(x, {"y": stack(inner(x)), "z": inner(x * 0.5)}, name="net")


CASES = {
    "chain": (chain, lambda: rows(32, 4), lambda: rows(32, 2)),
    "residual": (residual, lambda: rows(32, 6, 6, 3), lambda: rows(32, 3)),
    "shared_and_ops": (
        shared_and_ops,
        lambda: [rows(32, 4), rows(32, 3, 4)],
        lambda: [rows(32, 2), rows(32, 1)],
    ),
    "nested": (
        nested,
        lambda: rows(32, 4),
        lambda: {"y": rows(32, 2), "z": rows(32, 3)},
    ),
}
cases = pytest.mark.parametrize("case", CASES)


def pair(case):
    build, x, y = CASES[case]
    ours, theirs = build(nacre), build(keras)
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    weights = [rows(*w.shape) * 0.5 for w in theirs.weights]
    weights = [
        np.abs(w) if "variance" in v.path else w
        for w, v in zip(weights, theirs.weights, strict=True)
    ]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs, x(), y()


def close(ours, theirs, rtol=2e-5, atol=2e-5):
    a, b = (nacre.tree.flatten(v) for v in (ours, theirs))
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=rtol, atol=atol)


def same_logs(ours, theirs, rtol=1e-4):
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=rtol, atol=1e-5, err_msg=name)


@cases
def test_outputs(case):
    ours, theirs, x, _ = pair(case)
    received, expected = ours(x), theirs(x)
    nacre.tree.assert_same_structure(received, expected)
    close(received, expected)
    a, b = ours.predict(x, verbose=0), theirs.predict(x, verbose=0)
    nacre.tree.assert_same_structure(a, b)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert ours.output_names == theirs.output_names
    assert [t.shape for t in ours.outputs] == [t.shape for t in theirs.outputs]


@cases
def test_twenty_steps(case):
    ours, theirs, x, y = pair(case)
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        histories.append(model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0).history)
    same_logs(*histories, rtol=2e-4)
    close(ours.get_weights(), theirs.get_weights(), rtol=2e-3, atol=2e-4)


def settings(k):
    return {
        "one": {"loss": "mse", "metrics": ["mae", k.metrics.RootMeanSquaredError()]},
        "list": {
            "loss": ["mse", "mae"],
            "loss_weights": [1.0, 0.3],
            "metrics": [["mae"], ["mse", "mae"]],
        },
        "weighted": {
            "loss": ["mse", "mae"],
            "metrics": [["mae"], None],
            "weighted_metrics": [["mae"], ["mse"]],
        },
        "partly": {"loss": ["mse", None]},
    }


@pytest.mark.parametrize("name", ["list", "weighted", "partly"])
@pytest.mark.parametrize("weights", ["none", "one", "each"])
def test_logs_of_two_outputs(name, weights):
    ours, theirs, x, y = pair("shared_and_ops")
    if name == "partly":
        if weights == "each":
            pytest.skip("Keras pairs weights with the outputs that have a loss")
        y = [y[0]]
    weight = {"none": None, "one": np.abs(rows(32)), "each": [np.abs(rows(32)) for _ in y]}[weights]
    results = []
    for k, model in ((nacre, ours), (keras, theirs)):
        model.compile("sgd", **settings(k)[name])
        history = model.fit(
            x,
            y,
            sample_weight=weight,
            batch_size=8,
            epochs=2,
            shuffle=False,
            verbose=0,
            validation_data=(x, y),
        )
        values = model.evaluate(x, y, sample_weight=weight, batch_size=8, verbose=0)
        logs = model.evaluate(x, y, sample_weight=weight, batch_size=8, verbose=0, return_dict=True)
        results.append((history.history, values, logs))
    (a, a_values, a_logs), (b, b_values, b_logs) = results
    same_logs(a, b)
    same_logs(a_logs, b_logs)
    np.testing.assert_allclose(a_values, b_values, rtol=1e-4, atol=1e-5)


def test_logs_by_output_name():
    ours, theirs, x, y = pair("nested")
    results = []
    for model in (ours, theirs):
        model.compile(
            "adam",
            loss={"y": "mse", "z": "mae"},
            loss_weights={"y": 0.5, "z": 2.0},
            metrics={"z": ["mse"]},
        )
        history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        results.append(history.history)
    same_logs(*results)


def test_logs_of_one_output():
    ours, theirs, x, y = pair("chain")
    results = []
    for k, model in ((nacre, ours), (keras, theirs)):
        model.compile("sgd", **settings(k)["one"])
        history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        results.append((history.history, model.evaluate(x, y, verbose=0)))
    same_logs(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-4)


def translated(value, ours="nacre", theirs="keras"):
    """A configuration of one package as the other one spells its modules."""
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            if key == "module" and isinstance(item, str):
                if ".ops" in item:
                    item = f"{ours}.ops"
                elif item.split(".")[0] == theirs:
                    item = ours + item[len(theirs) :]
            found[key] = translated(item, ours, theirs)
        return found
    return [translated(item, ours, theirs) for item in value] if isinstance(value, list) else value


@cases
def test_config_of_keras_is_read(case):
    ours, theirs, x, _ = pair(case)
    config = translated(json.loads(json.dumps(theirs.get_config())))
    again = nacre.Model.from_config(config)
    again.set_weights(theirs.get_weights())
    close(again(x), theirs(x))
    assert [layer.name for layer in again.layers] == [layer.name for layer in theirs.layers]


def calls(config):
    return {layer["name"]: layer["inbound_nodes"] for layer in config["layers"]}


@cases
def test_config_has_the_same_calls(case):
    ours, theirs, _, _ = pair(case)
    a, b = (json.loads(json.dumps(m.get_config())) for m in (ours, theirs))
    for key in ("name", "trainable", "input_layers", "output_layers"):
        assert a[key] == b[key]
    for nodes in calls(b).values():
        for node in nodes:
            if node["kwargs"].get("mask", 0) is None:  # Keras writes it where it is not given
                del node["kwargs"]["mask"]
    assert calls(a) == calls(b)


@cases
def test_summary(case, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setenv("LINES", "40")
    ours, theirs, _, _ = pair(case)
    for kwargs in ({}, {"show_trainable": True}):
        texts: list[str] = []
        for model in (ours, theirs):
            model.summary(print_fn=texts.append, **kwargs)
        assert texts[0] == texts[1]


def custom(k, grads):
    """A model with a step and metrics of its own, as Keras's guide writes them."""

    class Custom(k.Model):
        def __init__(self):
            super().__init__()
            self.hidden = k.layers.Dense(4, activation="tanh", name="hidden")
            self.out = k.layers.Dense(1, name="out")
            self.tracker = k.metrics.Mean(name="loss")
            self.mae = k.metrics.MeanAbsoluteError(name="mae")

        def call(self, x):
            return self.out(self.hidden(x))

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            loss = k.ops.mean(k.ops.square(y_pred - y)) + 0.1 * k.ops.mean(k.ops.abs(y_pred))
            self.tracker.update_state(loss)
            return loss

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            self.mae.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

        @property
        def metrics(self):
            return [self.tracker, self.mae]

    return Custom()


def test_compute_loss_and_metrics_are_overridden():
    x, y = rows(32, 3), rows(32, 1)
    results = []
    weights = None
    for k in (nacre, keras):
        model = custom(k, None)
        model(x)
        weights = weights or [np.asarray(w) for w in model.get_weights()]
        model.set_weights(weights)
        model.compile("sgd")
        history = model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)
        results.append((history.history, model.evaluate(x, y, batch_size=8, verbose=0)))
    same_logs(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-4)


def test_freezing_takes_effect_with_compile():
    ours, theirs, x, y = pair("chain")
    for frozen in ("a", "b"):
        for model in (ours, theirs):
            model.compile("sgd", "mse")
            for layer in model.layers:
                layer.trainable = layer.name != frozen
            before = model.get_layer(frozen).get_weights()
            model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
            np.testing.assert_array_equal(model.get_layer(frozen).get_weights()[0], before[0])
        close(ours.get_weights(), theirs.get_weights(), atol=1e-4)


def add_if_given(k):
    class AddIfGiven(k.layers.Layer):
        def call(self, x, y=None):
            return x if y is None else x + y

        def compute_output_shape(self, x_shape, y_shape=None):
            return x_shape

    a, b = k.Input((4,), name="a"), k.Input((4,), optional=True, name="b")
    return k.Model([a, b], k.layers.Dense(2)(AddIfGiven()(a, b)))


@pytest.mark.parametrize("given", [True, False])
def test_optional_inputs(given):
    theirs, ours = add_if_given(keras), add_if_given(nacre)
    ours.set_weights(theirs.get_weights())
    x, target = [rows(32, 4), rows(32, 4) if given else None], rows(32, 2)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)
    for model in (theirs, ours):
        model.compile("sgd", "mse")
        model.fit(x, target, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5
    )
    specs = [entry["config"]["optional"] for entry in ours.get_config()["layers"][:2]]
    assert specs == [entry["config"]["optional"] for entry in theirs.get_config()["layers"][:2]]


@pytest.mark.parametrize("size", [3, 7, 50])
def test_steps_per_execution(size):
    def calls_of(k):
        seen = []

        class Watch(k.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                seen.append(("begin", batch))

            def on_train_batch_end(self, batch, logs=None):
                seen.append(("end", batch))

            def on_test_batch_begin(self, batch, logs=None):
                seen.append(("begin test", batch))

            def on_test_batch_end(self, batch, logs=None):
                seen.append(("end test", batch))

            def on_predict_batch_end(self, batch, logs=None):
                seen.append(("predict", batch, np.shape(logs["outputs"])))

        model = chain(k)
        model.compile("sgd", "mse", steps_per_execution=size)
        x, y = np.ones((100, 4), "float32"), np.ones((100, 2), "float32")
        options = {"batch_size": 8, "verbose": 0, "callbacks": [Watch()]}
        model.fit(x, y, epochs=2, **options)
        model.evaluate(x, y, **options)
        model.predict(x, **options)
        return seen

    assert calls_of(nacre) == calls_of(keras)


def test_a_variable_beside_a_placeholder():
    def outputs(k):
        x = k.Input((3,))
        scale = k.Variable(np.array([1.0, 2.0, 3.0], "float32"))
        model = k.Model(x, x * scale)
        data = np.ones((2, 3), "float32")
        first = np.array(model(data))
        scale.assign([4.0, 5.0, 6.0])
        with pytest.raises(TypeError):
            model.get_config()
        return first, np.array(model(data)), model.weights

    for ours, theirs in zip(outputs(nacre), outputs(keras), strict=True):
        np.testing.assert_array_equal(ours, theirs)
