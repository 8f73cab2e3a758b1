"""Constraints: projections of weights after each update."""

from __future__ import annotations

from typing import Any

from nacre import _family
from nacre.constraints.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm

# Keras's further names of the same classes.
max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm


def get(identifier: Any) -> Any:
    """A constraint from a name, a configuration, a class, or what is one already.

    Raises:
        ValueError: An unknown name.

    Example:
        >>> import nacre
        >>> nacre.constraints.get("max_norm").max_value
        2.0
    """
    return _family.get(identifier, "constraints", Constraint, "constraint")


def serialize(constraint: Any) -> Any:
    """The configuration that ``deserialize`` reads."""
    from nacre.saving import serialize_keras_object

    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The constraint of a configuration."""
    return _family.deserialize(config, "constraints", custom_objects)


__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
