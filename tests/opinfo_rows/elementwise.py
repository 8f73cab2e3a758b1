"""Elementwise ops of one operand."""

import math

import numpy as np
from opinfo import ALL, FLOATS, INTS, NUMBERS, OpInfo, calls, make, on

_erf = np.vectorize(math.erf, otypes=[float])


def _unary(name, ref, low=-3.0, high=3.0, dtypes=(*FLOATS, "int32"), **options):
    return OpInfo(name, on((2, 3, 5), low, high), ref, dtypes, **options)


def _float(f):
    return lambda x: f(np.asarray(x, np.float64))


def _special(rng, dtype):
    x = make(rng, (4, 4), dtype)
    if dtype not in (*INTS, "bool"):
        x.flat[:5] = [np.nan, np.inf, -np.inf, 0.0, -0.0]
    return [((x,), {})]


def _test(name, ref):
    return OpInfo(name, _special, ref, (*FLOATS, "int32"), grad=False)


def _sigmoid(x):
    return 1 / (1 + np.exp(-np.float64(x)))


def _softplus(x):
    return np.log1p(np.exp(np.float64(x)))


ROWS = [
    _unary("sigmoid", _sigmoid, dtypes=FLOATS),
    _unary("softplus", _softplus),
    _unary("log_sigmoid", lambda x: -_softplus(-np.float64(x))),
    _unary("softsign", lambda x: x / (1 + np.abs(np.float64(x)))),
    _unary("silu", lambda x: x * _sigmoid(x), dtypes=FLOATS),
    _unary("mish", lambda x: x * np.tanh(_softplus(x))),
    _unary("relu", lambda x: np.maximum(x, 0)),
    _unary("relu6", lambda x: np.clip(x, 0, 6), -2, 8),
    _unary("exp", np.exp),
    _unary("exp2", np.exp2, keras_dtype=True),
    _unary("expm1", np.expm1),
    _unary("log", np.log, 0.2, 4),
    _unary("log2", np.log2, 0.2, 4),
    _unary("log10", np.log10, 0.2, 4),
    _unary("log1p", np.log1p, -0.7, 4),
    _unary("sqrt", np.sqrt, 0.2, 4),
    _unary(
        "rsqrt",
        lambda x: 1 / np.sqrt(np.float64(x)),
        0.5,
        4,
        dtypes=(*FLOATS, "int32"),
        keras=False,
    ),
    _unary("cbrt", np.cbrt, 0.3, 3),
    _unary("sin", np.sin),
    _unary("cos", np.cos),
    _unary("tan", np.tan, -1, 1),
    _unary("sinh", np.sinh),
    _unary("cosh", np.cosh),
    _unary("tanh", np.tanh),
    _unary("arcsin", np.arcsin, -0.9, 0.9),
    _unary("arccos", np.arccos, -0.9, 0.9),
    _unary("arctan", np.arctan),
    _unary("arcsinh", np.arcsinh),
    _unary("arccosh", np.arccosh, 1.3, 4),
    _unary("arctanh", np.arctanh, -0.8, 0.8),
    _unary("erf", _erf, dtypes=FLOATS),
    _unary("erfc", lambda x: 1 - _erf(x), dtypes=FLOATS, rtol=4),
    _unary("erfinv", None, -0.8, 0.8, dtypes=("float32", "float64")),
    _unary("reciprocal", lambda x: 1 / np.float64(x), 0.5, 3),
    _unary("absolute", np.abs, dtypes=ALL),
    _unary("abs", np.abs, dtypes=ALL),
    _unary("fabs", lambda x: np.abs(np.float64(x))),
    _unary("negative", np.negative, dtypes=NUMBERS),
    _unary("sign", np.sign, dtypes=NUMBERS),
    _unary("square", np.square, dtypes=NUMBERS),
    _unary("floor", np.floor),
    _unary("ceil", np.ceil),
    _unary("trunc", np.trunc),
    OpInfo(
        "round",
        calls((3, 4), (), (1,), {"decimals": 2}),
        lambda x, decimals=0: np.round(np.float64(x), decimals),
        ("float32", "float64", "int32"),
        second=False,
    ),
    _unary("deg2rad", np.deg2rad, -200, 200),
    _unary("rad2deg", np.rad2deg),
    _unary("sinc", np.sinc),
    _unary("angle", _float(np.angle), dtypes=(*FLOATS, "int32"), grad=False),
    _test("isnan", np.isnan),
    _test("isinf", np.isinf),
    _test("isfinite", np.isfinite),
    _test("isposinf", lambda x: np.isposinf(np.float64(x))),
    _test("isneginf", lambda x: np.isneginf(np.float64(x))),
    _test("isreal", np.isreal),
    _test("signbit", lambda x: np.signbit(np.float64(x))),
    OpInfo(
        "nan_to_num",
        lambda rng, dtype: [
            _special(rng, dtype)[0],
            (_special(rng, dtype)[0][0], {"nan": 1.5, "posinf": 7.0, "neginf": -7.0}),
        ],
        None,
        ("float16", "float32", "float64", "int32"),
        grad=False,
    ),
    OpInfo("real", on((3,)), np.real, ALL),
    OpInfo("imag", on((3,)), np.imag, NUMBERS, grad=False),
    OpInfo("conjugate", on((3,)), np.conjugate, NUMBERS),
    OpInfo("conj", on((3,)), np.conjugate, NUMBERS),
    OpInfo("copy", on((3,)), np.copy, ALL),
    OpInfo("stop_gradient", on((3,)), np.copy, ALL, grad=False),
    OpInfo(
        "cast",
        lambda rng, dtype: [
            ((make(rng, (3, 4), dtype, 0, 3), to), {})
            for to in ("float32", "int32", "bool", "float16")
        ],
        lambda x, dtype: np.asarray(x).astype(dtype),
        ALL,
        grad=False,
        errors=[
            ((np.ones(2), "flaot32"), {}, ValueError, "float32"),
            ((np.ones(2),), {}, TypeError, "missing argument 'dtype'"),
        ],
    ),
    OpInfo("logical_not", on((3, 4)), np.logical_not, ALL, grad=False),
    OpInfo(
        "view",
        lambda rng, dtype: [
            ((make(rng, (3, 8), dtype, 0, 3), to), {})
            for to in ("int8", "float32", "uint16", dtype)
        ],
        lambda x, dtype: np.asarray(x).view(dtype),
        ("int8", "uint16", "int32", "int64"),
        grad=False,
        errors=[
            ((np.ones((2, 3), "int8"), "int16"), {}, ValueError, "2-byte elements fill"),
            ((np.float32(1.0), "int16"), {}, ValueError, "2-byte elements fill"),
            ((np.ones(2, "uint8"), "bool"), {}, TypeError, "both dtypes or none to be bool"),
        ],
    ),
    OpInfo(
        "bitwise_not",
        on((3, 4)),
        np.bitwise_not,
        ("bool", *INTS),
        grad=False,
        errors=[((np.ones(2, "float32"),), {}, TypeError, "integer or bool")],
    ),
    OpInfo("bitwise_invert", on((3, 4)), np.bitwise_not, ("bool", *INTS), grad=False),
]
