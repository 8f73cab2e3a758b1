"""Walks the table of ops: values, dtypes, plans, gradients and errors of every row."""

import zlib

import numpy as np
import opinfo
import pytest

import nacre
from nacre import _core, ops

ROWS = opinfo.rows()
CASES = [pytest.param(row, dtype, id=f"{row.name}-{dtype}") for row in ROWS for dtype in row.dtypes]
# Largest relative error, for values of ordinary size.
TOLERANCE = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 3e-6, "float64": 1e-12}


def function_of(name):
    """'sum' of nacre.ops, 'random.normal' and 'ops.image.resize' of nacre."""
    found = nacre if name.startswith(("ops.", "random.")) else ops
    for part in name.split("."):
        found = getattr(found, part)
    return found


def generator(row, dtype):
    return np.random.default_rng(zlib.crc32(f"{row.name} {dtype}".encode()))


def is_array(x):
    return isinstance(x, np.ndarray)


def to_nacre(x):
    if isinstance(x, opinfo.HalfArray):
        return nacre.convert_to_tensor(np.asarray(x), "bfloat16")
    if is_array(x):
        return nacre.convert_to_tensor(x)
    if isinstance(x, list) and x and all(is_array(e) for e in x):
        return [to_nacre(e) for e in x]
    return x


def to_reference(x):
    """Half types compute in float32 at least: the reference takes their values in float64."""
    if isinstance(x, list):
        return [to_reference(e) for e in x]
    if is_array(x) and x.dtype in (np.float16, np.float32):
        return np.asarray(x, np.float64)
    return x


def has_wide(args, kwargs):
    """Whether an operand has 64 bits an element."""
    arrays = [x for x in (*args, *kwargs.values()) if is_array(x)]
    return any(x.dtype in (np.int64, np.float64) for x in arrays)


def mapped(f, args, kwargs):
    return tuple(f(a) for a in args), {k: f(v) for k, v in kwargs.items()}


def leaves(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def values(tensor):
    return np.asarray(tensor.numpy(), np.float64 if "float" in tensor.dtype else None)


def check_close(result, expected, row):
    result, expected = leaves(result), leaves(expected)
    assert len(result) == len(expected)
    for got, want in zip(result, expected, strict=True):
        want = np.asarray(want)
        assert tuple(got.shape) == want.shape
        if "float" in got.dtype:
            tolerance = TOLERANCE[got.dtype] * row.rtol
            np.testing.assert_allclose(
                values(got), np.float64(want), rtol=tolerance, atol=tolerance
            )
        else:
            np.testing.assert_array_equal(values(got), want.astype(got.dtype))


@pytest.mark.parametrize(("row", "dtype"), CASES)
def test_values(row, dtype):
    for args, kwargs in row.samples(generator(row, dtype), dtype):
        a, k = mapped(to_nacre, args, kwargs)
        result = function_of(row.name)(*a, **k)
        if row.ref is None:
            continue
        a, k = mapped(to_reference, args, kwargs)
        with np.errstate(all="ignore"):
            check_close(result, row.ref(*a, **k), row)


def tensors_and_call(row, args, kwargs):
    """The arrays of a sample and a function of tensors in their place."""
    arrays, places = [], []
    flat = [*args, *kwargs.values()]
    for i, x in enumerate(flat):
        if is_array(x):
            places.append((i, None))
            arrays.append(to_nacre(x))
        elif isinstance(x, list) and x and all(is_array(e) for e in x):
            for j, e in enumerate(x):
                places.append((i, j))
                arrays.append(to_nacre(e))

    def call(*tensors):
        full = [list(x) if isinstance(x, list) else x for x in flat]
        for (i, j), t in zip(places, tensors, strict=True):
            if j is None:
                full[i] = t
            else:
                full[i][j] = t
        named = dict(zip(kwargs, full[len(args) :], strict=True))
        return function_of(row.name)(*full[: len(args)], **named)

    return arrays, call


@pytest.mark.parametrize("row", [pytest.param(r, id=r.name) for r in ROWS if r.plan])
def test_plan_equals_eager(row):
    dtype = "float32" if "float32" in row.dtypes else row.dtypes[0]
    for args, kwargs in row.samples(generator(row, dtype), dtype):
        arrays, call = tensors_and_call(row, args, kwargs)
        if not arrays:
            continue
        planned = nacre.function(call)
        expected = leaves(call(*arrays))
        for _ in range(3):
            for got, want in zip(leaves(planned(*arrays)), expected, strict=True):
                assert (got.dtype, tuple(got.shape)) == (want.dtype, tuple(want.shape))
                assert got.numpy().tobytes() == want.numpy().tobytes()


def weighted_sum(outputs, weights):
    total = ops.zeros((), "float64")
    for y, w in zip(outputs, weights, strict=True):
        if w is not None:
            total = total + ops.sum(y * w)
    return total


def make_loss(call, arrays, rng):
    """A scalar function of the float64 arrays: the outputs, weighted by fixed random numbers."""
    outputs = leaves(call(*arrays))
    weights = [
        nacre.convert_to_tensor(rng.uniform(0.5, 1.5, tuple(y.shape)))
        if y.dtype == "float64"
        else None
        for y in outputs
    ]
    return lambda *xs: weighted_sum(leaves(call(*xs)), weights)


def gradients(loss, xs):
    with nacre.GradientTape(persistent=True) as tape:
        for x in xs:
            tape.watch(x)
        value = loss(*xs)
    grads = tape.gradient(value, list(xs))
    return [ops.zeros_like(x) if g is None else g for g, x in zip(grads, xs, strict=True)]


def directional(loss, xs, directions, step=1e-5):
    """The derivative along the directions by central differences."""
    ahead = [x + d * step for x, d in zip(xs, directions, strict=True)]
    behind = [x - d * step for x, d in zip(xs, directions, strict=True)]
    return (loss(*ahead).numpy() - loss(*behind).numpy()) / (2 * step)


def check_gradient(loss, floats, rng):
    directions = [nacre.convert_to_tensor(rng.uniform(-1, 1, tuple(x.shape))) for x in floats]
    slope = sum(
        float(ops.sum(g * d).numpy())
        for g, d in zip(gradients(loss, floats), directions, strict=True)
    )
    np.testing.assert_allclose(slope, directional(loss, floats, directions), rtol=2e-5, atol=2e-6)


def split_floats(call, arrays):
    """The float64 arrays, and the call as a function of them alone."""
    places = [i for i, x in enumerate(arrays) if x.dtype == "float64"]

    def of_floats(*xs):
        full = list(arrays)
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        return call(*full)

    return [arrays[i] for i in places], of_floats


GRADIENT_ROWS = [pytest.param(r, id=r.name) for r in ROWS if r.grad and "float64" in r.dtypes]


@pytest.mark.parametrize("row", GRADIENT_ROWS)
def test_gradient(row):
    rng = generator(row, "gradient")
    for args, kwargs in row.samples(rng, "float64"):
        floats, call = split_floats(*reversed(tensors_and_call(row, args, kwargs)))
        check_gradient(make_loss(call, floats, rng), floats, rng)


@pytest.mark.parametrize("row", [p for p in GRADIENT_ROWS if p.values[0].second])
def test_second_gradient(row):
    rng = generator(row, "second")
    for args, kwargs in row.samples(rng, "float64"):
        floats, call = split_floats(*reversed(tensors_and_call(row, args, kwargs)))
        loss = make_loss(call, floats, rng)
        weights = [nacre.convert_to_tensor(rng.uniform(0.5, 1.5, tuple(x.shape))) for x in floats]

        def slope(*xs, loss=loss, weights=weights):
            return weighted_sum(gradients(loss, xs), weights)

        check_gradient(slope, floats, rng)


ERRORS = [pytest.param(r, e, id=f"{r.name}-{i}") for r in ROWS for i, e in enumerate(r.errors)]


@pytest.mark.parametrize(("row", "error"), ERRORS)
def test_error(row, error):
    args, kwargs, kind, message = error
    with pytest.raises(kind, match=message):
        function_of(row.name)(*args, **kwargs)


def test_every_op_has_a_row():
    covered = {row.name for row in ROWS}
    public = {name for name, op in _core.all_ops().items() if not op.flags["internal"]}
    assert not public - covered


def test_rows_are_of_distinct_ops():
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
