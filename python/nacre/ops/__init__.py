"""Ops on tensors: `keras.ops`.

Most functions here are defined in C++ and listed by its registry; those that take Python functions
or structures are in the modules of this package.

Example:
    >>> from nacre import ops
    >>> ops.add([1.0, 2.0], 3.0)
    Tensor([4., 5.], dtype=float32)
"""

from typing import Any as _Any

from nacre._core import Tensor as KerasTensor  # noqa: F401
from nacre.ops import _registry, image as image
from nacre.ops.blocks import (
    depth_to_space as depth_to_space,
    extract_sequences as extract_sequences,
    fold as fold,
    get_item as get_item,
    rearrange as rearrange,
    space_to_depth as space_to_depth,
    unfold as unfold,
)
from nacre.ops.control_flow import (
    associative_scan as associative_scan,
    cond as cond,
    fori_loop as fori_loop,
    map as map,
    scan as scan,
    select as select,
    switch as switch,
    vectorized_map as vectorized_map,
    while_loop as while_loop,
)
from nacre.ops.conversion import (
    array as array,
    convert_to_numpy as convert_to_numpy,
    convert_to_tensor as convert_to_tensor,
    dtype as dtype,
    is_tensor as is_tensor,
    ndim as ndim,
    result_type as result_type,
    shape as shape,
    size as size,
)
from nacre.ops.products import (
    cdist as cdist,
    corrcoef as corrcoef,
    correlate as correlate,
    logdet as logdet,
    psnr as psnr,
    slogdet as slogdet,
    vander as vander,
)
from nacre.ops.signal import istft as istft, stft as stft
from nacre.ops.symbolic import (
    broadcast_shapes as broadcast_shapes,
    broadcast_tensors as broadcast_tensors,
    compute_output_spec as compute_output_spec,
    custom_gradient as custom_gradient,
    jvp as jvp,
    placeholder as placeholder,
    saturate_cast as saturate_cast,
    stop_gradient as stop_gradient,
)
from nacre.ops.vectorize import vectorize as vectorize
from nacre.ops.windows import (
    bartlett as bartlett,
    blackman as blackman,
    hamming as hamming,
    hanning as hanning,
    i0 as i0,
    kaiser as kaiser,
)

globals().update({name: op for name, op in _registry.ops_of("").items() if name not in globals()})
globals().update(_registry.aliases(globals()))

# After the ops: these are some of them, by the namespaces that Keras has.
from nacre.ops import linalg as linalg, nn as nn, numpy as numpy  # noqa: E402


def __getattr__(name: str) -> _Any:
    raise AttributeError(_registry.unknown_name("nacre.ops", name, globals()))


__all__ = sorted(name for name in globals() if not name.startswith("_"))
