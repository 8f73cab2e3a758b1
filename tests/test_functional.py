"""Functional models: structures, shared layers, nested models, cuts, errors, files."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nacre
from nacre import layers, ops


def rows(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def same(a, b):
    a, b = (nacre.tree.flatten(v) for v in (a, b))
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


def test_the_model_computes_what_the_layers_do():
    first, second = layers.Dense(5, activation="relu"), layers.Dense(2)
    x = nacre.Input((3,))
    model = nacre.Model(x, second(first(x)))
    data = rows(4, 3)
    same(model(data), second(first(data)))
    same(model.predict(data, verbose=0), model(data))
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 2)
    assert [w.path for w in model.weights] == [w.path for w in first.weights + second.weights]
    assert isinstance(model, nacre.Model)
    assert [layer.name for layer in model.layers][1:] == [first.name, second.name]
    assert model.get_layer(first.name) is first
    assert model.get_layer(index=2) is second


INPUTS = {
    "list": lambda a, b: [a, b],
    "tuple": lambda a, b: (a, b),
    "dict": lambda a, b: {"b": b, "a": a},
    "nested": lambda a, b: {"pair": [a, {"b": b}]},
}


@pytest.mark.parametrize("nest", INPUTS.values(), ids=INPUTS)
def test_structures(nest, tmp_path):
    a, b = nacre.Input((3,), name="a"), nacre.Input((3,), name="b")
    model = nacre.Model(nest(a, b), nest(a - b, layers.Add()([a, b])))
    x, y = rows(2, 3), rows(2, 3, seed=1)
    expected = nest(x - y, x + y)
    received = model(nest(x, y))
    nacre.tree.assert_same_structure(received, expected)
    same(received, expected)
    nacre.tree.assert_same_structure(model.input, nest(a, b))
    model.save(tmp_path / "m.nacre")
    again = nacre.models.load_model(tmp_path / "m.nacre")
    same(again(nest(x, y)), expected)
    json.dumps(model.get_config())


def test_inputs_by_name():
    a, b = nacre.Input((3,), name="a"), nacre.Input((2,), name="b")
    model = nacre.Model([a, b], layers.Concatenate()([b, a]))
    x, y = rows(2, 3), rows(2, 2)
    same(model({"b": y, "a": x}), model([x, y]))
    with pytest.raises(ValueError, match=r"expected an input 'b', received \['a'\]"):
        model({"a": x})


def test_shared_layers():
    a, b = nacre.Input((3,)), nacre.Input((3,))
    shared = layers.Dense(2)
    ya, yb = shared(a), shared(b)
    model = nacre.Model([a, b], [ya, yb])
    x, y = rows(2, 3), rows(2, 3, seed=1)
    same(model([x, y]), [shared(x), shared(y)])
    assert len(model.weights) == 2
    with pytest.raises(AttributeError, match="there are 2 such calls"):
        _ = shared.output


def test_a_layer_that_is_called_on_its_own_output():
    x = nacre.Input((3,))
    layer, other = layers.Dense(3), layers.Dense(3)
    model = nacre.Model(x, layer(other(layer(x))))
    again = nacre.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    same(again(rows(2, 3)), model(rows(2, 3)))


def test_nested_models():
    inner_x = nacre.Input((3,))
    inner = nacre.Model(inner_x, [layers.Dense(2)(inner_x), inner_x * 2.0], name="inner")
    stack = nacre.Sequential([nacre.Input((2,)), layers.Dense(4, name="deep")], name="stack")
    x = nacre.Input((3,))
    a, b = inner(x)
    model = nacre.Model(x, [stack(a), b])
    data = rows(2, 3)
    ia, ib = inner(data)
    same(model(data), [stack(ia), ib])
    assert [layer.name for layer in model.layers][1:] == ["inner", "stack"]
    again = nacre.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    same(again(data), model(data))
    outer = nacre.Sequential([nacre.Input((3,)), nacre.Model(x, b)])
    same(outer(data), ib)


def test_unknown_dimensions():
    x = nacre.Input((None, 3))
    model = nacre.Model(x, layers.GlobalAveragePooling1D()(layers.Dense(2)(x)))
    assert model.output_shape == (None, 2)
    for length in (1, 5):
        assert model(rows(2, length, 3)).shape == (2, 2)


def test_feature_extractors():
    x = nacre.Input((4,))
    h = layers.Dense(5, name="hidden")(x)
    model = nacre.Model(x, layers.Dense(2)(h))
    data = rows(3, 4)
    hidden = nacre.Model(model.input, model.get_layer("hidden").output)
    same(hidden(data), model.get_layer("hidden")(data))
    head = nacre.Model(h, model.output)
    same(head(hidden(data)), model(data))
    assert head.get_config()["layers"][0]["class_name"] == "InputLayer"
    again = nacre.Model.from_config(head.get_config())
    again.set_weights(head.get_weights())
    same(again(hidden(data)), head(hidden(data)))
    stack = nacre.Sequential([nacre.Input((4,)), layers.Dense(3), layers.Dense(2)])
    cut = nacre.Model(stack.inputs, stack.layers[0].output)
    same(cut(data), stack.layers[0](data))
    more = nacre.Model(stack.input, layers.Dense(1)(stack.output))
    assert more(data).shape == (3, 1)


def test_operators_and_ops():
    x = nacre.Input((4, 3))
    last = x[:, -1]
    y = 2.0 * ops.sum(x, axis=1) - last / 3 + ops.exp(-last)
    y = ops.concatenate([y, y * np.full((1, 3), 0.5, "float32")], axis=-1)
    model = nacre.Model(x, [y, x[:, 1:3, None], ops.reshape(x, (-1, 12)), ops.split(x, 2, axis=1)])
    data = rows(2, 4, 3)
    z = 2 * data.sum(1) - data[:, -1] / 3 + np.exp(-data[:, -1])
    received = model(data)
    np.testing.assert_allclose(received[0], np.concatenate([z, z * 0.5], -1), rtol=1e-5)
    same(received[1:3], [data[:, 1:3, None], data.reshape(2, 12)])
    same(received[3], [data[:, :2], data[:, 2:]])
    assert all(isinstance(layer, layers.InputLayer) for layer in model.layers)
    again = nacre.Model.from_config(json.loads(json.dumps(model.get_config())))
    same(again(data), received)
    assert again.get_config() == model.get_config()


class Scaled(layers.Layer):
    """Takes a list, keywords that are tensors and keywords that are not."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.weight = self.add_weight(shape=(input_shape[0][-1],), initializer="ones")

    def call(self, pair, shift=None, power=1, training=False):
        y = (pair[0] + pair[1]) * self.weight * self.factor
        y = y**power if shift is None else y**power + shift
        return {"y": y, "twice": y * 2.0} if not training else {"y": y * 0.0, "twice": y}


def test_layers_written_in_python(tmp_path):
    a, b, c = (nacre.Input((3,), name=n) for n in "abc")
    out = Scaled(3.0, name="scaled")([a, b], shift=c, power=2)
    model = nacre.Model([a, b, c], [out["y"], out["twice"]])
    x, y, z = (rows(2, 3, seed=i) for i in range(3))
    expected = (x + y) ** 2 * 9 + z
    np.testing.assert_allclose(model([x, y, z])[0], expected, rtol=1e-5)
    assert (model([x, y, z], training=True)[0].numpy() == 0).all()
    model.save(tmp_path / "m.nacre")
    again = nacre.models.load_model(tmp_path / "m.nacre", custom_objects={"Scaled": Scaled})
    same(again([x, y, z]), model([x, y, z]))
    with pytest.raises(ValueError, match="unknown class 'Scaled'"):
        nacre.models.load_model(tmp_path / "m.nacre")


def test_call_arguments_are_kept():
    x = nacre.Input((4,))
    model = nacre.Model(x, [layers.Dropout(0.5)(x, training=True), layers.Dropout(0.5)(x)])
    data = np.ones((8, 4), "float32")
    for m in (model, nacre.Model.from_config(model.get_config())):
        always, never = m(data)
        assert (always.numpy() == 0).any()
        same(never, data)
    norm = layers.BatchNormalization()
    frozen = nacre.Model(x, norm(x, training=False))
    frozen(rows(8, 4), training=True)
    same(norm.moving_mean, np.zeros(4))


def test_subclass_with_inputs_and_outputs():
    class Net(nacre.Model):
        def __init__(self, units):
            x = nacre.Input((3,))
            super().__init__(x, layers.Dense(units)(x))
            self.units = units

    net = Net(2)
    assert net(rows(2, 3)).shape == (2, 2)
    assert net.name.startswith("net")
    assert net.get_config()["units"] == 2
    assert issubclass(Net, nacre.models.Functional)


def test_call_is_overridden():
    class Doubled(nacre.Model):
        def call(self, inputs, training=None):
            return super().call(inputs, training) * 2.0

    x = nacre.Input((3,))
    dense = layers.Dense(2)
    model = Doubled(x, dense(x))
    np.testing.assert_allclose(model(rows(2, 3)), 2 * dense(rows(2, 3)).numpy(), rtol=1e-6)
    assert model.weights == dense.weights


def test_training():
    a, b = nacre.Input((3,)), nacre.Input((2,))
    h = layers.Dense(8, activation="relu")(layers.Concatenate()([a, b]))
    model = nacre.Model([a, b], layers.Dense(1)(layers.Add()([h, layers.Dense(8)(h)])))
    model.compile("adam", "mse")
    x, y = rows(64, 3), rows(64, 2)
    target = x[:, :1] * y[:, :1]
    history = model.fit([x, y], target, epochs=20, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.evaluate([x, y], target, verbose=0) < history.history["loss"][0]


def test_a_plan_is_the_eager_step():
    weights = []
    for eager in (False, True):
        nacre.utils.set_random_seed(3)
        x = nacre.Input((4,))
        h = layers.Dropout(0.3)(layers.Dense(6, activation="tanh")(x))
        model = nacre.Model(x, layers.Dense(2)(h + ops.sin(h)))
        model.compile("sgd", "mse", run_eagerly=eager)
        for _ in range(3):
            model.train_on_batch(rows(8, 4), rows(8, 2))
        weights.append(model.get_weights())
    same(*weights)


x, y = nacre.Input((3,), name="x"), nacre.Input((4,), name="y")
h = layers.Dense(2, name="h")(x)
ERRORS = [
    (
        lambda: nacre.Model(y, h),
        r"graph is disconnected: Dense 'h' needs the input 'x', which is not among the model's",
    ),
    (lambda: nacre.Model(x, y), r"graph is disconnected: the output is the input 'y'"),
    (lambda: nacre.Model(np.ones((1, 3)), h), r"expected inputs made from Input\(\), received"),
    (
        lambda: nacre.Model(ops.ones((1, 3)), h),
        r"expected inputs that Input\(\) made, received a tensor of shape \(1, 3\)",
    ),
    (
        lambda: nacre.Model(x, ops.ones((1, 3))),
        r"expected outputs that layers made of the inputs, received a tensor of shape \(1, 3\)",
    ),
    (lambda: nacre.Model([x, x], h), r"the output of InputLayer 'x' is given twice"),
    (lambda: nacre.Model([], h), r"expected at least one input"),
    (
        lambda: nacre.Model(x, layers.Dense(2, name="h")(h)),
        r"expected unique layer names, received 'h' a second time",
    ),
    (
        lambda: nacre.Model([x, y], h, name="m")([np.ones((1, 3))]),
        r"Functional 'm': expected 2 inputs, received 1",
    ),
    (
        lambda: nacre.Model(x, h, name="m")(np.ones((2, 5))),
        r"Functional 'm': expected input 'x' of shape \(None, 3\), received \(2, 5\)",
    ),
    (
        lambda: layers.Add(name="sum")([x, y]),
        r"Add 'sum': expected inputs whose shapes broadcast together, received \(None, 3\) and "
        r"\(None, 4\)",
    ),
    (
        lambda: layers.Conv2D(4, 3, name="conv")(x),
        r"Conv2D 'conv': expected an input of rank 4",
    ),
    (lambda: nacre.Model(x, h).get_layer("nothing"), r"there is no layer 'nothing'"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=range(len(ERRORS)))
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@nacre.saving.register_keras_serializable("test_functional")
class AddIfGiven(layers.Layer):
    def call(self, x, y=None):
        return x if y is None else x + y


def with_optional_input():
    a, b = nacre.Input((3,), name="a"), nacre.Input((3,), optional=True, name="b")
    return nacre.Model([a, b], layers.Dense(2)(AddIfGiven()(a, b)))


def test_an_optional_input_may_be_left_out(tmp_path):
    model = with_optional_input()
    model.compile("sgd", "mse")
    x, y, target = rows(40, 3), rows(40, 3, seed=1), rows(40, 2, seed=2)
    dense = model.layers[-1]
    same(model([x, None]), dense(x))
    same(model({"a": x, "b": None}), dense(x))
    same(model([x, y]), dense(x + y))
    same(model.predict([x, None], verbose=0), dense(x))
    same(model.predict_on_batch([x, None]), dense(x))
    plain = nacre.Sequential([nacre.Input((3,)), layers.Dense(2)])
    plain.set_weights(model.get_weights())
    plain.compile("sgd", "mse")
    options = {"shuffle": False, "verbose": 0, "validation_split": 0.2}
    ours = model.fit({"a": x, "b": None}, target, **options).history
    assert ours == plain.fit(x, target, **options).history
    same(model.get_weights(), plain.get_weights())
    assert model.evaluate([x, None], target, verbose=0) == plain.evaluate(x, target, verbose=0)
    model.save(tmp_path / "m.nacre")
    again = nacre.models.load_model(tmp_path / "m.nacre")
    same(again([x, None]), model([x, None]))
    assert [layer.optional for layer in again.layers[:2]] == [False, True]


def test_a_variable_is_read_when_the_model_runs():
    x = nacre.Input((3,))
    scale = nacre.Variable(np.array([1.0, 2.0, 3.0], "float32"), name="scale")
    model = nacre.Model(x, [scale * x, ops.concatenate([x, ops.add(x, scale)], -1)])
    data = rows(4, 3)

    def expected():
        return [data * np.asarray(scale), np.concatenate([data, data + np.asarray(scale)], -1)]

    for value in (None, [4.0, 5.0, 6.0]):
        if value is not None:
            scale.assign(value)
        same(model(data), expected())
        same(model.predict(data, verbose=0), expected())
    with nacre.GradientTape() as tape:
        loss = ops.sum(model(data)[0])
    np.testing.assert_allclose(tape.gradient(loss, scale), data.sum(0), rtol=1e-6)
    assert model.weights == []  # as in Keras: a weight is a layer's
    with pytest.raises(TypeError, match="the variable 'scale' is part of a call"):
        model.get_config()


LEFT_OUT = [
    (lambda m: m([None, rows(2, 3)]), "the input 'a' is not optional, expected a tensor"),
    (lambda m: m.fit([None, rows(2, 3)], rows(2, 2)), "the input 'a' is not optional"),
    (lambda m: m([rows(2, 3)]), "expected 2 inputs, received 1"),
    (lambda m: layers.Dense(2, name="d")(None), "Dense 'd': expected a tensor, received None"),
    (lambda m: layers.Dense(2, name="d")([None]), "Dense 'd': expected a tensor, received none"),
]


@pytest.mark.parametrize(("call", "message"), LEFT_OUT, ids=range(len(LEFT_OUT)))
def test_inputs_that_may_not_be_left_out(call, message):
    model = with_optional_input()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=message):
        call(model)


OF_NOTHING = [
    layers.Dense(2, name="layer"),
    layers.LSTM(2, name="layer"),
    layers.Flatten(name="layer"),
    layers.BatchNormalization(name="layer"),
    lambda x: x * 2,
]


@pytest.mark.parametrize("layer", OF_NOTHING, ids=range(len(OF_NOTHING)))
def test_a_layer_that_needs_an_optional_input(layer):
    x = nacre.Input((4, 3), optional=True)
    model = nacre.Model(x, layer(x))
    with pytest.raises(ValueError, match="expected a tensor, received None, since an optional"):
        model(None)
    assert model(rows(2, 4, 3)).shape[0] == 2


def test_configurations_that_do_not_fit():
    config = nacre.Model(x, layers.Dense(1, name="out")(h)).get_config()

    def changed(change):
        copy = json.loads(json.dumps(config))
        change({layer["name"]: layer for layer in copy["layers"]})
        return copy

    def history_of(layer):
        return layer["inbound_nodes"][0]["args"][0]["config"]["keras_history"]

    loop = changed(lambda by: history_of(by["h"]).__setitem__(0, "out"))
    with pytest.raises(ValueError, match=r"cannot be made: the graph has a loop"):
        nacre.Model.from_config(loop)
    unknown = changed(lambda by: history_of(by["h"]).__setitem__(0, "gone"))
    with pytest.raises(ValueError, match=r"there is no layer 'gone'"):
        nacre.Model.from_config(unknown)
    index = changed(lambda by: history_of(by["h"]).__setitem__(2, 7))
    with pytest.raises(ValueError, match=r"'x' has 1 outputs"):
        nacre.Model.from_config(index)
    code = changed(lambda by: by["h"].update({"module": "nacre.ops", "class_name": "System"}))
    with pytest.raises(ValueError, match=r"unknown operation 'System'"):
        nacre.Model.from_config(code)


def test_nothing_is_leaked():
    import gc
    import weakref

    def make():
        inputs = nacre.Input((3,))
        layer = layers.Dense(2)
        model = nacre.Model(inputs, layer(inputs))
        return weakref.ref(layer), weakref.ref(model)

    references = make()
    gc.collect()
    assert [r() for r in references] == [None, None]
