"""Learning rate schedules of nacre and of real Keras 3."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

from nacre.optimizers import schedules as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
theirs = keras.optimizers.schedules

CASES = [
    ("ExponentialDecay", (0.1, 10, 0.5), {}),
    ("ExponentialDecay", (0.1, 10, 0.5), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 10, 0.5), {}),
    ("InverseTimeDecay", (0.1, 10, 0.5), {"staircase": True}),
    ("PolynomialDecay", (0.1, 10), {}),
    ("PolynomialDecay", (0.1, 10), {"power": 0.5, "end_learning_rate": 0.01}),
    ("PolynomialDecay", (0.1, 10), {"power": 2.0, "cycle": True}),
    ("CosineDecay", (0.1, 10), {}),
    ("CosineDecay", (0.1, 10), {"alpha": 0.2}),
    ("CosineDecay", (0.0, 10), {"warmup_target": 0.1, "warmup_steps": 5}),
    ("CosineDecayRestarts", (0.1, 10), {}),
    ("CosineDecayRestarts", (0.1, 7), {"t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1}),
    ("PiecewiseConstantDecay", ([5, 20], [1.0, 0.5, 0.1]), {}),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_values(name, args, kwargs):
    a, b = getattr(theirs, name)(*args, **kwargs), getattr(ours, name)(*args, **kwargs)
    # 9, 69, ...: where float32 decides on which side of a restart a step lies.
    for step in [0, 1, 2, 5, 6, 8, 11, 13, 20, 21, 25, 33, 50, 100]:
        np.testing.assert_allclose(float(b(step)), float(a(step)), rtol=3e-5, atol=1e-7)


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_config(name, args, kwargs):
    a, b = getattr(theirs, name)(*args, **kwargs), getattr(ours, name)(*args, **kwargs)
    expected = a.get_config()
    received = b.get_config()
    assert received == expected
    assert type(b).from_config(received).get_config() == received


@pytest.mark.parametrize("name", sorted({name for name, *_ in CASES}))
def test_signature(name):
    expected = inspect.signature(getattr(theirs, name).__init__).parameters
    received = inspect.signature(getattr(ours, name).__init__).parameters
    assert {k: p.default for k, p in received.items()} == {
        k: p.default for k, p in expected.items()
    }
    assert list(received) == list(expected)
