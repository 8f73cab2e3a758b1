"""A dataset of the text files in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nacre.utils.directory_files import FolderOptions, dataset_from_folder

_CALLER = "text_dataset_from_directory"


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Makes a dataset of the ``.txt`` files (UTF-8) in a folder.

    With ``labels="inferred"`` each folder in it is a class. Files are read when their batch is
    asked for. Keras returns a dataset of TensorFlow or Grain; here it is a `PyDataset` with the
    same batches, which has the attributes ``class_names`` and ``file_paths``.

    Args:
        directory: The folder.
        labels: ``"inferred"``, ``None`` for none, or a list of an integer for each file, in the
            order of the sorted paths.
        label_mode: ``"int"`` for ids, ``"categorical"`` for one-hot rows, ``"binary"`` for 0 and 1,
            ``None`` for none.
        class_names: The folders to take as classes, in this order. Defaults to all, sorted.
        batch_size: Texts in a batch; ``None`` for single texts. Defaults to ``32``.
        max_length: Characters that are kept of a text. Defaults to all.
        shuffle: Whether the files are shuffled, and again after each epoch; else they are sorted.
        seed: Seed of the shuffle.
        validation_split: Fraction of the files that is held back for validation.
        subset: ``"training"``, ``"validation"``, or ``"both"`` for a list of the two.
        follow_links: Whether links to folders are followed.
        format: Kept for Keras's signature.
        verbose: Whether a line says what was found.

    Returns:
        A `PyDataset` of ``x``, or of ``(x, y)``: ``x`` is an array of ``str`` (dtype ``object``) of
        shape ``(batch_size,)``, as `TextVectorization` takes it, ``y`` as for
        `image_dataset_from_directory`.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If an argument is wrong, there are no texts, or one is not UTF-8.

    Example:

    >>> import nacre, os
    >>> for kind in ("praise", "blame"):
    ...     os.makedirs(f"reviews/{kind}")
    ...     _ = open(f"reviews/{kind}/1.txt", "w").write(f"some {kind}")
    >>> texts = nacre.utils.text_dataset_from_directory("reviews", shuffle=False)
    Found 2 files belonging to 2 classes.
    >>> texts[0]
    (array(['some blame', 'some praise'], dtype=object), array([0, 1], dtype=int32))
    """
    whole = isinstance(max_length, (int, np.integer)) and not isinstance(max_length, bool)
    if max_length is not None and (not whole or max_length < 0):
        raise ValueError(f"{_CALLER}: expected `max_length` of at least 0, received {max_length!r}")

    def load(paths: Sequence[str]) -> np.ndarray:
        texts = np.empty(len(paths), dtype=object)
        for i, path in enumerate(paths):
            texts[i] = _read_text(path)[:max_length]
        return texts

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
    return dataset_from_folder(_CALLER, options, (".txt",), load)


def _read_text(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{_CALLER}: expected UTF-8 in {path}, received '{error}'") from error
