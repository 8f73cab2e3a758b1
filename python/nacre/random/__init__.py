"""Random tensors: `keras.random`."""

from typing import Any as _Any

from nacre.ops import _registry

globals().update(_registry.ops_of("random"))


def __getattr__(name: str) -> _Any:
    raise AttributeError(_registry.unknown_name("nacre.random", name, globals()))
