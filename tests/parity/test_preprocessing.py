"""Categories and texts: nacre's layers and real Keras 3's, whose string work is TensorFlow's."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
pytest.importorskip("tensorflow", reason="Keras's string layers need tensorflow")

import nacre  # noqa: E402

WORDS = np.array([["dog", "cat", "", "mouse"], ["cat", "cat", "owl", "dog"]])
NUMBERS = np.array([[3, 7, 0, 11], [7, 7, 42, -3]])
TEXTS = [
    "The quick, brown fox; the lazy dog!",
    "  foo\tBAR\nfoo ",
    "ÉTÉ it's\u00a0me",
    "",
    "a a a b",
]


def both(name, *args, **kwargs):
    return getattr(nacre.layers, name)(*args, **kwargs), getattr(keras.layers, name)(
        *args, **kwargs
    )


def same(ours, theirs, x):
    a, b = ours(x).numpy(), np.asarray(keras.ops.convert_to_numpy(theirs(x)))
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=1e-6)


MODES = ["int", "one_hot", "multi_hot", "count"]
LOOKUPS = [
    {},
    {"num_oov_indices": 3},
    {"mask_token": True},
    {"mask_token": True, "num_oov_indices": 2, "salt": (1, 9), "oov_method": "farmhash"},
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kwargs", LOOKUPS, ids=str)
@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup"])
def test_lookup(kind, mode, kwargs):
    kwargs = dict(kwargs)
    x, vocabulary = (WORDS, ["cat", "dog"]) if kind == "StringLookup" else (NUMBERS, [7, 3])
    if kwargs.pop("mask_token", False):
        kwargs["mask_token"] = "" if kind == "StringLookup" else 0
    ours, theirs = both(kind, vocabulary=vocabulary, output_mode=mode, **kwargs)
    same(ours, theirs, x)
    same(ours, theirs, x[:, :1])
    if mode != "one_hot":
        same(ours, theirs, x[0])
    assert ours.get_vocabulary() == theirs.get_vocabulary()
    assert ours.vocabulary_size() == theirs.vocabulary_size()
    config = comparable(ours.get_config())
    assert config == comparable(theirs.get_config())
    same(type(ours).from_config(config), theirs, x)


def comparable(config):
    config = {k: v for k, v in config.items() if k not in ("name", "dtype", "trainable")}
    return {k: list(map(plain, v)) if isinstance(v, list) else v for k, v in config.items()}


def plain(value):
    return value.item() if isinstance(value, np.generic) else value


@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup"])
@pytest.mark.parametrize("mode", ["int", "count", "tf_idf"])
@pytest.mark.parametrize("limit", [None, 4])
def test_adapted_lookup(kind, mode, limit):
    x = WORDS if kind == "StringLookup" else NUMBERS
    ours, theirs = both(kind, output_mode=mode, max_tokens=limit, pad_to_max_tokens=limit == 4)
    ours.adapt(x)
    theirs.adapt(x)
    assert ours.get_vocabulary() == theirs.get_vocabulary()
    same(ours, theirs, x)
    again = type(ours).from_config(ours.get_config())
    assert again.get_vocabulary() == ours.get_vocabulary()
    np.testing.assert_array_equal(again(x).numpy(), ours(x).numpy())


def test_integer_inverse():
    ours, theirs = both("IntegerLookup", vocabulary=[12, 36], invert=True, mask_token=5)
    same(ours, theirs, np.array([[0, 1, 2], [3, 9, 2]]))


def test_tf_idf_weights():
    kwargs = {"vocabulary": ["cat", "dog"], "idf_weights": [0.5, 2.0], "output_mode": "tf_idf"}
    same(*both("StringLookup", **kwargs), WORDS)
    same(*both("StringLookup", **kwargs, max_tokens=6, pad_to_max_tokens=True), WORDS)


TEXT_ARGUMENTS = [
    {},
    {"output_sequence_length": 5},
    {"standardize": None, "split": "character"},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation", "ngrams": 2},
    {"ngrams": (2,), "output_sequence_length": 3},
    {"output_mode": "multi_hot"},
    {"output_mode": "count", "max_tokens": 9},
    {"output_mode": "tf_idf", "max_tokens": 40, "pad_to_max_tokens": True},
]


@pytest.mark.parametrize("kwargs", TEXT_ARGUMENTS, ids=str)
def test_text_vectorization(kwargs):
    ours, theirs = both("TextVectorization", **kwargs)
    ours.adapt(TEXTS)
    theirs.adapt(TEXTS)
    assert ours.get_vocabulary() == [str(word) for word in theirs.get_vocabulary()]
    same(ours, theirs, ["the dog, A FOX", "zebra", ""])
    a, b = ours.get_config(), theirs.get_config()
    a["vocabulary"] = a["idf_weights"] = None  # Keras keeps what was learned elsewhere
    assert comparable(a) == comparable(b)


def test_text_vectorization_without_a_split():
    ours, theirs = both("TextVectorization", split=None, vocabulary=["foo bar", "x"])
    same(ours, theirs, ["Foo, bar", "y", "x"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "kwargs", [{}, {"salt": 133}, {"salt": (133, 137), "mask_value": 7}, {"mask_value": 3}], ids=str
)
def test_hashing(mode, kwargs):
    ours, theirs = both("Hashing", 5, output_mode=mode, **kwargs)
    same(ours, theirs, NUMBERS)
    same(ours, theirs, NUMBERS.astype("float32") + 0.25)
    assert comparable(ours.get_config()) == comparable(theirs.get_config())


@pytest.mark.parametrize("mask", [None, "cat"])
def test_hashing_of_strings(mask):
    same(*both("Hashing", 5, mask_value=mask), WORDS)
    same(*both("Hashing", 5, mask_value=mask, output_mode="count", salt=1), WORDS)


@pytest.mark.parametrize("mode", ["int", "one_hot"])
def test_hashed_crossing(mode):
    ours, theirs = both("HashedCrossing", 7, output_mode=mode)
    words, numbers = WORDS[1], NUMBERS[1]
    for inputs in ((words, numbers), (numbers, words, words), (words[:, None], numbers[:, None])):
        same(ours, theirs, inputs)
    assert comparable(ours.get_config()) == comparable(theirs.get_config())


def test_category_encoding_with_weights():
    ours, theirs = both("CategoryEncoding", 12, output_mode="count")
    ids, weights = np.abs(NUMBERS) % 12, np.linspace(0, 1, 8, dtype="float32").reshape(2, 4)
    np.testing.assert_allclose(
        ours(ids, count_weights=weights).numpy(),
        keras.ops.convert_to_numpy(theirs(ids, count_weights=weights)),
        rtol=1e-6,
    )


@pytest.mark.parametrize("mode", MODES)
def test_discretization(mode):
    data = np.random.default_rng(0).normal(size=(57, 4)).astype("float32")
    ours, theirs = both("Discretization", num_bins=5, output_mode=mode)
    ours.adapt(data)
    theirs.adapt(data)
    np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-6)
    same(ours, theirs, data)
    a, b = ours.get_config(), theirs.get_config()
    np.testing.assert_allclose(a.pop("bin_boundaries"), b.pop("bin_boundaries"), rtol=1e-6)
    assert comparable(a) == comparable(b)
    batches = [data[:20], data[20:]]
    ours.adapt(batches)
    theirs.adapt(batches)
    np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-6)


@pytest.mark.parametrize(
    "name",
    ["StringLookup", "IntegerLookup", "TextVectorization", "HashedCrossing"],
)
def test_signatures(name):
    ours, theirs = (
        {
            k: p.default
            for k, p in inspect.signature(getattr(package.layers, name).__init__).parameters.items()
        }
        for package in (nacre, keras)
    )
    assert list(ours.items()) == list(theirs.items())
