"""Losses of probabilities as metrics."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class KLDivergence(PairMetric):
    """The mean Kullback-Leibler divergence.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.KLDivergence()
        >>> metric.update_state([[0.5, 0.5]], [[0.5, 0.5]])
        >>> abs(float(metric.result()) - 0.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None: ...


@native
class Poisson(PairMetric):
    """The mean Poisson loss.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.Poisson()
        >>> metric.update_state([[1.0, 0.0]], [[1.0, 1.0]])
        >>> abs(float(metric.result()) - 1.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None: ...


@native
class BinaryCrossentropy(PairMetric):
    """The mean binary cross-entropy.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.BinaryCrossentropy()
        >>> metric.update_state([[1.0]], [[1.0]])
        >>> abs(float(metric.result()) - 0.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None: ...


@native
class CategoricalCrossentropy(PairMetric):
    """The mean cross-entropy of one-hot targets.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis of the classes.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.CategoricalCrossentropy()
        >>> metric.update_state([[0.0, 1.0]], [[0.0, 1.0]])
        >>> abs(float(metric.result()) - 0.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None: ...


@native
class SparseCategoricalCrossentropy(PairMetric):
    """The mean cross-entropy of targets that are class ids.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        ignore_class: Class id of samples that give 0.
        axis: Axis of the classes.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.SparseCategoricalCrossentropy()
        >>> metric.update_state([1], [[0.0, 1.0]])
        >>> abs(float(metric.result()) - 0.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None: ...
