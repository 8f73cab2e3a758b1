"""The activation functions."""

from __future__ import annotations

from typing import Any

from nacre import ops
from nacre.ops import _registry

_RELU = _registry.op("activations.relu")


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """``maximum(x, 0)``, with options.

    Args:
        x: Tensor.
        negative_slope: Slope below the threshold.
        max_value: Largest result.
        threshold: Below it values are damped.

    Returns:
        A tensor shaped as ``x``.

    Example:
        >>> import nacre
        >>> nacre.activations.relu([-1.0, 2.0])
        Tensor([0., 2.], dtype=float32)
    """
    return _RELU(x, negative_slope=negative_slope, max_value=max_value, threshold=threshold)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where positive, ``negative_slope * x`` elsewhere."""
    return ops.leaky_relu(x, negative_slope=negative_slope)


def relu6(x: Any) -> Any:
    """``minimum(maximum(x, 0), 6)``."""
    return ops.relu6(x)


def softmax(x: Any, axis: Any = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along ``axis``: probabilities.

    Example:
        >>> import nacre
        >>> nacre.activations.softmax([[1.0, 1.0]])
        Tensor([[0.5, 0.5]], dtype=float32)
    """
    return ops.softmax(x, axis=axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of ``softmax``, without underflow."""
    return ops.log_softmax(x, axis=axis)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al. 2016)."""
    return ops.elu(x, alpha=alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere (Barron 2017)."""
    return ops.celu(x, alpha=alpha)


def selu(x: Any) -> Any:
    """A scaled ``elu`` that keeps mean and variance (Klambauer et al. 2017)."""
    return ops.selu(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """``x`` times the normal distribution function of ``x`` (Hendrycks and Gimpel 2016).

    Args:
        x: Tensor.
        approximate: Whether the distribution function is approximated with a tanh.
    """
    return ops.gelu(x, approximate=approximate)


def glu(x: Any, axis: int = -1) -> Any:
    """The first half of ``x`` along ``axis`` times the sigmoid of the second."""
    return ops.glu(x, axis=axis)


def silu(x: Any) -> Any:
    """``x * sigmoid(x)`` (Ramachandran et al. 2017)."""
    return ops.silu(x)


def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))`` (Misra 2019)."""
    return ops.mish(x)


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    return ops.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """``clip(x / 6 + 0.5, 0, 1)``."""
    return ops.hard_sigmoid(x)


def hard_silu(x: Any) -> Any:
    """``x * hard_sigmoid(x)``."""
    return ops.hard_silu(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return ops.tanh(x)


def hard_tanh(x: Any) -> Any:
    """``clip(x, -1, 1)``."""
    return ops.hard_tanh(x)


def tanh_shrink(x: Any) -> Any:
    """``x - tanh(x)``."""
    return ops.tanh_shrink(x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` where its absolute value exceeds the threshold, else 0."""
    return ops.hard_shrink(x, threshold=threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` moved towards 0 by the threshold, 0 within it."""
    return ops.soft_shrink(x, threshold=threshold)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """``x`` where it exceeds the threshold, else ``default_value``."""
    return ops.threshold(x, threshold, default_value)


def softplus(x: Any) -> Any:
    """``log(exp(x) + 1)``."""
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """``x / (abs(x) + 1)``."""
    return ops.softsign(x)


def squareplus(x: Any, b: float = 4) -> Any:
    """``(x + sqrt(x ** 2 + b)) / 2``."""
    return ops.squareplus(x, b=b)


def sparse_plus(x: Any) -> Any:
    """0 below -1, ``x`` above 1, ``(x + 1) ** 2 / 4`` between."""
    return ops.sparse_plus(x)


def sparse_sigmoid(x: Any) -> Any:
    """``clip((x + 1) / 2, 0, 1)``."""
    return ops.sparse_sigmoid(x)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """Probabilities many of which are exactly 0 (Martins and Astudillo 2016)."""
    return ops.sparsemax(x, axis=axis)


def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``, without underflow."""
    return ops.log_sigmoid(x)


def exponential(x: Any) -> Any:
    """``exp(x)``."""
    return ops.exp(x)


def linear(x: Any) -> Any:
    """``x`` itself."""
    return x
