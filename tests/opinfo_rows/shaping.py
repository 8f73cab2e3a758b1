"""Shapes: reshaping, joining, splitting, padding, diagonals."""

import numpy as np
from opinfo import ALL, FLOATS, OpInfo, calls, make, on

_DTYPES = ("bool", "int8", "int32", "int64", *FLOATS)


def _shaping(name, arguments, ref, shape=(2, 3, 4), dtypes=_DTYPES, **options):
    return OpInfo(name, calls(shape, *arguments), ref, dtypes, **options)


def _lists(*shapes, **kwargs):
    return lambda rng, dtype: [(([make(rng, s, dtype) for s in shapes],), kwargs)]


def _moved(x, *args, **kwargs):
    return np.moveaxis(x, *args, **kwargs)


def _squeeze(x, axis=None):
    return np.squeeze(x, axis)


def _pad(x, width, mode="constant", constant_values=None):
    extra = {} if constant_values is None else {"constant_values": constant_values}
    return np.pad(x, width, mode, **extra)


ROWS = [
    _shaping(
        "reshape",
        [((4, 6),), ((-1, 2),), {"newshape": (-1,)}],
        lambda x, newshape: np.reshape(x, newshape),
        errors=[
            ((np.ones((2, 3)), (4, -1)), {}, ValueError, "6 elements"),
            ((np.ones((2, 3)), (-1, -1)), {}, ValueError, "at most one -1"),
            ((np.ones((2, 3)), (5,)), {}, ValueError, r"\(2, 3\)"),
        ],
    ),
    _shaping(
        "transpose",
        [(), ((1, 2, 0),), {"axes": (0, -1, 1)}],
        np.transpose,
        errors=[((np.ones((2, 3)), (0, 0)), {}, ValueError, "permutation")],
    ),
    _shaping("ravel", [()], np.ravel),
    _shaping(
        "squeeze",
        [(), (0,), {"axis": (0, 2)}],
        _squeeze,
        shape=(1, 3, 1),
        errors=[((np.ones((2, 3)), 0), {}, ValueError, "size 1 along axis 0, received 2")],
    ),
    _shaping(
        "expand_dims",
        [(0,), (-1,), {"axis": (0, 2)}],
        np.expand_dims,
        errors=[((np.ones(2), 3), {}, ValueError, "axis")],
    ),
    _shaping(
        "broadcast_to",
        [((2, 3, 4),), ((5, 2, 3, 4),)],
        np.broadcast_to,
        shape=(3, 1),
        errors=[((np.ones(3), (2, 4)), {}, ValueError, r"\(3,\)")],
    ),
    _shaping("moveaxis", [(0, -1), ((0, 1), (2, 0))], _moved),
    _shaping("swapaxes", [(0, 2), (-1, 1)], np.swapaxes),
    _shaping("flip", [(), (1,), {"axis": (0, 2)}], np.flip),
    _shaping("fliplr", [()], np.fliplr),
    _shaping("flipud", [()], np.flipud),
    _shaping("roll", [(2,), (-1, 1), {"shift": (1, 2), "axis": (0, 2)}], np.roll),
    _shaping("rot90", [(), (2,), (3, (1, 2)), {"k": -1}], np.rot90),
    _shaping(
        "tile",
        [((2,),), ((2, 1, 3),), {"repeats": (2, 1, 1, 2)}],
        lambda x, repeats: np.tile(x, repeats),
    ),
    _shaping("repeat", [(2,), (3, 1), {"repeats": 2, "axis": -1}], np.repeat),
    _shaping(
        "pad",
        [
            (1,),
            (((1, 2), (0, 1), (2, 0)),),
            (((0, 0), (1, 1), (2, 2)), "reflect"),
            (((1, 2), (0, 0), (1, 3)), "symmetric"),
            ((1, 2), "constant", 2),
        ],
        _pad,
        errors=[
            ((np.ones(2), 1, "wrap"), {}, ValueError, "'wrap'"),
            ((np.ones(2), -1), {}, ValueError, "at least 0, received -1"),
        ],
    ),
    _shaping(
        "split",
        [(2,), (3, 1), ([1], 2), {"indices_or_sections": (1, 2), "axis": 1}],
        np.split,
        errors=[((np.ones(5), 2), {}, ValueError, "length 5")],
    ),
    _shaping("array_split", [(2,), (3, 2), ([1], 2)], np.array_split, keras=False),
    _shaping("vsplit", [(2,)], np.vsplit),
    _shaping("hsplit", [(3,), ([1],)], np.hsplit),
    _shaping("dsplit", [(2,)], np.dsplit),
    _shaping(
        "unstack",
        [(), {"axis": 1}],
        lambda x, axis=0: [np.squeeze(p, axis) for p in np.split(x, x.shape[axis], axis)],
    ),
    OpInfo(
        "concatenate",
        _lists((2, 3), (4, 3), (1, 3), axis=0),
        np.concatenate,
        ALL,
        errors=[
            (([np.ones((2, 3)), np.ones((2, 4))],), {}, ValueError, "along axis 0 only"),
            (([],), {}, ValueError, "at least one"),
        ],
    ),
    OpInfo(
        "stack",
        _lists((2, 3), (2, 3), axis=-1),
        np.stack,
        ALL,
        errors=[(([np.ones(2), np.ones(3)],), {}, ValueError, "one shape")],
    ),
    OpInfo("vstack", _lists((3,), (3,)), np.vstack, _DTYPES),
    OpInfo("hstack", _lists((2, 3), (2, 1)), np.hstack, _DTYPES),
    OpInfo("dstack", _lists((2, 3), (2, 3)), np.dstack, _DTYPES),
    OpInfo(
        "append",
        lambda rng, dtype: [
            ((make(rng, (2, 3), dtype), make(rng, (4, 3), dtype)), {}),
            ((make(rng, (2, 3), dtype), make(rng, (4, 3), dtype), 0), {}),
        ],
        np.append,
        _DTYPES,
    ),
    OpInfo(
        "meshgrid",
        lambda rng, dtype: [
            ((make(rng, (2,), dtype), make(rng, (3,), dtype)), kwargs)
            for kwargs in ({}, {"indexing": "ij"})
        ],
        np.meshgrid,
        _DTYPES,
    ),
    _shaping("diagonal", [(), (1,), {"offset": -1, "axis1": 1, "axis2": 2}], np.diagonal),
    _shaping(
        "trace",
        [(), (1,), {"offset": -1, "axis1": 1, "axis2": 2}],
        np.trace,
        dtypes=("int32", "float32", "float64"),
    ),
    _shaping("diag", [(), (1,), (-2,)], np.diag, shape=(4, 5)),
    OpInfo("diagflat", on((2, 2), k=1), np.diagflat, _DTYPES),
    _shaping(
        "tril", [(), (1,), (-1,)], np.tril, errors=[((np.ones(3),), {}, ValueError, "rank 2")]
    ),
    _shaping("triu", [(), (1,), (-1,)], np.triu),
    _shaping(
        "diff",
        [(), (2,), {"axis": 1}],
        lambda a, n=1, axis=-1: np.diff(a, n, axis),
        dtypes=("int32", "float32", "float64"),
    ),
    OpInfo(
        "trapezoid",
        lambda rng, dtype: [
            ((make(rng, (3, 5), dtype),), {"dx": 0.5}),
            ((make(rng, (3, 5), dtype), np.array([0, 1, 3, 4, 7], dtype)), {}),
        ],
        getattr(np, "trapezoid", None) or getattr(np, "trapz"),  # noqa: B009
        ("float32", "float64"),
    ),
]
