"""California housing: 20,640 districts, 8 attributes (Pace, Barry 1997)."""

from __future__ import annotations

import numpy as np

from nacre.datasets import _files

_NPZ = _files.Source(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/california_housing.npz",
    743530,
    "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
)
_SMALL = 600


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> tuple[_files.Split, _files.Split]:
    """Loads the California housing data: predict the median price of a district's homes.

    Looked for in the folder ``NACRE_DATA``, then in the cache (``NACRE_HOME`` or
    ``~/.nacre``, then Keras's); else downloaded.

    Args:
        version: ``"large"`` for all rows, ``"small"`` for the first 600. Defaults
            to ``"large"``.
        path: Name of the npz file in these folders, or an absolute path to one.
            Defaults to ``"california_housing.npz"``.
        test_split: Fraction of the rows that become the test set. Defaults to
            ``0.2``.
        seed: Seed of the shuffle before the split. Defaults to ``113``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of shape ``(n, 8)`` and
        ``(n,)``; targets are in dollars.

    Raises:
        OSError: If the file is nowhere and cannot be downloaded.
        ValueError: If the file is damaged or an argument is wrong.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.california_housing.load_data()  # doctest: +SKIP
    """
    _files.check_test_split("california_housing", test_split)
    if version not in ("large", "small"):
        raise ValueError(
            f"california_housing: expected `version` 'large' or 'small', received {version!r}"
        )
    file = _files.find([path, f"california_housing/{path}"])
    file = file or _files.fetch("california_housing", _NPZ)
    x, y = _files.read_npz(file, ("x", "y"))
    if x.ndim != 2 or x.shape[1] != 8 or y.shape != x.shape[:1]:
        raise ValueError(
            f"{file}: expected arrays of shape (n, 8) and (n,), received {x.shape} and {y.shape}"
        )
    if version == "small":
        x, y = x[:_SMALL], y[:_SMALL]
    order = _files.shuffled_rows(len(x), np.random.RandomState(seed))
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
