"""Optimizers against formulas, their options, state and errors, eager and in plans."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import ops, optimizers

NAMES = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "RMSprop",
    "ScheduleFreeAdamW",
]


def run(optimizer, steps=5, start=(1.0, -2.0)):
    weight = nacre.Variable(np.array(start, "float32"), name="kernel")
    for step in range(steps):
        optimizer.apply([ops.convert_to_tensor([0.5 + step, -1.0])], [weight])
    return weight.numpy()


def test_sgd():
    np.testing.assert_allclose(run(optimizers.SGD(0.1), 1), [0.95, -1.9])


def test_adam_first_step_is_the_learning_rate():
    np.testing.assert_allclose(run(optimizers.Adam(0.1), 1), [0.9, -1.9], rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clipnorm": 0.1},
        {"use_ema": True, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2},
        {"weight_decay": 0.1},
    ],
)
def test_plan_is_eager(name, options):
    def train(planned: bool):
        optimizer = getattr(optimizers, name)(learning_rate=0.1, **options)
        weight = nacre.Variable([1.0, -2.0])
        optimizer.build([weight])

        def step(x):
            with nacre.GradientTape() as tape:
                loss = ops.sum(ops.square(weight * x - 1.0))
            optimizer.apply(tape.gradient(loss, [weight]), [weight])
            return loss

        call = nacre.function(step) if planned else step
        for i in range(6):
            call(ops.convert_to_tensor([1.0 + i, 2.0]))
        return weight.numpy(), [v.numpy() for v in optimizer.variables]

    (a, a_state), (b, b_state) = train(False), train(True)
    assert a.tobytes() == b.tobytes()
    for x, y in zip(a_state, b_state, strict=True):
        assert x.tobytes() == y.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_resuming_is_never_having_stopped(name):
    make = lambda: getattr(optimizers, name)(learning_rate=0.05)  # noqa: E731
    gradients = [ops.convert_to_tensor([0.5 + i, -1.0]) for i in range(8)]
    straight, a = nacre.Variable([1.0, -2.0]), make()
    for g in gradients:
        a.apply([g], [straight])
    first, weight = make(), nacre.Variable([1.0, -2.0])
    for g in gradients[:4]:
        first.apply([g], [weight])
    store: dict = {}
    first.save_own_variables(store)
    second = make()
    second.build([weight])
    second.load_own_variables(store)
    for g in gradients[4:]:
        second.apply([g], [weight])
    assert weight.numpy().tobytes() == straight.numpy().tobytes()
    with pytest.raises(ValueError, match="variables"):
        second.load_own_variables({"0": np.zeros(())})


def test_learning_rate():
    optimizer = optimizers.SGD(0.5)
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 0.25
    np.testing.assert_allclose(run(optimizer, 1), [0.875, -1.75])
    optimizer.learning_rate.assign(0.0)
    assert float(optimizer.learning_rate) == 0
    assert optimizer.get_config()["learning_rate"] == 0
    assert int(optimizer.iterations) == 1
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    assert float(optimizer.learning_rate) == 0.5


def test_learning_rate_of_a_function():
    rates = iter([1.0, 2.0, 3.0])
    optimizer = optimizers.SGD(lambda: next(rates))
    weight = nacre.Variable([0.0])
    for _ in range(3):
        optimizer.apply([ops.ones((1,))], [weight])
    assert weight.numpy().tolist() == [-6.0]


def test_clipping():
    gradient = ops.convert_to_tensor([3.0, 4.0])
    weight = lambda: nacre.Variable([0.0, 0.0])  # noqa: E731
    for options, expected in [
        ({"clipnorm": 1.0}, [-0.6, -0.8]),
        ({"clipvalue": 1.0}, [-1.0, -1.0]),
        ({"global_clipnorm": 2.5}, [-1.5, -2.0]),
        ({"clipnorm": 100.0}, [-3.0, -4.0]),
    ]:
        v = weight()
        optimizers.SGD(1.0, **options).apply([gradient], [v])
        np.testing.assert_allclose(v.numpy(), expected, rtol=1e-6)


def test_accumulation_updates_with_the_mean():
    v = nacre.Variable([0.0])
    optimizer = optimizers.SGD(1.0, gradient_accumulation_steps=3)
    found = []
    for g in (1.0, 2.0, 6.0, 1.0):
        optimizer.apply([ops.convert_to_tensor([g])], [v])
        found.append(float(v.numpy()[0]))
    assert found == [0.0, 0.0, -3.0, -3.0]
    assert int(optimizer.iterations) == 1


def test_ema():
    v = nacre.Variable([0.0])
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):
        optimizer.apply([ops.ones((1,))], [v])
    assert v.numpy().tolist() == [-3.0]
    optimizer.finalize_variable_values([v])
    assert v.numpy().tolist() == [0.5 * (0.5 * -1 + 0.5 * -2) + 0.5 * -3]


def test_decay_leaves_out_what_was_excluded():
    kernel, bias = nacre.Variable([1.0], name="kernel"), nacre.Variable([1.0], name="bias")
    optimizer = optimizers.SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([ops.zeros((1,)), ops.zeros((1,))], [kernel, bias])
    np.testing.assert_allclose([kernel.numpy()[0], bias.numpy()[0]], [0.95, 1.0])
    with pytest.raises(ValueError, match="before build"):
        optimizer.exclude_from_weight_decay(var_list=[kernel])


def test_some_variables_without_gradient():
    a, b = nacre.Variable([1.0], name="a"), nacre.Variable([1.0], name="b")
    optimizer = optimizers.SGD(1.0)
    with pytest.warns(RuntimeWarning, match="'b'"):
        optimizer.apply_gradients([(ops.ones((1,)), a), (None, b)])
    assert (a.numpy()[0], b.numpy()[0]) == (0.0, 1.0)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: optimizers.SGD(momentum=2.0), "momentum"),
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), "at most one"),
        (lambda: optimizers.Adam(clipnorm=-1.0), "clipnorm >= 0"),
        (lambda: optimizers.Adam(use_ema=True, ema_momentum=2.0), "ema_momentum"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=1), "gradient_accumulation_steps"),
        (lambda: optimizers.AdamW(weight_decay=None), "weight_decay"),
        (lambda: optimizers.SGD().apply([None], [nacre.Variable([1.0])]), "no gradients"),
        (
            lambda: optimizers.SGD().apply([ops.ones((2,))], [nacre.Variable([1.0])]),
            "gradient of shape",
        ),
        (lambda: optimizers.SGD().apply([ops.ones((1,))]), "build"),
        (lambda: optimizers.SGD().apply([], [nacre.Variable([1.0])]), "one gradient a variable"),
        (lambda: optimizers.get("adan"), "Did you mean 'adam'"),
        (lambda: optimizers.Lion(beta_1=0.0), "beta_1 in"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power <= 0"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1.0), "l1_regularization_strength"),
        (lambda: optimizers.Muon(exclude_layers=["("]), "regular expression in exclude_layers"),
        (lambda: optimizers.Muon(ns_steps=-1), "ns_steps"),
        (lambda: optimizers.ScheduleFreeAdamW(beta_1=0.0), "beta_1"),
        (lambda: optimizers.LossScaleOptimizer("sgd", clipnorm=1.0), "set it on inner_optimizer"),
        (lambda: optimizers.LossScaleOptimizer("sgd", initial_scale=0.0), "initial_scale > 0"),
        (lambda: optimizers.LossScaleOptimizer("sgd", dynamic_growth_steps=0), "growth_steps"),
        (lambda: optimizers.Adam().stateless_apply([], [], []), "call build"),
        (lambda: optimizers.Adam().set_weights([]), "call build"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_variable_and_arguments():
    optimizer = optimizers.SGD()
    optimizer.build([nacre.Variable([1.0])])
    with pytest.raises(ValueError, match="not among those"):
        optimizer.apply([ops.ones((1,))], [nacre.Variable([1.0])])
    with pytest.raises(TypeError, match="learning_rate"):
        optimizers.SGD("fast")
    with pytest.raises(TypeError, match="Did you mean 'momentum'"):
        optimizers.SGD(momentun=0.9)
    with pytest.raises(TypeError):
        optimizers.get(3)


class Momentum(optimizers.Optimizer):
    def __init__(self, learning_rate=0.1, beta=0.9, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.beta = beta

    def build(self, variables):
        super().build(variables)
        self.slots = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        slot = self.slots[self._get_variable_index(variable)]
        self.assign(slot, self.beta * slot - learning_rate * gradient)
        self.assign_add(variable, slot)

    def get_config(self):
        return {**super().get_config(), "beta": self.beta}


@pytest.mark.parametrize("options", [{}, {"gradient_accumulation_steps": 2}, {"weight_decay": 0.1}])
def test_subclass(options):
    ours = run(Momentum(0.1, **options), 6)
    np.testing.assert_allclose(
        ours, run(optimizers.SGD(0.1, momentum=0.9, **options), 6), rtol=1e-6
    )
    config = Momentum(0.1, beta=0.5).get_config()
    assert Momentum.from_config(config).beta == 0.5


def test_subclass_in_fit():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model = nacre.Sequential([nacre.layers.Dense(1)])
    model.compile(Momentum(0.01), "mse")
    history = model.fit(x, x.sum(-1), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_loss_scale_changes_nothing():
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")

    def train(**options):
        nacre.utils.set_random_seed(1)
        model = nacre.Sequential([nacre.layers.Dense(1)])
        model.compile(optimizers.SGD(0.1, **options), "mse")
        model.fit(x, x.sum(-1), epochs=2, verbose=0, shuffle=False)
        return model.get_weights()

    for a, b in zip(train(), train(loss_scale_factor=64.0), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_serialization(name):
    optimizer = getattr(optimizers, name)(learning_rate=0.3, clipnorm=1.0)
    config = optimizers.serialize(optimizer)
    assert optimizers.deserialize(config).get_config() == optimizer.get_config()
    assert type(optimizers.get(name.lower())).__name__ == name


def test_options_set_later():
    optimizer = optimizers.SGD(1.0)
    optimizer.clipnorm = 1.0
    assert optimizer.clipnorm == 1.0 and optimizer.get_config()["clipnorm"] == 1.0
    weight = nacre.Variable([0.0, 0.0])
    optimizer.apply([ops.convert_to_tensor([3.0, 4.0])], [weight])
    np.testing.assert_allclose(weight.numpy(), [-0.6, -0.8], rtol=1e-6)
    with pytest.raises(ValueError, match="clipnorm >= 0"):
        optimizer.clipnorm = -1.0
    assert optimizer.clipnorm == 1.0
    with pytest.raises(ValueError, match="before build"):
        optimizer.use_ema = True


def test_options_set_between_epochs_are_followed():
    x = np.ones((4, 1), "float32")
    model = nacre.Sequential([nacre.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizers.SGD(0.1), "mse")
    model.fit(x, x, verbose=0)
    before = model.get_weights()[0][0, 0]
    model.optimizer.clipvalue = 1e-3
    model.fit(x, x, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0][0, 0], before + 1e-4, rtol=1e-5)


def test_not_finite_gradients_leave_everything_but_the_scale():
    optimizer = optimizers.LossScaleOptimizer(optimizers.Adam(0.1), initial_scale=8.0)
    a, b = nacre.Variable([1.0]), nacre.Variable([2.0])
    optimizer.apply([ops.ones((1,)), ops.convert_to_tensor([np.nan])], [a, b])
    assert (a.numpy()[0], b.numpy()[0]) == (1.0, 2.0)
    assert all(
        not v.numpy().any() for v in optimizer.inner_optimizer.variables if "rate" not in v.path
    )
    assert (float(optimizer.dynamic_scale), int(optimizer.iterations)) == (4.0, 0)


def test_loss_scale_optimizer_in_plans():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")

    def train(eager):
        nacre.utils.set_random_seed(1)
        model = nacre.Sequential([nacre.layers.Dense(4, activation="relu"), nacre.layers.Dense(1)])
        optimizer = optimizers.LossScaleOptimizer(
            optimizers.SGD(0.1), initial_scale=1e38, dynamic_growth_steps=3
        )
        model.compile(optimizer, "mse", run_eagerly=eager)
        model.fit(x, x.sum(-1), epochs=4, batch_size=8, verbose=0)
        return [*model.get_weights(), *(v.numpy() for v in optimizer.variables)]

    planned = train(False)
    for a, b in zip(planned, train(True), strict=True):
        assert a.tobytes() == b.tobytes()
    assert np.isfinite(planned[0]).all()


def test_multi_optimizer_in_fit_and_its_errors():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model = nacre.Sequential([nacre.layers.Dense(4, name="a"), nacre.layers.Dense(1, name="b")])
    parts = optimizers.OptimizerMap(optimizers.SGD(0.05), {".*a/kernel": optimizers.Adam(0.05)})
    model.compile(optimizers.MultiOptimizer(parts), "mse")
    loss = model.fit(x, x.sum(-1), epochs=5, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    adam = parts[".*a/kernel"]
    assert len(adam.variables) == 4
    with pytest.raises(AttributeError, match="parts"):
        model.optimizer.learning_rate  # noqa: B018
    with pytest.raises(ValueError, match="an optimizer that updates"):
        parts["c"] = optimizers.LossScaleOptimizer("sgd")
    parts["a.*"] = optimizers.SGD()
    parts["a/k.*"] = optimizers.SGD()
    with pytest.raises(ValueError, match="one match"):
        parts["a/kernel"]
    with pytest.raises(TypeError, match="optimizer_map"):
        optimizers.MultiOptimizer(3)


def test_set_weights():
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    optimizer.build([nacre.Variable([1.0, 2.0])])
    values = [v.numpy() for v in optimizer.variables]
    values[-1] = np.array([3.0, 4.0], "float32")
    optimizer.set_weights(values)
    assert optimizer.variables[-1].numpy().tolist() == [3.0, 4.0]
    with pytest.raises(ValueError, match="shape"):
        optimizer.set_weights([*values[:-1], np.zeros(3)])
    with pytest.raises(ValueError, match="3 weights"):
        optimizer.set_weights(values[:-1])
