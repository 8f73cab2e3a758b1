"""Ops of linear algebra: `keras.ops.linalg`.

They are the functions of `nacre.ops`, sorted by Keras into this namespace.

Example:
    >>> from nacre import ops
    >>> ops.linalg.det([[2.0, 0.0], [0.0, 3.0]])
    Tensor(6., dtype=float32)
"""

from typing import Any as _Any

from nacre.ops import _registry

_NAMES = """
    cholesky cholesky_inverse det eig eigh inv jvp lstsq lu_factor matrix_rank norm pinv qr
    solve solve_triangular svd
"""

globals().update(_registry.among_ops(_NAMES.split()))


def __getattr__(name: str) -> _Any:
    raise AttributeError(_registry.unknown_name("nacre.ops.linalg", name, globals()))


__all__ = sorted(name for name in globals() if not name.startswith("_"))
