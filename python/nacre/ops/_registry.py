"""The ops of the registry, sorted into their public namespaces."""

import difflib
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from nacre import _core

# Names that Keras has for the same op.
_ALIASES = {
    "abs": "absolute",
    "amax": "max",
    "amin": "min",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "concat": "concatenate",
    "conj": "conjugate",
    "invert": "bitwise_not",
    "bitwise_invert": "bitwise_not",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "permute_dims": "transpose",
    "pow": "power",
    "true_divide": "divide",
    "hard_swish": "hard_silu",
    "swish": "silu",
}


def ops_of(prefix: str) -> dict[str, Any]:
    """Public ops by their short names: those named 'prefix.name', or without a dot for ''."""
    return _core.public_ops(prefix)


def op(name: str) -> Any:
    """The op of a full name, public or internal."""
    return _core.all_ops()[name]


def aliases(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Further names of what the namespace has."""
    return {
        alias: namespace[name]
        for alias, name in _ALIASES.items()
        if name in namespace and alias not in namespace
    }


def among_ops(names: Iterable[str]) -> dict[str, Any]:
    """What `nacre.ops` has by these names: the content of a namespace such as `ops.nn`."""
    ops = vars(sys.modules["nacre.ops"])
    return {name: ops[name] for name in names if name in ops}


def unknown_name(module: str, name: str, namespace: Mapping[str, Any]) -> str:
    """The message for an attribute that a module does not have."""
    close = difflib.get_close_matches(name, list(namespace), n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"module '{module}' has no attribute '{name}'.{hint}"
