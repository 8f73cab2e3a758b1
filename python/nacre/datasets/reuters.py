"""Reuters: 11,228 newswires of 46 topics (Reuters-21578)."""

from __future__ import annotations

import numpy as np

from nacre.datasets import _files, _word_ids

_FOLDER = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_NPZ = _files.Source(
    _FOLDER + "reuters.npz",
    2110848,
    "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
)
_WORDS = _files.Source(
    _FOLDER + "reuters_word_index.json", 550378, "4d44cc38712099c9e383dc6e5f11a921"
)
_TOPICS = """
cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship
cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin
strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr
gas silver wpi hog lead
"""


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[_files.Split, _files.Split]:
    """Loads the newswires: which of 46 topics is one about?

    Words are numbered from 1 by how frequent they are, then ``index_from`` is
    added. Looked for in the folder ``NACRE_DATA``, then in the cache
    (``NACRE_HOME`` or ``~/.nacre``, then Keras's); else downloaded. Only numbers
    are read from the file, whatever else may be in it.

    Args:
        path: Name of the npz file in these folders, or an absolute path to one.
            Defaults to ``"reuters.npz"``.
        num_words: The ids below this are kept: those of the most frequent words.
            Defaults to all but the last.
        skip_top: Ids below this are cut: those of the most frequent words.
            Defaults to ``0``.
        maxlen: Texts of this length or longer are left out. Defaults to none.
        test_split: Fraction of the texts that become the test set. Defaults to
            ``0.2``.
        seed: Seed of the shuffle. Defaults to ``113``.
        start_char: Id that marks the beginning of a text; ``None`` for no mark.
            Defaults to ``1``.
        oov_char: Id that stands for cut words; ``None`` leaves them out. Defaults
            to ``2``.
        index_from: What is added to the ids of words. Defaults to ``3``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of ids (dtype
        ``object``), and of labels 0 to 45. ``utils.pad_sequences`` makes a matrix of
        the lists.

    Raises:
        OSError: If the file is nowhere and cannot be downloaded.
        ValueError: If the file is damaged, ``test_split`` is out of range, or no
            text is shorter than ``maxlen``.

    Example:

    >>> import nacre
    >>> train, test = nacre.datasets.reuters.load_data(num_words=10_000)  # doctest: +SKIP
    """
    _files.check_test_split("reuters", test_split)
    file = _files.find([path, f"reuters/{path}"]) or _files.fetch("reuters", _NPZ)
    texts, labels = _word_ids.read_texts(file, ("x", "y"))
    _word_ids.check_texts(file, texts, labels)
    order = _files.shuffled_rows(len(texts), np.random.RandomState(seed))
    texts = _word_ids.marked(_word_ids.take(texts, order), start_char, index_from)
    labels = labels[order]
    if maxlen:
        texts, labels = _word_ids.shorter_than(maxlen, texts, labels)
        if not texts:
            raise ValueError(f"reuters: expected a greater `maxlen` than {maxlen}: no text is left")
    x = _word_ids.as_objects(_word_ids.cut_vocabulary(texts, num_words, skip_top, oov_char))
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], labels[:cut]), (x[cut:], labels[cut:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The words with their numbers, to which ``load_data`` adds ``index_from``.

    Args:
        path: Name of the JSON file in the folders of ``load_data``, or an absolute
            path to one. Defaults to ``"reuters_word_index.json"``.

    Raises:
        OSError: If the file is nowhere and cannot be downloaded.
        ValueError: If the file is damaged.

    Example:

    >>> import nacre
    >>> nacre.datasets.reuters.get_word_index()["the"]  # doctest: +SKIP
    1
    """
    file = _files.find([path, f"reuters/{path}"]) or _files.fetch("reuters", _WORDS)
    return _files.read_word_index(file)


def get_label_names() -> tuple[str, ...]:
    """The names of the topics, in the order of the labels.

    Example:

    >>> import nacre
    >>> nacre.datasets.reuters.get_label_names()[:3]
    ('cocoa', 'grain', 'veg-oil')
    """
    return tuple(_TOPICS.split())
