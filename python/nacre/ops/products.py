"""Products of rows: powers, correlations, distances, determinants."""

from typing import Any

import numpy as np

from nacre import _core
from nacre._core import Tensor
from nacre.ops.conversion import convert_to_tensor, result_type


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """The matrix of powers of a vector.

    Args:
        x: a tensor of shape (n,).
        N: number of columns; None: n.
        increasing: whether the powers grow from left to right.

    Returns:
        A tensor of shape (n, N) of the dtype of `x`.

    Example:
        >>> from nacre import ops
        >>> ops.vander([1, 2, 3])
        Tensor([[1, 1, 1],
                [4, 2, 1],
                [9, 3, 1]], dtype=int32)
    """
    x = convert_to_tensor(x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected a vector, received the shape {x.shape}")
    count = x.shape[0] if N is None else N
    if not isinstance(count, (int, np.integer)) or count < 0:
        raise ValueError(f"vander: expected `N` of at least 0, received {N!r}")
    if count == 0:
        return _core.op("zeros")((x.shape[0], 0), x.dtype)
    # Products, not powers: the gradient is right at 0 too.
    columns = [_core.op("ones_like")(x)]
    for _ in range(count - 1):
        columns.append(columns[-1] * x)
    return _core.op("stack")(columns if increasing else columns[::-1], -1)


def corrcoef(x: Any) -> Tensor:
    """Pearson's correlation coefficients of the rows of a matrix.

    Args:
        x: a tensor of shape (variables, observations), or a vector of one variable.

    Returns:
        A tensor of shape (variables, variables) of float dtype; a scalar for a vector.

    Example:
        >>> from nacre import ops
        >>> ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
        Tensor([[ 1., -1.],
                [-1.,  1.]], dtype=float32)
    """
    op = _core.op
    x = convert_to_tensor(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"corrcoef: expected a vector or a matrix, received the shape {x.shape}")
    x = op("cast")(x, result_type(x.dtype, float))
    rows = x if x.ndim == 2 else op("expand_dims")(x, 0)
    rows = rows - op("mean")(rows, -1, True)
    covariance = op("matmul")(rows, op("transpose")(rows))
    deviation = op("sqrt")(op("sum")(rows * rows, -1))
    result = covariance / op("expand_dims")(deviation, 1) / op("expand_dims")(deviation, 0)
    result = op("clip")(result, -1.0, 1.0)
    return result if x.ndim == 2 else op("squeeze")(result)


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """The cross-correlation of two vectors: sums of x1[k + n] x2[n] over n.

    Args:
        x1: a tensor of shape (n,).
        x2: a tensor of shape (m,).
        mode: 'valid': where both overlap wholly; 'same': of the length of the longer one; 'full':
            wherever they overlap.

    Returns:
        A tensor of shape (max(n, m) - min(n, m) + 1,), (max(n, m),) or (n + m - 1,).

    Example:
        >>> from nacre import ops
        >>> ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0], mode="full")
        Tensor([1., 2., 3., 0.], dtype=float32)
    """
    op = _core.op
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if x1.ndim != 1 or x2.ndim != 1 or not x1.shape[0] or not x2.shape[0]:
        raise ValueError(
            f"correlate: expected two vectors that are not empty, received the shapes {x1.shape} "
            f"and {x2.shape}"
        )
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"correlate: expected `mode` 'valid', 'same' or 'full', received {mode!r}")
    if x1.shape[0] < x2.shape[0]:
        return op("flip")(correlate(x2, x1, mode))
    dtype = result_type(x1.dtype, x2.dtype)
    x1, x2 = op("cast")(x1, dtype), op("cast")(x2, dtype)
    n, m = x1.shape[0], x2.shape[0]
    left, right = {"valid": (0, 0), "same": (m // 2, m - 1 - m // 2), "full": (m - 1, m - 1)}[mode]
    padded = op("pad")(x1, ((left, right),))
    if _core.is_floating(dtype):
        signal = op("reshape")(padded, (1, n + left + right, 1))
        return op("reshape")(op("conv")(signal, op("reshape")(x2, (m, 1, 1))), (-1,))
    starts = np.arange(n + left + right - m + 1)
    windows = op("take")(padded, convert_to_tensor(starts[:, None] + np.arange(m), "int32"))
    return op("cast")(op("sum")(windows * x2, -1), dtype)


def cdist(x: Any, y: Any) -> Tensor:
    """The Euclidean distances of all pairs of rows.

    Args:
        x: a tensor of shape (..., m, d).
        y: a tensor of shape (..., n, d).

    Returns:
        A tensor of shape (..., m, n). Its gradient is 0 where rows are equal.

    Example:
        >>> from nacre import ops
        >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]])
        Tensor([[5., 0.]], dtype=float32)
    """
    op = _core.op
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise ValueError(
            "cdist: expected matrices with rows of one length, received the shapes "
            f"{x.shape} and {y.shape}"
        )
    difference = op("expand_dims")(x, -2) - op("expand_dims")(y, -3)
    if not _core.is_floating(difference.dtype):
        difference = op("cast")(difference, result_type(difference.dtype, float))
    squares = op("sum")(difference * difference, -1)
    apart = squares > 0.0
    root = op("sqrt")(op("where")(apart, squares, op("ones_like")(squares)))
    return op("where")(apart, root, op("zeros_like")(squares))


def psnr(x1: Any, x2: Any, max_val: float) -> Tensor:
    """The peak signal-to-noise ratio of two images, in decibels.

    Args:
        x1: a tensor.
        x2: a tensor of the same shape.
        max_val: the largest value that an image can have: 1.0 or 255.

    Returns:
        A scalar: 20 log10(max_val) - 10 log10(mean((x1 - x2)^2)); inf for equal tensors.

    Example:
        >>> from nacre import ops
        >>> round(float(ops.psnr([0.0, 1.0], [0.1, 0.9], max_val=1.0)), 3)
        20.0
    """
    op = _core.op
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if tuple(x1.shape) != tuple(x2.shape):
        raise ValueError(
            f"psnr: expected tensors of one shape, received the shapes {x1.shape} and {x2.shape}"
        )
    peak = convert_to_tensor(max_val, x2.dtype)
    error = op("mean")(op("square")(x1 - x2))
    return 20.0 * op("log10")(peak) - 10.0 * op("log10")(error)


def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """The sign of the determinant of a matrix, and the logarithm of its magnitude.

    Args:
        x: a tensor of shape (..., n, n).

    Returns:
        Two tensors of shape (...): the sign (0 for a singular matrix), the logarithm (-inf).

    Example:
        >>> from nacre import ops
        >>> ops.slogdet([[0.0, 2.0], [1.0, 0.0]])
        (Tensor(-1., dtype=float32), Tensor(0.6931472, dtype=float32))
    """
    op = _core.op
    x = convert_to_tensor(x)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"slogdet: expected square matrices, received the shape {x.shape}")
    if not _core.is_floating(x.dtype):
        x = op("cast")(x, result_type(x.dtype, float))
    # Signs by elimination, which has no gradient; magnitudes by orthogonal factors, which have.
    factors, pivots = op("lu_factor")(op("stop_gradient")(x))
    swaps = pivots != op("arange")(0, x.shape[-1], 1, pivots.dtype)
    signs = op("sign")(_diagonal(factors)) * op("where")(swaps, -1.0, 1.0)
    sign = op("cast")(op("prod")(signs, -1), x.dtype)
    triangle = op("qr")(x)[1]
    return sign, op("sum")(op("log")(op("absolute")(_diagonal(triangle))), -1)


def logdet(x: Any) -> Tensor:
    """The logarithm of the magnitude of the determinant of a matrix.

    Args:
        x: a tensor of shape (..., n, n).

    Returns:
        A tensor of shape (...).

    Example:
        >>> from nacre import ops
        >>> ops.logdet([[2.0, 0.0], [0.0, 0.5]])
        Tensor(0., dtype=float32)
    """
    return slogdet(x)[1]


def _diagonal(x: Tensor) -> Tensor:
    return _core.op("diagonal")(x, 0, -2, -1)
