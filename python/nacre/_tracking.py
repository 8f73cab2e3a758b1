"""Tracking: layers, variables and metrics found in the attributes of a layer."""

from __future__ import annotations

from typing import Any

from nacre import _core


def tracked(owner: Any, name: str, value: Any) -> Any:
    """Registers what ``value`` holds with its owner; lists and dicts go on tracking."""
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
    elif isinstance(getattr(value, "_core", None), _core.Metric):
        owner.__dict__.setdefault("_tracked_metrics", {})[id(value)] = value
    elif hasattr(value, "_tracked_by"):
        value._tracked_by(owner)
    return value


def add_layer(owner: Any, layer: Any) -> None:
    owner._owned[id(layer)] = layer
    owner._core.add_sublayer(layer._core)


def untrack(owner: Any, layer: Any) -> None:
    """Forgets a layer that no attribute of its owner holds any more."""

    def holds(value: Any) -> bool:
        if value is layer:
            return True
        if isinstance(value, dict):
            return any(holds(item) for item in value.values())
        return isinstance(value, list | tuple) and any(holds(item) for item in value)

    if any(holds(v) for k, v in owner.__dict__.items() if k not in ("_owned", "_init_args")):
        return
    owner._owned.pop(id(layer), None)
    owner._core.remove_sublayer(layer._core)


def _forget(owner: Any, *values: Any) -> None:
    from nacre.layers.layer import Layer

    for value in values:
        if isinstance(value, Layer):
            untrack(owner, value)


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
        old = self[index]
        if isinstance(index, slice):
            super().__setitem__(index, [tracked(self._owner, "", item) for item in value])
            _forget(self._owner, *old)
        else:
            super().__setitem__(index, tracked(self._owner, "", value))
            _forget(self._owner, old)

    def __delitem__(self, index: Any) -> None:
        old = self[index]
        super().__delitem__(index)
        _forget(self._owner, *(old if isinstance(index, slice) else [old]))

    def pop(self, index: Any = -1) -> Any:
        value = super().pop(index)
        _forget(self._owner, value)
        return value

    def remove(self, value: Any) -> None:
        super().remove(value)
        _forget(self._owner, value)

    def clear(self) -> None:
        del self[:]

    def __iadd__(self, values: Any) -> TrackedList:  # type: ignore[misc]
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
        old = self.get(key)
        super().__setitem__(key, tracked(self._owner, "", value))
        if old is not value:
            _forget(self._owner, old)

    def __delitem__(self, key: Any) -> None:
        old = self[key]
        super().__delitem__(key)
        _forget(self._owner, old)

    def pop(self, key: Any, *default: Any) -> Any:
        value = super().pop(key, *default)
        _forget(self._owner, value)
        return value

    def clear(self) -> None:
        for key in list(self):
            del self[key]

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))
