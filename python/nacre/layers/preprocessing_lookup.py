"""Vocabularies: terms to ids and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import is_placeholder
from nacre._structure import is_tensor_like
from nacre.layers.preprocessing_categorical import hash_buckets, text_array
from nacre.layers.preprocessing_vocabulary import DROPPED, IndexLookup
from nacre.ops._registry import op


class StringLookup(IndexLookup):
    """Strings to ids of a vocabulary, or back.

    Args:
        max_tokens: Largest number of ids, those of masks and unknown terms included.
        num_oov_indices: Ids for unknown strings: with several a hash chooses; with 0 they are an
            error.
        mask_token: A string that means no value: id 0, or left out of encodings.
        oov_token: What unknown ids become with ``invert``.
        vocabulary: The strings, or the path of a text file with one a line; default: those of the
            data given to ``adapt``.
        idf_weights: Weight of each string, for "tf_idf".
        invert: Whether ids become strings.
        output_mode: "int" (ids), "one_hot", "multi_hot", "count" (see ``CategoryEncoding``) or
            "tf_idf" (counts times weights).
        pad_to_max_tokens: Whether vectors have ``max_tokens`` elements.
        sparse: Only False: there are no sparse tensors.
        encoding: Encoding of ``bytes`` and of vocabulary files.
        name: Name of the layer.
        salt: One number or two: key of the hash for unknown strings.

    Input shape:
        Any; NumPy arrays or nested lists of strings (ids with ``invert``).

    Output shape:
        The input's with "int", else that of ``CategoryEncoding``. With ``invert`` a NumPy array
        of strings, since tensors hold none.

    Raises:
        ValueError: An argument or the vocabulary does not fit, or a string is unknown and
            ``num_oov_indices`` is 0.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.StringLookup(vocabulary=["a", "b"])
        >>> layer([["a", "z"], ["b", "a"]]).numpy().tolist()
        [[1, 0], [2, 1]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        # The vocabulary may be a file in this encoding, and the base class reads it.
        object.__setattr__(self, "encoding", encoding)
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            "string",
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            salt=salt,
            name=name,
            **kwargs,
        )

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """The ids of strings, or the strings of ids."""
        return self.call(inputs)

    def call(self, inputs: Any) -> Any:
        """The ids of strings, or the strings of ids."""
        if self.invert:
            ids = np.asarray(inputs)
            terms = dict(enumerate(self.get_vocabulary()))
            found = [terms.get(i, self.oov_token) for i in ids.ravel().tolist()]
            return np.array(found, object).reshape(ids.shape).astype(str)
        texts = self._array(inputs)
        ids = np.fromiter(map(self._terms.__getitem__, texts.flat), np.int64, texts.size)
        return self._encoded(ids.reshape(texts.shape))

    def _array(self, data: Any) -> np.ndarray:
        return text_array(data, self.encoding)

    def _plain(self, vocabulary: Any) -> list:
        return self._array(vocabulary).ravel().tolist()

    def _parsed(self, lines: list) -> list:
        return lines

    def _unknown(self, term: str) -> int:
        first = len(self._specials()) - self.num_oov_indices
        if self.num_oov_indices == 0:
            self._refuse_unknown(repr(term))
        if self.num_oov_indices == 1:
            return first
        return first + int(hash_buckets([term], self.num_oov_indices, self.salt)[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; the vocabulary is among them."""
        config = super().get_config()
        del config["vocabulary_dtype"]
        return {**config, "encoding": self.encoding}


class IntegerLookup(IndexLookup):
    """Integers to ids of a vocabulary, or back.

    Args:
        max_tokens: Largest number of ids, those of masks and unknown terms included.
        num_oov_indices: Ids for unknown integers: with several ``oov_method`` chooses; with 0 they
            are an error.
        mask_token: An integer that means no value: id 0, or left out of encodings.
        oov_token: What unknown ids become with ``invert``.
        vocabulary: The integers, or the path of a text file with one a line; default: those of the
            data given to ``adapt``.
        vocabulary_dtype: Only "int64".
        idf_weights: Weight of each integer, for "tf_idf".
        invert: Whether ids become integers of the vocabulary.
        output_mode: "int" (ids), "one_hot", "multi_hot", "count" (see ``CategoryEncoding``) or
            "tf_idf" (counts times weights).
        sparse: Only False: there are no sparse tensors.
        pad_to_max_tokens: Whether vectors have ``max_tokens`` elements.
        oov_method: How unknown integers share several ids: "floormod" (the remainder) or
            "farmhash" (a hash).
        salt: One number or two: key of the hash.
        name: Name of the layer.

    Input shape:
        Any; integers.

    Output shape:
        The input's with "int", else that of ``CategoryEncoding``.

    Raises:
        ValueError: An argument or the vocabulary does not fit, or an integer is unknown and
            ``num_oov_indices`` is 0.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.IntegerLookup(vocabulary=[12, 36])
        >>> layer([[12, 7], [36, 12]]).numpy().tolist()
        [[1, 0], [2, 1]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
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
        if vocabulary_dtype != "int64":
            raise ValueError(
                f"IntegerLookup: expected vocabulary_dtype 'int64', received '{vocabulary_dtype}'"
            )
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary_dtype,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            oov_method,
            salt,
            name,
            **kwargs,
        )

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """The ids of integers, or the integers of ids."""
        return super().__call__(inputs if is_tensor_like(inputs) else np.asarray(inputs), **kwargs)

    def call(self, inputs: Any) -> Any:
        """The ids of integers, or the integers of ids."""
        if inputs.dtype.startswith(("float", "bfloat")):
            raise TypeError(
                f"IntegerLookup '{self.name}': expected integers, received dtype {inputs.dtype}"
            )
        x = op("cast")(inputs, "int64")
        if self.invert:
            return self._terms_of(x)
        return self._encoded(self._ids_of(x))

    def _terms_of(self, x: Any) -> Any:
        terms = np.array([*self.get_vocabulary(), self.oov_token], np.int64)
        last = terms.size - 1
        known = op("logical_and")(x >= 0, x < last)
        return op("take")(terms, op("where")(known, x, np.int64(last)))

    def _ids_of(self, x: Any) -> Any:
        where = op("where")
        first = len(self._specials())
        ids = self._unknown_ids(x) + np.int64(first - self.num_oov_indices)
        found = None
        if self._tokens:
            # Binary search: tensors can do it, so that a recorded step can.
            tokens = np.array(self._tokens, np.int64)
            order = np.argsort(tokens)
            at = op("minimum")(op("searchsorted")(tokens[order], x), tokens.size - 1)
            found = op("equal")(op("take")(tokens[order], at), x)
            ids = where(found, op("take")(order + first, at), ids)
        if self.mask_token is not None:
            masked = op("equal")(x, np.int64(self.mask_token))
            ids = where(masked, np.int64(0 if self.output_mode == "int" else DROPPED), ids)
            found = masked if found is None else op("logical_or")(found, masked)
        if self.num_oov_indices == 0 and not is_placeholder(x):
            unknown = x.numpy() if found is None else x.numpy()[~found.numpy()]
            if unknown.size:
                self._refuse_unknown(unknown.ravel()[:5].tolist())
        return ids

    def _unknown_ids(self, x: Any) -> Any:
        if self.num_oov_indices <= 1:
            return op("zeros_like")(x)
        if self.oov_method == "floormod":
            return op("mod")(x, np.int64(self.num_oov_indices))
        return op("hash_buckets")(x, num_buckets=self.num_oov_indices, salt=self.salt or ())

    def _array(self, data: Any) -> np.ndarray:
        array = np.asarray(data)
        if array.dtype.kind not in "iu":
            raise TypeError(
                f"IntegerLookup '{self.name}': expected integers, received dtype {array.dtype}"
            )
        return array.astype(np.int64)

    def _plain(self, vocabulary: Any) -> list:
        return self._array(vocabulary).ravel().tolist()

    def _parsed(self, lines: list) -> list:
        try:
            return [int(line) for line in lines if line]
        except ValueError as error:
            raise ValueError(
                f"IntegerLookup '{self.name}': expected one integer a line: {error}"
            ) from None

    def _unknown(self, term: int) -> int:
        raise KeyError(term)
