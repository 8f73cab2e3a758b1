"""Windows that slide over a series."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre.utils.py_dataset import PyDataset
from nacre.utils.sample_dataset import SampleDataset, check_batch_size, check_format, random_seed

_CALLER = "timeseries_dataset_from_array"


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> PyDataset:
    """Makes a dataset of the windows that slide over a series.

    Window ``i`` has the steps ``i * sequence_stride + k * sampling_rate`` of the series, for ``k``
    from 0 to ``sequence_length - 1``. With ``n`` steps between the two indices there are
    ``n - (sequence_length - 1) * sampling_rate`` places for it, and at most one for each target.

    Keras returns a dataset of TensorFlow or Grain; here it is a `PyDataset` with the same batches.
    Windows are gathered when their batch is asked for: the series is not copied.

    Args:
        data: Array whose first axis is the time.
        targets: Array of what belongs to the windows: that of the window that begins at step ``i``
            is at index ``i``. ``None`` for windows only.
        sequence_length: Steps in a window.
        sequence_stride: Steps between the beginnings of two windows.
        sampling_rate: Steps between two items of a window.
        batch_size: Windows in a batch; ``None`` for single windows. Defaults to ``128``.
        shuffle: Whether the windows are shuffled, and again after each epoch.
        seed: Seed of the shuffle.
        start_index: First step that is used. Defaults to the first of all.
        end_index: The step after the last one that is used. Defaults to the end.
        format: Kept for Keras's signature.

    Returns:
        A `PyDataset` of ``x``, or of ``(x, y)``: ``x`` is an array of shape
        ``(batch_size, sequence_length, ...)``, ``y`` of shape ``(batch_size, ...)``.

    Raises:
        ValueError: If an argument is out of range, or no window fits.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> series = np.arange(10)
    >>> windows = nacre.utils.timeseries_dataset_from_array(series, series[3:], 3, batch_size=2)
    >>> windows[1]
    (array([[2, 3, 4],
           [3, 4, 5]]), array([5, 6]))
    """
    data = np.asarray(data)
    if data.ndim == 0 or not len(data):
        raise ValueError(f"{_CALLER}: expected a series, received the shape {data.shape}")
    steps = len(data)
    limits: list[tuple[str, Any, int, int]] = [
        ("sequence_length", sequence_length, 1, steps),
        ("sequence_stride", sequence_stride, 1, steps - 1),
        ("sampling_rate", sampling_rate, 1, steps - 1),
        ("start_index", 0 if start_index is None else start_index, 0, steps - 1),
        ("end_index", steps - 1 if end_index is None else end_index, min(1, steps - 1), steps - 1),
    ]
    for name, value, least, most in limits:
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise ValueError(
                f"{_CALLER}: expected `{name}` from {least} to {most}, received {value!r} "
                f"(data: {data.shape})"
            )
    check_batch_size(_CALLER, batch_size)
    check_format(_CALLER, format)
    first = start_index or 0
    last = steps if end_index is None else end_index
    if last <= first:
        raise ValueError(
            f"{_CALLER}: expected `end_index` after start_index={first}, received {end_index}"
        )
    reach = (sequence_length - 1) * sampling_rate
    count = last - first - reach
    y = None
    if targets is not None:
        y = np.asarray(targets)
        count = min(count, len(y))
        y = y[first:last]
    if count < 1:
        raise ValueError(
            f"{_CALLER}: expected at least {reach + 1} steps for sequence_length={sequence_length} "
            f"and sampling_rate={sampling_rate}, and a target, received {last - first} steps"
            + ("" if targets is None else f" and {len(targets)} targets")
        )
    starts = np.arange(0, count, sequence_stride)
    if y is not None and starts[-1] >= len(y):
        raise ValueError(
            f"{_CALLER}: expected a target for each window from start_index={first}: "
            f"{first + starts[-1] + 1} of them, received {len(targets)}"
        )
    if shuffle:
        seed = random_seed() if seed is None else seed
        np.random.RandomState(seed).shuffle(starts)
    series = data[first:last]
    offsets = np.arange(0, reach + 1, sampling_rate)

    def make_batch(indices: np.ndarray) -> Any:
        windows = series[indices[:, None] + offsets]
        return windows if y is None else (windows, y[indices])

    return SampleDataset(make_batch, starts, batch_size, seed if shuffle else None)
