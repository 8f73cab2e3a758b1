"""Objects as plain data, and back: only classes of nacre and registered ones are ever made."""

from __future__ import annotations

import difflib
import importlib
import threading
from typing import Any

import numpy as np

from nacre import _core

# Where the classes of nacre live: a file names a class, and it is looked up here and nowhere else.
_MODULES = (
    "layers",
    "models",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "initializers",
    "regularizers",
    "constraints",
)

_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scopes = threading.local()


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Any:
    """Decorator: makes a class or function loadable under ``package>name``.

    Args:
        package: Group of names, to keep those of different projects apart.
        name: Name; default: that of the class or function.

    Example:
        >>> import nacre
        >>> @nacre.saving.register_keras_serializable(package="docs")
        ... class Twice(nacre.layers.Layer):
        ...     def call(self, inputs):
        ...         return inputs * 2
        >>> nacre.saving.get_registered_name(Twice)
        'docs>Twice'
    """

    def decorate(target: Any) -> Any:
        if isinstance(target, type) and not hasattr(target, "get_config"):
            raise ValueError(f"register: class '{target.__name__}' has no get_config()")
        full = f"{package}>{name or target.__name__}"
        _registered[full] = target
        _names[target] = full
        return target

    return decorate


def get_registered_name(obj: Any) -> str:
    """The name an object is registered under, else its own."""
    return _names.get(obj, getattr(obj, "__name__", str(obj)))


def get_registered_object(
    name: str, custom_objects: dict | None = None, module_objects: dict | None = None
) -> Any:
    """What is known under a name; None when nothing is."""
    for known in (*_active_scopes(), custom_objects or {}, _registered, module_objects or {}):
        if name in known:
            return known[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The registered classes and functions by name; changes take effect."""
    return _registered


class CustomObjectScope:
    """Context in which classes and functions of the caller's own can be loaded by name.

    Args:
        custom_objects: Name to class or function.
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self) -> CustomObjectScope:
        _active_scopes().append(self.custom_objects)
        return self

    def __exit__(self, *exception: Any) -> None:
        _active_scopes().pop()


custom_object_scope = CustomObjectScope


def _active_scopes() -> list[dict]:
    if not hasattr(_scopes, "stack"):
        _scopes.stack = []
    return _scopes.stack


def serialize_keras_object(obj: Any) -> Any:
    """An object as plain data: numbers, strings, lists, dicts; objects as class name and config.

    Raises:
        TypeError: It cannot be written as data.
    """
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, list | tuple):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, dict):
        return {str(key): serialize_keras_object(item) for key, item in obj.items()}
    if isinstance(obj, np.ndarray | np.generic | _core.Tensor | _core.Variable):
        return np.asarray(obj).tolist()
    if hasattr(obj, "get_config"):
        cls = type(obj)
        data = {
            "module": _module_of(cls),
            "class_name": cls.__name__,
            "config": obj.get_config(),
            "registered_name": _names.get(cls),
        }
        build = getattr(obj, "get_build_config", None)
        if build is not None and data["module"] != "nacre.models":
            shape = build()
            if shape is not None:
                data["build_config"] = serialize_keras_object(shape)
        return data
    if isinstance(obj, type) and issubclass(obj, np.generic):
        return np.dtype(obj).name
    if callable(obj):
        return _names.get(obj, getattr(obj, "__name__", type(obj).__name__))
    raise TypeError(f"cannot write an object of type {type(obj).__name__} as data: {obj!r}")


def _module_of(cls: type) -> str | None:
    if not cls.__module__.startswith("nacre."):
        return cls.__module__
    for name in _MODULES:
        if getattr(importlib.import_module(f"nacre.{name}"), cls.__name__, None) is cls:
            return f"nacre.{name}"
    return "nacre"


def deserialize_keras_object(
    config: Any, custom_objects: dict | None = None, safe_mode: bool = True
) -> Any:
    """The object that serialize_keras_object() described.

    Args:
        config: Plain data.
        custom_objects: Classes and functions of the caller's own, by name.
        safe_mode: Kept for Keras's signature: no code is ever read from data.

    Raises:
        ValueError: An unknown class.
    """
    if custom_objects:
        with CustomObjectScope(custom_objects):
            return deserialize_keras_object(config)
    if isinstance(config, list):
        return [deserialize_keras_object(item) for item in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config:
        return {key: deserialize_keras_object(value) for key, value in config.items()}
    if config["class_name"] == "DTypePolicy":
        return config["config"]["name"]
    cls = _find_class(config)
    made = cls.from_config(config.get("config") or {})
    build = config.get("build_config")
    if build and hasattr(made, "build_from_config") and not made.built:
        made.build_from_config(build)
    return made


def deserialize_config_values(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments in a config, with the objects among them made."""
    return {key: deserialize_keras_object(value) for key, value in config.items()}


def _find_class(config: dict[str, Any]) -> Any:
    name = config["class_name"]
    if not isinstance(name, str):
        raise ValueError(f"expected a class name, received {name!r}")
    for key in (config.get("registered_name"), name):
        found = get_registered_object(key) if key else None
        if found is not None:
            return found
    module = config.get("module") or ""
    places = [m for m in _MODULES if module in (f"nacre.{m}", f"keras.{m}")] or list(_MODULES)
    if not module or module.split(".")[0] in ("nacre", "keras"):
        for place in places:
            namespace = importlib.import_module(f"nacre.{place}")
            found = getattr(namespace, name, None) if name in namespace.__all__ else None
            if isinstance(found, type) and hasattr(found, "from_config"):
                return found
    known = [n for m in _MODULES for n in importlib.import_module(f"nacre.{m}").__all__]
    near = difflib.get_close_matches(name, known + list(_registered), 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ValueError(
        f"unknown class '{name}': pass it in custom_objects or register it with "
        f"nacre.saving.register().{hint}"
    )
