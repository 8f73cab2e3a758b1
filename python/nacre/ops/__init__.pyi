# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.
import collections.abc
import typing

from nacre._core import Tensor
from nacre._core import Tensor as KerasTensor
from nacre.ops.conversion import array as array
from nacre.ops.control_flow import associative_scan as associative_scan
from nacre.ops.windows import bartlett as bartlett
from nacre.ops.windows import blackman as blackman
from nacre.ops.symbolic import broadcast_shapes as broadcast_shapes
from nacre.ops.symbolic import broadcast_tensors as broadcast_tensors
from nacre.ops.products import cdist as cdist
from nacre.ops.symbolic import compute_output_spec as compute_output_spec
from nacre.ops.control_flow import cond as cond
from nacre.ops.conversion import convert_to_numpy as convert_to_numpy
from nacre.ops.conversion import convert_to_tensor as convert_to_tensor
from nacre.ops.products import corrcoef as corrcoef
from nacre.ops.products import correlate as correlate
from nacre.autograd.custom import custom_gradient as custom_gradient
from nacre.ops.blocks import depth_to_space as depth_to_space
from nacre.ops.conversion import dtype as dtype
from nacre.ops.blocks import extract_sequences as extract_sequences
from nacre.ops.blocks import fold as fold
from nacre.ops.control_flow import fori_loop as fori_loop
from nacre.ops.blocks import get_item as get_item
from nacre.ops.windows import hamming as hamming
from nacre.ops.windows import hanning as hanning
from nacre.ops.windows import i0 as i0
from nacre.ops import image as image
from nacre.ops.conversion import is_tensor as is_tensor
from nacre.ops.signal import istft as istft
from nacre.autograd.transforms import jvp as jvp
from nacre.ops.windows import kaiser as kaiser
from nacre.ops import linalg as linalg
from nacre.ops.products import logdet as logdet
from nacre.ops.control_flow import map as map
from nacre.ops.conversion import ndim as ndim
from nacre.ops import nn as nn
from nacre.ops import numpy as numpy
from nacre.ops.symbolic import placeholder as placeholder
from nacre.ops.products import psnr as psnr
from nacre.ops.blocks import rearrange as rearrange
from nacre.ops.conversion import result_type as result_type
from nacre.ops.symbolic import saturate_cast as saturate_cast
from nacre.ops.control_flow import scan as scan
from nacre.ops.control_flow import select as select
from nacre.ops.conversion import shape as shape
from nacre.ops.conversion import size as size
from nacre.ops.products import slogdet as slogdet
from nacre.ops.blocks import space_to_depth as space_to_depth
from nacre.ops.signal import stft as stft
from nacre.autograd.custom import stop_gradient as stop_gradient
from nacre.ops.control_flow import switch as switch
from nacre.ops.blocks import unfold as unfold
from nacre.ops.products import vander as vander
from nacre.ops.vectorize import vectorize as vectorize
from nacre.ops.control_flow import vectorized_map as vectorized_map
from nacre.ops.control_flow import while_loop as while_loop

def __getattr__(name: str) -> typing.Any: ...
def abs(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def absolute(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def acos(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def acosh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def adaptive_average_pool(inputs: typing.Any, output_size: int | collections.abc.Sequence[int], data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def adaptive_max_pool(inputs: typing.Any, output_size: int | collections.abc.Sequence[int], data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def add(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def all(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def allclose(x1: typing.Any, x2: typing.Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """An op: a function of tensors."""
def amax(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def amin(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def angle(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def any(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def append(x1: typing.Any, x2: typing.Any, axis: int | None = None) -> Tensor:
    """An op: a function of tensors."""
def arange(start: typing.Any, stop: typing.Any = None, step: typing.Any = None, dtype: str | None = None) -> Tensor:
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
def argpartition(x: typing.Any, kth: int, axis: int | None = -1) -> Tensor:
    """An op: a function of tensors."""
def argsort(x: typing.Any, axis: int | None = -1) -> Tensor:
    """An op: a function of tensors."""
def array_split(x: typing.Any, indices_or_sections: int | collections.abc.Sequence[int], axis: int = 0) -> list[Tensor]:
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
def average(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, weights: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def average_pool(inputs: typing.Any, pool_size: int | collections.abc.Sequence[int], strides: int | collections.abc.Sequence[int] | None = None, padding: str = 'valid', data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def batch_normalization(x: typing.Any, mean: typing.Any, variance: typing.Any, axis: int, offset: typing.Any = None, scale: typing.Any = None, epsilon: float = 0.001) -> Tensor:
    """An op: a function of tensors."""
def binary_crossentropy(target: typing.Any, output: typing.Any, from_logits: bool = False) -> Tensor:
    """An op: a function of tensors."""
def bincount(x: typing.Any, weights: typing.Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """An op: a function of tensors."""
def bitwise_and(x: typing.Any, y: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def bitwise_invert(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def bitwise_left_shift(x: typing.Any, y: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def bitwise_not(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def bitwise_or(x: typing.Any, y: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def bitwise_right_shift(x: typing.Any, y: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def bitwise_xor(x: typing.Any, y: typing.Any) -> Tensor:
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
def clip(x: typing.Any, x_min: typing.Any, x_max: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def concat(xs: collections.abc.Sequence[typing.Any], axis: int = 0) -> Tensor:
    """An op: a function of tensors."""
def concatenate(xs: collections.abc.Sequence[typing.Any], axis: int = 0) -> Tensor:
    """An op: a function of tensors."""
def conj(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def conjugate(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def conv(inputs: typing.Any, kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def conv_transpose(inputs: typing.Any, kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', output_padding: int | collections.abc.Sequence[int] | None = None, data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def copy(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def cos(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def cosh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def count_nonzero(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None) -> Tensor:
    """An op: a function of tensors."""
def cross(x1: typing.Any, x2: typing.Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """An op: a function of tensors."""
def ctc_decode(inputs: typing.Any, sequence_lengths: typing.Any, strategy: str = 'greedy', beam_width: int = 100, top_paths: int = 1, merge_repeated: bool = True, mask_index: int = 0) -> Tensor:
    """An op: a function of tensors."""
def ctc_loss(target: typing.Any, output: typing.Any, target_length: typing.Any, output_length: typing.Any, mask_index: int = 0) -> Tensor:
    """An op: a function of tensors."""
def cumprod(x: typing.Any, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def cumsum(x: typing.Any, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def deg2rad(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def depthwise_conv(inputs: typing.Any, kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def det(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def diag(x: typing.Any, k: int = 0) -> Tensor:
    """An op: a function of tensors."""
def diagflat(x: typing.Any, k: int = 0) -> Tensor:
    """An op: a function of tensors."""
def diagonal(x: typing.Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """An op: a function of tensors."""
def diff(a: typing.Any, n: int = 1, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def digitize(x: typing.Any, bins: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def divide(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def divide_no_nan(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def dot(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def dot_product_attention(query: typing.Any, key: typing.Any, value: typing.Any, bias: typing.Any = None, mask: typing.Any = None, scale: float | None = None, is_causal: bool = False, flash_attention: bool | None = None, attn_logits_soft_cap: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def dsplit(x: typing.Any, indices_or_sections: int | collections.abc.Sequence[int]) -> list[Tensor]:
    """An op: a function of tensors."""
def dstack(xs: collections.abc.Sequence[typing.Any]) -> Tensor:
    """An op: a function of tensors."""
def eigh(x: typing.Any) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def einsum(subscripts: str, operands: collections.abc.Sequence[typing.Any]) -> Tensor:
    """An op: a function of tensors."""
def elu(x: typing.Any, alpha: float = 1.0) -> Tensor:
    """An op: a function of tensors."""
def empty(shape: int | collections.abc.Sequence[int], dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def empty_like(x: typing.Any, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def equal(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def erf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def erfc(x: typing.Any) -> Tensor:
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
def eye(N: int, M: int | None = None, k: int = 0, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def fabs(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def fft(x: collections.abc.Sequence[typing.Any]) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def fft2(x: collections.abc.Sequence[typing.Any]) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def flip(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None) -> Tensor:
    """An op: a function of tensors."""
def fliplr(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def flipud(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def floor(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def floor_divide(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def fmax(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def fmin(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def fmod(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def full(shape: int | collections.abc.Sequence[int], fill_value: typing.Any, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def full_like(x: typing.Any, fill_value: typing.Any, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def gcd(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def gelu(x: typing.Any, approximate: bool = True) -> Tensor:
    """An op: a function of tensors."""
def geomspace(start: typing.Any, stop: typing.Any, num: int = 50, endpoint: bool = True, dtype: str | None = None, axis: int = 0) -> Tensor:
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
def heaviside(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def histogram(x: typing.Any, bins: int = 10, range: float | collections.abc.Sequence[float] | None = None) -> Tensor:
    """An op: a function of tensors."""
def hsplit(x: typing.Any, indices_or_sections: int | collections.abc.Sequence[int]) -> list[Tensor]:
    """An op: a function of tensors."""
def hstack(xs: collections.abc.Sequence[typing.Any]) -> Tensor:
    """An op: a function of tensors."""
def hypot(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def identity(n: int, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def ifft2(x: collections.abc.Sequence[typing.Any]) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def imag(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def in_top_k(targets: typing.Any, predictions: typing.Any, k: int) -> Tensor:
    """An op: a function of tensors."""
def inner(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def inv(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def invert(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def irfft(x: collections.abc.Sequence[typing.Any], fft_length: int | None = None) -> Tensor:
    """An op: a function of tensors."""
def isclose(x1: typing.Any, x2: typing.Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """An op: a function of tensors."""
def isfinite(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isin(x1: typing.Any, x2: typing.Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """An op: a function of tensors."""
def isinf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isnan(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isneginf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isposinf(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def isreal(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def kron(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def layer_normalization(x: typing.Any, gamma: typing.Any = None, beta: typing.Any = None, axis: int | collections.abc.Sequence[int] = (-1,), epsilon: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def lcm(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def ldexp(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def leaky_relu(x: typing.Any, negative_slope: float = 0.2) -> Tensor:
    """An op: a function of tensors."""
def left_shift(x: typing.Any, y: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def less(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def less_equal(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def linspace(start: typing.Any, stop: typing.Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: str | None = None, axis: int = 0) -> Tensor:
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
def logaddexp2(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_and(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_not(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_or(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logical_xor(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def logspace(start: typing.Any, stop: typing.Any, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: str | None = None, axis: int = 0) -> Tensor:
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
def median(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def meshgrid(x: collections.abc.Sequence[typing.Any], indexing: str = 'xy') -> list[Tensor]:
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
def moveaxis(x: typing.Any, source: int | collections.abc.Sequence[int], destination: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def multi_hot(inputs: typing.Any, num_classes: int | None = None, axis: int = -1, dtype: str | None = None, sparse: bool = False) -> Tensor:
    """An op: a function of tensors."""
def multiply(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def nan_to_num(x: typing.Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def nanargmax(x: typing.Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanargmin(x: typing.Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nancumprod(x: typing.Any, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def nancumsum(x: typing.Any, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def nanmax(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanmean(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanmedian(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanmin(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanpercentile(x: typing.Any, q: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, method: str = 'linear', keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanprod(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanquantile(x: typing.Any, q: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, method: str = 'linear', keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanstd(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nansum(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def nanvar(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def negative(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def nextafter(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def nonzero(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def norm(x: typing.Any, ord: int | float | str | None = None, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def normalize(x: typing.Any, axis: int | collections.abc.Sequence[int] = (-1,), order: int = 2, epsilon: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def not_equal(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def one_hot(x: typing.Any, num_classes: int, axis: int = -1, dtype: str | None = None, sparse: bool = False) -> Tensor:
    """An op: a function of tensors."""
def ones(shape: int | collections.abc.Sequence[int], dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def ones_like(x: typing.Any, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def outer(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def pad(x: typing.Any, pad_width: int | collections.abc.Sequence[int], mode: str = 'constant', constant_values: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def percentile(x: typing.Any, q: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, method: str = 'linear', keepdims: bool = False) -> Tensor:
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
def ptp(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def qr(x: typing.Any, mode: str = 'reduced') -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def quantile(x: typing.Any, q: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, method: str = 'linear', keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def rad2deg(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def ravel(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def real(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def reciprocal(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def relu(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def relu6(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def repeat(x: typing.Any, repeats: int | collections.abc.Sequence[int], axis: int | None = None) -> Tensor:
    """An op: a function of tensors."""
def reshape(x: typing.Any, newshape: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def rfft(x: typing.Any, fft_length: int | None = None) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def right_shift(x: typing.Any, y: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def rms_normalization(x: typing.Any, scale: typing.Any = None, axis: int | collections.abc.Sequence[int] = (-1,), epsilon: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def roll(x: typing.Any, shift: int | collections.abc.Sequence[int], axis: int | collections.abc.Sequence[int] | None = None) -> Tensor:
    """An op: a function of tensors."""
def rot90(array: typing.Any, k: int = 1, axes: int | collections.abc.Sequence[int] = (0, 1)) -> Tensor:
    """An op: a function of tensors."""
def round(x: typing.Any, decimals: int = 0) -> Tensor:
    """An op: a function of tensors."""
def rsqrt(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def scatter(indices: typing.Any, values: typing.Any, shape: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def scatter_update(inputs: typing.Any, indices: typing.Any, updates: typing.Any, reduction: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def searchsorted(sorted_sequence: typing.Any, values: typing.Any, side: str = 'left') -> Tensor:
    """An op: a function of tensors."""
def segment_max(data: typing.Any, segment_ids: typing.Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """An op: a function of tensors."""
def segment_min(data: typing.Any, segment_ids: typing.Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """An op: a function of tensors."""
def segment_prod(data: typing.Any, segment_ids: typing.Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """An op: a function of tensors."""
def segment_sum(data: typing.Any, segment_ids: typing.Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """An op: a function of tensors."""
def selu(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def separable_conv(inputs: typing.Any, depthwise_kernel: typing.Any, pointwise_kernel: typing.Any, strides: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,)) -> Tensor:
    """An op: a function of tensors."""
def sigmoid(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sign(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def signbit(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def silu(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sin(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sinc(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sinh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def slice(inputs: typing.Any, start_indices: typing.Any, shape: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def slice_update(inputs: typing.Any, start_indices: typing.Any, updates: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def soft_shrink(x: typing.Any, threshold: float = 0.5) -> Tensor:
    """An op: a function of tensors."""
def softmax(x: typing.Any, axis: int | collections.abc.Sequence[int] = (-1,)) -> Tensor:
    """An op: a function of tensors."""
def softplus(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def softsign(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def solve(a: typing.Any, b: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def solve_triangular(a: typing.Any, b: typing.Any, lower: bool = False) -> Tensor:
    """An op: a function of tensors."""
def sort(x: typing.Any, axis: int | None = -1) -> Tensor:
    """An op: a function of tensors."""
def sparse_categorical_crossentropy(target: typing.Any, output: typing.Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def sparse_plus(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sparse_sigmoid(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sparsemax(x: typing.Any, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def split(x: typing.Any, indices_or_sections: int | collections.abc.Sequence[int], axis: int = 0) -> list[Tensor]:
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
def subtract(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def sum(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def svd(x: typing.Any, full_matrices: bool = True, compute_uv: bool = True) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def swapaxes(x: typing.Any, axis1: int, axis2: int) -> Tensor:
    """An op: a function of tensors."""
def swish(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def take(x: typing.Any, indices: typing.Any, axis: int | None = None) -> Tensor:
    """An op: a function of tensors."""
def take_along_axis(x: typing.Any, indices: typing.Any, axis: int | None = None) -> Tensor:
    """An op: a function of tensors."""
def tan(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def tanh(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def tanh_shrink(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def tensordot(x1: typing.Any, x2: typing.Any, axes: int | collections.abc.Sequence[int] = 2) -> Tensor:
    """An op: a function of tensors."""
def threshold(x: typing.Any, threshold: float, default_value: float) -> Tensor:
    """An op: a function of tensors."""
def tile(x: typing.Any, repeats: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def top_k(x: typing.Any, k: int, sorted: bool = True) -> tuple[Tensor, ...]:
    """An op: a function of tensors."""
def trace(x: typing.Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """An op: a function of tensors."""
def transpose(x: typing.Any, axes: int | collections.abc.Sequence[int] | None = None) -> Tensor:
    """An op: a function of tensors."""
def trapezoid(y: typing.Any, x: typing.Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """An op: a function of tensors."""
def tri(N: int, M: int | None = None, k: int = 0, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def tril(x: typing.Any, k: int = 0) -> Tensor:
    """An op: a function of tensors."""
def triu(x: typing.Any, k: int = 0) -> Tensor:
    """An op: a function of tensors."""
def true_divide(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def trunc(x: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def unique(x: typing.Any, sorted: bool = True, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: int | None = None, size: int | None = None, fill_value: float | None = None) -> Tensor:
    """An op: a function of tensors."""
def unravel_index(indices: typing.Any, shape: int | collections.abc.Sequence[int]) -> Tensor:
    """An op: a function of tensors."""
def unstack(x: typing.Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """An op: a function of tensors."""
def var(x: typing.Any, axis: int | collections.abc.Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """An op: a function of tensors."""
def vdot(x1: typing.Any, x2: typing.Any) -> Tensor:
    """An op: a function of tensors."""
def view(x: typing.Any, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def vsplit(x: typing.Any, indices_or_sections: int | collections.abc.Sequence[int]) -> list[Tensor]:
    """An op: a function of tensors."""
def vstack(xs: collections.abc.Sequence[typing.Any]) -> Tensor:
    """An op: a function of tensors."""
def where(condition: typing.Any, x1: typing.Any = None, x2: typing.Any = None) -> Tensor:
    """An op: a function of tensors."""
def zeros(shape: int | collections.abc.Sequence[int], dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def zeros_like(x: typing.Any, dtype: str | None = None) -> Tensor:
    """An op: a function of tensors."""
