"""Functions from functions to their derivatives."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from nacre import _core, tree
from nacre.autograd.gradient_tape import GradientTape


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the value of `f` and its gradient.

    Args:
        f: a function of tensors, or structures of tensors, that returns a scalar; with `has_aux` a
            scalar and anything else.
        argnums: the positional argument or arguments to differentiate by.
        has_aux: whether `f` returns (value, auxiliary).

    Returns:
        A function with the arguments of `f` that returns (value, gradient), or
        ((value, auxiliary), gradient). The gradient is like the argument, or a tuple of them.

    Example:
        >>> import nacre
        >>> nacre.value_and_grad(lambda x: x * x)(3.0)
        (Tensor(9., dtype=float32), Tensor(6., dtype=float32))
    """
    several = not isinstance(argnums, int)
    positions = tuple(argnums) if isinstance(argnums, Sequence) else (argnums,)

    @functools.wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        for position in positions:
            if not -len(args) <= position < len(args):
                raise ValueError(
                    f"value_and_grad: argnums {position} needs more than the {len(args)} "
                    "positional arguments given"
                )
        given = list(args)
        chosen = []
        for position in positions:
            given[position] = tree.map_structure(_fresh, given[position])
            chosen.append(given[position])
        with GradientTape() as tape:
            tape.watch(chosen)
            result = f(*given, **kwargs)
            value = result[0] if has_aux else result
        value = _core.convert_to_tensor(value)
        if value.size != 1:
            raise ValueError(
                f"grad: expected a function that returns a scalar, it returned shape {value.shape}"
            )
        gradients = tape.gradient(value, chosen, unconnected_gradients="zero")
        gradient = tuple(gradients) if several else gradients[0]
        return ((value, result[1]) if has_aux else value), gradient

    return differentiated


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of a scalar function; see `value_and_grad`.

    Example:
        >>> import nacre
        >>> second = nacre.grad(nacre.grad(lambda x: x * x * x))
        >>> second(2.0)
        Tensor(12., dtype=float32)
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def gradient_of(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return gradient_of


def _fresh(x: Any) -> Any:
    """A tensor of its own identity: the same tensor may be passed twice."""
    if isinstance(x, _core.Variable):
        return x
    return _core.op("alias")(_core.convert_to_tensor(x))
