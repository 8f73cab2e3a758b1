"""CIFAR-100: 60,000 photographs of 100 classes in 20 groups, 32x32 (Krizhevsky 2009)."""

from __future__ import annotations

import os

from nacre.datasets import _cifar, _files

# The binary version: plain records, where the Python version would need pickle.
_ARCHIVE = _files.Source(
    "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    168513733,
    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
)
_FOLDERS = ("cifar100", "cifar-100-binary")
_FILES = ("train.bin", "test.bin")
_MOST = 50_000 * (2 + _cifar.PIXELS)
# Which label of a record it is, and of how many classes.
_LABELS = {"coarse": (0, 20), "fine": (1, 100)}


def load_data(label_mode: str = "fine") -> tuple[_files.Split, _files.Split]:
    """Loads CIFAR-100.

    Looked for in the folder ``NACRE_DATA`` (the binary version's ``train.bin``
    and ``test.bin``, gzipped or not, in ``cifar100/`` or ``cifar-100-binary/``,
    or ``cifar-100-binary.tar.gz``), then in the cache (``NACRE_HOME`` or
    ``~/.nacre``); else downloaded.

    Args:
        label_mode: ``"fine"`` for the 100 classes, ``"coarse"`` for their 20
            groups. Defaults to ``"fine"``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images of shape
        ``(50000, 32, 32, 3)`` and ``(10000, 32, 32, 3)`` with values 0 to 255,
        and uint8 labels of shape ``(50000, 1)`` and ``(10000, 1)``.

    Raises:
        OSError: If the files are nowhere and cannot be downloaded.
        ValueError: If ``label_mode`` is another, or a file is damaged.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.cifar100.load_data()  # doctest: +SKIP
    """
    if label_mode not in _LABELS:
        raise ValueError(
            f"cifar100: expected `label_mode` 'fine' or 'coarse', received {label_mode!r}"
        )
    train, test = _find_files() or _read_archive()
    which, classes = _LABELS[label_mode]

    def records(path: str, data: bytes) -> _files.Split:
        return _cifar.read_records(path, data, labels=2, which=which, classes=classes, limit=_MOST)

    return records(*train), records(*test)


def _find_files() -> list[tuple[str, bytes]] | None:
    for base in _files.data_folders():
        for folder in _FOLDERS:
            place = os.path.join(base, folder)
            paths = [_files.find([name, name + ".gz"], [place]) for name in _FILES]
            found = [path for path in paths if path is not None]
            if len(found) == len(_FILES):
                return [(path, _files.read_bytes(path, _MOST)) for path in found]
    return None


def _read_archive() -> list[tuple[str, bytes]]:
    path = _files.find([_ARCHIVE.name, f"cifar100/{_ARCHIVE.name}"])
    path = path or _files.fetch("cifar100", _ARCHIVE)
    members = [f"cifar-100-binary/{name}" for name in _FILES]
    return _cifar.read_archive(path, _ARCHIVE.name, members, _MOST)
