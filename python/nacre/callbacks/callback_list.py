"""CallbackList: many callbacks behind one, and what a trainer needs to know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np

from nacre.callbacks.callback import ALIASES, HOOKS, Callback, Logs, overrides
from nacre.callbacks.history import History
from nacre.callbacks.progbar_logger import ProgbarLogger

# Seconds between two calls of `progress`: ten a second look smooth and cost nothing.
PROGRESS_INTERVAL = 0.1


class CallbackList(Callback):
    """Calls several callbacks as one. The README of this folder tells trainers how.

    Args:
        callbacks: Callbacks, in lists nested as you like.
        add_history: Whether to add a ``History`` if there is none. Defaults to
            ``False``.
        add_progbar: Whether to add a ``ProgbarLogger`` if there is none.
            Defaults to ``False``.
        model: The model.
        **params: What callbacks find in ``params``: ``verbose``, ``epochs`` and
            ``steps``.

    Raises:
        TypeError: If something in ``callbacks`` is not a callback.

    Example:

    >>> import nacre
    >>> stop = nacre.callbacks.EarlyStopping(monitor="loss")
    >>> callbacks = nacre.callbacks.CallbackList([stop], add_history=True, epochs=5)
    >>> callbacks.overrides("on_epoch_end"), callbacks.overrides("on_train_batch_end")
    (True, False)
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = [_checked(callback) for callback in _flatten(callbacks)]
        self._history: History | None = None
        self._progbar: ProgbarLogger | None = None
        for callback in self.callbacks:
            if isinstance(callback, History):
                self._history = callback
            elif isinstance(callback, ProgbarLogger):
                self._progbar = callback
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if self._progbar is None and add_progbar:
            self._progbar = ProgbarLogger()
            self.callbacks.append(self._progbar)
        self._calls: dict[str, list[Callable[..., Any]]] = {}
        self._needed: frozenset[str] = frozenset()
        self._refresh()
        self.set_model(model)
        self.set_params(params)

    def append(self, callback: Any) -> None:
        """Adds a callback at the end.

        Args:
            callback: The callback.
        """
        self.callbacks.append(_checked(callback))
        if isinstance(callback, History):
            self._history = callback
        elif isinstance(callback, ProgbarLogger):
            self._progbar = callback
        if self._model is not None:
            callback.set_model(self._model)
        if self.params:
            callback.set_params(self.params)
        self._refresh()

    def set_params(self, params: dict[str, Any]) -> None:
        """Gives the run's parameters to all callbacks.

        Args:
            params: Dictionary with ``verbose``, ``epochs`` and ``steps``.
        """
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Gives the model to all callbacks.

        Args:
            model: The model; ``None`` does nothing.
        """
        if model is None:
            return
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    # What a trainer asks.

    def overrides(self, hook: str, besides: type | None = None) -> bool:
        """Says whether a hook must be called at all.

        A progress bar does not count for batch hooks: ``progress`` drives it.

        Args:
            hook: Name of the hook, for example ``"on_train_batch_end"``.
            besides: A class (not its subclasses) that does not count, because
                the caller does its work.

        Returns:
            ``True`` if some callback needs it.
        """
        if besides is None:
            return hook in self._needed
        return any(type(cb) is not besides and _needs(cb, hook) for cb in self.callbacks)

    def has(self, kind: type) -> bool:
        """Says whether there is a callback of a class (not of its subclasses).

        Args:
            kind: The class.

        Returns:
            ``True`` if there is.
        """
        return any(type(callback) is kind for callback in self.callbacks)

    @property
    def progress(self) -> Callable[[int, Callable[[], Logs]], None] | None:
        """What to call by time while batches run, or ``None`` if nothing is to be drawn.

        ``progress(step, get_logs)``: ``step`` is the number of batches done,
        ``get_logs()`` gives the metrics so far and is called only if they are
        shown.
        """
        if self._progbar is None or not self._progbar.draws:
            return None
        return self._progbar.progress

    @property
    def progress_interval(self) -> float:
        """Shortest time between two calls of ``progress``, in seconds."""
        return PROGRESS_INTERVAL

    def set_steps(self, steps: int) -> None:
        """Says how many batches there were, where ``steps`` was ``None``.

        To be called before ``on_epoch_end``, ``on_test_end`` or
        ``on_predict_end``.

        Args:
            steps: Number of batches.
        """
        if self._progbar is not None:
            self._progbar.set_steps(steps)

    def _refresh(self) -> None:
        # Hooks may be set on an instance after construction, so every run begins with this.
        calls: dict[str, list[Callable[..., Any]]] = {}
        needed = set()
        for hook in HOOKS:
            calls[hook] = [_method(cb, hook) for cb in self.callbacks if overrides(cb, hook)]
            if any(_needs(callback, hook) for callback in self.callbacks):
                needed.add(hook)
        self._calls = calls
        self._needed = frozenset(needed)

    def _needs(self, hook: str) -> bool:
        return hook in self._needed

    # The hooks.

    def _run(self, hook: str, logs: Logs | None) -> None:
        plain = plain_logs(logs)
        for call in self._calls[hook]:
            call(plain)

    def _run_at(self, hook: str, index: int, logs: Logs | None) -> None:
        calls = self._calls[hook]
        if calls:
            plain = plain_logs(logs)
            for call in calls:
                call(index, plain)

    def _run_batch(self, hook: str, batch: int, logs: Logs | None) -> None:
        calls = self._calls[hook]
        if calls:
            plain = plain_logs(logs)
            for call in calls:
                call(batch, logs=plain)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._refresh()
        self._run("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._run("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._run_at("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._run_at("on_epoch_end", epoch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._refresh()
        self._run("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._run("on_test_end", logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._refresh()
        self._run("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._run("on_predict_end", logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_batch_end", batch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._run_batch("on_predict_batch_end", batch, logs)


def plain_logs(logs: Logs | None) -> dict[str, Any]:
    """Makes logs as Keras gives them to callbacks: flat, sorted by name, scalars as floats.

    Args:
        logs: Values by name; a value may be a dictionary of more.

    Returns:
        A new dictionary, which callbacks may add to.
    """
    result: dict[str, Any] = {}
    for name, value in sorted(logs.items()) if logs else ():
        if type(value) is float:
            result[name] = value
        elif isinstance(value, dict):
            result.update(plain_logs(value))
        else:
            result[name] = _plain(value)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.size != 1:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _method(callback: Any, hook: str) -> Callable[..., Any]:
    # An object that is no Callback may have the older name alone.
    method = getattr(callback, hook, None) or getattr(callback, ALIASES[hook])
    return cast("Callable[..., Any]", method)


def _needs(callback: Any, hook: str) -> bool:
    if isinstance(callback, Callback):
        return callback._needs(hook)
    return overrides(callback, hook)


def _flatten(callbacks: Any) -> Iterable[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, dict):
        callbacks = callbacks.values()
    elif not isinstance(callbacks, (list, tuple)):
        yield callbacks
        return
    for callback in callbacks:
        yield from _flatten(callback)


def _checked(callback: Any) -> Any:
    if isinstance(callback, type):
        raise TypeError(
            f"callbacks: expected instances of Callback, received the class {callback.__name__}: "
            f"write {callback.__name__}(...)"
        )
    if not (hasattr(callback, "set_model") and hasattr(callback, "set_params")):
        raise TypeError(
            "callbacks: expected instances of Callback, received "
            f"{callback!r} of type {type(callback).__name__}"
        )
    return callback
