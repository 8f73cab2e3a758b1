"""Losses of overlap (segmentation), of noisy labels and of embeddings."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.losses.loss import Loss


@native
class Dice(Loss):
    """One minus twice the overlap divided by the sum of targets and predictions.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.
        axis: Axes that are summed; None: all.

    Example:
        >>> import nacre
        >>> abs(float(nacre.losses.Dice()([[1.0, 0.0]], [[1.0, 0.0]]))) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None: ...


@native
class Tversky(Loss):
    """Dice with weights of what was missed and what is too much (Salehi et al. 2017).

    Args:
        alpha: Weight of what was missed.
        beta: Weight of what is too much.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.
        axis: Axes that are summed; None: all.

    Example:
        >>> import nacre
        >>> abs(float(nacre.losses.Tversky()([[1.0, 0.0]], [[1.0, 0.0]]))) < 1e-6
        True
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None: ...


@native
class CategoricalGeneralizedCrossEntropy(Loss):
    """Between cross-entropy and absolute error, for labels with noise (Zhang and Sabuncu 2018).

    Args:
        q: 0: cross-entropy, 1: absolute error; in (0, 1).
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Raises:
        ValueError: ``q`` is outside (0, 1).

    Example:
        >>> import nacre
        >>> float(nacre.losses.CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]))
        1.0
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None: ...


@native
class Circle(Loss):
    """Brings embeddings of a class together and others apart (Sun et al. 2020).

    Args:
        gamma: Scale of the scores.
        margin: How far apart the two kinds of pairs are to be, in [0, 1].
        remove_diagonal: Whether a sample is no pair with itself.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> x = nacre.ops.normalize([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
        >>> nacre.losses.Circle()([0, 0, 1], x).shape
        ()
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None: ...
