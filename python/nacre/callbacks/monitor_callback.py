"""What EarlyStopping, ModelCheckpoint and ReduceLROnPlateau share: is this value better?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nacre.callbacks.callback import Callback

# Endings of metric names whose direction is known where the metric itself does not say.
_UP = ("acc", "accuracy", "auc", "precision", "recall", "f1_score", "fbeta_score", "r2_score")
_DOWN = ("loss", "error", "mse", "mae", "rmse", "crossentropy", "divergence")


class MonitorCallback(Callback):
    """Base of the callbacks that watch one metric.

    Args:
        monitor: Name of the metric in ``logs``. Defaults to ``"val_loss"``.
        mode: ``"min"`` if less is better, ``"max"`` if more is, ``"auto"`` to
            take it from the metric. Defaults to ``"auto"``.
        baseline: The value to begin with as the best. Defaults to none.
        min_delta: The least change that counts. Defaults to ``0``.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: expected `mode` 'auto', 'min' or 'max', received "
                f"{mode!r}; taking 'auto'",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best: Any = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op: Callable[[Any, Any], Any] | None = None

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        if self.monitor_op is None:  # not before the model's metrics are built
            self.monitor_op = np.greater if self._more_is_better() else np.less
        if reference is None:
            return True
        delta = self.min_delta if self.monitor_op is np.greater else -self.min_delta
        return bool(self.monitor_op(value - delta, reference))

    def _more_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return False
        for metric in _flat_metrics(getattr(self.model, "metrics", None) or ()):
            direction = getattr(metric, "_direction", None)
            if getattr(metric, "name", None) == name and direction is not None:
                return bool(direction == "up")
        if name.endswith(_UP):
            return True
        if name.endswith(_DOWN):
            return False
        raise ValueError(
            f"{type(self).__name__}: expected `mode` 'min' or 'max' for the metric "
            f"'{self.monitor}', whose direction is not known, received mode='auto'"
        )


def _flat_metrics(metrics: Iterable[Any]) -> Iterable[Any]:
    for metric in metrics:
        yield metric
        inner = getattr(metric, "metrics", None)
        if isinstance(inner, (list, tuple)):
            yield from _flat_metrics(inner)
