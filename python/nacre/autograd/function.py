"""Captured functions."""

from collections.abc import Callable
from typing import Any


def function(f: Callable[..., Any] | None = None) -> Any:
    """Not yet."""
    return f
