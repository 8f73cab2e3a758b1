"""Pickling and copying objects whose values live in C++.

An object is made again from its class and configuration, then given its values; a model goes
through the bytes of a model file. `copy.copy`, `copy.deepcopy`, joblib and multiprocessing come
with it. A pickle can run code when it is loaded, a model file cannot: keep models in files.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import numpy as np


def reduced(obj: Any) -> tuple:
    """What ``__reduce__`` returns for a layer, loss, metric, optimizer, initializer...

    An optimizer comes back without its moments, which belong to the variables of one model.
    """
    build = getattr(obj, "get_build_config", lambda: None)()
    if not build and getattr(obj, "built", False) and hasattr(obj._core, "build_shapes"):
        build = obj._core.build_shapes
    return _restored, (type(obj), obj.get_config(), build, _values(obj))


def reduced_model(model: Any) -> tuple:
    """What ``__reduce__`` returns for a model: its file's bytes, optimizer state included."""
    if not model.built:
        return reduced(model)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.nacre")
        model.save(path)
        with open(path, "rb") as file:
            return _restored_model, (file.read(), _code(model))


def _variables(obj: Any) -> list:
    if hasattr(obj, "apply_gradients"):
        return [obj.iterations]
    return list(getattr(obj, "variables", ()))


def _values(obj: Any) -> list[np.ndarray]:
    return [variable.numpy() for variable in _variables(obj)]


def _restored(cls: type, config: dict, build: Any, values: list[np.ndarray]) -> Any:
    obj: Any = cls.from_config(config)  # type: ignore[attr-defined]
    if isinstance(build, list):
        obj._core.ensure_built(build)
    elif build:
        obj.build_from_config(build)
    variables = _variables(obj)
    if len(variables) != len(values):
        raise ValueError(
            f"{cls.__name__}: expected its build() to make {len(values)} variables again, "
            f"received {len(variables)}"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return obj


def _code(model: Any) -> dict[str, Any]:
    """What a model file does not hold, by name: own classes, functions of Lambda layers."""
    own = [type(model), *(type(layer) for layer in model._flatten_layers())]
    code: dict[str, Any] = {c.__name__: c for c in own if not c.__module__.startswith("nacre.")}
    for layer in model._flatten_layers():
        function = getattr(layer, "function", None)
        if callable(function):
            code[function.__name__] = function
    return code


def _restored_model(content: bytes, code: dict[str, Any]) -> Any:
    from nacre.saving import load_model

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.nacre")
        with open(path, "wb") as file:
            file.write(content)
        return load_model(path, custom_objects=code, safe_mode=False)
