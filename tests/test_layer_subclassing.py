"""Layers written in Python: tracking, building, calling, configuration."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import nacre
from nacre import layers, ops


class Linear(layers.Layer):
    def __init__(self, units=3, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = nacre.activations.get(activation)

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.counter = self.add_weight(
            initializer="zeros", trainable=False, dtype="int32", name="counter"
        )

    def call(self, inputs):
        return self.activation(ops.matmul(inputs, self.kernel) + self.bias)


class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = Linear(4)
        self.parts = [layers.Dense(2), layers.Dense(3)]
        self.named = {"drop": layers.Dropout(0.5)}
        self.seen = []

    def call(self, inputs, training=False):
        self.seen.append(training)
        x = self.first(inputs)
        for part in self.parts:
            x = part(x)
        return self.named["drop"](x)


x = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)


def test_weights_and_call():
    layer = Linear(activation="relu")
    assert not layer.built
    y = layer(x)
    assert layer.built
    assert [w.name for w in layer.weights] == ["kernel", "bias", "counter"]
    assert [w.name for w in layer.trainable_variables] == ["kernel", "bias"]
    assert layer.weights[0].path == f"{layer.name}/kernel"
    expected = np.maximum(x @ layer.kernel.numpy(), 0)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert layer.name.startswith("linear")


def test_direct_build():
    layer = Linear()
    layer.build((None, 6))
    assert layer.built
    assert layer.kernel.path == f"{layer.name}/kernel"
    layer(x)
    assert len(layer.weights) == 3
    assert layer.get_build_config() == {"input_shape": (None, 6)}


def test_nested_layers_are_tracked():
    block = Block()
    block(x)
    assert len(block.weights) == 3 + 2 + 2
    assert len(block.variables) == 3 + 2 + 2 + 1  # with the seed of dropout
    paths = [w.path for w in block.weights]
    assert paths[0] == f"{block.name}/{block.first.name}/kernel"
    extra = layers.Dense(1)
    block.parts.append(extra)
    assert extra in block._layers
    block.parts.pop()
    assert extra not in block._layers
    old = block.first
    block.first = Linear(4)
    assert old not in block._layers


def test_training_argument_reaches_nested_layers():
    block = Block()
    block(x)
    assert block.seen[-1] is False
    a, b = block(x, training=True).numpy(), block(x, training=True).numpy()
    assert block.seen[-1] is True
    assert (a != b).any()

    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def call(self, inputs):
            return self.block(inputs)

    outer = Outer()
    outer(x, training=True)
    assert outer.block.seen[-1] is True
    outer(x)
    assert outer.block.seen[-1] is False


def test_trainable_reaches_nested_layers():
    block = Block()
    block(x)
    block.trainable = False
    assert block.trainable_weights == []
    assert not block.parts[0].trainable
    block.trainable = True
    block.parts[0].trainable = False
    assert len(block.trainable_weights) == 2 + 2


def test_gradients():
    layer = Linear()
    layer(x)
    with nacre.GradientTape() as tape:
        loss = ops.sum(layer(x))
    kernel, bias = tape.gradient(loss, layer.trainable_variables)
    np.testing.assert_allclose(kernel.numpy(), np.repeat(x.sum(0)[:, None], 3, 1), rtol=1e-4)
    np.testing.assert_allclose(bias.numpy(), np.full(3, 5.0))


def test_config_of_arguments():
    layer = Linear(7, activation="relu", name="mine")
    config = layer.get_config()
    assert config["units"] == 7
    assert config["activation"] == "relu"
    assert config["name"] == "mine"
    again = Linear.from_config(config)
    assert again.units == 7
    assert again.name == "mine"

    class Derived(Linear):
        pass

    assert Derived(2).get_config()["units"] == 2


def test_config_that_is_written():
    class Scale(layers.Layer):
        def __init__(self, factor, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    scale = Scale.from_config(Scale(3, dtype="mixed_bfloat16").get_config())
    assert scale.factor == 3
    assert scale(x).dtype == "bfloat16"


def test_add_loss_and_activity_regularizer():
    class Penalized(layers.Layer):
        def call(self, inputs):
            self.add_loss(ops.sum(inputs) * 2)
            return inputs

    layer = Penalized(activity_regularizer="l1")
    layer(x)
    added, activity = (float(loss) for loss in layer.losses)
    assert added == pytest.approx(2 * x.sum(), rel=1e-4)
    assert activity == pytest.approx(0.01 * np.abs(x).sum() / 5, rel=1e-4)


def test_losses_are_those_of_the_last_call_from_outside():
    class Penalized(layers.Layer):
        def call(self, inputs):
            self.add_loss(ops.sum(inputs))
            return inputs

    class Twice(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Penalized()
            self.dense = layers.Dense(3, kernel_regularizer="l2")

        def call(self, inputs):
            return self.dense(self.inner(self.inner(inputs)))

    layer = Twice()
    assert layer.losses == []
    for _ in range(2):
        layer(x)
        assert len(layer.losses) == 3  # two of the calls inside, one of the weights
    layer.inner(x)
    assert len(layer.inner.losses) == 1
    model = nacre.Sequential([nacre.Input((x.shape[1],)), layer])
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((len(x), 3)), verbose=0)
    assert [float(loss) for loss in model.losses] == [pytest.approx(float(layer.losses[0]))]


def test_mixed_precision_casts_inputs_and_variables():
    class Probe(Linear):
        def call(self, inputs):
            self.dtypes = (str(inputs.dtype), str((self.kernel * 1).dtype))
            return super().call(inputs)

    layer = Probe(dtype="mixed_bfloat16")
    y = layer(x)
    assert layer.dtypes == ("bfloat16", "bfloat16")
    assert y.dtype == "bfloat16"
    assert layer.kernel.dtype == "float32"
    keeps = Probe(dtype="mixed_bfloat16", autocast=False)
    keeps(x)
    assert keeps.dtypes == ("float32", "float32")


def test_structures_of_inputs_and_outputs():
    class Pair(layers.Layer):
        def build(self, input_shape):
            self.shapes = input_shape

        def call(self, inputs):
            a, b = inputs
            return {"sum": a + b, "both": [a, b]}

    layer = Pair()
    out = layer([x, x])
    assert layer.shapes == [(5, 6), (5, 6)]
    np.testing.assert_allclose(out["sum"].numpy(), 2 * x)
    assert len(out["both"]) == 2

    class Named(layers.Layer):
        def build(self, query_shape, value_shape):
            self.shapes = (query_shape, value_shape)

        def call(self, query, value, scale=1.0):
            return query * scale + value

    named = Named()
    y = named(x, value=x[:1], scale=3.0)
    assert named.shapes == ((5, 6), (1, 6))
    np.testing.assert_allclose(y.numpy(), 3 * x + x[:1], rtol=1e-6)


def test_compute_output_shape():
    assert Linear(4).compute_output_shape((None, 6)) == (None, 4)
    assert Block().compute_output_shape((None, 6)) == (None, 3)


def test_subclass_of_a_native_layer():
    class Doubled(layers.Dense):
        def call(self, inputs, training=None):
            return super().call(inputs) * 2

    layer = Doubled(3, name="twice")
    y = layer(x).numpy()
    np.testing.assert_allclose(y, 2 * (x @ layer.kernel.numpy()), rtol=1e-4, atol=1e-5)
    assert layer.units == 3
    assert len(layer.weights) == 2
    assert Doubled.from_config(layer.get_config()).units == 3

    class Small(layers.Dense):
        def __init__(self, **kwargs):
            super().__init__(2, **kwargs)
            self.note = "small"

    small = Small()
    assert small(x).shape == (5, 2)
    assert small.name.startswith("small")


def test_in_a_sequential():
    model = nacre.Sequential([layers.Dense(4), Linear(2)])
    assert model(x).shape == (5, 2)
    assert len(model.weights) == 5


def test_model_is_built_from_a_shape():
    class Net(nacre.Model):
        def __init__(self):
            super().__init__()
            self.first = layers.Dense(4)
            self.second = Linear(2)

        def call(self, inputs, training=None):
            return self.second(self.first(inputs))

    model = Net()
    model.build((None, 6))
    assert model.built
    assert len(model.weights) == 5
    assert model(x).shape == (5, 2)
    assert Net()(x).shape == (5, 2)
    again = Net()
    again.build_from_config(model.get_build_config())
    assert len(again.weights) == 5


def test_errors():
    class Unready(layers.Layer):
        def __init__(self):
            self.units = 3

    with pytest.raises(RuntimeError, match=r"Unready: call super\(\).__init__\(\) before"):
        Unready()
    with pytest.raises(TypeError, match=r"Linear: unknown argument 'nme'\. Did you mean 'name'\?"):
        Linear(nme="x")
    with pytest.raises(NotImplementedError, match=r"call\(\) is not defined"):
        layers.Layer()(x)
    with pytest.raises(ValueError, match="needs a built layer"):
        Linear().count_params()

    class Failing(layers.Layer):
        def call(self, inputs):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Failing()(x)

    class Spec(Linear):
        def __init__(self):
            super().__init__(name="spec")
            self.input_spec = layers.InputSpec(min_ndim=3)

    with pytest.raises(ValueError, match=r"Spec 'spec': expected an input of at least rank 3"):
        Spec()(x)


def test_layers_are_freed():
    layer = Block()
    layer(x)
    reference = weakref.ref(layer)
    del layer
    gc.collect()
    assert reference() is None
