"""GradientTape, grad, value_and_grad, custom_gradient, stop_gradient."""

import numpy as np
import pytest

import nacre
from nacre import ops


def tensor(values, dtype="float64"):
    return ops.convert_to_tensor(values, dtype)


def test_gradient_of_a_chain():
    x = tensor([1.0, 2.0, 3.0])
    with nacre.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(ops.exp(x) * x)
    np.testing.assert_allclose(tape.gradient(y, x), np.exp([1, 2, 3]) * [2, 3, 4], rtol=1e-12)


def test_variables_are_watched():
    v = nacre.Variable(2.0, name="v")
    fixed = nacre.Variable(3.0, trainable=False)
    with nacre.GradientTape() as tape:
        y = v * v * fixed
    assert [w is v for w in tape.watched_variables()] == [True]
    grad = tape.gradient(y, {"v": v, "fixed": fixed})
    assert float(grad["v"]) == 12.0
    assert grad["fixed"] is None
    with nacre.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    assert tape.gradient(y, v) is None


def test_unconnected():
    x, y = tensor([1.0]), tensor([2.0, 3.0])
    with nacre.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        z = ops.sum(x)
    assert tape.gradient(z, [x, y])[1] is None
    zeros = tape.gradient(z, y, unconnected_gradients="zero")
    assert zeros.tolist() == [0.0, 0.0]
    assert zeros.dtype == "float64"
    with pytest.raises(ValueError, match="unconnected_gradients"):
        tape.gradient(z, y, unconnected_gradients="None")


def test_spent_and_persistent():
    x = tensor(3.0)
    with nacre.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, x)
    with nacre.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * x
    assert float(tape.gradient(y, x)) == 6.0
    assert float(tape.gradient(z, x)) == 27.0
    tape.reset()


def test_output_gradients_and_structures():
    x = tensor([1.0, 2.0])
    with nacre.GradientTape() as tape:
        tape.watch(x)
        ys = {"a": x * 2.0, "b": (x * x,)}
    weights = {"a": tensor([1.0, 0.0]), "b": (tensor([0.0, 1.0]),)}
    assert tape.gradient(ys, [x], output_gradients=weights)[0].tolist() == [2.0, 4.0]
    with nacre.GradientTape() as tape:
        tape.watch(x)
        y = x * 2.0
    with pytest.raises(ValueError, match="output_gradients"):
        tape.gradient(y, x, output_gradients=[tensor(1.0), tensor(2.0)])


def test_nested_tapes():
    x = tensor(2.0)
    with nacre.GradientTape() as outer:
        outer.watch(x)
        with nacre.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        first = inner.gradient(y, x)
    assert float(first) == 12.0
    assert float(outer.gradient(first, x)) == 12.0


def test_stop_recording():
    v = nacre.Variable(2.0)
    with nacre.GradientTape() as tape:
        with tape.stop_recording():
            factor = v * v
        y = factor * v
    assert float(tape.gradient(y, v)) == 4.0


def test_watch_refuses():
    with nacre.GradientTape() as tape:
        with pytest.raises(TypeError, match="floating"):
            tape.watch(ops.convert_to_tensor([1, 2]))
        with pytest.raises(TypeError, match="tensor or a variable"):
            tape.watch(1.0)
    with pytest.raises(TypeError, match="sources"):
        tape.gradient(ops.convert_to_tensor(1.0), 2.0)


def test_tape_survives_an_exception():
    v = nacre.Variable(1.0)
    with pytest.raises(RuntimeError, match="mine"):
        with nacre.GradientTape():
            raise RuntimeError("mine")
    assert not nacre._core.is_recording()
    with nacre.GradientTape() as tape:
        y = v * 3.0
    assert float(tape.gradient(y, v)) == 3.0


def test_assign_inside_a_tape():
    v = nacre.Variable(2.0)
    with nacre.GradientTape() as tape:
        v.assign(5.0)
        y = v * v
    assert float(tape.gradient(y, v)) == 10.0


def test_jacobian():
    x = tensor([1.0, 2.0, 3.0])
    with nacre.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = ops.stack([ops.sum(x * x), ops.prod(x)])
    np.testing.assert_allclose(tape.jacobian(y, x), [[2, 4, 6], [6, 3, 2]])
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    with nacre.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    np.testing.assert_allclose(tape.batch_jacobian(y, x), [[[2, 0], [0, 4]], [[6, 0], [0, 8]]])
    with nacre.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(RuntimeError, match="persistent"):
        tape.jacobian(y, x)


def test_grad_and_value_and_grad():
    def f(a, b, scale=1.0):
        return ops.sum(a * a * b) * scale

    a, b = tensor([1.0, 2.0]), tensor([3.0, 4.0])
    assert nacre.grad(f)(a, b).tolist() == [6.0, 16.0]
    assert nacre.grad(f, argnums=1)(a, b, scale=2.0).tolist() == [2.0, 8.0]
    value, (da, db) = nacre.value_and_grad(f, argnums=(0, 1))(a, b)
    assert float(value) == 19.0
    assert da.tolist() == [6.0, 16.0]
    assert db.tolist() == [1.0, 4.0]
    (value, aux), grad = nacre.value_and_grad(lambda x: (x * x, "aux"), has_aux=True)(3.0)
    assert (float(value), aux, float(grad)) == (9.0, "aux", 6.0)
    assert nacre.grad(f).__name__ == "f"


def test_grad_of_structures():
    params = {"w": tensor([1.0, 2.0]), "b": (tensor(3.0),)}
    grads = nacre.grad(lambda p: ops.sum(p["w"]) * p["b"][0])(params)
    assert grads["w"].tolist() == [3.0, 3.0]
    assert float(grads["b"][0]) == 3.0


def test_higher_orders():
    f = ops.sin
    expected = [np.cos(0.5), -np.sin(0.5), -np.cos(0.5), np.sin(0.5)]
    for value in expected:
        f = nacre.grad(f)
        np.testing.assert_allclose(f(tensor(0.5)), value, rtol=1e-12)


def test_the_same_tensor_twice():
    x = tensor(3.0)
    da, db = nacre.grad(lambda a, b: a * a * b, argnums=(0, 1))(x, x)
    assert (float(da), float(db)) == (18.0, 9.0)


def test_grad_refuses():
    with pytest.raises(ValueError, match=r"scalar.*\(2,\)"):
        nacre.grad(lambda x: x)(tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="argnums"):
        nacre.grad(lambda x: x, argnums=1)(tensor(1.0))
    with pytest.raises(TypeError, match="floating"):
        nacre.grad(lambda x: x)(ops.convert_to_tensor(1))


def test_stop_gradient():
    assert float(nacre.grad(lambda x: x * ops.stop_gradient(x))(tensor(3.0))) == 3.0
    assert float(nacre.grad(lambda x: x * nacre.stop_gradient({"a": x})["a"])(tensor(3.0))) == 3.0


def test_custom_gradient():
    @nacre.custom_gradient
    def log1pexp(x):
        e = ops.exp(x)

        def grad(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            return upstream * (1.0 - 1.0 / (1.0 + e))

        return ops.log(1.0 + e), grad

    np.testing.assert_allclose(log1pexp(tensor(1.0)), np.log1p(np.e))
    assert float(nacre.grad(log1pexp)(tensor(100.0))) == 1.0

    @nacre.custom_gradient
    def pair(x, y):
        return (x * y, x + y), lambda gx, gy: (gx * 10.0, gy * 100.0)

    x, y = tensor(2.0), tensor(3.0)
    with nacre.GradientTape() as tape:
        tape.watch([x, y])
        a, b = pair(x, y)
        z = a + b
    assert [float(g) for g in tape.gradient(z, [x, y])] == [10.0, 100.0]


def test_custom_gradient_of_second_order():
    @nacre.custom_gradient
    def cube(x):
        return x * x * x, lambda upstream: upstream * 3.0 * x * x

    np.testing.assert_allclose(nacre.grad(nacre.grad(cube))(tensor(2.0)), 12.0)


def test_custom_gradient_errors_reach_the_caller():
    @nacre.custom_gradient
    def broken(x):
        def grad(upstream):
            raise KeyError("in backward")

        return x * 1.0, grad

    with pytest.raises(KeyError, match="in backward"):
        nacre.grad(broken)(tensor(1.0))

    @nacre.custom_gradient
    def miscounted(x, y):
        return x * y, lambda upstream: upstream

    with pytest.raises(ValueError, match="expected 2 gradients"):
        nacre.grad(miscounted)(tensor(1.0), tensor(2.0))


def test_indexing_is_differentiated():
    x = tensor(np.arange(6.0).reshape(2, 3))
    assert nacre.grad(lambda t: ops.sum(t[:, ::-2] * 2.0))(x).tolist() == [[2, 0, 2], [2, 0, 2]]
    assert nacre.grad(lambda t: ops.sum(t[[0, 0]]))(x).tolist() == [[2, 2, 2], [0, 0, 0]]


def test_jvp():
    def f(x, pair):
        y = ops.sin(x) * pair["a"] + ops.sum(pair["b"])
        return {"y": y, "twice": 2.0 * pair["b"]}

    rng = np.random.default_rng(0)
    x, a, b, dx, da, db = (rng.normal(size=3) for _ in range(6))
    primals = (ops.convert_to_tensor(x, "float64"), {"a": a, "b": b})
    value, along = ops.jvp(f, primals, (dx, {"a": da, "b": db}))
    np.testing.assert_allclose(value["y"].numpy(), np.sin(x) * a + b.sum(), rtol=1e-6)
    expected = np.cos(x) * dx * a + np.sin(x) * da + db.sum()
    np.testing.assert_allclose(along["y"].numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(along["twice"].numpy(), 2 * db, rtol=1e-6)
    *_, aux = ops.jvp(lambda x: (x * x, "more"), [2.0], [1.0], has_aux=True)
    assert aux == "more"
    with pytest.raises(ValueError, match="jvp: expected tangents of the shapes"):
        ops.jvp(ops.sin, (x,), (x[:2],))
    with pytest.raises(TypeError, match="jvp: expected primals as a tuple or list"):
        ops.jvp(ops.sin, x, (x,))
