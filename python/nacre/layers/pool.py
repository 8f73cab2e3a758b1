"""Pooling layers."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class MaxPooling1D(Layer):
    """Largest value of each window over one axis.

    Args:
        pool_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window; default: ``pool_size``.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        name: Name of the layer.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.MaxPooling1D(2)(nacre.ops.ones((2, 8, 3))).shape
        (2, 4, 3)
    """

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class MaxPooling2D(Layer):
    """Largest value of each window over two axes.

    Args:
        pool_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window; default: ``pool_size``.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        name: Name of the layer.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.MaxPooling2D(2)(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 4, 4, 3)
    """

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class MaxPooling3D(Layer):
    """Largest value of each window over three axes.

    Args:
        pool_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window; default: ``pool_size``.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        name: Name of the layer.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.MaxPooling3D(2)(nacre.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 4, 4, 4, 3)
    """

    def __init__(
        self,
        pool_size: Any = (2, 2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class AveragePooling1D(Layer):
    """Mean value of each window over one axis.

    Args:
        pool_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window; default: ``pool_size``.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        name: Name of the layer.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.AveragePooling1D(2)(nacre.ops.ones((2, 8, 3))).shape
        (2, 4, 3)
    """

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class AveragePooling2D(Layer):
    """Mean value of each window over two axes.

    Args:
        pool_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window; default: ``pool_size``.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        name: Name of the layer.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.AveragePooling2D(2)(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 4, 4, 3)
    """

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class AveragePooling3D(Layer):
    """Mean value of each window over three axes.

    Args:
        pool_size: Length of the window along each axis; a number for all of them.
        strides: Steps of the window; default: ``pool_size``.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        name: Name of the layer.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.AveragePooling3D(2)(nacre.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 4, 4, 4, 3)
    """

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class GlobalMaxPooling1D(Layer):
    """Largest value of each channel over all steps.

    Args:
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        keepdims: Whether the axes stay, with size 1.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        ``(batch, channels)``

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.GlobalMaxPooling1D()(nacre.ops.ones((2, 8, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        data_format: Any = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None: ...


@native
class GlobalMaxPooling2D(Layer):
    """Largest value of each channel over all of the spatial axes.

    Args:
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        keepdims: Whether the axes stay, with size 1.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        ``(batch, channels)``

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.GlobalMaxPooling2D()(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        data_format: Any = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None: ...


@native
class GlobalMaxPooling3D(Layer):
    """Largest value of each channel over all of the spatial axes.

    Args:
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        keepdims: Whether the axes stay, with size 1.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        ``(batch, channels)``

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.GlobalMaxPooling3D()(nacre.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        data_format: Any = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None: ...


@native
class GlobalAveragePooling1D(Layer):
    """Mean value of each channel over all steps.

    Args:
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        keepdims: Whether the axes stay, with size 1.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        ``(batch, channels)``

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.GlobalAveragePooling1D()(nacre.ops.ones((2, 8, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        data_format: Any = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None: ...


@native
class GlobalAveragePooling2D(Layer):
    """Mean value of each channel over all of the spatial axes.

    Args:
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        keepdims: Whether the axes stay, with size 1.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        ``(batch, channels)``

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.GlobalAveragePooling2D()(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        data_format: Any = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None: ...


@native
class GlobalAveragePooling3D(Layer):
    """Mean value of each channel over all of the spatial axes.

    Args:
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        keepdims: Whether the axes stay, with size 1.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        ``(batch, channels)``

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.GlobalAveragePooling3D()(nacre.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        data_format: Any = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None: ...


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
