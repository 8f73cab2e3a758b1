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
    return tensors, _take(structure, tensors)


def flatten_call(args: tuple, kwargs: dict[str, Any]) -> tuple[list, Any]:
    """The tensors of a call's arguments, keywords as they were given, and their structure."""
    tensors: list = []
    args = _take(args, tensors)
    return tensors, (args, {name: _take(value, tensors) for name, value in kwargs.items()})


def _take(value: Any, tensors: list) -> Any:
    if is_tensor_like(value):
        tensors.append(value)
        return _Leaf(len(tensors) - 1)
    if isinstance(value, dict):  # by key, as nacre.tree flattens
        taken = {key: _take(value[key], tensors) for key in _keys(value)}
        return {key: taken[key] for key in value}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_take(item, tensors) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_take(item, tensors) for item in value)
    return value


def _keys(value: dict) -> list:
    try:
        return sorted(value)
    except TypeError:  # of several types
        return list(value)


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


def to_data(structure: Any) -> dict[str, Any]:
    """The arguments of a call as a configuration holds them: plain data, positions for tensors."""
    from nacre.saving import serialize_keras_object

    def walk(value: Any) -> Any:
        if isinstance(value, _Leaf):
            return {"class_name": "__leaf__", "config": value.index}
        if isinstance(value, dict):
            return {str(key): walk(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [walk(item) for item in value]
        return serialize_keras_object(value)

    args, kwargs = structure
    try:
        return {"args": [walk(item) for item in args], "kwargs": walk(kwargs)}
    except TypeError as error:
        return {"args": [], "kwargs": {}, "unserializable": str(error)}


def from_data(data: dict[str, Any]) -> Any:
    """The structure that :func:`to_data` wrote."""
    from nacre.saving import deserialize_keras_object

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind = value.get("class_name")
        if kind == "__leaf__":
            return _Leaf(value["config"])
        if kind == "__tuple__":
            return tuple(walk(item) for item in value["items"])
        if kind is not None:
            return deserialize_keras_object(value)
        return {key: walk(item) for key, item in value.items()}

    return tuple(walk(data["args"])), walk(data["kwargs"])
