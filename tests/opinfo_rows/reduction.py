"""Reductions, scans and order statistics."""

import numpy as np
from opinfo import ALL, FLOATS, INTS, NUMBERS, OpInfo, calls, make

_AXES = ((), {"axis": 1}, {"axis": (0, 2)}, {"axis": -1, "keepdims": True})
_AXIS_ERROR = [((np.ones((2, 3)),), {"axis": 2}, ValueError, "axis")]


def _wide(f):
    """NumPy's reduction in float64 (or Python ints' width), so that it does not overflow."""

    def ref(x, axis=None, keepdims=False, **kwargs):
        x = np.asarray(x)
        x = x.astype(np.float64 if x.dtype.kind == "f" else np.int64) if x.dtype != bool else x
        return f(x, axis=axis, keepdims=keepdims, **kwargs)

    return ref


def _reduction(
    name, ref, dtypes=(*FLOATS, "int32", "uint8", "bool"), low=-3.0, high=3.0, **options
):
    options.setdefault("errors", _AXIS_ERROR)
    return OpInfo(name, calls((2, 3, 4), *_AXES, low=low, high=high), ref, dtypes, **options)


def _with_nan(rng, dtype):
    result = []
    for kwargs in ({}, {"axis": 1}, {"axis": (0, 2), "keepdims": True}):
        x = make(rng, (3, 4, 3), dtype, 0.5, 3)
        x[0, 1, 2] = x[2, 3, 0] = np.nan
        result.append(((x,), kwargs))
    return result


def _nan(name, ref, **options):
    return OpInfo(name, _with_nan, _wide(ref), ("float32", "float64"), grad=False, **options)


def _logsumexp(x, axis=None, keepdims=False):
    x = np.asarray(x, np.float64)
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def _arg(name, ref):
    return OpInfo(
        name,
        calls((2, 3, 4), (), {"axis": 1}, {"axis": -1, "keepdims": True}),
        ref,
        (*NUMBERS,),
        grad=False,
        errors=[((np.ones((0,)),), {}, ValueError, "at least one")],
    )


def _quantile(name, ref, scale=1.0):
    q = np.array([0.23, 0.87]) * scale
    return OpInfo(
        name,
        calls(
            (3, 5),
            (0.5 * scale,),
            (q, 1),
            (0.3 * scale, None, "lower"),
            (q, (0, 1), "nearest", True),
        ),
        lambda x, q, axis=None, method="linear", keepdims=False: ref(
            np.float64(x), np.asarray(q), axis=axis, method=method, keepdims=keepdims
        ),
        ("float32", "float64"),
        second=False,
        rtol=4,
    )


def _no_axes(f):
    return lambda x, axis=None: f(np.asarray(x), axis=axis)


ROWS = [
    _reduction("sum", _wide(np.sum), rtol=4),
    _reduction("mean", _wide(np.mean), rtol=4),
    _reduction("var", _wide(np.var), rtol=4),
    _reduction("std", _wide(np.std), rtol=4),
    _reduction("prod", _wide(np.prod), low=0.5, high=2, rtol=8),
    _reduction(
        "max",
        np.max,
        dtypes=ALL,
        errors=[((np.ones((0,)),), {}, ValueError, "at least one element"), *_AXIS_ERROR],
    ),
    _reduction("min", np.min, dtypes=ALL),
    _reduction("amax", np.max),
    _reduction("amin", np.min),
    _reduction("ptp", np.ptp, dtypes=("float32", "float64", "int32")),
    _reduction("any", np.any, dtypes=ALL, grad=False),
    _reduction("all", np.all, dtypes=ALL, grad=False),
    _reduction("logsumexp", _logsumexp, dtypes=(*FLOATS, "int32")),
    _reduction("median", _wide(np.median), dtypes=("float32", "float64", "int32"), second=False),
    OpInfo(
        "count_nonzero",
        calls((2, 3, 4), (), {"axis": 1}, {"axis": (0, 2)}),
        np.count_nonzero,
        ALL,
        grad=False,
    ),
    _arg("argmax", np.argmax),
    _arg("argmin", np.argmin),
    OpInfo(
        "average",
        lambda rng, dtype: [
            ((make(rng, (3, 4), dtype),), {}),
            ((make(rng, (3, 4), dtype),), {"axis": 1}),
            ((make(rng, (3, 4), dtype),), {"axis": 0, "weights": make(rng, (3,), dtype, 1, 2)}),
            ((make(rng, (3, 4), dtype),), {"weights": make(rng, (3, 4), dtype, 1, 2)}),
        ],
        lambda x, axis=None, weights=None: np.average(np.float64(x), axis, weights),
        ("float32", "float64", "int32"),
    ),
    OpInfo("cumsum", calls((3, 4), (), (0,), {"axis": 1}), _no_axes(np.cumsum), NUMBERS, rtol=4),
    OpInfo(
        "cumprod",
        calls((3, 4), (), (0,), {"axis": 1}, low=0.5, high=2),
        _no_axes(np.cumprod),
        FLOATS,
        rtol=8,
    ),
    OpInfo("nancumsum", calls((3, 4), (), (0,)), _no_axes(np.nancumsum), ("float32", "float64")),
    OpInfo(
        "nancumprod",
        calls((3, 4), (), (0,), low=0.5, high=2),
        _no_axes(np.nancumprod),
        ("float32", "float64"),
    ),
    _nan("nansum", np.nansum),
    _nan("nanmean", np.nanmean),
    _nan("nanprod", np.nanprod, rtol=4),
    _nan("nanvar", np.nanvar),
    _nan("nanstd", np.nanstd),
    _nan("nanmax", np.nanmax),
    _nan("nanmin", np.nanmin),
    _nan("nanmedian", np.nanmedian),
    OpInfo(
        "nanargmax",
        lambda rng, dtype: _with_nan(rng, dtype)[:2],
        np.nanargmax,
        ("float32",),
        grad=False,
    ),
    OpInfo(
        "nanargmin",
        lambda rng, dtype: _with_nan(rng, dtype)[:2],
        np.nanargmin,
        ("float32",),
        grad=False,
    ),
    _quantile("quantile", np.quantile),
    _quantile("percentile", np.percentile, 100.0),
    _quantile("nanquantile", np.nanquantile),
    _quantile("nanpercentile", np.nanpercentile, 100.0),
    OpInfo("sort", calls((3, 4), (), (0,), {"axis": 1}), np.sort, ALL),
    OpInfo(
        "argsort",
        calls((3, 7), (), (0,)),
        lambda x, axis=-1: np.argsort(x, axis, kind="stable"),
        NUMBERS,
        grad=False,
    ),
    OpInfo("argpartition", calls((3, 7), (2,)), None, ("float32",), grad=False, keras=False),
    OpInfo(
        "top_k",
        calls((3, 7), (2,), {"k": 7}),
        lambda x, k: (
            np.sort(x, -1)[..., ::-1][..., :k],
            np.argsort(-x, -1, kind="stable")[..., :k],
        ),
        FLOATS,
        errors=[((np.ones(3), 4), {}, ValueError, r"expected k in \[0, 3\], received 4")],
        keras=False,
    ),
    OpInfo(
        "in_top_k",
        lambda rng, dtype: [
            ((rng.integers(0, 5, 6).astype("int32"), make(rng, (6, 5), dtype), 2), {})
        ],
        lambda t, p, k: (p > np.take_along_axis(p, t[:, None], 1)).sum(1) < k,
        ("float32",),
        grad=False,
    ),
    OpInfo(
        "searchsorted",
        lambda rng, dtype: [
            ((np.sort(make(rng, (6,), dtype)), make(rng, (3, 4), dtype)), {}),
            ((np.sort(make(rng, (6,), dtype)), make(rng, (5,), dtype), "right"), {}),
        ],
        np.searchsorted,
        (*INTS, "float32", "float64"),
        grad=False,
        errors=[
            ((np.ones((2, 2)), np.ones(2)), {}, ValueError, "rank 1"),
            ((np.ones(2), np.ones(2), "middle"), {}, ValueError, "'middle'"),
        ],
    ),
    OpInfo(
        "digitize",
        lambda rng, dtype: [
            ((make(rng, (3, 4), dtype), np.array([-2.0, 0.0, 1.0], "float32")), {})
        ],
        np.digitize,
        ("float32", "float64"),
        grad=False,
    ),
    OpInfo(
        "unique",
        lambda rng, dtype: [
            ((make(rng, (9,), dtype),), {}),
            (
                (make(rng, (9,), dtype),),
                {"return_index": True, "return_inverse": True, "return_counts": True},
            ),
        ],
        lambda x, **kwargs: np.unique(x, **kwargs),
        INTS,
        grad=False,
        plan=False,
    ),
    OpInfo("nonzero", calls((3, 4), ()), np.nonzero, ALL, grad=False, plan=False),
    OpInfo(
        "bincount",
        lambda rng, dtype: [
            ((make(rng, (9,), dtype, 0, 5),), {}),
            ((make(rng, (9,), dtype, 0, 5),), {"minlength": 8}),
            ((make(rng, (9,), dtype, 0, 5), make(rng, (9,), "float32")), {}),
        ],
        np.bincount,
        ("int32", "int64", "uint8"),
        grad=False,
        plan=False,
        errors=[((np.array([-1]),), {}, ValueError, "at least 0, received -1")],
    ),
    OpInfo(
        "histogram",
        lambda rng, dtype: [
            ((make(rng, (20,), dtype),), {}),
            ((make(rng, (20,), dtype),), {"bins": 4, "range": (-1.0, 2.0)}),
        ],
        np.histogram,
        ("float32",),
        grad=False,
        plan=False,
        keras=False,
    ),
]
