"""The state behind random numbers."""

from typing import Any

import numpy as np

from nacre import _core
from nacre._core import Tensor, Variable


class SeedGenerator:
    """A source of seeds: each `next()` gives another one, and the same ones for the same start.

    The state is a variable of two uint32 that `next()` advances, so a captured function draws new
    numbers at every call.

    Args:
        seed: the start, an int of at least 0; None: one that follows from
            `utils.set_random_seed`, or a random one.
        name: for messages and files.

    Example:
        >>> from nacre import random
        >>> generator = random.SeedGenerator(seed=42)
        >>> a, b = generator.next(), generator.next()
        >>> bool((a == b).all())
        False
    """

    def __init__(self, seed: int | None = None, name: str = "seed_generator") -> None:
        if seed is not None:
            if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
                raise TypeError(
                    f"SeedGenerator: expected an int or None for seed, received {seed!r}"
                )
            if not 0 <= seed < 2**63:
                raise ValueError(
                    f"SeedGenerator: expected a seed from 0 to 2**63 - 1, received {seed}"
                )
            seed = int(seed)
        self.name = name
        self._core = _core.SeedGeneratorCore(seed, name)

    @property
    def state(self) -> Variable:
        """The variable that holds the seed and the count of draws."""
        return self._core.state

    def next(self, ordered: bool = True) -> Tensor:
        """The next seed, a tensor of two uint32."""
        return self._core.next()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the generator again."""
        return {"seed": self._core.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SeedGenerator":
        """Makes the generator of a config."""
        return cls(**config)

    @property
    def variables(self) -> list:
        """The state, as a list."""
        return [self.state]

    def __reduce__(self) -> tuple:
        from nacre._copying import reduced

        return reduced(self)
