"""BackupAndRestore: go on after an interruption."""

from __future__ import annotations

import os
import warnings

from nacre.callbacks.callback import Callback, Logs


class BackupAndRestore(Callback):
    """Saves the state of the training run; a new run with the same folder goes on from there.

    Weights, optimizer, seeds, metrics and the order of the rows are saved, also
    in the middle of an epoch: the result is that of a run without
    interruption, bit for bit. Data from a generator goes on where it stands;
    arrays and datasets go on with the next batch.

    Args:
        backup_dir: Folder of the backup; of this run alone.
        save_freq: ``"epoch"``, or a number of batches. Defaults to
            ``"epoch"``.
        double_checkpoint: Whether the backup before the last is kept, for the
            case that the last one cannot be read. Defaults to ``False``.
        delete_checkpoint: Whether the folder is removed at the end of the run.
            Defaults to ``True``.

    Raises:
        ValueError: If ``backup_dir`` is empty or ``save_freq`` is not one of
            these; when the run begins, if the backup is damaged or of another
            model.

    Example:

    >>> import nacre, os, tempfile
    >>> folder = os.path.join(tempfile.mkdtemp(), "backup")
    >>> model = nacre.Sequential([nacre.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = nacre.ops.ones((4, 2))
    >>> backup = nacre.callbacks.BackupAndRestore(folder)
    >>> history = model.fit(x, x[:, :1], epochs=2, callbacks=[backup], verbose=0)
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: int | str = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError("BackupAndRestore: expected `backup_dir` a folder, received none")
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not whole:
            raise ValueError(
                "BackupAndRestore: expected `save_freq` 'epoch' or a positive integer, received "
                f"{save_freq!r}"
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._path = os.path.join(self.backup_dir, "latest.safetensors")
        self._previous = os.path.join(self.backup_dir, "previous.safetensors")
        self._epoch = 0
        self._batches_since_save = 0

    def _needs(self, hook: str) -> bool:
        if hook == "on_train_batch_end" and self.save_freq == "epoch":
            own = type(self).on_train_batch_end is BackupAndRestore.on_train_batch_end
            return not own or hook in self.__dict__
        return super()._needs(hook)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from nacre.models import training_state

        self._batches_since_save = 0
        latest, previous = os.path.exists(self._path), os.path.exists(self._previous)
        if not latest and not previous:
            return
        try:
            if not latest:
                raise OSError(f"there is no file '{self._path}'")
            resume = training_state.restore(self.model, self._path)
        except (OSError, ValueError) as error:
            if not previous:
                raise
            warnings.warn(f"BackupAndRestore: the backup before is used: {error}", stacklevel=2)
            resume = training_state.restore(self.model, self._previous)
        object.__setattr__(self.model, "_resume", resume)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches_since_save += 1
        if self._batches_since_save >= int(self.save_freq):
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def _save(self, epoch: int, batch: int) -> None:
        from nacre.models import training_state

        self._batches_since_save = 0
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and os.path.exists(self._path):
            os.replace(self._path, self._previous)
        training_state.save(self.model, self._path, epoch, batch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if not self.delete_checkpoint:
            return
        for path in (self._path, self._previous):
            if os.path.exists(path):
                os.remove(path)
        # What else lies there is not this callback's.
        if os.path.isdir(self.backup_dir) and not os.listdir(self.backup_dir):
            os.rmdir(self.backup_dir)
