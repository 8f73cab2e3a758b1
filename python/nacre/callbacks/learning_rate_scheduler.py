"""LearningRateScheduler: a function of the epoch sets the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nacre.callbacks.callback import Callback, Logs
from nacre.callbacks.learning_rate import learning_rate, parts, write_to_logs
from nacre.utils.console import print_msg


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch and writes it into the logs.

    Args:
        schedule: A function of the epoch's index (from 0) and the learning rate
            so far; returns the new one as a float.
        verbose: ``1`` prints each change. Defaults to ``0``.

    Raises:
        ValueError: While training, if ``schedule`` does not return a float or
            the optimizer has no learning rate.

    Example:

    >>> import nacre
    >>> halve = nacre.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5)
    >>> halve.schedule(0, 0.1)
    0.05
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for name, optimizer in parts(self.model.optimizer):
            rate = self._next(epoch, learning_rate(optimizer))
            optimizer.learning_rate = rate
            if self.verbose > 0:
                print_msg(
                    f"\nEpoch {epoch + 1}: LearningRateScheduler setting "
                    f"{name + ' ' if name else ''}learning rate to {rate}."
                )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if isinstance(logs, dict):
            write_to_logs(self.model.optimizer, logs)

    def _next(self, epoch: int, rate: float) -> Any:
        try:
            value = self.schedule(epoch, rate)
        except TypeError as error:
            try:  # a function of the epoch alone
                value = self.schedule(epoch)
            except TypeError:
                raise error from None
        scalar = getattr(value, "shape", None) == () and hasattr(value, "__float__")
        if not isinstance(value, (float, np.floating)) and not scalar:
            raise ValueError(
                "LearningRateScheduler: expected a float from `schedule`, received "
                f"{value!r} of type {type(value).__name__}"
            )
        return value if isinstance(value, (float, np.floating)) else float(value)
