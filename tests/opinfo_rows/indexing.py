"""Indexing, gathering, scattering, classes."""

import numpy as np
from opinfo import FLOATS, OpInfo, calls, make

_DTYPES = ("bool", "int8", "int32", "int64", *FLOATS)
_OUT_OF_RANGE = (IndexError, r"expected indices in \[0, 5\), received 7")


def _take(x, indices, axis=None):
    return np.take(x, indices, axis)


def _scatter(indices, values, shape):
    out = np.zeros(shape, np.asarray(values).dtype)
    np.add.at(out, tuple(np.moveaxis(indices, -1, 0)), values)
    return out


def _scatter_update(inputs, indices, updates, reduction=None):
    out = np.array(inputs)
    key = tuple(np.moveaxis(indices, -1, 0))
    if reduction is None:
        out[key] = updates
    else:
        name = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[reduction]
        name.at(out, key, updates)
    return out


def _slice(inputs, start_indices, shape):
    return inputs[tuple(slice(s, s + n) for s, n in zip(start_indices, shape, strict=True))]


def _slice_update(inputs, start_indices, updates):
    out = np.array(inputs)
    out[tuple(slice(s, s + n) for s, n in zip(start_indices, updates.shape, strict=True))] = updates
    return out


def _one_hot(x, num_classes, axis=-1, dtype="float32"):
    y = (np.asarray(x)[..., None] == np.arange(num_classes)).astype(dtype)
    return np.moveaxis(y, -1, axis)


def _segment(ufunc, start):
    def ref(data, segment_ids, num_segments=None, sorted=False):
        n = num_segments or segment_ids.max() + 1
        out = np.full((n, *data.shape[1:]), start, data.dtype)
        ufunc.at(out, segment_ids, data)
        return out

    return ref


_IDS = np.array([0, 2, 1, 0, 2], "int32")


def _segments(name, ufunc, start):
    return OpInfo(
        name,
        lambda rng, dtype: [((make(rng, (5, 3), dtype), _IDS), {"num_segments": 3})],
        _segment(ufunc, start),
        ("int32", "float32", "float64"),
        second=False,
    )


ROWS = [
    OpInfo(
        "take",
        calls(
            (4, 5, 3),
            ([1, -2, 1],),
            ([[0, 1], [3, 3]], 0),
            {"indices": np.array([2, 0]), "axis": 1},
            (1, -1),
        ),
        _take,
        _DTYPES,
        errors=[
            ((np.ones((4, 5)), [7], 1), {}, *_OUT_OF_RANGE),
            ((np.ones(5), [-6]), {}, IndexError, "received -6"),
            ((np.ones(5), [0.5]), {}, TypeError, "integer indices"),
        ],
    ),
    OpInfo(
        "take_along_axis",
        calls(
            (4, 5),
            (np.array([[1, 0, -1, 2, 2]]), 0),
            (np.array([[1], [0], [4], [-5]]), 1),
            (np.array([3, 3, 19]),),
        ),
        lambda x, i, axis=None: np.take_along_axis(np.asarray(x), np.asarray(i), axis),
        _DTYPES,
        errors=[
            ((np.ones((2, 5)), np.array([[7]]), 1), {}, *_OUT_OF_RANGE),
            ((np.ones((2, 5)), np.array([1]), 1), {}, ValueError, "rank 2"),
        ],
    ),
    OpInfo(
        "slice",
        calls((4, 5), ([1, 2], [2, 3]), (np.array([0, 0]), (4, 1))),
        _slice,
        _DTYPES,
        errors=[
            ((np.ones((2, 3)), [0, 2], [2, 2]), {}, IndexError, "axis 1"),
            ((np.ones((2, 3)), [0], [2, 2]), {}, ValueError, "start_indices"),
            ((np.ones((2, 3)), [0, 0], [3, 2]), {}, ValueError, r"\(2, 3\)"),
        ],
    ),
    OpInfo(
        "slice_update",
        lambda rng, dtype: [((make(rng, (4, 5), dtype), [1, 2], make(rng, (2, 3), dtype)), {})],
        _slice_update,
        _DTYPES,
        errors=[((np.ones((2, 3)), [1, 0], np.ones((2, 2))), {}, IndexError, "axis 0")],
    ),
    OpInfo(
        "scatter",
        lambda rng, dtype: [
            ((np.array([[0, 1], [2, 2], [0, 1]]), make(rng, (3,), dtype), (3, 4)), {}),
            ((np.array([[1], [1]]), make(rng, (2, 4), dtype), (3, 4)), {}),
        ],
        _scatter,
        ("int32", "float32", "float64"),
        errors=[((np.array([[3]]), np.ones(1), (3,)), {}, IndexError, r"\[0, 3\), received 3")],
    ),
    OpInfo(
        "scatter_update",
        lambda rng, dtype: (
            [
                (
                    (
                        make(rng, (3, 4), dtype),
                        np.array([[0, 1], [2, 2]]),
                        make(rng, (2,), dtype),
                        reduction,
                    ),
                    {},
                )
                for reduction in (None, "add", "max", "min", "mul")
            ]
            + [((make(rng, (3, 4), dtype), np.array([[0], [2]]), make(rng, (2, 4), dtype)), {})]
        ),
        _scatter_update,
        ("int32", "float32", "float64"),
        errors=[
            ((np.ones((3, 4)), np.array([[0]]), np.ones((1, 4)), "pow"), {}, ValueError, "'pow'"),
            ((np.ones((3, 4)), np.array([[5]]), np.ones((1, 4))), {}, IndexError, r"received 5"),
        ],
    ),
    OpInfo(
        "one_hot",
        lambda rng, dtype: [
            ((make(rng, (2, 3), dtype, 0, 5), 4), {}),
            ((make(rng, (3,), dtype, 0, 3), 4), {"axis": 0, "dtype": "int32"}),
        ],
        _one_hot,
        ("int32", "int64", "uint8"),
        grad=False,
        errors=[((np.array([1]), 3), {"sparse": True}, ValueError, "sparse")],
    ),
    OpInfo(
        "multi_hot",
        lambda rng, dtype: [
            ((make(rng, (2, 3), dtype, 0, 3), 4), {}),
            ((make(rng, (3,), dtype, 0, 3), 4), {}),
        ],
        lambda x, n: _one_hot(x, n).max(1 if x.ndim > 1 else 0),
        ("int32", "int64"),
        grad=False,
        errors=[((np.array([1]),), {}, ValueError, "num_classes")],
    ),
    OpInfo(
        "unravel_index",
        lambda rng, dtype: [((make(rng, (2, 3), dtype, 0, 23), (2, 3, 4)), {})],
        np.unravel_index,
        ("int32", "int64"),
        grad=False,
    ),
    _segments("segment_sum", np.add, 0),
    _segments("segment_prod", np.multiply, 1),
    OpInfo(
        "segment_max",
        lambda rng, dtype: [((make(rng, (5, 3), dtype), _IDS), {"num_segments": 3})],
        _segment(np.maximum, -100),
        ("int32", "float32", "float64"),
        second=False,
    ),
    OpInfo(
        "segment_min",
        lambda rng, dtype: [((make(rng, (5, 3), dtype), _IDS), {"num_segments": 3})],
        _segment(np.minimum, 100),
        ("int32", "float32", "float64"),
        second=False,
    ),
]
