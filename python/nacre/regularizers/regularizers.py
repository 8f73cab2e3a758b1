"""Penalties of weights and outputs."""

from __future__ import annotations

from typing import Any

from nacre._native import Native, native, python_core
from nacre.ops import convert_to_tensor


class Regularizer(Native):
    """A penalty that is added to the loss.

    Subclasses write ``__call__(x)``, which returns a scalar made with ``nacre.ops``, and
    ``get_config()``. A plain function serves as well wherever a regularizer is taken.

    Example:
        >>> import nacre
        >>> class Sum(nacre.regularizers.Regularizer):
        ...     def __call__(self, x):
        ...         return 0.5 * nacre.ops.sum(x)
        >>> layer = nacre.layers.Dense(2, kernel_initializer="ones", kernel_regularizer=Sum())
        >>> _ = layer(nacre.ops.ones((1, 3)))
        >>> float(layer.losses[0])
        3.0
    """

    _module = "regularizers"
    _base_arguments: tuple[str, ...] = ()
    _hooks = ("__call__",)

    def __call__(self, x: Any) -> Any:
        """The penalty of a tensor: a scalar."""
        if self._native_core is None:
            raise NotImplementedError(f"{type(self).__name__}: __call__ is not implemented")
        return self._native_core(convert_to_tensor(x))

    def _make_core(self) -> Any:
        return python_core("Regularizer", self, type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal regularizer."""
        return super().get_config() if self._native_core is not None else {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A regularizer from what ``get_config`` returned."""
        return super().from_config(config) if cls._native_class else cls(**config)


@native
class L1(Regularizer):
    """``l1 * sum(abs(x))``.

    Args:
        l1: Factor, not negative.

    Raises:
        ValueError: ``l1`` is negative or not finite.

    Example:
        >>> import nacre
        >>> float(nacre.regularizers.L1(0.5)([1.0, -3.0]))
        2.0
    """

    def __init__(self, l1: float = 0.01) -> None: ...


@native
class L2(Regularizer):
    """``l2 * sum(square(x))``.

    Args:
        l2: Factor, not negative.

    Raises:
        ValueError: ``l2`` is negative or not finite.

    Example:
        >>> import nacre
        >>> float(nacre.regularizers.L2(0.5)([1.0, -3.0]))
        5.0
    """

    def __init__(self, l2: float = 0.01) -> None: ...


@native
class L1L2(Regularizer):
    """``l1 * sum(abs(x)) + l2 * sum(square(x))``.

    Args:
        l1: Factor of the absolute values.
        l2: Factor of the squares.

    Raises:
        ValueError: A factor is negative or not finite.

    Example:
        >>> import nacre
        >>> float(nacre.regularizers.L1L2(0.5, 0.5)([1.0, -3.0]))
        7.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None: ...


@native
class OrthogonalRegularizer(Regularizer):
    """``factor`` times the mean absolute cosine between different rows or columns of a matrix.

    Args:
        factor: Factor, not negative.
        mode: "rows" or "columns".

    Raises:
        ValueError: A bad argument, or a call with something that is no matrix.

    Example:
        >>> import nacre
        >>> float(nacre.regularizers.OrthogonalRegularizer(1.0)([[1.0, 0.0], [0.0, 2.0]]))
        0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None: ...
