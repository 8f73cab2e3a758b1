"""Class vectors to one-hot rows, and rows to unit norm."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def _is_tensor(x: object) -> bool:
    core = sys.modules.get("nacre._core")
    tensor = getattr(core, "Tensor", None)
    return isinstance(tensor, type) and isinstance(x, tensor)


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Turns class ids into one-hot rows, for ``categorical_crossentropy``.

    Args:
        x: Class ids, integers from ``0`` to ``num_classes - 1``, of any shape. A
            last dimension of 1 is dropped.
        num_classes: Number of classes. Defaults to the largest id plus one.

    Returns:
        A float64 array of the shape of ``x`` with a last dimension of
        ``num_classes``; for a tensor, a float32 tensor.

    Raises:
        ValueError: If an id is negative, fractional, NaN or not below
            ``num_classes``, or if ``x`` is empty and ``num_classes`` is not
            given.

    Example:

    >>> import nacre
    >>> nacre.utils.to_categorical([0, 2, 1], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    tensor = _is_tensor(x)
    given = np.asarray(x)
    if given.dtype.kind not in "biuf":
        raise TypeError(
            "to_categorical: expected integer class ids, received "
            f"dtype {given.dtype} (shape {given.shape})"
        )
    if given.dtype.kind == "f":
        wrong = ~(np.isfinite(given) & (given == np.floor(given)))
        if wrong.any():
            raise ValueError(
                "to_categorical: expected integer class ids, received "
                f"{_first(given, wrong)} (shape {given.shape})"
            )
    ids = given.astype("int64")
    if ids.ndim > 1 and ids.shape[-1] == 1:
        ids = ids.reshape(ids.shape[:-1])
    if not num_classes:
        if ids.size == 0:
            raise ValueError(
                "to_categorical: expected `num_classes` with an empty `x`, "
                f"received num_classes={num_classes} (x: {given.shape})"
            )
        num_classes = int(ids.max()) + 1
    wrong = (ids < 0) | (ids >= num_classes)
    if wrong.any():
        raise ValueError(
            f"to_categorical: expected class ids from 0 to {num_classes - 1}, "
            f"received {_first(ids, wrong)} (shape {given.shape}, num_classes={num_classes})"
        )
    rows = np.zeros((ids.size, num_classes), dtype="float32" if tensor else "float64")
    rows[np.arange(ids.size), ids.reshape(-1)] = 1
    rows = rows.reshape((*ids.shape, num_classes))
    if tensor:
        from nacre import ops

        return ops.convert_to_tensor(rows)
    return rows


def _first(values: np.ndarray, wrong: np.ndarray) -> str:
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = where[0] if len(where) == 1 else where
    return f"{values[where]} at index {at}" if where else f"{values}"


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """Scales vectors to norm 1; vectors of norm 0 stay as they are.

    Args:
        x: An array or tensor.
        axis: The axis along which a vector lies. Defaults to the last.
        order: Which norm: ``2`` is the Euclidean one, ``1`` the sum of
            magnitudes, ``inf`` the largest magnitude. Defaults to ``2``.

    Returns:
        An array (or tensor, for a tensor) of the shape of ``x``; for a single
        vector of length ``n``, an array of shape ``(1, n)``.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> nacre.utils.normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    if _is_tensor(x):
        from nacre import ops

        return ops.normalize(x, axis=axis, order=order)  # type: ignore[arg-type]
    array = np.atleast_1d(np.asarray(x))
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(
            f"normalize: expected an axis from {-array.ndim} to {array.ndim - 1}, "
            f"received {axis} (x: {array.shape})"
        )
    if array.ndim == 1:  # as Keras does
        array, axis = array[None], -1
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    norm[norm == 0] = 1
    return array / norm
