"""Masks in layers that are written in Python: what calls are given and what outputs carry."""

from __future__ import annotations

import warnings
from typing import Any

from nacre._native import Signature
from nacre._structure import is_tensor_like


def masks_of(value: Any) -> Any:
    """The mask that each tensor of a structure carries, in its place; None without one."""
    if is_tensor_like(value):
        return getattr(value, "_keras_mask", None)
    if isinstance(value, dict):
        return {key: masks_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masks_of(item) for item in value]
    return None


def leaves(value: Any) -> list:
    """The leaves of a structure in order, None among them."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def _is_tensors(value: Any) -> bool:
    found = leaves(value)
    return any(is_tensor_like(leaf) for leaf in found) and all(
        leaf is None or is_tensor_like(leaf) for leaf in found
    )


def fill_arguments(
    function: Any, args: tuple, kwargs: dict[str, Any]
) -> tuple[dict[str, Any], Any, Any]:
    """The masks that a call takes from its tensors, where none were given.

    A single tensor argument fills ``mask``; of several, each ``x`` fills ``x_mask``.

    Returns:
        The keyword arguments with masks, the first argument and its masks.
    """
    function = getattr(function, "__wrapped__", function)
    names = Signature(function).names if hasattr(function, "__code__") else ()
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    tensors = {name: value for name, value in given.items() if _is_tensors(value)}
    found = {}
    if len(tensors) == 1:
        if "mask" in names and given.get("mask") is None:
            found["mask"] = masks_of(next(iter(tensors.values())))
    else:
        for name, value in tensors.items():
            if f"{name}_mask" in names and given.get(f"{name}_mask") is None:
                found[f"{name}_mask"] = masks_of(value)
    kwargs = {**kwargs, **{k: v for k, v in found.items() if k not in names[: len(args)]}}
    first = args[0] if args else next(iter(given.values()), None)
    mask = kwargs.get("mask")
    return kwargs, first, masks_of(first) if mask is None else mask


def attach(layer: Any, inputs: Any, outputs: list, previous: Any) -> None:
    """Gives the outputs of a call the masks that ``compute_mask`` makes of those of its input."""
    if not layer.supports_masking:
        if any(mask is not None for mask in leaves(previous)):
            warnings.warn(
                f"{type(layer).__name__} '{layer.name}': an input has a mask, which this layer "
                "does not support; the layers behind it will not see the mask",
                stacklevel=2,
            )
        return
    if all(output._keras_mask is not None for output in outputs):
        return
    computed = layer.compute_mask(inputs, previous)
    if computed is None:
        return
    for output, mask in zip(outputs, leaves(computed), strict=False):
        if output._keras_mask is None and mask is not None:
            output._keras_mask = mask
