"""Adafactor."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.optimizers.optimizer import Optimizer


@native
class Adafactor(Optimizer):
    """Adam's rates from the rows' and columns' mean squares only (Shazeer and Stern 2018).

    Args:
        learning_rate: A number, a LearningRateSchedule, or a function without arguments.
        beta_2_decay: Power of the step by which old squares lose weight.
        epsilon_1: Added to squared gradients.
        epsilon_2: Smallest size of a weight that its change is relative to.
        clip_threshold: Largest root mean square of a change.
        relative_step: Whether the rate falls with the root of the step.
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
        >>> optimizer = nacre.optimizers.Adafactor(learning_rate=0.5)
        >>> optimizer.apply([nacre.ops.ones((1,))], [weight])
        >>> bool(weight.numpy()[0] < 1.0)
        True
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 0.001,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
