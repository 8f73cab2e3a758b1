"""Tensors made of nothing but numbers."""

import numpy as np
from opinfo import ALL, OpInfo, calls


def _calls(*samples):
    return lambda rng, dtype: [
        (args, {**kwargs, "dtype": dtype} if kwargs.pop("typed", True) else kwargs)
        for args, kwargs in ((a, dict(k)) for a, k in samples)
    ]


def _creation(name, ref, *samples, dtypes=("int32", "float32", "float64"), **options):
    return OpInfo(name, _calls(*samples), ref, dtypes, grad=False, **options)


_TYPED = ("float32", "int32", "bool")

ROWS = [
    _creation(
        "zeros",
        np.zeros,
        (((2, 3),), {}),
        (((),), {}),
        ((4,), {}),
        dtypes=_TYPED,
        errors=[(((-1, 2),), {}, ValueError, "at least 0, received -1")],
    ),
    _creation("ones", np.ones, (((2, 3),), {}), (((),), {}), dtypes=_TYPED),
    _creation("empty", np.zeros, (((2, 3),), {}), dtypes=_TYPED),
    _creation(
        "full",
        np.full,
        (((2, 3), 2), {}),
        (((2, 3), np.array([1, 2, 3])), {}),
        dtypes=("float32", "int32"),
    ),
    _creation("eye", np.eye, ((3,), {}), ((2, 4), {}), ((3, 4, -1), {}), dtypes=_TYPED),
    _creation("identity", np.identity, ((3,), {}), dtypes=_TYPED),
    _creation(
        "tri", np.tri, ((3,), {}), ((2, 4), {}), ((3, 4, -1), {}), dtypes=("float32", "int32")
    ),
    _creation(
        "arange",
        np.arange,
        ((5,), {}),
        ((2, 9, 3), {}),
        ((5, 0, -2), {}),
        errors=[((0, 1, 0), {}, ValueError, "step")],
    ),
    _creation(
        "linspace",
        np.linspace,
        ((0, 1, 5), {}),
        ((1, 3), {}),
        ((0, 1, 4, False), {}),
        dtypes=("float32", "float64"),
    ),
    _creation("logspace", np.logspace, ((0, 2, 5), {}), dtypes=("float32", "float64"), rtol=16),
    _creation("geomspace", np.geomspace, ((1, 100, 5), {}), dtypes=("float32", "float64"), rtol=16),
    OpInfo("zeros_like", calls((2, 3), (), {"dtype": "int32"}), np.zeros_like, ALL, grad=False),
    OpInfo("ones_like", calls((2, 3), (), {"dtype": "int32"}), np.ones_like, ALL, grad=False),
    OpInfo("empty_like", calls((2, 3), ()), np.zeros_like, ALL, grad=False, keras=False),
    OpInfo(
        "full_like",
        calls((2, 3), (2,), {"fill_value": 1, "dtype": "int32"}),
        np.full_like,
        ALL,
        grad=False,
    ),
]
