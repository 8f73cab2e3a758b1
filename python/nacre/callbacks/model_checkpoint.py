"""ModelCheckpoint: save the model, or the best model, while it trains."""

from __future__ import annotations

import os
import warnings
from typing import Any

from nacre.callbacks.callback import Logs
from nacre.callbacks.monitor_callback import MonitorCallback
from nacre.utils.console import print_msg

MODEL_ENDINGS = (".nacre", ".keras", ".h5")
WEIGHTS_ENDINGS = (".weights.nacre", ".safetensors", ".weights.h5")


class ModelCheckpoint(MonitorCallback):
    """Saves the model after epochs or batches: always, or only when it is the best yet.

    Args:
        filepath: Where to, with replacement fields for ``epoch`` (from 1),
            ``batch`` (from 1) and the metrics, for example
            ``"{epoch:02d}-{val_loss:.2f}.nacre"``. Ends in ``.nacre`` or
            ``.keras``; with ``save_weights_only`` in ``.weights.nacre``,
            ``.safetensors`` or ``.weights.h5``. Folders are made.
        monitor: Name of the metric that says which is best. Defaults to
            ``"val_loss"``.
        verbose: ``1`` prints what is done. Defaults to ``0``.
        save_best_only: Whether to save only when the metric is better than at
            every save before. Defaults to ``False``.
        save_weights_only: Whether to call ``save_weights`` in place of
            ``save``. Defaults to ``False``.
        mode: ``"min"`` if less is better, ``"max"`` if more is, ``"auto"`` to
            take it from the metric. Defaults to ``"auto"``.
        save_freq: ``"epoch"``, or a number of batches. Defaults to
            ``"epoch"``.
        initial_value_threshold: The value to beat first. Defaults to none.

    Raises:
        ValueError: If ``save_freq`` or the ending of ``filepath`` is not one of
            these.
        KeyError: While training, if ``filepath`` names a metric that is not
            there.

    Example:

    >>> import nacre
    >>> save = nacre.callbacks.ModelCheckpoint("{epoch:02d}.nacre")
    >>> save.save_freq
    'epoch'
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._epoch = 0
        self._batches_since_save = 0
        self._last_batch: int | None = None

        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not whole:
            raise ValueError(
                "ModelCheckpoint: expected `save_freq` 'epoch' or a positive integer, received "
                f"{save_freq!r}"
            )
        endings = WEIGHTS_ENDINGS if save_weights_only else MODEL_ENDINGS
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: expected `filepath` to end in one of {', '.join(endings)} "
                f"with save_weights_only={save_weights_only}, received {self.filepath!r}"
            )

    def _needs(self, hook: str) -> bool:
        if hook == "on_train_batch_end" and self.save_freq == "epoch":
            # Nothing to do at a batch, unless a subclass does.
            own = type(self).on_train_batch_end is ModelCheckpoint.on_train_batch_end
            return not own or hook in self.__dict__
        return super()._needs(hook)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int) and self._is_due(batch, self.save_freq):
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _is_due(self, batch: int, every: int) -> bool:
        # The hook may come once for several batches, so indices are counted and not calls.
        if self._last_batch is None or batch <= self._last_batch:
            self._batches_since_save += batch + 1  # a new epoch
        else:
            self._batches_since_save += batch - self._last_batch
        self._last_batch = batch
        if self._batches_since_save < every:
            return False
        self._batches_since_save = 0
        return True

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs)
        if not self._is_wanted(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise OSError(
                f"ModelCheckpoint: expected `filepath` a file, received the folder {path}"
            )
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            print_msg(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _is_wanted(self, epoch: int, logs: Logs, path: str) -> bool:
        if not self.save_best_only:
            if self.verbose > 0:
                print_msg(f"\nEpoch {epoch + 1}: saving model to {path}")
            return True
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=2)
            return True
        if getattr(current, "shape", ()) not in ((), None):
            warnings.warn(
                "Can save best model only when `monitor` is a scalar value. Received: "
                f"{current}. Falling back to `save_best_only=False`.",
                stacklevel=2,
            )
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            if self.verbose > 0:
                print_msg(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {best}")
            return False
        if self.verbose > 0:
            print_msg(
                f"\nEpoch {epoch + 1}: {self.monitor} improved from {best} to {current:.5f}, "
                f"saving model to {path}"
            )
        self.best = current
        return True

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        fields: dict[str, Any] = {"epoch": epoch + 1}
        if batch is not None:
            fields["batch"] = batch + 1
        fields.update(logs)
        try:
            return self.filepath.format(**fields)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: expected fields among {', '.join(fields)} in `filepath` "
                f"{self.filepath!r}, received {error}"
            ) from error
