"""Intersection over union, for segmentation."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.metrics.metric import PairMetric


@native
class IoU(PairMetric):
    """The overlap of chosen classes: counts in both by counts in either.

    Args:
        num_classes: Number of classes.
        target_class_ids: Classes whose mean is the result.
        name: Name of the metric.
        dtype: Dtype of the weights; default: "int32". The result is float32.
        ignore_class: Label that does not count, such as that of a void.
        sparse_y_true: Whether targets are class ids; else the largest along ``axis`` is meant.
        sparse_y_pred: Whether predictions are class ids; else the largest along ``axis`` is meant.
        axis: Axis of the classes, where they are not ids.

    Raises:
        ValueError: A class id or a number of classes out of its range.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.IoU(num_classes=2, target_class_ids=[0])
        >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
        >>> round(float(metric.result()), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None: ...


@native
class BinaryIoU(PairMetric):
    """The overlap of class 0, of class 1, or the mean of both, of thresholded predictions.

    Args:
        target_class_ids: [0], [1], or both for their mean.
        threshold: Least prediction of class 1.
        name: Name of the metric.
        dtype: Dtype of the weights; default: "int32". The result is float32.

    Raises:
        ValueError: A class id or a number of classes out of its range.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.BinaryIoU(target_class_ids=[1], threshold=0.3)
        >>> metric.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
        >>> round(float(metric.result()), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self,
        target_class_ids: Any = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class MeanIoU(PairMetric):
    """The mean overlap of all classes that occur.

    Args:
        num_classes: Number of classes.
        name: Name of the metric.
        dtype: Dtype of the weights; default: "int32". The result is float32.
        ignore_class: Label that does not count, such as that of a void.
        sparse_y_true: Whether targets are class ids; else the largest along ``axis`` is meant.
        sparse_y_pred: Whether predictions are class ids; else the largest along ``axis`` is meant.
        axis: Axis of the classes, where they are not ids.

    Raises:
        ValueError: A class id or a number of classes out of its range.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.MeanIoU(num_classes=2)
        >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
        >>> round(float(metric.result()), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None: ...


@native
class OneHotIoU(PairMetric):
    """The overlap of chosen classes, of one-hot targets.

    Args:
        num_classes: Number of classes.
        target_class_ids: Classes whose mean is the result.
        name: Name of the metric.
        dtype: Dtype of the weights; default: "int32". The result is float32.
        ignore_class: Label that does not count, such as that of a void.
        sparse_y_pred: Whether predictions are class ids; else the largest along ``axis`` is meant.
        axis: Axis of the classes, where they are not ids.

    Raises:
        ValueError: A class id or a number of classes out of its range.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.OneHotIoU(num_classes=3, target_class_ids=[0, 2])
        >>> metric.update_state([[0, 0, 1], [1, 0, 0]], [[0.1, 0.2, 0.7], [0.2, 0.3, 0.5]])
        >>> round(float(metric.result()), 4)
        0.25
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None: ...


@native
class OneHotMeanIoU(PairMetric):
    """The mean overlap of all classes that occur, of one-hot targets.

    Args:
        num_classes: Number of classes.
        name: Name of the metric.
        dtype: Dtype of the weights; default: "int32". The result is float32.
        ignore_class: Label that does not count, such as that of a void.
        sparse_y_pred: Whether predictions are class ids; else the largest along ``axis`` is meant.
        axis: Axis of the classes, where they are not ids.

    Raises:
        ValueError: A class id or a number of classes out of its range.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.OneHotMeanIoU(num_classes=3)
        >>> metric.update_state([[0, 0, 1], [1, 0, 0]], [[0.1, 0.2, 0.7], [0.2, 0.3, 0.5]])
        >>> round(float(metric.result()), 4)
        0.25
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None: ...
