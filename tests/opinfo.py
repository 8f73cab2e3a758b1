"""The table of ops: one row an op, read by test_ops.py and parity/test_ops.py.

A row says how to call the op (samples), what NumPy gives (ref), which dtypes it takes, whether it
has a gradient, and which calls must fail how. To add an op, add a row to the file of its family in
opinfo_rows/: each file has a list ROWS.
"""

import dataclasses
import importlib.util
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
NUMBERS = (*INTS, *FLOATS)
ALL = ("bool", *NUMBERS)

Sample = tuple[tuple, dict]


@dataclasses.dataclass(frozen=True)
class OpInfo:
    """One op. Its name is that in keras.ops, or 'random.normal' for keras.random."""

    name: str
    # (rng, dtype) -> [(args, kwargs)]; arrays made by `make` or of a fixed dtype.
    samples: Callable[[np.random.Generator, str], list[Sample]]
    ref: Callable[..., Any] | None = None  # None: the values are checked elsewhere
    dtypes: Sequence[str] = ("float32", "float64")
    grad: bool = True
    second: bool = True  # a second derivative that finite differences can check
    errors: Sequence[tuple[tuple, dict, type[Exception], str]] = ()
    rtol: float = 1.0  # times the tolerance of the dtype
    plan: bool = True  # can be captured: the result's shape does not depend on data
    keras: bool = True  # real Keras takes these samples and agrees
    keras_dtype: bool = True  # and gives the same dtype


class HalfArray(np.ndarray):
    """float32 values that are exact in bfloat16, a dtype that NumPy does not have."""


def bfloat16(x: np.ndarray) -> np.ndarray:
    """`x` rounded to the nearest bfloat16, as a HalfArray."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).view(HalfArray)


def make(
    rng: np.random.Generator, shape: Sequence[int], dtype: str, low: float = -3, high: float = 3
) -> np.ndarray:
    """Random values in [low, high]; away from the ends and from ties of floats by chance alone."""
    shape = tuple(shape)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype in INTS:
        low = max(low, 0) if dtype.startswith("u") else low
        return rng.integers(int(np.ceil(low)), int(np.floor(high)) + 1, shape).astype(dtype)
    x = rng.uniform(low, high, shape)
    return bfloat16(x) if dtype == "bfloat16" else x.astype(dtype)


def on(shape: Sequence[int], low: float = -3, high: float = 3, **kwargs: Any) -> Callable:
    """Samples of one array argument."""
    return lambda rng, dtype: [((make(rng, shape, dtype, low, high),), kwargs)]


def calls(shape: Sequence[int], *arguments: Any, low: float = -3, high: float = 3) -> Callable:
    """Samples of one array with further arguments: a tuple (positional) or a dict each."""

    def samples(rng: np.random.Generator, dtype: str) -> list[Sample]:
        result = []
        for more in arguments:
            x = make(rng, shape, dtype, low, high)
            result.append(((x,), more) if isinstance(more, dict) else ((x, *more), {}))
        return result

    return samples


def pairs(*shapes: Sequence, low: float = -3, high: float = 3, **kwargs: Any) -> Callable:
    """Samples of two arrays: one for each pair of shapes."""
    return lambda rng, dtype: [
        ((make(rng, a, dtype, low, high), make(rng, b, dtype, low, high)), kwargs)
        for a, b in shapes
    ]


def rows() -> list[OpInfo]:
    """All rows of opinfo_rows/."""
    found: list[OpInfo] = []
    for path in sorted((pathlib.Path(__file__).parent / "opinfo_rows").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"opinfo_rows.{path.stem}", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.extend(module.ROWS)
    return found
