"""Layers that make one tensor of several, and their functions."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


class Merge(Layer):
    """What the layers of several inputs share: they are called on a list."""

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """Runs the layer on a list of tensors or arrays."""
        if not isinstance(inputs, list | tuple):
            raise ValueError(
                f"{type(self).__name__} '{self.name}': expected a list of inputs, "
                f"received a {type(inputs).__name__}"
            )
        return super().__call__(inputs, **kwargs)


@native
class Add(Merge):
    """Adds its inputs.

    Input shape:
        A list of tensors, all of one shape, or of shapes that broadcast: to an input of lower
        rank, axes of size 1 are added behind the batch axis.

    Output shape:
        That of the inputs, broadcast.

    Raises:
        ValueError: The inputs are no list, or their shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> nacre.layers.Add()([x, x * 3])
        Tensor([[4., 8.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None: ...


@native
class Subtract(Merge):
    """Subtracts the second of two inputs from the first.

    Input shape:
        A list of two tensors, all of one shape, or of shapes that broadcast: to an input of lower
        rank, axes of size 1 are added behind the batch axis.

    Output shape:
        That of the inputs, broadcast.

    Raises:
        ValueError: The inputs are not two, or their shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> nacre.layers.Subtract()([x, x * 3])
        Tensor([[-2., -4.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None: ...


@native
class Multiply(Merge):
    """Multiplies its inputs, element by element.

    Input shape:
        A list of tensors, all of one shape, or of shapes that broadcast: to an input of lower
        rank, axes of size 1 are added behind the batch axis.

    Output shape:
        That of the inputs, broadcast.

    Raises:
        ValueError: The inputs are no list, or their shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> nacre.layers.Multiply()([x, x * 3])
        Tensor([[ 3., 12.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None: ...


@native
class Average(Merge):
    """Averages its inputs, element by element.

    Input shape:
        A list of tensors, all of one shape, or of shapes that broadcast: to an input of lower
        rank, axes of size 1 are added behind the batch axis.

    Output shape:
        That of the inputs, broadcast.

    Raises:
        ValueError: The inputs are no list, or their shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> nacre.layers.Average()([x, x * 3])
        Tensor([[2., 4.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None: ...


@native
class Maximum(Merge):
    """The greatest of its inputs, element by element.

    Input shape:
        A list of tensors, all of one shape, or of shapes that broadcast: to an input of lower
        rank, axes of size 1 are added behind the batch axis.

    Output shape:
        That of the inputs, broadcast.

    Raises:
        ValueError: The inputs are no list, or their shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> nacre.layers.Maximum()([x, x * 3])
        Tensor([[3., 6.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None: ...


@native
class Minimum(Merge):
    """The smallest of its inputs, element by element.

    Input shape:
        A list of tensors, all of one shape, or of shapes that broadcast: to an input of lower
        rank, axes of size 1 are added behind the batch axis.

    Output shape:
        That of the inputs, broadcast.

    Raises:
        ValueError: The inputs are no list, or their shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> nacre.layers.Minimum()([x, x * 3])
        Tensor([[1., 2.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None: ...


@native
class Concatenate(Merge):
    """Joins its inputs along an axis.

    Args:
        axis: The axis.

    Input shape:
        A list of tensors whose shapes differ along ``axis`` only.

    Output shape:
        That of the inputs, their sizes along ``axis`` added.

    Raises:
        ValueError: The inputs are no list, or differ along another axis.

    Example:
        >>> import nacre
        >>> x, y = nacre.ops.ones((2, 3)), nacre.ops.ones((2, 4))
        >>> nacre.layers.Concatenate()([x, y]).shape
        (2, 7)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None: ...


@native
class Dot(Merge):
    """Sums the product of two inputs over an axis of each, sample by sample.

    Args:
        axes: The axis of both inputs, or one each; never the batch axis.
        normalize: Whether samples are brought to length 1 along the axes first, so that the result
            is the cosine of the angle between them.

    Input shape:
        A list of two tensors, ``(batch, ..., size, ...)`` each.

    Output shape:
        ``(batch, ...)``: the further axes of the first, then those of the second; ``(batch, 1)``
        where there are none.

    Raises:
        ValueError: The inputs are not two, or differ in size along the axes.

    Example:
        >>> import nacre
        >>> x, y = nacre.ops.ones((2, 3, 5)), nacre.ops.ones((2, 10, 3))
        >>> nacre.layers.Dot(axes=(1, 2))([x, y]).shape
        (2, 5, 10)
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None: ...


def add(inputs: Any, **kwargs: Any) -> Any:
    """Adds the inputs.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer :class:`Add`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.add([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 3)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Subtracts the second of two inputs from the first.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer :class:`Subtract`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.subtract([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 3)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Multiplies the inputs, element by element.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer :class:`Multiply`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.multiply([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 3)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Averages the inputs, element by element.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer :class:`Average`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.average([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 3)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The greatest of the inputs, element by element.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer :class:`Maximum`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.maximum([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 3)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The smallest of the inputs, element by element.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer :class:`Minimum`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.minimum([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 3)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Joins the inputs along an axis.

    Args:
        inputs: A list of tensors.
        axis: The axis.
        **kwargs: Arguments of the layer :class:`Concatenate`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.concatenate([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 6)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Sums the product of two inputs over an axis of each, sample by sample.

    Args:
        inputs: A list of tensors.
        axes: The axis of both inputs, or one each; never the batch axis.
        **kwargs: Arguments of the layer :class:`Dot`.

    Returns:
        A tensor.

    Example:
        >>> import nacre
        >>> nacre.layers.dot([nacre.ops.ones((2, 3)), nacre.ops.ones((2, 3))]).shape
        (2, 1)
    """
    return Dot(axes=axes, **kwargs)(inputs)
