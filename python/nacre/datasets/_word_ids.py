"""Texts as lists of word ids: reading them from npz files, and cutting their vocabulary."""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO, Any

import numpy as np

Texts = list[list[int]]


class _Inert:
    """What stands for all that a pickle names: it keeps what it is given and does nothing."""

    def __init__(self, *args: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _text(value: str, encoding: str) -> bytes:
    return value.encode(encoding) if encoding == "latin1" else b""


# All that the pickle of an array of lists names, as NumPy 1 and NumPy 2 write it.
_STAND_INS: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _text,
    ("numpy", "dtype"): _Inert,
    ("numpy", "ndarray"): _Inert,
    ("numpy.core.multiarray", "_reconstruct"): _Inert,
    ("numpy._core.multiarray", "_reconstruct"): _Inert,
}


class _ListReader(pickle.Unpickler):
    """Reads lists of numbers from a pickle; nothing that it names is imported or called."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of lists") from None


def read_texts(path: str, names: Sequence[str]) -> list[Any]:
    """Reads arrays of an npz file: those of lists as lists, those of numbers as arrays.

    NumPy writes lists of different lengths as a pickle, which may name any code to run; here only
    the numbers in it are read.

    Raises:
        ValueError: If the file is damaged or has something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [_read_member(archive.read(f"{name}.npy")) for name in names]
    except (
        zipfile.BadZipFile,
        zlib.error,
        pickle.UnpicklingError,
        KeyError,
        EOFError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:
        raise ValueError(
            f"{path}: expected an npz file with {', '.join(names)}, received '{error}'"
        ) from error


def _read_member(data: bytes) -> Any:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in read_header:
        raise ValueError(f"npy version {version}")
    shape, _, dtype = read_header[version](file)
    if dtype.hasobject:
        return _read_lists(file, shape)
    file.seek(0)
    array = np.lib.format.read_array(file, allow_pickle=False)
    return array if array.ndim == 1 else array.tolist()


def _read_lists(file: IO[bytes], shape: tuple[int, ...]) -> Texts:
    array = _ListReader(file).load()
    # The state of an array: version, shape, dtype, whether in Fortran's order, values.
    values = array.state[4] if isinstance(array, _Inert) and array.state else None
    if not isinstance(values, list) or shape != (len(values),):
        raise ValueError("something else than a list of lists")
    for text in values:
        if not isinstance(text, list) or not all(type(word) is int for word in text):
            raise ValueError("something else than lists of integers")
    return values


def check_texts(path: str, texts: Any, labels: Any) -> None:
    """Raises ValueError unless there are as many integer labels as texts."""
    one_each = isinstance(labels, np.ndarray) and labels.shape == (len(texts),)
    if not isinstance(texts, list) or not one_each or labels.dtype.kind not in "iu":
        raise ValueError(f"{path}: expected lists of word ids with an integer label for each")


def take(texts: Texts, rows: Sequence[int] | np.ndarray) -> Texts:
    """The texts of these rows."""
    return [texts[i] for i in rows]


def marked(texts: Texts, start_char: int | None, index_from: int) -> Texts:
    """The texts with ids moved up by ``index_from``, after a mark of their beginning."""
    start = [] if start_char is None else [start_char]
    return [start + [word + index_from for word in text] for text in texts]


def shorter_than(length: int, texts: Texts, labels: np.ndarray) -> tuple[Texts, np.ndarray]:
    """The texts with fewer words than that, and their labels."""
    rows = [i for i, text in enumerate(texts) if len(text) < length]
    return take(texts, rows), labels[rows]


def cut_vocabulary(
    texts: Texts, num_words: int | None, skip_top: int, oov_char: int | None
) -> Texts:
    """The texts with ids from ``skip_top`` to below ``num_words``; others become ``oov_char``.

    Without ``num_words`` the limit is the largest id, which is cut too: as in Keras. Without
    ``oov_char`` they are left out.
    """
    limit = num_words or max((max(text, default=0) for text in texts), default=0)
    if oov_char is None:
        return [[word for word in text if skip_top <= word < limit] for text in texts]
    return [[word if skip_top <= word < limit else oov_char for word in text] for text in texts]


def as_objects(texts: Texts) -> np.ndarray:
    """A one-dimensional array of lists, also where all are of one length."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array
