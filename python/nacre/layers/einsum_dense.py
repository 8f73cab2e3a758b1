"""EinsumDense: a dense layer of any number of axes."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class EinsumDense(Layer):
    """A dense layer whose product is an einsum: ``activation(einsum(equation, x, kernel) + bias)``.

    Args:
        equation: ``"abc,cd->abd"``: axes of the input, the kernel and the output. An ellipsis on
            the left or right of input and output stands for any axes.
        output_shape: Sizes of the output without the batch axis (and without those of a left
            ellipsis), ``None`` where they are the input's; one number for one axis.
        activation: Name or function applied to the result; default: none.
        bias_axes: Axes of the output along which a bias is added, as letters of the equation;
            default: no bias.
        kernel_initializer: Initializer of the kernel.
        bias_initializer: Initializer of the bias.
        kernel_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        What the equation says.

    Output shape:
        What the equation says.

    Raises:
        ValueError: The equation is of another form, or the shapes do not fit it.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.EinsumDense("abc,cde->abde", (None, 2, 5), bias_axes="de")
        >>> layer(nacre.ops.ones((3, 4, 6))).shape
        (3, 4, 2, 5)
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...
