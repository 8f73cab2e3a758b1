"""Digits: 1,797 handwritten digits, 8x8, in the package itself (Alpaydin, Kaynak 1998)."""

from __future__ import annotations

import os

import numpy as np

from nacre.datasets import _files

_COUNT, _PIXELS = 1797, 64

class_names: tuple[str, ...] = tuple("0123456789")


def load_data(test_split: float = 0.2, seed: int = 0) -> tuple[_files.Split, _files.Split]:
    """Loads the real digits that come with the package; no network, no cache.

    They are the test set of "Optical Recognition of Handwritten Digits",
    E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, doi
    10.24432/C50P49, licence CC BY 4.0, as scikit-learn ships it.

    Args:
        test_split: Fraction of each class that becomes the test set. Defaults
            to ``0.2``.
        seed: Seed of the split, from ``0`` to ``2**32 - 1``. The same seed
            gives the same split on every machine. Defaults to ``0``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images of shape
        ``(1438, 8, 8)`` and ``(359, 8, 8)`` with values 0 to 16 (divide by 16),
        and uint8 labels 0 to 9. Both are shuffled, and classes are as frequent
        in one as in the other.

    Raises:
        ValueError: If ``test_split`` or ``seed`` is out of range.

    Example:

    >>> import nacre
    >>> (x_train, y_train), (x_test, y_test) = nacre.datasets.digits.load_data()
    >>> x_train.shape, int(x_train.max()), y_test.shape
    ((1438, 8, 8), 16, (359,))
    """
    _files.check_test_split("digits", test_split)
    if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(
            f"digits: expected `seed` an integer from 0 to 2**32 - 1, received {seed!r}"
        )
    # The file holds the pixels, one row a pixel position, and then the labels.
    path = os.path.join(os.path.dirname(__file__), "digits.gz")
    data = np.frombuffer(_files.read_bytes(path, _COUNT * (_PIXELS + 1)), np.uint8)
    x = data[: _COUNT * _PIXELS].reshape(_PIXELS, _COUNT).T.reshape(_COUNT, 8, 8)
    y = data[_COUNT * _PIXELS :]

    stream = np.random.RandomState(seed)  # its stream is frozen across NumPy versions
    train, test = [], []
    for label in range(10):
        rows = stream.permutation(np.flatnonzero(y == label))
        cut = round(len(rows) * test_split)
        test.append(rows[:cut])
        train.append(rows[cut:])
    train_rows = stream.permutation(np.concatenate(train))
    test_rows = stream.permutation(np.concatenate(test))
    return (x[train_rows], y[train_rows]), (x[test_rows], y[test_rows])
