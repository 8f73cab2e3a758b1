"""Random tensors: `keras.random`.

Every function takes `seed`: an int gives the same numbers each time, a `SeedGenerator` new ones at
each call, None those of the global generator (`utils.set_random_seed` fixes them).

Example:
    >>> from nacre import random
    >>> random.uniform((2, 3), seed=1).shape
    (2, 3)
"""

from typing import Any as _Any

from nacre.ops import _registry
from nacre.random.seed_generator import SeedGenerator as SeedGenerator

globals().update(_registry.ops_of("random"))


def __getattr__(name: str) -> _Any:
    raise AttributeError(_registry.unknown_name("nacre.random", name, globals()))
