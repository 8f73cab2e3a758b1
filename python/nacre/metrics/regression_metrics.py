"""Errors of regression."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class MeanSquaredError(PairMetric):
    """The mean squared error.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.MeanSquaredError()
        >>> metric.update_state([[0.0, 1.0]], [[0.0, 3.0]])
        >>> abs(float(metric.result()) - 2.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None: ...


@native
class RootMeanSquaredError(PairMetric):
    """The root of the mean squared error.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.RootMeanSquaredError()
        >>> metric.update_state([[0.0, 1.0]], [[2.0, 3.0]])
        >>> abs(float(metric.result()) - 2.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None: ...


@native
class MeanAbsoluteError(PairMetric):
    """The mean absolute error.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.MeanAbsoluteError()
        >>> metric.update_state([[0.0, 1.0]], [[0.0, 3.0]])
        >>> abs(float(metric.result()) - 1.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None: ...


@native
class MeanAbsolutePercentageError(PairMetric):
    """The mean absolute error in percent of the target.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.MeanAbsolutePercentageError()
        >>> metric.update_state([[2.0, 1.0]], [[1.0, 1.0]])
        >>> abs(float(metric.result()) - 25.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None: ...


@native
class MeanSquaredLogarithmicError(PairMetric):
    """The mean squared difference of ``log(1 + y)``.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.MeanSquaredLogarithmicError()
        >>> metric.update_state([[1.0, 1.0]], [[1.0, 1.0]])
        >>> abs(float(metric.result()) - 0.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None: ...


@native
class CosineSimilarity(PairMetric):
    """The cosine of the angle between targets and predictions.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.
        axis: Axis of the vectors.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.CosineSimilarity()
        >>> metric.update_state([[0.0, 2.0]], [[0.0, 1.0]])
        >>> abs(float(metric.result()) - 1.0) < 1e-6
        True
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None: ...


@native
class LogCoshError(PairMetric):
    """The mean of ``log(cosh(y_pred - y_true))``.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.LogCoshError()
        >>> metric.update_state([[0.0, 1.0]], [[0.0, 1.0]])
        >>> abs(float(metric.result()) - 0.0) < 1e-6
        True
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None: ...


@native
class R2Score(PairMetric):
    """The coefficient of determination: the part of the variance that predictions explain.

    Args:
        class_aggregation: "uniform_average" over outputs, "variance_weighted_average", or None: one
            value an output.
        num_regressors: Number of predictors, to adjust for; 0: not adjusted.
        name: Name of the metric.
        dtype: Dtype of the result.

    Raises:
        ValueError: A bad argument, or shapes other than ``(batch, outputs)``.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.R2Score()
        >>> metric.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
        >>> round(float(metric.result()), 4)
        0.5714
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None: ...
