"""Accuracies and correlations as functions: one value a sample."""

from __future__ import annotations

from typing import Any

from nacre._native import native_metric
from nacre.ops import convert_to_tensor


def _call(class_name: str, y_true: Any, y_pred: Any, **arguments: Any) -> Any:
    core = native_metric(class_name, arguments)
    return core.call(convert_to_tensor(y_true), convert_to_tensor(y_pred))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Whether each probability is on the right side of the threshold, averaged over the last axis.

    Args:
        y_true: Targets of 0 and 1.
        y_pred: Probabilities.
        threshold: Probability above which class 1 is predicted.

    Returns:
        One value a sample.
    """
    return _call("BinaryAccuracy", y_true, y_pred, threshold=threshold)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the likeliest class is that of the one-hot target.

    Args:
        y_true: One-hot targets.
        y_pred: Probabilities or logits.

    Returns:
        One value a sample.
    """
    return _call("CategoricalAccuracy", y_true, y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the likeliest class is the target.

    Args:
        y_true: Class ids.
        y_pred: Probabilities or logits.

    Returns:
        One value a sample.
    """
    return _call("SparseCategoricalAccuracy", y_true, y_pred)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Whether the class of the one-hot target is among the ``k`` likeliest.

    Args:
        y_true: One-hot targets.
        y_pred: Probabilities or logits.
        k: How many classes count.

    Returns:
        One value a sample.
    """
    return _call("TopKCategoricalAccuracy", y_true, y_pred, k=k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """Whether the target is among the ``k`` likeliest classes.

    Args:
        y_true: Class ids.
        y_pred: Probabilities or logits, or class ids, the likeliest first.
        k: How many classes count.
        from_sorted_ids: Whether ``y_pred`` holds class ids.

    Returns:
        One value a sample.
    """
    return _call(
        "SparseTopKCategoricalAccuracy", y_true, y_pred, k=k, from_sorted_ids=from_sorted_ids
    )


def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """The linear correlation of predictions and targets, from -1 to 1.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        axis: Axis, or axes, along which to compare.

    Returns:
        One value a sample.
    """
    return _call("PearsonCorrelation", y_true, y_pred, axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """How near predictions are to targets, from -1 to 1 (Lin 1989).

    Args:
        y_true: Targets.
        y_pred: Predictions.
        axis: Axis, or axes, along which to compare.

    Returns:
        One value a sample.
    """
    return _call("ConcordanceCorrelation", y_true, y_pred, axis=axis)
