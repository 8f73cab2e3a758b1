"""Families of objects known by name: losses, metrics, initializers, ...; what their get() share."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

from nacre import _core


def find_class(module: str, name: str) -> Any:
    """The Python class of ``nacre.<module>`` that a name means: "Adam", "adam", "glorot_uniform".

    Returns:
        The class, or None.
    """
    resolved = _core.resolve_class(module, name)
    namespace = importlib.import_module(f"nacre.{module}")
    return getattr(namespace, resolved, None) if resolved else None


def unknown_name(module: str, name: str, extra: Any = ()) -> ValueError:
    """The error for a name that a module does not know."""
    known = [*_core.class_names(module), *extra]
    known += [_core.to_snake_case(item) for item in known]
    near = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return ValueError(f"nacre.{module}: unknown name '{name}'.{hint}")


def get(identifier: Any, module: str, base: type, what: str) -> Any:
    """An object of a family from a name, a configuration, a class, an object or a callable.

    Args:
        identifier: What is meant; None stays None.
        module: Where the family is: "losses".
        base: Its base class.
        what: Its name in messages: "loss".

    Raises:
        ValueError: An unknown name.
        TypeError: Anything else.
    """
    if identifier is None or isinstance(identifier, base):
        return identifier
    if isinstance(identifier, str):
        custom = _custom_object(identifier)
        cls = custom if custom is not None else find_class(module, identifier)
        if cls is None:
            raise unknown_name(module, identifier)
        return cls() if isinstance(cls, type) else cls
    if isinstance(identifier, dict):
        return deserialize(identifier, module)
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if callable(identifier):
        return identifier
    raise TypeError(
        f"expected {what} to be a name, a configuration, a function or a "
        f"nacre.{module}.{base.__name__}, received {identifier!r}"
    )


def deserialize(config: Any, module: str, custom_objects: Any = None) -> Any:
    """The object that a configuration of ``serialize`` describes."""
    if isinstance(config, dict):
        name = config.get("class_name")
        if isinstance(name, str) and not custom_objects and not config.get("registered_name"):
            cls = find_class(module, name)
            if cls is not None:
                return cls.from_config(dict(config.get("config") or {}))
    from nacre.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects)


def _custom_object(name: str) -> Any:
    import sys

    saving = sys.modules.get("nacre.saving")  # nothing is registered before it is imported
    return saving.get_registered_object(name) if saving is not None else None
