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
    ("Adadelta", {"learning_rate": 0.5}),
    ("Adamax", {"learning_rate": 0.01}),
    ("Nadam", {"learning_rate": 0.01}),
    ("Lamb", {"learning_rate": 0.01}),
    ("Lion", {"learning_rate": 0.01}),
    ("Ftrl", {"learning_rate": 0.1}),
    (
        "Ftrl",
        {
            "learning_rate": 0.1,
            "learning_rate_power": -0.3,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.02,
            "beta": 0.3,
        },
    ),
    ("Adafactor", {"learning_rate": 0.05}),
    ("Adafactor", {"learning_rate": 0.05, "relative_step": False, "clip_threshold": 0.5}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.01}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.01, "warmup_steps": 7, "beta_1": 0.8}),
    ("Muon", {"learning_rate": 0.01}),
    ("Muon", {"learning_rate": 0.01, "nesterov": False, "rms_rate": None, "adam_lr_ratio": 0.1}),
    ("Muon", {"learning_rate": 0.01, "exclude_layers": ["kernel"], "adam_weight_decay": 0.1}),
]
NAMES = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "RMSprop",
    "ScheduleFreeAdamW",
    "Optimizer",
]
# Each with the options that every optimizer has.
OPTIONS = [
    {"global_clipnorm": 0.7, "weight_decay": 0.1},
    {
        "clipnorm": 0.5,
        "weight_decay": 0.1,
        "gradient_accumulation_steps": 3,
        "use_ema": True,
        "ema_overwrite_frequency": 4,
    },
]
CASES += [(name, {"learning_rate": 0.01, **options}) for name in NAMES[:-1] for options in OPTIONS]


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
    assert [tuple(v.shape) for v in a.variables] == [tuple(v.shape) for v in b.variables]
    for v, w in zip(a.variables, b.variables, strict=True):
        np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=1e-5, atol=3e-6)
    a.finalize_variable_values(a_vars)
    b.finalize_variable_values(b_vars)
    for v, w in zip(a_vars, b_vars, strict=True):
        np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=2e-6, atol=3e-6)


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
    received = dict(inspect.signature(getattr(ours, name).__init__).parameters)
    if "lazy_rows" in received:  # an option of ours, by keyword only
        assert received.pop("lazy_rows").kind is inspect.Parameter.KEYWORD_ONLY
    assert list(received) == list(expected)
    assert {k: p.default for k, p in received.items()} == {
        k: p.default for k, p in expected.items()
    }


def test_lazy_rows_are_sparse_adam():
    torch = pytest.importorskip("torch", reason="torch is not installed (extra [parity])")
    table = np.random.default_rng(0).normal(size=(9, 4)).astype("float32")
    weight = torch.nn.Parameter(torch.tensor(table))
    a = torch.optim.SparseAdam([weight], lr=0.01, eps=1e-7)
    b, variable = ours.Adam(0.01, lazy_rows=True), nacre.Variable(table)
    draws = np.random.default_rng(1)
    for _ in range(20):
        ids = draws.integers(0, 9, (5,))
        factor = draws.normal(size=(5, 4)).astype("float32")
        a.zero_grad()
        (
            torch.nn.functional.embedding(torch.tensor(ids), weight, sparse=True)
            * torch.tensor(factor)
        ).sum().backward()
        a.step()
        with nacre.GradientTape() as tape:
            loss = nacre.ops.sum(nacre.ops.take(variable, ids, axis=0) * factor)
        b.apply([tape.gradient(loss, variable)], [variable])
        # PyTorch adds epsilon before it corrects the second moment's bias, Keras after.
        np.testing.assert_allclose(variable.numpy(), weight.detach().numpy(), rtol=2e-5, atol=2e-6)


def scaled_gradients(seed: int = 0):
    """Gradients of a loss times 1024; some steps overflow."""
    for step, grads in enumerate(gradients(seed)):
        scaled = [g * 1024 for g in grads]
        if step in (3, 4, 11):
            scaled[1][2] = np.inf if step != 4 else np.nan
        yield scaled


# Not Nadam: within a LossScaleOptimizer Keras does not track the product of its momentums.
@pytest.mark.parametrize("inner", ["SGD", "Adam", "Lamb", "Muon"])
def test_loss_scale_optimizer(inner):
    def make(module):
        return module.LossScaleOptimizer(
            getattr(module, inner)(0.01, clipnorm=1.0), initial_scale=1024.0, dynamic_growth_steps=4
        )

    a, b = make(theirs), make(ours)
    a_vars = [keras.Variable(v) for v in start()]
    b_vars = [nacre.Variable(v) for v in start()]
    a.build(a_vars)
    for grads in scaled_gradients():
        # As Keras's trainer does: apply() leaks tracers with JAX.
        values, state = a.stateless_apply(
            [v.value for v in a.variables],
            [keras.ops.convert_to_tensor(g) for g in grads],
            [v.value for v in a_vars],
        )
        for variable, value in zip([*a_vars, *a.variables], [*values, *state], strict=True):
            variable.assign(value)
        b.apply([nacre.ops.convert_to_tensor(g) for g in grads], b_vars)
        assert float(b.dynamic_scale) == float(a.dynamic_scale)
        assert int(b.step_counter) == int(a.step_counter)
        for v, w in zip(a_vars, b_vars, strict=True):
            np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=2e-6, atol=3e-6)
    assert int(a.iterations) == int(b.iterations)
    assert [tuple(v.shape) for v in a.variables] == [tuple(v.shape) for v in b.variables]
    assert float(b.scale_loss(nacre.ops.convert_to_tensor(2.0))) == float(a.scale_loss(2.0))
    keras.utils.clear_session()
    nacre._core.reset_unique_names()
    a, b = make(theirs).get_config(), make(ours).get_config()
    for config in (a, b):
        assert config["inner_optimizer"]["config"].pop("learning_rate") == pytest.approx(0.01)
        config["inner_optimizer"].pop("module")
    assert a == b


def test_multi_optimizer():
    def make(module):
        return module.MultiOptimizer(
            module.OptimizerMap(module.SGD(0.1, momentum=0.9), {".*bias.*": module.Adam(0.02)})
        )

    a, b = make(theirs), make(ours)
    a_vars = [keras.Variable(v, name=n) for v, n in zip(start(), ["kernel", "bias"], strict=True)]
    b_vars = [nacre.Variable(v, name=n) for v, n in zip(start(), ["kernel", "bias"], strict=True)]
    for grads in gradients():
        a.apply([keras.ops.convert_to_tensor(g) for g in grads], a_vars)
        b.apply([nacre.ops.convert_to_tensor(g) for g in grads], b_vars)
    for v, w in zip(a_vars, b_vars, strict=True):
        np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=2e-6, atol=3e-6)
    assert [tuple(v.shape) for v in a.variables] == [tuple(v.shape) for v in b.variables]
    again = ours.MultiOptimizer.from_config(b.get_config())
    assert [type(o).__name__ for o in again.optimizers] == ["Adam", "SGD"]


def test_stateless_apply():
    a, b = theirs.Adam(0.01), ours.Adam(0.01)
    a_vars = [keras.Variable(v) for v in start()]
    b_vars = [nacre.Variable(v) for v in start()]
    a.build(a_vars)
    b.build(b_vars)
    grads = next(gradients())
    a_new, a_state = a.stateless_apply(
        [v.value for v in a.variables],
        [keras.ops.convert_to_tensor(g) for g in grads],
        [v.value for v in a_vars],
    )
    b_new, b_state = b.stateless_apply(
        [v.value for v in b.variables],
        [nacre.ops.convert_to_tensor(g) for g in grads],
        [v.value for v in b_vars],
    )
    for v, w in zip([*a_new, *a_state], [*b_new, *b_state], strict=True):
        np.testing.assert_allclose(w.numpy(), np.asarray(v), rtol=2e-6, atol=3e-6)
    assert int(b.iterations) == 0
    assert [v.numpy().tolist() for v in b_vars] == [v.tolist() for v in start()]


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
