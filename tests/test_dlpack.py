"""DLPack both ways: with NumPy, with itself, and with PyTorch where it is installed."""

import gc

import numpy as np
import pytest

import nacre
from nacre import ops

DTYPES = ["bool", "int8", "int64", "uint8", "uint32", "float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 2), (2, 3)], ids=str)
def test_numpy(dtype, shape):
    a = np.ones(shape, dtype)
    x = nacre.from_dlpack(a)
    assert (x.dtype, x.shape) == (dtype, shape)
    np.testing.assert_array_equal(np.from_dlpack(x), a)


def test_memory_is_shared_and_kept():
    a = np.arange(6.0)
    x = nacre.from_dlpack(a)
    assert np.shares_memory(np.asarray(x), a)
    back = np.from_dlpack(x)
    assert np.shares_memory(back, a)
    assert not back.flags.writeable
    del a, x
    gc.collect()
    assert back.tolist() == [0, 1, 2, 3, 4, 5]


def test_copies():
    a = np.arange(6.0)
    x = nacre.from_dlpack(a, copy=True)
    assert not np.shares_memory(np.asarray(x), a)
    strided = a.reshape(2, 3).T
    np.testing.assert_array_equal(nacre.from_dlpack(strided), strided)
    np.testing.assert_array_equal(nacre.from_dlpack(a[::-1]), a[::-1])
    with pytest.raises(BufferError, match="row-major"):
        nacre.from_dlpack(strided, copy=False)
    y = ops.convert_to_tensor([1.0])
    copied = np.from_dlpack(y, copy=True)
    assert copied.flags.writeable
    assert not np.shares_memory(copied, np.asarray(y))


def test_capsules():
    x = ops.convert_to_tensor([1.0, 2.0])
    old = x.__dlpack__()
    assert "dltensor" in repr(old)
    y = nacre.from_dlpack(old)
    assert y.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="consumed"):
        nacre.from_dlpack(old)
    new = x.__dlpack__(max_version=(1, 0))
    assert "dltensor_versioned" in repr(new)
    del new, old
    gc.collect()
    assert x.__dlpack_device__() == (1, 0)


def test_bfloat16():
    x = ops.cast([1.0, 2.0], "bfloat16")
    y = nacre.from_dlpack(x)
    assert (y.dtype, y.tolist()) == ("bfloat16", [1.0, 2.0])


def test_refused():
    x = ops.convert_to_tensor([1.0])
    with pytest.raises(BufferError, match="stream"):
        x.__dlpack__(stream=1)
    with pytest.raises(BufferError, match="CPU"):
        x.__dlpack__(dl_device=(2, 0))
    with pytest.raises(TypeError, match="streams"):
        x.__dlpack__(streams=1)
    with pytest.raises(TypeError, match="__dlpack__"):
        nacre.from_dlpack([1.0])
    with pytest.raises(TypeError, match="type code"):
        nacre.from_dlpack(np.array([1j]))
    with pytest.raises(ValueError, match="device"):
        nacre.from_dlpack(x, device="cuda")


def test_torch():
    torch = pytest.importorskip("torch")
    t = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    x = nacre.from_dlpack(t)
    assert x.tolist() == t.tolist()
    converted = ops.convert_to_tensor(t)
    t += 1
    assert converted.tolist() == [[0, 1, 2], [3, 4, 5]]
    back = torch.from_dlpack(ops.convert_to_tensor([1.0, 2.0]))
    assert back.tolist() == [1.0, 2.0]
    half = ops.convert_to_tensor(torch.ones(2, dtype=torch.bfloat16))
    assert half.dtype == "bfloat16"
