"""MNIST: 70,000 handwritten digits, 28x28 (LeCun, Cortes, Burges 1998)."""

from __future__ import annotations

import os

from nacre.datasets import _files

_NPZ = _files.Source(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    11490434,
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")

class_names: tuple[str, ...] = tuple("0123456789")


def load_data(path: str = "mnist.npz") -> tuple[_files.Split, _files.Split]:
    """Loads MNIST.

    Looked for in the folder ``NACRE_DATA`` (the four idx files, gzipped or not,
    in ``mnist/``, or ``mnist.npz``), then in the cache (``NACRE_HOME`` or
    ``~/.nacre``, then Keras's); else downloaded.

    Args:
        path: Name of the npz file in these folders, or an absolute path to one.
            Defaults to ``"mnist.npz"``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images of shape
        ``(60000, 28, 28)`` and ``(10000, 28, 28)`` with values 0 to 255, and
        uint8 labels 0 to 9.

    Raises:
        OSError: If the files are nowhere and cannot be downloaded.
        ValueError: If a file is damaged.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.mnist.load_data()  # doctest: +SKIP
    """
    if not os.path.isabs(path):
        idx = _files.find_idx_images(["mnist", "MNIST/raw"])
        if idx is not None:
            return _files.read_idx_images(idx)
    file = _files.find([path, f"mnist/{path}"]) or _files.fetch("mnist", _NPZ)
    x_train, y_train, x_test, y_test = _files.read_npz(file, _ARRAYS)
    for x, y in ((x_train, y_train), (x_test, y_test)):
        _files.check_images(file, x, y, (28, 28), 10)
    return (x_train, y_train), (x_test, y_test)
