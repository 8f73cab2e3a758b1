"""Texts to sequences of ids, or to counts."""

from __future__ import annotations

import os
import string
from collections.abc import Callable
from typing import Any

import numpy as np

from nacre._structure import is_tensor_like
from nacre.layers.layer import Layer
from nacre.layers.preprocessing_categorical import text_array
from nacre.layers.preprocessing_lookup import StringLookup
from nacre.layers.preprocessing_vocabulary import OUTPUT_MODES

# ASCII alone is lowered, stripped and split at: what Keras's tables of bytes know.
_LOWER = dict(zip(map(ord, string.ascii_uppercase), string.ascii_lowercase, strict=True))
_STRIP: dict[int, Any] = dict.fromkeys(map(ord, string.punctuation))
_STANDARDIZE: dict[str, dict[int, Any]] = {
    "lower": _LOWER,
    "strip_punctuation": _STRIP,
    "lower_and_strip_punctuation": {**_LOWER, **_STRIP},
}


def _words(text: str) -> list[str]:
    return [word.decode() for word in text.encode().split()]


_SPLIT: dict[str, Callable[[str], list[str]]] = {"whitespace": _words, "character": list}


class TextVectorization(Layer):
    """Texts as ids of their words, or as counts of them.

    Each text is standardized, split into tokens, joined to n-grams, and looked up in a vocabulary
    that is given or learned by ``adapt``. Id 0 pads, id 1 is for unknown tokens.

    Args:
        max_tokens: Largest number of ids, those for padding and unknown tokens included.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation" (ASCII letters and
            punctuation), ``None``, or a function from an array of strings to another.
        split: "whitespace", "character", ``None``, or a function from an array of strings to a
            list of tokens each.
        ngrams: Lengths of the n-grams that take the tokens' place: n for 1 to n, or a tuple.
        output_mode: "int" (ids in order), "one_hot", "multi_hot", "count" or "tf_idf" (see
            ``StringLookup``).
        output_sequence_length: With "int", what sequences are cut or padded to; default: the
            longest of the batch.
        pad_to_max_tokens: Whether vectors have ``max_tokens`` elements.
        vocabulary: The tokens, or the path of a text file with one a line.
        idf_weights: Weight of each token, for "tf_idf".
        sparse: Only False: there are no sparse tensors.
        ragged: Only False: there are no ragged tensors.
        encoding: Encoding of ``bytes`` and of vocabulary files.
        name: Name of the layer.

    Input shape:
        ``(batch,)`` or ``(batch, 1)``: NumPy arrays or lists of strings.

    Output shape:
        ``(batch, length)``, or ``(batch, size of the vocabulary)``

    Raises:
        ValueError: An argument, the vocabulary or the input's shape does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.TextVectorization(output_sequence_length=4)
        >>> layer.adapt(["the cat sat", "the dog"])
        >>> layer.get_vocabulary()
        ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
        >>> layer(["The dog sang!"]).numpy().tolist()
        [[2, 4, 1, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        for argument, given, known in (
            ("standardize", standardize, _STANDARDIZE),
            ("split", split, _SPLIT),
        ):
            if given is not None and not callable(given) and given not in known:
                raise ValueError(
                    f"TextVectorization: expected {argument} in {tuple(known)}, None or a "
                    f"function, received {given!r}"
                )
        output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        if output_mode not in OUTPUT_MODES:
            raise ValueError(
                f"TextVectorization: expected output_mode in {OUTPUT_MODES}, received "
                f"'{output_mode}'"
            )
        widths = range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
        if widths is not None and not all(isinstance(n, int) and n > 0 for n in widths):
            raise ValueError(
                f"TextVectorization: expected ngrams of positive integers, received {ngrams!r}"
            )
        if output_sequence_length is not None:
            if output_mode != "int":
                raise ValueError(
                    "TextVectorization: output_sequence_length needs output_mode='int', received "
                    f"'{output_mode}'"
                )
            if not isinstance(output_sequence_length, int) or output_sequence_length < 0:
                raise ValueError(
                    "TextVectorization: expected output_sequence_length of at least 0, received "
                    f"{output_sequence_length!r}"
                )
        if ragged:
            raise ValueError(
                "TextVectorization: expected ragged=False: there are no ragged tensors"
            )
        for written in ("vocabulary_size", "has_input_vocabulary"):  # by get_config
            kwargs.pop(written, None)
        super().__init__(name=name, **kwargs)
        self._standardize = standardize
        self._split = split
        self._ngrams_argument = ngrams
        self._ngrams = None if widths is None else tuple(widths)
        self._output_mode = output_mode
        self._output_sequence_length = output_sequence_length
        self._lookup = StringLookup(
            max_tokens=max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            encoding=encoding,
            name=f"{self.name}_lookup",
        )

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens, by their ids.

        Args:
            include_special_tokens: Whether those for padding and unknown tokens come first.
        """
        return self._lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of ids, those for padding and unknown tokens included."""
        return self._lookup.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Takes tokens that are known already; see ``StringLookup.set_vocabulary``."""
        self._lookup.set_vocabulary(vocabulary, idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learns the vocabulary: the tokens by falling count, then by falling order.

        Args:
            data: Texts as an array or a list, or an iterable of batches of them.
            batch_size: Not used: kept for Keras's signature.
            steps: How many batches are taken; default: all.

        Raises:
            ValueError: The layer was made with a vocabulary.
        """
        self.reset_state()
        if is_tensor_like(data) or isinstance(data, str | list | tuple):
            self.update_state(data)
        else:
            for i, batch in enumerate(data):
                if steps is not None and i >= steps:
                    break
                self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets the texts seen by ``update_state``."""
        self._lookup.reset_state()

    def update_state(self, data: Any) -> None:
        """Counts the tokens of a batch of texts."""
        texts = text_array(data, self._lookup.encoding)
        tokens = self._tokens(texts[:, None] if texts.ndim == 1 and self._split is None else texts)
        if isinstance(tokens, np.ndarray):
            tokens = tokens.reshape(-1, tokens.shape[-1]).tolist()
        self._lookup._count(tokens)

    def finalize_state(self) -> None:
        """Sets the vocabulary from the texts seen by ``update_state``."""
        self._lookup.finalize_state()

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """The ids or counts of texts."""
        return self.call(inputs)

    def call(self, inputs: Any) -> Any:
        """The ids or counts of texts."""
        tokens = self._tokens(text_array(inputs, self._lookup.encoding))
        length = self._output_sequence_length
        if isinstance(tokens, np.ndarray) and length is None:
            return self._lookup.call(tokens)
        if isinstance(tokens, np.ndarray):
            tokens = tokens.tolist() if tokens.ndim > 1 else [[token] for token in tokens]
        if length is None:
            length = max(map(len, tokens), default=0)
        # The empty string pads: its id is 0, and encodings leave it out.
        padded = np.full((len(tokens), length), "", object)
        for row, words in zip(padded, tokens, strict=True):
            row[: len(words)] = words[:length]
        return self._lookup.call(padded)

    def _tokens(self, texts: np.ndarray) -> Any:
        """The tokens of texts: a list for each, or an array where nothing is split or joined."""
        if callable(self._standardize):
            texts = text_array(self._standardize(texts.astype(str)), self._lookup.encoding)
        elif self._standardize is not None:
            table = _STANDARDIZE[self._standardize]
            changed = np.array([text.translate(table) for text in texts.flat], object)
            texts = changed.reshape(texts.shape)
        if self._split is None and self._ngrams is None:
            return texts
        if self._split is None:
            return [self._joined(row) for row in np.atleast_2d(texts).tolist()]
        if texts.ndim > 1:
            if texts.shape[-1] != 1:
                raise ValueError(
                    f"TextVectorization '{self.name}': expected texts of shape (batch,) or "
                    f"(batch, 1), received {texts.shape}"
                )
            texts = texts[..., 0]
        texts = texts.reshape(-1)
        if callable(self._split):
            split = [[str(token) for token in row] for row in self._split(texts.astype(str))]
        else:
            split = [_SPLIT[self._split](text) for text in texts]
        return split if self._ngrams is None else [self._joined(row) for row in split]

    def _joined(self, tokens: list[str]) -> list[str]:
        return [
            " ".join(tokens[i : i + n])
            for n in self._ngrams or ()
            for i in range(len(tokens) - n + 1)
        ]

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The shape of the output for inputs of this shape."""
        if self._output_mode == "int":
            return (input_shape[0], self._output_sequence_length)
        return self._lookup.compute_output_shape((input_shape[0], None))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; the vocabulary is among them."""
        from nacre.saving import serialize_keras_object

        lookup = self._lookup.get_config()
        return {
            **self._base_config(),
            "max_tokens": lookup["max_tokens"],
            "standardize": serialize_keras_object(self._standardize),
            "split": serialize_keras_object(self._split),
            "ngrams": self._ngrams_argument,
            "output_mode": self._output_mode,
            "output_sequence_length": self._output_sequence_length,
            "pad_to_max_tokens": lookup["pad_to_max_tokens"],
            "sparse": False,
            "ragged": False,
            "vocabulary": lookup["vocabulary"],
            "idf_weights": lookup["idf_weights"],
            "encoding": lookup["encoding"],
            "vocabulary_size": self.vocabulary_size(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from what ``get_config`` returned.

        Raises:
            ValueError: The configuration names a file: what is loaded reads no other files.
        """
        if isinstance(config.get("vocabulary"), str):
            raise ValueError(
                "TextVectorization: expected the tokens in 'vocabulary', received a path: "
                f"'{config['vocabulary']}'"
            )
        ngrams = config.get("ngrams")
        return super().from_config(
            {**config, "ngrams": tuple(ngrams) if isinstance(ngrams, list) else ngrams}
        )

    def save_assets(self, dir_path: Any) -> None:
        """Writes the vocabulary as ``vocabulary.txt`` into a folder, one token a line."""
        self._lookup.save_assets(os.fspath(dir_path))

    def load_assets(self, dir_path: Any) -> None:
        """Reads what ``save_assets`` wrote."""
        self._lookup.load_assets(os.fspath(dir_path))
