"""Batches of samples that are made when they are needed, in an order that may change each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nacre.utils.py_dataset import PyDataset


class SampleDataset(PyDataset):
    """A dataset of what a function makes of the indices of a batch.

    Args:
        make_batch: From an array of indices of samples to ``x`` or ``(x, y)``.
        order: The indices in the order of the first epoch.
        batch_size: Samples in a batch, the last one may have fewer; ``None`` for single samples
            without an axis for the batch.
        shuffle_seed: Seed of the shuffle after each epoch; ``None`` for none.
    """

    class_names: list[str] | None = None  # of a folder: the classes in the order of the labels
    file_paths: list[str] | None = None  # of a folder: the files in the order of the first epoch

    def __init__(
        self,
        make_batch: Callable[[np.ndarray], Any],
        order: np.ndarray,
        batch_size: int | None,
        shuffle_seed: int | None = None,
    ) -> None:
        super().__init__()
        self._make_batch = make_batch
        self._order = order
        self._batch_size = batch_size
        self._rng = None if shuffle_seed is None else np.random.default_rng(shuffle_seed)

    def __len__(self) -> int:
        return -(-len(self._order) // (self._batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"expected a batch from 0 to {len(self) - 1}, received {index}")
        index %= len(self)
        size = self._batch_size or 1
        batch = self._make_batch(self._order[index * size : (index + 1) * size])
        if self._batch_size is not None:
            return batch
        return tuple(part[0] for part in batch) if isinstance(batch, tuple) else batch[0]

    def on_epoch_end(self) -> None:
        """Shuffles the samples, if that was asked for."""
        if self._rng is not None:
            self._rng.shuffle(self._order)


def check_batch_size(caller: str, batch_size: Any) -> None:
    """Raises ValueError unless ``batch_size`` is a positive integer or None."""
    wrong = isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer))
    if batch_size is not None and (wrong or batch_size < 1):
        raise ValueError(
            f"{caller}: expected `batch_size` a positive integer or None, received {batch_size!r}"
        )


def check_format(caller: str, format: str) -> None:
    """Raises ValueError unless ``format`` is one that Keras has."""
    if format not in ("tf", "grain"):
        raise ValueError(f"{caller}: expected `format` 'tf' or 'grain', received {format!r}")


def random_seed() -> int:
    """A seed drawn from NumPy's generator, so that `set_random_seed` decides it."""
    return int(np.random.randint(10**6))  # noqa: NPY002
