"""Layers that change the tones of images."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.augmentation import ImageLayer


@native
class AutoContrast(ImageLayer):
    """Stretches the tones of each channel over the whole range; also outside training.

    A channel of one tone stays as it is.

    Args:
        value_range: Smallest and largest value of a pixel.

    Input shape:
        ``(batch, height, width, channels)`` or ``(height, width, channels)``, or channels first; or
        a dict of "images", "labels" and "segmentation_masks".

    Output shape:
        The input's.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.AutoContrast()
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        **kwargs: Any,
    ) -> None: ...


@native
class Equalization(ImageLayer):
    """Moves tones so that all are as frequent as possible.

    What is counted is a channel of the whole batch, as in Keras.

    Args:
        value_range: Smallest and largest value of a pixel.
        bins: Number of tones that are told apart.
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
        >>> layer = nacre.layers.Equalization()
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        bins: int = 256,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class ContrastLimitedAdaptiveHistogramEqualization(ImageLayer):
    """Evens out the tones of parts of each image (CLAHE, Zuiderveld 1994); also outside training.

    Each tile has a map from tones to tones; between the middles of tiles the maps are interpolated.

    Args:
        value_range: Smallest and largest value of a pixel.
        clip_limit: How often a tone counts at most, as a multiple of the mean over the 256 tones of
            a tile; what is cut is spread over all tones. Without a limit if it is not positive.
        tile_grid_size: Numbers of tiles along the height and the width.
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
        >>> layer = nacre.layers.ContrastLimitedAdaptiveHistogramEqualization()
        >>> layer(nacre.ops.ones((2, 16, 16, 3))).shape
        (2, 16, 16, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class Solarization(ImageLayer):
    """Turns the tones above a threshold into their negatives.

    Args:
        addition_factor: Largest share of 255 that is added first, or the smallest and the largest.
        threshold_factor: Largest threshold as a share of 255, or the smallest and the largest.
        value_range: Smallest and largest value of a pixel.
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
        >>> layer = nacre.layers.Solarization(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomPosterization(ImageLayer):
    """Keeps a few of the 8 bits of each tone.

    Args:
        factor: Bits that stay, from 1 up to this number, or between two; the larger is not drawn.
        value_range: Smallest and largest value of a pixel.
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
        >>> layer = nacre.layers.RandomPosterization(4, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...
