# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.
import collections.abc
import typing

from nacre._core import Tensor
from nacre._core import Tensor as KerasTensor
from nacre.ops.conversion import arange as arange
from nacre.ops.conversion import array as array
from nacre.ops.conversion import convert_to_numpy as convert_to_numpy
from nacre.ops.conversion import convert_to_tensor as convert_to_tensor
from nacre.ops.conversion import dtype as dtype
from nacre.ops.conversion import is_tensor as is_tensor
from nacre.ops.conversion import ndim as ndim
from nacre.ops.conversion import result_type as result_type
from nacre.ops.conversion import shape as shape
from nacre.ops.conversion import size as size

def __getattr__(name: str) -> typing.Any: ...
def abs(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def absolute(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def acos(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def acosh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def add(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def all(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def amax(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def amin(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def angle(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def any(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def arccos(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def arccosh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def arcsin(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def arcsinh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def arctan(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def arctan2(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def arctanh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def argmax(x: typing.Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def argmin(x: typing.Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def asin(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def asinh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def atan(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def atan2(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def atanh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def average_pool(inputs: typing.Any, pool_size: int | collections.abc.Sequence[int], strides: int | collections.abc.Sequence[int] | None = None, padding: str = 'valid', data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def batch_normalization(x: typing.Any, mean: typing.Any, variance: typing.Any, axis: int, offset: typing.Any = None, scale: typing.Any = None, epsilon: float = 0.001) -> Tensor:
    """An op: a function of tensors."""
def binary_crossentropy(target: typing.Any, output: typing.Any, from_logits: bool = False) -> Tensor:
    """An op: a function of tensors."""
def broadcast_to(x: typing.Any, shape: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def cast(x: typing.Any, dtype: str) -> Tensor:
    """An op: a function of tensors."""
def categorical_crossentropy(target: typing.Any, output: typing.Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def cbrt(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def ceil(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def celu(x: typing.Any, alpha: float = 1.0) -> Tensor:
    """An op: a function of tensors."""
def cholesky(x: typing.Any, upper: bool = False) -> Tensor:
    """An op: a function of tensors."""
def cholesky_inverse(x: typing.Any, upper: bool = False) -> Tensor:
    """An op: a function of tensors."""
def concat(xs: collections.abc.Sequence[typing.Any], axis: int = 0) -> Tensor:
    """An op: a function of tensors."""
def concatenate(xs: collections.abc.Sequence[typing.Any], axis: int = 0) -> Tensor:
    """An op: a function of tensors."""
def conv(inputs: typing.Any, kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def conv_transpose(inputs: typing.Any, kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', output_padding: int | collections.abc.Sequence[int] | None = None, data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def copysign(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def cos(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def cosh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def depthwise_conv(inputs: typing.Any, kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def det(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def digamma(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def divide(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def eigh(x: typing.Any) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def elu(x: typing.Any, alpha: float = 1.0) -> Tensor:
    """An op: a function of tensors."""
def equal(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def erf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def erfinv(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def exp(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def exp2(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def expand_dims(x: typing.Any, axis: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def expm1(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def floor(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def floor_divide(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def gelu(x: typing.Any, approximate: bool = True) -> Tensor:
    """An op: a function of tensors."""
def gelu_exact(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def gelu_tanh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def glu(x: typing.Any, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def greater(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def greater_equal(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def hard_shrink(x: typing.Any, threshold: float = 0.5) -> Tensor:
    """An op: a function of tensors."""
def hard_sigmoid(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def hard_silu(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def hard_swish(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def hard_tanh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def hypot(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def inv(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isfinite(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isinf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isnan(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isneginf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isposinf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def layer_normalization(x: typing.Any, gamma: typing.Any = None, beta: typing.Any = None, axis: int | collections.abc.Sequence[int] = (-1,), epsilon: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def leaky_relu(x: typing.Any, negative_slope: float = 0.2) -> Tensor:
    """An op: a function of tensors."""
def less(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def less_equal(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def lgamma(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def log(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def log10(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def log1p(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def log2(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def log_sigmoid(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def log_softmax(x: typing.Any, axis: int | collections.abc.Sequence[int] = (-1,)) -> Tensor:
    """An op: a function of tensors."""
def logaddexp(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_and(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_not(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_or(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_xor(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logsumexp(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def lstsq(a: typing.Any, b: typing.Any, rcond: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def lu_factor(x: typing.Any) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def matmul(x1: typing.Any, x2: typing.Any, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
    """An op: a function of tensors."""
def matrix_rank(x: typing.Any, tol: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def max(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def max_pool(inputs: typing.Any, pool_size: int | collections.abc.Sequence[int], strides: int | collections.abc.Sequence[int] | None = None, padding: str = 'valid', data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def maximum(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def mean(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def min(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def minimum(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def mish(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def mod(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def moments(x: typing.Any, axes: int | collections.abc.Sequence[int], keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def multiply(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def negative(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def nextafter(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def norm(x: typing.Any, ord: int | float | str | None = None, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def normalize(x: typing.Any, axis: int | collections.abc.Sequence[int] = (-1,), order: int = 2, epsilon: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def not_equal(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def permute_dims(x: typing.Any, axes: int | collections.abc.Sequence[int] | None = None) -> Tensor:
    """An op: a function of tensors."""
def pinv(x: typing.Any, rcond: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def pow(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def power(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def prod(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def qr(x: typing.Any, mode: str = 'reduced') -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def reciprocal(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def reduce_prod(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def relu(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def relu6(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def reshape(x: typing.Any, newshape: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def rint(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def rms_normalization(x: typing.Any, scale: typing.Any = None, axis: int | collections.abc.Sequence[int] = (-1,), epsilon: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def rsqrt(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def selu(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def separable_conv(inputs: typing.Any, depthwise_kernel: typing.Any, pointwise_kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def sigmoid(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sign(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def silu(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sin(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sinh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def soft_shrink(x: typing.Any, threshold: float = 0.5) -> Tensor:
    """An op: a function of tensors."""
def soft_sign(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def softmax(x: typing.Any, axis: int | collections.abc.Sequence[int] = (-1,)) -> Tensor:
    """An op: a function of tensors."""
def softplus(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def solve(a: typing.Any, b: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def solve_triangular(a: typing.Any, b: typing.Any, lower: bool = False) -> Tensor:
    """An op: a function of tensors."""
def sparse_categorical_crossentropy(target: typing.Any, output: typing.Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def sparse_plus(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sparse_sigmoid(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sparsemax(x: typing.Any, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def sqrt(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def square(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def squareplus(x: typing.Any, b: float = 4.0) -> Tensor:
    """An op: a function of tensors."""
def squeeze(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None) -> Tensor:
    """An op: a function of tensors."""
def stack(x: collections.abc.Sequence[typing.Any], axis: int = 0) -> Tensor:
    """An op: a function of tensors."""
def std(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def stop_gradient(variable: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def subtract(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sum(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def svd(x: typing.Any, full_matrices: bool = True, compute_uv: bool = True) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def swish(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def tan(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def tanh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def tanh_shrink(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def threshold(x: typing.Any, threshold: float, default_value: float) -> Tensor:
    """An op: a function of tensors."""
def transpose(x: typing.Any, axes: int | collections.abc.Sequence[int] | None = None) -> Tensor:
    """An op: a function of tensors."""
def true_divide(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def trunc(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def var(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
