"""Gradients of one's own."""

import functools
from collections.abc import Callable
from typing import Any

from nacre import _core, tree
from nacre._core import Tensor, Variable


def stop_gradient(x: Any) -> Any:
    """The same value, a constant for differentiation; of a structure, each tensor.

    Example:
        >>> import nacre
        >>> nacre.grad(lambda x: x * nacre.stop_gradient(x))(3.0)
        Tensor(3., dtype=float32)
    """
    op = _core.op("stop_gradient")
    return tree.map_structure(op, x) if tree.is_nested(x) else op(x)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function a gradient of its own.

    Args:
        f: a function of tensors that returns (output, grad_fn). `grad_fn(*upstream, upstream=None)`
            receives the gradient of each output and returns that of each tensor argument (None
            where there is none).

    Returns:
        A function that returns the output.

    Example:
        >>> import nacre
        >>> @nacre.custom_gradient
        ... def clipped(x):
        ...     return x * 1.0, lambda upstream: nacre.ops.clip(upstream, -1.0, 1.0)
        >>> nacre.grad(lambda x: 5.0 * clipped(x))(2.0)
        Tensor(1., dtype=float32)
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves = tree.flatten((args, kwargs))
        is_input = [isinstance(leaf, (Tensor, Variable)) for leaf in leaves]
        inputs = [leaf for leaf, chosen in zip(leaves, is_input, strict=True) if chosen]
        values = [i.value if isinstance(i, Variable) else i for i in inputs]
        made: list[Any] = []

        def forward() -> tuple[list[Any], Callable[..., Any]]:
            output, backward = f(*args, **kwargs)
            made.append(output)

            def gradients(*upstream: Any) -> list[Any]:
                grads = backward(*upstream)
                return list(grads) if isinstance(grads, (list, tuple)) else [grads]

            return tree.flatten(output), gradients

        outputs = _core.custom_gradient(values, forward)
        return tree.pack_sequence_as(made[0], outputs)

    return wrapped
