"""The Python type Variable."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import nacre
from nacre import ops


def test_attributes():
    v = nacre.Variable([[1.0, 2.0]], name="w")
    assert (v.shape, v.dtype, v.ndim, v.size) == ((1, 2), "float32", 2, 2)
    assert (v.name, v.path, v.trainable) == ("w", "w", True)
    v.trainable = False
    v.path = "layer/w"
    assert (v.trainable, v.path) == (False, "layer/w")
    v.extra = 3
    assert v.extra == 3
    assert "layer/w" in repr(v)
    assert isinstance(v.value, nacre.Tensor)


def test_initial_values():
    assert nacre.Variable(np.zeros((2,), "float64")).dtype == "float32"
    assert nacre.Variable(np.zeros((2,), "float64"), dtype="float64").dtype == "float64"
    assert nacre.Variable([1, 2]).dtype == "int32"
    v = nacre.Variable(lambda shape, dtype: ops.ones(shape, dtype), shape=(2, 3), dtype="float16")
    assert (v.shape, v.dtype) == ((2, 3), "float16")
    with pytest.raises(ValueError, match="shape=None"):
        nacre.Variable(lambda shape, dtype: ops.ones(shape, dtype))
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        nacre.Variable([1.0, 2.0], shape=(3,))
    with pytest.raises(TypeError, match="None"):
        nacre.Variable(None)
    with pytest.raises(TypeError, match="name"):
        nacre.Variable(1.0, name=3)


def test_assign():
    v = nacre.Variable([1.0, 2.0])
    old = v.value
    assert v.assign([3.0, 4.0]).tolist() == [3.0, 4.0]
    assert v.assign_add([1.0, 1.0]).tolist() == [4.0, 5.0]
    assert v.assign_sub(np.array([1.0, 2.0])).tolist() == [3.0, 3.0]
    assert v.dtype == "float32"
    assert old.tolist() == [1.0, 2.0]
    v.assign(np.array([7, 8]))
    assert v.numpy().tolist() == [7.0, 8.0]
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    assert v.numpy().tolist() == [7.0, 8.0]


def test_it_behaves_as_its_value():
    a = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    v = nacre.Variable(a)
    np.testing.assert_allclose(v + 1, a + 1)
    np.testing.assert_allclose(2 * v, a * 2)
    np.testing.assert_allclose(v @ v, a @ a)
    np.testing.assert_allclose(-v, -a)
    np.testing.assert_allclose(a - v, 0 * a)
    np.testing.assert_allclose(ops.exp(v), np.exp(a), rtol=1e-6)
    np.testing.assert_allclose(v[0], a[0])
    np.testing.assert_allclose(np.asarray(v), a)
    np.testing.assert_allclose(v.T, a.T)
    assert (v > 2).tolist() == (a > 2).tolist()
    assert len(v) == 2
    assert [row.tolist() for row in v] == a.tolist()
    assert float(nacre.Variable(2.0)) == 2.0
    assert int(nacre.Variable(2)) == 2
    assert bool(nacre.Variable(True))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(v)


def test_identity():
    v, w = nacre.Variable(1.0), nacre.Variable(1.0)
    assert len({v, w}) == 2
    ref = weakref.ref(v)
    del v
    gc.collect()
    assert ref() is None


def test_one_object_a_variable():
    v = nacre.Variable(1.0)
    with nacre.GradientTape() as tape:
        v * 2.0
    assert tape.watched_variables()[0] is v


def test_copies_and_pickles():
    v = nacre.Variable([1.0, 2.0], name="w", trainable=False)
    for other in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert other is not v
        assert (other.name, other.trainable, other.dtype) == ("w", False, "float32")
        other.assign([5.0, 6.0])
        assert v.numpy().tolist() == [1.0, 2.0]


def test_subclass():
    class Mine(nacre.Variable):
        def twice(self):
            return self * 2.0

    v = Mine(3.0)
    assert float(v.twice()) == 6.0
    assert float(ops.add(v, 1.0)) == 4.0

    class Forgetful(nacre.Variable):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match="__init__"):
        Forgetful().value  # noqa: B018
