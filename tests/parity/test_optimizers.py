"""Optimizers of nacre and of real Keras 3: 20 steps, signatures, configurations."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

import nacre
from nacre import optimizers as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
theirs = keras.optimizers

CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"clipnorm": 0.5}),
    ("SGD", {"clipvalue": 0.2}),
    ("SGD", {"global_clipnorm": 0.7}),
    ("Adam", {"learning_rate": 0.01}),
    ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    ("Adam", {"learning_rate": 0.01, "weight_decay": 0.1, "epsilon": 1e-3}),
    ("Adam", {"learning_rate": 0.01, "use_ema": True}),
    ("Adam", {"learning_rate": 0.01, "use_ema": True, "ema_overwrite_frequency": 3}),
    ("Adam", {"learning_rate": 0.01, "gradient_accumulation_steps": 4}),
    ("Adam", {"learning_rate": 0.01, "use_ema": True, "gradient_accumulation_steps": 3}),
    ("Adam", {"learning_rate": 0.01, "loss_scale_factor": 16.0}),
    ("AdamW", {"learning_rate": 0.01}),
    ("RMSprop", {"learning_rate": 0.01}),
    ("RMSprop", {"learning_rate": 0.01, "momentum": 0.5}),
    ("RMSprop", {"learning_rate": 0.01, "centered": True, "momentum": 0.5}),
    ("RMSprop", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adagrad", {"learning_rate": 0.1, "gradient_accumulation_steps": 2, "clipnorm": 0.1}),
]
NAMES = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Optimizer"]


def gradients(seed: int = 0):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        yield [rng.normal(size=(3, 4)).astype("float32"), rng.normal(size=(4,)).astype("float32")]


def start():
    rng = np.random.default_rng(1)
    return [rng.normal(size=(3, 4)).astype("float32"), rng.normal(size=(4,)).astype("float32")]


@pytest.mark.parametrize("name, arguments", CASES)
def test_twenty_steps(name, arguments):
    a = getattr(theirs, name)(**arguments)
    b = getattr(ours, name)(**arguments)
    a_vars = [keras.Variable(v) for v in start()]
    b_vars = [nacre.Variable(v) for v in start()]
    for step, grads in enumerate(gradients()):
        a.apply([keras.ops.convert_to_tensor(g) for g in grads], a_vars)
        b.apply([nacre.ops.convert_to_tensor(g) for g in grads], b_vars)
        for v, w in zip(a_vars, b_vars, strict=True):
            np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=2e-6, atol=3e-6, err_msg=step)
    assert int(a.iterations) == int(b.iterations)
    a.finalize_variable_values(a_vars)
    b.finalize_variable_values(b_vars)
    for v, w in zip(a_vars, b_vars, strict=True):
        np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=2e-6, atol=3e-6)


@pytest.mark.parametrize("name, arguments", CASES)
def test_variables_and_their_order(name, arguments):
    a = getattr(theirs, name)(**arguments)
    b = getattr(ours, name)(**arguments)
    a_vars = [keras.Variable(v) for v in start()]
    b_vars = [nacre.Variable(v) for v in start()]
    for grads in gradients():
        a.apply([keras.ops.convert_to_tensor(g) for g in grads], a_vars)
        b.apply([nacre.ops.convert_to_tensor(g) for g in grads], b_vars)
    assert [tuple(v.shape) for v in a.variables] == [tuple(v.shape) for v in b.variables]
    for v, w in zip(a.variables, b.variables, strict=True):
        np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=1e-5, atol=3e-6)


def test_schedule_and_exclusion():
    def make(module):
        rate = module.schedules.ExponentialDecay(0.1, 3, 0.5)
        optimizer = module.SGD(rate, momentum=0.5, weight_decay=0.2)
        return optimizer

    a, b = make(theirs), make(ours)
    a_vars = [keras.Variable(v, name=n) for v, n in zip(start(), ["kernel", "bias"], strict=True)]
    b_vars = [nacre.Variable(v, name=n) for v, n in zip(start(), ["kernel", "bias"], strict=True)]
    a.exclude_from_weight_decay(var_names=["bias"])
    b.exclude_from_weight_decay(var_names=["bias"])
    for grads in gradients():
        a.apply([keras.ops.convert_to_tensor(g) for g in grads], a_vars)
        b.apply([nacre.ops.convert_to_tensor(g) for g in grads], b_vars)
    for v, w in zip(a_vars, b_vars, strict=True):
        np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=3e-6, atol=3e-6)
    np.testing.assert_allclose(float(b.learning_rate), float(a.learning_rate), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    expected = inspect.signature(getattr(theirs, name).__init__).parameters
    received = inspect.signature(getattr(ours, name).__init__).parameters
    assert list(received) == list(expected)
    assert {k: p.default for k, p in received.items()} == {
        k: p.default for k, p in expected.items()
    }


@pytest.mark.parametrize("name", NAMES[:-1])
def test_config(name):
    keras.utils.clear_session()
    nacre._core.reset_unique_names()
    expected = getattr(theirs, name)().get_config()
    optimizer = getattr(ours, name)()
    received = optimizer.get_config()
    expected["learning_rate"] = pytest.approx(expected["learning_rate"], rel=1e-6)
    assert received == expected
    assert type(optimizer).from_config(received).get_config() == received
