"""Losses of nacre and of real Keras 3: values, gradients, signatures, configurations."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

import nacre
from nacre import losses as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
jax = pytest.importorskip("jax", reason="jax is not installed (extra [parity])")
theirs = keras.losses

rng = np.random.default_rng(0)
REAL = rng.normal(size=(6, 5)).astype("float32")
TARGET = rng.normal(size=(6, 5)).astype("float32")
POSITIVE = rng.uniform(0.1, 2, size=(6, 5)).astype("float32")
PROBABILITIES = np.asarray(jax.nn.softmax(REAL))
BINARY = (rng.uniform(size=(6, 5)) > 0.5).astype("float32")
ONE_HOT = np.eye(5, dtype="float32")[[0, 4, 2, 1, 3, 3]]
IDS = np.array([0, 4, 2, 1, 3, 3])
EMBEDDINGS = REAL / np.linalg.norm(REAL, axis=-1, keepdims=True)
UNIT = rng.uniform(0.01, 0.99, size=(6, 5)).astype("float32")
# Sequences: with repeated labels, of different lengths, one of them empty.
LOGITS = rng.normal(size=(4, 9, 5)).astype("float32")
LABELS = np.array([[1, 2, 2, 4], [3, 3, 0, 0], [0, 0, 0, 0], [4, 1, 2, 0]])

CASES = [
    ("MeanSquaredError", {}, TARGET, REAL),
    ("MeanAbsoluteError", {}, TARGET, REAL),
    ("MeanAbsolutePercentageError", {}, TARGET, REAL),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, POSITIVE[::-1].copy()),
    ("CosineSimilarity", {}, TARGET, REAL),
    ("CosineSimilarity", {"axis": 0}, TARGET, REAL),
    ("Huber", {}, TARGET, REAL),
    ("Huber", {"delta": 0.3}, TARGET, REAL),
    ("LogCosh", {}, TARGET, REAL),
    ("Hinge", {}, BINARY, REAL),
    ("Hinge", {}, 2 * BINARY - 1, REAL),
    ("SquaredHinge", {}, BINARY, REAL),
    ("CategoricalHinge", {}, ONE_HOT, REAL),
    ("KLDivergence", {}, PROBABILITIES, PROBABILITIES[::-1].copy()),
    ("Poisson", {}, POSITIVE, POSITIVE[::-1].copy()),
    ("BinaryCrossentropy", {}, BINARY, UNIT),
    ("BinaryCrossentropy", {"from_logits": True}, BINARY, REAL),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, BINARY, UNIT),
    ("BinaryCrossentropy", {"from_logits": True}, BINARY, 1e4 * REAL),
    ("BinaryFocalCrossentropy", {}, BINARY, UNIT),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 3.0}, BINARY, UNIT),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, BINARY, REAL),
    ("CategoricalCrossentropy", {}, ONE_HOT, PROBABILITIES),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, REAL),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.3}, ONE_HOT, REAL),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, 1e4 * REAL),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, PROBABILITIES),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.0}, ONE_HOT, REAL),
    ("Dice", {}, BINARY, UNIT),
    ("Dice", {"axis": (0,)}, BINARY, UNIT),
    ("Tversky", {"alpha": 0.3, "beta": 0.8}, BINARY, UNIT),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, IDS, PROBABILITIES),
    ("Circle", {}, IDS // 2, EMBEDDINGS),
    ("Circle", {"gamma": 5.0, "remove_diagonal": False}, IDS // 2, EMBEDDINGS),
    ("CTC", {}, LABELS, LOGITS),
    ("CTC", {}, LABELS[:, :2], LOGITS[:, :3]),
    ("SparseCategoricalCrossentropy", {}, IDS, PROBABILITIES),
    ("SparseCategoricalCrossentropy", {}, IDS[:, None], PROBABILITIES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, IDS, REAL),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, IDS, 1e4 * REAL),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 3}, IDS, REAL),
]
CLASSES = sorted({name for name, *_ in CASES})


def function_of(name: str) -> str:
    special = {"KLDivergence": "kl_divergence", "CTC": "ctc"}
    return special.get(name) or nacre._core.to_snake_case(name)


@pytest.mark.parametrize("name, arguments, y_true, y_pred", CASES)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
def test_values(name, arguments, y_true, y_pred, reduction):
    expected = getattr(theirs, name)(reduction=reduction, **arguments)(y_true, y_pred)
    received = getattr(ours, name)(reduction=reduction, **arguments)(y_true, y_pred)
    expected = np.asarray(expected)
    np.testing.assert_allclose(received.numpy(), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name, arguments, y_true, y_pred", CASES)
def test_gradients(name, arguments, y_true, y_pred):
    theirs_loss = getattr(theirs, name)(**arguments)
    ours_loss = getattr(ours, name)(**arguments)
    expected = np.asarray(jax.grad(lambda p: theirs_loss(y_true, p))(y_pred))
    received = nacre.grad(lambda p: ours_loss(y_true, p))(nacre.ops.convert_to_tensor(y_pred))
    np.testing.assert_allclose(received.numpy(), expected, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("name, arguments, y_true, y_pred", CASES)
def test_functions(name, arguments, y_true, y_pred):
    function = function_of(name)
    expected = np.asarray(getattr(theirs, function)(y_true, y_pred, **arguments))
    received = getattr(ours, function)(y_true, y_pred, **arguments).numpy()
    np.testing.assert_allclose(received, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("weight", [[1, 0, 2, 0, 0.5, 1], [[1], [0], [2], [0], [0.5], [1]]])
@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none"]
)
def test_sample_weight(weight, reduction):
    weight = np.array(weight, "float32")
    expected = theirs.MeanSquaredError(reduction=reduction)(TARGET, REAL, weight)
    received = ours.MeanSquaredError(reduction=reduction)(TARGET, REAL, weight)
    np.testing.assert_allclose(received.numpy(), np.asarray(expected), rtol=1e-6)


@pytest.mark.parametrize("shapes", [((6,), (6, 1)), ((6, 1), (6,)), ((6,), (6,)), ((6, 1), (6, 1))])
def test_trailing_axis(shapes):
    y_true, y_pred = REAL[:, 0].reshape(shapes[0]), TARGET[:, 0].reshape(shapes[1])
    for name in ("MeanSquaredError", "MeanAbsoluteError", "Hinge"):
        expected = getattr(theirs, name)()(y_true, y_pred)
        received = getattr(ours, name)()(y_true, y_pred)
        np.testing.assert_allclose(float(received), float(expected), rtol=1e-6)


@pytest.mark.parametrize("name", [*CLASSES, "Loss"])
def test_signature(name):
    expected = inspect.signature(getattr(theirs, name).__init__).parameters
    received = inspect.signature(getattr(ours, name).__init__).parameters
    assert {k: p.default for k, p in received.items()} == {
        k: p.default for k, p in expected.items()
    }
    assert list(received) == list(expected)


@pytest.mark.parametrize("name", CLASSES)
def test_config(name):
    expected = getattr(theirs, name)().get_config()
    received = getattr(ours, name)().get_config()
    for key, value in expected.items():
        if key not in ("dtype", "fn"):
            assert received[key] == value, key
    again = getattr(ours, name).from_config(received)
    assert again.get_config() == received


@pytest.mark.parametrize("name", sorted({function_of(name) for name in CLASSES}))
def test_function_signature(name):
    expected = inspect.signature(getattr(theirs, name)).parameters
    received = inspect.signature(getattr(ours, name)).parameters
    assert {k: p.default for k, p in received.items()} == {
        k: p.default for k, p in expected.items()
    }


@pytest.mark.parametrize(
    "alias", ["mse", "MSE", "mae", "mape", "msle", "bce", "kld", "huber", "log_cosh", "hinge"]
)
def test_aliases(alias):
    assert ours.get(alias).__name__ == theirs.get(alias).__name__


def test_circle_with_references():
    references = rng.normal(size=(4, 5)).astype("float32")
    references /= np.linalg.norm(references, axis=-1, keepdims=True)
    labels = np.array([0, 1, 2, 0])
    for remove in (True, False):
        arguments = {"gamma": 5.0, "margin": 0.3, "remove_diagonal": remove}
        expected = theirs.circle(IDS // 2, EMBEDDINGS, labels, references, **arguments)
        received = ours.circle(IDS // 2, EMBEDDINGS, labels, references, **arguments)
        np.testing.assert_allclose(received.numpy(), np.asarray(expected), rtol=2e-5, atol=2e-6)


def test_every_loss_of_keras_is_there():
    assert not {name for name in dir(theirs) if not name.startswith("_")} - set(dir(ours))


@pytest.mark.parametrize("alias", sorted(set(dir(theirs)) & set(dir(ours)) - {"get"}))
def test_names(alias):
    if alias.startswith("_") or alias in ("Loss", "serialize", "deserialize"):
        pytest.skip("no loss")
    if "general" in alias.lower():
        pytest.skip("Keras does not know it by name")
    expected, received = theirs.get(alias), ours.get(alias)
    name = lambda loss: getattr(loss, "__name__", type(loss).__name__)  # noqa: E731
    assert name(received) == name(expected)


@pytest.mark.parametrize("strategy", ["greedy", "beam_search"])
@pytest.mark.parametrize("mask_index", [0, 3])
def test_ctc_decode(strategy, mask_index):
    lengths = np.array([9, 4, 7, 1], "int32")
    options = {"strategy": strategy, "mask_index": mask_index}
    if strategy == "beam_search":
        options |= {"beam_width": 12, "top_paths": 3}
    for merge in (True, False):
        expected = keras.ops.ctc_decode(LOGITS, lengths, merge_repeated=merge, **options)
        received = nacre.ops.ctc_decode(LOGITS, lengths, merge_repeated=merge, **options)
        np.testing.assert_array_equal(received[0].numpy(), np.asarray(expected[0]))
        np.testing.assert_allclose(received[1].numpy(), np.asarray(expected[1]), rtol=1e-5)
