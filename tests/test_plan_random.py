"""Plans of random functions: the same bits as the eager call, for any passes and any threads.

A function is a list of steps, each an op on values made before; shapes are odd on purpose.
Gradients by tape and assigned variables are part of it, as in a training step.
"""

import os
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import nacre
from nacre import config, ops

ROWS, COLS = (1, 3, 5, 33), (1, 2, 7, 130, 1100)

UNARY = [
    ops.exp, ops.tanh, ops.sigmoid, ops.relu, ops.square, ops.sqrt, ops.log1p, ops.gelu, ops.abs,
    ops.negative, ops.sin, ops.floor, ops.silu, ops.softplus, ops.relu6, ops.sign, ops.erf,
    lambda x: ops.clip(x, -0.5, 1.25), lambda x: x * 1.0, lambda x: x + 0.0, lambda x: x - 0.0,
    lambda x: ops.negative(-x), lambda x: 1.0 / x, lambda x: x * 0.5 + 2.0, ops.isnan,
    lambda x: ops.cast(ops.cast(x, "float64"), "float32"),
    lambda x: ops.cast(ops.cast(x, "bool"), "float32"), ops.stop_gradient,
]  # fmt: skip
BINARY = [
    ops.add, ops.subtract, ops.multiply, ops.divide, ops.maximum, ops.minimum, ops.arctan2,
    ops.less, ops.greater_equal, ops.equal, ops.not_equal, ops.logical_and, ops.logical_or,
    lambda a, b: ops.where(a > b, a, b * 0.25), lambda a, b: ops.where(ops.isnan(a), b, a),
    lambda a, b: a - b * a, lambda a, b: ops.power(ops.abs(a), b),
]  # fmt: skip


def take_rows(x, k):
    """Some rows, one of them twice."""
    return ops.take(x, [0, -1, k % x.shape[0], 0], axis=0)


SHAPED = [
    lambda x, k: ops.sum(x, axis=k % len(x.shape), keepdims=k > 2),
    lambda x, k: ops.mean(x, axis=-1, keepdims=k > 2),
    lambda x, k: ops.max(x, axis=-1, keepdims=k > 2),
    lambda x, k: ops.min(x),
    lambda x, k: ops.sum(x),
    lambda x, k: ops.reshape(x, (-1, x.shape[-1])),
    lambda x, k: ops.reshape(x, (-1,)),
    lambda x, k: ops.expand_dims(x, k % (len(x.shape) + 1)),
    lambda x, k: ops.squeeze(ops.expand_dims(x, 0), 0),
    # Not read by a product as it is stored: that may add in another order.
    lambda x, k: ops.transpose(ops.transpose(x)) if k % 2 else ops.transpose(x) * 1.5,
    lambda x, k: ops.broadcast_to(x, (2, *x.shape)),
    lambda x, k: ops.concatenate([x, x], axis=-1),
    lambda x, k: ops.softmax(x, axis=-1),
    lambda x, k: ops.cumsum(x, axis=-1),
    lambda x, k: ops.argmax(x, axis=-1),
    lambda x, k: ops.log_softmax(x, axis=-1),
    lambda x, k: ops.logsumexp(x, axis=-1, keepdims=k > 2),
    lambda x, k: x - ops.mean(x, axis=-1, keepdims=True),
    lambda x, k: x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + 1.0),
    lambda x, k: ops.exp(x - ops.max(x, axis=(-2, -1), keepdims=True)),
    lambda x, k: nacre.random.dropout(x, 0.1 + k / 10, seed=k),
    lambda x, k: x + nacre.random.dropout(ops.gelu(x), 0.5, seed=k),
    take_rows,
    lambda x, k: class_loss(x, ops.softmax(x), k),
    lambda x, k: class_loss(x, ops.softmax(x, axis=k % len(x.shape)), k),
    lambda x, k: class_loss(x, ops.sigmoid(x), k) if k % 2 else class_loss(x, x, k, True),
    lambda x, k: ops.relu(ops.matmul(x, ops.full((x.shape[-1], 3), 0.1)) + k * 0.1),
    lambda x, k: x + ops.relu(ops.matmul(x, ops.full((x.shape[-1],) * 2, 0.01)) + x[..., :1]),
]  # fmt: skip
MAX_ELEMENTS = 400_000


def class_loss(x, output, k, from_logits=False):
    """The loss of each row, of classes that depend on its number."""
    labels = (np.arange(int(np.prod(x.shape[:-1]))) * (k + 1)) % x.shape[-1]
    labels = labels.reshape(tuple(x.shape[:-1])).astype("int32")
    return ops.sparse_categorical_crossentropy(labels, output, from_logits)


OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "lazy_rows": True}),
    ("Adam", {"clipnorm": 0.5}),
    ("Adam", {"lazy_rows": True, "amsgrad": True}),
    ("RMSprop", {"lazy_rows": True, "clipvalue": 0.1}),
    ("Adagrad", {"weight_decay": 0.1}),
]


def to_float(x):
    return x if str(x.dtype) == "float32" else ops.cast(x, "float32")


class RandomFunction:
    """The function of a list of steps over inputs and variables."""

    def __init__(self, steps, size, differentiate, assign, optimizer=None):
        self.steps, self.size = steps, size
        self.differentiate, self.assign = differentiate, assign
        rng = np.random.default_rng(size)
        rows, cols = ROWS[size % len(ROWS)], COLS[size % len(COLS)]
        shapes = [(rows, cols), (cols,), (rows, 1), (), (3, rows, cols)]
        self.inputs = [rng.normal(size=s).astype("float32") for s in shapes]
        self.inputs[0].flat[:: max(1, self.inputs[0].size // 3)] = (0.0, -0.0, np.nan, 2.5)[
            size % 4
        ]
        self.start = [rng.normal(size=s).astype("float32") for s in ((cols,), (rows, cols))]
        self.variables = [nacre.Variable(value) for value in self.start]
        self.optimizer = None
        if differentiate and optimizer is not None:
            name, options = OPTIMIZERS[optimizer]
            self.optimizer = getattr(nacre.optimizers, name)(0.05, **options)
            self.optimizer.build(self.variables)
            slots = self.optimizer.variables
            self.variables += slots
            self.start += [slot.numpy() for slot in slots]

    def reset(self):
        for variable, value in zip(self.variables, self.start, strict=True):
            variable.assign(value)

    def forward(self, inputs):
        values = [*inputs, *(v.value for v in self.variables[:2])]
        for kind, which, first, second, k in self.steps:
            a, b = values[first % len(values)], values[second % len(values)]
            try:
                if kind == "unary":
                    y = UNARY[which % len(UNARY)](to_float(a))
                elif kind == "binary":
                    y = BINARY[which % len(BINARY)](to_float(a), to_float(b))
                elif kind == "matmul":
                    y = ops.matmul(to_float(a) * 0.5, to_float(b) * 0.5)
                else:
                    y = SHAPED[which % len(SHAPED)](to_float(a), k)
            except (ValueError, TypeError, IndexError, ZeroDivisionError):
                continue  # the shapes do not fit
            if np.prod(y.shape) <= MAX_ELEMENTS and len(y.shape) <= 5:
                values.append(y)
        return values[len(inputs) :]

    def __call__(self, *inputs):
        if not self.differentiate:
            values, grads = self.forward(inputs), []
        else:
            with nacre.GradientTape() as tape:
                tape.watch(inputs[0])
                values = self.forward(inputs)
                loss = ops.sum(to_float(values[-1]) * 0.125)
            sources = [inputs[0], *self.variables[:2]]
            grads = tape.gradient(loss, sources)
            if self.optimizer is not None and any(g is not None for g in grads[1:]):
                self.optimizer.apply(grads[1:], self.variables[:2])
            grads = [g for g in grads if g is not None]
        if self.assign:
            for variable in self.variables[:2]:
                for g in grads:
                    if g.shape == variable.shape:
                        variable.assign(variable * 0.9 - g * 0.01)
        return values + grads


@contextmanager
def passes(setting):
    before = os.environ.get("NACRE_PASSES")
    os.environ["NACRE_PASSES"] = setting
    try:
        yield
    finally:
        if before is None:
            del os.environ["NACRE_PASSES"]
        else:
            os.environ["NACRE_PASSES"] = before


def results(function, inputs):
    return [np.asarray(x) for x in function(*inputs)]


def bits(x):
    """The bits of an array, any NaN being as good as another: which one is passed on is open."""
    if x.dtype.kind == "f":
        x = np.where(np.isnan(x), x.dtype.type(np.nan), x)
    return x.tobytes()


def assert_same(expected, received, text):
    assert len(expected) == len(received)
    for i, (e, r) in enumerate(zip(expected, received, strict=True)):
        assert e.dtype == r.dtype and e.shape == r.shape
        assert bits(e) == bits(r), f"result {i} differs\n{text}"


def check(function, settings_of_passes=("", "none", "-pointwise", "-simplify")):
    inputs = [ops.convert_to_tensor(x) for x in function.inputs]
    with np.errstate(all="ignore"):
        function.reset()
        expected = [results(function, inputs) for _ in range(2)]  # the second sees new variables
        left = [np.asarray(v) for v in function.variables]
        for setting in settings_of_passes:
            with passes(setting):
                plan = nacre.function(function.__call__)
                function.reset()
                plan(*inputs)
            text = plan.captured.text(tuple(inputs), {})
            for threads in (1, 2, 3, 7):
                config.set_num_threads(threads)
                function.reset()
                for call in expected:
                    assert_same(call, results(plan, inputs), f"passes: {setting!r}\n{text}")
                assert_same(left, [np.asarray(v) for v in function.variables], text)


STEP = st.tuples(
    st.sampled_from(["unary", "unary", "binary", "binary", "binary", "matmul", "shaped"]),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 5),
)


@pytest.fixture(autouse=True)
def keep_threads():
    before = config.num_threads()
    yield
    config.set_num_threads(before)


@pytest.mark.filterwarnings("ignore:.*the loss does not depend on")
@settings(
    max_examples=int(os.environ.get("NACRE_PLAN_EXAMPLES", "60")),
    deadline=None,
    derandomize="NACRE_PLAN_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(STEP, min_size=2, max_size=25),
    size=st.integers(0, 59),
    differentiate=st.booleans(),
    assign=st.booleans(),
    optimizer=st.sampled_from([None, *range(len(OPTIMIZERS))]),
)
def test_plans_give_the_bits_of_the_eager_call(steps, size, differentiate, assign, optimizer):
    check(RandomFunction(steps, size, differentiate, assign, optimizer))


@pytest.mark.filterwarnings("ignore:.*the loss does not depend on")
@pytest.mark.parametrize("optimizer", range(len(OPTIMIZERS)))
def test_updates_of_a_table_read_by_rows(optimizer):
    # The second variable is a matrix, of which a few rows are taken: value 6 of the forward pass.
    steps = [("shaped", SHAPED.index(take_rows), 6, 0, 2), ("unary", 1, 7, 0, 0)]
    check(RandomFunction(steps, 3, True, False, optimizer), ("", "none", "-rows"))


@pytest.mark.parametrize("setting", ["1", "bits"])
def test_replays_can_be_checked_beside_the_eager_call(monkeypatch, setting):
    monkeypatch.setenv("NACRE_CHECK_PLANS", setting)
    calls = []

    def f(x):
        calls.append(None)
        return x * (1.0 if "wrong" not in calls else 2.0)

    plan = nacre.function(f)
    x = ops.ones((3,))
    for _ in range(3):
        assert plan(x).tolist() == [1, 1, 1]
    assert len(calls) == 4  # recorded once, and run beside each of the plan's runs
    calls.append("wrong")  # Python's state is not seen by a plan
    with pytest.raises(
        RuntimeError, match="function.*output 0: expected 2 .* received 1 at element 0"
    ):
        plan(x)


def test_a_checked_training_run_is_the_same(monkeypatch):
    def train():
        nacre.utils.set_random_seed(1)
        model = nacre.Sequential(
            [
                nacre.Input((8,)),
                nacre.layers.Dense(16),
                nacre.layers.BatchNormalization(),
                nacre.layers.Activation("gelu"),
                nacre.layers.Dropout(0.3),
                nacre.layers.Dense(3, "softmax"),
            ]
        )
        model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
        x = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
        model.fit(x, np.arange(64) % 3, 16, 3, verbose=0)
        return [np.asarray(w) for w in model.weights]

    expected = train()
    monkeypatch.setenv("NACRE_CHECK_PLANS", "bits")
    for e, r in zip(expected, train(), strict=True):
        np.testing.assert_array_equal(e, r)
