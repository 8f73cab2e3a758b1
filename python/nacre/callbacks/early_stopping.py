"""EarlyStopping: end training when a metric no longer improves."""

from __future__ import annotations

import warnings
from typing import Any

from nacre.callbacks.callback import Logs
from nacre.callbacks.monitor_callback import MonitorCallback
from nacre.utils.console import print_msg


class EarlyStopping(MonitorCallback):
    """Ends ``fit`` when a metric has not improved for some epochs.

    Args:
        monitor: Name of the metric. Defaults to ``"val_loss"``.
        min_delta: The least change that counts as an improvement. Defaults to
            ``0``.
        patience: Number of epochs without improvement to wait. Defaults to
            ``0``.
        verbose: ``1`` prints what is done. Defaults to ``0``.
        mode: ``"min"`` if less is better, ``"max"`` if more is, ``"auto"`` to
            take it from the metric. Defaults to ``"auto"``.
        baseline: A value to beat; epochs that do not, do not count as
            improvement. Defaults to none.
        restore_best_weights: Whether the model gets back the weights of its
            best epoch in the end, even if that did not beat ``baseline``.
            Defaults to ``False``.
        start_from_epoch: Number of epochs that are not watched. Defaults to
            ``0``.

    Raises:
        ValueError: In the first epoch, if ``mode="auto"`` and the metric's
            direction is not known.

    Example:

    >>> import nacre
    >>> stop = nacre.callbacks.EarlyStopping(monitor="loss", patience=2)
    >>> stop.patience
    2
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._restart()

    def _restart(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._restart()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_msg(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_msg(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Logs | None) -> Any:
        """Takes the watched metric from the logs, with a warning if it is not there.

        Args:
            logs: The logs of an epoch.

        Returns:
            Its value or ``None``.
        """
        logs = logs or {}
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs)}",
                stacklevel=2,
            )
        return value
