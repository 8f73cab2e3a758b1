"""Policies: layers on images that choose among others at random."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.augmentation import ImageLayer


@native
class RandAugment(ImageLayer):
    """Changes images by a few layers in a row, drawn anew for each batch (Cubuk et al. 2019).

    Drawn are ``RandomShear``, ``RandomTranslation``, ``RandomRotation``, ``RandomPosterization``,
    ``Solarization``, ``AutoContrast``, ``Equalization``, ``RandomBrightness``,
    ``RandomColorDegeneration``, ``RandomContrast`` and ``RandomSharpness``.

    A recorded step, as of a model in ``fit``, runs all of them and keeps what was drawn: calls by
    themselves are faster.

    Args:
        value_range: Smallest and largest value of a pixel.
        num_ops: Number of layers in a row.
        factor: Largest strength of each layer, 0 to 1, or the smallest and the largest.
        interpolation: "nearest" or "bilinear".
        seed: Seed of the random numbers; default: drawn.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, height, width, channels)`` or ``(height, width, channels)``, or channels first; or
        a dict of "images", "labels" and "segmentation_masks".

    Output shape:
        The input's.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.RandAugment(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class AugMix(ImageLayer):
    """Mixes images with what chains of random layers make of them (Hendrycks et al. 2019).

    The layers are those of ``RandAugment``, drawn anew for each batch. A recorded step, as of a
    model in ``fit``, runs all of them and keeps what was drawn: calls by themselves are faster.

    Args:
        value_range: Smallest and largest value of a pixel.
        num_chains: Number of chains.
        chain_depth: Largest number of layers in a chain: each may be left out.
        factor: Largest strength of each layer, 0 to 1, or the smallest and the largest.
        alpha: Parameter of the Dirichlet distribution of the chains' weights, and both of the beta
            distribution of the weight of the images.
        all_ops: Whether layers that change brightness, colours, contrast and sharpness are drawn.
        interpolation: "nearest" or "bilinear".
        seed: Seed of the random numbers; default: drawn.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, height, width, channels)`` or ``(height, width, channels)``, or channels first; or
        a dict of "images", "labels" and "segmentation_masks".

    Output shape:
        The input's.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.AugMix(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...
