"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nacre.callbacks.callback import HOOKS, Callback


class LambdaCallback(Callback):
    """Calls the given functions at the hooks of their names.

    Epoch hooks are called with ``(epoch, logs)``, batch hooks with
    ``(batch, logs=logs)``, the others with ``(logs)``.

    Args:
        on_epoch_begin: Called when an epoch begins.
        on_epoch_end: Called when an epoch has ended.
        on_train_begin: Called when ``fit`` begins.
        on_train_end: Called when ``fit`` ends.
        on_train_batch_begin: Called before a batch of ``fit``.
        on_train_batch_end: Called after a batch of ``fit``.
        **kwargs: Functions for the other hooks, by name.

    Raises:
        TypeError: If a name that begins with ``on_`` is no hook.

    Example:

    >>> import nacre
    >>> show = nacre.callbacks.LambdaCallback(
    ...     on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"])
    ... )
    >>> nacre.callbacks.CallbackList([show]).on_epoch_end(3, {"loss": 0.5})
    3 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        for name in kwargs:
            if name.startswith("on_") and name not in HOOKS:
                import difflib

                near = difflib.get_close_matches(name, HOOKS, 1)
                hint = f" Did you mean '{near[0]}'?" if near else ""
                raise TypeError(
                    f"LambdaCallback: expected hooks among {', '.join(HOOKS)}, received "
                    f"'{name}'.{hint}"
                )
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        self.__dict__.update(kwargs)
        self.__dict__.update({name: call for name, call in given.items() if call is not None})
