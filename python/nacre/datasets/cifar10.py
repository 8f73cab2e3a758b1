"""CIFAR-10: 60,000 photographs of 10 classes, 32x32 (Krizhevsky 2009)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import numpy as np

from nacre.datasets import _cifar, _files

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The binary version: plain records, where the Python version would need pickle.
_ARCHIVE = _files.Source(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    170052171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
_FOLDERS = ("cifar10", "cifar-10-batches-bin")
_FILE = re.compile(r"(?:data_batch_(?P<batch>[1-5])|test_batch)(?P<part>_\w+)?\.bin(?P<gz>\.gz)?$")
_BATCH = 10_000 * (1 + _cifar.PIXELS)

class_names: tuple[str, ...] = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def load_data() -> tuple[_files.Split, _files.Split]:
    """Loads CIFAR-10.

    Looked for in the folder ``NACRE_DATA`` (the binary version's
    ``data_batch_*.bin`` and ``test_batch*.bin``, gzipped or not, in ``cifar10/``
    or ``cifar-10-batches-bin/``, or ``cifar-10-binary.tar.gz``), then in the
    cache (``NACRE_HOME`` or ``~/.nacre``); else downloaded. If only a part of
    the batches is there, that part is returned with a warning. ``class_names``
    names the classes.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images of shape
        ``(50000, 32, 32, 3)`` and ``(10000, 32, 32, 3)`` with values 0 to 255,
        and uint8 labels 0 to 9 of shape ``(50000, 1)`` and ``(10000, 1)``. The
        order is that of the batches.

    Raises:
        OSError: If the files are nowhere and cannot be downloaded.
        ValueError: If a file is damaged.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.cifar10.load_data()  # doctest: +SKIP
    """
    for base in _files.data_folders():
        for folder in _FOLDERS:
            found = _read_folder(os.path.join(base, folder))
            if found is not None:
                return found
    archive = _files.find([_ARCHIVE.name, f"cifar10/{_ARCHIVE.name}"])
    return _read_archive(archive or _files.fetch("cifar10", _ARCHIVE))


def _read_folder(folder: str) -> tuple[_files.Split, _files.Split] | None:
    if not os.path.isdir(folder):
        return None
    # One file a batch: a whole batch before a part of it, a plain file before a packed one.
    found = []
    for name in os.listdir(folder):
        match = _FILE.match(name)
        if match:
            part, packed = bool(match["part"]), bool(match["gz"])
            found.append((part, packed, name, match["batch"] or "test"))
    chosen: dict[str, str] = {}
    for _, _, name, batch in sorted(found):
        chosen.setdefault(batch, os.path.join(folder, name))
    test_path = chosen.pop("test", None)
    if test_path is None or not chosen:
        return None
    batches = [(path, _files.read_bytes(path, _BATCH)) for _, path in sorted(chosen.items())]
    x_train, y_train = _join([_records(path, data) for path, data in batches])
    x_test, y_test = _records(test_path, _files.read_bytes(test_path, _BATCH))
    if len(x_train) != 50_000 or len(x_test) != 10_000:
        import warnings

        warnings.warn(
            f"cifar10: {folder} holds a part of CIFAR-10: {len(x_train)} of 50000 train and "
            f"{len(x_test)} of 10000 test images",
            stacklevel=3,
        )
    return (x_train, y_train), (x_test, y_test)


def _read_archive(path: str) -> tuple[_files.Split, _files.Split]:
    wanted = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    members = [f"cifar-10-batches-bin/{name}" for name in wanted]
    found = _cifar.read_archive(path, _ARCHIVE.name, members, _BATCH)
    parts = [_records(*member) for member in found]
    return _join(parts[:5]), parts[5]


def _records(path: str, data: bytes) -> _files.Split:
    return _cifar.read_records(path, data, labels=1, which=0, classes=10, limit=_BATCH)


def _join(parts: list[_files.Split]) -> _files.Split:
    x: list[NDArray[np.generic]] = [images for images, _ in parts]
    y: list[NDArray[np.generic]] = [labels for _, labels in parts]
    return np.concatenate(x), np.concatenate(y)
