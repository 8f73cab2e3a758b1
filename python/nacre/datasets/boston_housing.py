"""Boston housing: 506 suburbs, 13 attributes (Harrison, Rubinfeld 1978)."""

from __future__ import annotations

import numpy as np

from nacre.datasets import _files

_NPZ = _files.Source(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz",
    57026,
    "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
)


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[_files.Split, _files.Split]:
    """Loads the Boston housing data: predict the median price of a suburb's homes.

    One attribute, "B", was built on the assumption that people's skin colour
    moves prices. Use the data to show what such a column does, not to learn
    about houses.

    Looked for in the folder ``NACRE_DATA``, then in the cache (``NACRE_HOME`` or
    ``~/.nacre``, then Keras's); else downloaded.

    Args:
        path: Name of the npz file in these folders, or an absolute path to one.
            Defaults to ``"boston_housing.npz"``.
        test_split: Fraction of the rows that become the test set. Defaults to
            ``0.2``.
        seed: Seed of the shuffle before the split. Defaults to ``113``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: float64 arrays of shape
        ``(n, 13)`` and ``(n,)``; targets are in thousands of dollars.

    Raises:
        OSError: If the file is nowhere and cannot be downloaded.
        ValueError: If the file is damaged or ``test_split`` is out of range.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.boston_housing.load_data()  # doctest: +SKIP
    """
    _files.check_test_split("boston_housing", test_split)
    file = _files.find([path, f"boston_housing/{path}"]) or _files.fetch("boston_housing", _NPZ)
    x, y = _files.read_npz(file, ("x", "y"))
    if x.ndim != 2 or x.shape[1] != 13 or y.shape != x.shape[:1]:
        raise ValueError(
            f"{file}: expected arrays of shape (n, 13) and (n,), received {x.shape} and {y.shape}"
        )
    order = _files.shuffled_rows(len(x), np.random.RandomState(seed))
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
