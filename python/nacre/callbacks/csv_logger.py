"""CSVLogger: one line of a CSV file for each epoch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from nacre.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Writes the metrics of each epoch to a CSV file, at once.

    The columns are ``epoch`` and the names in the logs, sorted. What is missing
    in an epoch is written as ``NA``.

    Args:
        filename: The file.
        separator: What stands between values. Defaults to ``","``.
        append: Whether to go on with the file if there is one, in place of
            beginning anew. Defaults to ``False``.

    Example:

    >>> import nacre
    >>> log = nacre.callbacks.CSVLogger("log.csv", separator=";")
    >>> log.sep
    ';'
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.append_header = True
        self.keys: list[str] | None = None
        self.writer: Any = None
        self.csv_file: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._close()
        self.append_header = True
        if self.append and os.path.exists(self.filename):
            self.append_header = os.path.getsize(self.filename) == 0
        self.csv_file = open(  # noqa: SIM115
            self.filename, "a" if self.append else "w", newline="", encoding="utf-8"
        )
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import csv

        logs = logs or {}
        if self.writer is None:
            self.keys = sorted(logs)
            if self.keys and not any(key.startswith("val_") for key in self.keys):
                # Validation may come in later epochs.
                self.keys += [f"val_{key}" for key in self.keys]
            self.writer = csv.writer(self.csv_file, delimiter=self.sep)
            if self.append_header:
                self.writer.writerow(["epoch", *self.keys])
        self.writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys or ())])
        self.csv_file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
        self.csv_file = None
        self.writer = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0 or not isinstance(value, Iterable):
        return value
    return f'"[{", ".join(map(str, value))}]"'
