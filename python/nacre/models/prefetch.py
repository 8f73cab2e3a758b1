"""Batches made in the background while the last one is trained on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any


def prefetched(items: Iterator[Any], limit: int | None = None, depth: int = 2) -> Iterator[Any]:
    """The items of an iterator, in order, taken ahead by a thread.

    Args:
        items: The iterator; only the thread uses it until this generator ends.
        limit: How many items are taken; default: all. No more are taken, so an endless iterator
            goes on later where this stopped.
        depth: How many items may lie ready.

    Yields:
        The items. An exception of the iterator is raised here.
    """
    ready: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    stop = threading.Event()

    def put(value: tuple[bool, Any]) -> bool:
        while not stop.is_set():
            try:
                ready.put(value, timeout=0.1)
                return True
            except queue.Full:
                pass
        return False

    def produce() -> None:
        taken = 0
        try:
            while (limit is None or taken < limit) and not stop.is_set():
                try:
                    item = next(items)
                except StopIteration:
                    break
                taken += 1
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as error:  # raised again where the item is awaited
            put((False, error))

    thread = threading.Thread(target=produce, name="nacre-batches", daemon=True)
    thread.start()
    try:
        while True:
            more, value = ready.get()
            if more:
                yield value
                continue
            if value is not None:
                raise value
            return
    finally:
        stop.set()
        # The user's code may be waiting for something: an interrupted fit does not wait for it.
        thread.join(timeout=0.1)
