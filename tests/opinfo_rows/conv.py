"""Convolution and pooling."""

import itertools

import numpy as np
from opinfo import FLOATS, OpInfo, make


def _many(value, n):
    return (value,) * n if np.isscalar(value) else tuple(value)


def _same_pads(sizes, windows, strides):
    outs = [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
    totals = [
        max(0, (o - 1) * s + w - n)
        for n, w, s, o in zip(sizes, windows, strides, outs, strict=True)
    ]
    return [(t // 2, t - t // 2) for t in totals]


def _last(x, data_format):
    return np.moveaxis(x, 1, -1) if data_format == "channels_first" else x


def _as(y, data_format):
    return np.moveaxis(y, -1, 1) if data_format == "channels_first" else y


def _windows(x, spans, steps, strides, padding, fill):
    """The elements of x under each element of a window: (offset, x at that offset) pairs."""
    sizes = x.shape[1:-1]
    if padding == "same":
        pads = _same_pads(sizes, spans, strides)
        x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    sizes = x.shape[1:-1]
    outs = [(n - w) // s + 1 for n, w, s in zip(sizes, spans, strides, strict=True)]
    counts = [(w - 1) // d + 1 for w, d in zip(spans, steps, strict=True)]
    for tap in itertools.product(*(range(c) for c in counts)):
        where = [
            slice(t * d, t * d + (o - 1) * s + 1, s)
            for t, d, o, s in zip(tap, steps, outs, strides, strict=True)
        ]
        yield tap, x[(slice(None), *where)]


def _conv(x, w, strides=1, padding="valid", data_format=None, dilation_rate=1):
    x = _last(x, data_format)
    n = x.ndim - 2
    strides, steps = _many(strides, n), _many(dilation_rate, n)
    spans = [(k - 1) * d + 1 for k, d in zip(w.shape, steps, strict=False)]
    groups = x.shape[-1] // w.shape[-2]
    y = 0
    for tap, part in _windows(x, spans, steps, strides, padding, 0):
        pieces = zip(np.split(part, groups, -1), np.split(w[tap], groups, -1), strict=True)
        y = y + np.concatenate([a @ b for a, b in pieces], -1)
    return _as(y, data_format)


def _depthwise(x, w, strides=1, padding="valid", data_format=None, dilation_rate=1):
    w = w.reshape((*w.shape[:-2], 1, -1))
    return _conv(x, w, strides, padding, data_format, dilation_rate)


def _separable(x, d, p, strides=1, padding="valid", data_format=None, dilation_rate=1):
    y = _depthwise(x, d, strides, padding, data_format, dilation_rate)
    return _conv(y, p, 1, "valid", data_format)


def _conv_transpose(
    x, w, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1
):
    x = _last(x, data_format)
    n = x.ndim - 2
    strides, steps = _many(strides, n), _many(dilation_rate, n)
    extra = (None,) * n if output_padding is None else _many(output_padding, n)
    outs, lefts = [], []
    for size, k, s, d, e in zip(x.shape[1:], w.shape, strides, steps, extra, strict=False):
        span = (k - 1) * d + 1
        if padding == "valid":
            outs.append((size - 1) * s + span + (max(span, s) - span if e is None else e))
            lefts.append(0)
        else:
            outs.append(size * s if e is None else (size - 1) * s + span % 2 + e)
            zeros = s + span - 2 if e is None else span + span % 2 - 2 + e
            lefts.append(span - 1 - min(zeros // 2 + zeros % 2, span - 1))
    y = np.zeros((x.shape[0], *outs, w.shape[-2]))
    for at in np.ndindex(*x.shape[1:-1]):
        for tap in np.ndindex(*w.shape[:-2]):
            to = [
                p * s + t * d - left
                for p, s, t, d, left in zip(at, strides, tap, steps, lefts, strict=True)
            ]
            if all(0 <= i < o for i, o in zip(to, outs, strict=True)):
                y[(slice(None), *to)] += x[(slice(None), *at)] @ w[tap].T
    return _as(y, data_format)


def _pool(reduce, fill):
    def ref(x, pool_size, strides=None, padding="valid", data_format=None):
        x = _last(np.asarray(x, np.float64), data_format)
        n = x.ndim - 2
        spans = _many(pool_size, n)
        strides = spans if strides is None else _many(strides, n)
        parts = [p for _, p in _windows(x, spans, (1,) * n, strides, padding, fill)]
        return _as(reduce(np.stack(parts), 0), data_format)

    return ref


def _adaptive(reduce):
    def ref(x, output_size, data_format=None):
        x = _last(np.asarray(x, np.float64), data_format)
        counts = _many(output_size, x.ndim - 2)
        y = np.zeros((x.shape[0], *counts, x.shape[-1]))
        for at in np.ndindex(*counts):
            window = [
                slice(i * size // n, -(-(i + 1) * size // n))
                for i, n, size in zip(at, counts, x.shape[1:], strict=False)
            ]
            part = x[(slice(None), *window)]
            y[(slice(None), *at)] = reduce(part, tuple(range(1, x.ndim - 1)))
        return _as(y, data_format)

    return ref


def _conv_samples(*specs):
    """Samples of (shapes, keyword arguments)."""

    def samples(rng, dtype):
        return [
            (tuple(make(rng, s, dtype, -1, 1) for s in shapes), kwargs) for shapes, kwargs in specs
        ]

    return samples


_IMAGE = np.ones((2, 5, 6, 3), "float32")
_POOL = [
    (((2, 7, 3),), {"pool_size": 2}),
    (((2, 5, 6, 3),), {"pool_size": (2, 3), "strides": (1, 2), "padding": "same"}),
    (((2, 3, 6, 5),), {"pool_size": 2, "data_format": "channels_first"}),
    (((1, 4, 4, 4, 2),), {"pool_size": 3, "strides": 1}),
]
_ADAPTIVE = [
    (((2, 7, 3),), {"output_size": 3}),
    (((2, 5, 6, 3),), {"output_size": (2, 9)}),
    (((2, 3, 6, 5),), {"output_size": 4, "data_format": "channels_first"}),
    (((1, 4, 3, 5, 2),), {"output_size": (3, 3, 2)}),
]
_ADAPTIVE_ERRORS = [
    ((_IMAGE, 0), {}, ValueError, "output_size of at least 1"),
    ((_IMAGE, (2, 2, 2)), {}, ValueError, "output_size of 1 or 2 numbers"),
    ((np.ones((2, 3)), 2), {}, ValueError, "inputs of rank 3, 4 or 5"),
    ((np.ones((2, 0, 3, 1)), 2), {}, ValueError, "at least 1 along spatial axis 0, received 0"),
]
_POOL_ERRORS = [
    (
        (_IMAGE, 0),
        {},
        ValueError,
        "pool_size of at least 1, received pool_size=0|pool_size=\\(0,\\)",
    ),
    ((_IMAGE, 2), {"strides": 0}, ValueError, "strides of at least 1"),
    ((_IMAGE, 7), {}, ValueError, "at least 7 along spatial axis 0"),
    ((_IMAGE, 2), {"padding": "full"}, ValueError, "padding 'valid' or 'same'"),
    ((_IMAGE, (2, 2, 2)), {}, ValueError, "pool_size of 1 or 2 numbers"),
]

ROWS = [
    OpInfo(
        "conv",
        _conv_samples(
            (((2, 8, 3), (3, 3, 4)), {"strides": 2, "padding": "same"}),
            (((2, 5, 6, 4), (3, 2, 4, 3)), {}),
            (((2, 5, 6, 4), (3, 2, 2, 6)), {"padding": "same", "dilation_rate": (1, 2)}),
            (((2, 4, 7, 6), (3, 3, 4, 2)), {"strides": (2, 1), "data_format": "channels_first"}),
            (((1, 4, 4, 4, 2), (2, 3, 2, 2, 3)), {"padding": "same"}),
        ),
        _conv,
        FLOATS,
        rtol=8,
        errors=[
            (
                (_IMAGE, np.ones((3, 3, 4, 2))),
                {},
                ValueError,
                r"channels 3, received 4 \(inputs: \(2, 5, 6, 3\), kernel: \(3, 3, 4, 2\)",
            ),
            ((_IMAGE, np.ones((7, 3, 3, 2))), {}, ValueError, "at least 7 along spatial axis 0"),
            ((_IMAGE, np.ones((3, 3, 3, 2))), {"strides": 0}, ValueError, "strides of at least 1"),
            (
                (_IMAGE, np.ones((3, 3, 3, 2))),
                {"padding": "sane"},
                ValueError,
                "Did you mean 'same'",
            ),
            ((_IMAGE, np.ones((3, 3, 2))), {}, ValueError, "inputs of rank 3, received rank 4"),
        ],
    ),
    OpInfo(
        "depthwise_conv",
        _conv_samples(
            (((2, 5, 6, 3), (3, 2, 3, 2)), {"padding": "same"}),
            (((2, 8, 3), (3, 3, 1)), {"strides": 2}),
            (((2, 3, 5, 6), (2, 2, 3, 2)), {"data_format": "channels_first"}),
        ),
        _depthwise,
        FLOATS,
        rtol=4,
        errors=[
            ((_IMAGE, np.ones((3, 3, 2, 1))), {}, ValueError, "kernel input channels 3, received 2")
        ],
    ),
    OpInfo(
        "separable_conv",
        _conv_samples(
            (((2, 5, 6, 3), (3, 2, 3, 2), (1, 1, 6, 4)), {"padding": "same"}),
            (((2, 8, 3), (3, 3, 1), (1, 3, 5)), {"strides": 2}),
        ),
        _separable,
        FLOATS,
        rtol=8,
    ),
    OpInfo(
        "conv_transpose",
        _conv_samples(
            (((2, 4, 3), (3, 2, 3)), {"strides": 2}),
            (((2, 4, 3), (2, 2, 3)), {"strides": 3, "padding": "same"}),
            (((2, 3, 4, 3), (3, 2, 2, 3)), {"strides": 2, "padding": "same", "output_padding": 1}),
            (((2, 3, 3, 4), (2, 2, 2, 3)), {"strides": (2, 1), "data_format": "channels_first"}),
            (((2, 3, 4, 3), (2, 2, 2, 3)), {"dilation_rate": 2}),
        ),
        _conv_transpose,
        FLOATS,
        rtol=8,
        errors=[((_IMAGE, np.ones((3, 3, 3, 4))), {}, ValueError, "3, received 4")],
    ),
    # Keras on JAX cannot pool with one stride for several window sizes; see parity/test_ops_nn.py.
    OpInfo(
        "max_pool",
        _conv_samples(*_POOL),
        _pool(np.max, -np.inf),
        FLOATS,
        errors=_POOL_ERRORS,
        keras=False,
    ),
    OpInfo(
        "average_pool",
        _conv_samples(*_POOL),
        _pool(np.nanmean, np.nan),
        FLOATS,
        keras=False,
        errors=_POOL_ERRORS,
    ),
    OpInfo(
        "adaptive_max_pool",
        _conv_samples(*_ADAPTIVE),
        _adaptive(np.max),
        FLOATS,
        errors=_ADAPTIVE_ERRORS,
        keras=False,
    ),
    OpInfo(
        "adaptive_average_pool",
        _conv_samples(*_ADAPTIVE),
        _adaptive(np.mean),
        FLOATS,
        errors=_ADAPTIVE_ERRORS,
        keras=False,
    ),
]
