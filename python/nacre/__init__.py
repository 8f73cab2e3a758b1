"""nacre: a small, fast deep-learning framework with the Keras 3 API.

Submodules and classes are imported when they are first used, so that ``import nacre`` is quick.
"""

import importlib
import os as _os
from typing import TYPE_CHECKING, Any

from nacre import _core

_core.set_package_dir(_os.path.dirname(__file__) + _os.sep)

__version__: str = _core.__version__

_SUBMODULES = frozenset(
    {
        "activations",
        "autograd",
        "backend",
        "callbacks",
        "config",
        "constraints",
        "datasets",
        "dtype_policies",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "mixed_precision",
        "models",
        "ops",
        "optimizers",
        "preprocessing",
        "profiler",
        "random",
        "regularizers",
        "saving",
        "tree",
        "utils",
    }
)

# Where the names of the top level are defined.
_NAMES = {
    "DTypePolicy": "nacre.dtype_policies",
    "FloatDTypePolicy": "nacre.dtype_policies",
    "GradientTape": "nacre.autograd",
    "Initializer": "nacre.initializers",
    "Input": "nacre.layers",
    "InputSpec": "nacre.layers",
    "KerasTensor": "nacre.ops",
    "Layer": "nacre.layers",
    "Loss": "nacre.losses",
    "Metric": "nacre.metrics",
    "Model": "nacre.models",
    "Optimizer": "nacre.optimizers",
    "Regularizer": "nacre.regularizers",
    "RematScope": "nacre.autograd",
    "Sequential": "nacre.models",
    "Tensor": "nacre._core",
    "Variable": "nacre._core",
    "convert_to_tensor": "nacre.ops",
    "custom_gradient": "nacre.autograd",
    "device": "nacre._scopes",
    "from_dlpack": "nacre._core",
    "from_numpy": "nacre._core",
    "function": "nacre.autograd",
    "grad": "nacre.autograd",
    "name_scope": "nacre._scopes",
    "remat": "nacre.autograd",
    "stop_gradient": "nacre.autograd",
    "value_and_grad": "nacre.autograd",
}

if TYPE_CHECKING:
    from nacre._core import (
        Tensor as Tensor,
        Variable as Variable,
        from_dlpack as from_dlpack,
        from_numpy as from_numpy,
    )
    from nacre.autograd import (
        GradientTape as GradientTape,
        custom_gradient as custom_gradient,
        function as function,
        grad as grad,
        stop_gradient as stop_gradient,
        value_and_grad as value_and_grad,
    )


def version() -> str:
    """The version of nacre, which is also ``nacre.__version__``.

    Example:
        >>> import nacre
        >>> nacre.version() == nacre.__version__
        True
    """
    return __version__


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        try:
            return importlib.import_module(f"nacre.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"nacre.{name}":
                raise
    elif name in _NAMES:
        value = getattr(importlib.import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    elif name in _DTYPES:
        return name
    import difflib

    close = difflib.get_close_matches(name, sorted(_SUBMODULES | _NAMES.keys()), n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise AttributeError(f"module 'nacre' has no attribute '{name}'.{hint}", name=name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | _SUBMODULES | _NAMES.keys() | _DTYPES)


# Names of the dtypes: nacre.float32 is 'float32'.
_DTYPES = frozenset(
    {
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "float16",
        "bfloat16",
        "float32",
        "float64",
    }
)
