"""Images between files, arrays and Pillow (extra ``[image]``)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_RESAMPLING = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def pillow(caller: str) -> Any:
    """The module ``PIL.Image``.

    Raises:
        ImportError: Pillow is not installed; the message names the caller.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"{caller}: expected Pillow, which is not installed. "
            "Install it with: pip install 'nacre[image]'"
        ) from error
    return Image


def channels_of(caller: str, color_mode: str) -> int:
    """The number of channels of a colour mode; ValueError for another name."""
    if color_mode not in _CHANNELS:
        raise ValueError(
            f"{caller}: expected `color_mode` 'grayscale', 'rgb' or 'rgba', received {color_mode!r}"
        )
    return _CHANNELS[color_mode]


def standard_data_format(caller: str, data_format: str | None) -> str:
    """The data format given, or the default one; ValueError for another name."""
    from nacre import config

    name = config.image_data_format() if data_format is None else str(data_format).lower()
    if name not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{caller}: expected `data_format` 'channels_last' or 'channels_first', "
            f"received {data_format!r}"
        )
    return name


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """Turns an array into a Pillow image.

    Args:
        x: Array or tensor of shape ``(height, width, channels)`` with 1, 3 or 4 channels.
        data_format: ``"channels_last"``, or ``"channels_first"`` for ``(channels, height, width)``.
            Defaults to ``config.image_data_format()``.
        scale: Whether the values are scaled so that the least is 0 and the largest 255. Defaults to
            ``True``. Without it, they are cut to whole numbers.
        dtype: The dtype to compute with. Defaults to ``config.floatx()``.

    Returns:
        A ``PIL.Image.Image`` of mode ``"L"``, ``"RGB"`` or ``"RGBA"``; of mode ``"I"`` for one
        channel with values above 255.

    Raises:
        ImportError: If Pillow is not installed.
        ValueError: If ``x`` is not one image.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> nacre.utils.array_to_img(np.random.rand(4, 6, 3)).size
    (6, 4)
    """
    from nacre import config

    data_format = standard_data_format("array_to_img", data_format)
    image_module = pillow("array_to_img")
    image = np.asarray(x, dtype=config.floatx() if dtype is None else dtype)
    if image.ndim != 3 or not image.size:
        raise ValueError(
            f"array_to_img: expected one image of rank 3, received an array of shape {image.shape}"
        )
    if data_format == "channels_first":
        image = image.transpose(1, 2, 0)
    channels = image.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(
            f"array_to_img: expected 1, 3 or 4 channels, received {channels} "
            f"(x: {np.shape(x)}, data_format='{data_format}')"
        )
    if scale:
        image = image - image.min()
        largest = image.max()
        image = image * 255 if not largest else image / largest * 255
    if channels == 1:
        plane = image[:, :, 0]
        return image_module.fromarray(plane.astype("int32" if plane.max() > 255 else "uint8"))
    return image_module.fromarray(np.ascontiguousarray(image.astype("uint8")))


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """Turns a Pillow image into an array.

    Args:
        img: The image.
        data_format: ``"channels_last"`` or ``"channels_first"``. Defaults to
            ``config.image_data_format()``.
        dtype: Of the array. Defaults to ``config.floatx()``.

    Returns:
        An array of shape ``(height, width, channels)``, or ``(channels, height, width)``.

    Raises:
        ValueError: If ``img`` is not of rank 2 or 3.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> image = nacre.utils.array_to_img(np.random.rand(4, 6, 1))
    >>> nacre.utils.img_to_array(image).shape
    (4, 6, 1)
    """
    from nacre import config

    data_format = standard_data_format("img_to_array", data_format)
    image = np.array(img, dtype=config.floatx() if dtype is None else dtype)
    if image.ndim == 2:
        return image[None] if data_format == "channels_first" else image[..., None]
    if image.ndim != 3:
        raise ValueError(
            f"img_to_array: expected an image of rank 2 or 3, received the shape {image.shape}"
        )
    return image.transpose(2, 0, 1) if data_format == "channels_first" else image


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array as an image file.

    Args:
        path: Path or file object.
        x: Array of shape ``(height, width, channels)``, as for `array_to_img`.
        data_format: ``"channels_last"`` or ``"channels_first"``. Defaults to
            ``config.image_data_format()``.
        file_format: Format of the file (``"png"``). Defaults to what the ending of ``path`` says; a
            file object needs it.
        scale: As for `array_to_img`.
        **kwargs: For ``PIL.Image.Image.save``.

    Raises:
        ImportError: If Pillow is not installed.
        ValueError: If ``x`` is not one image, or the format is not known.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> nacre.utils.save_img("noise.png", np.random.rand(4, 6, 3))
    >>> nacre.utils.load_img("noise.png").size
    (6, 4)
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = os.path.splitext(os.fspath(path))[1][1:]
    file_format = (file_format or "").lower()
    if not file_format:
        raise ValueError(
            "save_img: expected `file_format`, or a path with an ending such as '.png', "
            f"received {path!r}"
        )
    if file_format == "jpg":
        file_format = "jpeg"
    image = array_to_img(x, data_format=data_format, scale=scale)
    if image.mode == "RGBA" and file_format == "jpeg":
        import warnings

        warnings.warn("save_img: JPEG has no alpha channel; it is left out", stacklevel=2)
        image = image.convert("RGB")
    try:
        image.save(path, format=file_format, **kwargs)
    except KeyError as error:
        raise ValueError(
            f"save_img: expected a format that Pillow writes, received {file_format!r}"
        ) from error


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Reads an image file.

    Args:
        path: Path, or ``io.BytesIO``.
        color_mode: ``"grayscale"``, ``"rgb"`` or ``"rgba"``.
        target_size: ``(height, width)`` to resize to. Defaults to the size in the file.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos"``, ``"box"`` or
            ``"hamming"``.
        keep_aspect_ratio: Whether the largest central part with the aspect ratio of
            ``target_size`` is resized, not the whole.

    Returns:
        A ``PIL.Image.Image``.

    Raises:
        ImportError: If Pillow is not installed.
        OSError: If the file is not there or not an image.
        TypeError: If ``path`` is something else.
        ValueError: If another argument is wrong.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> nacre.utils.save_img("noise.png", np.random.rand(4, 6, 3))
    >>> nacre.utils.load_img("noise.png", "grayscale", target_size=(8, 8)).size
    (8, 8)
    """
    import io

    channels_of("load_img", color_mode)
    if interpolation not in _RESAMPLING:
        raise ValueError(
            f"load_img: expected `interpolation` one of {', '.join(_RESAMPLING)}, "
            f"received {interpolation!r}"
        )
    if target_size is not None and (len(target_size) != 2 or min(target_size) < 1):
        raise ValueError(
            f"load_img: expected `target_size` (height, width), received {target_size!r}"
        )
    image_module = pillow("load_img")
    if isinstance(path, io.BytesIO):
        file, name = path, "io.BytesIO"
    elif isinstance(path, (str, bytes, os.PathLike)):
        name = os.fsdecode(path)
        with open(path, "rb") as opened:
            file = io.BytesIO(opened.read())
    else:
        raise TypeError(f"load_img: expected a path or io.BytesIO, received {type(path).__name__}")
    import PIL

    try:
        image = image_module.open(file)
    except PIL.UnidentifiedImageError as error:
        raise PIL.UnidentifiedImageError(f"load_img: expected an image, received {name}") from error
    if color_mode == "grayscale":
        if image.mode not in ("L", "I;16", "I"):
            image = image.convert("L")
    else:
        image = image.convert(color_mode.upper())
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image
    method = getattr(image_module.Resampling, interpolation.upper())
    size = (target_size[1], target_size[0])
    if not keep_aspect_ratio:
        return image.resize(size, method)
    width, height = image.size
    crop_height = min(height, width * size[1] // size[0])
    crop_width = min(width, height * size[0] // size[1])
    top, left = (height - crop_height) // 2, (width - crop_width) // 2
    box = (left, top, left + crop_width, top + crop_height)
    return image.resize(size, method, box=box)


def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
) -> Any:
    """Resizes the largest central part of an image that has the aspect ratio of ``size``.

    Args:
        x: Array or tensor of shape ``(height, width, channels)``, or a batch of them.
        size: ``(height, width)`` of the result.
        interpolation: ``"bilinear"``, ``"nearest"``, ``"bicubic"``, ``"lanczos3"`` or
            ``"lanczos5"``.
        data_format: ``"channels_last"`` or ``"channels_first"``.

    Returns:
        The resized image or images: an array for an array, else a tensor.

    Raises:
        ValueError: If ``x`` is not of rank 3 or 4, or ``size`` not two positive numbers.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> nacre.preprocessing.image.smart_resize(np.ones((8, 20, 3)), (4, 4)).shape
    (4, 4, 3)
    """
    from nacre import ops

    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"smart_resize: expected `size` (height, width), received {size!r}")
    image = ops.convert_to_tensor(x)
    if image.ndim not in (3, 4):
        raise ValueError(
            f"smart_resize: expected an image or a batch of them, received the shape {image.shape}"
        )
    rows = -3 if standard_data_format("smart_resize", data_format) == "channels_last" else -2
    height, width = image.shape[rows], image.shape[rows + 1]
    crop_height = max(min(height, width * size[0] // size[1]), 1)
    crop_width = max(min(width, height * size[1] // size[0]), 1)
    top, left = (height - crop_height) // 2, (width - crop_width) // 2
    where = [slice(None)] * image.ndim
    where[rows] = slice(top, top + crop_height)
    where[rows + 1] = slice(left, left + crop_width)
    resized = ops.image.resize(
        image[tuple(where)], size, interpolation=interpolation, data_format=data_format
    )
    return ops.convert_to_numpy(resized) if isinstance(x, np.ndarray) else resized
