"""Where in its sequence an element stands: learned, sinusoidal and rotary encodings.

Names and arguments are those of KerasHub's layers.
"""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class PositionEmbedding(Layer):
    """Learned positions: rows of a table, shaped as the input.

    Call arguments:
        inputs: Tensor whose shape counts.
        start_index: Position of the first element, an int or an integer tensor.

    Args:
        sequence_length: Rows of the table: positions are in ``[0, sequence_length)``.
        initializer: Initializer of the table, shape ``(sequence_length, features)``.

    Input shape:
        ``(..., length, features)`` with ``length <= sequence_length``

    Output shape:
        That of the input.

    Raises:
        ValueError: ``sequence_length`` is not positive, or a position is out of range.

    Example:
        >>> import nacre
        >>> tokens = nacre.ops.ones((2, 8, 16))
        >>> (tokens + nacre.layers.PositionEmbedding(10)(tokens)).shape
        (2, 8, 16)
    """

    _call_arguments = ("start_index", "training")

    def __init__(
        self,
        sequence_length: int,
        initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None: ...


@native
class SinePositionEncoding(Layer):
    """Sines and cosines of the position at geometrically growing wavelengths.

    Call arguments:
        inputs: Tensor whose shape counts.
        start_index: Position of the first element, an int or an integer tensor.

    Args:
        max_wavelength: The longest wavelength, in units of 2 pi.

    Input shape:
        ``(..., length, features)``

    Output shape:
        That of the input.

    Raises:
        ValueError: The input has fewer than two axes.

    Source: Vaswani et al. 2017, arXiv:1706.03762.

    Example:
        >>> import nacre
        >>> tokens = nacre.ops.ones((2, 8, 16))
        >>> (tokens + nacre.layers.SinePositionEncoding()(tokens)).shape
        (2, 8, 16)
    """

    _call_arguments = ("start_index", "training")

    def __init__(self, max_wavelength: float = 10000, **kwargs: Any) -> None: ...


@native
class RotaryEmbedding(Layer):
    """Turns each pair of features by an angle that grows with the position.

    Applied to queries and keys, it makes their products depend on distances. Feature ``i`` is
    paired with feature ``i + features / 2``.

    Call arguments:
        inputs: Tensor to turn.
        start_index: Position of the first element, an int or an integer tensor.

    Args:
        max_wavelength: The longest wavelength, in units of 2 pi.
        scaling_factor: Divides positions, for sequences longer than those of training.
        sequence_axis: Axis of the positions.
        feature_axis: Axis of the features, of even size.

    Input shape:
        ``(batch, length, ..., features)`` by default.

    Output shape:
        That of the input.

    Raises:
        ValueError: The number of features is odd, or an argument is not positive.

    Source: Su et al. 2021, arXiv:2104.09864.

    Example:
        >>> import nacre
        >>> queries = nacre.ops.ones((2, 8, 4, 16))
        >>> nacre.layers.RotaryEmbedding()(queries).shape
        (2, 8, 4, 16)
    """

    _call_arguments = ("start_index", "training")

    def __init__(
        self,
        max_wavelength: float = 10000,
        scaling_factor: float = 1.0,
        sequence_axis: int = 1,
        feature_axis: int = -1,
        **kwargs: Any,
    ) -> None: ...
