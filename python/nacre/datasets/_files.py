"""Finding, downloading and reading the files of a data set."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nacre.utils.download import Checksum, cache_home, download

if TYPE_CHECKING:
    from numpy.typing import NDArray

Split = tuple["NDArray[np.generic]", "NDArray[np.generic]"]

# Of MNIST and the sets made in its image: train images and labels, test images and labels.
IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


class Source(NamedTuple):
    """A file on the web: where it is, its size in bytes, and its SHA-256 or MD5."""

    url: str
    size: int
    digest: str

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[1]


def cache_folder() -> str:
    """The folder that downloads are kept in: ``$NACRE_HOME/datasets`` or ``~/.nacre/datasets``."""
    return os.path.join(cache_home(), "datasets")


def data_folders() -> list[str]:
    """Where data sets are looked for, in order: ``NACRE_DATA``, our cache, Keras's cache."""
    folders = []
    if os.environ.get("NACRE_DATA"):
        folders.append(os.path.expanduser(os.environ["NACRE_DATA"]))
    folders.append(cache_folder())
    keras_home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    folders.append(os.path.join(os.path.expanduser(keras_home), "datasets"))
    return folders


def find(names: Iterable[str], folders: Sequence[str] | None = None) -> str | None:
    """The first of the given relative paths that exists in one of the folders."""
    names = list(names)
    for folder in data_folders() if folders is None else folders:
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return path
    return None


def fetch(dataset: str, source: Source, subfolder: str = "") -> str:
    """Downloads a file into the cache and returns its path.

    The file appears under its name only when it is complete and its checksum
    right.

    Raises:
        OSError: If it cannot be downloaded or is not the expected file; the
            message says what to do.
    """
    folder = os.path.join(cache_folder(), subfolder)
    path = os.path.join(folder, source.name)
    try:
        os.makedirs(folder, exist_ok=True)
        checksum = Checksum("md5" if len(source.digest) == 32 else "sha256", source.digest)
        download(source.url, path, size=source.size, checksum=checksum)
    except OSError as error:
        raise OSError(
            f"{dataset}: expected {source.name} in one of {', '.join(data_folders())} or from "
            f"{source.url}, received '{error}'. Set the environment variable NACRE_DATA to the "
            f"folder that holds the data, or put the file at {path}."
        ) from error
    return path


def read_bytes(path: str, limit: int) -> bytes:
    """Reads a file, unpacked if its name ends in ``.gz``, of at most ``limit`` bytes.

    Raises:
        ValueError: If it is damaged or longer.
    """
    import gzip
    import zlib

    try:
        with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as file:
            data = file.read(limit + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole gzip file, received '{error}'") from error
    if len(data) > limit:
        raise ValueError(f"{path}: expected at most {limit} bytes, received more")
    return data


def read_idx(path: str, rank: int, limit: int = 1 << 28) -> NDArray[np.uint8]:
    """Reads an idx file of unsigned bytes (the format of MNIST).

    Its header is a big-endian int32 of 0x0800 plus the rank, then one int32 for
    each dimension.
    """
    data = read_bytes(path, limit)
    header = 4 + 4 * rank
    if len(data) < header or int.from_bytes(data[:4], "big") != 0x0800 + rank:
        raise ValueError(f"{path}: expected an idx file of bytes with {rank} dimensions")
    shape = [int.from_bytes(data[4 * i + 4 : 4 * i + 8], "big") for i in range(rank)]
    expected = header + math.prod(shape)
    if len(data) != expected:
        raise ValueError(
            f"{path}: expected {expected} bytes for the shape {tuple(shape)}, received {len(data)}"
        )
    # A copy: what frombuffer gives is read-only.
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape).copy()


def read_npz(path: str, names: Sequence[str]) -> list[NDArray[np.generic]]:
    """Reads the named arrays of an npz file; never runs what may be in it."""
    from zipfile import BadZipFile

    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in names]
    except (BadZipFile, KeyError, EOFError, ValueError) as error:
        raise ValueError(
            f"{path}: expected an npz file with {', '.join(names)}, received '{error}'"
        ) from error


def read_word_index(path: str, limit: int = 1 << 26) -> dict[str, int]:
    """Reads a JSON file of words with their ids."""
    import json

    try:
        words = json.loads(read_bytes(path, limit))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: expected JSON, received '{error}'") from error
    if not isinstance(words, dict) or not all(type(i) is int for i in words.values()):
        raise ValueError(f"{path}: expected words with integer ids")
    return words


def shuffled_rows(count: int, random: np.random.RandomState) -> NDArray[np.intp]:
    """The rows of a set in an order drawn from a stream that never changes: Keras's exactly."""
    order = np.arange(count)
    random.shuffle(order)
    return order


def check_images(
    path: str, x: NDArray[np.generic], y: NDArray[np.generic], shape: tuple[int, ...], classes: int
) -> None:
    """Raises ValueError unless ``x`` are uint8 images of a shape and ``y`` their class ids."""
    if x.dtype != np.uint8 or x.shape[1:] != shape or x.ndim != len(shape) + 1:
        raise ValueError(
            f"{path}: expected uint8 images of shape (n, {', '.join(map(str, shape))}), "
            f"received {x.dtype} of shape {x.shape}"
        )
    if y.dtype != np.uint8 or len(y) != len(x):
        raise ValueError(
            f"{path}: expected {len(x)} uint8 labels, received {y.dtype} of shape {y.shape}"
        )
    if y.size and int(y.max()) >= classes:
        raise ValueError(
            f"{path}: expected labels from 0 to {classes - 1}, received {int(y.max())}"
        )


def find_idx_images(folders: Sequence[str]) -> list[str] | None:
    """The paths of the four idx files of an MNIST-like set, or None if they are nowhere."""
    for base in data_folders():
        for folder in folders:
            place = os.path.join(base, folder)
            paths = [find([name, name.removesuffix(".gz")], [place]) for name in IDX_NAMES]
            found = [path for path in paths if path is not None]
            if len(found) == len(IDX_NAMES):
                return found
    return None


def read_idx_images(paths: Sequence[str]) -> tuple[Split, Split]:
    """Reads and checks the four files that ``find_idx_images`` names."""
    parts = [read_idx(path, rank) for path, rank in zip(paths, (3, 1, 3, 1), strict=True)]
    for i in (0, 2):
        check_images(paths[i], parts[i], parts[i + 1], (28, 28), 10)
    return (parts[0], parts[1]), (parts[2], parts[3])


def check_test_split(dataset: str, test_split: float) -> None:
    """Raises ValueError unless ``0 <= test_split < 1``."""
    if not 0 <= test_split < 1:
        raise ValueError(
            f"{dataset}: expected `test_split` from 0 to below 1, received {test_split}"
        )
