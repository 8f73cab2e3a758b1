"""Files of Keras 3 read by nacre, and files of nacre read by real Keras 3."""

from __future__ import annotations

import os

import numpy as np
import pytest

import nacre

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
pytest.importorskip("h5py", reason="h5py is not installed (extra [keras])")

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(16, 8, 8, 3)).astype("float32")
LABELS = rng.integers(0, 3, 16)
ROWS = rng.normal(size=(16, 5)).astype("float32")


def convolutions(m):
    return m.Sequential(
        [
            m.Input((8, 8, 3)),
            m.layers.Conv2D(4, 3, padding="same", name="first"),
            m.layers.BatchNormalization(),
            m.layers.Activation("relu"),
            m.layers.MaxPooling2D(),
            m.layers.Conv2D(4, 3, strides=2, use_bias=False),
            m.layers.Flatten(),
            m.layers.Dropout(0.2),
            m.layers.Dense(6, activation="gelu", kernel_regularizer="l2"),
            m.layers.LayerNormalization(),
            m.layers.Dense(3, activation="softmax"),
        ],
        name="images",
    )


def without_input(m):
    model = m.Sequential([m.layers.Dense(4, activation="tanh"), m.layers.Dense(3)])
    model.build((None, 5))
    return model


def nested(m):
    inner = m.Sequential([m.layers.Dense(4), m.layers.Dense(4)])
    return m.Sequential([m.Input((5,)), m.layers.Dense(4), inner, m.layers.Dense(3)])


MODELS = {"convolutions": (convolutions, IMAGES), "without": (without_input, ROWS)}
MODELS["nested"] = (nested, ROWS)
OPTIMIZERS = {
    "adam": lambda m: m.optimizers.Adam(0.01),
    "sgd": lambda m: m.optimizers.SGD(0.05, momentum=0.9, clipnorm=1.0),
    "schedule": lambda m: m.optimizers.RMSprop(
        m.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)
    ),
}


def trained(m, name, optimizer="adam"):
    make, x = MODELS[name]
    m.utils.set_random_seed(1)
    model = make(m)
    loss = m.losses.SparseCategoricalCrossentropy(from_logits=name != "convolutions")
    model.compile(OPTIMIZERS[optimizer](m), loss, metrics=["accuracy"])
    model.fit(x, LABELS, batch_size=8, epochs=2, verbose=0)
    return model, x


def same_state(a, b):
    for ours, theirs in zip(a, b, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
def test_keras_reads_what_nacre_wrote(name, optimizer, tmp_path):
    model, x = trained(nacre, name, optimizer)
    model.save(tmp_path / "m.keras")
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(theirs.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)
    same_state(theirs.optimizer.variables, model.optimizer.variables)
    loss = theirs.train_on_batch(x[:8], LABELS[:8])  # it goes on training
    assert np.isfinite(loss).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
def test_nacre_reads_what_keras_wrote(name, optimizer, tmp_path):
    model, x = trained(keras, name, optimizer)
    model.save(tmp_path / "m.keras")
    ours = nacre.saving.load_model(tmp_path / "m.keras")
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(ours.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)
    same_state(ours.optimizer.variables, model.optimizer.variables)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in model.layers]
    if name == "convolutions":
        return  # dropout differs
    for m in (model, ours):
        m.train_on_batch(x[:8], LABELS[:8])
    same_state(ours.get_weights(), model.get_weights())


@pytest.mark.parametrize("name", MODELS)
def test_weights_files(name, tmp_path):
    ours, x = trained(nacre, name)
    theirs, _ = trained(keras, name)
    ours.save_weights(tmp_path / "a.weights.h5")
    theirs.save_weights(tmp_path / "b.weights.h5")
    for module, path, expected in ((keras, "a", ours), (nacre, "b", theirs)):
        again = MODELS[name][0](module)
        again.load_weights(tmp_path / f"{path}.weights.h5")
        same_state(again.get_weights(), expected.get_weights())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_policies(policy, tmp_path):
    def make(m):
        return m.Sequential(
            [m.Input((5,)), m.layers.Dense(4, dtype=policy), m.layers.Dense(3, dtype="float32")]
        )

    for module, other in ((nacre, keras), (keras, nacre)):
        model = make(module)
        model.save(tmp_path / "m.keras")
        again = other.saving.load_model(tmp_path / "m.keras")
        assert again.layers[0].dtype_policy.name == policy
        for v, w in zip(model.weights, again.weights, strict=True):
            v, w = (keras.ops.cast(np.asarray(x, "float32"), "float32") for x in (v, w))
            np.testing.assert_array_equal(v, w)


SEQUENCES = rng.normal(size=(6, 5, 4)).astype("float32")
COMPOSITES = {
    "lstm": lambda m: m.layers.LSTM(3),
    "gru": lambda m: m.layers.GRU(3, return_sequences=True),
    "cells": lambda m: m.layers.RNN([m.layers.LSTMCell(2), m.layers.GRUCell(3)]),
    "bidirectional": lambda m: m.layers.Bidirectional(m.layers.LSTM(2)),
    "time_distributed": lambda m: m.layers.TimeDistributed(m.layers.Dense(3)),
    "spectral": lambda m: m.layers.SpectralNormalization(m.layers.Dense(3)),
    "einsum": lambda m: m.layers.EinsumDense("abc,cd->abd", output_shape=(None, 6), bias_axes="d"),
    "group": lambda m: m.layers.GroupNormalization(2),
}


@pytest.mark.parametrize("name", COMPOSITES)
def test_layers_made_of_others(name, tmp_path):
    def make(m):
        m.utils.set_random_seed(2)
        return m.Sequential([m.Input((5, 4)), COMPOSITES[name](m), m.layers.Flatten()])

    for module, other in ((nacre, keras), (keras, nacre)):
        model = make(module)
        model.save(tmp_path / "m.keras")
        again = other.saving.load_model(tmp_path / "m.keras")
        expected = np.asarray(model.predict(SEQUENCES, verbose=0))
        received = np.asarray(again.predict(SEQUENCES, verbose=0))
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention"])
@pytest.mark.parametrize("gate", [False, True])
def test_attention_weights(name, gate, tmp_path):
    arguments = (2, 3) if name == "MultiHeadAttention" else (3, 4, 2)

    def make(m):
        class Net(m.Model):
            def __init__(self):
                super().__init__()
                self.attention = getattr(m.layers, name)(*arguments, use_gate=gate)

            def call(self, x):
                return self.attention(x, x)

        net = Net()
        net(SEQUENCES)
        return net

    for module, other in ((nacre, keras), (keras, nacre)):
        model, again = make(module), make(other)
        model.save_weights(tmp_path / "m.weights.h5")
        again.load_weights(tmp_path / "m.weights.h5")
        expected, received = np.asarray(model(SEQUENCES)), np.asarray(again(SEQUENCES))
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


POLICIES = {"RandAugment": {"factor": (0.1, 0.3)}, "AugMix": {"num_chains": 2}}
POLICIES["RandomElasticTransform"] = {"scale": 0.4}


@pytest.mark.parametrize("name", POLICIES)
def test_layers_with_seeds_within(name, tmp_path):
    for module, other in ((nacre, keras), (keras, nacre)):
        layer = getattr(module.layers, name)(**POLICIES[name])
        model = module.Sequential([module.Input((8, 8, 3)), layer, module.layers.Conv2D(2, 3)])
        model.save(tmp_path / "m.keras")
        again = other.saving.load_model(tmp_path / "m.keras")
        assert list(again.layers[0].factor) == list(layer.factor)
        expected = np.asarray(model.predict(IMAGES, verbose=0))
        received = np.asarray(again.predict(IMAGES, verbose=0))
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tied", [True, False])
def test_an_embedding_that_goes_both_ways(tied, tmp_path):
    ids = rng.integers(0, 9, (3, 5)).astype("int32")
    for module, other in ((nacre, keras), (keras, nacre)):
        x = module.Input((5,), dtype="int32")
        words = module.layers.ReversibleEmbedding(9, 4, tie_weights=tied, logit_soft_cap=2.0)
        model = module.Model(x, words(module.layers.Dense(4)(words(x)), reverse=True))
        model.save(tmp_path / "m.keras")
        again = other.saving.load_model(tmp_path / "m.keras")
        expected = np.asarray(model.predict(ids, verbose=0))
        received = np.asarray(again.predict(ids, verbose=0))
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


def test_vocabularies(tmp_path):
    pytest.importorskip("tensorflow", reason="Keras's lookups need tensorflow")
    for module, other in ((keras, nacre), (nacre, keras)):
        layer = module.layers.IntegerLookup(num_oov_indices=1)
        layer.adapt(np.array([3, 3, 3, 8, 8, 5]))
        model = module.Sequential([module.Input((2,), dtype="int64"), layer])
        model.save(tmp_path / "m.keras")
        again = other.saving.load_model(tmp_path / "m.keras")
        assert list(again.layers[0].get_vocabulary()) == list(layer.get_vocabulary())


def test_a_loss_scale_optimizer(tmp_path):
    model = without_input(nacre)
    inner = nacre.optimizers.Adam(0.01)
    model.compile(nacre.optimizers.LossScaleOptimizer(inner, dynamic_growth_steps=2), "mse")
    model.fit(ROWS, np.zeros((16, 3)), verbose=0)
    model.save(tmp_path / "m.keras")
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    same_state(theirs.optimizer.variables, model.optimizer.variables)
    theirs.save(tmp_path / "n.keras")
    again = nacre.saving.load_model(tmp_path / "n.keras")
    same_state(again.optimizer.variables, model.optimizer.variables)


def test_subclassed_weights(tmp_path):
    def make(m):
        class Net(m.Model):
            def __init__(self):
                super().__init__()
                self.stack = [m.layers.Dense(4), m.layers.Dense(4), m.layers.BatchNormalization()]
                self.zero = m.layers.Dense(3)
                self._hidden = m.layers.Dense(2)

            def call(self, x):
                for layer in self.stack:
                    x = layer(x)
                return self._hidden(self.zero(x))

        net = Net()
        net(ROWS)
        return net

    ours, theirs = make(nacre), make(keras)
    ours.save_weights(tmp_path / "a.weights.h5")
    theirs.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_allclose(np.asarray(theirs(ROWS)), ours(ROWS).numpy(), rtol=1e-5, atol=1e-6)
    again = make(keras)
    again.save_weights(tmp_path / "b.weights.h5")
    ours.load_weights(tmp_path / "b.weights.h5")
    np.testing.assert_allclose(np.asarray(again(ROWS)), ours(ROWS).numpy(), rtol=1e-5, atol=1e-6)
