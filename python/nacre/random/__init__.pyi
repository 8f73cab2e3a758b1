# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.
import collections.abc
import typing

from nacre._core import Tensor
from nacre.random.seed_generator import SeedGenerator as SeedGenerator

def __getattr__(name: str) -> typing.Any: ...
def beta(shape: int | collections.abc.Sequence[int], alpha: typing.Any, beta: typing.Any, dtype: str | None = None, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def binomial(shape: int | collections.abc.Sequence[int], counts: typing.Any, probabilities: typing.Any, dtype: str | None = None, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def categorical(logits: typing.Any, num_samples: int, dtype: str = 'int32', seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def dropout(inputs: typing.Any, rate: float, noise_shape: int | collections.abc.Sequence[int] | None = None, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def gamma(shape: int | collections.abc.Sequence[int], alpha: typing.Any, dtype: str | None = None, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def normal(shape: int | collections.abc.Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def randint(shape: int | collections.abc.Sequence[int], minval: int, maxval: int, dtype: str = 'int32', seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def shuffle(x: typing.Any, axis: int = 0, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def truncated_normal(shape: int | collections.abc.Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def uniform(shape: int | collections.abc.Sequence[int], minval: float = 0.0, maxval: float = 1.0, dtype: str | None = None, seed: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
