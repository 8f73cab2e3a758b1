"""Short-time Fourier transforms."""

from typing import Any

import numpy as np

from nacre import _core
from nacre._core import Tensor
from nacre.ops.conversion import convert_to_tensor


def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> tuple[Tensor, Tensor]:
    """Fourier transforms of short windows that slide along the last axis.

    Args:
        x: a tensor of shape (..., samples), float32 or float64.
        sequence_length: samples in a window.
        sequence_stride: samples from one window to the next.
        fft_length: points of each transform, at least `sequence_length`.
        window: 'hann', 'hamming', a tensor of shape (sequence_length,), or None for none.
        center: whether window t is around sample t * sequence_stride, with `x` continued by its
            reflection; otherwise it begins there.

    Returns:
        The real and the imaginary part, of shape (..., windows, fft_length / 2 + 1).

    Example:
        >>> from nacre import ops
        >>> real, imag = ops.stft([0.0, 1.0, 2.0, 3.0, 4.0], 3, 1, 4)
        >>> real.shape
        (6, 3)
    """
    x = convert_to_tensor(x)
    values = _window_values("stft", window, sequence_length, x.dtype)
    return _core.op("framed_fft")(
        x, values, sequence_length, sequence_stride, fft_length, bool(center)
    )


def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """The signal of a short-time Fourier transform: `stft` undone where windows overlap enough.

    Args:
        x: the real and the imaginary part, of shape (..., windows, fft_length / 2 + 1).
        sequence_length: as for `stft`; so are the next two.
        sequence_stride: samples from one window to the next.
        fft_length: points of each transform.
        length: samples of the result; default: all there are.
        window: as for `stft`.
        center: as for `stft`.

    Returns:
        A tensor of shape (..., samples).

    Example:
        >>> from nacre import ops
        >>> x = ops.convert_to_tensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
        >>> ops.round(ops.istft(ops.stft(x, 4, 2, 4), 4, 2, 4), 4)
        Tensor([0., 1., 2., 3., 4., 5.], dtype=float32)
    """
    op = _core.op
    frames = op("irfft")(x, fft_length)
    if frames.ndim < 2 or None in frames.shape[-2:]:
        raise ValueError(
            f"istft: expected tensors of shape (..., windows, bins), received {frames.shape}"
        )
    values = _window_values("istft", window, sequence_length, frames.dtype)
    taper = np.zeros(fft_length)
    start = (fft_length - sequence_length) // 2
    taper[start : start + sequence_length] = 1.0 if values is None else values.numpy()

    # Each sample is in several windows: their weighted sum over the sum of squared weights.
    count = frames.shape[-2]
    samples = (count - 1) * sequence_stride + fft_length
    places = np.add.outer(np.arange(count) * sequence_stride, np.arange(fft_length))
    weights = np.zeros(samples)
    np.add.at(weights, places, np.broadcast_to(taper**2, places.shape))
    weighted = frames * convert_to_tensor(taper, frames.dtype)
    outer = tuple(frames.shape[:-2])
    flat = op("transpose")(op("reshape")(weighted, (-1, places.size)))
    ids = convert_to_tensor(places.reshape(-1), "int32")
    total = op("transpose")(op("segment_sum")(flat, ids, samples))
    total = total / convert_to_tensor(np.where(weights > 1e-10, weights, 1.0), frames.dtype)
    total = op("reshape")(total, (*outer, samples))

    first = fft_length // 2 if center else 0
    last = samples - first if length is None else first + length
    if last > samples:
        total = op("pad")(total, ((0, 0),) * len(outer) + ((0, last - samples),))
    return total[..., first:last]


def _window_values(caller: str, window: Any, length: int, dtype: str) -> Tensor | None:
    """The window's tensor of `length` values; None for none."""
    if window is None:
        return None
    if isinstance(window, str):
        share = {"hann": 0.5, "hamming": 0.54}.get(window)
        if share is None:
            raise ValueError(
                f"{caller}: expected window 'hann', 'hamming', a tensor or None, received "
                f"{window!r}"
            )
        # Periodic: the next period would begin with the first value again.
        angle = 2 * np.pi * np.arange(length) / length
        window = np.ones(1) if length == 1 else share - (1 - share) * np.cos(angle)
    values = convert_to_tensor(window, dtype)
    if tuple(values.shape) != (length,):
        raise ValueError(
            f"{caller}: expected a window of shape ({length},), received {values.shape}"
        )
    return values
