"""Layers of categories and texts: vocabularies, errors, files, plans."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers

WORDS = np.array([["dog", "cat", "", "mouse"], ["cat", "cat", "owl", "dog"]])


# Buckets that TensorFlow's to_hash_bucket_fast and to_hash_bucket_strong give.
FAST = [377723, 291400, 470335, 268677, 847376, 375874, 913695, 913003]
STRONG = [953272, 554259, 100339, 994951, 186932, 536573, 726599, 725249]


def test_hashes_are_those_of_farmhash_and_siphash():
    texts = ["", "a", "12345678", "x" * 20, "y" * 50, "z" * 64, "w" * 65, "ab" * 200]
    fast = layers.Hashing(1000003)(np.array(texts)).numpy().tolist()
    strong = layers.Hashing(1000003, salt=(133, 137))(np.array(texts)).numpy().tolist()
    assert fast == FAST
    assert strong == STRONG


def test_string_lookup_inverse_is_an_array_of_strings():
    layer = layers.StringLookup(vocabulary=["a", "b"], invert=True, mask_token="")
    assert layer([[0, 1], [2, 7]]).tolist() == [["", "[UNK]"], ["a", "[UNK]"]]
    ids = layers.StringLookup(vocabulary=["a", "b"], mask_token="")(["b", "a", ""])
    assert layer(ids).tolist() == ["b", "a", ""]


def test_bytes_are_decoded():
    layer = layers.StringLookup(vocabulary=["é"], encoding="latin-1")
    assert layer(np.array(["é".encode("latin-1")])).numpy().tolist() == [1]


def test_vocabulary_with_special_tokens():
    layer = layers.StringLookup(vocabulary=["", "[UNK]", "a"], mask_token="")
    assert layer.get_vocabulary() == ["", "[UNK]", "a"]
    assert layer.get_vocabulary(include_special_tokens=False) == ["a"]
    assert layer.vocabulary_size() == 3


def test_vocabulary_files(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("cat\ndog\nété\n", encoding="utf-8")
    layer = layers.StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "cat", "dog", "été"]
    config = layer.get_config()
    path.unlink()  # what is saved needs the file no more
    assert layers.StringLookup.from_config(config).get_vocabulary() == layer.get_vocabulary()
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("5\n-7\n")
    assert layers.IntegerLookup(vocabulary=str(numbers)).get_vocabulary() == [-1, 5, -7]
    numbers.write_text("5\nseven\n")
    with pytest.raises(ValueError, match="one integer a line"):
        layers.IntegerLookup(vocabulary=str(numbers))
    with pytest.raises(ValueError, match="there is no vocabulary file"):
        layers.StringLookup(vocabulary=str(path))
    with pytest.raises(ValueError, match="received a path"):
        layers.StringLookup.from_config({"vocabulary": str(numbers)})
    layer.save_assets(tmp_path)
    again = layers.StringLookup()
    again.load_assets(tmp_path)
    assert again.get_vocabulary() == layer.get_vocabulary()


def test_adapt_takes_arrays_lists_and_batches():
    expected = ["[UNK]", "cat", "dog", "owl", "mouse", ""]
    for data in (WORDS, WORDS.tolist(), iter(list(WORDS)), iter(list(WORDS[:, None]))):
        layer = layers.StringLookup()
        layer.adapt(data)
        assert layer.get_vocabulary() == expected
    layer.adapt(iter([["new"], ["never"]]), steps=1)
    assert layer.get_vocabulary() == ["[UNK]", "new"]


def test_text_vectorization_with_functions():
    def standardize(texts):
        return np.char.replace(np.char.lower(texts), "-", " ")

    layer = layers.TextVectorization(
        standardize=standardize, split=lambda texts: np.char.split(texts), vocabulary=["b", "c"]
    )
    assert layer(["B-c x", "c"]).numpy().tolist() == [[2, 3, 1], [3, 0, 0]]
    assert layer([["B"], ["c"]]).numpy().tolist() == [[2], [3]]


def test_integer_lookup_within_a_model(tmp_path):
    lookup = layers.IntegerLookup(num_oov_indices=2)
    x = np.array([[5], [9], [9], [5], [5], [70], [71]])
    lookup.adapt(x[:5])
    assert lookup.get_vocabulary() == [-1, -1, 5, 9]
    model = nacre.Sequential(
        [nacre.Input((1,), dtype="int64"), lookup, layers.Embedding(4, 3), layers.Flatten()]
    )
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, np.zeros((7, 3), "float32"), epochs=2, verbose=0)
    expected = model.predict(x, verbose=0)
    model.save(tmp_path / "m.nacre")
    again = nacre.saving.load_model(tmp_path / "m.nacre")
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
    ids = lookup(x).numpy().ravel().tolist()
    assert ids == [2, 3, 3, 2, 2, 0, 1]


@pytest.mark.parametrize(
    "layer",
    [
        layers.CategoryEncoding(6),
        layers.Discretization(bin_boundaries=[1.5, 3.5], output_mode="one_hot"),
        layers.Hashing(3, output_mode="count"),
        layers.IntegerLookup(vocabulary=[1, 4], output_mode="multi_hot", mask_token=0),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_fit_is_captured(layer):
    x = np.arange(12).reshape(6, 2) % 6
    if type(layer).__name__ == "Discretization":
        x = x[:, :1]
    outputs = []
    for eager in (True, False):
        nacre.utils.set_random_seed(1)
        model = nacre.Sequential([nacre.Input(x.shape[1:], dtype="int32"), layer, layers.Dense(1)])
        model.compile(optimizer="sgd", loss="mse", run_eagerly=eager)
        model.fit(x, np.ones((6, 1), "float32"), epochs=3, batch_size=2, verbose=0)
        outputs.append(model.predict(x, verbose=0))
    np.testing.assert_array_equal(*outputs)


def test_count_weights_have_a_gradient():
    layer = layers.CategoryEncoding(3, output_mode="count")
    weights = nacre.ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]])
    with nacre.GradientTape() as tape:
        tape.watch(weights)
        y = nacre.ops.sum(layer([[0, 2], [1, 1]], count_weights=weights) * np.arange(3.0))
    np.testing.assert_array_equal(tape.gradient(y, weights).numpy(), [[0, 2], [1, 1]])


ERRORS = [
    (lambda: layers.CategoryEncoding(), "num_tokens >= 1, received None"),
    (lambda: layers.CategoryEncoding(0), "num_tokens >= 1, received 0"),
    (lambda: layers.CategoryEncoding(3, output_mode="counts"), "Did you mean 'count'"),
    (lambda: layers.CategoryEncoding(3, sparse=True), "no sparse tensors"),
    (lambda: layers.CategoryEncoding(3)([[1]], count_weights=[[1.0]]), "no count_weights"),
    (
        lambda: layers.CategoryEncoding(3, output_mode="count")([[1]], count_weights=[[1.0, 2.0]]),
        r"count_weights of shape \(1, 1\), received \(1, 2\)",
    ),
    (lambda: layers.Discretization(), "num_bins or bin_boundaries, received neither"),
    (lambda: layers.Discretization([1.0], num_bins=2), "received both"),
    (lambda: layers.Discretization([1.0, 0.0]), "ascending bin_boundaries"),
    (lambda: layers.Discretization(num_bins=3)(np.ones(2)), r"or a call of adapt\(\)"),
    (lambda: layers.Discretization(num_bins=3).adapt(np.ones(0)), "needs data, received none"),
    (lambda: layers.Discretization([1.0]).adapt(np.ones(3)), "needs a layer made with num_bins"),
    (lambda: layers.Hashing(0), "num_bins > 0, received 0"),
    (lambda: layers.Hashing(3, dtype="float32"), "dtype int32 or int64"),
    (lambda: layers.Hashing(3, salt=(1, 2, 3)), "salt of one or two numbers"),
    (lambda: layers.HashedCrossing(3)([np.ones(2, int)]), "two inputs or more"),
    (lambda: layers.HashedCrossing(3)([np.ones(2, int), np.ones(3, int)]), "of one shape"),
    (lambda: layers.HashedCrossing(3)([np.ones(2), np.ones(2)]), "integers or strings"),
    (lambda: layers.HashedCrossing(3)([np.ones((2, 2), int)] * 2), r"\(\), \(batch,\) or"),
    (lambda: layers.StringLookup(vocabulary=["a", "a"]), "each term once"),
    (lambda: layers.StringLookup(vocabulary=[]), "at least one term"),
    (lambda: layers.StringLookup(vocabulary=["a", "m"], mask_token="m"), "reserved token 'm'"),
    (lambda: layers.StringLookup(max_tokens=2, vocabulary=["a", "b"]), "at most max_tokens=2"),
    (lambda: layers.StringLookup(num_oov_indices=0, vocabulary=["a"])(["b"]), "received 'b'"),
    (lambda: layers.StringLookup(output_mode="bits"), "expected output_mode in"),
    (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), "needs idf_weights"),
    (lambda: layers.StringLookup(max_tokens=1), "max_tokens > 1"),
    (lambda: layers.StringLookup(pad_to_max_tokens=True), "needs max_tokens"),
    (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["b"]), "made without a vocabulary"),
    (lambda: layers.IntegerLookup(num_oov_indices=0, vocabulary=[1])([2]), r"received \[2\]"),
    (lambda: layers.IntegerLookup(salt=3), "oov_method='farmhash'"),
    (lambda: layers.TextVectorization(standardize="upper"), "expected standardize in"),
    (lambda: layers.TextVectorization(ngrams=(0,)), "ngrams of positive integers"),
    (lambda: layers.TextVectorization()([["a", "b"]]), r"texts of shape \(batch,\)"),
    (
        lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
        "needs output_mode='int'",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[m for _, m in ERRORS])
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_wrong_kinds_of_data():
    with pytest.raises(TypeError, match="expected strings, received int"):
        layers.StringLookup(vocabulary=["a"])([1, 2])
    with pytest.raises(TypeError, match="expected integers, received dtype float"):
        layers.IntegerLookup(vocabulary=[1])([1.5])
    with pytest.raises(RuntimeError, match="needs a vocabulary"):
        layers.StringLookup(output_mode="count")(["a"])


def test_the_size_of_vectors_stays():
    layer = layers.StringLookup(vocabulary=["a", "b"], output_mode="count")
    with pytest.raises(RuntimeError, match="cannot change from 3 to 2"):
        layer.set_vocabulary(["a"])
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]
    layer.set_vocabulary(["c", "d"])
    assert layer(["d"]).numpy().tolist() == [0, 0, 1]
