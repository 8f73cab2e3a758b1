"""DTypePolicy: the dtypes of a layer's computation and variables."""

from __future__ import annotations

from typing import Any

from nacre import _core


class DTypePolicy:
    """The dtypes of a layer's computation and of its variables.

    Args:
        name: A dtype ("float32"), or "mixed_bfloat16" / "mixed_float16": half-precision computation
            with float32 variables.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name, self.compute_dtype, self.variable_dtype = _core.dtype_policy(name)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """A policy from what ``get_config`` returned."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'
