"""The state behind random numbers."""

import random as _python_random
from typing import Any

import numpy as np

from nacre import _core
from nacre._core import Tensor, Variable

_DEFAULT_NAME = "seed_generator"
_global_generator: "SeedGenerator | None" = None


class SeedGenerator:
    """A source of seeds: each `next()` gives another one, and the same ones for the same start.

    Args:
        seed: the start, an int of at least 0; None: a random one.
        name: for messages and files.

    The state is a variable of two uint32 that `next()` advances, so a captured function draws new
    numbers at every call.

    Example:
        >>> import nacre
        >>> generator = nacre.random.SeedGenerator(seed=42)
        >>> a = nacre.random.normal((2,), seed=generator)
        >>> b = nacre.random.normal((2,), seed=generator)
        >>> bool(nacre.ops.any(a == b))
        False
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise TypeError(f"SeedGenerator: unexpected arguments {sorted(kwargs)}")
        if seed is None:
            seed = make_default_seed()
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
            raise TypeError(f"SeedGenerator: expected an int or None for seed, received {seed!r}")
        if seed < 0:
            raise ValueError(f"SeedGenerator: expected a seed of at least 0, received {seed}")
        self.name = name or _DEFAULT_NAME
        self._initial_seed = int(seed)
        self.state = Variable(
            _seed_values(self._initial_seed),
            dtype="uint32",
            trainable=False,
            name="seed_generator_state",
        )

    def next(self, ordered: bool = True) -> Tensor:
        """The next seed, a tensor of two uint32."""
        seed = self.state.value
        self.state.assign(_core.op("add")(seed, _step()))
        return seed

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the generator again."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SeedGenerator":
        """Makes the generator of a config."""
        return cls(**config)


def _seed_values(seed: int) -> np.ndarray:
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], dtype="uint32")


_step_tensor: Tensor | None = None


def _step() -> Tensor:
    """Advances the second word: the first tells generators apart."""
    global _step_tensor
    if _step_tensor is None:
        _step_tensor = _core.from_numpy(np.array([0, 1], dtype="uint32"))
    return _step_tensor


def make_default_seed() -> int:
    """A seed from Python's generator, which `utils.set_random_seed` fixes."""
    return _python_random.randint(1, int(1e9))


def global_seed_generator() -> SeedGenerator:
    """The generator of random ops that are given no seed."""
    global _global_generator
    if _global_generator is None:
        _global_generator = SeedGenerator(name="global_seed_generator")
    return _global_generator


def set_global_seed(seed: int) -> None:
    """Starts the global generator anew."""
    generator = global_seed_generator()
    generator._initial_seed = int(seed)
    generator.state.assign(_seed_values(int(seed)))


def draw_seed(seed: Any) -> Tensor:
    """The seed tensor of what a random op was given as `seed`.

    Args:
        seed: an int, a SeedGenerator, a tensor of two integers, or None for the global generator.
    """
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, Tensor):
        return seed
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return _core.from_numpy(_seed_values(int(seed)))
    advance = getattr(seed, "next", None)
    if callable(advance):
        return advance()
    if isinstance(seed, (Variable, np.ndarray, list, tuple)):
        return _core.convert_to_tensor(seed, "uint32")
    raise TypeError(f"expected an int, a SeedGenerator or None, received {seed!r}")
