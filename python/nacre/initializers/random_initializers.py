"""Initializers that draw random numbers."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.initializers.initializer import Initializer

# The arguments of every class below that has them:
#   seed: an int gives the same values at each call; a SeedGenerator new ones; None an int that
#     follows from utils.set_random_seed.


@native
class RandomNormal(Initializer):
    """Draws from a normal distribution.

    Args:
        mean: Its mean.
        stddev: Its standard deviation.
        seed: Int or SeedGenerator; default: drawn.

    Example:
        >>> import nacre
        >>> nacre.initializers.RandomNormal(stddev=0.1, seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None: ...


@native
class TruncatedNormal(Initializer):
    """Draws from a normal distribution within two standard deviations of its mean.

    Args:
        mean: Its mean.
        stddev: Its standard deviation, before it is cut off.
        seed: Int or SeedGenerator; default: drawn.

    Example:
        >>> import nacre
        >>> nacre.initializers.TruncatedNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None: ...


@native
class RandomUniform(Initializer):
    """Draws from a uniform distribution.

    Args:
        minval: Its lower end.
        maxval: Its upper end, excluded.
        seed: Int or SeedGenerator; default: drawn.

    Example:
        >>> import nacre
        >>> nacre.initializers.RandomUniform(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None: ...


@native
class VarianceScaling(Initializer):
    """Draws with a variance of ``scale / fan``, so that signals keep their size through layers.

    ``fan`` is the number of inputs of a unit, of its outputs, or their mean.

    Args:
        scale: Positive factor.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: Int or SeedGenerator; default: drawn.
        input_axes: Axes of the inputs, where the shape is not that of a kernel.
        output_axes: Axes of the outputs; given together with ``input_axes``.

    Raises:
        ValueError: ``scale`` is not positive, or a name is unknown.

    Example:
        >>> import nacre
        >>> nacre.initializers.VarianceScaling(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None: ...


@native
class GlorotUniform(Initializer):
    """Uniform within ``sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010).

    Args:
        seed: Int or SeedGenerator; default: drawn.
        input_axes: Axes of the inputs, where the shape is not that of a kernel.
        output_axes: Axes of the outputs; given together with ``input_axes``.

    Example:
        >>> import nacre
        >>> nacre.initializers.GlorotUniform(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self, seed: Any = None, input_axes: Any = None, output_axes: Any = None
    ) -> None: ...


@native
class GlorotNormal(Initializer):
    """Truncated normal of variance ``2 / (fan_in + fan_out)`` (Glorot and Bengio 2010).

    Args:
        seed: Int or SeedGenerator; default: drawn.
        input_axes: Axes of the inputs, where the shape is not that of a kernel.
        output_axes: Axes of the outputs; given together with ``input_axes``.

    Example:
        >>> import nacre
        >>> nacre.initializers.GlorotNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self, seed: Any = None, input_axes: Any = None, output_axes: Any = None
    ) -> None: ...


@native
class HeUniform(Initializer):
    """Uniform within ``sqrt(6 / fan_in)`` (He et al. 2015).

    Args:
        seed: Int or SeedGenerator; default: drawn.
        input_axes: Axes of the inputs, where the shape is not that of a kernel.
        output_axes: Axes of the outputs; given together with ``input_axes``.

    Example:
        >>> import nacre
        >>> nacre.initializers.HeUniform(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self, seed: Any = None, input_axes: Any = None, output_axes: Any = None
    ) -> None: ...


@native
class HeNormal(Initializer):
    """Truncated normal of variance ``2 / fan_in`` (He et al. 2015).

    Args:
        seed: Int or SeedGenerator; default: drawn.
        input_axes: Axes of the inputs, where the shape is not that of a kernel.
        output_axes: Axes of the outputs; given together with ``input_axes``.

    Example:
        >>> import nacre
        >>> nacre.initializers.HeNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self, seed: Any = None, input_axes: Any = None, output_axes: Any = None
    ) -> None: ...


@native
class LecunUniform(Initializer):
    """Uniform within ``sqrt(3 / fan_in)`` (LeCun et al. 1998).

    Args:
        seed: Int or SeedGenerator; default: drawn.
        input_axes: Axes of the inputs, where the shape is not that of a kernel.
        output_axes: Axes of the outputs; given together with ``input_axes``.

    Example:
        >>> import nacre
        >>> nacre.initializers.LecunUniform(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self, seed: Any = None, input_axes: Any = None, output_axes: Any = None
    ) -> None: ...


@native
class LecunNormal(Initializer):
    """Truncated normal of variance ``1 / fan_in`` (LeCun et al. 1998).

    Args:
        seed: Int or SeedGenerator; default: drawn.
        input_axes: Axes of the inputs, where the shape is not that of a kernel.
        output_axes: Axes of the outputs; given together with ``input_axes``.

    Example:
        >>> import nacre
        >>> nacre.initializers.LecunNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(
        self, seed: Any = None, input_axes: Any = None, output_axes: Any = None
    ) -> None: ...


@native
class Orthogonal(Initializer):
    """A random orthogonal matrix (Saxe, McClelland and Ganguli 2014).

    Shapes of more than two axes are read as ``(product of the others, last)``; the shorter side's
    vectors are orthonormal.

    Args:
        gain: Factor of the matrix.
        seed: Int or SeedGenerator; default: drawn.

    Raises:
        ValueError: On a call with a shape of less than two axes.

    Example:
        >>> import nacre
        >>> q = nacre.initializers.Orthogonal(seed=1)((3, 3))
        >>> bool(nacre.ops.all(abs(q @ nacre.ops.transpose(q) - nacre.ops.eye(3)) < 1e-5))
        True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None: ...
