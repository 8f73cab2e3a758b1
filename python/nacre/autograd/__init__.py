"""Differentiation and captured functions.

Example:
    >>> import nacre
    >>> nacre.grad(lambda x: x * x)(3.0)
    Tensor(6., dtype=float32)

A training loop of one's own: a tape, an optimizer, and ``function`` around the step, which makes a
plan of it. Two optimizers in one step (a GAN), the gradient of a gradient (a penalty) and draws
(``nacre.random`` with a SeedGenerator) are captured alike.

Example:
    >>> import nacre
    >>> model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(1)])
    >>> optimizer = nacre.optimizers.Adam(0.1)
    >>> @nacre.function
    ... def step(x, y):
    ...     with nacre.GradientTape() as tape:
    ...         loss = nacre.ops.mean(nacre.ops.square(model(x, training=True) - y))
    ...     weights = model.trainable_variables
    ...     optimizer.apply(tape.gradient(loss, weights), weights)
    ...     return loss
    >>> x, y = nacre.ops.ones((8, 3)), nacre.ops.ones((8, 1)) * 3.0
    >>> losses = [float(step(x, y)) for _ in range(50)]
    >>> losses[-1] < losses[0]
    True

The penalty of WGAN-GP on a critic's gradient, itself differentiated:

Example:
    >>> import nacre
    >>> critic = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(1, activation="tanh")])
    >>> x = nacre.ops.ones((4, 3))
    >>> with nacre.GradientTape() as tape:
    ...     with nacre.GradientTape() as inner:
    ...         inner.watch(x)
    ...         score = nacre.ops.sum(critic(x))
    ...     slope = inner.gradient(score, x)
    ...     length = nacre.ops.sqrt(nacre.ops.sum(nacre.ops.square(slope), axis=1))
    ...     penalty = nacre.ops.mean(nacre.ops.square(length - 1.0))
    >>> gradient = tape.gradient(penalty, critic.trainable_variables[0])
    >>> gradient.shape
    (3, 1)
"""

from nacre.autograd.captured import function as function
from nacre.autograd.custom import (
    custom_gradient as custom_gradient,
    stop_gradient as stop_gradient,
)
from nacre.autograd.gradient_tape import GradientTape as GradientTape
from nacre.autograd.remat import RematScope as RematScope, remat as remat
from nacre.autograd.transforms import (
    grad as grad,
    jvp as jvp,
    value_and_grad as value_and_grad,
)
