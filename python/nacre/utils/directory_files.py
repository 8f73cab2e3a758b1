"""The files of a folder with their classes, for datasets made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from nacre.utils.console import print_msg
from nacre.utils.sample_dataset import SampleDataset, check_batch_size, check_format, random_seed

_LABEL_MODES = ("int", "categorical", "binary", None)
_SUBSETS = ("training", "validation", "both", None)


class FolderOptions(NamedTuple):
    """The arguments that datasets of images and of texts have in common."""

    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    format: str
    verbose: bool


class _Files(NamedTuple):
    paths: list[str]
    labels: np.ndarray | None


def dataset_from_folder(
    caller: str,
    options: FolderOptions,
    endings: tuple[str, ...],
    load: Callable[[Sequence[str]], np.ndarray],
) -> Any:
    """A dataset of the files of a folder, or for ``subset="both"`` a list of two.

    Args:
        caller: Name of the public function, for messages.
        options: Its arguments.
        endings: Endings of the files to take, in small letters.
        load: From paths to the array of a batch.

    Raises:
        ValueError: If an argument is wrong or there are no files.
        FileNotFoundError: If the folder is not there.
    """
    _check(caller, options)
    with_labels = options.labels is not None and options.label_mode is not None
    if not with_labels:
        options = options._replace(labels=None, label_mode=None)
    seed = random_seed() if options.seed is None else options.seed
    files, class_names = _list_files(caller, options, endings)
    if options.label_mode == "binary" and len(class_names or ()) != 2:
        raise ValueError(
            f"{caller}: expected two classes for label_mode='binary', received {class_names}"
        )
    if options.shuffle:
        order = np.arange(len(files.paths))
        np.random.RandomState(seed).shuffle(order)  # a frozen stream: Keras's order exactly
        files = _part(files, order)
    parts = []
    for subset in ("training", "validation") if options.subset == "both" else (options.subset,):
        chosen = _subset(files, options.validation_split, subset)
        if not chosen.paths:
            raise ValueError(
                f"{caller}: expected files ({', '.join(endings)}) in {options.directory}"
                + (f" for the {subset} part" if subset else "")
                + f", found {len(files.paths)} in all"
            )
        # Keras shuffles what fit() trains on, and leaves the validation part of a pair in order.
        again = options.shuffle and not (options.subset == "both" and subset == "validation")
        encode = _label_encoder(caller, options.label_mode, chosen.labels, len(class_names or ()))
        dataset = SampleDataset(
            _batch_maker(chosen.paths, load, encode),
            np.arange(len(chosen.paths)),
            options.batch_size,
            seed if again else None,
        )
        dataset.class_names, dataset.file_paths = class_names, chosen.paths
        parts.append(dataset)
    return parts if options.subset == "both" else parts[0]


def _check(caller: str, options: FolderOptions) -> None:
    labels, split, subset = options.labels, options.validation_split, options.subset
    if labels is not None and not (isinstance(labels, str) and labels == "inferred"):
        if not isinstance(labels, (list, tuple, np.ndarray)):
            raise ValueError(
                f"{caller}: expected `labels` 'inferred', None, or a list of a label for each "
                f"file, received {labels!r}"
            )
        if options.class_names:
            raise ValueError(f"{caller}: expected `class_names` with labels='inferred' only")
    if labels is None and options.class_names:
        raise ValueError(f"{caller}: expected no `class_names` with labels=None")
    if options.label_mode not in _LABEL_MODES:
        raise ValueError(
            f"{caller}: expected `label_mode` 'int', 'categorical', 'binary' or None, "
            f"received {options.label_mode!r}"
        )
    check_batch_size(caller, options.batch_size)
    check_format(caller, options.format)
    if subset not in _SUBSETS:
        raise ValueError(
            f"{caller}: expected `subset` 'training', 'validation', 'both' or None, "
            f"received {subset!r}"
        )
    if split and not 0 < split < 1:
        raise ValueError(
            f"{caller}: expected `validation_split` between 0 and 1, received {split!r}"
        )
    if bool(split) != bool(subset):
        raise ValueError(
            f"{caller}: expected `validation_split` and `subset` together, received "
            f"validation_split={split!r} and subset={subset!r}"
        )
    if split and options.shuffle and options.seed is None:
        raise ValueError(
            f"{caller}: expected a `seed` with `validation_split` and shuffle=True, so that both "
            "parts are cut from one order"
        )


def _list_files(
    caller: str, options: FolderOptions, endings: tuple[str, ...]
) -> tuple[_Files, list[str] | None]:
    folder, labels = os.fspath(options.directory), options.labels
    inferred = isinstance(labels, str)
    names = sorted(
        name
        for name in os.listdir(folder)
        if not name.startswith(".") and os.path.isdir(os.path.join(folder, name))
    )
    if inferred and options.class_names is not None:
        unknown = sorted(set(options.class_names) - set(names))
        if unknown:
            raise ValueError(
                f"{caller}: expected `class_names` among the folders {names}, "
                f"received {', '.join(unknown)}"
            )
        names = list(options.class_names)
    paths: list[str] = []
    counts = []
    for name in names if inferred else [""]:
        found = _walk(os.path.join(folder, name), options.follow_links, endings)
        counts.append(len(found))
        paths += found
    class_names: list[str] | None
    if labels is None:
        class_names, given = None, None
    elif inferred:
        class_names, given = names, np.repeat(np.arange(len(names), dtype="int32"), counts)
    else:
        if len(labels) != len(paths):
            raise ValueError(
                f"{caller}: expected a label for each of the {len(paths)} files in {folder}, "
                f"received {len(labels)}"
            )
        given = np.asarray(labels)
        if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
            raise ValueError(
                f"{caller}: expected integer `labels`, received {given.dtype} (shape {given.shape})"
            )
        class_names = [str(label) for label in sorted(set(given.tolist()))]
        given = given.astype("int32")
    if options.verbose:
        kinds = "" if class_names is None else f" belonging to {len(class_names)} classes"
        print_msg(f"Found {len(paths)} files{kinds}.")
    return _Files(paths, given), class_names


def _walk(folder: str, follow_links: bool, endings: tuple[str, ...]) -> list[str]:
    found = []
    for root, _, names in sorted(os.walk(folder, followlinks=follow_links), key=lambda at: at[0]):
        found += [os.path.join(root, n) for n in sorted(names) if n.lower().endswith(endings)]
    return found


def _part(files: _Files, rows: Any) -> _Files:
    paths = np.asarray(files.paths, dtype=object)[rows].tolist()
    return _Files(paths, None if files.labels is None else files.labels[rows])


def _subset(files: _Files, split: float | None, subset: str | None) -> _Files:
    if not split:
        return files
    held_back = int(split * len(files.paths))
    cut = len(files.paths) - held_back
    if subset == "training":
        print_msg(f"Using {cut} files for training.")
        return _part(files, slice(cut))
    print_msg(f"Using {held_back} files for validation.")
    return _part(files, slice(cut, None))


def _label_encoder(
    caller: str, mode: str | None, labels: np.ndarray | None, classes: int
) -> Callable[[np.ndarray], np.ndarray] | None:
    if labels is None:
        return None
    if mode == "int":
        return lambda rows: labels[rows]
    if mode == "binary":
        column = labels.astype("float32")[:, None]
        return lambda rows: column[rows]
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"{caller}: expected `labels` from 0 to {classes - 1} for label_mode='categorical', "
            f"received {labels.min()} to {labels.max()}"
        )
    return lambda rows: np.eye(classes, dtype="float32")[labels[rows]]


def _batch_maker(
    paths: list[str],
    load: Callable[[Sequence[str]], np.ndarray],
    encode: Callable[[np.ndarray], np.ndarray] | None,
) -> Callable[[np.ndarray], Any]:
    def make_batch(rows: np.ndarray) -> Any:
        x = load([paths[i] for i in rows])
        return x if encode is None else (x, encode(rows))

    return make_batch
