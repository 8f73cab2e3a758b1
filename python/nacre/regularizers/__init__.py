"""Regularizers: penalties of weights and outputs that are added to the loss."""

from __future__ import annotations

from typing import Any

from nacre import _family
from nacre.regularizers.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

# Keras's further names of the same classes.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """A regularizer from a name, a configuration, a class, or what is one already.

    Raises:
        ValueError: An unknown name.

    Example:
        >>> import nacre
        >>> nacre.regularizers.get("l2").l2
        0.01
    """
    return _family.get(identifier, "regularizers", Regularizer, "regularizer")


def serialize(regularizer: Any) -> Any:
    """The configuration that ``deserialize`` reads."""
    from nacre.saving import serialize_keras_object

    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The regularizer of a configuration."""
    return _family.deserialize(config, "regularizers", custom_objects)


__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
