"""TerminateOnNaN: end training when the loss is no number."""

from __future__ import annotations

import math

from nacre.callbacks.callback import Callback, Logs
from nacre.utils.console import print_msg


class TerminateOnNaN(Callback):
    """Ends ``fit`` when the loss is NaN or infinite.

    Args:
        raise_error: Whether to raise an error, so that no ``on_train_end``
            runs, in place of ending normally. Defaults to ``False``.

    Raises:
        RuntimeError: While training, with ``raise_error=True``.

    Example:

    >>> import nacre
    >>> stop = nacre.callbacks.TerminateOnNaN(raise_error=True)
    >>> stop.on_batch_end(7, {"loss": float("nan")})
    Traceback (most recent call last):
        ...
    RuntimeError: TerminateOnNaN: expected a finite loss, received nan at batch 7
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Checks the loss.

        Args:
            batch: Index of the batch in the epoch, from 0.
            logs: The metrics of the epoch so far.
        """
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"TerminateOnNaN: expected a finite loss, received {loss} at batch {batch}"
            )
        print_msg(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
