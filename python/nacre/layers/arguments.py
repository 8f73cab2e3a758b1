"""Arguments of layers: those that every layer takes, and their forms for C++."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

LAYER_ARGUMENTS = ("name", "trainable", "dtype", "activity_regularizer", "autocast")
BASE_ARGUMENTS = (
    *LAYER_ARGUMENTS,
    "input_shape",
    "batch_shape",
    "input_dim",
    "lora_rank",
    "lora_alpha",
    "quantization_config",
    "rms_scaling",
)
# Arguments of Keras without a counterpart here, and the values that ask for nothing.
_UNSUPPORTED = {
    "lora_rank": (None,),
    "lora_alpha": (None,),
    "quantization_config": (None,),
    "rms_scaling": (None, False),
}
# Kinds of arguments that name an object, by the end of the argument's name.
_OBJECTS = {
    "activation": "activations",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}


def _module_of(name: str) -> str | None:
    return _OBJECTS.get(name.rsplit("_", 1)[-1])


def resolved(name: str, given: Any) -> Any:
    """The object behind an argument such as ``kernel_initializer="zeros"``; else None.

    An activation comes as a function.
    """
    module = _module_of(name)
    if module is None:
        return None
    if given is None and module != "activations":
        return None
    return importlib.import_module(f"nacre.{module}").get(given)


def core_value(name: str, value: Any) -> Any:
    """An argument as the C++ layer takes it: functions of nacre.activations by name."""
    if name == "dtype":
        return policy_name(value)
    module = _module_of(name)
    if module is None or value is None or isinstance(value, str):
        return value
    found = importlib.import_module(f"nacre.{module}")
    if module == "activations":
        known = getattr(value, "__name__", "")
        return known if getattr(found, known, None) is value else value
    return found.get(value)


def pop_unsupported(owner: str, arguments: dict[str, Any], own: tuple[str, ...]) -> None:
    """Takes out Keras's arguments without a counterpart; ValueError where one asks for more."""
    for name, neutral in _UNSUPPORTED.items():
        if name in own or name not in arguments:
            continue
        value = arguments.pop(name)
        if value not in neutral:
            raise ValueError(f"{owner}: {name}={value!r} is not supported")


def pop_input_shape(arguments: dict[str, Any], own: tuple[str, ...]) -> tuple | None:
    """Takes Keras's ``input_shape``, ``batch_shape`` and ``input_dim`` of a first layer out.

    Returns:
        The shape without the batch axis, or None.
    """
    shape = None
    for name in ("input_dim", "batch_shape", "input_shape"):
        value = None if name in own else arguments.pop(name, None)
        if value is None:
            continue
        if name == "input_dim":
            shape = (value,)
        else:
            shape = tuple(value)[1:] if name == "batch_shape" else tuple(value)
    return shape


def policy_name(dtype: Any) -> str:
    """The name of a dtype policy given as a name, a dtype, a policy or its serialized form."""
    if isinstance(dtype, dict):
        return dtype["config"]["name"]
    name = getattr(dtype, "name", dtype)
    return name if isinstance(name, str) else dtype_name(name)


def dtype_name(dtype: Any) -> str:
    """The name of a dtype."""
    return dtype if isinstance(dtype, str) else np.dtype(dtype).name


def shape_list(shape: Any) -> list:
    """The shapes in one shape, or in a list or dict of them."""
    if isinstance(shape, dict):
        return [tuple(s) for s in shape.values()]
    if len(shape) > 0 and isinstance(shape[0], list | tuple):
        return [tuple(s) for s in shape]
    return [tuple(shape)]


def takes(function: Any, name: str) -> bool:
    """Whether a function has a parameter of this name."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if code is None:
        return False
    return name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
