"""Sequences of different lengths: `keras.preprocessing.sequence`."""

from nacre.utils.sequences import pad_sequences as pad_sequences

__all__ = ["pad_sequences"]
