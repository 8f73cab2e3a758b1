"""Fourier transforms. A complex tensor is a pair: real part, imaginary part."""

import numpy as np
from opinfo import OpInfo, make

_FLOATS = ("float32", "float64")


def _pairs(*shapes, **kwargs):
    return lambda rng, dtype: [
        (([make(rng, s, dtype), make(rng, s, dtype)],), kwargs) for s in shapes
    ]


def _of_pair(transform):
    def reference(x, *args, **kwargs):
        y = transform(np.asarray(x[0]) + 1j * np.asarray(x[1]), *args, **kwargs)
        return (y.real, y.imag) if np.iscomplexobj(y) else y

    return reference


def _rfft(x, fft_length=None):
    y = np.fft.rfft(x, fft_length)
    return y.real, y.imag


_ERRORS = [
    (([np.ones(3, "float32")],), {}, ValueError, "expected the real and the imaginary part"),
    (([np.ones(3, "float32"), np.ones(2, "float32")],), {}, ValueError, "of one shape"),
    (([np.ones(3, "int32"), np.ones(3, "int32")],), {}, ValueError, "expected float32 or float64"),
]
_EMPTY = (([np.ones((2, 0), "float32")] * 2,), {}, ValueError, "at least one element")

ROWS = [
    # Lengths: one, powers of 2, 3 and 5, primes small and large.
    OpInfo(
        "fft",
        _pairs((1,), (2, 8), (12,), (2, 3, 7), (97,)),
        _of_pair(np.fft.fft),
        _FLOATS,
        rtol=16,
        errors=[*_ERRORS, _EMPTY],
    ),
    OpInfo(
        "fft2",
        _pairs((3, 4), (2, 5, 6)),
        _of_pair(np.fft.fft2),
        _FLOATS,
        rtol=16,
        errors=[*_ERRORS, (([np.ones(3, "float32")] * 2,), {}, ValueError, "of rank 2")],
    ),
    OpInfo(
        "ifft2",
        _pairs((3, 4), (2, 5, 6)),
        _of_pair(np.fft.ifft2),
        _FLOATS,
        rtol=16,
        errors=_ERRORS,
    ),
    OpInfo(
        "rfft",
        lambda rng, dtype: [
            ((make(rng, shape, dtype),), kwargs)
            for shape in ((9,), (2, 8))
            for kwargs in ({}, {"fft_length": 6}, {"fft_length": 11})
        ],
        _rfft,
        _FLOATS,
        rtol=16,
        errors=[
            ((np.ones(3, "int32"),), {}, ValueError, "expected float32 or float64"),
            ((np.ones(3, "float32"), 0), {}, ValueError, "fft_length of at least 1"),
        ],
    ),
    OpInfo(
        "irfft",
        lambda rng, dtype: [
            (([make(rng, shape, dtype), make(rng, shape, dtype)],), kwargs)
            for shape in ((5,), (2, 6))
            for kwargs in ({}, {"fft_length": 7}, {"fft_length": 16})
        ],
        _of_pair(lambda x, fft_length=None: np.fft.irfft(x, fft_length)),
        _FLOATS,
        rtol=16,
        errors=[*_ERRORS, (([np.ones(1, "float32")] * 2,), {}, ValueError, "fft_length of at")],
    ),
]
