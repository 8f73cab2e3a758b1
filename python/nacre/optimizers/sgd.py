"""SGD."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.optimizers.optimizer import Optimizer


@native
class SGD(Optimizer):
    """Gradient descent, with momentum and Nesterov momentum.

    Args:
        learning_rate: A number, a LearningRateSchedule, or a function without arguments.
        momentum: Part of the last change that is repeated, in [0, 1].
        nesterov: Whether the gradient is corrected for the step that momentum will take.
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
        ValueError: A value is out of its range, or ``momentum`` is outside [0, 1].

    Example:
        >>> import nacre
        >>> weight = nacre.Variable([1.0])
        >>> optimizer = nacre.optimizers.SGD(learning_rate=0.5)
        >>> optimizer.apply([nacre.ops.ones((1,))], [weight])
        >>> bool(weight.numpy()[0] < 1.0)
        True
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
