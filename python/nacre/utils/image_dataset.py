"""A dataset of the image files in a folder (Pillow, extra ``[image]``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nacre.utils.directory_files import FolderOptions, dataset_from_folder
from nacre.utils.images import (
    channels_of,
    img_to_array,
    load_img,
    pillow,
    standard_data_format,
)

_CALLER = "image_dataset_from_directory"
_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Makes a dataset of the image files in a folder.

    With ``labels="inferred"`` each folder in it is a class. Files are read when their batch is
    asked for. Keras returns a dataset of TensorFlow or Grain; here it is a `PyDataset` with the
    same batches, which has the attributes ``class_names`` and ``file_paths``. Images are resized by
    `ops.image.resize`.

    Args:
        directory: The folder.
        labels: ``"inferred"``, ``None`` for none, or a list of an integer for each file, in the
            order of the sorted paths.
        label_mode: ``"int"`` for ids, ``"categorical"`` for one-hot rows, ``"binary"`` for 0 and 1,
            ``None`` for none.
        class_names: The folders to take as classes, in this order. Defaults to all, sorted.
        color_mode: ``"grayscale"``, ``"rgb"`` or ``"rgba"``.
        batch_size: Images in a batch; ``None`` for single images. Defaults to ``32``.
        image_size: ``(height, width)`` that images are resized to, or one number for both.
        shuffle: Whether the files are shuffled, and again after each epoch; else they are sorted.
        seed: Seed of the shuffle.
        validation_split: Fraction of the files that is held back for validation.
        subset: ``"training"``, ``"validation"``, or ``"both"`` for a list of the two.
        interpolation: ``"bilinear"``, ``"nearest"``, ``"bicubic"``, ``"lanczos3"`` or
            ``"lanczos5"``.
        follow_links: Whether links to folders are followed.
        crop_to_aspect_ratio: Whether images are cut to the aspect ratio of ``image_size`` first.
        pad_to_aspect_ratio: Whether they are padded with zeros to it first.
        data_format: ``"channels_last"`` or ``"channels_first"``. Defaults to
            ``config.image_data_format()``.
        format: Kept for Keras's signature.
        verbose: Whether a line says what was found.

    Returns:
        A `PyDataset` of ``x``, or of ``(x, y)``: ``x`` is a float32 array of shape
        ``(batch_size, height, width, channels)`` with values from 0 to 255, ``y`` int32 of shape
        ``(batch_size,)``, or float32 of shape ``(batch_size, 1)`` for ``"binary"`` and
        ``(batch_size, classes)`` for ``"categorical"``.

    Raises:
        ImportError: If Pillow is not installed.
        FileNotFoundError: If the folder is not there.
        ValueError: If an argument is wrong or there are no images.

    Example:

    >>> import nacre, os
    >>> import numpy as np
    >>> for kind in ("cats", "dogs"):
    ...     os.makedirs(f"pets/{kind}")
    ...     nacre.utils.save_img(f"pets/{kind}/1.png", np.random.rand(8, 8, 3))
    >>> pets = nacre.utils.image_dataset_from_directory("pets", image_size=(4, 4))
    Found 2 files belonging to 2 classes.
    >>> images, labels = pets[0]
    >>> images.shape, sorted(labels.tolist()), pets.class_names
    ((2, 4, 4, 3), [0, 1], ['cats', 'dogs'])
    """
    channels_of(_CALLER, color_mode)
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in size):
        raise ValueError(
            f"{_CALLER}: expected `image_size` (height, width), received {image_size!r}"
        )
    method = str(interpolation).lower()
    if method not in _INTERPOLATIONS:
        raise ValueError(
            f"{_CALLER}: expected `interpolation` one of {', '.join(_INTERPOLATIONS)}, "
            f"received {interpolation!r}"
        )
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            f"{_CALLER}: expected one of `crop_to_aspect_ratio` and `pad_to_aspect_ratio`, "
            "received both"
        )
    data_format = standard_data_format(_CALLER, data_format)
    pillow(_CALLER)

    def load(paths: Sequence[str]) -> np.ndarray:
        from nacre import ops

        images = []
        for path in paths:
            image = img_to_array(load_img(path, color_mode), data_format, "float32")
            resized = ops.image.resize(
                image,
                size,
                interpolation=method,
                crop_to_aspect_ratio=crop_to_aspect_ratio,
                pad_to_aspect_ratio=pad_to_aspect_ratio,
                data_format=data_format,
            )
            images.append(resized.numpy())
        return np.stack(images)

    options = FolderOptions(
        directory=directory,
        labels=labels,
        label_mode=label_mode,
        class_names=class_names,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        follow_links=follow_links,
        format=format,
        verbose=verbose,
    )
    return dataset_from_folder(_CALLER, options, _ENDINGS, load)
