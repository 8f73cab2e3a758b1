"""Linear algebra."""

import numpy as np
from opinfo import OpInfo, calls, make

_FLOATS = ("float32", "float64")


def _square(batch=(), n=3, more=0.0, positive=False):
    """Well-conditioned matrices: random ones plus a multiple of the identity."""

    def one(rng, dtype):
        x = make(rng, (*batch, n, n), dtype, -1, 1)
        if positive:
            x = x @ np.swapaxes(x, -1, -2)
        return x + np.eye(n, dtype=dtype) * dtype_of(dtype)(more)

    return one


def dtype_of(dtype):
    return np.dtype(dtype).type


def _samples(*makers, **kwargs):
    return lambda rng, dtype: [((m(rng, dtype),), kwargs) for m in makers]


def _positive(*kwargs):
    one = _square((2,), positive=True, more=1)
    return lambda rng, dtype: [((one(rng, dtype),), k) for k in kwargs]


def _systems(triangular=False):
    def samples(rng, dtype):
        a = _square((), 3, 3)(rng, dtype)
        batch = _square((2,), 3, 3)(rng, dtype)
        kwargs = [{}, {"lower": True}] if triangular else [{}]
        return [
            ((matrix, make(rng, shape, dtype)), k)
            for k in kwargs
            for matrix, shape in ((a, (3,)), (a, (3, 2)), (batch, (2, 3, 2)))
        ]

    return samples


def _solve_triangular(a, b, lower=False):
    return np.linalg.solve(np.tril(a) if lower else np.triu(a), b)


def _lu(x):
    lu, pivots = np.array(x), []
    for k in range(min(x.shape)):
        p = k + int(np.argmax(np.abs(lu[k:, k])))
        lu[[k, p]] = lu[[p, k]]
        pivots.append(p)
        lu[k + 1 :, k] /= lu[k, k]
        lu[k + 1 :, k + 1 :] -= np.outer(lu[k + 1 :, k], lu[k, k + 1 :])
    return lu, np.array(pivots, "int32")


_NORMS = [
    {},
    {"axis": 0},
    {"ord": 1, "axis": -1},
    {"ord": 3, "axis": 1, "keepdims": True},
    {"ord": np.inf, "axis": 0},
    {"ord": -np.inf, "axis": 1},
    {"ord": "fro", "axis": (0, 1)},
    {"ord": 1, "axis": (0, 1)},
    {"ord": -1, "axis": (1, 0)},
    {"ord": np.inf, "axis": (0, 1)},
    {"ord": 2, "axis": (0, 1)},
    {"ord": "nuc", "axis": (0, 1), "keepdims": True},
]
_NOT_SQUARE = ((np.ones((2, 3)),), {}, ValueError, r"square matrices, received \(2, 3\)")
_SINGULAR = "singular one"

ROWS = [
    OpInfo(
        "cholesky",
        _positive({}, {"upper": True}),
        lambda x, upper=False: (
            np.swapaxes(np.linalg.cholesky(x), -1, -2) if upper else np.linalg.cholesky(x)
        ),
        _FLOATS,
        rtol=8,
        errors=[_NOT_SQUARE, ((-np.eye(2),), {}, ValueError, "positive definite")],
    ),
    OpInfo(
        "cholesky_inverse",
        lambda rng, dtype: [((np.tril(_square((), 3, 3)(rng, dtype)),), {})],
        lambda f: np.linalg.inv(f @ f.T),
        _FLOATS,
        rtol=8,
    ),
    OpInfo(
        "det",
        _samples(_square(), _square((2,), 4)),
        np.linalg.det,
        _FLOATS,
        rtol=8,
        errors=[_NOT_SQUARE],
    ),
    OpInfo(
        "inv",
        _samples(_square((), 3, 3), _square((2,), 4, 3)),
        np.linalg.inv,
        _FLOATS,
        rtol=8,
        errors=[_NOT_SQUARE, ((np.zeros((2, 2)),), {}, ValueError, _SINGULAR)],
    ),
    OpInfo(
        "solve",
        _systems(),
        np.linalg.solve,
        _FLOATS,
        rtol=8,
        errors=[
            ((np.zeros((2, 2)), np.ones(2)), {}, ValueError, _SINGULAR),
            ((np.eye(2), np.ones(3)), {}, ValueError, "b with 2 rows, received 3"),
        ],
    ),
    OpInfo(
        "solve_triangular",
        _systems(True),
        _solve_triangular,
        _FLOATS,
        rtol=8,
        errors=[((np.zeros((2, 2)), np.ones(2)), {}, ValueError, "diagonal without zeros")],
    ),
    OpInfo(
        "lu_factor",
        lambda rng, dtype: [((make(rng, shape, dtype),), {}) for shape in ((4, 4), (2, 3, 3))],
        lambda x: _lu(x) if x.ndim == 2 else tuple(map(np.stack, zip(*map(_lu, x), strict=True))),
        _FLOATS,
        rtol=16,
    ),
    OpInfo(
        "qr",
        calls((5, 3), (), {"mode": "reduced"}),
        lambda x, mode="reduced": np.linalg.qr(x),
        _FLOATS,
        rtol=8,
        errors=[((np.eye(2), "full"), {}, ValueError, "mode 'reduced' or 'complete'")],
    ),
    # The sign of an eigenvector is free; the C++ tests check that the matrix comes back.
    OpInfo("eigh", _positive({}), None, _FLOATS, second=False, keras=False, errors=[_NOT_SQUARE]),
    OpInfo(
        "svd",
        calls((4, 3), {"compute_uv": False}),
        lambda x, compute_uv: np.linalg.svd(x, compute_uv=False),
        _FLOATS,
        rtol=8,
        second=False,
        errors=[((np.full((2, 2), np.nan),), {}, ValueError, "NaN")],
    ),
    OpInfo(
        "norm",
        calls((3, 4), *_NORMS),
        np.linalg.norm,
        _FLOATS,
        rtol=8,
        second=False,
        errors=[
            ((np.ones((2, 2)),), {"ord": "frob", "axis": (0, 1)}, ValueError, "'fro' or 'nuc'"),
            ((np.ones((2, 2, 2)),), {"ord": 2}, ValueError, "one axis or two"),
        ],
    ),
    OpInfo(
        "lstsq",
        lambda rng, dtype: [((make(rng, (5, 3), dtype), make(rng, (5,), dtype)), {})],
        lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0],
        _FLOATS,
        grad=False,
        rtol=32,
    ),
    OpInfo("pinv", calls((5, 3), ()), np.linalg.pinv, _FLOATS, grad=False, rtol=32),
    OpInfo(
        "matrix_rank",
        lambda rng, dtype: [((np.ones((4, 3), dtype),), {}), ((make(rng, (4, 3), dtype),), {})],
        np.linalg.matrix_rank,
        _FLOATS,
        grad=False,
    ),
]
