"""IMDB: 50,000 film reviews, half of them praise (Maas et al. 2011)."""

from __future__ import annotations

import numpy as np

from nacre.datasets import _files, _word_ids

_FOLDER = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_NPZ = _files.Source(
    _FOLDER + "imdb.npz",
    17464789,
    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
)
_WORDS = _files.Source(
    _FOLDER + "imdb_word_index.json", 1641221, "bfafd718b763782e994055a2d397834f"
)


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[_files.Split, _files.Split]:
    """Loads IMDB: is a review of a film positive (1) or negative (0)?

    Words are numbered from 1 by how frequent they are, then ``index_from`` is
    added. Looked for in the folder ``NACRE_DATA``, then in the cache
    (``NACRE_HOME`` or ``~/.nacre``, then Keras's); else downloaded. Only numbers
    are read from the file, whatever else may be in it.

    Args:
        path: Name of the npz file in these folders, or an absolute path to one.
            Defaults to ``"imdb.npz"``.
        num_words: The ids below this are kept: those of the most frequent words.
            Defaults to all but the last.
        skip_top: Ids below this are cut: those of the most frequent words.
            Defaults to ``0``.
        maxlen: Texts of this length or longer are left out. Defaults to none.
        seed: Seed of the shuffles. Defaults to ``113``.
        start_char: Id that marks the beginning of a text; ``None`` for no mark.
            Defaults to ``1``.
        oov_char: Id that stands for cut words; ``None`` leaves them out. Defaults
            to ``2``.
        index_from: What is added to the ids of words. Defaults to ``3``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of 25,000 lists of ids
        (dtype ``object``), and of labels. ``utils.pad_sequences`` makes a matrix of
        the lists.

    Raises:
        OSError: If the file is nowhere and cannot be downloaded.
        ValueError: If the file is damaged, or no text is shorter than ``maxlen``.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.imdb.load_data(num_words=10_000)  # doctest: +SKIP
    """
    file = _files.find([path, f"imdb/{path}"]) or _files.fetch("imdb", _NPZ)
    arrays = _word_ids.read_texts(file, ("x_train", "y_train", "x_test", "y_test"))
    random = np.random.RandomState(seed)
    parts = []
    for texts, labels in (arrays[:2], arrays[2:]):
        _word_ids.check_texts(file, texts, labels)
        order = _files.shuffled_rows(len(texts), random)
        texts = _word_ids.marked(_word_ids.take(texts, order), start_char, index_from)
        labels = labels[order]
        if maxlen:
            texts, labels = _word_ids.shorter_than(maxlen, texts, labels)
            if not texts:
                raise ValueError(
                    f"imdb: expected a greater `maxlen` than {maxlen}: no text is left"
                )
        parts.append((texts, labels))
    (x_train, y_train), (x_test, y_test) = parts
    # One vocabulary for both parts.
    cut = _word_ids.cut_vocabulary(x_train + x_test, num_words, skip_top, oov_char)
    x = _word_ids.as_objects(cut)
    return (x[: len(x_train)], y_train), (x[len(x_train) :], y_test)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The words with their numbers, to which ``load_data`` adds ``index_from``.

    Args:
        path: Name of the JSON file in the folders of ``load_data``, or an absolute
            path to one. Defaults to ``"imdb_word_index.json"``.

    Raises:
        OSError: If the file is nowhere and cannot be downloaded.
        ValueError: If the file is damaged.

    Example:

    >>> import nacre
    >>> nacre.datasets.imdb.get_word_index()["the"]  # doctest: +SKIP
    1
    """
    file = _files.find([path, f"imdb/{path}"]) or _files.fetch("imdb", _WORDS)
    return _files.read_word_index(file)
