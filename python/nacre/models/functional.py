"""Input: where a model begins."""

from __future__ import annotations

from typing import Any


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Any:
    """A placeholder for a model's input.

    Args:
        shape: Shape without the batch axis; ``None`` for unknown dimensions.
        batch_size: Size of the batch axis, when fixed.
        dtype: Dtype; default: ``floatx``.
        batch_shape: Shape with the batch axis, instead of ``shape`` and ``batch_size``.
        name: Name of the input.

    Returns:
        A tensor without data: layers and ops applied to it infer shapes.

    Example:
        >>> import nacre
        >>> nacre.Input((28, 28)).shape
        (None, 28, 28)
    """
    from nacre.layers.core import InputLayer

    layer = InputLayer(
        shape=shape, batch_size=batch_size, dtype=dtype, batch_shape=batch_shape, name=name
    )
    return layer._core.placeholder()
