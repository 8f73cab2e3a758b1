"""Utilities of nacre and of real Keras 3 on the same inputs."""

from __future__ import annotations

import inspect
import os
import re

import numpy as np
import pytest

from nacre import utils as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
theirs = keras.utils


@pytest.mark.parametrize(
    "x", [[0, 1, 2], [[0], [2]], [[0, 1], [2, 0]], 1, np.array([1.0, 0.0]), np.uint8([3, 1])]
)
@pytest.mark.parametrize("num_classes", [None, 5])
def test_to_categorical(x, num_classes):
    expected = theirs.to_categorical(x, num_classes)
    received = ours.to_categorical(x, num_classes)
    assert received.dtype == expected.dtype
    np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_normalize(shape, order):
    # Not axis=0 of a matrix: there Keras divides by the norms of the wrong vectors.
    x = np.random.default_rng(0).normal(size=shape)
    x[0] = 0
    np.testing.assert_array_equal(ours.normalize(x, order=order), theirs.normalize(x, order=order))
    for axis in range(-1, x.ndim if x.ndim == 1 else 0):
        np.testing.assert_array_equal(
            ours.normalize(x, axis, order), theirs.normalize(x, axis, order)
        )


@pytest.mark.parametrize("data", ["x", ("x",), ("x", "y"), ["x", "y", "w"]])
def test_tuples(data):
    assert ours.unpack_x_y_sample_weight(data) == theirs.unpack_x_y_sample_weight(data)
    parts = theirs.unpack_x_y_sample_weight(data)
    assert ours.pack_x_y_sample_weight(*parts) == theirs.pack_x_y_sample_weight(*parts)


@pytest.mark.parametrize("name", ["Progbar", "PyDataset"])
def test_same_arguments(name):
    def arguments(cls):
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return [(p.name, p.default) for p in parameters]

    assert arguments(getattr(ours, name)) == arguments(getattr(theirs, name))


class Clock:
    def __init__(self):
        self.now = 1000.0

    def time(self):
        return self.now


def drawn(monkeypatch, capsys, cls, module, steps, target, **kwargs):
    """What a bar shows: its lines, without carriage returns, colours and trailing blanks."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    if cls is ours.Progbar:
        monkeypatch.setattr(module, "redraws_in_place", lambda: True)
    capsys.readouterr()
    bar = cls(target, **kwargs)
    bar._dynamic_display = True
    for seconds, current, values in steps:
        clock.now += seconds
        bar.update(current, values)
    text = re.sub("\x1b\\[[0-9;]*m|\b", "", capsys.readouterr().out)
    return [line.rstrip() for line in re.split("[\r\n]+", text) if line.strip()]


STEPS = [
    (1.5, 1, [("loss", 1.0), ("accuracy", 0.5)]),
    (0.01, 2, [("loss", 100.0), ("accuracy", 0.5)]),
    (0.3, 40, [("loss", 0.001), ("accuracy", 0.25)]),
    (70.0, 80, [("loss", 1e-5), ("accuracy", 0.75)]),
    (9000.0, 99, [("loss", 123456.0), ("accuracy", 0.75)]),
    (0.2, 120, [("loss", 0.125), ("accuracy", 0.875)]),
]


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"stateful_metrics": ["loss"]},
        {"stateless_metrics": ["loss"]},
        {"unit_name": "sample", "width": 7, "interval": 0.2},
    ],
)
@pytest.mark.parametrize("target", [120, None])
def test_progress_bar(target, kwargs, verbose, monkeypatch, capsys):
    from keras.src.utils import progbar as their_module

    from nacre.utils import progbar as our_module

    monkeypatch.setenv("COLUMNS", "500")
    kwargs = {**kwargs, "verbose": verbose}
    expected = drawn(monkeypatch, capsys, theirs.Progbar, their_module, STEPS, target, **kwargs)
    received = drawn(monkeypatch, capsys, ours.Progbar, our_module, STEPS, target, **kwargs)
    assert received == expected
    assert bool(expected) == (verbose == 1 or (verbose == 2 and target is not None))
