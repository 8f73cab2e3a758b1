"""How often predictions are right."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class Accuracy(PairMetric):
    """How often predictions equal targets.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.Accuracy()
        >>> metric.update_state([[1], [2]], [[1], [3]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None: ...


@native
class BinaryAccuracy(PairMetric):
    """How often a probability is on the right side of the threshold.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.
        threshold: Probability above which class 1 is predicted, in (0, 1).

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.BinaryAccuracy()
        >>> metric.update_state([[1], [0]], [[0.8], [0.6]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None: ...


@native
class CategoricalAccuracy(PairMetric):
    """How often the likeliest class is that of the one-hot target.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.CategoricalAccuracy()
        >>> metric.update_state([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None: ...


@native
class SparseCategoricalAccuracy(PairMetric):
    """How often the likeliest class is the target, a class id.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.SparseCategoricalAccuracy()
        >>> metric.update_state([1, 0], [[0.1, 0.9], [0.2, 0.8]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None
    ) -> None: ...


@native
class TopKCategoricalAccuracy(PairMetric):
    """How often the class of the one-hot target is among the ``k`` likeliest.

    Args:
        k: How many of the likeliest classes count.
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.TopKCategoricalAccuracy(k=2)
        >>> metric.update_state([[0, 0, 1], [1, 0, 0]], [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None: ...


@native
class SparseTopKCategoricalAccuracy(PairMetric):
    """How often the target, a class id, is among the ``k`` likeliest.

    Args:
        k: How many of the likeliest classes count.
        name: Name of the metric.
        dtype: Dtype of the result.
        from_sorted_ids: Whether ``y_pred`` holds class ids, the likeliest first.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.SparseTopKCategoricalAccuracy(k=2)
        >>> metric.update_state([2, 0], [[0.5, 0.3, 0.2], [0.4, 0.5, 0.1]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None: ...
