"""F-scores."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class FBetaScore(PairMetric):
    """The harmonic mean of precision and recall, with recall ``beta`` times as important.

    Args:
        average: "micro" (all decisions together), "macro" (the mean over classes), "weighted" (by
            how often each class occurs); None: one score a class.
        beta: Weight of recall, positive.
        threshold: Above it a class is predicted; None: the likeliest class is.
        name: Name of the metric.
        dtype: Dtype of the result.

    Raises:
        ValueError: A bad argument, or shapes other than ``(batch, classes)``.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.FBetaScore(average="macro")
        >>> metric.update_state([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]])
        >>> round(float(metric.result()), 4)
        1.0
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None: ...


@native
class F1Score(PairMetric):
    """The harmonic mean of precision and recall.

    Args:
        average: "micro" (all decisions together), "macro" (the mean over classes), "weighted" (by
            how often each class occurs); None: one score a class.
        threshold: Above it a class is predicted; None: the likeliest class is.
        name: Name of the metric.
        dtype: Dtype of the result.

    Raises:
        ValueError: A bad argument, or shapes other than ``(batch, classes)``.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.F1Score(average="macro")
        >>> metric.update_state([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]])
        >>> round(float(metric.result()), 4)
        1.0
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None: ...
