"""Layers that erase parts of images, or mix images of a batch, in training."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.augmentation import ImageLayer


@native
class RandomErasing(ImageLayer):
    """Fills a rectangle of each image.

    Args:
        factor: Largest probability, or the smallest and the largest.
        scale: Smallest and largest share of the image's area, or the largest.
        fill_value: A number, or three; default: noise.
        value_range: Smallest and largest value of a pixel.
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
        >>> layer = nacre.layers.RandomErasing(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class MixUp(ImageLayer):
    """Mixes each image, and its label, with another of the batch (Zhang et al. 2018).

    Args:
        alpha: Both parameters of the beta distribution of the weights.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        seed: Seed of the random numbers; default: drawn.

    Input shape:
        ``(batch, height, width, channels)`` or ``(height, width, channels)``, or channels first; or
        a dict of "images", "labels" and "segmentation_masks".

    Output shape:
        The input's.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.MixUp(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class CutMix(ImageLayer):
    """Puts a rectangle of another image into each one (Yun et al. 2019); labels are mixed.

    Args:
        factor: Largest parameter of the beta distribution of the areas, or the smallest and the
            largest.
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
        >>> layer = nacre.layers.CutMix(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...
