"""Settings and dtypes by their older names: `keras.backend`.

Example:
    >>> from nacre import backend
    >>> backend.backend(), backend.floatx(), backend.is_int_dtype("uint8")
    ('nacre', 'float32', True)
"""

from typing import Any as _Any

from nacre.config import (
    backend as backend,
    epsilon as epsilon,
    floatx as floatx,
    image_data_format as image_data_format,
    set_epsilon as set_epsilon,
    set_floatx as set_floatx,
    set_image_data_format as set_image_data_format,
)
from nacre.ops.conversion import result_type as result_type
from nacre.utils.session import (
    clear_session as clear_session,
    get_uid as get_uid,
    is_keras_tensor as is_keras_tensor,
    standardize_dtype as standardize_dtype,
)


def is_float_dtype(dtype: _Any) -> bool:
    """Whether a dtype, given in any way, is a floating-point one.

    Example:
        >>> from nacre import backend
        >>> backend.is_float_dtype("bfloat16"), backend.is_float_dtype("int8")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: _Any) -> bool:
    """Whether a dtype, given in any way, is an integer one; "bool" is not.

    Example:
        >>> from nacre import backend
        >>> backend.is_int_dtype("uint8"), backend.is_int_dtype("bool")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))


__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
