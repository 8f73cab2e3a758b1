"""Random ops: distributions, seeds, the same numbers for any number of threads and in plans."""

import subprocess
import sys

import numpy as np
import pytest

import nacre
from nacre import _core, ops, random

SHAPE = (400, 500)


def drawn(op, *args, **kwargs):
    return np.float64(op(*args, seed=kwargs.pop("seed", 11), **kwargs).numpy())


def check_moments(x, mean, variance):
    n = x.size
    assert abs(x.mean() - mean) < 5 * np.sqrt(variance / n)
    assert abs(x.var() / variance - 1) < 0.03


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal(dtype):
    x = drawn(random.normal, SHAPE, mean=2, stddev=3, dtype=dtype)
    check_moments(x, 2, 9)
    z = (x - 2) / 3
    assert abs((z**3).mean()) < 0.03  # skewness
    assert abs((z**4).mean() - 3) < 0.08  # kurtosis
    assert np.abs(z).max() > 4
    # Neighbours are independent.
    flat = z.ravel()
    for lag in (1, 2, 16, 64):
        assert abs((flat[lag:] * flat[:-lag]).mean()) < 0.012


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_uniform(dtype):
    x = np.asarray(ops.cast(random.uniform(SHAPE, -1, 3, dtype=dtype, seed=1), "float64"))
    assert x.min() >= -1
    assert x.max() < 3
    assert abs(x.mean() - 1) < 0.02
    counts = np.histogram(x, 16, (-1, 3))[0]
    assert np.abs(counts / (x.size / 16) - 1).max() < 0.06


def test_truncated_normal():
    x = drawn(random.truncated_normal, SHAPE, mean=1, stddev=2)
    assert np.abs(x - 1).max() <= 4
    check_moments(x, 1, 4 * 0.7737413)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint32"])
def test_randint_is_even(dtype):
    x = random.randint(SHAPE, 0, 6, dtype=dtype, seed=3).numpy()
    assert x.dtype == dtype
    counts = np.bincount(np.int64(x).ravel())
    assert len(counts) == 6
    assert np.abs(counts / (x.size / 6) - 1).max() < 0.02


def test_randint_of_wide_ranges():
    x = random.randint((1000,), -(2**62), 2**62, dtype="int64", seed=3).numpy()
    assert np.abs(np.float64(x)).max() > 2**61
    assert abs(np.sign(x).mean()) < 0.2


def test_categorical():
    p = np.array([[0.5, 0.2, 0.3], [0.1, 0.0, 0.9]])
    with np.errstate(divide="ignore"):
        logits = np.log(p).astype("float32")
    ids = random.categorical(logits, 50000, seed=5).numpy()
    assert ids.shape == (2, 50000)
    for row, q in zip(ids, p, strict=True):
        np.testing.assert_allclose(np.bincount(row, minlength=3) / 50000, q, atol=0.01)


def test_gamma_beta_binomial():
    alpha = np.array([0.3, 1.0, 5.0], "float32")
    x = drawn(random.gamma, (100000, 3), alpha)
    np.testing.assert_allclose(x.mean(0), alpha, rtol=0.03)
    np.testing.assert_allclose(x.var(0), alpha, rtol=0.05)
    x = drawn(random.beta, (100000,), 2.0, 3.0)
    check_moments(x, 0.4, 0.04)
    x = drawn(random.binomial, (100000,), 40, 0.25)
    check_moments(x, 10, 7.5)


def test_dropout():
    x = np.ones(SHAPE, "float32")
    y = random.dropout(x, 0.3, seed=1).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.7)}
    assert abs((y == 0).mean() - 0.3) < 0.005
    rows = random.dropout(x, 0.3, noise_shape=(None, 1), seed=1).numpy()
    assert (rows == rows[:, :1]).all()


def test_shuffle():
    x = np.arange(1000)
    y = random.shuffle(x, seed=1).numpy()
    assert (np.sort(y) == x).all()
    assert (y != x).mean() > 0.9
    columns = random.shuffle(x.reshape(10, 100), axis=1, seed=1).numpy()
    assert (np.sort(columns, 1) == x.reshape(10, 100)).all()


OPS = {
    "normal": lambda **k: random.normal(SHAPE, **k),
    "uniform": lambda **k: random.uniform(SHAPE, **k),
    "truncated_normal": lambda **k: random.truncated_normal(SHAPE, **k),
    "randint": lambda **k: random.randint(SHAPE, 0, 1000, **k),
    "categorical": lambda **k: random.categorical(np.zeros((100, 7), "float32"), 50, **k),
    "shuffle": lambda **k: random.shuffle(np.arange(10000), **k),
    "dropout": lambda **k: random.dropout(np.ones(SHAPE, "float32"), 0.5, **k),
    "gamma": lambda **k: random.gamma((100, 100), 2.0, **k),
}


@pytest.mark.parametrize("name", OPS)
def test_seeds(name):
    op = OPS[name]
    first = op(seed=1).numpy()
    assert (op(seed=1).numpy() == first).all()
    assert (op(seed=2).numpy() != first).any()
    generator = random.SeedGenerator(1)
    a, b = op(seed=generator).numpy(), op(seed=generator).numpy()
    assert (a != b).any()
    generator = random.SeedGenerator(1)
    assert (op(seed=generator).numpy() == a).all()
    assert (op(seed=generator).numpy() == b).all()
    assert (op().numpy() != op().numpy()).any()


@pytest.mark.parametrize("name", OPS)
def test_threads_do_not_matter(name):
    threads = _core.num_threads()
    results = []
    try:
        for n in (1, 2, 5):
            _core.set_num_threads(n)
            results.append(OPS[name](seed=4).numpy())
    finally:
        _core.set_num_threads(threads)
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


@pytest.mark.parametrize("name", ["normal", "uniform", "dropout", "randint"])
def test_instruction_sets_agree(name):
    isa = _core.active_isa()
    results = []
    try:
        for other in _core.available_isas():
            _core.set_active_isa(other)
            results.append(np.float64(OPS[name](seed=4).numpy()))
    finally:
        _core.set_active_isa(isa)
    for r in results[1:]:
        np.testing.assert_allclose(r, results[0], rtol=1e-5, atol=1e-5)


def test_a_generator_advances_in_a_plan():
    generator = random.SeedGenerator(3)

    @nacre.function
    def step(x):
        return x + random.uniform((4,), seed=generator)

    x = ops.zeros((4,))
    planned = [step(x).numpy() for _ in range(4)]
    generator = random.SeedGenerator(3)
    eager = [(x + random.uniform((4,), seed=generator)).numpy() for _ in range(4)]
    for a, b in zip(planned, eager, strict=True):
        assert (a == b).all()


def test_set_random_seed():
    nacre.utils.set_random_seed(7)
    first = random.normal((5,)).numpy()
    nacre.utils.set_random_seed(7)
    assert (random.normal((5,)).numpy() == first).all()


def test_the_same_numbers_in_another_process():
    code = "from nacre import random; print(random.normal((3,), seed=9).numpy().tobytes().hex())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == random.normal((3,), seed=9).numpy().tobytes().hex()
