"""Losses of margins; labels are -1 and 1, or 0 and 1."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.losses.loss import Loss


@native
class Hinge(Loss):
    """``mean(maximum(1 - y_true * y_pred, 0))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.Hinge()([[-1.0, 1.0]], [[-2.0, 0.5]])
        >>> abs(float(loss) - 0.25) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None: ...


@native
class SquaredHinge(Loss):
    """``mean(square(maximum(1 - y_true * y_pred, 0)))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.SquaredHinge()([[-1.0, 1.0]], [[-2.0, 0.0]])
        >>> abs(float(loss) - 0.5) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None: ...


@native
class CategoricalHinge(Loss):
    """How far the best wrong class comes within 1 of the right one.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]])
        >>> abs(float(loss) - 0.5) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None: ...
