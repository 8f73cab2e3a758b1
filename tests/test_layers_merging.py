"""Merging layers: what they compute, their functions, their errors."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers

X = np.array([[1.0, -2.0]], "float32")
Y = np.array([[3.0, 5.0]], "float32")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", X + Y),
        ("subtract", X - Y),
        ("multiply", X * Y),
        ("average", (X + Y) / 2),
        ("maximum", np.maximum(X, Y)),
        ("minimum", np.minimum(X, Y)),
        ("concatenate", np.concatenate([X, Y], -1)),
        ("dot", (X * Y).sum(-1, keepdims=True)),
    ],
)
def test_functions(name, expected):
    np.testing.assert_array_equal(getattr(layers, name)([X, Y]).numpy(), expected)


def test_arguments_of_functions():
    assert layers.concatenate([X, Y], axis=0).shape == (2, 2)
    cosine = layers.dot([X, Y], axes=1, normalize=True)
    expected = (X * Y).sum() / np.sqrt((X * X).sum() * (Y * Y).sum())
    np.testing.assert_allclose(cosine.numpy(), [[expected]], rtol=1e-6)


def test_one_input():
    np.testing.assert_array_equal(layers.Add()([X]).numpy(), X)


def test_unknown_sizes():
    a, b = nacre.Input((None, 3)), nacre.Input((5, 1))
    assert layers.Add()([a, b]).shape == (None, 5, 3)
    assert layers.Concatenate(axis=1)([a, nacre.Input((5, 3))]).shape == (None, None, 3)
    assert layers.Dot(2)([a, nacre.Input((4, 3))]).shape == (None, None, 4)


ones = nacre.ops.ones
ERRORS = [
    (lambda: layers.Add(name="a")(X), r"Add 'a': expected a list of inputs, received a ndarray"),
    (
        lambda: layers.Add(name="a")([ones((2, 3)), ones((2, 4))]),
        r"Add 'a': expected inputs whose shapes broadcast together, received \(2, 3\) and \(2, 4\)",
    ),
    (
        lambda: layers.Add(name="a")([ones((2, 3)), ones((1, 3))]),
        r"Add 'a': expected inputs of one batch size, received shapes \(2, 3\) and \(1, 3\)",
    ),
    (
        lambda: layers.Subtract(name="s")([X, X, X]),
        r"Subtract 's': expected a list of two inputs, received 3",
    ),
    (
        lambda: layers.Concatenate(name="c")([ones((2, 3, 4)), ones((2, 2, 4))]),
        r"Concatenate 'c': expected inputs that have the same shape except along axis -1, received "
        r"\(2, 3, 4\) and \(2, 2, 4\)",
    ),
    (lambda: layers.Concatenate(axis=3, name="c")([X, Y]), r"Concatenate 'c': .*axis"),
    (
        lambda: layers.Dot(1, name="d")([ones((2, 3)), ones((2, 4))]),
        r"Dot 'd': expected inputs of one size along axes=1, received shapes \(2, 3\) and \(2, 4\)",
    ),
    (lambda: layers.Dot(0, name="d")([X, Y]), r"Dot 'd': expected axes other than the batch axis"),
    (lambda: layers.Dot((1, 2, 3)), r"Dot: expected axes to be one axis or two"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=range(len(ERRORS)))
def test_errors(call, message):
    with pytest.raises((ValueError, IndexError), match=message):
        call()
