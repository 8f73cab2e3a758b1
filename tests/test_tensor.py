"""The Python type Tensor: attributes, operators, indexing, values, errors."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import nacre
from nacre import ops

X = np.arange(24, dtype="float32").reshape(2, 3, 4)


def tensor(values, dtype=None):
    return ops.convert_to_tensor(values, dtype)


def test_attributes():
    x = tensor(X)
    assert x.shape == (2, 3, 4)
    assert x.dtype == "float32"
    assert (x.ndim, x.size, x.itemsize, x.nbytes) == (3, 24, 4, 96)
    assert x.T.shape == (4, 3, 2)
    assert len(x) == 2
    assert x.device == "cpu"


def test_it_is_made_by_functions_only():
    with pytest.raises(TypeError):
        nacre.Tensor()
    with pytest.raises(TypeError):
        type("Mine", (nacre.Tensor,), {})


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a // b,
        lambda a, b: a % b,
        lambda a, b: a**b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: a == b,
        lambda a, b: a != b,
        lambda a, b: divmod(a, b)[1],
        lambda a, b: -a + +b,
        lambda a, b: abs(a - b),
    ],
)
def test_operators_as_numpy(f):
    a, b = X + 1, X[::-1].copy() + 2
    expected = f(a, b)
    for result in (f(tensor(a), tensor(b)), f(tensor(a), b), f(a, tensor(b))):
        assert isinstance(result, nacre.Tensor)
        np.testing.assert_allclose(result, expected, rtol=1e-5)
    np.testing.assert_allclose(f(tensor(a), 2.0), f(a, np.float32(2)), rtol=1e-5)
    np.testing.assert_allclose(f(3, tensor(b)), f(np.float32(3), b), rtol=1e-5)


def test_bit_operators():
    a, b = np.array([5, 6, 7], "int32"), np.array([3, 3, 1], "int32")
    x, y = tensor(a), tensor(b)
    for result, expected in [
        (x & y, a & b),
        (x | y, a | b),
        (x ^ y, a ^ b),
        (~x, ~a),
        (x << y, a << b),
        (x >> y, a >> b),
    ]:
        assert result.dtype == "int32"
        np.testing.assert_array_equal(result, expected)
    p, q = tensor([True, False]), tensor([True, True])
    assert (p & q).tolist() == [True, False]
    assert (p | q).tolist() == [True, True]
    assert (p ^ q).tolist() == [False, True]
    assert (~p).tolist() == [False, True]


def test_matmul_operator():
    a, b = X[0], X[1].T.copy()
    np.testing.assert_allclose(tensor(a) @ tensor(b), a @ b)
    np.testing.assert_allclose(a @ tensor(b), a @ b)


def test_python_numbers_are_weak():
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        assert (tensor([1.0], dtype) * 2.0).dtype == dtype
        assert (2 * tensor([1.0], dtype)).dtype == dtype
    for dtype in ("int8", "uint8", "int32", "int64"):
        assert (tensor([1], dtype) + 1).dtype == dtype
        assert (tensor([1], dtype) + 1.5).dtype == "float32"
    assert (tensor([True]) + 1).dtype == "int32"
    assert (tensor([1], "int32") + 2**40).dtype == "int64"
    with pytest.raises(ValueError, match="64 bits"):
        tensor([1]) + 2**70


def test_foreign_operands():
    x = tensor([1.0])
    assert (x == None) is False  # noqa: E711
    assert (x == "a") is False
    with pytest.raises(TypeError):
        x + "a"
    with pytest.raises(TypeError):
        x + None
    with pytest.raises(TypeError):
        pow(x, 2, 3)

    class Reflects:
        def __radd__(self, other):
            return "reflected"

    assert x + Reflects() == "reflected"


def test_truth_and_numbers():
    assert bool(tensor(1.0)) and not bool(tensor([[0]]))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(tensor([1, 2]))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(tensor(np.zeros((0,))))
    assert float(tensor(1.5)) == 1.5
    assert int(tensor(3.7)) == 3
    assert tensor(2**40, "int64").item() == 2**40
    assert [10, 20, 30][tensor(1)] == 20
    assert list(range(5))[: tensor(2)] == [0, 1]
    for bad in (tensor(1.0), tensor([1])):
        with pytest.raises(TypeError, match="index"):
            [1, 2][bad]
    with pytest.raises(TypeError, match="one element"):
        float(tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="one element"):
        tensor([1.0, 2.0]).item()
    assert tensor([[1, 2], [3, 4]]).item(1, 0) == 3
    assert tensor([True]).item() is True


def test_iteration_and_length():
    assert [float(row[0, 0]) for row in tensor(X)] == [0.0, 12.0]
    a, b = tensor([1, 2])
    assert (int(a), int(b)) == (1, 2)
    with pytest.raises(TypeError, match="scalar"):
        len(tensor(1.0))
    with pytest.raises(TypeError, match="scalar"):
        iter(tensor(1.0))


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        (1, 2, 3),
        slice(None),
        slice(1, None),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(5, 1),
        slice(-100, 100),
        (slice(None), slice(2, 0, -1)),
        (slice(None), slice(None), slice(3, None, -2)),
        ...,
        (..., 0),
        (0, ..., 1),
        None,
        (None, 0, None, ..., None),
        (slice(None), 1),
        [0, 1, 0],
        np.array([1, 0]),
        np.array([[0, 1], [1, 1]]),
        (np.array([0, 1]), np.array([2, 0])),
        (slice(None), np.array([2, 0])),
        (np.array([0, 1]), slice(None), np.array([3, 0])),
        (0, np.array([2, 0])),
        (np.array([True, False]),),
        X > 7,
        (slice(None), np.array([True, False, True])),
        np.int64(1),
        [],
        (slice(None), [-1, 0]),
    ],
    ids=repr,
)
def test_indexing_as_numpy(key):
    expected = X[key]
    result = tensor(X)[key]
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result, expected)


def test_indexing_with_tensors():
    x = tensor(X)
    np.testing.assert_array_equal(x[tensor([1, 0])], X[[1, 0]])
    np.testing.assert_array_equal(x[x > 5.0], X[X > 5.0])
    np.testing.assert_array_equal(x[tensor(1)], X[1])


@pytest.mark.parametrize(
    "key, error",
    [
        (2, IndexError),
        (-3, IndexError),
        ((0, 0, 0, 0), IndexError),
        ((..., ...), IndexError),
        ([5], IndexError),
        (1.5, IndexError),
        ("a", IndexError),
        (np.array([0.5]), IndexError),
        (slice(None, None, 0), ValueError),
        (np.array([True, False, True]), IndexError),
        (slice("a", None), TypeError),
    ],
    ids=repr,
)
def test_bad_indices(key, error):
    with pytest.raises(error):
        tensor(X)[key]


def test_it_is_immutable():
    x = tensor([1.0, 2.0])
    with pytest.raises(TypeError):
        x[0] = 3.0
    with pytest.raises(AttributeError):
        x.shape = (1, 2)
    with pytest.raises((ValueError, RuntimeError)):
        np.asarray(x)[0] = 3.0
    with pytest.raises(TypeError, match="read-only"):
        memoryview(x)[0] = 1.0


def test_identity():
    x, y = tensor([1.0]), tensor([1.0])
    assert len({x, y}) == 2
    assert copy.copy(x) is x
    assert copy.deepcopy([x])[0] is x
    ref = weakref.ref(x)
    del x
    gc.collect()
    assert ref() is None


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "float16", "bfloat16", "float64"])
def test_pickle(dtype):
    x = tensor([[1, 0, 3]], dtype)
    y = pickle.loads(pickle.dumps(x))
    assert (y.dtype, y.tolist()) == (dtype, x.tolist())


def test_text():
    assert repr(tensor([[1.0, 2.0], [3.0, 4.0]])) == (
        "Tensor([[1., 2.],\n        [3., 4.]], dtype=float32)"
    )
    assert repr(tensor(np.zeros((0, 3)))) == "Tensor([], shape=(0, 3), dtype=float64)"
    assert "..." in repr(ops.zeros((2000,)))
    assert str(tensor([1, 2])) == "[1 2]"
    assert f"{tensor(1.2345):.2f}" == "1.23"
    assert f"{tensor([1])}" == "[1]"
    with pytest.raises(TypeError, match="one element"):
        f"{tensor([1.0, 2.0]):.2f}"


def test_methods():
    x = tensor(X)
    assert x.reshape(4, 6).shape == x.reshape((4, 6)).shape == x.reshape([-1, 6]).shape == (4, 6)
    assert x.astype("int32").dtype == "int32"
    np.testing.assert_allclose(x.sum(), X.sum())
    np.testing.assert_allclose(x.mean(axis=1), X.mean(axis=1))
    np.testing.assert_allclose(x.max(axis=-1, keepdims=True), X.max(axis=-1, keepdims=True))
    assert x.tolist() == X.tolist()


def test_ops_report_bad_calls():
    x = tensor([1.0, 2.0])
    cases = [
        (lambda: ops.add(x), TypeError, "add: missing argument 'x2'"),
        (lambda: ops.add(x, x, x), TypeError, "add: expected at most 2 arguments, received 3"),
        (lambda: ops.add(x, y=x), TypeError, "add: unexpected keyword argument 'y'"),
        (lambda: ops.add(x, x1=x), TypeError, "add: argument 'x1' given twice"),
        (lambda: ops.add(x, None), TypeError, "add: argument 'x2': .* received None"),
        (lambda: ops.add(x, "a"), TypeError, "add: argument 'x2': .* type str"),
        (lambda: ops.sum(x, axes=0), TypeError, "Did you mean 'axis'"),
        (lambda: ops.sum(x, axis="a"), TypeError, "sum: argument 'axis': .* 'a'"),
        (lambda: ops.sum(x, axis=3), ValueError, "sum"),
        (lambda: ops.add(x, [1.0, 2.0, 3.0]), ValueError, r"add.*\(2,\).*\(3,\)"),
        (lambda: ops.cast(x, "float31"), ValueError, "float32"),
        (lambda: ops.reshape(x, (3,)), ValueError, "reshape"),
        (lambda: ops.no_such_op, AttributeError, "no_such_op"),
        (lambda: ops.softmx, AttributeError, "Did you mean 'softmax'"),
    ]
    for f, error, message in cases:
        with pytest.raises(error, match=message):
            f()


def test_ops_describe_themselves():
    import inspect

    assert str(inspect.signature(ops.sum)) == "(x, axis=None, keepdims=False)"
    assert ops.sum.__name__ == "sum"
    assert ops.sum.__module__ == "nacre.ops"
    assert ops.sum.__doc__
    assert pickle.loads(pickle.dumps(ops.sum)) is ops.sum
    assert "sum" in dir(ops)
