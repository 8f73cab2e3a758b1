"""To and from tensors, and what a tensor says about itself."""

from typing import Any

import numpy as np

from nacre import _core
from nacre._core import Tensor, Variable


def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """A tensor of what is given: numbers, nested sequences, NumPy arrays, tensors of other
    libraries. Values are copied.

    Args:
        x: what to convert.
        dtype: of the result; None: that of the array, 'float32' for Python floats (see
            `config.floatx`), 'int32' for Python ints.
        sparse: tensors are dense: None or False.
        ragged: tensors are dense: None or False.

    Returns:
        A tensor.

    Example:
        >>> from nacre import ops
        >>> ops.convert_to_tensor([[1, 2], [3, 4]])
        Tensor([[1, 2],
                [3, 4]], dtype=int32)
    """
    if sparse or ragged:
        raise ValueError("convert_to_tensor: sparse and ragged tensors are not supported")
    return _core.convert_to_tensor(x, dtype)


def array(x: Any, dtype: Any = None) -> Tensor:
    """The same as `convert_to_tensor`, by NumPy's name."""
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """A NumPy array with the values of a tensor or of what can be converted to one.

    Example:
        >>> from nacre import ops
        >>> ops.convert_to_numpy(ops.ones((2,)))
        array([1., 1.], dtype=float32)
    """
    if isinstance(x, (Tensor, Variable)):
        return x.numpy()
    return np.array(x)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor (a variable is not)."""
    return isinstance(x, Tensor)


def shape(x: Any) -> tuple[Any, ...]:
    """The shape of a tensor, a tuple; None for dimensions of a placeholder that are not known.

    Example:
        >>> from nacre import ops
        >>> ops.shape(ops.zeros((2, 3)))
        (2, 3)
    """
    return tuple(x.shape) if hasattr(x, "shape") else _core.convert_to_tensor(x).shape


def ndim(x: Any) -> int:
    """The number of dimensions."""
    return len(shape(x))


def size(x: Any) -> int | None:
    """The number of elements."""
    return x.size if isinstance(x, (Tensor, Variable)) else _core.convert_to_tensor(x).size


def dtype(x: Any) -> str:
    """The name of the element type of a tensor or of what can be converted to one."""
    if isinstance(x, (Tensor, Variable)):
        return x.dtype
    return _core.convert_to_tensor(x).dtype


def result_type(*dtypes: Any) -> str:
    """The dtype of an operation over operands of these dtypes, as Keras has it.

    Args:
        dtypes: names of dtypes, tensors, Python numbers or their types.

    Example:
        >>> from nacre import ops
        >>> ops.result_type("int32", "float16")
        'float16'
    """
    if not dtypes:
        raise ValueError("result_type: expected at least one dtype")
    return _core.result_type([getattr(d, "dtype", d) for d in dtypes])
