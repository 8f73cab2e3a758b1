"""Predicting keeps weights packed from call to call: whatever changes a weight must show."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import nacre
from nacre import layers

X = np.random.default_rng(0).normal(size=(48, 12, 12, 16)).astype("float32")
Y = np.arange(48) % 3


def network():
    nacre.utils.set_random_seed(1)
    model = nacre.Sequential(
        [
            nacre.Input((12, 12, 16)),
            layers.Conv2D(24, 3, activation="relu"),  # Winograd's points
            layers.Conv2D(20, 3, strides=2),  # panels
            layers.Conv2D(32, 1, activation="relu"),  # a product of all pixels
            layers.Conv2DTranspose(16, 3),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
    model.compile("sgd", nacre.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def assert_current(model, x=X):
    """predict gives what the layers, one by one, give for the present weights."""
    np.testing.assert_array_equal(
        model.predict(x, batch_size=len(x), verbose=0), model(x, training=False).numpy()
    )


def scaled(model):
    return [w * 1.5 for w in model.get_weights()]


CHANGES = {
    "assign": lambda m, _: m.layers[0].kernel.assign(m.layers[0].kernel * 2.0),
    "assign_add": lambda m, _: m.layers[2].bias.assign_add(np.ones(32)),
    "set_weights": lambda m, _: m.set_weights(scaled(m)),
    "train_on_batch": lambda m, _: m.train_on_batch(X[:8], Y[:8]),
    "fit": lambda m, _: m.fit(X, Y, batch_size=16, epochs=1, verbose=0),
    "load_weights": lambda m, folder: other_weights(m, folder),
    "a scale": lambda m, _: m.layers[4].gamma.assign([0.5] * 16),
}


def other_weights(model, folder):
    other = nacre.models.clone_model(model)
    other.set_weights(scaled(model))
    other.save_weights(folder / "w.weights.safetensors")
    model.load_weights(folder / "w.weights.safetensors")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows(change, tmp_path):
    model = network()
    assert_current(model)
    before = model.predict(X, verbose=0)
    CHANGES[change](model, tmp_path)
    assert np.abs(model.predict(X, verbose=0) - before).max() > 1e-6
    assert_current(model)
    assert_current(model, X[:1])


def test_a_custom_step_that_only_predicts():
    model = network()
    predict = nacre.function(lambda x: model(x, training=False))
    for _ in range(2):
        np.testing.assert_array_equal(predict(X).numpy(), model(X, training=False).numpy())
        model.set_weights(scaled(model))


def test_threads_predict_while_the_weights_change():
    model = network()
    results, stop = [], threading.Event()
    weights = [model.get_weights(), scaled(model)]
    expected = []
    for values in weights:
        model.set_weights(values)
        expected.append(model.predict(X[:4], verbose=0))

    def work():
        while not stop.is_set():
            results.append(np.isfinite(model.predict(X[:4], verbose=0)).all())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(20):
        model.set_weights(weights[i % 2])
    stop.set()
    for thread in threads:
        thread.join()
    assert all(results)
    np.testing.assert_array_equal(model.predict(X[:4], verbose=0), expected[1])


def test_the_summary_says_what_is_kept():
    model = network()
    model.predict(X, verbose=0)
    lines = []
    model.plan_summary("predict", print_fn=lines.append)
    assert "values kept while the weights stay the same" in lines[0]
