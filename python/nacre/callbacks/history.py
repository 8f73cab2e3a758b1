"""History: what ``fit`` returns."""

from __future__ import annotations

from typing import Any

from nacre.callbacks.callback import Callback, Logs


class History(Callback):
    """Keeps the metrics of every epoch. Every ``fit`` has one and returns it.

    Attributes:
        history: Dictionary of lists, one value an epoch: ``loss``, the metrics,
            and those of the validation with ``val_``.
        epoch: The indices of the epochs of the last ``fit``.

    Example:

    >>> import nacre
    >>> history = nacre.callbacks.History()
    >>> callbacks = nacre.callbacks.CallbackList([history])
    >>> callbacks.on_train_begin()
    >>> callbacks.on_epoch_end(0, {"loss": 0.5})
    >>> callbacks.on_epoch_end(1, {"loss": 0.25})
    >>> history.history
    {'loss': [0.5, 0.25]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self
