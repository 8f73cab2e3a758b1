"""Correlations."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class PearsonCorrelation(PairMetric):
    """The linear correlation of predictions and targets along an axis, from -1 to 1.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.
        axis: Axis, or axes, along which to compare.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.PearsonCorrelation()
        >>> metric.update_state([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
        >>> round(float(metric.result()), 4)
        0.9967
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Any = -1
    ) -> None: ...


@native
class ConcordanceCorrelation(PairMetric):
    """How near predictions are to targets along an axis, from -1 to 1 (Lin 1989).

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.
        axis: Axis, or axes, along which to compare.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.ConcordanceCorrelation()
        >>> metric.update_state([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
        >>> round(float(metric.result()), 4)
        0.9816
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Any = -1
    ) -> None: ...
