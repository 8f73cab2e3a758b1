"""Every public class is documented with an example and compared with Keras."""

from __future__ import annotations

import importlib
import inspect
import pathlib
import re

import pytest
from layerinfo import ROWS, LayerInfo, Made

import nacre

MODULES = (
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "callbacks",
    "initializers",
    "regularizers",
    "constraints",
)
# KerasHub's, not Keras's; what others derive from.
NOT_IN_KERAS = {"PositionEmbedding", "RotaryEmbedding", "SinePositionEncoding"}
BASES = {"Constraint", "Initializer", "LearningRateSchedule", "Regularizer"}


def made_by(value):
    """Names of the layers that a row makes: its own, and those among its arguments."""
    if isinstance(value, LayerInfo | Made):
        return {value.name} | made_by(value.arguments)
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return set().union(*(made_by(item) for item in items))
    return set()


COMPARED = made_by([row for row in ROWS if row.keras])
SOURCES = "".join(
    path.read_text() for path in (pathlib.Path(__file__).parent / "parity").glob("*.py")
)


def classes(module):
    found = importlib.import_module(f"nacre.{module}")
    for name in found.__all__:
        value = getattr(found, name)
        # Each under its own name; aliases are the same class.
        if isinstance(value, type) and value.__name__ == name:
            yield pytest.param(value, id=f"{module}.{name}")


every_class = pytest.mark.parametrize("cls", [p for module in MODULES for p in classes(module)])


@every_class
def test_has_an_example_that_runs(cls):
    assert ">>>" in (inspect.getdoc(cls) or "")  # test_docstrings.py runs it


@every_class
def test_is_compared_with_keras(cls):
    name = cls.__name__
    if name in NOT_IN_KERAS | BASES:
        pytest.skip("Keras has none, or it is a base to derive from")
    compared = name in COMPARED if issubclass(cls, nacre.layers.Layer) else False
    assert compared or re.search(rf"\b{name}\b", SOURCES), "not named in tests/parity"
