"""Ops that are written in Python against real Keras: values, dtypes and gradients."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

import nacre

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
RNG = np.random.default_rng(2)


def rows(*shape):
    return RNG.normal(size=shape).astype("float32")


CASES = [
    *[(name, (count,), {}) for name in ("bartlett", "blackman", "hamming", "hanning")
      for count in (1, 7, 12)],
    ("kaiser", (9, 6.5), {}),
    ("i0", (rows(3, 4) * 6,), {}),
    ("i0", (np.arange(4, dtype="int32"),), {}),
    ("vander", (rows(4),), {}),
    ("vander", (np.arange(4, dtype="int32"), 3, True), {}),
    ("corrcoef", (rows(3, 8),), {}),
    *[("correlate", (rows(n), rows(m), mode), {}) for mode in ("valid", "same", "full")
      for n, m in ((8, 3), (3, 8), (6, 4), (4, 4))],
    ("cdist", (rows(2, 4, 3), rows(2, 5, 3)), {}),
    ("psnr", (rows(2, 4, 4, 3), rows(2, 4, 4, 3), 2.0), {}),
    ("extract_sequences", (rows(2, 3, 11), 4, 3), {}),
    ("slogdet", (rows(3, 4, 4),), {}),
    ("logdet", (rows(3, 4, 4),), {}),
    ("depth_to_space", (rows(2, 3, 8, 12), 2), {}),
    ("depth_to_space", (rows(2, 3, 8, 12), 2), {"data_format": None}),
    ("depth_to_space", (rows(2, 18, 3, 4), 3), {"data_format": "channels_first"}),
    ("space_to_depth", (rows(2, 4, 8, 3), 2), {}),
    ("space_to_depth", (rows(2, 3, 6, 9), 3), {"data_format": "channels_first"}),
    ("unfold", (rows(2, 3, 6, 7), 2), {}),
    ("unfold", (rows(2, 3, 6, 7), (3, 2)), {"stride": (1, 2), "padding": (2, 1)}),
    ("unfold", (rows(2, 3, 6, 7), 2), {"dilation": (2, 3), "padding": 1}),
    ("fold", (rows(2, 12, 9), (6, 6), 2), {"stride": 2}),
    ("fold", (rows(2, 12, 20), (5, 6), 2), {}),
    ("rearrange", (rows(2, 4, 6, 3), "b (h k) w c -> (b k) (w c) h"), {"k": 2}),
    ("get_item", (rows(3, 4), (slice(None), 1)), {}),
    ("stft", (rows(2, 90), 20, 7, 32), {}),
    ("stft", (rows(90), 20, 7, 20), {"window": "hamming", "center": False}),
    ("stft", (rows(2, 90), 5, 7, 9), {"window": None}),
    ("istft", ((rows(2, 6, 17), rows(2, 6, 17)), 20, 7, 32), {}),
    ("istft", ((rows(6, 11), rows(6, 11)), 20, 7, 20, 40), {"window": "hamming", "center": False}),
]  # fmt: skip


def flat(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES)
def test_values(name, args, kwargs):
    received = flat(getattr(nacre.ops, name)(*args, **kwargs))
    expected = flat(getattr(keras.ops, name)(*args, **kwargs))
    for a, b in zip(received, expected, strict=True):
        b = np.asarray(b)
        assert (a.dtype, tuple(a.shape)) == (str(b.dtype), b.shape)
        np.testing.assert_allclose(a.numpy(), b, rtol=2e-5, atol=2e-6)


DIFFERENTIABLE = [case for case in CASES if getattr(case[1][0], "dtype", None) == np.float32]


@pytest.mark.parametrize(("name", "args", "kwargs"), DIFFERENTIABLE)
def test_gradients(name, args, kwargs):
    jax = pytest.importorskip("jax")
    x, *rest = args

    def loss(library, x):
        function = getattr(library.ops, name)
        return library.ops.sum(flat(function(x, *rest, **kwargs))[-1] ** 2)

    received = nacre.grad(lambda v: loss(nacre, v))(nacre.ops.convert_to_tensor(x))
    expected = jax.grad(lambda v: loss(keras, v))(x)
    np.testing.assert_allclose(received.numpy(), np.asarray(expected), rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("default", [0, 1.5, np.float32(2)])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_select(dtype, default):
    x = (rows(3, 4) * 5).astype(dtype)
    args = ([x < -2, x > 2], [x, x * 2], default)
    received, expected = nacre.ops.select(*args), np.asarray(keras.ops.select(*args))
    assert received.dtype == str(expected.dtype)
    np.testing.assert_array_equal(received.numpy(), expected)


@pytest.mark.parametrize("name", sorted({name for name, *_ in CASES} | {"select"}))
def test_same_arguments(name):
    def arguments(function):
        return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]

    assert arguments(getattr(nacre.ops, name)) == arguments(getattr(keras.ops, name))
