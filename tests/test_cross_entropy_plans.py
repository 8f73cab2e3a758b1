"""Softmax and the cross-entropy of its probabilities in plans: one kernel, the eager bits."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops


def trained(classes, eager, threads=1, steps=3, shape=(37,), **options):
    nacre.utils.set_random_seed(1)
    before = nacre.config.num_threads()
    nacre.config.set_num_threads(threads)
    model = nacre.Sequential(
        [nacre.Input((*shape[1:], 6)), layers.Dense(classes, activation="softmax")]
    )
    loss = options.pop("loss", "sparse_categorical_crossentropy")
    model.compile(nacre.optimizers.SGD(5.0), loss, run_eagerly=eager, **options)
    draws = np.random.default_rng(0)
    losses = []
    for _ in range(steps):
        x = draws.normal(size=(*shape, 6)).astype("float32") * 10  # some probabilities are 0 and 1
        y = draws.integers(0, classes, shape).astype("int32")
        losses.append(model.train_on_batch(x, y))
    nacre.config.set_num_threads(before)
    return model, [*model.get_weights(), np.asarray(losses)]


def summary(model):
    text = []
    model.plan_summary(print_fn=text.append)
    return text[0]


@pytest.mark.parametrize("classes", [2, 10, 65, 130, 5000])
def test_bits_of_the_eager_step(classes):
    expected = trained(classes, True)[1]
    for threads in (1, 3):
        model, received = trained(classes, False, threads)
        for a, b in zip(received, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    text = summary(model)
    assert "softmax_and_cross_entropy " in text
    assert "softmax_and_cross_entropy_grad" in text


def test_with_a_metric_and_several_axes():
    options = {"metrics": ["accuracy"], "shape": (5, 8)}
    expected = trained(12, True, **options)[1]
    model, received = trained(12, False, **options)
    for a, b in zip(received, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert "softmax_and_cross_entropy_grad" in summary(model)


def test_two_losses_of_the_same_probabilities():
    def f(x, y):
        p = ops.softmax(x)
        twice = ops.sparse_categorical_crossentropy(y, p)
        return twice + ops.sparse_categorical_crossentropy((y + 1) % 4, p), ops.sum(p, -1)

    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(9, 4)).astype("float32"))
    y = ops.convert_to_tensor(np.arange(9, dtype="int32") % 4)
    plan = nacre.function(f)
    for _ in range(2):
        for a, b in zip(plan(x, y), f(x, y), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_reader_before_the_loss_keeps_the_softmax():
    def f(x, y):
        p = ops.softmax(x)
        labels = ops.cast(ops.argmax(p, -1), "int32")  # which the loss reads
        return ops.sparse_categorical_crossentropy((labels + y) % 4, p)

    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(9, 4)).astype("float32"))
    plan = nacre.function(f)
    for _ in range(2):
        np.testing.assert_array_equal(plan(x, 1), f(x, 1))


def test_another_axis_is_left_alone():
    def f(x, y):
        return ops.sparse_categorical_crossentropy(y, ops.softmax(x, axis=0))

    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(4, 4)).astype("float32"))
    y = ops.convert_to_tensor(np.arange(4, dtype="int32"))
    plan = nacre.function(f)
    for _ in range(2):
        np.testing.assert_array_equal(plan(x, y), f(x, y))


def test_bad_labels_end_the_step():
    model, _ = trained(4, False)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"expected class ids from 0 to 3, received 4"):
        model.train_on_batch(np.zeros((37, 6), "float32"), np.full(37, 4, "int32"))
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
