"""Pooling into a given number of windows."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class AdaptiveAveragePooling1D(Layer):
    """Average of windows that divide one axis (time) into ``output_size`` parts.

    Window i of n along an axis of length L reaches from ``floor(i L / n)`` to
    ``ceil((i + 1) L / n)``.

    Args:
        output_size: Number of windows along each axis; a number for all of them.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        The input's, with spatial axes of ``output_size``.

    Raises:
        ValueError: An argument or the input's rank does not fit, or an axis is empty.

    Example:
        >>> import nacre
        >>> nacre.layers.AdaptiveAveragePooling1D(4)(nacre.ops.ones((2, 7, 3))).shape
        (2, 4, 3)
    """

    def __init__(self, output_size: Any, data_format: Any = None, **kwargs: Any) -> None: ...


@native
class AdaptiveAveragePooling2D(Layer):
    """Average of windows that divide two axes (images) into ``output_size`` parts.

    Window i of n along an axis of length L reaches from ``floor(i L / n)`` to
    ``ceil((i + 1) L / n)``.

    Args:
        output_size: Number of windows along each axis; a number for all of them.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        The input's, with spatial axes of ``output_size``.

    Raises:
        ValueError: An argument or the input's rank does not fit, or an axis is empty.

    Example:
        >>> import nacre
        >>> nacre.layers.AdaptiveAveragePooling2D(4)(nacre.ops.ones((2, 7, 7, 3))).shape
        (2, 4, 4, 3)
    """

    def __init__(self, output_size: Any, data_format: Any = None, **kwargs: Any) -> None: ...


@native
class AdaptiveAveragePooling3D(Layer):
    """Average of windows that divide three axes (volumes) into ``output_size`` parts.

    Window i of n along an axis of length L reaches from ``floor(i L / n)`` to
    ``ceil((i + 1) L / n)``.

    Args:
        output_size: Number of windows along each axis; a number for all of them.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        The input's, with spatial axes of ``output_size``.

    Raises:
        ValueError: An argument or the input's rank does not fit, or an axis is empty.

    Example:
        >>> import nacre
        >>> nacre.layers.AdaptiveAveragePooling3D(4)(nacre.ops.ones((2, 7, 7, 7, 3))).shape
        (2, 4, 4, 4, 3)
    """

    def __init__(self, output_size: Any, data_format: Any = None, **kwargs: Any) -> None: ...


@native
class AdaptiveMaxPooling1D(Layer):
    """Largest value of windows that divide one axis (time) into ``output_size`` parts.

    Window i of n along an axis of length L reaches from ``floor(i L / n)`` to
    ``ceil((i + 1) L / n)``.

    Args:
        output_size: Number of windows along each axis; a number for all of them.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, length, channels)``, or ``(batch, channels, length)``

    Output shape:
        The input's, with spatial axes of ``output_size``.

    Raises:
        ValueError: An argument or the input's rank does not fit, or an axis is empty.

    Example:
        >>> import nacre
        >>> nacre.layers.AdaptiveMaxPooling1D(4)(nacre.ops.ones((2, 7, 3))).shape
        (2, 4, 3)
    """

    def __init__(self, output_size: Any, data_format: Any = None, **kwargs: Any) -> None: ...


@native
class AdaptiveMaxPooling2D(Layer):
    """Largest value of windows that divide two axes (images) into ``output_size`` parts.

    Window i of n along an axis of length L reaches from ``floor(i L / n)`` to
    ``ceil((i + 1) L / n)``.

    Args:
        output_size: Number of windows along each axis; a number for all of them.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        The input's, with spatial axes of ``output_size``.

    Raises:
        ValueError: An argument or the input's rank does not fit, or an axis is empty.

    Example:
        >>> import nacre
        >>> nacre.layers.AdaptiveMaxPooling2D(4)(nacre.ops.ones((2, 7, 7, 3))).shape
        (2, 4, 4, 3)
    """

    def __init__(self, output_size: Any, data_format: Any = None, **kwargs: Any) -> None: ...


@native
class AdaptiveMaxPooling3D(Layer):
    """Largest value of windows that divide three axes (volumes) into ``output_size`` parts.

    Window i of n along an axis of length L reaches from ``floor(i L / n)`` to
    ``ceil((i + 1) L / n)``.

    Args:
        output_size: Number of windows along each axis; a number for all of them.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        The input's, with spatial axes of ``output_size``.

    Raises:
        ValueError: An argument or the input's rank does not fit, or an axis is empty.

    Example:
        >>> import nacre
        >>> nacre.layers.AdaptiveMaxPooling3D(4)(nacre.ops.ones((2, 7, 7, 7, 3))).shape
        (2, 4, 4, 4, 3)
    """

    def __init__(self, output_size: Any, data_format: Any = None, **kwargs: Any) -> None: ...
