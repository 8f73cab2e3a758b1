"""Counts of right and wrong decisions, and rates made of them."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class TruePositives(PairMetric):
    """How many positives were found.

    Args:
        thresholds: A number or a list, in [0, 1]; above it a probability counts as positive.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: A threshold is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.TruePositives()
        >>> metric.update_state([0, 1, 0, 1], [0.2, 0.9, 0.8, 0.1])
        >>> round(float(metric.result()), 4)
        1.0
    """

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: Any = None
    ) -> None: ...


@native
class FalsePositives(PairMetric):
    """How many negatives were taken for positives.

    Args:
        thresholds: A number or a list, in [0, 1]; above it a probability counts as positive.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: A threshold is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.FalsePositives()
        >>> metric.update_state([0, 1, 0, 1], [0.2, 0.9, 0.8, 0.1])
        >>> round(float(metric.result()), 4)
        1.0
    """

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: Any = None
    ) -> None: ...


@native
class TrueNegatives(PairMetric):
    """How many negatives were left alone.

    Args:
        thresholds: A number or a list, in [0, 1]; above it a probability counts as positive.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: A threshold is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.TrueNegatives()
        >>> metric.update_state([0, 1, 0, 1], [0.2, 0.9, 0.8, 0.1])
        >>> round(float(metric.result()), 4)
        1.0
    """

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: Any = None
    ) -> None: ...


@native
class FalseNegatives(PairMetric):
    """How many positives were missed.

    Args:
        thresholds: A number or a list, in [0, 1]; above it a probability counts as positive.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: A threshold is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.FalseNegatives()
        >>> metric.update_state([0, 1, 0, 1], [0.2, 0.9, 0.8, 0.1])
        >>> round(float(metric.result()), 4)
        1.0
    """

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: Any = None
    ) -> None: ...


@native
class Precision(PairMetric):
    """The part of what was taken for positive that is.

    Args:
        thresholds: A number or a list, in [0, 1]; above it a probability counts as positive.
        top_k: Only the likeliest classes of a sample can be positive.
        class_id: Only this class counts; default: all, as one.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: A threshold is outside [0, 1], or ``top_k`` is not positive.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.Precision()
        >>> metric.update_state([0, 1, 1, 1], [0.9, 0.9, 0.8, 0.1])
        >>> round(float(metric.result()), 4)
        0.6667
    """

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class Recall(PairMetric):
    """The part of positives that was found.

    Args:
        thresholds: A number or a list, in [0, 1]; above it a probability counts as positive.
        top_k: Only the likeliest classes of a sample can be positive.
        class_id: Only this class counts; default: all, as one.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: A threshold is outside [0, 1], or ``top_k`` is not positive.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.Recall()
        >>> metric.update_state([0, 1, 1, 1], [0.9, 0.9, 0.8, 0.1])
        >>> round(float(metric.result()), 4)
        0.6667
    """

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class SensitivityAtSpecificity(PairMetric):
    """The best recall at a specificity of at least a value.

    Args:
        specificity: The value, in [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class counts; default: all, as one.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: The value is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.SensitivityAtSpecificity(0.5)
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9])
        >>> round(float(metric.result()), 4)
        1.0
    """

    _direction = "up"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class SpecificityAtSensitivity(PairMetric):
    """The best specificity at a recall of at least a value.

    Args:
        sensitivity: The value, in [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class counts; default: all, as one.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: The value is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.SpecificityAtSensitivity(0.5)
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9])
        >>> round(float(metric.result()), 4)
        1.0
    """

    _direction = "up"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class PrecisionAtRecall(PairMetric):
    """The best precision at a recall of at least a value.

    Args:
        recall: The value, in [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class counts; default: all, as one.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: The value is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.PrecisionAtRecall(0.5)
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9])
        >>> round(float(metric.result()), 4)
        1.0
    """

    _direction = "up"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class RecallAtPrecision(PairMetric):
    """The best recall at a precision of at least a value.

    Args:
        precision: The value, in [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class counts; default: all, as one.
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.

    Raises:
        ValueError: The value is outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.RecallAtPrecision(0.5)
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9])
        >>> round(float(metric.result()), 4)
        1.0
    """

    _direction = "up"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class AUC(PairMetric):
    """The area under the ROC or precision-recall curve.

    Args:
        num_thresholds: How many thresholds approximate the curve.
        curve: "ROC" or "PR".
        summation_method: Height between two thresholds: "interpolation", "minoring" (the smaller)
            or "majoring" (the larger).
        name: Name of the metric; default: made from the class name.
        dtype: Dtype of the result.
        thresholds: The thresholds themselves, in [0, 1], instead of their number.
        multi_label: Whether each label has a curve; the areas are averaged.
        num_labels: How many labels; default: as the first batch has.
        label_weights: Weight of each label.
        from_logits: Whether ``y_pred`` holds logits.

    Raises:
        ValueError: An unknown name, or a threshold outside [0, 1].

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.AUC()
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> round(float(metric.result()), 4)
        0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None: ...
