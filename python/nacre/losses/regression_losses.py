"""Losses of regression."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.losses.loss import Loss


@native
class MeanSquaredError(Loss):
    """``mean(square(y_true - y_pred))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.MeanSquaredError()([[0.0, 1.0]], [[0.0, 3.0]])
        >>> abs(float(loss) - 2.0) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None: ...


@native
class MeanAbsoluteError(Loss):
    """``mean(abs(y_true - y_pred))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.MeanAbsoluteError()([[0.0, 1.0]], [[0.0, 3.0]])
        >>> abs(float(loss) - 1.0) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None: ...


@native
class MeanAbsolutePercentageError(Loss):
    """``100 * mean(abs((y_true - y_pred) / y_true))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.MeanAbsolutePercentageError()([[2.0, 1.0]], [[1.0, 1.0]])
        >>> abs(float(loss) - 25.0) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None: ...


@native
class MeanSquaredLogarithmicError(Loss):
    """``mean(square(log(1 + y_true) - log(1 + y_pred)))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.MeanSquaredLogarithmicError()([[1.0, 1.0]], [[1.0, 1.0]])
        >>> abs(float(loss) - 0.0) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None: ...


@native
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between targets and predictions: -1 for the same direction.

    Args:
        axis: Axis of the vectors.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]])
        >>> abs(float(loss) - -1.0) < 1e-6
        True
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None: ...


@native
class Huber(Loss):
    """Half the squared error up to ``delta``, linear beyond it.

    Args:
        delta: Error at which it becomes linear, positive.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Raises:
        ValueError: ``delta`` is not positive.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]])
        >>> abs(float(loss) - 1.5) < 1e-6
        True
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None: ...


@native
class LogCosh(Loss):
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis, without overflow.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.LogCosh()([[0.0, 1.0]], [[0.0, 1.0]])
        >>> abs(float(loss) - 0.0) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None: ...
