"""Shapes and structures without data, and the remaining functions of `keras.ops`."""

from collections.abc import Callable
from typing import Any

from nacre import _core
from nacre._core import Tensor
from nacre.autograd.custom import (
    custom_gradient as custom_gradient,
    stop_gradient as stop_gradient,
)
from nacre.autograd.transforms import jvp as jvp


def broadcast_shapes(*shapes: Any) -> tuple[Any, ...]:
    """The shape that tensors of these shapes broadcast to.

    Example:
        >>> from nacre import ops
        >>> ops.broadcast_shapes((2, 1), (3,))
        (2, 3)
    """
    if not shapes:
        return ()
    result = tuple(shapes[0])
    for other in shapes[1:]:
        result = _core.broadcast_shapes(result, tuple(other))
    return result


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors broadcast to their common shape."""
    values = [_core.convert_to_tensor(t) for t in tensors]
    shape = broadcast_shapes(*(v.shape for v in values))
    broadcast_to = _core.op("broadcast_to")
    return tuple(broadcast_to(v, shape) for v in values)


def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """A cast in which values out of range become the nearest value of the dtype.

    Example:
        >>> from nacre import ops
        >>> ops.saturate_cast([-1.0, 300.0], "uint8")
        Tensor([  0, 255], dtype=uint8)
    """
    name = _core.to_dtype(dtype)
    value = _core.convert_to_tensor(x)
    bounds = _core.dtype_range(name)
    own = _core.dtype_range(value.dtype)
    low, high = max(bounds[0], own[0]), min(bounds[1], own[1])
    cast = _core.op("cast")
    if bounds[0] <= own[0] and own[1] <= bounds[1]:
        return cast(value, name)
    if value.dtype.startswith(("float", "bfloat")) and not name.startswith(("float", "bfloat")):
        # The largest int32 or int64 is no float: compare and choose.
        where = _core.op("where")
        top, bottom = (_core.convert_to_tensor(v, name) for v in (int(high), int(low)))
        inside = cast(_core.op("clip")(value, float(low), float(high)), name)
        inside = where(value >= float(high), top, inside)
        return where(value <= float(low), bottom, inside)
    return cast(_core.op("clip")(value, low, high), name)


def compute_output_spec(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `fn` returns for placeholders: tensors that have a shape and a dtype only."""
    return fn(*args, **kwargs)


def placeholder(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor that has a shape and a dtype but no values; None for unknown dimensions."""
    return _core.placeholder(tuple(shape), _core.floatx() if dtype is None else dtype)
