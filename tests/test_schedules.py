"""Learning rate schedules against formulas, and in optimizers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nacre
from nacre import ops
from nacre.optimizers import schedules


@pytest.mark.parametrize("step", [0, 1, 5, 10, 37])
def test_formulas(step):
    close = lambda a, b: np.testing.assert_allclose(float(a), b, rtol=1e-5, atol=1e-7)  # noqa: E731
    close(schedules.ExponentialDecay(0.1, 10, 0.5)(step), 0.1 * 0.5 ** (step / 10))
    close(schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True)(step), 0.1 * 0.5 ** (step // 10))
    close(schedules.InverseTimeDecay(0.1, 10, 0.5)(step), 0.1 / (1 + 0.5 * step / 10))
    part = min(step, 10) / 10
    close(schedules.PolynomialDecay(0.1, 10, 0.01, 2.0)(step), 0.09 * (1 - part) ** 2 + 0.01)
    close(schedules.CosineDecay(0.1, 10)(step), 0.05 * (1 + math.cos(math.pi * part)))


def test_piecewise_boundaries_belong_to_the_left():
    rate = schedules.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    found = [float(rate(step)) for step in (0, 10, 11, 20, 21)]
    np.testing.assert_allclose(found, [1.0, 1.0, 0.5, 0.5, 0.1])


def test_warmup():
    rate = schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4)
    np.testing.assert_allclose(
        [float(rate(s)) for s in (0, 2, 4, 14, 99)], [0, 0.5, 1, 0, 0], atol=1e-6
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
        lambda: schedules.CosineDecay(0.1, -1),
        lambda: schedules.CosineDecayRestarts(0.1, 0),
        lambda: schedules.PiecewiseConstantDecay([1], [1.0]),
        lambda: schedules.CosineDecay(0.1, 10, warmup_steps=-1),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(ValueError, match="expected"):
        make()


class Halving(schedules.LearningRateSchedule):
    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start * 0.5 ** ops.cast(step, "float32")

    def get_config(self):
        return {"start": self.start}


def test_subclass_in_an_optimizer():
    optimizer = nacre.optimizers.SGD(Halving(1.0))
    weight = nacre.Variable([0.0])
    for _ in range(3):
        optimizer.apply([ops.ones((1,))], [weight])
    np.testing.assert_allclose(weight.numpy(), [-1.75])
    assert float(optimizer.learning_rate) == 0.125
    with pytest.raises(TypeError, match="schedule"):
        optimizer.learning_rate = 0.1


def test_serialization():
    config = schedules.serialize(schedules.CosineDecay(0.1, 10, alpha=0.5))
    assert config["class_name"] == "CosineDecay"
    again = schedules.deserialize(config)
    assert isinstance(again, schedules.CosineDecay) and again.alpha == 0.5
    optimizer = nacre.optimizers.Adam(again)
    copy = nacre.optimizers.Adam.from_config(optimizer.get_config())
    assert float(copy.learning_rate) == float(optimizer.learning_rate)
    with pytest.raises(NotImplementedError):
        schedules.LearningRateSchedule().get_config()
