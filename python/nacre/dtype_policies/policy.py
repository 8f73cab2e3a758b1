"""DTypePolicy: the dtypes of a layer's computation and variables."""

from __future__ import annotations

from typing import Any

from nacre import _core


class DTypePolicy:
    """The dtypes of a layer's computation and of its variables.

    Args:
        name: A dtype ("float32"), or "mixed_bfloat16" / "mixed_float16": half-precision computation
            with float32 variables; default: the policy of ``set_dtype_policy``.

    Raises:
        TypeError: The name is no string.
        ValueError: An unknown dtype.

    Example:
        >>> import nacre
        >>> policy = nacre.dtype_policies.DTypePolicy("mixed_bfloat16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('bfloat16', 'float32')
        >>> nacre.layers.Dense(2, dtype=policy).dtype_policy
        <DTypePolicy "mixed_bfloat16">
    """

    def __init__(self, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"DTypePolicy: expected name to be a string, received {name!r}")
        self._name, self._compute_dtype, self._variable_dtype = _core.dtype_policy(name)

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype of inputs and outputs."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of weights."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> None:
        """None: nothing is quantized."""
        return None

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """An input as a tensor of a dtype, where it is floating and to be cast.

        Args:
            x: A tensor, or an array, which becomes a tensor; anything else is returned as it is.
            autocast: Whether floating values are cast.
            dtype: To which dtype.
        """
        if not isinstance(x, _core.Tensor | _core.Variable):
            if not hasattr(x, "__array__"):
                return x
            x = _core.from_numpy(x)
        name = dtype if isinstance(dtype, str) else str(getattr(dtype, "name", dtype))
        casts = autocast and "float" in x.dtype and x.dtype != name
        if not casts:
            return x
        from nacre import ops

        return ops.cast(x, name)

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


FloatDTypePolicy = DTypePolicy


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are given none.

    Example:
        >>> import nacre
        >>> nacre.dtype_policies.dtype_policy()
        <DTypePolicy "float32">
    """
    return DTypePolicy()


def set_dtype_policy(policy: Any) -> None:
    """Sets the policy of layers that are given none.

    Args:
        policy: A DTypePolicy or its name.

    Raises:
        ValueError: It is neither.

    Example:
        >>> import nacre
        >>> nacre.config.set_dtype_policy("mixed_bfloat16")
        >>> nacre.layers.Dense(2).compute_dtype
        'bfloat16'
        >>> nacre.config.set_dtype_policy("float32")
    """
    if isinstance(policy, DTypePolicy):
        policy = policy.name
    if not isinstance(policy, str):
        raise ValueError(
            f"set_dtype_policy: expected a DTypePolicy or its name, received {policy!r}"
        )
    _core.set_default_dtype_policy(policy)
