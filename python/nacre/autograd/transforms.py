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


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of a function and its derivative along a direction.

    It is the gradient of the gradient: what `fun` does must be differentiable twice.

    Args:
        fun: a function of floating tensors that returns a tensor or a structure of tensors; with
            `has_aux` a pair of that and anything else.
        primals: a tuple or list of its arguments.
        tangents: the direction: as `primals`.
        has_aux: whether `fun` returns (value, auxiliary).

    Returns:
        A tuple (value, derivative), with `has_aux` (value, derivative, auxiliary); the derivative
        is shaped as the value.

    Raises:
        ValueError: `tangents` has another structure, or a shape that is not that of its primal.

    Example:
        >>> from nacre import ops
        >>> ops.jvp(ops.square, (3.0,), (2.0,))
        (Tensor(9., dtype=float32), Tensor(12., dtype=float32))
    """
    for name, value in (("primals", primals), ("tangents", tangents)):
        if not isinstance(value, tuple | list):
            raise TypeError(f"jvp: expected {name} as a tuple or list, received {value!r}")
    given = tree.map_structure(_fresh, list(primals))
    sources = tree.flatten(given)
    directions = [_core.convert_to_tensor(t) for t in tree.flatten(list(tangents))]
    shapes = [tuple(x.shape) for x in sources], [tuple(v.shape) for v in directions]
    if shapes[0] != shapes[1]:
        raise ValueError(f"jvp: expected tangents of the shapes {shapes[0]}, received {shapes[1]}")
    with GradientTape() as outer:
        with GradientTape() as inner:
            inner.watch(sources)
            result = fun(*given)
            value, *rest = result if has_aux else (result,)
        outputs = [_core.convert_to_tensor(y) for y in tree.flatten(value)]
        # The gradient is linear in these, whatever they are.
        weights = [_core.op("ones_like")(y) for y in outputs]
        outer.watch(weights)
        gradients = inner.gradient(
            outputs, sources, output_gradients=weights, unconnected_gradients="zero"
        )
        along = sum(
            _core.op("sum")(g * _core.op("cast")(v, g.dtype))
            for g, v in zip(gradients, directions, strict=True)
        )
    derivatives = outer.gradient(along, weights, unconnected_gradients="zero")
    return value, tree.pack_sequence_as(value, derivatives), *rest
