"""What lookups of terms share: a vocabulary, how it is learned and how ids are encoded."""

from __future__ import annotations

import collections
import os
from typing import Any

import numpy as np

from nacre._structure import is_tensor_like
from nacre.layers.layer import Layer
from nacre.layers.preprocessing_categorical import encode

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
DROPPED = -1  # an id that encodings leave out
_OLD_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


class _Terms(dict):
    """Ids of terms; those of unknown terms are asked for once each."""

    def __init__(self, tokens: Any, first: int, unknown: Any) -> None:
        super().__init__(zip(tokens, range(first, first + len(tokens)), strict=True))
        self._unknown = unknown

    def __missing__(self, term: Any) -> int:
        return self._unknown(term)


class IndexLookup(Layer):
    """What ``StringLookup`` and ``IntegerLookup`` share: a vocabulary and its use."""

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary_dtype: str,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        output_mode = _OLD_MODES.get(output_mode, output_mode)
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(f"{owner}: expected max_tokens > 1, received {max_tokens}")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{owner}: pad_to_max_tokens=True needs max_tokens")
        if num_oov_indices < 0:
            raise ValueError(f"{owner}: expected num_oov_indices >= 0, received {num_oov_indices}")
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(
                f"{owner}: expected oov_method 'floormod' or 'farmhash', received '{oov_method}'"
            )
        if output_mode not in OUTPUT_MODES:
            raise ValueError(
                f"{owner}: expected output_mode in {OUTPUT_MODES}, received '{output_mode}'"
            )
        if invert and output_mode != "int":
            raise ValueError(f"{owner}: invert=True needs output_mode='int'")
        if sparse:
            raise ValueError(f"{owner}: expected sparse=False: there are no sparse tensors")
        if idf_weights is not None and output_mode != "tf_idf":
            raise ValueError(f"{owner}: idf_weights needs output_mode='tf_idf'")
        if output_mode == "tf_idf" and vocabulary is not None and idf_weights is None:
            raise ValueError(f"{owner}: a vocabulary with output_mode='tf_idf' needs idf_weights")
        if salt is not None:
            if vocabulary_dtype != "string" and oov_method != "farmhash":
                raise ValueError(f"{owner}: salt needs oov_method='farmhash'")
            salt = [salt, salt] if isinstance(salt, int) else list(salt)
            if len(salt) != 2:
                raise ValueError(f"{owner}: expected salt of one or two numbers, received {salt}")
        for known in ("trainable", "dtype", "vocabulary_size", "has_input_vocabulary"):
            kwargs.pop(known, None)
        if kwargs:
            raise TypeError(f"{owner}: unknown argument '{next(iter(kwargs))}'")
        super().__init__(name=name)
        self.invert = invert
        self.max_tokens = max_tokens
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.output_mode = output_mode
        self.sparse = sparse
        self.pad_to_max_tokens = pad_to_max_tokens
        self.vocabulary_dtype = vocabulary_dtype
        self.oov_method = oov_method
        self.salt = None if salt is None else tuple(salt)
        self._has_input_vocabulary = vocabulary is not None
        self._idf: np.ndarray | None = None
        self._frozen_size: int | None = None
        self._use(())
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # The vocabulary ------------------------------------------------------------------------------

    def _specials(self) -> list:
        masks = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * masks + [self.oov_token] * self.num_oov_indices

    def _use(self, tokens: Any) -> None:
        self._tokens = tuple(tokens)
        first = len(self._specials())
        self._terms = _Terms(self._tokens, first, self._unknown)
        if self.mask_token is not None:
            self._terms[self.mask_token] = 0 if self.output_mode == "int" else DROPPED

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """The terms, by their ids.

        Args:
            include_special_tokens: Whether the tokens for masks and unknown terms come first.
        """
        return [*(self._specials() if include_special_tokens else ()), *self._tokens]

    def vocabulary_size(self) -> int:
        """The number of ids, those of masks and unknown terms included."""
        return len(self._specials()) + len(self._tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Takes terms that are known already.

        Args:
            vocabulary: The terms, with the tokens for masks and unknown terms first or without
                them; or the path of a text file with one term a line.
            idf_weights: Weight of each term, for "tf_idf" only.

        Raises:
            ValueError: A term occurs twice or is a reserved token, the terms are too many or none,
                or the weights do not fit.
            RuntimeError: The number of terms changes where outputs have an axis of that length.
        """
        owner = f"{type(self).__name__} '{self.name}'"
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise ValueError(f"{owner}: idf_weights go with output_mode='tf_idf', and only with it")
        if isinstance(vocabulary, str | os.PathLike):
            vocabulary = self._read(vocabulary, owner)
        given = self._plain(vocabulary)
        if not given:
            raise ValueError(f"{owner}: expected a vocabulary of at least one term, received none")
        specials = self._specials()
        with_specials = bool(specials) and given[: len(specials)] == specials
        tokens = given[len(specials) :] if with_specials else given
        repeated = [t for t, n in collections.Counter(tokens).items() if n > 1]
        if repeated:
            raise ValueError(f"{owner}: expected each term once, received twice: {repeated[:5]}")
        reserved = [self.mask_token] + ([self.oov_token] if self.invert else [])
        for token in reserved:
            if token is not None and token in tokens:
                raise ValueError(
                    f"{owner}: the reserved token {token!r} may only stand first, in {specials}"
                )
        size = len(specials) + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{owner}: expected at most max_tokens={self.max_tokens} ids, received {size}"
            )
        idf = None
        if idf_weights is not None:
            idf = np.asarray(idf_weights, np.float32)
            if idf.shape != (len(given),):
                raise ValueError(
                    f"{owner}: expected idf_weights of shape ({len(given)},), received {idf.shape}"
                )
            idf = self._padded(idf, 0 if with_specials else len(specials))
        self._check_size(size, owner)
        self._idf = idf
        self._use(tokens)
        self._frozen_size = size

    def _padded(self, idf: np.ndarray, front: int) -> np.ndarray:
        """With the mean weight for unknown terms in front, and zeros up to max_tokens behind."""
        idf = np.concatenate([np.full(front, idf.mean(), np.float32), idf])
        if not self.pad_to_max_tokens or self.max_tokens is None:
            return idf
        return np.pad(idf, (0, self.max_tokens - idf.size))

    def _check_size(self, size: int, owner: str) -> None:
        fixed = self.output_mode != "int" and not self.pad_to_max_tokens
        if fixed and self._frozen_size not in (None, size):
            raise RuntimeError(
                f"{owner}: the size of the vocabulary cannot change from {self._frozen_size} to "
                f"{size} with output_mode='{self.output_mode}'; pad_to_max_tokens=True allows it"
            )

    def _read(self, path: Any, owner: str) -> list:
        if not os.path.exists(path):
            raise ValueError(f"{owner}: there is no vocabulary file '{path}'")
        if self.output_mode == "tf_idf":
            raise ValueError(f"{owner}: output_mode='tf_idf' takes no vocabulary file")
        with open(path, encoding=getattr(self, "encoding", "utf-8"), newline="\n") as file:
            lines = [line.rstrip("\r\n") for line in file]
        return self._parsed(lines)

    # Adapting ------------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Takes the vocabulary from data: the terms by falling count, then by falling order.

        Args:
            data: An array or a list of terms, or an iterable of batches.
            steps: How many batches are taken; default: all.

        Raises:
            ValueError: The layer was made with a vocabulary.
        """
        self.reset_state()
        if is_tensor_like(data) or isinstance(data, list | tuple):
            terms = self._array(data)
            self.update_state(terms[:, None] if terms.ndim == 1 else terms)
        else:
            for i, batch in enumerate(data):
                if steps is not None and i >= steps:
                    break
                self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets the data seen by ``update_state``."""
        self._counts: collections.Counter = collections.Counter()
        self._document_counts: collections.Counter = collections.Counter()
        self._documents = 0

    def update_state(self, data: Any) -> None:
        """Counts the terms of a batch; a batch of one axis is one document."""
        terms = self._array(data)
        self._count(terms.reshape(-1, terms.shape[-1]).tolist() if terms.ndim else [[terms.item()]])

    def _count(self, documents: list) -> None:
        if self._has_input_vocabulary:
            raise ValueError(
                f"{type(self).__name__} '{self.name}': adapt() needs a layer made without a "
                "vocabulary"
            )
        for document in documents:
            self._counts.update(document)
            if self.output_mode == "tf_idf":
                self._document_counts.update(set(document))
        self._documents += len(documents)

    def finalize_state(self) -> None:
        """Sets the vocabulary from the data seen by ``update_state``."""
        if self._has_input_vocabulary or not self._counts:
            return
        for token in (self.mask_token, self.oov_token):
            self._counts.pop(token, None)
        first = len(self._specials())
        most = None if self.max_tokens is None else self.max_tokens - first
        ordered = sorted(self._counts, key=lambda t: (self._counts[t], t), reverse=True)[:most]
        self._check_size(first + len(ordered), f"{type(self).__name__} '{self.name}'")
        if self.output_mode == "tf_idf" and ordered:
            seen = np.array([self._document_counts[t] for t in ordered], np.float64)
            idf = np.log1p(self._documents / (1 + seen)).astype(np.float32)
            self._idf = self._padded(idf, first)
        self._use(ordered)
        self._frozen_size = first + len(ordered)
        self.reset_state()

    # Looking up ----------------------------------------------------------------------------------

    def _depth(self) -> int:
        depth = self.max_tokens if self.pad_to_max_tokens else self._frozen_size
        if depth is None:
            raise RuntimeError(
                f"{type(self).__name__} '{self.name}': output_mode='{self.output_mode}' needs a "
                "vocabulary, or data given to adapt()"
            )
        return depth

    def _encoded(self, ids: Any) -> Any:
        """The output of the layer for a tensor or an array of ids."""
        if self.output_mode == "int":
            return encode(ids, "int", 0, "int64")
        if self.output_mode != "tf_idf":
            return encode(ids, self.output_mode, self._depth(), "int64")
        if self._idf is None:
            raise RuntimeError(
                f"{type(self).__name__} '{self.name}': output_mode='tf_idf' needs idf_weights, or "
                "data given to adapt()"
            )
        return encode(ids, "count", self._depth(), "float32") * self._idf

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The shape of the output for inputs of this shape."""
        shape = tuple(input_shape)
        if self.output_mode == "int":
            return shape
        if self.output_mode == "one_hot" and not (len(shape) > 1 and shape[-1] == 1):
            return (*shape, self._depth())
        return (*shape[:-1], self._depth())

    def _refuse_unknown(self, terms: Any) -> None:
        raise ValueError(
            f"{type(self).__name__} '{self.name}': with num_oov_indices=0 every term must be in "
            f"the vocabulary, received {terms}"
        )

    # What the kind of terms decides ---------------------------------------------------------------

    def _array(self, data: Any) -> np.ndarray:
        raise NotImplementedError

    def _plain(self, vocabulary: Any) -> list:
        raise NotImplementedError

    def _parsed(self, lines: list) -> list:
        raise NotImplementedError

    def _unknown(self, term: Any) -> int:
        raise NotImplementedError

    # Files ---------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; the vocabulary is among them."""
        tokens = list(self._tokens) or None
        idf = None
        if self._idf is not None and tokens:
            first = len(self._specials())
            tokens = self.get_vocabulary()
            idf = self._idf[: first + len(self._tokens)].tolist()
        return {
            **self._base_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary_dtype": self.vocabulary_dtype,
            "idf_weights": idf,
            "vocabulary": tokens,
            "vocabulary_size": self._frozen_size,
            "oov_method": self.oov_method,
            "salt": None if self.salt is None else list(self.salt),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from what ``get_config`` returned.

        Raises:
            ValueError: The configuration names a file: what is loaded reads no other files.
        """
        if isinstance(config.get("vocabulary"), str):
            raise ValueError(
                f"{cls.__name__}: expected the terms in 'vocabulary', received a path: "
                f"'{config['vocabulary']}'"
            )
        return super().from_config(config)

    def save_assets(self, dir_path: Any) -> None:
        """Writes the vocabulary as ``vocabulary.txt`` into a folder, one term a line."""
        with open(os.path.join(dir_path, "vocabulary.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(str(term) for term in self.get_vocabulary()))

    def load_assets(self, dir_path: Any) -> None:
        """Reads what ``save_assets`` wrote."""
        path = os.path.join(dir_path, "vocabulary.txt")
        with open(path, encoding="utf-8", newline="\n") as file:
            terms = self._parsed(file.read().split("\n"))
        self.set_vocabulary(terms, self._idf)
