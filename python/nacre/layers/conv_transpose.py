"""Transposed convolution layers."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class Conv1DTranspose(Layer):
    """Transposed convolution over one axis (time): it enlarges what Conv1D makes smaller.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window along each axis; a number for all of them.
        strides: Steps between the windows in the output.
        padding: "valid" or "same".
        output_padding: Positions added at the end of each axis of the output, fewer than
            ``strides``; default: what makes the output's size follow from ``padding``.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        dilation_rate: Distance of the elements of a window.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the kernel, shape
            ``(*kernel_size, filters, channels)``.
        bias_initializer: Initializer of the bias, shape ``(filters,)``.
        kernel_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        ``(batch, new_length, filters)``, or channels first

    Raises:
        ValueError: An argument does not fit, or the input's rank or channels do not.

    Example:
        >>> import nacre
        >>> nacre.layers.Conv1DTranspose(5, 2, strides=2)(nacre.ops.ones((2, 4, 3))).shape
        (2, 8, 5)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: Any = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class Conv2DTranspose(Layer):
    """Transposed convolution over two axes (images): it enlarges what Conv2D makes smaller.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window along each axis; a number for all of them.
        strides: Steps between the windows in the output.
        padding: "valid" or "same".
        output_padding: Positions added at the end of each axis of the output, fewer than
            ``strides``; default: what makes the output's size follow from ``padding``.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        dilation_rate: Distance of the elements of a window.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the kernel, shape
            ``(*kernel_size, filters, channels)``.
        bias_initializer: Initializer of the bias, shape ``(filters,)``.
        kernel_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        ``(batch, new_rows, new_cols, filters)``, or channels first

    Raises:
        ValueError: An argument does not fit, or the input's rank or channels do not.

    Example:
        >>> import nacre
        >>> nacre.layers.Conv2DTranspose(5, 2, strides=2)(nacre.ops.ones((2, 4, 4, 3))).shape
        (2, 8, 8, 5)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        output_padding: Any = None,
        data_format: Any = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class Conv3DTranspose(Layer):
    """Transposed convolution over three axes (volumes): it enlarges what Conv3D makes smaller.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window along each axis; a number for all of them.
        strides: Steps between the windows in the output.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        output_padding: Positions added at the end of each axis of the output, fewer than
            ``strides``; default: what makes the output's size follow from ``padding``.
        dilation_rate: Distance of the elements of a window.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the kernel, shape
            ``(*kernel_size, filters, channels)``.
        bias_initializer: Initializer of the bias, shape ``(filters,)``.
        kernel_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        ``(batch, new_dim1, new_dim2, new_dim3, filters)``, or channels first

    Raises:
        ValueError: An argument does not fit, or the input's rank or channels do not.

    Example:
        >>> import nacre
        >>> nacre.layers.Conv3DTranspose(5, 2, strides=2)(nacre.ops.ones((2, 4, 4, 4, 3))).shape
        (2, 8, 8, 8, 5)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: Any = None,
        output_padding: Any = None,
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
