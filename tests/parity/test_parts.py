"""Initializers, regularizers, constraints and activations of nacre and of real Keras 3."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")

import nacre  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3, 5, 6)).astype("float32")

REGULARIZERS = [
    ("L1", {}, X),
    ("L1", {"l1": 0.3}, X),
    ("L2", {"l2": 0.3}, X),
    ("L1L2", {"l1": 0.2, "l2": 0.1}, X),
    ("OrthogonalRegularizer", {}, X[0, 0]),
    ("OrthogonalRegularizer", {"factor": 0.1, "mode": "columns"}, X[0, 0]),
]
CONSTRAINTS = [
    ("MaxNorm", {}, X),
    ("MaxNorm", {"max_value": 0.5, "axis": [0, 1, 2]}, X),
    ("MinMaxNorm", {"min_value": 0.3, "max_value": 0.8, "rate": 0.7}, X),
    ("NonNeg", {}, X),
    ("UnitNorm", {"axis": 1}, X),
]
FIXED = [
    ("Zeros", {}, (3, 4)),
    ("Ones", {}, (3, 4)),
    ("Constant", {"value": 2.5}, (3, 4)),
    ("IdentityInitializer", {"gain": 2.0}, (4, 4)),
    ("STFT", {}, (8, 1, 5)),
    ("STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum"}, (8, 1, 9)),
    ("STFT", {"window": None, "scaling": None}, (5, 1, 5)),
    ("STFT", {"window": "blackman", "periodic": True}, (7, 1, 5)),
]
# Drawn ones: their moments, and their largest value, are those of Keras.
DRAWN = [
    ("RandomNormal", {"mean": 0.3, "stddev": 0.2}, (400, 300)),
    ("RandomUniform", {"minval": -0.1, "maxval": 0.3}, (400, 300)),
    ("TruncatedNormal", {"mean": 0.3, "stddev": 0.2}, (400, 300)),
    ("GlorotNormal", {}, (400, 300)),
    ("GlorotUniform", {}, (3, 5, 40, 60)),
    ("HeNormal", {}, (400, 300)),
    ("HeUniform", {}, (3, 5, 40, 60)),
    ("LecunNormal", {}, (400, 300)),
    ("LecunUniform", {}, (3, 5, 40, 60)),
    ("Orthogonal", {"gain": 1.5}, (40, 60)),
    (
        "VarianceScaling",
        {"scale": 0.5, "mode": "fan_avg", "distribution": "untruncated_normal"},
        (400, 300),
    ),
    ("VarianceScaling", {"mode": "fan_out", "distribution": "uniform"}, (400, 300)),
]
# Keras's sparsemax with JAX gives rows whose sum is not 1.
OTHERWISE = {"deserialize", "get", "serialize", "sparsemax"}
ACTIVATIONS = sorted(set(dir(keras.activations)) - OTHERWISE)
ACTIVATIONS = [name for name in ACTIVATIONS if not name.startswith("_")]


def rounded(config):
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in config.items()}


def pair(module, name, arguments):
    ours, theirs = (getattr(getattr(k, module), name) for k in (nacre, keras))
    a, b = ours(**arguments), theirs(**arguments)
    if name != "IdentityInitializer":  # Keras forgets its gain
        assert rounded(a.get_config()) == rounded(b.get_config())  # some of Keras's are float32
    assert type(a).from_config(a.get_config()).get_config() == a.get_config()
    type(a).from_config(b.get_config())
    return a, b


def parameters(cls):
    found = inspect.signature(cls).parameters.values()
    return [(p.name, p.default) for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]


@pytest.mark.parametrize(
    ("module", "name"),
    [("regularizers", name) for name, *_ in REGULARIZERS]
    + [("constraints", name) for name, *_ in CONSTRAINTS]
    + [("initializers", name) for name, *_ in FIXED + DRAWN],
)
def test_signatures(module, name):
    ours, theirs = (getattr(getattr(k, module), name) for k in (nacre, keras))
    assert parameters(ours) == parameters(theirs)


@pytest.mark.parametrize(("name", "arguments", "x"), REGULARIZERS)
def test_regularizers(name, arguments, x):
    ours, theirs = pair("regularizers", name, arguments)
    np.testing.assert_allclose(ours(x), theirs(keras.ops.convert_to_tensor(x)), rtol=1e-5)


@pytest.mark.parametrize(("name", "arguments", "x"), CONSTRAINTS)
def test_constraints(name, arguments, x):
    ours, theirs = pair("constraints", name, arguments)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments", "shape"), FIXED)
def test_fixed_initializers(name, arguments, shape):
    ours, theirs = pair("initializers", name, arguments)
    np.testing.assert_allclose(ours(shape), theirs(shape), rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize(("name", "arguments", "shape"), DRAWN)
def test_drawn_initializers(name, arguments, shape):
    ours, theirs = pair("initializers", name, {**arguments, "seed": 7})
    a, b = (np.asarray(init(shape)) for init in (ours, theirs))
    assert a.dtype == b.dtype
    spread = b.std()
    assert abs(a.mean() - b.mean()) < 0.03 * spread
    assert abs(a.std() - spread) < 0.03 * spread
    if name == "Orthogonal":
        np.testing.assert_allclose(a @ a.T, b @ b.T, atol=1e-4)
    elif "ormal" not in name and arguments.get("distribution") != "untruncated_normal":
        np.testing.assert_allclose([a.min(), a.max()], [b.min(), b.max()], rtol=0.02, atol=1e-3)
    elif name != "RandomNormal" and "distribution" not in arguments:  # cut at two deviations
        np.testing.assert_allclose([a.min(), a.max()], [b.min(), b.max()], rtol=0.03, atol=2e-3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    x = X * 3
    ours, theirs = nacre.activations.get(name), keras.activations.get(name)
    more = (0.5, -1.0) if name == "threshold" else ()
    np.testing.assert_allclose(ours(x, *more), theirs(x, *more), rtol=2e-5, atol=2e-6)
    assert parameters(ours)[1:] == parameters(theirs)[1:]


SPECS = [
    {"ndim": 3},
    {"min_ndim": 3},
    {"max_ndim": 2},
    {"dtype": "float32"},
    {"shape": (None, 4)},
    {"shape": (None, 4, 1), "allow_last_axis_squeeze": True},
    {"min_ndim": 2, "axes": {-1: 4}},
]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_input_specs_take_and_refuse_the_same(spec):
    def outcomes(k):
        class Plain(k.layers.Layer):
            def call(self, x):
                return k.ops.cast(x, "float32")

        layer = Plain()
        layer.input_spec = k.layers.InputSpec(**spec)
        taken = []
        shapes = [(2, 4), (2, 4, 1), (2, 3), (2, 3, 4), (4,), (2, 4, 4, 4)]
        if spec.get("allow_last_axis_squeeze"):  # Keras then looks at the rank no more
            shapes = shapes[:4]
        for shape in shapes:
            for dtype in ("float32", "int32"):
                try:
                    layer(k.ops.ones(shape, dtype))
                except ValueError:
                    continue
                taken.append((shape, dtype))
        return taken

    assert outcomes(nacre) == outcomes(keras)
    ours, theirs = (k.layers.InputSpec(**spec).get_config() for k in (nacre, keras))
    assert {name: ours[name] for name in theirs} == theirs  # Keras leaves some out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"ndim": 2, "axes": {2: 3}}, ValueError), ({"axes": {"last": 3}}, (TypeError, ValueError))],
)
def test_bad_input_specs(arguments, error):
    for k in (nacre, keras):
        with pytest.raises(error):
            k.layers.InputSpec(**arguments)


def test_wrapper():
    def wrapped(k):
        class Twice(k.layers.Wrapper):
            def call(self, x):
                return 2.0 * self.layer(x)

        layer = Twice(k.layers.Dense(2, kernel_initializer="ones", name="inner"), name="outer")
        y = np.asarray(layer(np.ones((1, 3), "float32")))
        config = layer.get_config()
        inner = config["layer"]["config"]
        return y, [w.path for w in layer.weights], sorted(config), inner["name"]

    for a, b in zip(wrapped(nacre), wrapped(keras), strict=True):
        np.testing.assert_array_equal(a, b)
