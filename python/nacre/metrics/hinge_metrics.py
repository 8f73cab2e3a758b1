"""Losses of margins as metrics; labels are -1 and 1, or 0 and 1."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class Hinge(PairMetric):
    """The mean hinge loss.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.Hinge()
        >>> metric.update_state([[-1.0, 1.0]], [[-2.0, 0.5]])
        >>> abs(float(metric.result()) - 0.25) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None: ...


@native
class SquaredHinge(PairMetric):
    """The mean squared hinge loss.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.SquaredHinge()
        >>> metric.update_state([[-1.0, 1.0]], [[-2.0, 0.0]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None: ...


@native
class CategoricalHinge(PairMetric):
    """The mean categorical hinge loss.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.CategoricalHinge()
        >>> metric.update_state([[0.0, 1.0]], [[0.5, 1.0]])
        >>> abs(float(metric.result()) - 0.5) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None: ...
