"""The losses as functions: one value a sample, neither weighted nor reduced."""

from __future__ import annotations

from typing import Any

from nacre._native import native_circle, native_loss
from nacre.ops import convert_to_tensor


def _call(class_name: str, y_true: Any, y_pred: Any, **arguments: Any) -> Any:
    core = native_loss(class_name, arguments)
    return core.call(convert_to_tensor(y_true), convert_to_tensor(y_pred))


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(square(y_true - y_pred))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("MeanSquaredError", y_true, y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(abs(y_true - y_pred))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("MeanAbsoluteError", y_true, y_pred)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 * mean(abs((y_true - y_pred) / y_true))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("MeanAbsolutePercentageError", y_true, y_pred)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(square(log(1 + y_true) - log(1 + y_pred)))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("MeanSquaredLogarithmicError", y_true, y_pred)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between targets and predictions: -1 for the same direction.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        axis: Axis of the vectors.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("CosineSimilarity", y_true, y_pred, axis=axis)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Half the squared error up to ``delta``, linear beyond it.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        delta: Error at which it becomes linear, positive.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("Huber", y_true, y_pred, delta=delta)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis, without overflow.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("LogCosh", y_true, y_pred)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(maximum(1 - y_true * y_pred, 0))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("Hinge", y_true, y_pred)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(square(maximum(1 - y_true * y_pred, 0)))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("SquaredHinge", y_true, y_pred)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """How far the best wrong class comes within 1 of the right one.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("CategoricalHinge", y_true, y_pred)


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Cross-entropy of two classes: labels of 0 and 1, one probability or logit each.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis over which the mean is taken.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call(
        "BinaryCrossentropy",
        y_true,
        y_pred,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy in which easy samples count less (Lin et al. 2017).

    Args:
        y_true: Targets.
        y_pred: Predictions.
        apply_class_balancing: Whether classes are weighted by ``alpha`` and ``1 - alpha``.
        alpha: Weight of class 1.
        gamma: How much easy samples are faded out; 0: not at all.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis over which the mean is taken.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call(
        "BinaryFocalCrossentropy",
        y_true,
        y_pred,
        apply_class_balancing=apply_class_balancing,
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Cross-entropy of one-hot labels.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis of the classes.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call(
        "CategoricalCrossentropy",
        y_true,
        y_pred,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Cross-entropy of one-hot labels in which easy samples count less (Lin et al. 2017).

    Args:
        y_true: Targets.
        y_pred: Predictions.
        alpha: Weight of all classes, or of each.
        gamma: How much easy samples are faded out; 0: not at all.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        label_smoothing: Part of each label that is spread over the classes, in [0, 1].
        axis: Axis of the classes.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call(
        "CategoricalFocalCrossentropy",
        y_true,
        y_pred,
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """Cross-entropy of labels that are class ids.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        from_logits: Whether ``y_pred`` holds logits instead of probabilities.
        ignore_class: Class id of samples that give 0.
        axis: Axis of the classes.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call(
        "SparseCategoricalCrossentropy",
        y_true,
        y_pred,
        from_logits=from_logits,
        ignore_class=ignore_class,
        axis=axis,
    )


def poisson(y_true: Any, y_pred: Any) -> Any:
    """``mean(y_pred - y_true * log(y_pred))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("Poisson", y_true, y_pred)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """``sum(y_true * log(y_true / y_pred))`` over the last axis.

    Args:
        y_true: Targets.
        y_pred: Predictions.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("KLDivergence", y_true, y_pred)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """One minus twice the overlap divided by the sum of targets and predictions.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        axis: Axes that are summed; None: all.

    Returns:
        A scalar, or a value for each of the other axes.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("Dice", y_true, y_pred, axis=axis)


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """Dice with weights of what was missed and what is too much (Salehi et al. 2017).

    Args:
        y_true: Targets.
        y_pred: Predictions.
        alpha: Weight of what was missed.
        beta: Weight of what is too much.
        axis: Axes that are summed; None: all.

    Returns:
        A scalar, or a value for each of the other axes.

    Raises:
        ValueError: The shapes do not fit.
    """
    return _call("Tversky", y_true, y_pred, alpha=alpha, beta=beta, axis=axis)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """Between cross-entropy and absolute error, for labels with noise (Zhang and Sabuncu 2018).

    Args:
        y_true: Class ids.
        y_pred: Probabilities.
        q: 0: cross-entropy, 1: absolute error; in (0, 1).

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit, or ``q`` is outside (0, 1).
    """
    return _call("CategoricalGeneralizedCrossEntropy", y_true, y_pred, q=q)


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """Pairs of the same label near, of others far, weighted by how far they are from it.

    Args:
        y_true: Labels, (batch,) or (batch, 1).
        y_pred: Embeddings of length 1, (batch, features).
        ref_labels: Labels of the embeddings to compare with; default: ``y_true``.
        ref_embeddings: Embeddings to compare with; default: ``y_pred``.
        remove_diagonal: Whether an embedding is not compared with that of its own index.
        gamma: Scale of the distances.
        margin: Distance from the best value within which a pair has no loss.

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit.
    """
    given = [None if x is None else convert_to_tensor(x) for x in (ref_labels, ref_embeddings)]
    return native_circle(
        convert_to_tensor(y_true),
        convert_to_tensor(y_pred),
        float(gamma),
        float(margin),
        bool(remove_diagonal),
        *given,
    )


def ctc(y_true: Any, y_pred: Any) -> Any:
    """``-log`` of the probability of labels whose places are not known (Graves et al. 2006).

    Args:
        y_true: Class ids, (batch, labels), padded with 0, which means no label.
        y_pred: Logits, (batch, steps, classes).

    Returns:
        One value a sample.

    Raises:
        ValueError: The shapes do not fit, or a class id is out of range.
    """
    return _call("CTC", y_true, y_pred)
