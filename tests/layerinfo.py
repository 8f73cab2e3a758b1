"""The table of layers: one row a case, read by test_layers.py and parity/test_layers.py.

A row says how a layer is made, what it takes and what it gives. To add a layer, add a row to the
file of its family in layerinfo_rows/: each file has a list ROWS.
"""

from __future__ import annotations

import importlib.util
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Made:
    """An argument that is a layer itself, made by the library that makes the row's."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


def made(value: Any, layers: Any, **kwargs: Any) -> Any:
    """A value with the layers in it made by the module `layers`."""
    if isinstance(value, Made):
        return getattr(layers, value.name)(**made(value.arguments, layers, **kwargs), **kwargs)
    if isinstance(value, dict):
        return {key: made(item, layers, **kwargs) for key, item in value.items()}
    if isinstance(value, list):
        return [made(item, layers, **kwargs) for item in value]
    return value


@dataclass
class LayerInfo:
    """A layer, arguments for it, and what is expected of it."""

    name: str
    arguments: dict[str, Any]
    input_shape: tuple | list[tuple]  # batch axis first; a list: of several inputs
    output_shape: tuple
    weights: list[tuple[str, tuple]] = field(default_factory=list)  # in order: name, shape
    trainable: int | None = None  # how many of them are trained; default: all
    random: bool = False  # draws random numbers in training
    alone: bool = False  # and in calls by itself that say nothing about training
    input_dtype: str = "float32"
    ids: int = 0  # inputs are integers below this
    gradient: bool = True  # reaches the input
    policy: bool = True  # computes in the dtype of its policy
    required: tuple[str, ...] = ()  # arguments that have defaults but are needed
    case: str = ""
    spread: bool = False  # several inputs are arguments of their own, not a list
    keras: bool = True  # real Keras has this layer
    stateful: bool = False  # training calls change what later ones give
    tolerance: float = 1.0  # times that of the comparison with Keras

    def make(self, layers: Any, **kwargs: Any) -> Any:
        """The row's layer, and a layer within it, of the module `layers`."""
        return getattr(layers, self.name)(**made(self.arguments, layers, **kwargs), **kwargs)

    def __str__(self) -> str:
        return f"{self.name}{'-' + self.case if self.case else ''}"

    def call(self, layer: Any, x: Any, **kwargs: Any) -> Any:
        """The layer applied to inputs of the row."""
        return layer(*x, **kwargs) if self.spread else layer(x, **kwargs)

    def inputs(self, seed: int = 0) -> Any:
        """Inputs of the row's shape: an array, or a list of them."""
        rng = np.random.default_rng(seed)

        def draw(shape: tuple) -> np.ndarray:
            if self.ids:
                return rng.integers(0, self.ids, shape).astype(self.input_dtype)
            return rng.standard_normal(shape).astype(self.input_dtype)

        return each(draw, self.input_shape)


def each(function: Callable, value: Any) -> Any:
    """The function of a value, or of each one in a list."""
    return [function(item) for item in value] if isinstance(value, list) else function(value)


def listed(value: Any) -> list:
    """The values in a list, or the only one."""
    return value if isinstance(value, list) else [value]


IMAGE = (2, 8, 7, 4)
VOLUME = (2, 6, 5, 4, 3)
SERIES = (2, 9, 4)


def _load() -> list[LayerInfo]:
    found: list[LayerInfo] = []
    for path in sorted((pathlib.Path(__file__).parent / "layerinfo_rows").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"layerinfo_rows.{path.stem}", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.extend(module.ROWS)
    return found


ROWS = _load()

# Tested on their own: they have no C++ side of their own kind.
SPECIAL = {
    "HashedCrossing",
    "InputLayer",
    "IntegerLookup",
    "Lambda",
    "Layer",
    "Pipeline",
    "SpectralNormalization",
    "StringLookup",
    "TextVectorization",
    "Wrapper",
}
# Called with states: test_recurrent.py.
SPECIAL |= {"SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"}
