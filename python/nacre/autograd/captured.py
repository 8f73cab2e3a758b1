"""Captured functions."""

import functools
from collections.abc import Callable
from typing import Any, overload

from nacre import _core


@overload
def function(f: Callable[..., Any]) -> Callable[..., Any]: ...
@overload
def function(f: None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def function(f: Callable[..., Any] | None = None) -> Any:
    """Decorates a function of tensors: it is recorded once and replayed as a plan, without Python.

    The first call with new shapes or dtypes calls the function, which notes its ops; this and later
    calls then run these ops only. Tensors and NumPy arrays among the arguments, in lists, tuples
    and dicts too, are inputs of the plan; numbers, strings and None are part of what a plan is made
    for, by value; other objects by which object they are. Variables are read and assigned in place.
    What else the function does in Python (printing, appending to a list) happens while it is
    recorded only. A tensor that it keeps elsewhere than in its result or in a Variable has no value
    afterwards: reading it raises RuntimeError.

    A function that reads a value (`float(x)`, `if x > 0`, `x.numpy()`) cannot be replayed: it runs
    op by op, and a warning names the line once.

    Args:
        f: the function; None to use as `@function()`.

    Returns:
        A function with the same arguments and results. `config.run_functions_eagerly(True)` makes
        all of them run as they are.

    Example:
        >>> import nacre
        >>> @nacre.function
        ... def scaled(x):
        ...     return {"twice": x * 2.0}
        >>> x = nacre.ops.convert_to_tensor([1.0, 2.0])
        >>> scaled(x)["twice"]
        Tensor([2., 4.], dtype=float32)
    """
    if f is None:
        return function
    if not callable(f):
        raise TypeError(f"function: expected a callable, received {f!r}")
    captured = _core.CapturedFunction(f, getattr(f, "__qualname__", repr(f)))
    call = captured.call

    @functools.wraps(f)
    def replayed(*args: Any, **kwargs: Any) -> Any:
        return call(args, kwargs)

    replayed.captured = captured  # type: ignore[attr-defined]
    return replayed
