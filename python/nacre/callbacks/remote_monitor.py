"""RemoteMonitor: sends the metrics of each epoch to a server."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from nacre.callbacks.callback import Callback, Logs

_TIMEOUT = 10.0  # seconds: a server that hangs holds training up once an epoch, not for ever


class RemoteMonitor(Callback):
    """Posts the logs of every epoch to an HTTP server; a failure is a warning.

    Args:
        root: Address of the server. Defaults to ``"http://localhost:9000"``.
        path: Path on the server. Defaults to ``"/publish/epoch/end/"``.
        field: Name of the form's field that holds the JSON text; without
            ``send_as_json`` only. Defaults to ``"data"``.
        headers: Further HTTP headers, as a dictionary. Defaults to none.
        send_as_json: Whether the body is JSON in place of a form. Defaults to
            ``False``.

    Example:

    >>> import nacre
    >>> nacre.callbacks.RemoteMonitor("http://localhost:8000", send_as_json=True).path
    '/publish/epoch/end/'
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json
        if not (self.root + self.path).startswith(("http://", "https://")):
            raise ValueError(
                "RemoteMonitor: expected `root` to begin with http:// or https://, received "
                f"{root!r}"
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from urllib import error, parse, request

        values: dict[str, Any] = {"epoch": epoch}
        for name, value in (logs or {}).items():
            values[name] = value.item() if isinstance(value, np.ndarray | np.generic) else value
        text = json.dumps(values)
        if self.send_as_json:
            body, kind = text.encode(), "application/json"
        else:
            body = parse.urlencode({self.field: text}).encode()
            kind = "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        try:
            message = request.Request(self.root + self.path, body, headers, method="POST")
            with request.urlopen(message, timeout=_TIMEOUT):
                pass
        except error.HTTPError:
            pass  # it was reached
        except OSError as failure:
            warnings.warn(
                f"RemoteMonitor: could not reach the server at {self.root}: {failure}", stacklevel=2
            )
