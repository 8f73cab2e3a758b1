"""Differentiation and captured functions.

Example:
    >>> import nacre
    >>> nacre.grad(lambda x: x * x)(3.0)
    Tensor(6., dtype=float32)
"""

from nacre.autograd.captured import function as function
from nacre.autograd.custom import (
    custom_gradient as custom_gradient,
    stop_gradient as stop_gradient,
)
from nacre.autograd.gradient_tape import GradientTape as GradientTape
from nacre.autograd.remat import RematScope as RematScope, remat as remat
from nacre.autograd.transforms import grad as grad, value_and_grad as value_and_grad
