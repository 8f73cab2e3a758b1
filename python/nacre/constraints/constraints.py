"""Projections of weights."""

from __future__ import annotations

from typing import Any

from nacre._native import Native, native, python_core
from nacre.ops import convert_to_tensor


class Constraint(Native):
    """A projection of a weight after each update.

    Subclasses write ``__call__(w)``, made with ``nacre.ops``, and ``get_config()``. A plain
    function serves as well wherever a constraint is taken.

    Example:
        >>> import nacre
        >>> class Half(nacre.constraints.Constraint):
        ...     def __call__(self, w):
        ...         return w * 0.5
        >>> Half()(nacre.ops.ones((2,)))
        Tensor([0.5, 0.5], dtype=float32)
    """

    _module = "constraints"
    _base_arguments: tuple[str, ...] = ()
    _hooks = ("__call__",)

    def __call__(self, w: Any) -> Any:
        """The projected weight; the base class changes nothing."""
        return w if self._native_core is None else self._native_core(convert_to_tensor(w))

    def _make_core(self) -> Any:
        return python_core("Constraint", self, type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal constraint."""
        return super().get_config() if self._native_core is not None else {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A constraint from what ``get_config`` returned."""
        return super().from_config(config) if cls._native_class else cls(**config)


@native
class MaxNorm(Constraint):
    """Vectors along ``axis`` are at most ``max_value`` long.

    Args:
        max_value: Largest norm.
        axis: Axis or axes of a vector: 0 for a unit of Dense, (0, 1, 2) for a filter of Conv2D.

    Example:
        >>> import nacre
        >>> nacre.constraints.MaxNorm(1.0)([[3.0, 0.5], [4.0, 0.0]])[1, 0] < 0.81
        Tensor(True, dtype=bool)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None: ...


@native
class NonNeg(Constraint):
    """No weight is negative.

    Example:
        >>> import nacre
        >>> nacre.constraints.NonNeg()([-1.0, 2.0])
        Tensor([0., 2.], dtype=float32)
    """

    def __init__(self) -> None: ...


@native
class UnitNorm(Constraint):
    """Vectors along ``axis`` have length 1.

    Args:
        axis: Axis or axes of a vector.

    Example:
        >>> import nacre
        >>> nacre.constraints.UnitNorm()([[3.0], [4.0]]).shape
        (2, 1)
    """

    def __init__(self, axis: Any = 0) -> None: ...


@native
class MinMaxNorm(Constraint):
    """Vectors along ``axis`` are between ``min_value`` and ``max_value`` long.

    Args:
        min_value: Smallest norm.
        max_value: Largest norm.
        rate: Part of the way to the allowed norm that a step goes; 1: all of it.
        axis: Axis or axes of a vector.

    Example:
        >>> import nacre
        >>> nacre.constraints.MinMaxNorm(1.0, 2.0)([[3.0], [4.0]]).shape
        (2, 1)
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None: ...
