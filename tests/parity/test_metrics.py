"""Metrics of nacre and of real Keras 3: values over several batches, signatures, configurations."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

from nacre import metrics as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
theirs = keras.metrics

rng = np.random.default_rng(0)
REAL = rng.normal(size=(3, 8, 5)).astype("float32")
TARGET = rng.normal(size=(3, 8, 5)).astype("float32")
POSITIVE = rng.uniform(0.1, 2, size=(3, 8, 5)).astype("float32")
PROBABILITIES = np.exp(REAL) / np.exp(REAL).sum(-1, keepdims=True)
IDS = rng.integers(0, 5, size=(3, 8))
ONE_HOT = np.eye(5, dtype="float32")[IDS]
BINARY = (rng.uniform(size=(3, 8, 5)) > 0.5).astype("float32")
UNIT = rng.uniform(0.01, 0.99, size=(3, 8, 5)).astype("float32")
WEIGHT = rng.uniform(size=(3, 8)).astype("float32")
OTHER_IDS = rng.integers(-1, 6, size=(3, 8))

CASES = [
    ("Accuracy", {}, IDS[..., None], rng.integers(0, 5, size=(3, 8, 1))),
    ("BinaryAccuracy", {}, BINARY, UNIT),
    ("BinaryAccuracy", {"threshold": 0.3}, BINARY, UNIT),
    ("CategoricalAccuracy", {}, ONE_HOT, REAL),
    ("SparseCategoricalAccuracy", {}, IDS, REAL),
    ("SparseCategoricalAccuracy", {}, IDS[..., None], REAL),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, REAL),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, IDS, REAL),
    ("MeanSquaredError", {}, TARGET, REAL),
    ("RootMeanSquaredError", {}, TARGET, REAL),
    ("MeanAbsoluteError", {}, TARGET, REAL),
    ("MeanAbsolutePercentageError", {}, TARGET, REAL),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, POSITIVE[::-1].copy()),
    ("CosineSimilarity", {}, TARGET, REAL),
    ("LogCoshError", {}, TARGET, REAL),
    ("Hinge", {}, BINARY, REAL),
    ("SquaredHinge", {}, BINARY, REAL),
    ("CategoricalHinge", {}, ONE_HOT, REAL),
    ("KLDivergence", {}, PROBABILITIES, PROBABILITIES[::-1].copy()),
    ("Poisson", {}, POSITIVE, POSITIVE[::-1].copy()),
    ("BinaryCrossentropy", {}, BINARY, UNIT),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, BINARY, REAL),
    ("CategoricalCrossentropy", {}, ONE_HOT, PROBABILITIES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, IDS, REAL),
    ("TruePositives", {}, BINARY, UNIT),
    ("FalsePositives", {"thresholds": [0.2, 0.7]}, BINARY, UNIT),
    ("TrueNegatives", {"thresholds": 0.4}, BINARY, UNIT),
    ("FalseNegatives", {}, BINARY, UNIT),
    ("Precision", {}, BINARY, UNIT),
    ("Precision", {"thresholds": [0.2, 0.5, 0.9]}, BINARY, UNIT),
    ("Precision", {"top_k": 2}, ONE_HOT, UNIT),
    ("Precision", {"class_id": 3}, ONE_HOT, UNIT),
    ("Recall", {}, BINARY, UNIT),
    ("Recall", {"top_k": 2, "class_id": 1}, ONE_HOT, UNIT),
    ("AUC", {}, BINARY, UNIT),
    ("AUC", {"curve": "PR"}, BINARY, UNIT),
    ("AUC", {"num_thresholds": 20, "summation_method": "minoring"}, BINARY, UNIT),
    ("AUC", {"curve": "PR", "summation_method": "majoring"}, BINARY, UNIT),
    ("AUC", {"thresholds": [0.1, 0.5, 0.8]}, BINARY, UNIT),
    ("AUC", {"multi_label": True}, BINARY, UNIT),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 0.0, 1.0, 1.0]}, BINARY, UNIT),
    ("AUC", {"from_logits": True}, BINARY, REAL),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, BINARY, UNIT),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5}, BINARY, UNIT),
    ("PrecisionAtRecall", {"recall": 0.5}, BINARY, UNIT),
    ("RecallAtPrecision", {"precision": 0.5}, BINARY, UNIT),
    ("F1Score", {}, ONE_HOT, REAL),
    ("F1Score", {"average": "micro"}, ONE_HOT, REAL),
    ("F1Score", {"average": "macro", "threshold": 0.4}, BINARY, UNIT),
    ("FBetaScore", {"average": "weighted", "beta": 2.0}, ONE_HOT, REAL),
    ("R2Score", {}, TARGET, REAL),
    ("R2Score", {"class_aggregation": None}, TARGET, REAL),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, TARGET, REAL),
    ("R2Score", {"num_regressors": 2}, TARGET, REAL),
    ("PearsonCorrelation", {}, TARGET, REAL),
    ("PearsonCorrelation", {"axis": 0}, TARGET, REAL),
    ("ConcordanceCorrelation", {}, TARGET, REAL),
    ("IoU", {"num_classes": 5, "target_class_ids": [0, 3], "dtype": "float32"}, IDS, OTHER_IDS),
    (
        "IoU",
        {"num_classes": 5, "target_class_ids": [1], "sparse_y_pred": False, "dtype": "float32"},
        IDS,
        REAL,
    ),
    ("BinaryIoU", {"threshold": 0.4, "dtype": "float32"}, IDS % 2, UNIT[..., 0]),
    ("BinaryIoU", {"target_class_ids": [1], "dtype": "float32"}, IDS % 2, UNIT[..., 0]),
    ("MeanIoU", {"num_classes": 4, "dtype": "float32"}, IDS, OTHER_IDS),
    ("MeanIoU", {"num_classes": 6, "ignore_class": 2, "dtype": "float32"}, IDS, OTHER_IDS),
    ("OneHotIoU", {"num_classes": 5, "target_class_ids": [0, 2]}, ONE_HOT, REAL),
    ("OneHotMeanIoU", {"num_classes": 5, "dtype": "float32"}, ONE_HOT, REAL),
    (
        "OneHotMeanIoU",
        {"num_classes": 5, "sparse_y_pred": True, "ignore_class": 1, "dtype": "float32"},
        ONE_HOT,
        OTHER_IDS,
    ),
]
NAMES = sorted({name for name, *_ in CASES} | {"Sum", "Mean"})


@pytest.mark.parametrize("name, arguments, y_true, y_pred", CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_values(name, arguments, y_true, y_pred, weighted):
    if weighted and arguments.get("axis") == 0:
        pytest.skip("the values are not those of samples")
    a, b = getattr(theirs, name)(**arguments), getattr(ours, name)(**arguments)
    for _ in range(2):
        for i in range(3):
            weight = WEIGHT[i] if weighted else None
            if weighted and name.endswith("IoU") and "dtype" not in arguments:
                weight = (WEIGHT[i] * 5).astype("int32")
            if weighted and name in WIDE_WEIGHTS and "class_id" not in arguments:
                weight = np.repeat(WEIGHT[i][:, None], 5, 1)
            a.update_state(y_true[i], y_pred[i], sample_weight=weight)
            b.update_state(y_true[i], y_pred[i], sample_weight=weight)
        np.testing.assert_allclose(b.result().numpy(), np.asarray(a.result()), rtol=3e-5, atol=1e-6)
        a.reset_state()
        b.reset_state()
    np.testing.assert_allclose(b.result().numpy(), np.asarray(a.result()), atol=1e-6)


# Keras broadcasts a vector of weights against the last axis here; given in full it means the same.
WIDE_WEIGHTS = (
    "TruePositives",
    "FalsePositives",
    "TrueNegatives",
    "FalseNegatives",
    "Precision",
    "Recall",
    "AUC",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "PrecisionAtRecall",
    "RecallAtPrecision",
)


@pytest.mark.parametrize("values", [1.0, [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]])
@pytest.mark.parametrize("weight", [None, [0.5, 2.0], [[0.5, 0.0], [1.0, 1.0]]])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_reductions(name, values, weight):
    if weight is not None and np.ndim(weight) > np.ndim(values):
        pytest.skip("weights of higher rank than the values")
    a, b = getattr(theirs, name)(), getattr(ours, name)()
    for _ in range(2):
        a.update_state(np.array(values, "float32"), sample_weight=weight)
        b.update_state(np.array(values, "float32"), sample_weight=weight)
    np.testing.assert_allclose(float(b.result()), float(a.result()), rtol=1e-6)


@pytest.mark.parametrize("name", [*NAMES, "Metric", "MeanMetricWrapper"])
def test_signature(name):
    expected = inspect.signature(getattr(theirs, name).__init__).parameters
    received = inspect.signature(getattr(ours, name).__init__).parameters
    assert list(received) == list(expected)
    assert {k: p.default for k, p in received.items()} == {
        k: p.default for k, p in expected.items()
    }


@pytest.mark.parametrize("name, arguments, y_true, y_pred", CASES)
def test_config_and_direction(name, arguments, y_true, y_pred):
    a = getattr(theirs, name)(name="x", **arguments)
    b = getattr(ours, name)(name="x", **arguments)
    assert b._direction == getattr(a, "_direction", None)
    expected, received = a.get_config(), b.get_config()
    for key, value in expected.items():
        if key == "fn":
            continue
        if name == "AUC" and key in ("thresholds", "label_weights"):
            continue
        mine = received[key]
        assert (list(mine) if isinstance(mine, tuple) else mine) == value, key
    again = type(b).from_config(received)
    again.update_state(y_true[0], y_pred[0])
    b.update_state(y_true[0], y_pred[0])
    np.testing.assert_array_equal(again.result().numpy(), b.result().numpy())


@pytest.mark.parametrize("name", ["mse", "mae", "AUC", "binary_accuracy", "cosine_similarity"])
def test_get(name):
    expected = theirs.get(name)
    received = ours.get(name)
    assert type(received).__name__ == getattr(expected, "__name__", type(expected).__name__) or (
        received.name == getattr(expected, "__name__", "")
    )


def test_every_metric_of_keras_is_there():
    assert not {name for name in dir(theirs) if not name.startswith("_")} - set(dir(ours))


def test_bad_arguments_of_iou():
    with pytest.raises(ValueError, match="target_class_ids from 0 to 1, received 2"):
        ours.IoU(num_classes=2, target_class_ids=[2])
    with pytest.raises(ValueError, match="num_classes >= 1"):
        ours.MeanIoU(num_classes=0)
    with pytest.raises(ValueError, match="as many labels as predictions"):
        ours.MeanIoU(num_classes=2).update_state([0, 1], [0, 1, 1])


@pytest.mark.parametrize("name", ["pearson_correlation", "concordance_correlation"])
def test_correlation_functions(name):
    expected = getattr(theirs, name)(TARGET[0], REAL[0])
    received = getattr(ours, name)(TARGET[0], REAL[0])
    np.testing.assert_allclose(received.numpy(), np.asarray(expected), rtol=1e-5, atol=1e-6)
