"""Ftrl."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.optimizers.optimizer import Optimizer


@native
class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013), for sparse linear models.

    Args:
        learning_rate: A number, a LearningRateSchedule, or a function without arguments.
        learning_rate_power: Power of the sum of squares that divides the rate, at most 0.
        initial_accumulator_value: Start of the sum of squares, at least 0.
        l1_regularization_strength: Strength of the L1 penalty, at least 0.
        l2_regularization_strength: Strength of the L2 penalty that keeps weights near 0, at
            least 0.
        l2_shrinkage_regularization_strength: Strength of the L2 penalty of large weights, which
            leaves the sum of squares alone.
        beta: Added to the root of the sum of squares.
        weight_decay: Part of each weight, times the learning rate, that a step takes away.
        clipnorm: Largest norm of each variable's gradient.
        clipvalue: Largest absolute value in a gradient.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Whether an exponential moving average of the weights is kept.
        ema_momentum: Part of the average that a step keeps, in [0, 1].
        ema_overwrite_frequency: Steps after which the weights become their average.
        loss_scale_factor: The loss is multiplied and the gradients divided by it.
        gradient_accumulation_steps: Steps whose gradients make up one update.
        name: Name of the optimizer.

    Raises:
        ValueError: A value is out of its range.

    Example:
        >>> import nacre
        >>> weight = nacre.Variable([1.0])
        >>> optimizer = nacre.optimizers.Ftrl(learning_rate=0.5)
        >>> optimizer.apply([nacre.ops.ones((1,))], [weight])
        >>> bool(weight.numpy()[0] < 1.0)
        True
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...
