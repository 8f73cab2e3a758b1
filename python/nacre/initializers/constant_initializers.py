"""Initializers that draw nothing."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.initializers.initializer import Initializer


@native
class Zeros(Initializer):
    """All zeros.

    Example:
        >>> import nacre
        >>> nacre.initializers.Zeros()((2,))
        Tensor([0., 0.], dtype=float32)
    """

    def __init__(self) -> None: ...


@native
class Ones(Initializer):
    """All ones.

    Example:
        >>> import nacre
        >>> nacre.initializers.Ones()((2,))
        Tensor([1., 1.], dtype=float32)
    """

    def __init__(self) -> None: ...


@native
class Constant(Initializer):
    """One value, or values that broadcast to the shape.

    Args:
        value: A number, or an array-like.

    Example:
        >>> import nacre
        >>> nacre.initializers.Constant(3.0)((2,))
        Tensor([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None: ...


@native
class Identity(Initializer):
    """The identity matrix.

    Args:
        gain: Value on the diagonal.

    Raises:
        ValueError: On a call with a shape that is not a matrix's.

    Example:
        >>> import nacre
        >>> nacre.initializers.Identity(2.0)((2, 2))
        Tensor([[2., 0.],
                [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None: ...


@native
class STFT(Initializer):
    """Kernels of a convolution that is a short-time Fourier transform.

    Args:
        side: "real" or "imag": which part of the transform the kernel gives.
        window: Weights of a frame's samples: "hann", "hamming", "blackman", "bartlett",
            "boxcar", the values, or None.
        scaling: "density" divides the window by its L2 norm, "spectrum" by its L1 norm, None leaves
            it.
        periodic: Whether the window is one period of a periodic one.

    Raises:
        ValueError: An argument does not fit, or a call with a shape other than ``(frame length, 1,
            bins)``.

    Example:
        >>> import nacre
        >>> nacre.initializers.STFT("real", None)((2, 1, 3)).numpy()[:, 0].round(3).tolist()
        [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0]]
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None: ...
