"""Layers that act in training: dropout, noise and penalties."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class Dropout(Layer):
    """Sets elements to 0 with a probability in training; the rest is scaled: the mean stays.

    Args:
        rate: Probability, in [0, 1].
        noise_shape: Shape of what is drawn, broadcast to the input: ``(batch, 1, features)`` drops
            the same features in all steps; ``None`` for the input's size.
        seed: Seed of the random numbers; default: one that is drawn.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: ``rate`` is not in [0, 1].

    Source: Srivastava et al. 2014, JMLR 15.

    Example:
        >>> import nacre
        >>> nacre.layers.Dropout(0.5)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class SpatialDropout1D(Layer):
    """Sets whole channels to 0 with a probability in training.

    Args:
        rate: Probability, in [0, 1].
        seed: Seed of the random numbers; default: one that is drawn.
        name: Name of the layer.
        dtype: Dtype or dtype policy.

    Input shape:
        ``(batch, length, channels)``

    Output shape:
        That of the input.

    Raises:
        ValueError: ``rate`` is not in [0, 1].

    Source: Tompson et al. 2014, arXiv:1411.4280.

    Example:
        >>> import nacre
        >>> nacre.layers.SpatialDropout1D(0.5)(nacre.ops.ones((2, 8, 3))).shape
        (2, 8, 3)
    """

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class SpatialDropout2D(Layer):
    """Sets whole channels to 0 with a probability in training.

    Args:
        rate: Probability, in [0, 1].
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        seed: Seed of the random numbers; default: one that is drawn.
        name: Name of the layer.
        dtype: Dtype or dtype policy.

    Input shape:
        ``(batch, rows, cols, channels)``, or ``(batch, channels, rows, cols)``

    Output shape:
        That of the input.

    Raises:
        ValueError: ``rate`` is not in [0, 1].

    Source: Tompson et al. 2014, arXiv:1411.4280.

    Example:
        >>> import nacre
        >>> nacre.layers.SpatialDropout2D(0.5)(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        rate: float,
        data_format: Any = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class SpatialDropout3D(Layer):
    """Sets whole channels to 0 with a probability in training.

    Args:
        rate: Probability, in [0, 1].
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        seed: Seed of the random numbers; default: one that is drawn.
        name: Name of the layer.
        dtype: Dtype or dtype policy.

    Input shape:
        ``(batch, dim1, dim2, dim3, channels)``, or ``(batch, channels, dim1, dim2, dim3)``

    Output shape:
        That of the input.

    Raises:
        ValueError: ``rate`` is not in [0, 1].

    Source: Tompson et al. 2014, arXiv:1411.4280.

    Example:
        >>> import nacre
        >>> nacre.layers.SpatialDropout3D(0.5)(nacre.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 8, 8, 8, 3)
    """

    def __init__(
        self,
        rate: float,
        data_format: Any = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None: ...


@native
class GaussianNoise(Layer):
    """Adds normal noise in training.

    Args:
        stddev: Standard deviation.
        seed: Seed of the random numbers; default: one that is drawn.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: ``stddev`` is negative.

    Example:
        >>> import nacre
        >>> nacre.layers.GaussianNoise(0.1)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        stddev: float,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class GaussianDropout(Layer):
    """Multiplies by normal noise of mean 1 in training.

    Args:
        rate: Sets the variance, ``rate / (1 - rate)``.
        seed: Seed of the random numbers; default: one that is drawn.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: ``rate`` is not in [0, 1).

    Example:
        >>> import nacre
        >>> nacre.layers.GaussianDropout(0.5)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class AlphaDropout(Layer):
    """Dropout that keeps mean and variance, for layers with selu.

    Args:
        rate: Probability, in [0, 1].
        noise_shape: Shape of what is drawn, broadcast to the input.
        seed: Seed of the random numbers; default: one that is drawn.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: ``rate`` is not in [0, 1].

    Source: Klambauer et al. 2017, arXiv:1706.02515.

    Example:
        >>> import nacre
        >>> nacre.layers.AlphaDropout(0.5)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class ActivityRegularization(Layer):
    """Passes its input on and adds a penalty of it to the loss.

    Args:
        l1: Factor of the sum of absolute values.
        l2: Factor of the sum of squares.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> import nacre
        >>> nacre.layers.ActivityRegularization(l2=0.1)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        l1: float = 0.0,
        l2: float = 0.0,
        **kwargs: Any,
    ) -> None: ...
