"""Policies: in which dtypes layers compute and keep their variables."""

from __future__ import annotations

from typing import Any

from nacre.dtype_policies.policy import (
    DTypePolicy,
    FloatDTypePolicy,
    dtype_policy,
    set_dtype_policy,
)


def get(identifier: Any) -> DTypePolicy:
    """A policy from a name, a dtype, a configuration, or what is one already; None: the default.

    Args:
        identifier: What is meant.

    Raises:
        ValueError: It cannot be understood.

    Example:
        >>> import nacre
        >>> nacre.dtype_policies.get("mixed_float16").compute_dtype
        'float16'
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    name = identifier if isinstance(identifier, str) else getattr(identifier, "__name__", None)
    name = name or getattr(identifier, "name", None)
    if not isinstance(name, str):
        raise ValueError(f"expected a dtype, a policy or the name of one, received {identifier!r}")
    return DTypePolicy(name)


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """The configuration that ``deserialize`` reads."""
    return {
        "module": "nacre",
        "class_name": "DTypePolicy",
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }


def deserialize(config: dict[str, Any], custom_objects: Any = None) -> DTypePolicy:
    """The policy of a configuration.

    Args:
        config: What ``serialize`` returned.
        custom_objects: Classes of the caller's own, by name.

    Raises:
        ValueError: It is no policy's configuration.
    """
    name = config.get("class_name")
    cls = (custom_objects or {}).get(name)
    if cls is None and name in ("DTypePolicy", "FloatDTypePolicy"):
        cls = DTypePolicy
    if cls is None:
        raise ValueError(f"expected the configuration of a DTypePolicy, received {config!r}")
    return cls.from_config(config["config"])


__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "deserialize",
    "dtype_policy",
    "get",
    "serialize",
    "set_dtype_policy",
]
