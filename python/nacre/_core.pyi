# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.
"""
The C++ core of nacre.
"""
from __future__ import annotations
import collections.abc
import typing

import numpy as np
import nacre
class Tape:
    """
    Records ops for differentiation; nacre.GradientTape wraps it.
    """
    def __init__(self, persistent: bool = False, watch_variables: bool = True) -> None:
        ...
    def enter(self) -> None:
        ...
    def gradient(self, targets: list, sources: list, output_grads: list) -> list[Tensor]:
        ...
    def leave(self) -> None:
        ...
    def reset(self) -> None:
        ...
    def watch(self, arg0: typing.Any) -> None:
        ...
    def watched_variables(self) -> list[Variable]:
        ...
    @property
    def recording(self) -> bool:
        ...
def active_isa() -> str:
    """
    The instruction set that the kernels use.
    """
def all_ops() -> dict:
    """
    Every registered op by name.
    """
def allocated_memory() -> int:
    """
    Bytes that tensors hold now.
    """
def available_isas() -> list[str]:
    ...
def convert_to_tensor(x: typing.Any, dtype: typing.Any = None) -> Tensor:
    ...
def custom_gradient(inputs: collections.abc.Sequence[Tensor], f: collections.abc.Callable) -> tuple:
    ...
def floatx() -> str:
    """
    The default floating dtype.
    """
def from_dlpack(x: typing.Any, device: typing.Any = None, copy: typing.Any = None) -> Tensor:
    """
    A tensor on the memory of another library's CPU array (an object with __dlpack__), which must not change afterwards; a copy where that memory is not dense, or with copy=True.
    """
def from_numpy(array: np.ndarray) -> Tensor:
    """
    A tensor on the memory of an aligned, C-contiguous array, which must not change afterwards; a copy of any other array.
    """
def is_floating(arg0: str) -> bool:
    ...
def is_recording() -> bool:
    """
    Whether a tape or a capture is active on this thread.
    """
def num_threads() -> int:
    """
    How many threads the kernels may use.
    """
def op(name: str) -> typing.Any:
    """
    The op of this name, internal ones included.
    """
def peak_memory() -> int:
    """
    The most bytes tensors held since reset_peak_memory().
    """
def release_cached_memory() -> None:
    """
    Returns freed blocks that are kept for reuse to the system.
    """
def reset_peak_memory() -> None:
    ...
def result_type(dtypes: list) -> str:
    """
    The dtype of an operation over operands of these dtypes; int and float are weak.
    """
def set_active_isa(arg0: str) -> None:
    """
    Runs the rest of the process with this instruction set: for tests.
    """
def set_floatx(arg0: str) -> None:
    ...
def set_num_threads(n: int) -> None:
    ...
def set_package_dir(arg0: str) -> None:
    """
    Frames of files under this directory are skipped when a message names the caller's line.
    """
def size_of(arg0: str) -> int:
    """
    Bytes of one element.
    """
def tensor_from_numpy(arg0: np.ndarray, arg1: str) -> Tensor:
    """
    Rebuilds a pickled tensor.
    """
def to_dtype(dtype: typing.Any) -> str:
    """
    The name of a dtype given as a name, a NumPy dtype or a Python type.
    """
def variable_from_numpy(arg0: np.ndarray, arg1: str, arg2: str, arg3: str, arg4: bool) -> Variable:
    """
    Rebuilds a pickled variable.
    """
__version__: str
class Op:
    """An op: a function of tensors."""
    def __call__(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def __repr__(self, /) -> str:
        ...
    @property
    def flags(self) -> typing.Any:
        """Facts about the op, from its definition."""
    @property
    def parameters(self) -> typing.Any:
        """(name, kind, type, default) of each parameter, from the op's definition."""
class Tensor:
    """An immutable n-dimensional array."""
    @property
    def T(self) -> typing.Any:
        """The tensor with its axes reversed."""
    def __abs__(self, /) -> Tensor:
        ...
    def __add__(self, value: typing.Any, /) -> Tensor:
        ...
    def __and__(self, value: typing.Any, /) -> Tensor:
        ...
    def __array__(self, *args: typing.Any, **kwargs: typing.Any) -> np.ndarray:
        ...
    __array_priority__: int
    def __bool__(self, /) -> bool:
        ...
    def __copy__(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def __deepcopy__(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def __divmod__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __dlpack__(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def __dlpack_device__(self, *args: typing.Any, **kwargs: typing.Any) -> tuple[int, int]:
        ...
    def __eq__(self, value: typing.Any, /) -> Tensor:  # type: ignore[override]
        ...
    def __float__(self, /) -> float:
        ...
    def __floordiv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __format__(self, *args: typing.Any, **kwargs: typing.Any) -> str:
        ...
    def __ge__(self, value: typing.Any, /) -> Tensor:
        ...
    def __getitem__(self, key: typing.Any, /) -> Tensor:
        ...
    def __gt__(self, value: typing.Any, /) -> Tensor:
        ...
    def __hash__(self, /) -> int:
        ...
    def __index__(self, /) -> int:
        ...
    def __int__(self, /) -> int:
        ...
    def __invert__(self, /) -> Tensor:
        ...
    def __iter__(self, /) -> collections.abc.Iterator[Tensor]:
        ...
    def __le__(self, value: typing.Any, /) -> Tensor:
        ...
    def __len__(self, /) -> int:
        ...
    def __lshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __lt__(self, value: typing.Any, /) -> Tensor:
        ...
    def __matmul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __mod__(self, value: typing.Any, /) -> Tensor:
        ...
    def __mul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __ne__(self, value: typing.Any, /) -> Tensor:  # type: ignore[override]
        ...
    def __neg__(self, /) -> Tensor:
        ...
    def __or__(self, value: typing.Any, /) -> Tensor:
        ...
    def __pos__(self, /) -> Tensor:
        ...
    def __pow__(self, value: typing.Any, mod: None = None, /) -> Tensor:
        ...
    def __radd__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rand__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rdivmod__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __repr__(self, /) -> str:
        ...
    def __rfloordiv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rlshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __rmatmul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rmod__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rmul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __ror__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rpow__(self, value: typing.Any, mod: None = None, /) -> Tensor:
        ...
    def __rrshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __rshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __rsub__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rtruediv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rxor__(self, value: typing.Any, /) -> Tensor:
        ...
    def __str__(self, /) -> str:
        ...
    def __sub__(self, value: typing.Any, /) -> Tensor:
        ...
    def __truediv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __xor__(self, value: typing.Any, /) -> Tensor:
        ...
    def all(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def any(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def astype(self, *args: typing.Any, **kwargs: typing.Any) -> Tensor:
        """The tensor with another dtype."""
    def clip(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """The op of this name of nacre.ops, applied to the tensor."""
    @property
    def device(self) -> str:
        """Where the data is: 'cpu'."""
    @property
    def dtype(self) -> str:
        """Name of the element type, e.g. 'float32'."""
    def item(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """The only element as a Python number; with indices, that element."""
    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
    def max(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def mean(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def min(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
    @property
    def ndim(self) -> int:
        """Number of dimensions."""
    def numpy(self, *args: typing.Any, **kwargs: typing.Any) -> np.ndarray:
        """The values as a NumPy array of the caller's own (bfloat16 as float32). np.asarray(x) gives a read-only array without a copy."""
    def prod(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, dtype: str | None = None) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    @property
    def ragged(self) -> typing.Any:
        """False: tensors are dense."""
    def ravel(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """The op of this name of nacre.ops, applied to the tensor."""
    def reshape(self, newshape: int | collections.abc.Sequence[int]) -> Tensor:
        """The tensor with another shape."""
    def round(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """The op of this name of nacre.ops, applied to the tensor."""
    @property
    def shape(self) -> tuple[int | None, ...]:
        """Dimensions, a tuple; None where not known yet."""
    @property
    def size(self) -> int:
        """Number of elements."""
    @property
    def sparse(self) -> typing.Any:
        """False: tensors are dense."""
    def squeeze(self, axis: int | collections.abc.Sequence[int] | None = None) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def std(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def sum(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def tolist(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """The values as nested lists of Python numbers."""
    def transpose(self, axes: int | collections.abc.Sequence[int] | None = None) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
    def var(self, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        """The op of this name of nacre.ops, applied to the tensor."""
class Variable:
    """A named value that can be assigned.

    Args:
        initializer: the initial value, or a callable(shape, dtype=...) that makes it.
        shape: the shape, for a callable.
        dtype: of the value; None: that of the value, floatx for floats.
        trainable: whether training changes it and gradient tapes watch it.
        name: for messages and files.
    """
    @property
    def T(self) -> typing.Any:
        """The value with its axes reversed."""
    def __abs__(self, /) -> Tensor:
        ...
    def __add__(self, value: typing.Any, /) -> Tensor:
        ...
    def __and__(self, value: typing.Any, /) -> Tensor:
        ...
    def __array__(self, *args: typing.Any, **kwargs: typing.Any) -> np.ndarray:
        ...
    __array_priority__: int
    def __bool__(self, /) -> bool:
        ...
    def __deepcopy__(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def __divmod__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __dlpack__(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def __dlpack_device__(self, *args: typing.Any, **kwargs: typing.Any) -> tuple[int, int]:
        ...
    def __eq__(self, value: typing.Any, /) -> Tensor:  # type: ignore[override]
        ...
    def __float__(self, /) -> float:
        ...
    def __floordiv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __format__(self, *args: typing.Any, **kwargs: typing.Any) -> str:
        ...
    def __ge__(self, value: typing.Any, /) -> Tensor:
        ...
    def __getitem__(self, key: typing.Any, /) -> Tensor:
        ...
    def __gt__(self, value: typing.Any, /) -> Tensor:
        ...
    def __hash__(self, /) -> int:
        ...
    def __index__(self, /) -> int:
        ...
    def __init__(self, *args: typing.Any, **kwargs: typing.Any) -> None:
        ...
    def __int__(self, /) -> int:
        ...
    def __invert__(self, /) -> Tensor:
        ...
    def __iter__(self, /) -> collections.abc.Iterator[Tensor]:
        ...
    def __le__(self, value: typing.Any, /) -> Tensor:
        ...
    def __len__(self, /) -> int:
        ...
    def __lshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __lt__(self, value: typing.Any, /) -> Tensor:
        ...
    def __matmul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __mod__(self, value: typing.Any, /) -> Tensor:
        ...
    def __mul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __ne__(self, value: typing.Any, /) -> Tensor:  # type: ignore[override]
        ...
    def __neg__(self, /) -> Tensor:
        ...
    def __or__(self, value: typing.Any, /) -> Tensor:
        ...
    def __pos__(self, /) -> Tensor:
        ...
    def __pow__(self, value: typing.Any, mod: None = None, /) -> Tensor:
        ...
    def __radd__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rand__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rdivmod__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __repr__(self, /) -> str:
        ...
    def __rfloordiv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rlshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __rmatmul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rmod__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rmul__(self, value: typing.Any, /) -> Tensor:
        ...
    def __ror__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rpow__(self, value: typing.Any, mod: None = None, /) -> Tensor:
        ...
    def __rrshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __rshift__(self, value: typing.Any, /) -> typing.Any:
        ...
    def __rsub__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rtruediv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __rxor__(self, value: typing.Any, /) -> Tensor:
        ...
    def __sub__(self, value: typing.Any, /) -> Tensor:
        ...
    def __truediv__(self, value: typing.Any, /) -> Tensor:
        ...
    def __xor__(self, value: typing.Any, /) -> Tensor:
        ...
    @property
    def _id(self) -> typing.Any:
        ...
    def assign(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """Replaces the value by one of the same shape; returns it."""
    def assign_add(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """Adds to the value; returns it."""
    def assign_sub(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """Subtracts from the value; returns it."""
    def astype(self, *args: typing.Any, **kwargs: typing.Any) -> Tensor:
        """The method of this name of the value."""
    @property
    def dtype(self) -> str:
        """Name of the element type."""
    def item(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """The method of this name of the value."""
    @property
    def name(self) -> str:
        """Name, e.g. 'kernel'."""
    @property
    def ndim(self) -> int:
        """Number of dimensions."""
    def numpy(self, *args: typing.Any, **kwargs: typing.Any) -> np.ndarray:
        """The method of this name of the value."""
    @property
    def overwrite_with_gradient(self) -> typing.Any:
        """Whether an optimizer replaces it by its gradient."""
    @property
    def path(self) -> str:
        """Name with its layers', e.g. 'dense/kernel'."""
    def reshape(self, newshape: int | collections.abc.Sequence[int]) -> Tensor:
        """The method of this name of the value."""
    @property
    def shape(self) -> tuple[int | None, ...]:
        """Dimensions, a tuple."""
    @property
    def size(self) -> int:
        """Number of elements."""
    def tolist(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """The method of this name of the value."""
    @property
    def trainable(self) -> bool:
        """Whether training changes it and gradient tapes watch it."""
    @property
    def value(self) -> typing.Any:
        """The current value, a tensor."""
