"""ProgbarLogger: the progress bar of ``fit``, ``evaluate`` and ``predict``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nacre.callbacks.callback import BATCH_HOOKS, Callback, Logs, overrides
from nacre.utils.console import print_msg
from nacre.utils.progbar import Progbar, redraws_in_place


class ProgbarLogger(Callback):
    """Prints epochs, a progress bar and the metrics, as ``verbose`` says.

    It is added by itself unless ``verbose=0``. A trainer drives it by time,
    through ``CallbackList.progress``; calling the batch hooks works too.

    Example:

    >>> import nacre
    >>> logger = nacre.callbacks.ProgbarLogger()
    >>> callbacks = nacre.callbacks.CallbackList([logger], verbose=2, epochs=2, steps=3)
    >>> callbacks.on_train_begin()
    >>> callbacks.on_epoch_begin(0)
    Epoch 1/2
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose = 1
        self.epochs = 1
        self._in_fit = False
        self._testing = False

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs", 1) or 1
        self.target = params.get("steps")

    @property
    def draws(self) -> bool:
        """Whether there is anything to draw between the first and the last batch."""
        return self.verbose == 1 and redraws_in_place()

    def progress(self, step: int, get_logs: Callable[[], Logs]) -> None:
        """Draws the bar; the caller decides when.

        Args:
            step: Number of batches done.
            get_logs: Gives the metrics so far.
        """
        if self._in_fit and self._testing:
            return
        self.seen = step
        self._bar().update(step, sorted(get_logs().items()), finalize=False)

    def set_steps(self, steps: int) -> None:
        """Says how many batches there were.

        Args:
            steps: Number of batches.
        """
        if not (self._in_fit and self._testing):
            self.seen = steps

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._restart()
        if self.verbose and self.epochs > 1:
            print_msg(f"Epoch {epoch + 1}/{self.epochs}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._testing = True
        if not self._in_fit:
            self._restart()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._testing = False
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._restart()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish(None)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._step(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._step(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._step(batch, None)

    def _needs(self, hook: str) -> bool:
        if getattr(type(self), hook) is ProgbarLogger.__dict__.get(hook) and hook in BATCH_HOOKS:
            return hook in self.__dict__  # `progress` does the same by time
        return overrides(self, hook)

    def _restart(self) -> None:
        self.seen = 0
        self.progbar = None
        self._bar()

    def _bar(self) -> Progbar:
        if self.progbar is None:
            # Metrics come as means over the epoch already.
            self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())
        return self.progbar

    def _step(self, batch: int, logs: Logs | None) -> None:
        self.seen = batch + 1
        if self.verbose == 1:
            self._bar().update(self.seen, (logs or {}).items(), finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        bar = self._bar()
        if self.target is None:
            self.target = bar.target = self.seen
        bar.update(self.target, (logs or {}).items(), finalize=True)
