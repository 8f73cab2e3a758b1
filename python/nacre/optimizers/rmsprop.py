"""RMSprop."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.optimizers.optimizer import Optimizer


@native
class RMSprop(Optimizer):
    """Gradients divided by the root of their mean square (Tieleman and Hinton 2012).

    Args:
        learning_rate: A number, a LearningRateSchedule, or a function without arguments.
        rho: Decay of the mean of squared gradients.
        momentum: Part of the last change that is repeated.
        epsilon: Added to the mean of squares.
        centered: Whether the variance of gradients divides, instead of their mean square.
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
        lazy_rows: Whether a step leaves alone, with their slots, the rows of a matrix whose
            gradient is all zeros: those of an embedding that the batch does not read, so that a
            step costs what the batch reads. Keras has no such option; False gives its numbers.

    Raises:
        ValueError: A value is out of its range.

    Example:
        >>> import nacre
        >>> weight = nacre.Variable([1.0])
        >>> optimizer = nacre.optimizers.RMSprop(learning_rate=0.5)
        >>> optimizer.apply([nacre.ops.ones((1,))], [weight])
        >>> bool(weight.numpy()[0] < 1.0)
        True
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-07,
        centered: bool = False,
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
        *,
        lazy_rows: bool = False,
        **kwargs: Any,
    ) -> None: ...
