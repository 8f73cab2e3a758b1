"""NumPy arrays and Python values to tensors and back."""

import numpy as np
import pytest

import nacre
from nacre import ops

DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "float16",
    "float32",
    "float64",
]
LARGE = 40_000  # elements: memory is handed over rather than copied where that is allowed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4), (LARGE,)], ids=str)
def test_there_and_back(dtype, shape):
    a = np.random.default_rng(0).integers(0, 2, size=shape).astype(dtype)
    x = ops.convert_to_tensor(a)
    assert (x.dtype, x.shape) == (dtype, shape)
    for back in (x.numpy(), np.asarray(x), np.array(x), ops.convert_to_numpy(x)):
        assert back.dtype == a.dtype
        assert back.shape == a.shape
        np.testing.assert_array_equal(back, a)


LAYOUTS = {
    "reversed": lambda a: a[::-1],
    "negative strides": lambda a: a[::-2, ::-1],
    "transposed": lambda a: a.T,
    "fortran": np.asfortranarray,
    "sliced": lambda a: a[1:, 1::2],
    "broadcast": lambda a: np.broadcast_to(a[0], a.shape),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "big-endian reversed": lambda a: a.astype(a.dtype.newbyteorder(">"))[::-1],
    "subclass": lambda a: a.view(type("Sub", (np.ndarray,), {})),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [6, 300])
@pytest.mark.parametrize("dtype", ["float32", "int16", "float64"])
def test_layouts(layout, size, dtype):
    a = LAYOUTS[layout](np.arange(size * size).reshape(size, size).astype(dtype))
    for x in (ops.convert_to_tensor(a), nacre.from_numpy(a)):
        assert x.dtype == dtype
        np.testing.assert_array_equal(x, np.ascontiguousarray(a))


def test_read_only_and_unaligned():
    a = np.arange(10.0)
    a.flags.writeable = False
    np.testing.assert_array_equal(ops.convert_to_tensor(a), a)
    raw = np.zeros(8 * LARGE + 1, "uint8")
    odd = raw[1:].view("float64")
    odd[:] = np.arange(LARGE)
    assert not odd.flags.aligned
    for x in (ops.convert_to_tensor(odd), nacre.from_numpy(odd)):
        np.testing.assert_array_equal(x, np.arange(LARGE))


def test_packed_records():
    a = np.zeros(4, dtype=[("x", "u1"), ("y", "f4")])
    a["y"] = np.arange(4)
    np.testing.assert_array_equal(ops.convert_to_tensor(a["y"]), np.arange(4))
    with pytest.raises(TypeError, match="no tensor dtype"):
        ops.convert_to_tensor(a)


@pytest.mark.parametrize("n", [3, LARGE])
def test_the_caller_may_change_the_array(n):
    a = np.zeros(n, "float32")
    x = ops.convert_to_tensor(a)
    y = ops.add(a, 0.0)
    a[:] = 1.0
    assert float(ops.max(x)) == float(ops.max(y)) == 0.0
    b = x.numpy()
    b[:] = 2.0
    assert float(ops.max(x)) == 0.0


def test_from_numpy_shares_large_arrays():
    a = np.zeros(LARGE, "float32")
    x = nacre.from_numpy(a)
    assert np.shares_memory(np.asarray(x), a)
    del a
    assert float(ops.sum(x)) == 0.0


def test_array_protocol():
    x = ops.convert_to_tensor([1.0, 2.0])
    view = np.asarray(x)
    assert not view.flags.writeable
    assert np.shares_memory(view, np.asarray(x))
    assert x.__array__(copy=True).flags.writeable
    assert not np.shares_memory(x.__array__(copy=True), view)
    assert np.asarray(x, dtype="int64").dtype == np.int64
    with pytest.raises(ValueError, match="copy"):
        x.__array__(dtype="float64", copy=False)
    assert x.__array__(copy=False).dtype == np.float32
    keep = np.asarray(ops.convert_to_tensor(np.arange(3)))
    np.testing.assert_array_equal(keep, [0, 1, 2])  # the array keeps the data alive


def test_numpy_functions_take_tensors():
    x = ops.convert_to_tensor([1.0, 4.0])
    assert isinstance(np.sqrt(x), np.ndarray)
    np.testing.assert_allclose(np.sqrt(x), [1, 2])
    assert isinstance(np.ones(2) + x, nacre.Tensor)
    assert isinstance(np.float32(2) * x, nacre.Tensor)
    np.testing.assert_array_equal(np.stack([x, x]), [[1, 4], [1, 4]])


def test_buffer_protocol():
    x = ops.convert_to_tensor(np.arange(6, dtype="int16").reshape(2, 3))
    view = memoryview(x)
    assert (view.format, view.shape, view.strides, view.readonly) == ("h", (2, 3), (6, 2), True)
    assert view.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert bytes(x) == np.arange(6, dtype="int16").tobytes()
    with pytest.raises(BufferError, match="bfloat16"):
        memoryview(ops.cast(x, "bfloat16"))
    assert memoryview(ops.convert_to_tensor(1.0)).shape == ()


def test_bfloat16_comes_as_float32():
    x = ops.cast([1.0, 2.5], "bfloat16")
    assert x.numpy().dtype == np.float32
    assert np.asarray(x).tolist() == [1.0, 2.5]


@pytest.mark.parametrize(
    "value, dtype",
    [
        (1, "int32"),
        (2**31, "int64"),
        (1.0, "float32"),
        (True, "bool"),
        ([1, 2], "int32"),
        ([1, 2**31], "int64"),
        ([1, 2.5], "float32"),
        ([], "float32"),
        ([[True], [False]], "bool"),
        ((1.0, 2), "float32"),
        (np.float64(1), "float32"),
        (np.float32(1), "float32"),
        (np.int8(1), "int8"),
        (np.array([1.0]), "float64"),
        ([np.array([1.0]), np.array([2.0])], "float64"),
        (range(3), "int32"),
        (np.arange(2, dtype="uint64"), "int64"),
        (np.longdouble(1.5) * np.ones(2, np.longdouble), "float64"),
    ],
    ids=repr,
)
def test_dtypes_of_values(value, dtype):
    assert ops.convert_to_tensor(value).dtype == dtype


def test_floatx_is_the_dtype_of_python_floats():
    nacre.config.set_floatx("float64")
    try:
        assert ops.convert_to_tensor([1.0]).dtype == "float64"
        assert ops.convert_to_tensor(1.0).dtype == "float64"
    finally:
        nacre.config.set_floatx("float32")


def test_given_dtype():
    assert ops.convert_to_tensor([1.7], dtype="int32").tolist() == [1]
    for given in (np.float16, np.dtype("float16"), "float16"):
        assert ops.convert_to_tensor([1], dtype=given).dtype == "float16"
    assert ops.convert_to_tensor([1], dtype=float).dtype == "float32"
    with pytest.raises(ValueError, match="Did you mean 'float32'"):
        ops.convert_to_tensor([1], dtype="flot32")
    with pytest.raises((TypeError, ValueError)):
        ops.convert_to_tensor([1], dtype="complex64")


def test_sequences_of_tensors_are_stacked():
    x = ops.convert_to_tensor([1.0, 2.0])
    stacked = ops.convert_to_tensor([x, [3.0, 4.0]])
    assert stacked.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    grad = nacre.grad(lambda t: ops.sum(ops.convert_to_tensor([t, t * 2.0])))(x)
    assert grad.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    "value, error, message",
    [
        (None, TypeError, "None"),
        ("text", TypeError, "str"),
        ([["a"]], TypeError, "text"),
        (np.array(["a"]), TypeError, "strings"),
        (np.array([None, 1]), TypeError, "object"),
        (np.array([1j]), TypeError, "complex"),
        (np.array(["2020-01-01"], "datetime64[D]"), TypeError, "no tensor dtype"),
        (object(), TypeError, "object"),
        ([[1, 2], [3]], ValueError, "equal lengths"),
        (np.zeros((1,) * 9), ValueError, "at most 8"),
        (np.array([2**64 - 1], "uint64"), ValueError, "uint64"),
        (2**70, ValueError, "64 bits"),
        ({"a": 1}, TypeError, "dict"),
        (float, TypeError, "type"),
    ],
    ids=lambda v: repr(v).split(" at 0x")[0][:30],  # an address differs between processes
)
def test_refused(value, error, message):
    with pytest.raises(error, match=message):
        ops.convert_to_tensor(value)


def test_other_array_likes():
    class Like:
        def __array__(self, dtype=None, copy=None):
            return np.array([1.0, 2.0], "float32")

    assert ops.convert_to_tensor(Like()).tolist() == [1.0, 2.0]
    assert ops.add(Like(), 1.0).tolist() == [2.0, 3.0]
    assert ops.convert_to_tensor(memoryview(b"ab")).tolist() == [97, 98]
    import array

    assert ops.convert_to_tensor(array.array("i", [1, 2])).tolist() == [1, 2]
