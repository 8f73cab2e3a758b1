"""Losses: what training minimizes, as classes and as functions."""

from __future__ import annotations

from typing import Any

from nacre import _family, _native
from nacre.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    circle,
    cosine_similarity,
    ctc,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)
from nacre.losses.hinge_losses import CategoricalHinge, Hinge, SquaredHinge
from nacre.losses.loss import Loss
from nacre.losses.overlap_losses import (
    CategoricalGeneralizedCrossEntropy,
    Circle,
    Dice,
    Tversky,
)
from nacre.losses.probabilistic_losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from nacre.losses.regression_losses import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
)
from nacre.losses.sequence_losses import CTC

# Function and class of each function's name.
_FUNCTIONS: dict[str, tuple[Any, str]] = {
    function.__name__: (function, class_name)
    for function, class_name in (
        (mean_squared_error, "MeanSquaredError"),
        (mean_absolute_error, "MeanAbsoluteError"),
        (mean_absolute_percentage_error, "MeanAbsolutePercentageError"),
        (mean_squared_logarithmic_error, "MeanSquaredLogarithmicError"),
        (cosine_similarity, "CosineSimilarity"),
        (huber, "Huber"),
        (log_cosh, "LogCosh"),
        (hinge, "Hinge"),
        (squared_hinge, "SquaredHinge"),
        (categorical_hinge, "CategoricalHinge"),
        (binary_crossentropy, "BinaryCrossentropy"),
        (binary_focal_crossentropy, "BinaryFocalCrossentropy"),
        (categorical_crossentropy, "CategoricalCrossentropy"),
        (categorical_focal_crossentropy, "CategoricalFocalCrossentropy"),
        (sparse_categorical_crossentropy, "SparseCategoricalCrossentropy"),
        (poisson, "Poisson"),
        (kl_divergence, "KLDivergence"),
        (dice, "Dice"),
        (tversky, "Tversky"),
        (circle, "Circle"),
        (ctc, "CTC"),
        (categorical_generalized_cross_entropy, "CategoricalGeneralizedCrossEntropy"),
    )
}


def get(identifier: Any) -> Any:
    """A loss from a name, a configuration, a class, or what is one already.

    Args:
        identifier: "MeanSquaredError" gives a Loss, "mean_squared_error" and "mse" the function; a
            dict of ``serialize`` the object it describes; a Loss or a function itself.

    Raises:
        ValueError: An unknown name.

    Example:
        >>> import nacre
        >>> float(nacre.losses.get("mse")([0.0, 0.0], [0.0, 2.0]))
        2.0
    """
    if isinstance(identifier, str):
        cls = _family.find_class("losses", identifier)
        if cls is not None and cls.__name__ != identifier:
            for function, class_name in _FUNCTIONS.values():
                if class_name == cls.__name__:
                    return function
    return _family.get(identifier, "losses", Loss, "loss")


def get_core(loss: Any) -> Any:
    """What a trainer takes for a loss given to ``compile``: a Loss, or a function's C++ object.

    Raises:
        ValueError: An unknown name.
    """
    if isinstance(loss, str) and _family.find_class("losses", loss) is not None:
        return _family.find_class("losses", loss)()
    loss = get(loss)
    if loss is None or isinstance(loss, Loss):
        return loss
    function, class_name = _FUNCTIONS.get(getattr(loss, "__name__", ""), (None, ""))
    if function is loss:
        return _family.find_class("losses", class_name)()
    name = getattr(loss, "__name__", type(loss).__name__)
    return _native.function_core("loss", name, loss)


def serialize(loss: Any) -> Any:
    """The configuration that ``deserialize`` reads."""
    from nacre.saving import serialize_keras_object

    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Any = None) -> Any:
    """The loss of a configuration."""
    return _family.deserialize(name, "losses", custom_objects)


__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]
