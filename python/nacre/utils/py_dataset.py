"""PyDataset: batches made by Python code, and the reading of them in parallel."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any


class PyDataset:
    """Base class of a dataset that makes its batches in Python.

    A subclass says how many batches there are (``__len__``, or the property
    ``num_batches``, which may be ``None`` for no end) and makes batch ``index``
    in ``__getitem__``. ``on_epoch_begin`` and ``on_epoch_end`` may change the
    dataset between epochs.

    Args:
        workers: Number of threads or processes that make batches for ``fit``,
            ``evaluate`` and ``predict``. ``0`` and ``1`` without
            ``use_multiprocessing`` make them in the calling thread. Defaults to
            ``1``.
        use_multiprocessing: Whether workers are processes. The dataset is then
            sent to each by pickling. Defaults to ``False``.
        max_queue_size: Number of batches that may lie ready. Defaults to
            ``10``.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> class Squares(nacre.utils.PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         x = np.arange(4 * index, 4 * index + 4, dtype="float32")
    ...         return x, x**2
    >>> batches = Squares()
    >>> len(batches), batches[1][1].tolist()
    (3, [16.0, 25.0, 36.0, 49.0])
    """

    _workers: int
    _use_multiprocessing: bool
    _max_queue_size: int

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        for name, value, least in (("workers", workers, 0), ("max_queue_size", max_queue_size, 1)):
            if not isinstance(value, int) or value < least:
                raise ValueError(
                    f"{type(self).__name__}: expected `{name}` an integer of at least {least}, "
                    f"received {value!r}"
                )
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size

    def _setting(self, name: str, default: Any) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            warnings.warn(
                f"{type(self).__name__}: expected a call of `super().__init__(**kwargs)` in the "
                "constructor, with `workers`, `use_multiprocessing` and `max_queue_size` in "
                f"kwargs; taking {name[1:]}={default}",
                stacklevel=3,
            )
            self.__dict__[name] = default
            return default

    @property
    def workers(self) -> int:
        """Number of threads or processes that make batches."""
        return int(self._setting("_workers", 1))

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        """Whether workers are processes."""
        return bool(self._setting("_use_multiprocessing", False))

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        """Number of batches that may lie ready."""
        return int(self._setting("_max_queue_size", 10))

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    @property
    def num_batches(self) -> int | None:
        """Number of batches, or ``None`` if there is no end."""
        length = getattr(self, "__len__", None)
        if length is None:
            raise NotImplementedError(
                f"{type(self).__name__}: expected `__len__` or the property `num_batches`, "
                "found neither"
            )
        return int(length())

    def __getitem__(self, index: int) -> Any:
        """Makes one batch.

        Args:
            index: Which, from 0.

        Returns:
            ``(x,)``, ``(x, y)``, ``(x, y, sample_weight)`` or a dictionary.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a `__getitem__(index)`")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        index = 0
        while count is None or index < count:
            yield self[index]
            index += 1

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


def read_batches(
    dataset: PyDataset, order: Sequence[int] | None = None, *, endless: bool = False
) -> Iterator[Any]:
    """Reads the batches of one epoch in order, with the dataset's workers.

    Batches are made ahead by up to ``max_queue_size``; they come in the given
    order for any number of workers. Closing the generator stops the workers.

    Args:
        dataset: The dataset.
        order: Indices of the batches. Defaults to all, in order; for a dataset
            without end, 0, 1, 2, ...
        endless: Whether to go on past ``num_batches`` (an index wraps around).

    Yields:
        What ``dataset[index]`` returns.
    """
    count = dataset.num_batches
    indices = _indices(count, order, endless)
    workers, processes = dataset.workers, dataset.use_multiprocessing
    if workers < 1 or (workers == 1 and not processes):
        for index in indices:
            yield dataset[index]
        return

    from collections import deque
    from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

    pool: Executor
    if processes:
        import multiprocessing

        # spawn: a fork would inherit the locks of the training threads.
        pool = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_receive_dataset,
            initargs=(dataset,),
        )
    else:
        pool = ThreadPoolExecutor(workers, thread_name_prefix="nacre-batches")
    ready: deque[Future[Any]] = deque()
    try:
        for index in indices:
            ready.append(
                pool.submit(_make_batch, index)
                if processes
                else pool.submit(dataset.__getitem__, index)
            )
            if len(ready) >= max(dataset.max_queue_size, 1):
                yield ready.popleft().result()
        while ready:
            yield ready.popleft().result()
    finally:
        for future in ready:
            future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)


def _indices(count: int | None, order: Sequence[int] | None, endless: bool) -> Iterator[int]:
    import itertools

    if order is None:
        if count is None:
            return itertools.count()
        order = range(count)
    return itertools.cycle(order) if endless else iter(order)


_dataset: PyDataset | None = None


def _receive_dataset(dataset: PyDataset) -> None:
    global _dataset
    _dataset = dataset


def _make_batch(index: int) -> Any:
    assert _dataset is not None
    return _dataset[index]
