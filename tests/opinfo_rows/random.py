"""Random ops. Their values are checked by test_random.py; here that they run, what they refuse."""

import numpy as np
from opinfo import FLOATS, INTS, OpInfo, make


def _shaped(*args, **more):
    def samples(rng, dtype):
        return [
            (((3, 4), *args), {"seed": 1, "dtype": dtype, **more}),
            (((), *args), {"seed": 2, "dtype": dtype}),
        ]

    return samples


def _random(name, samples, dtypes=FLOATS, grad=False, errors=()):
    errors = [(a, {"seed": 1, **k}, kind, text) for a, k, kind, text in errors]
    return OpInfo(name, samples, None, dtypes, grad=grad, errors=errors, keras=False)


_SHAPE_ERROR = (((-1, 2),), {}, ValueError, "negative")

ROWS = [
    _random(
        "random.normal",
        _shaped(),
        errors=[_SHAPE_ERROR, (((2,),), {"dtype": "int32"}, ValueError, "floating")],
    ),
    _random("random.uniform", _shaped(-1.0, 2.0), errors=[_SHAPE_ERROR]),
    _random("random.truncated_normal", _shaped(), errors=[_SHAPE_ERROR]),
    _random(
        "random.randint",
        _shaped(0, 100),
        INTS,
        errors=[
            (((2,), 3, 3), {}, ValueError, "maxval > minval, received minval=3, maxval=3"),
            (((2,), 0, 300), {"dtype": "uint8"}, ValueError, "fit in uint8"),
        ],
    ),
    _random(
        "random.categorical",
        lambda rng, dtype: [((make(rng, (3, 4), "float32"), 5), {"seed": 1, "dtype": dtype})],
        ("int32", "int64"),
        errors=[
            ((np.ones(3, "float32"), 2), {}, ValueError, r"\(batch, classes\), received \(3,\)")
        ],
    ),
    _random(
        "random.shuffle",
        lambda rng, dtype: [((make(rng, (5, 3), dtype),), {"seed": 1, "axis": a}) for a in (0, 1)],
        (*FLOATS, "int32"),
        grad=True,
    ),
    _random(
        "random.dropout",
        lambda rng, dtype: [
            ((make(rng, (4, 6), dtype), 0.3), {"seed": 1}),
            ((make(rng, (4, 6), dtype), 0.3), {"seed": 1, "noise_shape": (None, 1)}),
            ((make(rng, (4, 6), dtype), 0), {"seed": 1}),
        ],
        grad=True,
        errors=[
            ((np.ones((2, 3)), 1.5), {}, ValueError, r"rate in \[0, 1\], received rate=1.5"),
            (
                (np.ones((2, 3)), 0.5),
                {"noise_shape": (4, 1)},
                ValueError,
                r"broadcasts to \(2, 3\)",
            ),
        ],
    ),
    _random("random.gamma", _shaped(2.0)),
    _random("random.beta", _shaped(2.0, 3.0)),
    _random("random.binomial", _shaped(10, 0.3)),
]
