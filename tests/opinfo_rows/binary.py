"""Elementwise ops of two or three operands."""

import numpy as np
from opinfo import ALL, FLOATS, INTS, NUMBERS, OpInfo, make, pairs

_SHAPES = (((3, 4), (3, 4)), ((2, 1, 4), (3, 1)), ((), (5,)), ((7,), ()))
_FLOAT = (*FLOATS, "int32")
_BAD = [((np.ones((2, 3)), np.ones((4,))), {}, ValueError, r"\((2, 3|4,)\).*\((2, 3|4,)\)")]


def _binary(name, ref, low=-3.0, high=3.0, dtypes=(*FLOATS, "int32", "int64", "uint8"), **options):
    options.setdefault("errors", _BAD)
    return OpInfo(name, pairs(*_SHAPES, low=low, high=high), ref, dtypes, **options)


def _compare(name, ref):
    return _binary(name, ref, dtypes=ALL, grad=False)


def _integer(name, ref, low=-3, high=3, dtypes=("bool", *INTS), **options):
    errors = [((np.ones(2), np.ones(2)), {}, TypeError, "integer or bool")]
    return OpInfo(
        name, pairs(*_SHAPES, low=low, high=high), ref, dtypes, grad=False, errors=errors, **options
    )


def _shift(name, ref):
    def samples(rng, dtype):
        return [((make(rng, (3, 4), dtype, -20, 20), make(rng, (4,), dtype, 0, 5)), {})]

    return OpInfo(name, samples, ref, INTS, grad=False)


def _select(rng, dtype):
    return [
        ((make(rng, (3, 4), "bool"), make(rng, (3, 4), dtype), make(rng, (4,), dtype)), {}),
        ((make(rng, (3, 1), "bool"), make(rng, (), dtype), make(rng, (2, 1, 4), dtype)), {}),
    ]


ROWS = [
    _binary("add", np.add),
    _binary("subtract", np.subtract),
    _binary("multiply", np.multiply),
    _binary("divide", np.true_divide, 0.5, 3),
    _binary("true_divide", np.true_divide, 0.5, 3),
    _binary(
        "divide_no_nan",
        lambda a, b: np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=b != 0),
        0.5,
        3,
        dtypes=("float32", "float64"),
    ),
    _binary("maximum", np.maximum, dtypes=ALL),
    _binary("minimum", np.minimum, dtypes=ALL),
    _binary("fmax", np.fmax),
    _binary("fmin", np.fmin),
    _binary("power", np.power, 0.5, 3, rtol=4),
    _binary("mod", np.mod, 1, 7, second=False, rtol=8),
    _binary("fmod", np.fmod, 1, 7, second=False, rtol=8),
    _binary(
        "floor_divide",
        np.floor_divide,
        1,
        7,
        grad=False,
        dtypes=("float32", "float64", "int32", "uint8"),
    ),
    _binary("arctan2", np.arctan2, 0.3, 3, dtypes=_FLOAT),
    _binary("hypot", np.hypot, 0.3, 3, dtypes=_FLOAT),
    _binary("logaddexp", np.logaddexp, dtypes=_FLOAT),
    _binary("logaddexp2", np.logaddexp2, dtypes=_FLOAT),
    _binary("nextafter", None, dtypes=("float32", "float64"), grad=False),
    _binary("heaviside", np.heaviside, dtypes=("float32", "float64"), second=False),
    OpInfo(
        "ldexp",
        lambda rng, dtype: [((make(rng, (3, 4), dtype), make(rng, (4,), "int32")), {})],
        lambda a, b: a * np.exp2(np.float64(b)),
        ("float32", "float64"),
    ),
    _compare("equal", np.equal),
    _compare("not_equal", np.not_equal),
    _compare("less", np.less),
    _compare("less_equal", np.less_equal),
    _compare("greater", np.greater),
    _compare("greater_equal", np.greater_equal),
    _compare("logical_and", np.logical_and),
    _compare("logical_or", np.logical_or),
    _compare("logical_xor", np.logical_xor),
    OpInfo(
        "isclose", pairs(((4, 4), (4,)), low=0, high=1, atol=0.3), np.isclose, NUMBERS, grad=False
    ),
    OpInfo(
        "allclose",
        pairs(((4, 4), (4,)), ((2,), (2,)), low=0, high=1, atol=0.9),
        np.allclose,
        NUMBERS,
        grad=False,
        keras=False,
    ),
    OpInfo("isin", pairs(((4, 4), (3,))), np.isin, INTS, grad=False),
    _integer("bitwise_and", np.bitwise_and),
    _integer("bitwise_or", np.bitwise_or),
    _integer("bitwise_xor", np.bitwise_xor),
    _integer("gcd", np.gcd, -20, 20, dtypes=INTS),
    _integer("lcm", np.lcm, -9, 9, dtypes=INTS),
    _shift("left_shift", np.left_shift),
    _shift("bitwise_left_shift", np.left_shift),
    _shift("right_shift", np.right_shift),
    _shift("bitwise_right_shift", np.right_shift),
    OpInfo("where", _select, np.where, ALL),
    OpInfo(
        "clip",
        lambda rng, dtype: [
            ((make(rng, (4, 5), dtype), 1, 2), {}),
            (
                (
                    make(rng, (4, 5), dtype),
                    make(rng, (5,), dtype, 0, 1),
                    make(rng, (), dtype, 2, 3),
                ),
                {},
            ),
        ],
        np.clip,
        NUMBERS,
    ),
]
