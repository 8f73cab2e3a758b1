"""Images, sequences and series before training: `keras.preprocessing`.

These are functions of `nacre.utils`, by the names that older programs use.

Example:
    >>> import nacre
    >>> nacre.preprocessing.sequence.pad_sequences([[1], [2, 3]])
    array([[0, 1],
           [2, 3]], dtype=int32)
"""

from nacre.preprocessing import image as image, sequence as sequence
from nacre.utils.image_dataset import (
    image_dataset_from_directory as image_dataset_from_directory,
)
from nacre.utils.text_dataset import text_dataset_from_directory as text_dataset_from_directory
from nacre.utils.timeseries_dataset import (
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
