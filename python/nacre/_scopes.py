"""Scopes that programs written for other backends enter: `name_scope` and `device`."""

from __future__ import annotations

from types import TracebackType
from typing import Any


class name_scope:
    """A scope for names, as Keras has it; it has no effect.

    The path of a variable is made of the names of the layers that hold it, whatever scopes there
    are around. Programs that enter scopes run as they are.

    Args:
        name: Name of the scope, without a slash.
        caller: Kept for Keras's signature, like what follows.
        deduplicate: Whether a scope entered twice by one caller counts once.
        override_parent: A path that replaces those of the scopes around.

    Raises:
        ValueError: If ``name`` is not a string, or has a slash.

    Example:

    >>> import nacre
    >>> with nacre.name_scope("encoder") as scope:
    ...     scope.name
    'encoder'
    """

    def __init__(
        self,
        name: str,
        caller: Any = None,
        deduplicate: bool = True,
        override_parent: str | None = None,
    ) -> None:
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"name_scope: expected a name without '/', received {name!r}")
        self.name = name
        self.caller = caller
        self.deduplicate = deduplicate
        self.override_parent = override_parent

    def __enter__(self) -> name_scope:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class device:
    """A scope in which tensors are made on a device: there is one, the CPU.

    Args:
        device_name: ``"cpu"`` or ``"cpu:0"``, in small or capital letters.

    Raises:
        ValueError: For any other device.

    Example:

    >>> import nacre
    >>> with nacre.device("cpu:0"):
    ...     nacre.ops.ones(2).device
    'cpu'
    """

    def __init__(self, device_name: str) -> None:
        if not isinstance(device_name, str) or device_name.lower() not in ("cpu", "cpu:0"):
            raise ValueError(f"device: expected 'cpu' or 'cpu:0', received {device_name!r}")
        self.device_name = device_name

    def __enter__(self) -> device:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass
