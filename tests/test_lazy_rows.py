"""Optimizers with ``lazy_rows``: rows without a gradient keep their values and slots."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

OPTIONS = [
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("Adam", {"clipnorm": 0.1}),
    ("Adam", {"global_clipnorm": 0.1}),
    ("Adam", {"clipvalue": 0.01}),
    ("Adam", {"gradient_accumulation_steps": 2}),
    ("AdamW", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("RMSprop", {"weight_decay": 0.1}),
    ("Adagrad", {"weight_decay": 0.1}),
]


def make(name, options, lazy_rows=True):
    return getattr(nacre.optimizers, name)(0.1, lazy_rows=lazy_rows, **options)


def gradients(rows=7, inner=5, steps=6, dtype="float32"):
    """Gradients of a table of which most rows have none; one of NaN and one of -0."""
    draws = np.random.default_rng(0)
    for step in range(steps):
        grad = draws.normal(size=(rows, inner)).astype(dtype)
        grad[draws.random(rows) < 0.6] = 0
        grad[1] = -0.0
        grad[2, : inner - 1] = 0  # a row counts with one element
        if step == steps - 1:
            grad[1, 0] = np.nan
        yield grad


def adam(table, grads, lr=0.1, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """TensorFlow's LazyAdam, PyTorch's SparseAdam with Keras's epsilon: row by row, in float64."""
    table, lr = table.astype("float64"), float(np.float32(lr))
    m, v = np.zeros_like(table), np.zeros_like(table)
    for t, grad in enumerate(grads, 1):
        rows = (grad != 0).any(1)
        m[rows] += (grad[rows] - m[rows]) * (1 - beta_1)
        v[rows] += (grad[rows] ** 2 - v[rows]) * (1 - beta_2)
        alpha = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        table[rows] -= alpha * m[rows] / (np.sqrt(v[rows]) + epsilon)
    return table, m, v


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adam_against_numpy(dtype):
    start = np.random.default_rng(1).normal(size=(7, 5)).astype(dtype)
    variable, optimizer = nacre.Variable(start, dtype=dtype), make("Adam", {})
    for grad in gradients(dtype=dtype):
        optimizer.apply([ops.convert_to_tensor(grad)], [variable])
    expected = adam(start, gradients(dtype=dtype))
    received = [variable, *optimizer.variables[2:]]
    rtol = 1e-5 if dtype == "float32" else 1e-12
    for a, b in zip(received, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_a_step_is_the_usual_one_for_some_rows(name, options, dtype):
    if "clipnorm" in str(options) or "gradient_accumulation_steps" in options:
        pytest.skip("a step depends on all rows, or on several steps")
    usual, lazy = make(name, options, False), make(name, options)
    start = np.random.default_rng(1).normal(size=(7, 5)).astype(dtype)
    a, b = nacre.Variable(start, dtype=dtype), nacre.Variable(start, dtype=dtype)
    usual.build([a]), lazy.build([b])
    for grad in gradients(dtype=dtype):
        before = [v.numpy() for v in (b, *lazy.variables[2:])]
        for old, variable in zip(before, (a, *usual.variables[2:]), strict=True):
            variable.assign(old)
        usual.apply([ops.convert_to_tensor(grad)], [a])
        lazy.apply([ops.convert_to_tensor(grad)], [b])
        rows = (grad != 0).any(1)
        for old, v, w in zip(
            before, (a, *usual.variables[2:]), (b, *lazy.variables[2:]), strict=True
        ):
            np.testing.assert_array_equal(w.numpy(), np.where(rows[:, None], v.numpy(), old))


def test_only_matrices_have_rows():
    for shape in ((4,), (2, 3, 4)):
        values = []
        for lazy in (False, True):
            variable, optimizer = nacre.Variable(np.ones(shape, "float32")), make("Adam", {}, lazy)
            optimizer.apply([ops.ones(shape)], [variable])
            optimizer.apply([ops.zeros(shape)], [variable])
            values.append(variable.numpy())
        np.testing.assert_array_equal(*values)


@pytest.mark.parametrize(("name", "options"), OPTIONS)
@pytest.mark.parametrize("rows", [90, 5000])
def test_plans_give_the_bits_of_eager_steps(name, options, rows):
    def trained(eager, threads):
        nacre.utils.set_random_seed(1)
        before = nacre.config.num_threads()
        nacre.config.set_num_threads(threads)
        model = nacre.Sequential([layers.Embedding(rows, 33), layers.Flatten(), layers.Dense(1)])
        model.compile(make(name, options), "mse", run_eagerly=eager)
        draws = np.random.default_rng(2)
        for _ in range(4):
            ids = draws.integers(0, rows, (8, 5)).astype("int32") // 3
            model.train_on_batch(ids, draws.normal(size=(8, 1)).astype("float32"))
        nacre.config.set_num_threads(before)
        return [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]

    expected = trained(True, 1)
    for threads in (1, 3):
        for a, b in zip(trained(False, threads), expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_plan_reads_rows_only():
    model = nacre.Sequential([layers.Embedding(5000, 32), layers.Flatten(), layers.Dense(1)])
    model.compile(make("Adam", {}), "mse")
    ids = np.arange(40, dtype="int32").reshape(8, 5)
    model.train_on_batch(ids, np.zeros((8, 1), "float32"))
    text = []
    model.plan_summary(print_fn=text.append)
    assert "update_rows" in text[0]
    assert "take_grad" not in text[0]


@pytest.mark.parametrize("lazy", [False, True])
def test_indices_counted_from_the_end(lazy):
    def trained(planned):
        table, optimizer = nacre.Variable(np.ones((6, 3), "float32")), make("Adam", {}, lazy)
        optimizer.build([table])

        def step(indices):
            with nacre.GradientTape() as tape:
                loss = ops.sum(ops.square(ops.take(table, indices, axis=0)))
            optimizer.apply([tape.gradient(loss, table)], [table])
            return loss

        step = nacre.function(step) if planned else step
        for _ in range(3):
            step(ops.convert_to_tensor(np.array([-1, 0, 5, -6, -2], "int32")))
        return table.numpy()

    np.testing.assert_array_equal(trained(True), trained(False))


def test_configuration():
    for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad"):
        cls = getattr(nacre.optimizers, name)
        assert "lazy_rows" not in cls().get_config()
        config = cls(lazy_rows=True).get_config()
        assert config["lazy_rows"] is True
        assert cls.from_config(config).lazy_rows is True
    optimizer = nacre.optimizers.Adam()
    optimizer.lazy_rows = True
    assert optimizer.get_config()["lazy_rows"] is True
    with pytest.raises(TypeError, match="unknown argument 'lazy_rows'"):
        nacre.optimizers.Ftrl(lazy_rows=True)
    with pytest.raises(ValueError, match="lazy_rows: expected a boolean"):
        nacre.optimizers.Adam(lazy_rows="some")
