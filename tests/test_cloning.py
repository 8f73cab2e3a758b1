"""clone_model, Wrapper, registered objects."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

X = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")


def model():
    x = nacre.Input((3,), name="x")
    dense = layers.Dense(3, activation="tanh", name="dense")
    h = dense(dense(x)) * 2.0
    return nacre.Model(x, {"a": layers.Dropout(0.5)(h, training=False), "b": h}, name="net")


def stack():
    return nacre.Sequential([nacre.Input((3,)), layers.Dense(2)], name="stack")


@pytest.mark.parametrize("make", [model, stack])
def test_a_clone_has_weights_of_its_own(make):
    original = make()
    clone = nacre.models.clone_model(original)
    assert clone.name == original.name
    assert [type(layer) for layer in clone.layers] == [type(layer) for layer in original.layers]
    assert not (clone.get_weights()[0] == original.get_weights()[0]).all()
    clone.set_weights(original.get_weights())
    for a, b in zip(*(nacre.tree.flatten(m(X)) for m in (clone, original)), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_clone_function_and_call_function():
    def frozen(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "trainable": False})

    clone = nacre.models.clone_model(model(), clone_function=frozen)
    assert clone.trainable_weights == []
    original = stack()
    kept = nacre.models.clone_model(original, clone_function=lambda layer: layer)
    assert kept.layers[0] is original.layers[0]

    def with_relu(layer, *args, **kwargs):
        y = layer(*args, **kwargs)
        return layers.ReLU()(y) if isinstance(layer, layers.Dense) else y

    x = nacre.Input((3,))
    drawn = nacre.Model(x, layers.Dense(2)(x))
    relu = nacre.models.clone_model(drawn, clone_function=lambda la: la, call_function=with_relu)
    np.testing.assert_array_equal(relu(X).numpy(), np.maximum(drawn(X).numpy(), 0))


def test_clone_on_given_inputs():
    x = nacre.Input((3,), name="given")
    clone = nacre.models.clone_model(model(), input_tensors=ops.tanh(x))
    assert clone(X)["a"].shape == (4, 3)
    with pytest.raises(ValueError, match="expected 1 inputs, received 2"):
        nacre.models.clone_model(model(), input_tensors=[x, x])


def test_nested_models_are_cloned():
    inner = stack()
    x = nacre.Input((3,))
    outer = nacre.Model(x, inner(x))

    def mark(layer):
        layer = type(layer).from_config(layer.get_config())
        marked.append(type(layer).__name__)
        return layer

    marked: list[str] = []
    nacre.models.clone_model(outer, clone_function=mark)
    assert marked == ["Sequential"]
    marked.clear()
    nacre.models.clone_model(outer, clone_function=mark, recursive=True)
    assert marked == ["Dense"]


def test_subclassed_models():
    class Net(nacre.Model):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(units)

        def call(self, x):
            return self.dense(x)

    clone = nacre.models.clone_model(Net(5))
    assert clone(X).shape == (4, 5)
    with pytest.raises(ValueError, match="expected a functional or Sequential model"):
        nacre.models.clone_model(Net(5), clone_function=lambda layer: layer)


def test_wrapper():
    class Twice(layers.Wrapper):
        def call(self, inputs):
            return self.layer(inputs) * 2.0

    wrapped = Twice(layers.Dense(2, name="within"))
    y = wrapped(X)
    np.testing.assert_array_equal(y.numpy(), wrapped.layer(X).numpy() * 2)
    assert len(wrapped.weights) == 2
    again = Twice.from_config(wrapped.get_config())
    assert again.layer.units == 2
    with pytest.raises(ValueError, match="Twice: expected a layer to wrap, received 3"):
        Twice(3)


def test_registered_objects():
    saving, utils = nacre.saving, nacre.utils

    @saving.register_keras_serializable(package="tests", name="triple")
    class Triple(layers.Layer):
        def call(self, x):
            return x * 3.0

    assert saving.get_registered_object("tests>triple") is Triple
    assert saving.get_registered_name(Triple) == "tests>triple"
    x = nacre.Input((3,))
    drawn = nacre.Model(x, Triple()(x))
    again = nacre.models.model_from_json(drawn.to_json())
    np.testing.assert_array_equal(again(X).numpy(), X * 3)
    for name in (
        "CustomObjectScope",
        "custom_object_scope",
        "deserialize_keras_object",
        "get_custom_objects",
        "get_registered_name",
        "get_registered_object",
        "register_keras_serializable",
        "serialize_keras_object",
    ):
        assert getattr(utils, name) is getattr(saving, name)


def test_custom_object_scope():
    class Half(layers.Layer):
        def call(self, x):
            return x / 2.0

    config = nacre.saving.serialize_keras_object(Half(name="half"))
    with pytest.raises(ValueError, match="unknown class 'Half'"):
        nacre.saving.deserialize_keras_object(config)
    with nacre.saving.custom_object_scope({"Half": Half}):
        assert isinstance(nacre.saving.deserialize_keras_object(config), Half)
