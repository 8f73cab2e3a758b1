"""Layers on images: resizing, cropping, and random changes in training.

The random ones act where ``training`` is true: in ``fit``, and when they are called by themselves
without ``training=False``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import in_training_call, is_placeholder, native
from nacre._structure import is_tensor_like
from nacre.layers.arguments import BASE_ARGUMENTS
from nacre.layers.layer import Layer

_KEYS = ("images", "labels", "segmentation_masks")


class DataLayer(Layer):
    """Takes arrays, or dicts of images, labels and masks; acts unless it is told not to train."""

    def __call__(self, data: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Changes images, or the images, labels and segmentation masks of a dict."""
        if training is None and not is_placeholder(data) and in_training_call() is None:
            training = True  # called by itself
        if not isinstance(data, dict):
            x = data if is_tensor_like(data) else np.asarray(data)
            return super().__call__(x, training=training, **kwargs)
        unknown = [key for key in data if key not in _KEYS]
        if unknown or "images" not in data:
            raise ValueError(
                f"{type(self).__name__} '{self.name}': expected a dict with 'images', and with "
                f"'labels' and 'segmentation_masks' or without, received {sorted(data)}"
            )
        keys = [key for key in _KEYS if key in data]
        values = [v if is_tensor_like(v) else np.asarray(v) for v in (data[k] for k in keys)]
        return {**data, **dict(zip(keys, self._core.call(values, training), strict=True))}


class ImageLayer(DataLayer):
    """What layers on images share."""

    _base_arguments = (*BASE_ARGUMENTS, "data_format", "bounding_box_format")

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        if arguments.pop("bounding_box_format", None) is not None:
            raise ValueError(f"{cls.__name__}: bounding boxes are not supported")
        super()._init_native(cls, arguments)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = super().get_config()
        config.setdefault("data_format", self._core.get_field("data_format"))
        return config


@native
class Resizing(ImageLayer):
    """Images of another height and width.

    Args:
        height: Height of the result.
        width: Width of the result.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: Whether images are cropped first, so that they are not distorted.
        pad_to_aspect_ratio: Whether they are padded instead.
        fill_mode: "constant": what padding is filled with.
        fill_value: The constant.
        antialias: Whether the filter is widened where images get smaller.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, height, width, channels)`` or ``(height, width, channels)``, or channels first; or
        a dict of "images", "labels" and "segmentation_masks".

    Output shape:
        The input's, with the new height and width.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.Resizing(4, 6)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 4, 6, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class CenterCrop(ImageLayer):
    """The middle of images; smaller images are enlarged first.

    Args:
        height: Height of the result.
        width: Width of the result.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, height, width, channels)`` or ``(height, width, channels)``, or channels first; or
        a dict of "images", "labels" and "segmentation_masks".

    Output shape:
        The input's, with the new height and width.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.CenterCrop(4, 6)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 4, 6, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomFlip(ImageLayer):
    """Flips each image, or not, with the same probability.

    Args:
        mode: "horizontal", "vertical" or "horizontal_and_vertical".
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
        >>> layer = nacre.layers.RandomFlip("horizontal", seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomRotation(ImageLayer):
    """Turns each image about its center.

    Args:
        factor: Largest turn as a share of a full one, or the smallest and the largest.
        fill_mode: What comes from outside: "constant" (``fill_value``), "nearest", "wrap", "mirror"
            or "reflect".
        interpolation: "nearest" or "bilinear".
        seed: Seed of the random numbers; default: drawn.
        fill_value: The constant.
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
        >>> layer = nacre.layers.RandomRotation(0.1, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomZoom(ImageLayer):
    """Zooms each image about its center.

    Args:
        height_factor: Largest share by which heights zoom out (in, if negative), or the smallest
            and the largest.
        width_factor: The same for widths; default: as heights, so that nothing is distorted.
        fill_mode: What comes from outside: "constant" (``fill_value``), "nearest", "wrap", "mirror"
            or "reflect".
        interpolation: "nearest" or "bilinear".
        seed: Seed of the random numbers; default: drawn.
        fill_value: The constant.
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
        >>> layer = nacre.layers.RandomZoom(0.2, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomTranslation(ImageLayer):
    """Moves each image.

    Args:
        height_factor: Largest way down or up as a share of the height, or the smallest and the
            largest.
        width_factor: The same to the right or left.
        fill_mode: What comes from outside: "constant" (``fill_value``), "nearest", "wrap", "mirror"
            or "reflect".
        interpolation: "nearest" or "bilinear".
        seed: Seed of the random numbers; default: drawn.
        fill_value: The constant.
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
        >>> layer = nacre.layers.RandomTranslation(0.2, 0.2, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomShear(ImageLayer):
    """Shears each image.

    Args:
        x_factor: Largest slope of columns, or the smallest and the largest.
        y_factor: Largest slope of rows, likewise.
        interpolation: "nearest" or "bilinear".
        fill_mode: What comes from outside: "constant" (``fill_value``), "nearest", "wrap", "mirror"
            or "reflect".
        fill_value: The constant.
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
        >>> layer = nacre.layers.RandomShear(0.2, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomCrop(ImageLayer):
    """A window of the images at a random place, the same for a batch.

    Outside training, and where images are smaller, the largest part in the middle with the aspect
    ratio of the result is resized.

    Args:
        height: Height of the result.
        width: Width of the result.
        seed: Seed of the random numbers; default: drawn.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.
        name: Name of the layer.

    Input shape:
        ``(batch, height, width, channels)`` or ``(height, width, channels)``, or channels first; or
        a dict of "images", "labels" and "segmentation_masks".

    Output shape:
        The input's, with the new height and width.

    Raises:
        ValueError: An argument or the input's rank does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.RandomCrop(4, 6, seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 4, 6, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomPerspective(ImageLayer):
    """Shows some images at a slant.

    Args:
        factor: Largest probability, or the smallest and the largest.
        scale: How far corners move at most: twice the share of the side, 0 to 1.
        interpolation: "nearest" or "bilinear".
        fill_value: What is outside the image.
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
        >>> layer = nacre.layers.RandomPerspective(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class RandomElasticTransform(ImageLayer):
    """Moves the pixels of some images at random, neighbours alike (Simard et al. 2003).

    Args:
        factor: Largest probability, or the smallest and the largest.
        scale: Largest strength, 0 to 1, or the smallest and the largest; one is drawn for a batch.
            At 1 pixels move by a tenth of the longer side before the blur that makes neighbours
            move alike, whose standard deviation is a twentieth of the shorter side.
        interpolation: "nearest" or "bilinear".
        fill_mode: What comes from outside: "constant" (``fill_value``), "nearest", "wrap", "mirror"
            or "reflect".
        fill_value: The constant.
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
        >>> layer = nacre.layers.RandomElasticTransform(seed=1)
        >>> layer(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...
