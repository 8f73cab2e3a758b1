"""Nested Python structures of tensors as flat lists, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre import _core


class _Leaf:
    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def is_tensor_like(value: Any) -> bool:
    """Whether a value becomes a tensor argument (numbers and strings stay as they are)."""
    return isinstance(value, _core.Tensor | _core.Variable | np.ndarray)


def flatten_tensors(structure: Any) -> tuple[list, Any]:
    """The tensors of a structure in order, and the structure with positions in their place."""
    tensors: list = []

    def walk(value: Any) -> Any:
        if is_tensor_like(value):
            tensors.append(value)
            return _Leaf(len(tensors) - 1)
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*(walk(item) for item in value))
        if isinstance(value, list | tuple):
            return type(value)(walk(item) for item in value)
        return value

    return tensors, walk(structure)


def unflatten_tensors(structure: Any, values: Any) -> Any:
    """The structure with the values put back."""
    if isinstance(structure, _Leaf):
        return values[structure.index]
    if isinstance(structure, dict):
        return {key: unflatten_tensors(item, values) for key, item in structure.items()}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(unflatten_tensors(item, values) for item in structure))
    if isinstance(structure, list | tuple):
        return type(structure)(unflatten_tensors(item, values) for item in structure)
    return structure


def described(structure: Any) -> Any:
    """The structure as plain data, with the positions of tensors as Keras writes them."""
    if isinstance(structure, _Leaf):
        return {"class_name": "__leaf__", "config": structure.index}
    if isinstance(structure, dict):
        return {key: described(item) for key, item in structure.items()}
    if isinstance(structure, list | tuple):
        return [described(item) for item in structure]
    return structure
