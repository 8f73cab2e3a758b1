"""Metric: the base of what is measured while a model trains."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import Native, is_variable, python_core
from nacre.ops import convert_to_tensor


class Metric(Native):
    """Totals held in variables, updated by every batch, read when asked.

    Subclasses make variables with ``add_variable`` and write
    ``update_state(y_true, y_pred, sample_weight=None)`` and ``result()``, made with ``nacre.ops``.

    Args:
        dtype: Dtype of the result; default: ``floatx``.
        name: Name in logs; default: made from the class name.

    Example:
        >>> import nacre
        >>> class Positives(nacre.metrics.Metric):
        ...     def __init__(self, name="positives", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.count = self.add_variable(shape=(), initializer="zeros", name="count")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.count.assign_add(nacre.ops.sum(nacre.ops.cast(y_true, "float32")))
        ...     def result(self):
        ...         return self.count
        >>> metric = Positives()
        >>> metric.update_state([0, 1, 1], [0, 0, 1])
        >>> float(metric.result())
        2.0
    """

    _module = "metrics"
    _base_arguments = ("name", "dtype")
    _hooks = ("update_state", "result", "reset_state")
    _direction: str | None = None  # "up": more is better

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._arguments = {"name": name, "dtype": dtype}
        self._init_python(self._arguments)

    def _init_python(self, arguments: dict[str, Any]) -> None:
        settings = {
            key: arguments[key] for key in ("name", "dtype") if arguments.get(key) is not None
        }
        self._core = python_core("Metric", self, type(self).__name__, settings)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, Metric):
            self.__dict__.setdefault("_metrics", []).append(value)
        elif is_variable(value) and "_core" in self.__dict__:
            own = self.__dict__.setdefault("_own_variables", [])
            if all(value is not known for known in [*self._core.variables, *own]):
                own.append(value)

    @property
    def name(self) -> str:
        """The metric's name."""
        return self._core.name

    @name.setter
    def name(self, value: str) -> None:
        self._core.name = value

    @property
    def dtype(self) -> str:
        """The dtype of the result."""
        return self._core.dtype

    @property
    def variables(self) -> list:
        """The variables of this metric and of metrics among its attributes."""
        found = list(self._core.variables)
        if self._native_core is not None and self._native_core is not self._core:
            found += self._native_core.variables
        found += self.__dict__.get("_own_variables", [])
        for metric in self.__dict__.get("_metrics", []):
            found += metric.variables
        return found

    @property
    def non_trainable_variables(self) -> list:
        """The same as ``variables``: training changes none of them."""
        return self.variables

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        layout: Any = None,
        name: str | None = None,
    ) -> Any:
        """A new variable of this metric.

        Args:
            shape: Its shape.
            initializer: Initializer or name.
            dtype: Its dtype; default: that of the metric.
            aggregation: Kept for Keras's signature.
            layout: Kept for Keras's signature.
            name: Its name.

        Returns:
            A Variable.
        """
        from nacre import initializers

        return self._core.add_variable(
            name or "variable", tuple(shape), dtype or self.dtype, initializers.get(initializer)
        )

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Any:
        """The same as ``add_variable``; without an initializer zeros."""
        return self.add_variable(shape, initializer or "zeros", dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch to the totals."""
        raise NotImplementedError(f"{type(self).__name__}: update_state is not implemented")

    def result(self) -> Any:
        """The metric of what was added so far: a tensor."""
        if self._native_core is None:
            raise NotImplementedError(f"{type(self).__name__}: result is not implemented")
        return self._native_core.result()

    def reset_state(self) -> None:
        """Sets the variables back to zero."""
        if self._native_core is not None:
            self._native_core.native_reset_state()
        if self._core is not self._native_core:
            self._core.reset_state()
        for variable in self.__dict__.get("_own_variables", []):
            variable.assign(np.zeros(variable.shape))
        for metric in self.__dict__.get("_metrics", []):
            metric.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """``update_state`` and then ``result``."""
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        if self._native_core is not None:
            return super().get_config()
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric from what ``get_config`` returned."""
        return super().from_config(config) if cls._native_class else cls(**config)


class PairMetric(Metric):
    """A metric of targets and predictions that C++ computes."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch to the totals.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: Weight of each sample.

        Raises:
            ValueError: The shapes do not fit.
        """
        weight = None if sample_weight is None else convert_to_tensor(sample_weight)
        self._native_core.update_state(convert_to_tensor(y_true), convert_to_tensor(y_pred), weight)
