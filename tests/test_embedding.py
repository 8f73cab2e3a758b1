"""Embedding: ids out of range, gradients row by row, updates that read rows in plans."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

IDS = np.array([[1, 3, 1], [0, 1, 4]], "int32")


@pytest.mark.parametrize("bad", [5, -1, 2**31 - 1])
def test_ids_out_of_range(bad):
    layer = layers.Embedding(5, 3, name="words")
    ids = IDS.copy()
    ids[1, 2] = bad
    message = rf"Embedding 'words': expected ids in \[0, 5\), received {bad}"
    with pytest.raises(ValueError, match=message):
        layer(ids)
    model = nacre.Sequential([layers.Embedding(5, 3, name="words"), layers.Flatten()])
    model.compile("adam", "mse")
    target = np.zeros((2, 9), "float32")
    model.train_on_batch(IDS, target)
    before = model.get_weights()[0]
    with pytest.raises(ValueError, match=message):
        model.train_on_batch(ids, target)
    np.testing.assert_array_equal(model.get_weights()[0], before)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32"])
def test_dtypes_of_ids(dtype):
    layer = layers.Embedding(5, 3)
    y = layer(IDS.astype(dtype))
    np.testing.assert_array_equal(y, layer.embeddings.numpy()[IDS])


def test_the_gradient_adds_rows_up():
    layer = layers.Embedding(5, 3)
    factor = np.random.default_rng(0).normal(size=(2, 3, 3)).astype("float32")
    with nacre.GradientTape() as tape:
        loss = ops.sum(layer(IDS) * factor)
    gradient = tape.gradient(loss, layer.embeddings).numpy()
    expected = np.zeros((5, 3), "float32")
    np.add.at(expected, IDS, factor)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)


OPTIMIZERS = {
    "sgd": lambda: nacre.optimizers.SGD(0.1),
    "momentum": lambda: nacre.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: nacre.optimizers.Adam(0.1),
    "amsgrad": lambda: nacre.optimizers.Adam(0.1, amsgrad=True),
    "adamw": lambda: nacre.optimizers.AdamW(0.1),
    "clipped": lambda: nacre.optimizers.Adam(0.1, clipnorm=0.1),
    "rmsprop": lambda: nacre.optimizers.RMSprop(0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_plans_give_the_bits_of_eager_steps(name, policy):
    def trained(eager, threads):
        nacre.utils.set_random_seed(1)
        before = nacre.config.num_threads()
        nacre.config.set_num_threads(threads)
        model = nacre.Sequential(
            [layers.Embedding(700, 33, dtype=policy), layers.Flatten(), layers.Dense(1)]
        )
        model.compile(OPTIMIZERS[name](), "mse", run_eagerly=eager)
        draws = np.random.default_rng(2)
        for _ in range(4):
            ids = draws.integers(0, 700, (8, 5)).astype("int32") // 3
            model.train_on_batch(ids, draws.normal(size=(8, 1)).astype("float32"))
        nacre.config.set_num_threads(before)
        return model.get_weights()

    expected = trained(True, 1)
    for threads in (1, 3):
        for a, b in zip(trained(False, threads), expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_shared_table_gets_all_its_gradients():
    class Twice(nacre.Model):
        def __init__(self):
            super().__init__()
            self.table = layers.Embedding(6, 3)
            self.head = layers.Dense(1)

        def call(self, ids):
            return self.head(self.table(ids)[:, 0] + self.table(5 - ids)[:, 1])

    def trained(eager):
        nacre.utils.set_random_seed(1)
        model = Twice()
        model.compile("adam", "mse", run_eagerly=eager)
        for _ in range(3):
            model.train_on_batch(IDS, np.ones((2, 1), "float32"))
        return model.get_weights()

    for a, b in zip(trained(False), trained(True), strict=True):
        np.testing.assert_array_equal(a, b)
