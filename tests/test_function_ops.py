"""Ops that take Python functions: conditions, loops, scans, maps, vectorize."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import ops


def rows(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def close(received, expected):
    np.testing.assert_allclose(np.asarray(received), expected, rtol=1e-6, atol=1e-6)


def test_conditions():
    x = ops.convert_to_tensor(2.0)
    assert float(ops.cond(x > 1, lambda: x * 2, lambda: x)) == 4
    assert float(ops.cond(x > 3, lambda: x * 2, lambda: x)) == 2
    branches = [lambda v: v, lambda v: -v]
    assert [float(ops.switch(i, branches, x)) for i in (0, 1, 7, -3)] == [2, -2, -2, 2]


def test_loops():
    i, total = ops.while_loop(
        lambda i, total: i < 5, lambda i, total: (i + 1, total + i), (0, ops.zeros(()))
    )
    assert (int(i), float(total)) == (5, 10)
    stopped = ops.while_loop(lambda i: i < 5, lambda i: i + 1, 0, maximum_iterations=2)
    assert int(stopped) == 2
    assert float(ops.fori_loop(1, 5, lambda i, x: x * i, ops.ones(()))) == 24


def test_scans_and_maps():
    x = rows(4, 3)
    carry, steps = ops.scan(lambda c, row: (c + row, c * 2), ops.zeros((3,)), x)
    before = np.cumsum(x, 0) - x
    close(carry, x.sum(0))
    close(steps, before * 2)
    close(ops.scan(lambda c, row: (c + row, c), ops.zeros((3,)), x, reverse=True)[0], x.sum(0))
    close(ops.map(lambda row: ops.sum(row * row), x), (x * x).sum(1))
    close(ops.vectorized_map(lambda row: row[::-1], x), x[:, ::-1])
    close(ops.associative_scan(ops.multiply, x, axis=1), np.cumprod(x, 1))
    backwards = ops.associative_scan(ops.add, x, reverse=True)
    close(backwards, np.cumsum(x[::-1], 0)[::-1])


def test_a_scan_has_gradients():
    x = nacre.Variable(rows(4, 3))
    with nacre.GradientTape() as tape:
        total, _ = ops.scan(lambda c, row: (c * row, None), ops.ones((3,)), x.value)
        loss = ops.sum(total)
    values = np.asarray(x)
    close(tape.gradient(loss, x), values.prod(0) / values)


def test_vectorize_calls_with_scalars():
    seen = []

    def f(a, b, scale=1.0):
        seen.append((a.shape, b.shape))
        return scale * (a - b)

    x, y = rows(3, 1), rows(2)
    close(ops.vectorize(f)(x, y), x - y)
    assert seen == [((), ())] * 6
    close(ops.vectorize(f, excluded={"scale"})(x, y, scale=2.0), 2 * (x - y))
    close(ops.vectorize(lambda a, n: a**n, excluded={1})(x, 2), x**2)


def test_vectorize_with_a_signature():
    a, b = rows(4, 1, 3, 5), rows(2, 5)
    product = ops.vectorize(ops.matmul, signature="(m,n),(n)->(m)")(a, b)
    close(product, np.einsum("abmn,bn->abm", np.broadcast_to(a, (4, 2, 3, 5)), b))
    total, twice = ops.vectorize(lambda x: (ops.sum(x), 2 * x), signature="(n)->(),(n)")(b)
    close(total, b.sum(1))
    close(twice, 2 * b)
    pairs = ops.vectorize(lambda x: ops.stack([x, -x]), signature="()->( k )")(b)
    close(pairs, np.stack([b, -b], -1))


PRODUCT = "(m,n),(n)->(m)"
VECTORIZE_ERRORS = [
    (lambda: ops.vectorize(3), TypeError, "expected a callable, received 3"),
    (lambda: ops.vectorize(ops.sum, signature="(m,n)"), ValueError, "expected a signature such as"),
    (
        lambda: ops.vectorize(ops.sum, signature="(m->n)"),
        ValueError,
        "expected a signature such as",
    ),
    (
        lambda: ops.vectorize(ops.matmul, signature=PRODUCT)(rows(3, 5), rows(4)),
        ValueError,
        "argument 1: expected 5 for dimension 'n', received 4",
    ),
    (
        lambda: ops.vectorize(ops.matmul, signature=PRODUCT)(rows(5), rows(5)),
        ValueError,
        r"expected argument 0 to have the dimensions \('m', 'n'\), received the shape \(5,\)",
    ),
    (
        lambda: ops.vectorize(ops.matmul, signature=PRODUCT)(rows(3, 5)),
        ValueError,
        "expected 2 arguments for signature .*, received 1",
    ),
    (
        lambda: ops.vectorize(ops.matmul, signature="(m,n),(n)->(n)")(rows(3, 5), rows(5)),
        ValueError,
        "result 0: expected 5 for dimension 'n', received 3",
    ),
    (
        lambda: ops.vectorize(ops.sum, signature="(n)->(),()")(rows(5)),
        ValueError,
        "expected 2 results, received 1",
    ),
    (
        lambda: ops.vectorize(lambda x: x)(rows(0, 5)),
        ValueError,
        r"expected at least one place, received the shape \(0, 5\)",
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "message"), VECTORIZE_ERRORS, ids=range(len(VECTORIZE_ERRORS))
)
def test_vectorize_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("signature", ["(m,n),(n)->(m)", "(m,n),(n)->(n)", "(m,n),(k)->(m)", "(m)"])
def test_vectorize_as_numpy(signature):
    def product(a, b):
        return a @ b

    a, b = rows(2, 1, 3, 5), rows(4, 5)
    try:
        expected = np.vectorize(product, signature=signature)(a, b)
    except ValueError:
        with pytest.raises(ValueError, match="vectorize"):
            ops.vectorize(product, signature=signature)(a, b)
    else:
        close(ops.vectorize(product, signature=signature)(a, b), expected)
