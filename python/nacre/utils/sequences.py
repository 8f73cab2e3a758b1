"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Pads or cuts sequences to one length.

    Args:
        sequences: A list of sequences: of numbers, or of arrays of one shape.
        maxlen: The length. Defaults to that of the longest sequence.
        dtype: Of the result; ``object`` for strings. Defaults to ``"int32"``.
        padding: ``"pre"`` or ``"post"``: on which side short sequences are padded.
        truncating: ``"pre"`` or ``"post"``: on which side long sequences are cut.
        value: What they are padded with. Defaults to ``0``.

    Returns:
        An array of shape ``(len(sequences), maxlen, ...)``.

    Raises:
        ValueError: If ``sequences`` is not a list of sequences, is empty while ``maxlen`` is not
            given, or the items of two sequences differ in shape.

    Example:

    >>> import nacre
    >>> nacre.utils.pad_sequences([[1], [2, 3], [4, 5, 6]])
    array([[0, 0, 1],
           [0, 2, 3],
           [4, 5, 6]], dtype=int32)
    >>> nacre.utils.pad_sequences([[1], [4, 5, 6]], maxlen=2, padding="post", value=-1)
    array([[ 1, -1],
           [ 5,  6]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"pad_sequences: expected `{name}` 'pre' or 'post', received {side!r}")
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"pad_sequences: expected a list of sequences, received {type(sequences).__name__}"
        )
    lengths = []
    item_shape: tuple[int, ...] | None = None
    for i, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"pad_sequences: expected a list of sequences, received {sequence!r} at index {i}"
            )
        if item_shape is None and len(sequence):
            item_shape = np.asarray(sequence).shape[1:]
        lengths.append(len(sequence))
    if maxlen is None:
        if not lengths:
            raise ValueError("pad_sequences: expected `maxlen` with an empty list of sequences")
        maxlen = max(lengths)
    elif isinstance(maxlen, bool) or not isinstance(maxlen, (int, np.integer)) or maxlen < 0:
        raise ValueError(f"pad_sequences: expected `maxlen` of at least 0, received {maxlen!r}")
    if isinstance(value, str) and np.dtype(dtype).kind not in "OUS":
        raise ValueError(
            f"pad_sequences: expected dtype=object for the string `value` {value!r}, "
            f"received dtype={dtype!r}"
        )
    padded = np.full((len(lengths), maxlen, *(item_shape or ())), value, dtype=dtype)
    for i, sequence in enumerate(sequences):
        length = lengths[i]
        if not length:
            continue
        kept = sequence[max(length - maxlen, 0) :] if truncating == "pre" else sequence[:maxlen]
        items = np.asarray(kept, dtype=dtype)
        if items.shape[1:] != item_shape and len(kept):
            raise ValueError(
                f"pad_sequences: expected items of shape {item_shape} as in the first sequence, "
                f"received {items.shape[1:]} at index {i}"
            )
        count = len(kept)
        if padding == "post":
            padded[i, :count] = items
        else:
            padded[i, maxlen - count :] = items
    return padded
