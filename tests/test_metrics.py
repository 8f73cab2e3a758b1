"""Metrics against NumPy, at the edges, with bad input, eager and in plans."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import metrics, ops

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(9, 4)).astype("float32")
IDS = rng.integers(0, 4, size=9)
ONE_HOT = np.eye(4, dtype="float32")[IDS]
BINARY = rng.integers(0, 2, size=(50,))
SCORES = rng.uniform(size=(50,)).astype("float32")


def test_accuracies():
    expected = (LOGITS.argmax(-1) == IDS).mean()
    assert float(metrics.SparseCategoricalAccuracy()(IDS, LOGITS)) == pytest.approx(expected)
    assert float(metrics.SparseCategoricalAccuracy()(IDS[:, None], LOGITS)) == pytest.approx(
        expected
    )
    assert float(metrics.CategoricalAccuracy()(ONE_HOT, LOGITS)) == pytest.approx(expected)
    rank = (-LOGITS).argsort(-1).argsort(-1)[np.arange(9), IDS]
    top2 = metrics.SparseTopKCategoricalAccuracy(k=2)(IDS, LOGITS)
    assert float(top2) == pytest.approx((rank < 2).mean())
    sorted_ids = (-LOGITS).argsort(-1)
    top2 = metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True)(IDS, sorted_ids)
    assert float(top2) == pytest.approx((rank < 2).mean())


def test_functions_give_a_value_a_sample():
    hits = metrics.sparse_categorical_accuracy(IDS, LOGITS)
    np.testing.assert_array_equal(hits.numpy(), (LOGITS.argmax(-1) == IDS).astype("float32"))
    assert metrics.binary_accuracy([[1.0, 0.0]], [[0.9, 0.8]]).numpy().tolist() == [0.5]
    assert metrics.top_k_categorical_accuracy(ONE_HOT, LOGITS, k=4).numpy().all()


def test_counts_and_rates():
    decided = SCORES > 0.5
    counts = {
        "TruePositives": (decided & (BINARY == 1)).sum(),
        "FalsePositives": (decided & (BINARY == 0)).sum(),
        "TrueNegatives": (~decided & (BINARY == 0)).sum(),
        "FalseNegatives": (~decided & (BINARY == 1)).sum(),
    }
    for name, expected in counts.items():
        assert float(getattr(metrics, name)()(BINARY, SCORES)) == expected
    found = counts["TruePositives"]
    assert float(metrics.Precision()(BINARY, SCORES)) == pytest.approx(found / decided.sum())
    assert float(metrics.Recall()(BINARY, SCORES)) == pytest.approx(found / BINARY.sum())


def test_auc_is_the_rank_statistic():
    positive, negative = SCORES[BINARY == 1], SCORES[BINARY == 0]
    expected = (positive[:, None] > negative).mean()
    assert float(metrics.AUC(num_thresholds=5000)(BINARY, SCORES)) == pytest.approx(
        expected, abs=2e-3
    )
    assert float(metrics.AUC()([0, 1], [0.2, 0.8])) == pytest.approx(1)


def test_counts_stay_exact_past_two_to_the_24():
    metric = metrics.Mean()
    metric.update_state(1.0, sample_weight=float(2**24))
    for _ in range(3):
        metric.update_state(0.0)
    total = metric.variables[1].numpy()
    assert total == 2**24 + 3


def test_before_the_first_batch_and_after_reset():
    for name in ("Mean", "Sum", "Precision", "AUC", "SparseCategoricalAccuracy", "F1Score"):
        metric = getattr(metrics, name)()
        assert float(metric.result()) == 0
    metric = metrics.Mean()
    metric.update_state([1.0, 2.0])
    metric.reset_state()
    assert float(metric.result()) == 0
    metric.update_state([3.0])
    assert float(metric.result()) == 3


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: metrics.SparseCategoricalAccuracy()(ONE_HOT, LOGITS), "without its last axis"),
        (lambda: metrics.CategoricalAccuracy()(IDS, LOGITS), "same shape"),
        (lambda: metrics.MeanSquaredError()(np.zeros(3), np.zeros((3, 4))), "same shape"),
        (lambda: metrics.Mean()([1.0, 2.0], sample_weight=[1.0, 2.0, 3.0]), "sample_weight"),
        (lambda: metrics.BinaryAccuracy(threshold=1.5), "threshold"),
        (lambda: metrics.Precision(thresholds=[0.5, 2.0]), r"\[0, 1\]"),
        (lambda: metrics.Precision(top_k=0), "top_k"),
        (lambda: metrics.Precision(class_id=9)(ONE_HOT, LOGITS), "class_id from 0 to 3"),
        (lambda: metrics.AUC(curve="XYZ"), "'XYZ'"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds"),
        (lambda: metrics.F1Score(average="other"), "'other'"),
        (lambda: metrics.F1Score()(IDS, IDS), "same shape"),
        (lambda: metrics.R2Score(class_aggregation="no"), "'no'"),
        (lambda: metrics.get("acuracy"), "Did you mean 'accuracy'"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


class Positives(metrics.Metric):
    def __init__(self, name="positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.count = self.add_weight(name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.count.assign(self.count + ops.sum(ops.cast(y_pred > 0.5, "float32")))

    def result(self):
        return self.count


def test_subclass():
    metric = Positives()
    assert float(metric(BINARY, SCORES)) == (SCORES > 0.5).sum()
    assert len(metric.variables) == 1 and metric.name == "positives"
    metric.reset_state()
    assert float(metric.result()) == 0
    assert Positives.from_config(metric.get_config()).name == "positives"


def test_subclass_of_a_native_class():
    class Percent(metrics.SparseCategoricalAccuracy):
        def result(self):
            return 100.0 * super().result()

    metric = Percent()
    metric.update_state(IDS, LOGITS)
    assert float(metric.result()) == pytest.approx(100 * (LOGITS.argmax(-1) == IDS).mean())
    metric.reset_state()
    assert float(metric.result()) == 0


def test_metric_of_metrics():
    class Both(metrics.Metric):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.precision, self.recall = metrics.Precision(), metrics.Recall()

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.precision.update_state(y_true, y_pred)
            self.recall.update_state(y_true, y_pred)

        def result(self):
            return self.precision.result() + self.recall.result()

    metric = Both()
    assert float(metric(BINARY, SCORES)) > 0
    assert len(metric.variables) == 4
    metric.reset_state()
    assert float(metric.result()) == 0


@pytest.mark.parametrize(
    "make, y_true, y_pred",
    [
        (metrics.SparseCategoricalAccuracy, IDS, LOGITS),
        (metrics.AUC, BINARY, SCORES),
        (metrics.Precision, BINARY, SCORES),
        (metrics.F1Score, ONE_HOT, LOGITS),
        (metrics.R2Score, ONE_HOT, LOGITS),
        (metrics.RootMeanSquaredError, ONE_HOT, LOGITS),
        (Positives, BINARY, SCORES),
    ],
)
def test_plan_is_eager(make, y_true, y_pred):
    eager, planned = make(), make()
    t, p = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    eager.update_state(t, p)
    planned.update_state(t, p)
    step = nacre.function(lambda t, p: planned.update_state(t, p))
    for _ in range(3):
        eager.update_state(t, p)
        step(t, p)
    assert eager.result().numpy().tobytes() == planned.result().numpy().tobytes()


def test_in_a_model():
    model = nacre.Sequential([nacre.layers.Dense(4, activation="softmax")])
    names = ["accuracy", "mse", metrics.AUC(name="auc"), Positives(), lambda t, p: ops.mean(p)]
    model.compile("sgd", "categorical_crossentropy", metrics=names)
    logs = model.evaluate(LOGITS, ONE_HOT, batch_size=4, verbose=0, return_dict=True)
    p = model.predict(LOGITS, verbose=0)
    assert logs["accuracy"] == pytest.approx((p.argmax(-1) == IDS).mean())
    assert logs["mse"] == pytest.approx(((p - ONE_HOT) ** 2).mean(), rel=1e-5)
    assert logs["positives"] == (p > 0.5).sum()
    assert "auc" in logs


def test_serialization():
    config = metrics.serialize(metrics.Precision(thresholds=[0.2, 0.4], name="p"))
    again = metrics.deserialize(config)
    assert tuple(again.thresholds) == (0.2, 0.4) and again.name == "p"
    assert metrics.get("AUC").name.startswith("auc")
    assert metrics.get(metrics.Mean).name == "mean"
