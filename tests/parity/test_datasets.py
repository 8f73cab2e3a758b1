"""Data sets as real Keras prepares them, from made-up files."""

from __future__ import annotations

import importlib
import inspect
import os

import numpy as np
import pytest

from nacre import datasets

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")

RNG = np.random.default_rng(0)


def lists(count):
    array = np.empty(count, dtype=object)
    array[:] = [RNG.integers(1, 50, RNG.integers(1, 9)).tolist() for _ in range(count)]
    return array


@pytest.fixture
def both(tmp_path, monkeypatch):
    """load_data of nacre and of Keras, both reading one file."""
    monkeypatch.setenv("NACRE_DATA", str(tmp_path))

    def functions(name, function="load_data", suffix=".npz"):
        module = importlib.import_module(f"keras.src.datasets.{name}")
        path = str(tmp_path / f"{name}{suffix}")
        monkeypatch.setattr(module, "get_file", lambda *args, **kwargs: path)
        return getattr(getattr(datasets, name), function), getattr(module, function)

    return functions


def assert_same(received, expected):
    for got, want in zip(received, expected, strict=True):
        for a, b in zip(got, want, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            assert a.tolist() == b.tolist()


@pytest.mark.parametrize("name", ["california_housing", "cifar100", "imdb", "reuters"])
def test_same_arguments(name):
    def arguments(module):
        parameters = inspect.signature(module.load_data).parameters.values()
        return [(p.name, p.default) for p in parameters if p.kind is not p.VAR_KEYWORD]

    assert arguments(getattr(datasets, name)) == arguments(getattr(keras.datasets, name))


OPTIONS = [
    {},
    {"num_words": 20},
    {"num_words": 30, "skip_top": 8, "oov_char": None},
    {"maxlen": 6, "seed": 4},
    {"start_char": None},
    {"start_char": None, "index_from": 0, "oov_char": 0, "skip_top": 3},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_imdb(options, both, tmp_path):
    arrays = {"x_train": lists(40), "x_test": lists(25)}
    arrays |= {"y_train": RNG.integers(0, 2, 40), "y_test": RNG.integers(0, 2, 25)}
    np.savez(tmp_path / "imdb.npz", **arrays)
    ours, theirs = both("imdb")
    assert_same(ours(**options), theirs(**options))


@pytest.mark.parametrize("options", [*OPTIONS, {"test_split": 0.35}])
def test_reuters(options, both, tmp_path):
    np.savez(tmp_path / "reuters.npz", x=lists(50), y=RNG.integers(0, 46, 50))
    ours, theirs = both("reuters")
    assert_same(ours(**options), theirs(**options))
    assert datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_word_index(name, both, tmp_path):
    (tmp_path / f"{name}_word_index.json").write_text('{"the": 1, "of": 2}')
    ours, theirs = both(name, "get_word_index", "_word_index.json")
    assert ours() == theirs()


@pytest.mark.parametrize("options", [{}, {"version": "small"}, {"test_split": 0.3, "seed": 5}])
def test_california_housing(options, both, tmp_path):
    np.savez(tmp_path / "california_housing.npz", x=RNG.random((900, 8)), y=RNG.random(900))
    ours, theirs = both("california_housing")
    assert_same(ours(**options), theirs(**options))
