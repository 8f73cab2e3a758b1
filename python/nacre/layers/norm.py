"""Normalization layers."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class BatchNormalization(Layer):
    """Brings each channel to mean 0 and variance 1, then scales and shifts it.

    In training the statistics are those of the batch, and moving averages of them are kept;
    otherwise, and when ``trainable`` is false, the moving averages are used.

    Args:
        axis: Axis of the channels.
        momentum: Weight of the old moving average at each update.
        epsilon: Added to the variance.
        center: Whether ``beta`` is added.
        scale: Whether the result is multiplied by ``gamma``.
        beta_initializer: Initializer of ``beta``.
        gamma_initializer: Initializer of ``gamma``.
        moving_mean_initializer: Initializer of the moving mean.
        moving_variance_initializer: Initializer of the moving variance.
        beta_regularizer: Penalty of ``beta``.
        gamma_regularizer: Penalty of ``gamma``.
        beta_constraint: Projection of ``beta`` after each update.
        gamma_constraint: Projection of ``gamma`` after each update.
        renorm: Not supported.
        renorm_clipping: Not supported.
        renorm_momentum: Not supported.
        synchronized: Without effect: there is one device.

    Input shape:
        Any with a known size along ``axis``.

    Output shape:
        That of the input.

    Raises:
        ValueError: The size along ``axis`` is unknown or has changed.
        NotImplementedError: ``renorm`` is set.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.

    Example:
        >>> import nacre
        >>> nacre.layers.BatchNormalization()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None: ...


@native
class LayerNormalization(Layer):
    """Brings each sample to mean 0 and variance 1 along the axes, then scales and shifts it.

    Args:
        axis: Axis or axes of the features.
        epsilon: Added to the variance.
        center: Whether ``beta`` is added.
        scale: Whether the result is multiplied by ``gamma``.
        beta_initializer: Initializer of ``beta``.
        gamma_initializer: Initializer of ``gamma``.
        beta_regularizer: Penalty of ``beta``.
        gamma_regularizer: Penalty of ``gamma``.
        beta_constraint: Projection of ``beta`` after each update.
        gamma_constraint: Projection of ``gamma`` after each update.

    Input shape:
        Any with known sizes along ``axis``.

    Output shape:
        That of the input.

    Raises:
        ValueError: A size along ``axis`` is unknown or has changed.

    Source: Ba et al. 2016, arXiv:1607.06450.

    Example:
        >>> import nacre
        >>> nacre.layers.LayerNormalization()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RMSNormalization(Layer):
    """``x / sqrt(mean(x ** 2) + epsilon)`` along the axes, times a learned scale.

    Args:
        axis: Axis or axes of the features.
        epsilon: Added to the mean square.

    Input shape:
        Any with known sizes along ``axis``.

    Output shape:
        That of the input.

    Raises:
        ValueError: A size along ``axis`` is unknown or has changed.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.

    Example:
        >>> import nacre
        >>> nacre.layers.RMSNormalization()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-06,
        **kwargs: Any,
    ) -> None: ...


@native
class UnitNormalization(Layer):
    """Brings each sample to length 1 along the axes.

    Args:
        axis: Axis or axes that are measured together.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: The input has no such axis.

    Example:
        >>> import nacre
        >>> nacre.layers.UnitNormalization()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        axis: Any = -1,
        **kwargs: Any,
    ) -> None: ...
