"""Gradients of weights and bias in plans: one kernel, the eager values."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers


def dense(features):
    return nacre.Sequential([nacre.Input((features,)), layers.Dense(80, "relu"), layers.Dense(7)])


def attention(features):
    x = nacre.Input((9, features))
    y = layers.MultiHeadAttention(4, 16)(x, x)
    y = layers.EinsumDense("abc,cd->abd", output_shape=(None, 24), bias_axes="d")(x + y)
    return nacre.Model(x, layers.Dense(7)(layers.Flatten()(y)))


def recurrent(layer):
    def build(features):
        return nacre.Sequential([nacre.Input((9, features)), layer(20), layers.Dense(7)])

    return build


def trained(build, rows, *, eager, threads=1, features=64):
    nacre.utils.set_random_seed(1)
    before = nacre.config.num_threads()
    nacre.config.set_num_threads(threads)
    model = build(features)
    regularized = model.layers[-1]
    regularized.kernel_regularizer = nacre.regularizers.L2(0.1)
    model.compile(nacre.optimizers.SGD(0.1, clipnorm=1.0), "mse", run_eagerly=eager)
    draws = np.random.default_rng(0)
    for _ in range(3):
        x = draws.normal(size=(rows, *model.input_shape[1:])).astype("float32")
        model.train_on_batch(x, draws.normal(size=(rows, 7)).astype("float32"))
    nacre.config.set_num_threads(before)
    return model, model.get_weights()


def pairs(model):
    text = []
    model.plan_summary(print_fn=text.append)
    counts = [line.split()[1] for line in text[0].splitlines() if "matmul_and_sums" in line]
    return int(counts[0]) if counts else 0


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (dense, 2),
        (attention, 6),  # q, k, v, output, EinsumDense, Dense
        (recurrent(layers.LSTM), 1),
        (recurrent(layers.GRU), 1),
        (recurrent(layers.SimpleRNN), 1),
    ],
    ids=["dense", "attention", "lstm", "gru", "simple_rnn"],
)
@pytest.mark.parametrize("rows", [5, 70])
def test_bits_of_the_eager_step(build, expected, rows):
    weights = trained(build, rows, eager=True)[1]
    for threads in (1, 3):
        model, received = trained(build, rows, eager=False, threads=threads)
        for a, b in zip(received, weights, strict=True):
            np.testing.assert_array_equal(a, b)
    assert pairs(model) == expected


def test_long_sums_are_as_close():
    weights = trained(dense, 1500, eager=True)[1]
    first = None
    for threads in (1, 3):
        model, received = trained(dense, 1500, eager=False, threads=threads)
        for a, b in zip(received, weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        first = first or received
        for a, b in zip(received, first, strict=True):
            np.testing.assert_array_equal(a, b)
    assert pairs(model) == 2


def test_products_of_few_rows_stay(monkeypatch):
    assert pairs(trained(dense, 5, eager=False, features=63)[0]) == 1
    monkeypatch.setenv("NACRE_PASSES", "-bias")
    assert pairs(trained(dense, 6, eager=False)[0]) == 0
