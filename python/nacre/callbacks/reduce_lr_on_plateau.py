"""ReduceLROnPlateau: a smaller learning rate when a metric no longer improves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nacre.callbacks.callback import Logs
from nacre.callbacks.learning_rate import learning_rate, parts, write_to_logs
from nacre.callbacks.monitor_callback import MonitorCallback
from nacre.utils.console import print_msg


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by a factor when a metric has not improved for some epochs.

    Args:
        monitor: Name of the metric. Defaults to ``"val_loss"``.
        factor: What the learning rate is multiplied by, below 1. Defaults to
            ``0.1``.
        patience: Number of epochs without improvement to wait. Defaults to
            ``10``.
        verbose: ``1`` prints each change. Defaults to ``0``.
        mode: ``"min"`` if less is better, ``"max"`` if more is, ``"auto"`` to
            take it from the metric. Defaults to ``"auto"``.
        min_delta: The least change that counts as an improvement. Defaults to
            ``1e-4``.
        cooldown: Number of epochs to rest after a change. Defaults to ``0``.
        min_lr: The least learning rate. Defaults to ``0``.

    Raises:
        ValueError: If ``factor`` is 1 or more.

    Example:

    >>> import nacre
    >>> reduce = nacre.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.2, patience=5)
    >>> reduce.factor
    0.2
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(
                f"ReduceLROnPlateau: expected `factor` below 1, received factor={factor}"
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._restart()

    def _restart(self) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Says whether the callback rests after a change.

        Returns:
            ``True`` while it does.
        """
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._restart()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if not isinstance(logs, dict):
            logs = dict(logs or {})
        write_to_logs(optimizer, logs)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not "
                f"available. Available metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                reduced = [self._reduce(part, epoch, name) for name, part in parts(optimizer)]
                if any(reduced):
                    self.cooldown_counter = self.cooldown
                    self.wait = 0

    def _reduce(self, optimizer: Any, epoch: int, name: str) -> bool:
        old = learning_rate(optimizer)
        if old <= np.float32(self.min_lr):  # learning rates are float32
            return False
        new = max(old * self.factor, self.min_lr)
        optimizer.learning_rate = new
        if self.verbose > 0:
            print_msg(
                f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing"
                f"{' ' + name if name else ''} learning rate to {new}."
            )
        return True
