"""nacre.function: recording, replay, signatures, falling back."""

import gc
import threading
import warnings
import weakref

import numpy as np
import pytest

import nacre
from nacre import config, ops


def tensor(values, dtype=None):
    return ops.convert_to_tensor(values, dtype)


def counted(f):
    """f as a captured function, and a list that grows when Python runs it."""
    runs = []

    def body(*args, **kwargs):
        runs.append(None)
        return f(*args, **kwargs)

    return nacre.function(body), runs


def test_it_is_recorded_once_a_signature():
    f, runs = counted(lambda x: ops.exp(x) * 2.0 + 1.0)
    for size in (3, 3, 3, 5, 5, 3):
        x = np.random.default_rng(size).normal(size=size).astype("float32")
        np.testing.assert_allclose(f(tensor(x)), np.exp(x) * 2 + 1, rtol=1e-6)
    assert len(runs) == 2
    f(tensor([1.0], "float64"))
    assert len(runs) == 3


def test_replay_has_the_bits_of_the_eager_call():
    rng = np.random.default_rng(0)
    w = nacre.Variable(rng.normal(size=(20, 30)).astype("float32"))

    def f(x):
        h = ops.tanh(x @ w + 0.5)
        return ops.sum(h * h, axis=1), ops.softmax(h)

    g = nacre.function(f)
    for _ in range(3):
        x = tensor(rng.normal(size=(7, 20)).astype("float32"))
        for a, b in zip(f(x), g(x), strict=True):
            np.testing.assert_array_equal(a, b)


def test_structures_in_and_out():
    @nacre.function
    def f(batch, *, scale, names):
        x, (y, z) = batch["x"], batch["rest"]
        return {"sum": x + y, "both": [z * scale, (x, None, names)], "n": 3}

    for k in (1.0, 2.0):
        batch = {"x": tensor([k]), "rest": (tensor([2.0]), np.array([3.0], "float32"))}
        out = f(batch, scale=2.0, names="abc")
        assert out["sum"].tolist() == [k + 2]
        assert out["both"][0].tolist() == [6.0]
        assert out["both"][1][0].tolist() == [k]
        assert out["both"][1][1:] == (None, "abc")
        assert out["n"] == 3


def test_plain_values_are_part_of_the_signature():
    f, runs = counted(lambda x, n: x * n)
    x = tensor([1.0])
    values = [2, 3, 2, 2.0, True, 3]
    assert [float(f(x, n)[0]) for n in values] == [2.0, 3.0, 2.0, 2.0, 1.0, 3.0]
    assert len(runs) == 4


def test_the_same_tensor_as_two_arguments():
    f = nacre.function(lambda a, b: a - b)
    x, y = tensor([3.0]), tensor([1.0])
    assert f(x, x).tolist() == [0.0]
    assert f(x, y).tolist() == [2.0]


def test_an_argument_that_is_also_closed_over():
    x, y = tensor([3.0]), tensor([1.0])
    f = nacre.function(lambda a: a - x)
    assert f(x).tolist() == [0.0]
    assert f(y).tolist() == [-2.0]


def test_results_are_fresh():
    f = nacre.function(lambda x: x * 2.0)
    f(tensor([1.0]))
    a = f(tensor([1.0]))
    b = f(tensor([2.0]))
    assert (a.tolist(), b.tolist()) == ([2.0], [4.0])
    same = nacre.function(lambda x: (x, x))
    same(tensor([1.0]))
    assert [t.tolist() for t in same(tensor([5.0]))] == [[5.0], [5.0]]


def test_variables_are_updated_in_place():
    v = nacre.Variable([1.0, 1.0])

    @nacre.function
    def step(x):
        v.assign_add(x)
        return v * 10.0

    assert step(tensor([1.0, 2.0])).tolist() == [20.0, 30.0]
    assert step(tensor([1.0, 2.0])).tolist() == [30.0, 50.0]
    before = v.value
    assert step(tensor([1.0, 2.0])).tolist() == [40.0, 70.0]
    assert before.tolist() == [3.0, 5.0]  # values read earlier do not change
    v.assign([0.0, 0.0])
    assert step(tensor([1.0, 2.0])).tolist() == [10.0, 20.0]


def test_gradients_inside():
    v = nacre.Variable(3.0)

    @nacre.function
    def step(x):
        with nacre.GradientTape() as tape:
            loss = v * v * x
        g = tape.gradient(loss, v)
        v.assign_sub(g * 0.1)
        return loss

    expected = 3.0
    for _ in range(4):
        assert float(step(tensor(2.0))) == pytest.approx(expected**2 * 2, rel=1e-5)
        expected -= 0.4 * expected
        assert float(v.value) == pytest.approx(expected, rel=1e-5)


def test_gradients_through_it():
    f = nacre.function(lambda x: x * x)
    f(tensor(1.0))
    f(tensor(1.0))
    assert float(nacre.grad(f)(tensor(3.0))) == 6.0


def test_functions_nest():
    inner = nacre.function(lambda x: x + 1.0)
    outer = nacre.function(lambda x: inner(x) * 2.0)
    inner(tensor(1.0))
    assert [float(outer(tensor(v))) for v in (1.0, 2.0, 3.0)] == [4.0, 6.0, 8.0]


@pytest.mark.parametrize(
    "read",
    [
        lambda x: float(ops.sum(x)),
        lambda x: bool(ops.sum(x) > 0),
        lambda x: ops.sum(x).numpy(),
        lambda x: np.asarray(x),
        lambda x: x.tolist(),
        lambda x: f"{ops.sum(x):.1f}",
        lambda x: x.__dlpack__(max_version=(1, 0)),
        lambda x: np.asarray(memoryview(x)),
    ],
)
def test_reading_a_value_falls_back_with_one_warning(read):
    def f(x):
        read(x)
        return x * 2.0

    g = nacre.function(f)
    with pytest.warns(RuntimeWarning, match=r"test_function.py:\d+"):
        assert g(tensor([1.0])).tolist() == [2.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert g(tensor([4.0])).tolist() == [8.0]
        assert g(tensor([4.0, 5.0])).tolist() == [8.0, 10.0]


def test_data_dependent_branches_are_right():
    @nacre.function
    def f(x):
        return x * 2.0 if ops.sum(x) > 0 else x * 3.0

    with pytest.warns(RuntimeWarning):
        assert f(tensor([1.0])).tolist() == [2.0]
    assert f(tensor([-1.0])).tolist() == [-3.0]


def test_results_that_a_plan_cannot_make():
    class Box:
        def __init__(self, x):
            self.x = x

    f = nacre.function(lambda x: Box(x * 2.0))
    with pytest.warns(RuntimeWarning, match="Box"):
        f(tensor([1.0]))
    assert f(tensor([3.0])).x.tolist() == [6.0]


def test_printing_does_not_break_it(capsys):
    f, runs = counted(lambda x: (repr(nacre.Variable([1.0])), x * 2.0)[1])
    f(tensor([1.0]))
    f(tensor([1.0]))
    assert len(runs) == 1


def test_errors_pass_through_and_leave_it_usable():
    v = nacre.Variable(0.0)

    @nacre.function
    def f(x):
        v.assign_add(ops.sum(x))
        if x.shape[0] == 2:
            raise KeyError("two")
        return x

    with pytest.raises(KeyError, match="two"):
        f(tensor([1.0, 2.0]))
    assert not nacre._core.is_recording()
    assert f(tensor([1.0])).tolist() == [1.0]


def test_an_error_half_way_has_changed_nothing():
    v = nacre.Variable(1.0)

    @nacre.function
    def f(x):
        v.assign_add(ops.sum(x))
        return ops.reshape(x * v, (7,))

    with pytest.raises(ValueError, match="reshape"):
        f(tensor([1.0, 2.0]))
    assert float(v) == 1.0


def test_assignments_are_seen_by_the_step_alone_until_it_has_run():
    v = nacre.Variable(1.0)
    seen = []

    @nacre.function
    def f(x):
        v.assign(x * 3.0)
        thread = threading.Thread(target=lambda: seen.append(float(v)))
        thread.start()
        thread.join()
        v.assign_add(1.0)
        return v + 0.0

    assert float(f(tensor(5.0))) == 16.0
    assert seen == [1.0]
    assert float(v) == 16.0
    assert float(f(tensor(1.0))) == 4.0 == float(v)


def test_a_value_read_after_assignments():
    v, w = nacre.Variable(1.0), nacre.Variable(2.0)

    @nacre.function
    def f(x):
        v.assign_add(x)
        w.assign(v * 2.0)
        with nacre.GradientTape() as tape:
            y = w * w * x
            if float(v) > 100.0:
                return y
        w.assign(tape.gradient(y, w))
        return y

    with pytest.warns(RuntimeWarning, match="op by op"):
        assert float(f(tensor(3.0))) == 8.0 * 8.0 * 3.0
    assert (float(v), float(w)) == (4.0, 48.0)
    assert float(f(tensor(1.0))) == 100.0
    assert (float(v), float(w)) == (5.0, 20.0)


def test_a_kernel_that_fails_where_a_value_is_read():
    v = nacre.Variable(1.0)
    table = tensor([[1.0], [2.0]])

    @nacre.function
    def f(index):
        v.assign_add(1.0)
        return float(ops.sum(ops.take(table, index, axis=0)))

    with pytest.raises((ValueError, IndexError)):
        f(tensor([5]))
    assert float(v) == 1.0
    with pytest.warns(RuntimeWarning):
        assert f(tensor([1])) == 2.0
    assert float(v) == 2.0


def test_what_a_step_leaves_elsewhere_has_no_value():
    kept = []

    @nacre.function
    def f(x):
        kept.append(x * 2.0)
        return x + 1.0

    assert f(tensor([1.0])).tolist() == [2.0]
    assert kept[0].shape == (1,)
    for read in (float, repr, np.asarray, lambda x: ops.exp(x)):
        with pytest.raises(RuntimeError, match="return it from the step"):
            read(kept[0])


def test_recording_runs_no_kernel():
    @nacre.function
    def f(x):
        for _ in range(64):
            x = ops.exp(ops.log(x))
        return ops.sum(x)

    x = ops.ones((1 << 20,))
    nacre._core.reset_peak_memory()
    before = nacre._core.peak_memory()
    assert float(f(x)) == pytest.approx(1 << 20, rel=1e-3)
    assert nacre._core.peak_memory() - before < 3 * x.nbytes


def test_methods_and_their_objects():
    class Model:
        def __init__(self, scale):
            self.scale = nacre.Variable(scale)

        @nacre.function
        def call(self, x):
            return self.scale * x

    a, b = Model(2.0), Model(3.0)
    x = tensor([1.0])
    for _ in range(2):
        assert a.call(x).tolist() == [2.0]
        assert b.call(x).tolist() == [3.0]
    assert Model.call.captured.num_plans == 2
    ref, variable = weakref.ref(a), weakref.ref(a.scale)
    del a
    gc.collect()
    assert ref() is None
    b.call(x)
    assert Model.call.captured.num_plans == 1
    gc.collect()
    assert variable() is None


def test_run_functions_eagerly():
    f, runs = counted(lambda x: x + 1.0)
    config.run_functions_eagerly(True)
    try:
        assert config.functions_run_eagerly()
        f(tensor([1.0]))
        f(tensor([1.0]))
    finally:
        config.run_functions_eagerly(False)
    assert len(runs) == 2
    f(tensor([1.0]))
    f(tensor([1.0]))
    assert len(runs) == 3


def test_decorator_forms():
    @nacre.function()
    def f(x):
        """Doc."""
        return x

    assert (f.__name__, f.__doc__) == ("f", "Doc.")
    with pytest.raises(TypeError, match="callable"):
        nacre.function(3)


def test_many_plans_warn_once():
    f = nacre.function(lambda x, n: x * n)
    x = tensor([1.0])
    with pytest.warns(RuntimeWarning, match="Pass numbers that change as tensors") as seen:
        for n in range(40):
            f(x, n)
    assert len(seen) == 1


def test_random_numbers_are_new_each_call():
    generator = nacre.random.SeedGenerator(3)
    f = nacre.function(lambda: nacre.random.normal((4,), seed=generator))
    drawn = [tuple(f().tolist()) for _ in range(4)]
    assert len(set(drawn)) == 4
    again = nacre.random.SeedGenerator(3)
    eager = [tuple(nacre.random.normal((4,), seed=again).tolist()) for _ in range(4)]
    assert drawn == eager


def test_plan_text():
    f = nacre.function(lambda x: ops.exp(x) + 1.0)
    x = tensor([1.0])
    assert f.captured.text((x,), {}) == ""
    f(x)
    assert "exp" in f.captured.text((x,), {})
