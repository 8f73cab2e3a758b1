"""Ops on tensors: `keras.ops`.

Most functions here are defined in C++ and listed by its registry; those that take Python functions
or structures are in the modules of this package.

Example:
    >>> from nacre import ops
    >>> ops.add([1.0, 2.0], 3.0)
    Tensor([4., 5.], dtype=float32)
"""

from typing import Any as _Any

from nacre import _core
from nacre._core import Tensor as KerasTensor  # noqa: F401
from nacre.ops import _registry
from nacre.ops.control_flow import (
    associative_scan as associative_scan,
)
from nacre.ops.control_flow import (
    cond as cond,
)
from nacre.ops.control_flow import (
    fori_loop as fori_loop,
)
from nacre.ops.control_flow import (
    map as map,
)
from nacre.ops.control_flow import (
    scan as scan,
)
from nacre.ops.control_flow import (
    switch as switch,
)
from nacre.ops.control_flow import (
    vectorize as vectorize,
)
from nacre.ops.control_flow import (
    vectorized_map as vectorized_map,
)
from nacre.ops.control_flow import (
    while_loop as while_loop,
)
from nacre.ops.conversion import (
    arange as arange,
)
from nacre.ops.conversion import (
    array as array,
)
from nacre.ops.conversion import (
    convert_to_numpy as convert_to_numpy,
)
from nacre.ops.conversion import (
    convert_to_tensor as convert_to_tensor,
)
from nacre.ops.conversion import (
    dtype as dtype,
)
from nacre.ops.conversion import (
    is_tensor as is_tensor,
)
from nacre.ops.conversion import (
    ndim as ndim,
)
from nacre.ops.conversion import (
    result_type as result_type,
)
from nacre.ops.conversion import (
    shape as shape,
)
from nacre.ops.conversion import (
    size as size,
)
from nacre.ops.symbolic import (
    broadcast_shapes as broadcast_shapes,
)
from nacre.ops.symbolic import (
    broadcast_tensors as broadcast_tensors,
)
from nacre.ops.symbolic import (
    compute_output_spec as compute_output_spec,
)
from nacre.ops.symbolic import (
    custom_gradient as custom_gradient,
)
from nacre.ops.symbolic import (
    placeholder as placeholder,
)
from nacre.ops.symbolic import (
    saturate_cast as saturate_cast,
)
from nacre.ops.symbolic import (
    stop_gradient as stop_gradient,
)

globals().update({name: op for name, op in _registry.ops_of("").items() if name not in globals()})
globals().update(_registry.aliases(globals()))


def __getattr__(name: str) -> _Any:
    raise AttributeError(_registry.unknown_name("nacre.ops", name, globals()))


__all__ = sorted(name for name in globals() if not name.startswith("_"))
