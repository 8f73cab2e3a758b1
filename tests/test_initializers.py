"""Initializers, regularizers, constraints and activations."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import activations, constraints, initializers, ops, regularizers

RANDOM = [
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
]


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    cls = getattr(initializers, name)
    a, b = cls(seed=7), cls(seed=7)
    shape = (8, 6)
    assert a(shape).numpy().tobytes() == b(shape).numpy().tobytes() == a(shape).numpy().tobytes()
    assert a(shape).numpy().tobytes() != cls(seed=8)(shape).numpy().tobytes()
    nacre.utils.set_random_seed(3)
    first = cls()(shape).numpy()
    nacre.utils.set_random_seed(3)
    assert first.tobytes() == cls()(shape).numpy().tobytes()
    assert first.tobytes() != cls()(shape).numpy().tobytes()


@pytest.mark.parametrize(
    "name, variance",
    [
        ("GlorotNormal", 2 / 500),
        ("GlorotUniform", 2 / 500),
        ("HeNormal", 2 / 300),
        ("HeUniform", 2 / 300),
        ("LecunNormal", 1 / 300),
        ("LecunUniform", 1 / 300),
        ("RandomNormal", 0.05**2),
        ("RandomUniform", 0.1**2 / 12),
    ],
)
def test_variance(name, variance):
    values = getattr(initializers, name)(seed=1)((300, 200)).numpy()
    assert values.dtype == np.float32
    assert abs(values.mean()) < 4 * np.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.03)


def test_fans_of_kernels_and_axes():
    limit = lambda shape, **k: initializers.HeUniform(seed=1, **k)(shape).numpy().max()  # noqa: E731
    assert limit((3, 3, 20, 50)) == pytest.approx(np.sqrt(6 / 180), rel=1e-2)
    assert limit((50, 40, 30), input_axes=[0], output_axes=[1, 2]) == pytest.approx(
        np.sqrt(6 / 50), rel=1e-2
    )


def test_truncated_normal_is_cut_off():
    values = initializers.TruncatedNormal(stddev=1.0, seed=1)((20000,)).numpy()
    assert np.abs(values).max() <= 2
    assert values.std() == pytest.approx(0.87962566, rel=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 2, 3, 8)])
def test_orthogonal(shape):
    q = initializers.Orthogonal(gain=2.0, seed=1)(shape).numpy().reshape(-1, shape[-1])
    product = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_constants():
    np.testing.assert_array_equal(initializers.Zeros()((2, 2)).numpy(), np.zeros((2, 2)))
    np.testing.assert_array_equal(initializers.Constant([1, 2])((3, 2)).numpy(), [[1, 2]] * 3)
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3)).numpy(), 2 * np.eye(2, 3))
    assert initializers.Ones()((2,), dtype="int32").dtype == "int32"


@pytest.mark.parametrize(
    "call",
    [
        lambda: initializers.Identity()((2,)),
        lambda: initializers.Orthogonal()((2,)),
        lambda: initializers.VarianceScaling(scale=0.0),
        lambda: initializers.VarianceScaling(mode="fan"),
        lambda: initializers.VarianceScaling(distribution="cauchy"),
        lambda: initializers.get("glorot_unifrom"),
        lambda: regularizers.L1(-1.0),
        lambda: regularizers.OrthogonalRegularizer(mode="diagonal"),
        lambda: regularizers.OrthogonalRegularizer()([1.0]),
        lambda: regularizers.get("l3"),
        lambda: constraints.get("max_nrm"),
        lambda: activations.get("rely"),
    ],
)
def test_bad_input(call):
    with pytest.raises(ValueError):
        call()


class Halves(initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return ops.full(shape, 0.5, dtype=dtype)


@pytest.mark.parametrize(
    "given", [Halves(), Halves, lambda shape, dtype=None: ops.full(shape, 0.5, dtype=dtype)]
)
def test_of_the_callers_own(given):
    given = initializers.get(given)
    layer = nacre.layers.Dense(2, kernel_initializer=given)
    layer.build((None, 3))
    np.testing.assert_array_equal(layer.kernel.numpy(), np.full((3, 2), 0.5))


def test_wrong_shape_from_the_callers_own():
    layer = nacre.layers.Dense(2, kernel_initializer=lambda shape, dtype=None: np.zeros(1))
    with pytest.raises(ValueError, match="expected values of shape"):
        layer.build((None, 3))


def test_penalties():
    x = np.array([[1.0, -2.0], [3.0, 0.0]], "float32")
    assert float(regularizers.L1(0.1)(x)) == pytest.approx(0.6)
    assert float(regularizers.L2(0.1)(x)) == pytest.approx(1.4)
    assert float(regularizers.L1L2(0.1, 0.1)(x)) == pytest.approx(2.0)
    assert float(regularizers.L1L2()(x)) == 0
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = 0.5 * abs(rows @ rows.T)[~np.eye(2, dtype=bool)].sum()
    assert float(regularizers.OrthogonalRegularizer(1.0)(x)) == pytest.approx(expected, rel=1e-5)


def test_projections():
    w = np.array([[3.0, 0.3], [4.0, -0.4]], "float32")
    norm = lambda c: np.linalg.norm(c(w).numpy(), axis=0)  # noqa: E731
    np.testing.assert_allclose(norm(constraints.MaxNorm(1.0)), [1.0, 0.5], rtol=1e-5)
    np.testing.assert_allclose(norm(constraints.UnitNorm()), [1.0, 1.0], rtol=1e-5)
    np.testing.assert_allclose(norm(constraints.MinMaxNorm(1.0, 2.0)), [2.0, 1.0], rtol=1e-5)
    np.testing.assert_allclose(norm(constraints.MinMaxNorm(1.0, 2.0, 0.5)), [3.5, 0.75], rtol=1e-5)
    assert constraints.NonNeg()(w).numpy().min() == 0


def test_functions_as_regularizer_and_constraint():
    layer = nacre.layers.Dense(
        2,
        kernel_initializer="ones",
        kernel_regularizer=lambda x: 0.5 * ops.sum(x),
        kernel_constraint=lambda w: ops.minimum(w, 0.25),
        use_bias=False,
    )
    model = nacre.Sequential([layer])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=1, verbose=0)
    assert layer.kernel.numpy().max() <= 0.25
    assert float(model.losses[0]) == pytest.approx(0.5 * layer.kernel.numpy().sum())


@pytest.mark.parametrize(
    "module, value",
    [
        (initializers, initializers.HeNormal(seed=3)),
        (initializers, initializers.Constant(2.0)),
        (regularizers, regularizers.L1L2(0.1, 0.2)),
        (constraints, constraints.MinMaxNorm(0.5, 2.0, axis=[0, 1])),
    ],
)
def test_serialization(module, value):
    config = module.serialize(value)
    again = module.deserialize(config)
    assert type(again) is type(value) and again.get_config() == value.get_config()
    assert module.get(config).get_config() == value.get_config()


@pytest.mark.parametrize(
    "name",
    [n for n in activations.__all__ if n not in ("get", "serialize", "deserialize", "threshold")],
)
def test_layer_and_function_agree(name):
    x = np.linspace(-3, 3, 16, dtype="float32").reshape(2, 8)
    function = activations.get(name)
    layer = nacre.layers.Activation(name)
    assert layer(x).numpy().tobytes() == function(ops.convert_to_tensor(x)).numpy().tobytes()
    assert activations.get(activations.serialize(function)) is function


def test_relu_options():
    x = np.array([-2.0, 0.5, 3.0, 9.0], "float32")
    got = activations.relu(x, negative_slope=0.1, max_value=6.0, threshold=1.0).numpy()
    np.testing.assert_allclose(got, [-0.3, -0.05, 3.0, 6.0], rtol=1e-6)
