"""Losses of probabilities and logits."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.losses.loss import Loss


@native
class BinaryCrossentropy(Loss):
    """Cross-entropy of two classes: labels of 0 and 1, one probability or logit each.

    Args:
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis over which the mean is taken.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Raises:
        ValueError: ``label_smoothing`` is outside [0, 1].

    Example:
        >>> import nacre
        >>> loss = nacre.losses.BinaryCrossentropy(from_logits=True)([[1.0]], [[1e4]])
        >>> abs(float(loss) - 0.0) < 1e-6
        True
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None: ...


@native
class BinaryFocalCrossentropy(Loss):
    """Binary cross-entropy in which easy samples count less (Lin et al. 2017).

    Args:
        apply_class_balancing: Whether classes are weighted by ``alpha`` and ``1 - alpha``.
        alpha: Weight of class 1.
        gamma: How much easy samples are faded out; 0: not at all.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis over which the mean is taken.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Raises:
        ValueError: ``label_smoothing`` is outside [0, 1].

    Example:
        >>> import nacre
        >>> loss = nacre.losses.BinaryFocalCrossentropy(gamma=0.0)([[1.0]], [[0.5]])
        >>> loss.shape
        ()
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None: ...


@native
class CategoricalCrossentropy(Loss):
    """Cross-entropy of one-hot labels.

    Args:
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis of the classes.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Raises:
        ValueError: ``label_smoothing`` is outside [0, 1].

    Example:
        >>> import nacre
        >>> loss = nacre.losses.CategoricalCrossentropy(from_logits=True)
        >>> abs(float(loss([[0.0, 1.0]], [[0.0, 1e4]])) - 0.0) < 1e-6
        True
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None: ...


@native
class CategoricalFocalCrossentropy(Loss):
    """Cross-entropy of one-hot labels in which easy samples count less (Lin et al. 2017).

    Args:
        alpha: Weight of all classes, or of each.
        gamma: How much easy samples are faded out; 0: not at all.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis of the classes.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Raises:
        ValueError: ``label_smoothing`` is outside [0, 1].

    Example:
        >>> import nacre
        >>> loss = nacre.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])
        >>> loss.shape
        ()
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None: ...


@native
class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy of labels that are class ids.

    Args:
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        ignore_class: Class id of samples that give 0.
        axis: Axis of the classes.
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> abs(float(loss([1], [[0.0, 1e4]])) - 0.0) < 1e-6
        True
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None: ...


@native
class Poisson(Loss):
    """``mean(y_pred - y_true * log(y_pred))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.Poisson()([[1.0, 0.0]], [[1.0, 1.0]])
        >>> abs(float(loss) - 1.0) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None: ...


@native
class KLDivergence(Loss):
    """``sum(y_true * log(y_true / y_pred))`` over the last axis.

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Example:
        >>> import nacre
        >>> loss = nacre.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
        >>> abs(float(loss) - 0.0) < 1e-6
        True
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None: ...
