"""The base class of callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Logs = Mapping[str, Any]

BATCH_HOOKS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)
HOOKS = (
    "on_train_begin",
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_test_begin",
    "on_test_end",
    "on_predict_begin",
    "on_predict_end",
    "on_batch_begin",
    "on_batch_end",
    *BATCH_HOOKS,
)
# The older names, which the base class's methods call.
ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class Callback:
    """Base class: override the hooks you need, and pass an instance to ``fit``.

    ``logs`` holds the metrics by name, as floats; those of the validation begin
    with ``val_``. Only overridden hooks cost anything: without a batch hook,
    training does not enter Python for a batch.

    Attributes:
        params: Dictionary with ``verbose``, ``epochs`` and ``steps``.
        model: The model that is trained, evaluated or asked to predict.

    Example:

    >>> import nacre
    >>> class Losses(nacre.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs["loss"])
    >>> callbacks = nacre.callbacks.CallbackList([Losses()])
    >>> callbacks.on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    params: dict[str, Any] | None = None
    _model: Any = None

    def __init__(self) -> None:
        self.params = None
        self._model = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Takes over the run's parameters.

        Args:
            params: Dictionary with ``verbose``, ``epochs`` and ``steps``.
        """
        self.params = params

    def set_model(self, model: Any) -> None:
        """Takes over the model.

        Args:
            model: The model.
        """
        self._model = model

    @property
    def model(self) -> Any:
        """The model."""
        return self._model

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of ``on_train_batch_begin``, which calls it."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of ``on_train_batch_end``, which calls it."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called when an epoch of training begins.

        Args:
            epoch: Its index, from 0.
            logs: Empty.
        """

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called when an epoch of training, with its validation, has ended.

        Args:
            epoch: Its index, from 0.
            logs: The metrics of the epoch, and of the validation with ``val_``.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of ``fit``.

        Args:
            batch: Its index in the epoch, from 0.
            logs: Empty.
        """
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of ``fit``.

        Args:
            batch: Its index in the epoch, from 0.
            logs: The metrics of the epoch so far.
        """
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of ``evaluate`` or of the validation in ``fit``.

        Args:
            batch: Its index, from 0.
            logs: Empty.
        """

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of ``evaluate`` or of the validation in ``fit``.

        Args:
            batch: Its index, from 0.
            logs: The metrics so far.
        """

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of ``predict``.

        Args:
            batch: Its index, from 0.
            logs: Empty.
        """

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of ``predict``.

        Args:
            batch: Its index, from 0.
            logs: ``{"outputs": the batch's predictions}``.
        """

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called when ``fit`` begins.

        Args:
            logs: Empty.
        """

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called when ``fit`` ends.

        Args:
            logs: Those of the last epoch.
        """

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called when ``evaluate`` or the validation in ``fit`` begins.

        Args:
            logs: Empty.
        """

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called when ``evaluate`` or the validation in ``fit`` ends.

        Args:
            logs: The metrics.
        """

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called when ``predict`` begins.

        Args:
            logs: Empty.
        """

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called when ``predict`` ends.

        Args:
            logs: Empty.
        """

    def _needs(self, hook: str) -> bool:
        """Whether a trainer must call this hook. Batch hooks alone are asked for by name."""
        return overrides(self, hook)


def overrides(callback: object, hook: str) -> bool:
    """Says whether a callback does anything in a hook.

    Args:
        callback: A callback, or any object with some of its methods.
        hook: Name of the hook.

    Returns:
        ``True`` if its class, or the object itself, has a method of its own.
    """
    names = [hook]
    if hook in ALIASES:
        names.append(ALIASES[hook])
    own = getattr(callback, "__dict__", {})
    for name in names:
        if name in own:
            return True
        method = getattr(type(callback), name, None)
        if method is not None and method is not getattr(Callback, name):
            return True
    return False
