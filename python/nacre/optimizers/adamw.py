"""AdamW."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.optimizers.optimizer import Optimizer


@native
class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019).

    Args:
        learning_rate: A number, a LearningRateSchedule, or a function without arguments.
        weight_decay: Part of each weight, times the learning rate, that a step takes away.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squared gradients.
        epsilon: Added to the divisor.
        amsgrad: Whether the largest mean of squares so far divides (Reddi et al. 2018).
        clipnorm: Largest norm of each variable's gradient.
        clipvalue: Largest absolute value in a gradient.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Whether an exponential moving average of the weights is kept.
        ema_momentum: Part of the average that a step keeps, in [0, 1].
        ema_overwrite_frequency: Steps after which the weights become their average.
        loss_scale_factor: The loss is multiplied and the gradients divided by it.
        gradient_accumulation_steps: Steps whose gradients make up one update.
        name: Name of the optimizer.
        lazy_rows: Whether a step leaves alone, with their slots, the rows of a matrix whose
            gradient is all zeros: those of an embedding that the batch does not read, so that a
            step costs what the batch reads. Keras has no such option; False gives its numbers.

    Raises:
        ValueError: A value is out of its range, or ``weight_decay`` is None.

    Example:
        >>> import nacre
        >>> weight = nacre.Variable([1.0])
        >>> optimizer = nacre.optimizers.AdamW(learning_rate=0.5)
        >>> optimizer.apply([nacre.ops.ones((1,))], [weight])
        >>> bool(weight.numpy()[0] < 1.0)
        True
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-07,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        *,
        lazy_rows: bool = False,
        **kwargs: Any,
    ) -> None: ...
