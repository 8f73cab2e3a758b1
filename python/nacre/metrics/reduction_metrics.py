"""Sums and means of values."""

from __future__ import annotations

from typing import Any

from nacre._native import function_core, native
from nacre.metrics.metric import Metric, PairMetric
from nacre.ops import convert_to_tensor


class _ValueMetric(Metric):
    """A metric of one tensor of values."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values.

        Args:
            values: A scalar or a tensor.
            sample_weight: Weight of each value.

        Raises:
            ValueError: The weights do not fit the values.
        """
        weight = None if sample_weight is None else convert_to_tensor(sample_weight)
        self._native_core.update_state(convert_to_tensor(values), None, weight)


@native
class Sum(_ValueMetric):
    """The weighted sum of values.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.Sum()
        >>> metric.update_state([1, 3, 5], sample_weight=[1, 1, 0])
        >>> float(metric.result())
        4.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None: ...


@native
class Mean(_ValueMetric):
    """The weighted mean of values.

    Args:
        name: Name of the metric.
        dtype: Dtype of the result.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.Mean()
        >>> metric.update_state([1, 3, 5], sample_weight=[1, 1, 0])
        >>> float(metric.result())
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None: ...


class MeanMetricWrapper(PairMetric):
    """The mean of a Python function of targets and predictions.

    Args:
        fn: ``fn(y_true, y_pred, **kwargs)``: one value a sample, made with ``nacre.ops``.
        name: Name of the metric; default: that of the function.
        dtype: Dtype of the result.
        **kwargs: Passed to ``fn``.

    Example:
        >>> import nacre
        >>> metric = nacre.metrics.MeanMetricWrapper(lambda y, p: nacre.ops.abs(y - p), name="gap")
        >>> metric.update_state([1.0, 2.0], [1.0, 4.0])
        >>> float(metric.result())
        1.0
    """

    def __init__(self, fn: Any, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        if not callable(fn):
            raise TypeError(f"MeanMetricWrapper: expected fn to be a function, received {fn!r}")
        name = str(name or getattr(fn, "__name__", "mean_metric_wrapper"))
        super().__init__(dtype=dtype, name=name)
        self._fn = fn
        self._fn_kwargs = kwargs
        function = (lambda y_true, y_pred: fn(y_true, y_pred, **kwargs)) if kwargs else fn
        self._native_core = function_core("metric", name, function)
        if type(self).update_state is PairMetric.update_state:
            self._core = self._native_core

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        from nacre.saving import serialize_keras_object

        config = {"name": self.name, "dtype": self.dtype, "fn": serialize_keras_object(self._fn)}
        return {**config, **{k: serialize_keras_object(v) for k, v in self._fn_kwargs.items()}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric from what ``get_config`` returned."""
        from nacre.saving import deserialize_config_values

        return cls(**deserialize_config_values(config))
