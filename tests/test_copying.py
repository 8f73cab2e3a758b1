"""Pickling and copying layers, models and the objects that training is made of."""

import copy
import pickle

import numpy as np
import pytest

import nacre
from nacre import layers, ops

WAYS = {"pickle": lambda o: pickle.loads(pickle.dumps(o)), "copy": copy.copy, "deep": copy.deepcopy}
X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
Y = np.arange(12) % 3


class Scaled(layers.Layer):
    """A layer written in Python, with weights and a layer of its own."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.dense = layers.Dense(4)

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="uniform")
        self.dense.build(input_shape)

    def call(self, inputs):
        return self.dense(inputs * self.scale) * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def again(model):
    return model.predict(X, verbose=0)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(3, activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization,
        lambda: layers.Dropout(0.5, seed=3),
        lambda: Scaled(2.0),
    ],
)
def test_layers(make, way):
    layer = make()
    assert way(layer).get_config() == layer.get_config()
    expected = layer(X)
    for variable in layer.variables:
        if not variable.dtype.startswith("u"):
            variable.assign(variable + 1.0)
    expected = layer(X)
    twin = way(layer)
    assert twin.name == layer.name
    np.testing.assert_array_equal(twin(X), expected)
    for variable in twin.variables:
        variable.assign(ops.zeros_like(variable))
    np.testing.assert_array_equal(layer(X), expected)  # nothing is shared


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_sequential_models_with_their_training(way):
    model = nacre.Sequential([nacre.Input((4,)), Scaled(3.0), layers.Dense(3)])
    loss = nacre.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(nacre.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    model.fit(X, Y, epochs=2, verbose=0)
    twin = way(model)
    np.testing.assert_array_equal(again(twin), again(model))
    for m in (model, twin):
        m.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    np.testing.assert_array_equal(again(twin), again(model))  # moments came along


def doubled(x):
    return x * 2.0


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_functional_models(way):
    x = nacre.Input((4,))
    model = nacre.Model(x, [layers.Dense(2)(layers.Lambda(doubled)(x)), x + layers.Dense(4)(x)])
    for a, b in zip(again(way(model)), again(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_lambda_is_copied_but_not_pickled():
    x = nacre.Input((4,))
    model = nacre.Model(x, layers.Lambda(lambda t: t * 2.0)(x))
    np.testing.assert_array_equal(again(copy.deepcopy(model)), X * 2)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(model)


def test_a_model_that_is_not_built():
    model = nacre.Sequential([layers.Dense(3, name="first")])
    twin = copy.deepcopy(model)
    assert [layer.name for layer in twin.layers] == ["first"]
    assert not twin.built


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "obj",
    [
        nacre.losses.Huber(0.5, name="h"),
        nacre.optimizers.AdamW(0.02, weight_decay=0.1),
        nacre.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9),
        nacre.initializers.HeNormal(seed=3),
        nacre.regularizers.L1L2(0.1, 0.2),
        nacre.constraints.MaxNorm(2.0),
    ],
    ids=lambda o: type(o).__name__,
)
def test_configured_objects(obj, way):
    twin = way(obj)
    assert type(twin) is type(obj)
    assert twin.get_config() == obj.get_config()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_state_comes_along(way):
    metric = nacre.metrics.Mean(name="m")
    metric.update_state([1.0, 2.0, 6.0])
    twin = way(metric)
    assert float(twin.result()) == 3.0
    twin.update_state([100.0])
    assert float(metric.result()) == 3.0
    seeds = nacre.random.SeedGenerator(5)
    seeds.next()
    np.testing.assert_array_equal(way(seeds).next(), seeds.next())
