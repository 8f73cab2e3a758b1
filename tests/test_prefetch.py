"""Batches made ahead by a thread: order, ends, errors, and what is left untaken."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

import nacre
from nacre.models.prefetch import prefetched


def test_items_come_in_order_and_end():
    assert list(prefetched(iter(range(50)))) == list(range(50))
    assert list(prefetched(iter(()))) == []


def test_no_more_than_the_limit_is_taken():
    endless = itertools.count()
    assert list(prefetched(endless, 5)) == [0, 1, 2, 3, 4]
    assert list(prefetched(endless, 3)) == [5, 6, 7]


def test_an_error_is_raised_after_the_items_before_it():
    def items():
        yield 1
        raise KeyError("broken")

    seen = []
    with pytest.raises(KeyError, match="broken"):
        for item in prefetched(items()):
            seen.append(item)
    assert seen == [1]


def test_the_next_item_is_made_meanwhile():
    made = []

    def items():
        for i in range(3):
            made.append(i)
            yield i

    reader = prefetched(items())
    assert next(reader) == 0
    for _ in range(500):
        if len(made) > 1:
            break
        time.sleep(0.01)
    assert len(made) > 1


def test_leaving_early_stops_the_thread():
    before = threading.active_count()
    reader = prefetched(itertools.count())
    next(reader)
    reader.close()
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.02)
    assert threading.active_count() == before


def test_fit_takes_exactly_its_steps_of_an_endless_generator():
    drawn = []

    def batches():
        for i in itertools.count():
            drawn.append(i)
            yield np.ones((4, 3), "float32"), np.ones((4, 1), "float32")

    model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = batches()
    model.fit(data, steps_per_epoch=5, epochs=2, verbose=0)
    assert drawn == list(range(10))


def test_a_generators_error_leaves_fit_as_it_is():
    def batches():
        yield np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
        raise OSError("the disk is gone")

    model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(batches(), verbose=0)
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), verbose=0)


def test_a_memory_mapped_array_is_read_where_it_lies(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(0).random((2000, 30)).astype("float32"))
    y = np.zeros((2000, 1), "float32")

    def losses(x):
        nacre.utils.set_random_seed(0)
        model = nacre.Sequential([nacre.Input((30,)), nacre.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model.fit(x, y, epochs=2, verbose=0).history["loss"]

    assert losses(np.load(path, mmap_mode="r")) == losses(np.load(path))
