"""Depthwise and separable convolution layers."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class DepthwiseConv1D(Layer):
    """Convolution of each channel by itself over one axis (time).

    Args:
        kernel_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window.
        padding: "valid" or "same".
        depth_multiplier: Outputs for each input channel.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        dilation_rate: Distance of the elements of a window.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        depthwise_initializer: Initializer of the kernel, shape
            ``(*kernel_size, channels, depth_multiplier)``.
        bias_initializer: Initializer of the bias, shape ``(channels * depth_multiplier,)``.
        depthwise_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        depthwise_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        ``(batch, new_length, channels * depth_multiplier)``,
        or channels first

    Raises:
        ValueError: An argument does not fit, or the input's rank or channels do not.

    Example:
        >>> import nacre
        >>> nacre.layers.DepthwiseConv1D(3, depth_multiplier=2)(nacre.ops.ones((2, 8, 3))).shape
        (2, 6, 6)
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: Any = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class DepthwiseConv2D(Layer):
    """Convolution of each channel by itself over two axes (images).

    Args:
        kernel_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window.
        padding: "valid" or "same".
        depth_multiplier: Outputs for each input channel.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        dilation_rate: Distance of the elements of a window.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        depthwise_initializer: Initializer of the kernel, shape
            ``(*kernel_size, channels, depth_multiplier)``.
        bias_initializer: Initializer of the bias, shape ``(channels * depth_multiplier,)``.
        depthwise_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        depthwise_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        ``(batch, new_rows, new_cols, channels * depth_multiplier)``,
        or channels first

    Raises:
        ValueError: An argument does not fit, or the input's rank or channels do not.

    Example:
        >>> import nacre
        >>> nacre.layers.DepthwiseConv2D(3, depth_multiplier=2)(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 6, 6, 6)
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: Any = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class SeparableConv1D(Layer):
    """A depthwise convolution over one axis (time), then one that mixes the channels.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        dilation_rate: Distance of the elements of a window.
        depth_multiplier: Outputs of the depthwise part for each input channel.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        depthwise_initializer: Initializer of the depthwise kernel, shape
            ``(*kernel_size, channels, depth_multiplier)``.
        pointwise_initializer: Initializer of the pointwise kernel, shape
            ``(1..., channels * depth_multiplier, filters)``.
        bias_initializer: Initializer of the bias, shape ``(filters,)``.
        depthwise_regularizer: Penalty of the depthwise kernel.
        pointwise_regularizer: Penalty of the pointwise kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        depthwise_constraint: Projection of the depthwise kernel after each update.
        pointwise_constraint: Projection of the pointwise kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        ``(batch, new_length, filters)``, or channels first

    Raises:
        ValueError: An argument does not fit, or the input's rank or channels do not.

    Example:
        >>> import nacre
        >>> nacre.layers.SeparableConv1D(4, 3)(nacre.ops.ones((2, 8, 3))).shape
        (2, 6, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class SeparableConv2D(Layer):
    """A depthwise convolution over two axes (images), then one that mixes the channels.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        dilation_rate: Distance of the elements of a window.
        depth_multiplier: Outputs of the depthwise part for each input channel.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        depthwise_initializer: Initializer of the depthwise kernel, shape
            ``(*kernel_size, channels, depth_multiplier)``.
        pointwise_initializer: Initializer of the pointwise kernel, shape
            ``(1..., channels * depth_multiplier, filters)``.
        bias_initializer: Initializer of the bias, shape ``(filters,)``.
        depthwise_regularizer: Penalty of the depthwise kernel.
        pointwise_regularizer: Penalty of the pointwise kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        depthwise_constraint: Projection of the depthwise kernel after each update.
        pointwise_constraint: Projection of the pointwise kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        ``(batch, new_rows, new_cols, filters)``, or channels first

    Raises:
        ValueError: An argument does not fit, or the input's rank or channels do not.

    Example:
        >>> import nacre
        >>> nacre.layers.SeparableConv2D(4, 3)(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 6, 6, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
