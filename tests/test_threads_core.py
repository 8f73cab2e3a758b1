"""Ops, tapes and captured functions from many Python threads."""

import threading

import numpy as np

import nacre
from nacre import ops


def run_threads(work, n=6):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


def test_ops():
    a = np.random.default_rng(0).normal(size=(200, 200)).astype("float32")
    expected = ops.convert_to_numpy(ops.matmul(a, a) + 1.0)

    def work(i):
        for _ in range(20):
            np.testing.assert_array_equal(ops.matmul(a, a) + 1.0, expected)

    run_threads(work)


def test_tapes_are_of_their_thread():
    v = nacre.Variable(2.0)

    def work(i):
        for _ in range(100):
            with nacre.GradientTape() as tape:
                y = v * float(i)
            assert float(tape.gradient(y, v)) == i

    run_threads(work)


def test_one_function_many_threads():
    f = nacre.function(lambda x: ops.sum(ops.tanh(x) * 2.0, axis=-1))
    xs = [ops.convert_to_tensor(np.full((50, 300), i, "float32")) for i in range(6)]
    expected = [np.full(50, np.tanh(np.float32(i)) * 2 * 300) for i in range(6)]

    def work(i):
        for _ in range(50):
            np.testing.assert_allclose(f(xs[i]), expected[i], rtol=1e-5)

    run_threads(work)


def test_updates_take_turns():
    v = nacre.Variable(np.zeros(3000, "float32"))

    @nacre.function
    def step(x):
        v.assign_add(x)

    one = ops.ones((3000,))
    step(one)

    def work(i):
        for _ in range(100):
            step(one)

    run_threads(work, n=4)
    assert set(v.numpy().tolist()) == {401.0}


def test_foreign_memory_is_freed_on_any_thread():
    def work(i):
        for _ in range(200):
            x = nacre.from_numpy(np.zeros(20_000, "float32"))
            ops.add(x, 1.0)

    run_threads(work)
