"""Layers that change the shape of a sample."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class Flatten(Layer):
    """One axis for all elements of a sample.

    Args:
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, ...)``

    Output shape:
        ``(batch, size)``

    Example:
        >>> import nacre
        >>> nacre.layers.Flatten()(nacre.ops.ones((2, 4, 3))).shape
        (2, 12)
    """

    def __init__(
        self,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class Reshape(Layer):
    """Gives samples another shape.

    Args:
        target_shape: Shape of a sample; one size may be -1: what is left.

    Input shape:
        ``(batch, ...)``

    Output shape:
        ``(batch, *target_shape)``

    Raises:
        ValueError: The sizes do not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.Reshape((2, -1))(nacre.ops.ones((2, 6))).shape
        (2, 2, 3)
    """

    def __init__(
        self,
        target_shape: Any,
        **kwargs: Any,
    ) -> None: ...


@native
class Permute(Layer):
    """Reorders the axes of a sample.

    Args:
        dims: Axes counted from 1, in their new order.

    Input shape:
        ``(batch, ...)``

    Output shape:
        The input's, reordered.

    Raises:
        ValueError: ``dims`` is no order of the input's axes.

    Example:
        >>> import nacre
        >>> nacre.layers.Permute((2, 1))(nacre.ops.ones((2, 4, 3))).shape
        (2, 3, 4)
    """

    def __init__(
        self,
        dims: Any,
        **kwargs: Any,
    ) -> None: ...


@native
class RepeatVector(Layer):
    """Each vector ``n`` times.

    Args:
        n: How often.

    Input shape:
        ``(batch, features)``

    Output shape:
        ``(batch, n, features)``

    Raises:
        ValueError: The input has another rank, or ``n`` is negative.

    Example:
        >>> import nacre
        >>> nacre.layers.RepeatVector(3)(nacre.ops.ones((2, 5))).shape
        (2, 3, 5)
    """

    def __init__(
        self,
        n: int,
        **kwargs: Any,
    ) -> None: ...


@native
class ZeroPadding1D(Layer):
    """Zeros before and after the steps.

    Args:
        padding: A number, one for each axis, or a pair (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, length, channels)``

    Output shape:
        The input's, with longer spatial axes.

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.ZeroPadding1D()(nacre.ops.ones((2, 4, 3))).shape
        (2, 6, 3)
    """

    def __init__(
        self,
        padding: Any = 1,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class ZeroPadding2D(Layer):
    """Zeros around the spatial axes.

    Args:
        padding: A number, one for each axis, or a pair (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, rows, cols, channels)``

    Output shape:
        The input's, with longer spatial axes.

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.ZeroPadding2D()(nacre.ops.ones((2, 4, 4, 3))).shape
        (2, 6, 6, 3)
    """

    def __init__(
        self,
        padding: Any = (1, 1),
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class ZeroPadding3D(Layer):
    """Zeros around the spatial axes.

    Args:
        padding: A number, one for each axis, or a pair (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``

    Output shape:
        The input's, with longer spatial axes.

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.ZeroPadding3D()(nacre.ops.ones((2, 4, 4, 4, 3))).shape
        (2, 6, 6, 6, 3)
    """

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class Cropping1D(Layer):
    """Cuts off the first and last steps.

    Args:
        cropping: A number, one for each axis, or a pair (before, after) for each axis.

    Input shape:
        ``(batch, length, channels)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: Nothing would be left.

    Example:
        >>> import nacre
        >>> nacre.layers.Cropping1D(1)(nacre.ops.ones((2, 4, 3))).shape
        (2, 2, 3)
    """

    def __init__(
        self,
        cropping: Any = (1, 1),
        **kwargs: Any,
    ) -> None: ...


@native
class Cropping2D(Layer):
    """Cuts elements off the ends of the spatial axes.

    Args:
        cropping: A number, one for each axis, or a pair (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, rows, cols, channels)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: Nothing would be left.

    Example:
        >>> import nacre
        >>> nacre.layers.Cropping2D(1)(nacre.ops.ones((2, 4, 4, 3))).shape
        (2, 2, 2, 3)
    """

    def __init__(
        self,
        cropping: Any = ((0, 0), (0, 0)),
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class Cropping3D(Layer):
    """Cuts elements off the ends of the spatial axes.

    Args:
        cropping: A number, one for each axis, or a pair (before, after) for each axis.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``

    Output shape:
        The input's, with shorter spatial axes.

    Raises:
        ValueError: Nothing would be left.

    Example:
        >>> import nacre
        >>> nacre.layers.Cropping3D(1)(nacre.ops.ones((2, 4, 4, 4, 3))).shape
        (2, 2, 2, 2, 3)
    """

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class UpSampling1D(Layer):
    """Repeats each step.

    Args:
        size: How often, a number or one for each axis.

    Input shape:
        ``(batch, length, channels)``

    Output shape:
        The input's, with spatial axes ``size`` times as long.

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.UpSampling1D()(nacre.ops.ones((2, 4, 3))).shape
        (2, 8, 3)
    """

    def __init__(
        self,
        size: Any = 2,
        **kwargs: Any,
    ) -> None: ...


@native
class UpSampling2D(Layer):
    """Enlarges images: repeats each element, or interpolates.

    Args:
        size: How often, a number or one for each axis.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        interpolation: "nearest" (repeats), "bilinear", "bicubic", "lanczos3" or "lanczos5".

    Input shape:
        ``(batch, rows, cols, channels)``

    Output shape:
        The input's, with spatial axes ``size`` times as long.

    Raises:
        ValueError: The input has another rank, or the interpolation is unknown.

    Example:
        >>> import nacre
        >>> nacre.layers.UpSampling2D()(nacre.ops.ones((2, 4, 4, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: Any = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None: ...


@native
class UpSampling3D(Layer):
    """Repeats each element along the spatial axes.

    Args:
        size: How often, a number or one for each axis.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``

    Output shape:
        The input's, with spatial axes ``size`` times as long.

    Raises:
        ValueError: The input has another rank.

    Example:
        >>> import nacre
        >>> nacre.layers.UpSampling3D()(nacre.ops.ones((2, 4, 4, 4, 3))).shape
        (2, 8, 8, 8, 3)
    """

    def __init__(
        self,
        size: Any = (2, 2, 2),
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...
