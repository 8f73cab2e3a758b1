"""Losses against NumPy, at the edges, with bad input, eager and in plans."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import losses, ops

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(7, 4)).astype("float32")
IDS = np.array([0, 3, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(4, dtype="float32")[IDS]


def log_softmax(x: np.ndarray) -> np.ndarray:
    x = x.astype("float64")
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def test_crossentropies_agree_with_numpy():
    expected = -log_softmax(LOGITS)[np.arange(7), IDS]
    sparse = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    np.testing.assert_allclose(sparse(IDS, LOGITS).numpy(), expected, rtol=1e-5)
    dense = losses.CategoricalCrossentropy(from_logits=True, reduction=None)
    np.testing.assert_allclose(dense(ONE_HOT, LOGITS).numpy(), expected, rtol=1e-5)
    probabilities = np.exp(log_softmax(LOGITS)).astype("float32")
    sparse = losses.SparseCategoricalCrossentropy(reduction=None)
    np.testing.assert_allclose(sparse(IDS, probabilities).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [1e4, -1e4])
@pytest.mark.parametrize(
    "loss, y_true",
    [
        (losses.SparseCategoricalCrossentropy(from_logits=True), IDS),
        (losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
        (losses.BinaryCrossentropy(from_logits=True), ONE_HOT),
        (losses.BinaryFocalCrossentropy(from_logits=True), ONE_HOT),
        (losses.CategoricalFocalCrossentropy(from_logits=True), ONE_HOT),
        (losses.LogCosh(), ONE_HOT),
        (losses.Huber(), ONE_HOT),
    ],
)
def test_large_logits_are_stable(loss, y_true, scale):
    logits = nacre.ops.convert_to_tensor(scale * ONE_HOT)
    value, gradient = nacre.value_and_grad(lambda p: loss(y_true, p))(logits)
    assert np.isfinite(value.numpy())
    assert np.isfinite(gradient.numpy()).all()


def test_extreme_probabilities_are_clipped():
    loss = losses.BinaryCrossentropy()
    assert float(loss([[0.0]], [[1.0]])) == pytest.approx(-np.log(1e-7), rel=0.02)
    assert float(losses.SparseCategoricalCrossentropy()([0], [[0.0, 1.0]])) == pytest.approx(
        -np.log(1e-7), rel=0.02
    )


@pytest.mark.parametrize("reduction", [None, "none", "sum", "mean", "sum_over_batch_size"])
def test_reductions(reduction):
    loss = losses.MeanSquaredError(reduction=reduction)
    each = (LOGITS - ONE_HOT) ** 2
    expected = {None: each.mean(-1), "none": each.mean(-1), "sum": each.mean(-1).sum()}
    np.testing.assert_allclose(
        loss(ONE_HOT, LOGITS).numpy(), expected.get(reduction, each.mean()), rtol=1e-6
    )


def test_weights_of_nothing_give_nothing():
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert float(loss(ONE_HOT, LOGITS, np.zeros(7))) == 0


def test_ignore_class_takes_the_mean_of_the_others():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2)
    expected = -log_softmax(LOGITS)[np.arange(7), IDS]
    assert float(loss(IDS, LOGITS)) == pytest.approx(expected[IDS != 2].mean(), rel=1e-5)
    ignored = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    assert float(ignored(-np.ones(7, int), LOGITS)) == 0


def test_axis_of_the_classes():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, axis=1, reduction=None)
    expected = -log_softmax(LOGITS)[np.arange(7), IDS]
    received = loss(IDS[None], np.ascontiguousarray(LOGITS.T)[None])
    np.testing.assert_allclose(received.numpy(), expected[None], rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(dtype):
    y_pred = ops.cast(LOGITS, dtype)
    value = losses.MeanSquaredError()(ONE_HOT, y_pred)
    assert value.dtype == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_allclose(float(value), ((LOGITS - ONE_HOT) ** 2).mean(), rtol=2e-2)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: losses.MeanSquaredError()(np.zeros((3, 2)), np.zeros((3, 4))), "same shape"),
        (lambda: losses.MeanSquaredError()(np.zeros(4), np.zeros((4, 4))), "same shape"),
        (lambda: losses.CategoricalCrossentropy()(IDS, LOGITS), "same shape"),
        (lambda: losses.CategoricalCrossentropy()(IDS[:, None], LOGITS), "class ids"),
        (lambda: losses.SparseCategoricalCrossentropy()(ONE_HOT, LOGITS), "expected target"),
        (
            lambda: losses.SparseCategoricalCrossentropy()(np.full(7, 4), LOGITS),
            "expected class ids from 0 to 3, received 4",
        ),
        (lambda: losses.SparseCategoricalCrossentropy()(np.full(7, -1), LOGITS), "received -1"),
        (lambda: losses.SparseCategoricalCrossentropy()(np.full(7, np.nan), LOGITS), "class ids"),
        (
            lambda: losses.MeanSquaredError()(ONE_HOT, LOGITS, np.zeros(3)),
            "expected sample_weight to fit",
        ),
        (lambda: losses.MeanSquaredError(reduction="median"), "'median'"),
        (lambda: losses.Huber(delta=0.0), "delta > 0"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2.0), "label_smoothing"),
        (lambda: losses.get("mean_sqared_error"), "Did you mean 'mean_squared_error'"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_argument():
    with pytest.raises(TypeError, match="Did you mean 'from_logits'"):
        losses.BinaryCrossentropy(from_logit=True)
    with pytest.raises(TypeError):
        losses.get(3)


class Cubic(losses.Loss):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def test_subclass():
    loss = Cubic(2.0, reduction="sum")
    expected = 2 * (np.abs(LOGITS - ONE_HOT) ** 3).mean(-1).sum()
    np.testing.assert_allclose(float(loss(ONE_HOT.astype("int32"), LOGITS)), expected, rtol=1e-5)
    again = Cubic.from_config(loss.get_config())
    assert again.factor == 2.0 and again.reduction == "sum" and again.name == "cubic"


def test_subclass_of_a_native_class():
    class Doubled(losses.MeanSquaredError):
        def call(self, y_true, y_pred):
            return 2.0 * super().call(y_true, y_pred)

    plain = float(losses.MeanSquaredError()(ONE_HOT, LOGITS))
    assert float(Doubled()(ONE_HOT, LOGITS)) == pytest.approx(2 * plain)
    assert float(Doubled(reduction="sum")(ONE_HOT, LOGITS)) == pytest.approx(14 * plain, rel=1e-5)


def test_get():
    assert losses.get("mse") is losses.mean_squared_error
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert losses.get(None) is None
    config = losses.serialize(losses.Huber(delta=2.0, name="h"))
    again = losses.deserialize(config)
    assert again.delta == 2.0 and again.name == "h"
    assert losses.get(config).delta == 2.0


@pytest.mark.parametrize(
    "loss, y_true",
    [
        (losses.SparseCategoricalCrossentropy(), IDS),
        (losses.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT),
        (losses.MeanSquaredError(), ONE_HOT),
        (losses.Hinge(), ONE_HOT),
        (Cubic(), ONE_HOT),
    ],
)
def test_plan_is_eager(loss, y_true):
    step = nacre.function(lambda t, p: loss(t, p))
    p = ops.softmax(LOGITS)
    t = ops.convert_to_tensor(y_true)
    eager = loss(t, p).numpy()
    for _ in range(3):
        assert step(t, p).numpy().tobytes() == eager.tobytes()


@pytest.mark.parametrize("loss", ["mse", "huber", lambda t, p: ops.mean(abs(t - p)), Cubic()])
def test_fit(loss):
    model = nacre.Sequential([nacre.layers.Dense(1)])
    model.compile("sgd", loss)
    x = rng.normal(size=(64, 3)).astype("float32")
    history = model.fit(x, x.sum(-1), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
