"""One seed for every generator a program may draw from."""

from __future__ import annotations

import random

import numpy as np


def set_random_seed(seed: int) -> None:
    """Seeds Python's ``random``, NumPy and nacre.

    After it, initial weights, shuffles and dropout masks are the same in every
    run, for any number of threads.

    Args:
        seed: An integer from ``0`` to ``2**32 - 1``.

    Raises:
        ValueError: If ``seed`` is not such an integer; no generator is changed.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> nacre.utils.set_random_seed(7)
    >>> first = np.random.rand()
    >>> nacre.utils.set_random_seed(7)
    >>> first == np.random.rand()
    True
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ValueError(
            "set_random_seed: expected `seed` an integer from 0 to 2**32 - 1, received "
            f"{seed!r} of type {type(seed).__name__}"
        )
    seed = int(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    _seed_core(seed)


def _seed_core(seed: int) -> None:
    from nacre import _core

    hook = getattr(_core, "set_random_seed", None)
    if hook is not None:
        hook(seed)
