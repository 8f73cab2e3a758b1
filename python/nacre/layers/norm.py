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
        renorm: Whether training too corrects the batch's statistics by moving averages.
        renorm_clipping: Limits of that correction: a dict of ``"rmin"``, ``"rmax"``, ``"dmax"``.
        renorm_momentum: Weight of those averages' old values at each update.
        synchronized: Without effect: there is one device.

    Input shape:
        Any with a known size along ``axis``.

    Output shape:
        That of the input.

    Raises:
        ValueError: The size along ``axis`` is unknown or has changed.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167; Ioffe 2017, arXiv:1702.03275.

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
class GroupNormalization(Layer):
    """Brings each group of channels of a sample to mean 0 and variance 1, then scales and shifts.

    Args:
        groups: Number of groups, which divides the channels; -1: one a channel (instance
            normalization).
        axis: Axis of the channels.
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
        Any with a known size along ``axis``.

    Output shape:
        That of the input.

    Raises:
        ValueError: The channels are unknown, or no multiple of ``groups``.

    Source: Wu and He 2018, arXiv:1803.08494.

    Example:
        >>> import nacre
        >>> nacre.layers.GroupNormalization(2)(nacre.ops.ones((2, 3, 4))).shape
        (2, 3, 4)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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


@native
class SpectralNormalization(Layer):
    """A layer whose kernel is divided by its largest singular value in training.

    That value is followed by power iteration: each training call improves the estimate.

    Args:
        layer: Layer with a ``kernel`` or ``embeddings``.
        power_iterations: Steps of the iteration a call.

    Input shape:
        That of the layer.

    Output shape:
        That of the layer.

    Raises:
        ValueError: ``power_iterations`` is not positive, or the layer has no kernel.

    Source: Miyato et al. 2018, arXiv:1802.05957.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.SpectralNormalization(nacre.layers.Dense(4))
        >>> layer(nacre.ops.ones((2, 3)), training=True).shape
        (2, 4)
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None: ...

    def _saved_children(self) -> dict[str, Any]:
        return {"layer": self.layer}
