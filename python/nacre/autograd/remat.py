"""remat: computing again in the backward pass instead of keeping."""

from __future__ import annotations

import functools
import threading
from typing import Any

from nacre import _core, tree

_scopes = threading.local()
_MODES = ("full", "activations", "larger_than", "list_of_layers", None)


class RematScope:
    """Layers made in this scope keep less for the backward pass and compute it again.

    Args:
        mode: "full": everything in a layer's call; "activations": the activation functions of
            layers; "larger_than": layers with outputs of more values than
            ``output_size_threshold``; "list_of_layers": the layers in ``layer_names``; None:
            nothing.
        output_size_threshold: Of the mode "larger_than".
        layer_names: Of the mode "list_of_layers".

    Raises:
        ValueError: An unknown mode.

    Example:
        >>> import nacre
        >>> with nacre.RematScope(mode="full"):
        ...     layer = nacre.layers.Dense(4, activation="gelu")
        >>> layer(nacre.ops.ones((2, 3))).shape
        (2, 4)
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Any = None,
    ) -> None:
        if mode not in _MODES:
            raise ValueError(f"RematScope: expected mode to be one of {_MODES}, received {mode!r}")
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or [])

    def __enter__(self) -> RematScope:
        if not hasattr(_scopes, "stack"):
            _scopes.stack = []
        _scopes.stack.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        _scopes.stack.pop()


def apply_scope(core: Any) -> None:
    """Gives a layer that was just made the mode of the scope around it."""
    stack = getattr(_scopes, "stack", None)
    if not stack:
        return
    scope = stack[-1]
    mode = scope.mode
    if mode == "list_of_layers":
        mode = "full" if core.name in scope.layer_names else None
    core.set_remat_mode(mode or "none", int(scope.output_size_threshold))


def remat(f: Any) -> Any:
    """A function, layer or model that keeps nothing for its gradient but runs again for it.

    Random numbers, dropout's among them, are the same the second time, and variables that the
    function updates are updated once.

    Args:
        f: A function of tensors, or nests of them, that returns such.

    Returns:
        A function with the same results and gradients.

    Example:
        >>> import nacre
        >>> block = nacre.Sequential([nacre.layers.Dense(8, activation="gelu") for _ in range(3)])
        >>> lean = nacre.remat(block)
        >>> lean(nacre.ops.ones((2, 4))).shape
        (2, 8)
    """

    @functools.wraps(f, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves = tree.flatten((args, kwargs))
        places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, _core.Tensor)]
        structure: Any = None

        def call(tensors: list) -> list:
            nonlocal structure
            filled = list(leaves)
            for place, tensor in zip(places, tensors, strict=True):
                filled[place] = tensor
            own_args, own_kwargs = tree.pack_sequence_as((args, kwargs), filled)
            structure = f(*own_args, **own_kwargs)
            results = tree.flatten(structure)
            for result in results:
                if not isinstance(result, _core.Tensor):
                    raise TypeError(
                        f"remat: expected the function to return tensors, received {result!r}"
                    )
            return results

        outputs = _core.remat(call, [leaves[place] for place in places])
        return tree.pack_sequence_as(structure, outputs)

    return wrapped
