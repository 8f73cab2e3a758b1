"""Layers that change colours and sharpness in training."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.augmentation import ImageLayer


@native
class RandomContrast(ImageLayer):
    """Changes the contrast of each image about its mean.

    Args:
        factor: Largest gain of contrast; or the largest loss and the largest gain.
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
        >>> layer = nacre.layers.RandomContrast(0.2, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomBrightness(ImageLayer):
    """Adds a number to each image.

    Args:
        factor: Largest change as a share of ``value_range``, or the smallest and the largest.
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
        >>> layer = nacre.layers.RandomBrightness(0.2, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomGrayscale(ImageLayer):
    """Takes the colours out of some images.

    Args:
        factor: Probability.
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
        >>> layer = nacre.layers.RandomGrayscale(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomInvert(ImageLayer):
    """Turns some images into their negatives.

    Args:
        factor: Largest probability, or the smallest and the largest.
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
        >>> layer = nacre.layers.RandomInvert(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomSaturation(ImageLayer):
    """Changes the saturation of each image.

    Args:
        factor: Smallest and largest factor, where 0 takes the colours out, 0.5 changes nothing and
            1 makes them full; or the largest.
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
        >>> layer = nacre.layers.RandomSaturation((0.4, 0.6), seed=1)
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


@native
class RandomHue(ImageLayer):
    """Turns the hue of each image.

    Args:
        factor: Largest turn either way, where 1 is half a circle, or the smallest and the largest.
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
        >>> layer = nacre.layers.RandomHue(0.2, seed=1)
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


@native
class RandomColorDegeneration(ImageLayer):
    """Takes a share of the colours out of each image.

    Args:
        factor: Largest share, or the smallest and the largest.
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
        >>> layer = nacre.layers.RandomColorDegeneration(0.5, seed=1)
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


@native
class RandomSharpness(ImageLayer):
    """Sharpens or blurs each image.

    Args:
        factor: Smallest and largest factor, where 0 blurs, 0.5 changes nothing and 1 sharpens; or
            the largest.
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
        >>> layer = nacre.layers.RandomSharpness((0.3, 0.7), seed=1)
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


@native
class RandomGaussianBlur(ImageLayer):
    """Blurs some images by a normal bell.

    Args:
        factor: Largest probability, or the smallest and the largest.
        kernel_size: Width and height of the bell, odd numbers of pixels.
        sigma: Largest standard deviation, or the smallest and the largest.
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
        >>> layer = nacre.layers.RandomGaussianBlur(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomColorJitter(ImageLayer):
    """Changes brightness, contrast, saturation and hue of each image in turn.

    Args:
        value_range: Smallest and largest value of a pixel.
        brightness_factor: As that of ``RandomBrightness``; default: left alone.
        contrast_factor: As that of ``RandomContrast``; default: left alone.
        saturation_factor: As that of ``RandomSaturation``; default: left alone.
        hue_factor: As that of ``RandomHue``; default: left alone.
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
        >>> layer = nacre.layers.RandomColorJitter(brightness_factor=0.2, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...
