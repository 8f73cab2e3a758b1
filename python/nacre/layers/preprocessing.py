"""Preprocessing of numbers: Rescaling and Normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import native
from nacre.layers.layer import Layer


@native
class Rescaling(Layer):
    """``x * scale + offset``.

    Args:
        scale: Factor: a number, or one for each channel.
        offset: Added number, or one for each channel.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> import nacre
        >>> nacre.layers.Rescaling(1 / 255)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        scale: Any,
        offset: Any = 0.0,
        **kwargs: Any,
    ) -> None: ...


@native
class Normalization(Layer):
    """``(x - mean) / sqrt(variance)``, with statistics that are given or taken from data.

    Args:
        axis: Axis or axes that keep statistics of their own; ``None``: one mean and variance for
            all elements.
        mean: Mean; default: that of the data given to ``adapt``.
        variance: Variance; given together with ``mean``.
        invert: Whether the inverse is computed: ``x * sqrt(variance) + mean``.

    Input shape:
        Any with known sizes along ``axis``.

    Output shape:
        That of the input.

    Raises:
        ValueError: Only one of ``mean`` and ``variance`` is given, or the input does not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> layer = nacre.layers.Normalization()
        >>> layer.adapt(np.array([[0.0], [2.0]]))
        >>> layer(np.array([[3.0]])).numpy().tolist()
        [[2.0]]
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None: ...

    @property
    def mean(self) -> Any:
        """The mean that is subtracted, shaped to broadcast to the input."""
        return self._statistic("mean")

    @property
    def variance(self) -> Any:
        """The variance of the data, shaped to broadcast to the input."""
        return self._statistic("variance")

    def _statistic(self, name: str) -> Any:
        given = self._arguments[name]
        if not self.built:
            return given
        values = (
            np.asarray(given, np.float32)
            if given is not None
            else next(v for v in self._core.own_variables if v.name == name).numpy()
        )
        shape = self._broadcast_shape(self._core.build_shapes[0])
        return np.broadcast_to(values if values.shape == shape else values.reshape(shape), shape)

    def _broadcast_shape(self, shape: tuple) -> tuple:
        kept = self._kept_axes(len(shape))
        return tuple(size if i in kept else 1 for i, size in enumerate(shape))

    def _kept_axes(self, rank: int) -> tuple:
        return () if self.axis is None else tuple(axis % rank for axis in self.axis)

    def _config_value(self, name: str) -> Any:
        return self._arguments[name] if name in ("mean", "variance") else getattr(self, name)

    def adapt(self, data: Any) -> None:
        """Takes mean and variance from data, in place of those of earlier calls.

        Args:
            data: An array, or an iterable of batches (arrays).

        Raises:
            RuntimeError: ``mean`` and ``variance`` were given.
            ValueError: There are no data, or they do not fit the shape the layer was built for.
        """
        if self._arguments["mean"] is not None:
            raise RuntimeError(
                f"Normalization '{self.name}': adapt() needs a layer without mean and variance"
            )
        batches = [data] if hasattr(data, "shape") else data
        count, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in batches:
            x = np.asarray(batch, np.float64)
            if not self.built:
                self.build(x.shape)
            kept = self._kept_axes(x.ndim)
            axes = tuple(i for i in range(x.ndim) if i not in kept)
            size = int(np.prod([x.shape[i] for i in axes]))
            if size == 0:
                continue
            # Statistics of both parts joined (Chan et al. 1979).
            batch_mean = x.mean(axes)
            share = size / (count + size)
            shift = batch_mean - mean
            variance = variance * (1 - share) + x.var(axes) * share + shift**2 * share * (1 - share)
            mean = mean + shift * share
            count += size
        if count == 0:
            raise ValueError(f"Normalization '{self.name}': adapt() needs data, received none")
        for variable in self._core.own_variables:
            if variable.name in ("mean", "variance"):
                variable.assign(mean if variable.name == "mean" else variance)
