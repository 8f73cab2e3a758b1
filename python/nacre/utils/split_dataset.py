"""Cutting arrays into two parts."""

from __future__ import annotations

from typing import Any

import numpy as np


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """Splits arrays into a left and a right part, for example train and test.

    Args:
        dataset: An array, or a tuple or list of arrays of the same length.
        left_size: Samples in the left part: a fraction as a float from 0 to 1,
            or a number as an integer. Defaults to what ``right_size`` leaves.
        right_size: The same for the right part.
        shuffle: Whether the samples are shuffled before. Defaults to ``False``.
        seed: Seed of the shuffle.

    Returns:
        Two datasets of the same structure, as NumPy arrays.

    Raises:
        ValueError: If neither size is given, one is out of range, both together
            ask for more than there is, or the lengths differ.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> left, right = nacre.utils.split_dataset(np.arange(10), left_size=0.8)
    >>> right
    array([8, 9])
    """
    several = isinstance(dataset, (tuple, list))
    arrays = [np.asarray(a) for a in dataset] if several else [np.asarray(dataset)]
    if not arrays or any(a.ndim == 0 for a in arrays):
        raise TypeError(
            "split_dataset: expected an array or a tuple or list of arrays, received "
            f"{type(dataset).__name__}"
        )
    lengths = [len(a) for a in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"split_dataset: expected arrays of one length, received {lengths}")
    total = lengths[0]
    left, right = _sizes(left_size, right_size, total)
    order = np.arange(total)
    if shuffle:
        np.random.default_rng(seed).shuffle(order)
    parts = []
    for rows in (order[:left], order[total - right :]):
        taken = [a[rows] for a in arrays]
        parts.append(type(dataset)(taken) if several else taken[0])
    return parts[0], parts[1]


def _sizes(
    left_size: float | int | None, right_size: float | int | None, total: int
) -> tuple[int, int]:
    left = _count("left_size", left_size, total)
    right = _count("right_size", right_size, total)
    if left is None and right is None:
        raise ValueError(
            "split_dataset: expected `left_size` or `right_size`, received None for both"
        )
    if left is None:
        left = total - (right or 0)
    if right is None:
        right = total - left
    if left + right > total:
        raise ValueError(
            f"split_dataset: expected sizes of at most {total} samples together, received "
            f"left_size={left_size} and right_size={right_size}"
        )
    if left == 0 or right == 0:
        raise ValueError(
            "split_dataset: expected at least one sample on each side, received "
            f"left_size={left_size} and right_size={right_size} of {total} samples"
        )
    return left, right


def _count(name: str, size: float | int | None, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise TypeError(
            f"split_dataset: expected `{name}` an int or a float, received {type(size).__name__}"
        )
    if isinstance(size, (int, np.integer)):
        if not 0 <= size <= total:
            raise ValueError(
                f"split_dataset: expected `{name}` from 0 to {total} samples, received {size}"
            )
        return int(size)
    if not 0 <= size <= 1:
        raise ValueError(
            f"split_dataset: expected `{name}` a fraction from 0 to 1, received {size}"
        )
    return round(float(size) * total)
