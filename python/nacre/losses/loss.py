"""Loss: the base of what training minimizes."""

from __future__ import annotations

from typing import Any

from nacre._native import Native, python_core
from nacre.ops import convert_to_tensor


class Loss(Native):
    """Compares targets and predictions: one value a sample, weighted and reduced to a scalar.

    Subclasses write ``call(y_true, y_pred)``, made with ``nacre.ops``, which returns one value a
    sample. A plain function of ``(y_true, y_pred)`` serves as well in ``compile``.

    Args:
        name: Name of the loss.
        reduction: "sum_over_batch_size" (the mean), "mean", "sum", "mean_with_sample_weight" (the
            sum divided by the sum of weights), "none" or None.
        dtype: Dtype of the computation; default: that of the predictions, at least ``float32``.

    Example:
        >>> import nacre
        >>> class Cubic(nacre.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return nacre.ops.mean(abs(y_true - y_pred) ** 3, axis=-1)
        >>> float(Cubic()([[0.0], [0.0]], [[1.0], [2.0]]))
        4.5
    """

    _module = "losses"
    _base_arguments = ("name", "dtype")
    _hooks = ("call",)

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self._init_python({"name": name, "reduction": reduction, "dtype": dtype})

    def _init_python(self, arguments: dict[str, Any]) -> None:
        self._settings = {
            key: arguments.get(key) for key in ("name", "dtype") if arguments.get(key) is not None
        }
        self._settings["reduction"] = arguments.get("reduction")
        if "_arguments" not in self.__dict__:
            core = self._make_core()  # checks the settings
            self._arguments = {"name": core.name, "reduction": arguments.get("reduction")}
            self._arguments["dtype"] = arguments.get("dtype")

    def _make_core(self) -> Any:
        if "_settings" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__}: call super().__init__() first")
        return python_core("Loss", self, type(self).__name__, self._settings)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: Weight of each sample; broadcasts to the values of ``call``.

        Returns:
            A scalar tensor; with ``reduction=None`` one value a sample.

        Raises:
            ValueError: The shapes do not fit.
        """
        weight = None if sample_weight is None else convert_to_tensor(sample_weight)
        return self._core(convert_to_tensor(y_true), convert_to_tensor(y_pred), weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value a sample."""
        if self._native_core is None:
            raise NotImplementedError(f"{type(self).__name__}: call is not implemented")
        return self._native_core.call(convert_to_tensor(y_true), convert_to_tensor(y_pred))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        if self._native_core is not None:
            return super().get_config()
        config = {"name": self.name, "reduction": self.reduction}
        if self._arguments["dtype"] is not None:
            config["dtype"] = str(self._arguments["dtype"])
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss from what ``get_config`` returned."""
        return super().from_config(config) if cls._native_class else cls(**config)
