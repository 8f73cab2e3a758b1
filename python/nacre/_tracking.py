"""Tracking: layers, variables and metrics found in the attributes of a layer."""

from __future__ import annotations

from typing import Any

from nacre import _core


def tracked(owner: Any, name: str, value: Any) -> Any:
    """Registers what ``value`` holds with its owner; lists and dicts keep tracking."""
    from nacre.layers.layer import Layer

    if isinstance(value, Layer):
        add_layer(owner, value)
    elif isinstance(value, _core.Variable):
        add_variable(owner, value)
    elif type(value) is list:
        return TrackedList(owner, value)
    elif type(value) is dict:
        return TrackedDict(owner, value)
    elif isinstance(value, tuple):
        for item in value:
            tracked(owner, name, item)
    elif hasattr(value, "_tracked_by"):
        value._tracked_by(owner)
    return value


def add_layer(owner: Any, layer: Any) -> None:
    owner._owned[id(layer)] = layer
    owner._core.add_sublayer(layer._core)


def add_variable(owner: Any, variable: Any) -> None:
    if all(variable is not own for own in owner._core.own_variables):
        owner._core.add_variable(variable)


class TrackedList(list):
    """A list that registers the layers and variables put into it."""

    def __init__(self, owner: Any, values: Any = ()) -> None:
        super().__init__()
        self._owner = owner
        self.extend(values)

    def append(self, value: Any) -> None:
        super().append(tracked(self._owner, "", value))

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, tracked(self._owner, "", value))

    def extend(self, values: Any) -> None:
        for value in values:
            self.append(value)

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, tracked(self._owner, "", value))

    def __iadd__(self, values: Any) -> TrackedList:
        self.extend(values)
        return self

    def __reduce__(self) -> Any:
        return (list, (list(self),))


class TrackedDict(dict):
    """A dict that registers the layers and variables put into it."""

    def __init__(self, owner: Any, values: Any = ()) -> None:
        super().__init__()
        self._owner = owner
        self.update(values)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, tracked(self._owner, "", value))

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))
