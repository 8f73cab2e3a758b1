"""Training gives the same bits for any number of threads, and as a plan the same as op by op."""

from __future__ import annotations

import os

import numpy as np
import pytest

import nacre
from nacre import layers


class Residual(layers.Layer):
    """Two convolutions with batch normalization around which the input is added."""

    def __init__(self, filters, stride=1):
        super().__init__()
        self.stride = stride
        self.first = layers.Conv2D(
            filters, 3, strides=stride, padding="same", use_bias=False, name="first"
        )
        self.second = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="second")
        self.norms = [layers.BatchNormalization() for _ in range(3)]
        self.shortcut = layers.Conv2D(filters, 1, strides=stride, use_bias=False, name="shortcut")

    def call(self, x, training=False):
        y = nacre.ops.relu(self.norms[0](self.first(x), training=training))
        y = self.norms[1](self.second(y), training=training)
        if self.stride != 1:
            x = self.norms[2](self.shortcut(x), training=training)
        return nacre.ops.relu(y + x)


def mlp():
    return (20,), [
        layers.Dense(70, activation="relu"),
        layers.Dense(33, activation="tanh"),
        layers.Dense(5, activation="softmax"),
    ]


def cnn():
    return (13, 13, 1), [
        layers.Conv2D(20, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(17, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5, seed=3),
        layers.Dense(5, activation="softmax"),
    ]


def resnet():
    return (8, 8, 3), [
        layers.Conv2D(16, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        Residual(16),
        Residual(24, stride=2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(5, activation="softmax"),
    ]


NETWORKS = {"mlp": mlp, "cnn": cnn, "resnet": resnet}


@pytest.fixture
def threads():
    before = nacre.config.num_threads()
    yield nacre.config.set_num_threads
    nacre.config.set_num_threads(before)


def train(network, steps, optimizer="adam", run_eagerly=False, **options):
    """Every variable of the model and its optimizer, and the logs, after some steps."""
    nacre.utils.set_random_seed(7)
    shape, stack = NETWORKS[network]()
    model = nacre.Sequential([nacre.Input(shape), *stack])
    make = {
        "adam": nacre.optimizers.Adam,
        "sgd": nacre.optimizers.SGD,
        "rmsprop": nacre.optimizers.RMSprop,
        "adagrad": nacre.optimizers.Adagrad,
    }[optimizer]
    model.compile(
        make(**options),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        run_eagerly=run_eagerly,
    )
    rng = np.random.default_rng(0)
    batch = 24
    x = rng.standard_normal((4 * batch, *shape), dtype=np.float32)
    y = rng.integers(0, 5, len(x)).astype(np.int32)
    history = model.fit(x, y, batch_size=batch, epochs=-(-steps // 4), shuffle=False, verbose=0)
    state = [*model.weights, *model.optimizer.variables]
    return [np.asarray(v) for v in state] + [np.array(h) for h in history.history.values()]


def assert_same_bits(a, b):
    assert len(a) == len(b)
    for i, (one, other) in enumerate(zip(a, b, strict=True)):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), f"array {i} differs"


@pytest.mark.parametrize("network", NETWORKS)
def test_threads_do_not_change_bits(network, threads):
    threads(1)
    expected = train(network, 100)
    for count in (2, 3, 7, os.cpu_count() or 1):
        threads(count)
        assert_same_bits(train(network, 100), expected)


@pytest.mark.parametrize("network", NETWORKS)
def test_forward_and_backward_bits(network, threads):
    def gradients():
        nacre.utils.set_random_seed(7)
        shape, stack = NETWORKS[network]()
        model = nacre.Sequential([nacre.Input(shape), *stack])
        x = np.random.default_rng(1).standard_normal((24, *shape), dtype=np.float32)
        with nacre.GradientTape() as tape:
            y = model(x, training=True)
            loss = nacre.ops.sum(nacre.ops.square(y))
        grads = tape.gradient(loss, model.trainable_weights)
        return [np.asarray(y), *(np.asarray(g) for g in grads)]

    threads(1)
    expected = gradients()
    for count in (2, 3, 7, os.cpu_count() or 1):
        threads(count)
        assert_same_bits(gradients(), expected)


@pytest.mark.parametrize("network", NETWORKS)
def test_plan_is_eager(network):
    assert_same_bits(train(network, 8), train(network, 8, run_eagerly=True))


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("adam", {"clipnorm": 0.1}),
        ("adam", {"clipvalue": 0.001, "amsgrad": True}),
        ("adam", {"global_clipnorm": 0.1, "weight_decay": 0.01}),
        ("adam", {"use_ema": True}),
        ("adam", {"gradient_accumulation_steps": 2}),
        ("sgd", {"clipnorm": 0.1, "weight_decay": 0.01}),
        ("sgd", {"momentum": 0.9, "nesterov": True, "global_clipnorm": 0.1}),
        ("rmsprop", {"clipvalue": 0.001, "weight_decay": 0.01}),
        ("rmsprop", {"centered": True, "clipnorm": 0.1}),
        ("rmsprop", {"centered": True, "momentum": 0.9}),
        ("adagrad", {"clipnorm": 0.1, "weight_decay": 0.01}),
    ],
)
def test_merged_updates_are_eager(optimizer, options):
    expected = train("mlp", 8, optimizer, run_eagerly=True, **options)
    assert_same_bits(train("mlp", 8, optimizer, **options), expected)
