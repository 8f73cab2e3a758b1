"""Activation functions."""

from __future__ import annotations

import difflib
from typing import Any

from nacre.activations.functions import (
    celu,
    elu,
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

# Keras's further names of the same functions.
swish = silu
hard_swish = hard_silu

_FUNCTIONS = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == "nacre.activations.functions"
}


def get(identifier: Any) -> Any:
    """An activation function from a name, a configuration, or what is one already.

    Args:
        identifier: A name ("relu"), what ``serialize`` returned, or a callable; None is ``linear``.

    Raises:
        ValueError: An unknown name.
        TypeError: Anything else.

    Example:
        >>> import nacre
        >>> nacre.activations.get("relu") is nacre.activations.relu
        True
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return _by_name(identifier)
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise TypeError(f"expected an activation's name or a function, received {identifier!r}")


def _by_name(name: str, custom_objects: Any = None) -> Any:
    if custom_objects and name in custom_objects:
        return custom_objects[name]
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    import sys

    saving = sys.modules.get("nacre.saving")
    custom = saving.get_registered_object(name) if saving is not None else None
    if custom is not None:
        return custom() if isinstance(custom, type) else custom
    near = difflib.get_close_matches(name, list(_FUNCTIONS), 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ValueError(f"unknown activation '{name}'.{hint}")


def serialize(activation: Any) -> Any:
    """The name of an activation function, or the configuration of one of the caller's own."""
    name = getattr(activation, "__name__", None)
    if name in _FUNCTIONS and _FUNCTIONS[name] is activation:
        return name
    from nacre.saving import serialize_keras_object

    return serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The function that ``serialize`` described."""
    if isinstance(config, str):
        return _by_name(config, custom_objects)
    if isinstance(config, dict) and config.get("class_name") == "function":
        return _by_name(config["config"], custom_objects)
    from nacre.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects)


__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
