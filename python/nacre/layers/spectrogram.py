"""Signals as pictures of their frequencies over time."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer


@native
class STFTSpectrogram(Layer):
    """The frequencies of a signal over time, by convolutions whose kernels may be trained.

    Args:
        mode: What is given of each bin: "log" or "magnitude" of the amplitude, "psd" (the power, of
            both signs of the frequency), "real", "imag", "angle", or "stft" (real, then imaginary
            parts).
        frame_length: Samples in a frame.
        frame_step: Samples from one frame to the next; default: half a frame.
        fft_length: Points of the transform, at least ``frame_length``; default: the next power
            of 2.
        window: Weights of a frame's samples: "hann", "hamming", "blackman", "bartlett",
            "boxcar", the values, or None.
        periodic: Whether the window is one period of a periodic one.
        scaling: "density" divides the window by its L2 norm, "spectrum" by its L1 norm, None leaves
            it.
        padding: "valid", or "same": frames reach beyond the ends, where there are zeros.
        expand_dims: Whether channels and bins have axes of their own: an image for image models.
        data_format: "channels_last" or "channels_first"; default: that of ``nacre.config``.

    Input shape:
        ``(batch, time, channels)``, or ``(batch, channels, time)``; of floating dtype.

    Output shape:
        ``(batch, frames, channels * bins)``, expanded ``(batch, frames, bins, channels)``; channels
        first ``(batch, channels * bins, frames)``, expanded ``(batch, channels, frames, bins)``.
        There are ``fft_length / 2 + 1`` bins, twice as many with mode "stft".

    Raises:
        ValueError: An argument or the input's shape does not fit.
        TypeError: An input of another dtype.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.STFTSpectrogram(frame_length=64, frame_step=32, trainable=False)
        >>> layer(nacre.ops.ones((2, 160, 1))).shape
        (2, 4, 33)
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class MelSpectrogram(Layer):
    """The power of a sound in bands that are evenly spaced to the ear, over time.

    The mel scale is 2595 log10(1 + f / 700).

    Args:
        fft_length: Points of each Fourier transform.
        sequence_stride: Samples from one window to the next.
        sequence_length: Samples in a window; default: ``fft_length``.
        window: "hann", "hamming", "blackman", "bartlett", "boxcar", the values, or None.
        sampling_rate: Samples per second.
        num_mel_bins: Number of bands.
        min_freq: Where the lowest band begins, in Hertz.
        max_freq: Where the highest band ends; default: half of ``sampling_rate``.
        power_to_db: Whether the result is in decibels.
        top_db: How far below the largest value others may be, in decibels.
        mag_exp: Power of the amplitude: 1 for the amplitude, 2 for the power.
        min_power: Smaller values count as this one.
        ref_power: Value of 0 decibels.

    Input shape:
        ``(samples,)`` or ``(batch, samples)``.

    Output shape:
        ``(num_mel_bins, windows)`` or ``(batch, num_mel_bins, windows)``.

    Raises:
        ValueError: An argument or the input's shape does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.MelSpectrogram(64, 16, sampling_rate=800, num_mel_bins=8)
        >>> layer(nacre.ops.ones((2, 160))).shape
        (2, 8, 11)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: float = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None: ...
