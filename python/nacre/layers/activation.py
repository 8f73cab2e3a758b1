"""Activation layers."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: Name, function or layer.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: The name is unknown.

    Example:
        >>> import nacre
        >>> nacre.layers.Activation("relu")(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        activation: Any,
        **kwargs: Any,
    ) -> None: ...


@native
class ReLU(Layer):
    """Rectified linear unit: ``max(x, 0)``, or what ``nacre.activations.relu`` gives.

    Args:
        max_value: Largest result; default: no bound.
        negative_slope: Slope below the threshold.
        threshold: Smallest input that passes.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is negative.

    Example:
        >>> import nacre
        >>> nacre.layers.ReLU(max_value=6.0)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None: ...


@native
class LeakyReLU(Layer):
    """``x`` where positive, else ``negative_slope * x``.

    Args:
        negative_slope: Slope for negative inputs.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: ``negative_slope`` is negative.

    Example:
        >>> import nacre
        >>> nacre.layers.LeakyReLU()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        negative_slope: float = 0.3,
        **kwargs: Any,
    ) -> None: ...


@native
class PReLU(Layer):
    """``x`` where positive, else ``alpha * x`` with a learned ``alpha``.

    Args:
        alpha_initializer: Initializer of the slopes, shaped as a sample.
        alpha_regularizer: Penalty of the slopes.
        alpha_constraint: Projection of the slopes after each update.
        shared_axes: Axes, counted from 1, along which one slope is shared.

    Input shape:
        ``(batch, ...)``

    Output shape:
        That of the input.

    Raises:
        ValueError: ``shared_axes`` names an axis that the input does not have.

    Example:
        >>> import nacre
        >>> nacre.layers.PReLU(shared_axes=[1, 2])(nacre.ops.ones((2, 4, 4, 3))).shape
        (2, 4, 4, 3)
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class ELU(Layer):
    """``x`` where positive, else ``alpha * (exp(x) - 1)``.

    Args:
        alpha: Limit for large negative inputs, negated.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> import nacre
        >>> nacre.layers.ELU()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        alpha: float = 1.0,
        **kwargs: Any,
    ) -> None: ...


@native
class Softmax(Layer):
    """``exp(x)`` divided by its sum along an axis.

    A second argument of the call is a mask: elements where it is false get no weight.

    Args:
        axis: Axis or axes along which the result sums to 1.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: The input has no such axis.

    Example:
        >>> import nacre
        >>> nacre.layers.Softmax()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        axis: Any = -1,
        **kwargs: Any,
    ) -> None: ...

    def __call__(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The probabilities of ``inputs``.

        Args:
            inputs: Tensor.
            mask: Boolean tensor that broadcasts to it; default: none.
            training: Without effect.
        """
        if mask is None:
            return super().__call__(inputs, training=training)
        return self._core.call([inputs, mask], training)[0]
