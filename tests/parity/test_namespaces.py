"""Keras's namespaces and nacre's hold the same names."""

from __future__ import annotations

import os

import pytest

import nacre

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")


def names(module):
    return {name for name in dir(module) if not name.startswith("_")}


@pytest.mark.parametrize("name", ["linalg", "nn", "numpy"])
def test_ops(name):
    listed = set(getattr(nacre.ops, name)._NAMES.split())
    assert listed == names(getattr(keras.ops, name))


def test_backend_and_preprocessing():
    assert set(nacre.backend.__all__) == names(keras.backend)
    assert set(nacre.preprocessing.__all__) == names(keras.preprocessing)
    assert set(nacre.preprocessing.image.__all__) == names(keras.preprocessing.image)
    assert set(nacre.preprocessing.sequence.__all__) == names(keras.preprocessing.sequence)
