"""InputSpec: what a layer written in Python takes."""

from __future__ import annotations

from typing import Any


class InputSpec:
    """Rank, shape and dtype that an input must have; assigned to ``layer.input_spec``.

    Args:
        dtype: Dtype; default: any.
        shape: Shape, ``None`` for any size; default: any.
        ndim: Rank.
        max_ndim: Largest rank.
        min_ndim: Smallest rank.
        axes: Axis to size.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing or too many.
        name: Name of the input.
        optional: Whether the input may be ``None``.

    Raises:
        TypeError: ``axes`` is no dict of ints.
        ValueError: An axis is beyond the rank.

    Example:
        >>> import nacre
        >>> nacre.layers.InputSpec(ndim=4, axes={-1: 3}).ndim
        4
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        try:
            self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        except (AttributeError, TypeError, ValueError):
            raise TypeError(
                f"InputSpec: expected axes as a dict of ints, received {axes!r}"
            ) from None
        rank = self.ndim if self.ndim is not None else max_ndim
        if self.axes and rank is not None and max(self.axes) >= rank:
            raise ValueError(
                f"InputSpec: expected axes below the rank {rank}, received axis {max(self.axes)}"
            )
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal spec."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """A spec from what ``get_config`` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        given = (f"{name}={value!r}" for name, value in vars(self).items() if value)
        return f"InputSpec({', '.join(given)})"

    def check(self, shape: tuple, dtype: str, owner: str) -> None:
        """ValueError, naming the layer, unless a shape and dtype fit."""
        shape = tuple(shape)
        if self.allow_last_axis_squeeze and self.shape is not None:
            if len(shape) == len(self.shape) + 1 and shape[-1] == 1:
                shape = shape[:-1]
            elif len(shape) + 1 == len(self.shape) and self.shape[-1] == 1:
                shape = (*shape, 1)
        wanted = ""
        if self.ndim is not None and len(shape) != self.ndim:
            wanted = f"an input of rank {self.ndim}"
        elif self.max_ndim is not None and len(shape) > self.max_ndim:
            wanted = f"an input of at most rank {self.max_ndim}"
        elif self.min_ndim is not None and len(shape) < self.min_ndim:
            wanted = f"an input of at least rank {self.min_ndim}"
        elif self.dtype is not None and dtype != self.dtype:
            raise ValueError(f"{owner}: expected an input of dtype {self.dtype}, received {dtype}")
        else:
            sizes = dict(enumerate(self.shape or ())) | self.axes
            for axis, size in sizes.items():
                if size is not None and shape[axis] not in (size, None):
                    wanted = f"an input of size {size} along axis {axis}"
        if wanted:
            raise ValueError(f"{owner}: expected {wanted}, received shape {shape}")
