"""Reading an optimizer's learning rate, for the callbacks that change it."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any

import numpy as np


def learning_rate(optimizer: Any) -> float:
    """The learning rate of an optimizer as a float.

    Args:
        optimizer: An optimizer.

    Returns:
        Its learning rate.

    Raises:
        ValueError: If it has none.
    """
    if not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            "Callbacks that set the learning rate: expected an optimizer with `learning_rate`, "
            f"received {type(optimizer).__name__}"
        )
    value = optimizer.learning_rate
    return float(value) if hasattr(value, "__float__") else float(np.asarray(value))


def parts(optimizer: Any) -> Iterable[tuple[str, Any]]:
    """Pairs of a name and an optimizer: those within a composite one, or ``("", optimizer)``."""
    inner = getattr(optimizer, "optimizers", None)
    if inner is None:
        return [("", optimizer)]
    return [(part.name, part) for part in inner]


def write_to_logs(optimizer: Any, logs: MutableMapping[str, Any]) -> None:
    """Puts ``learning_rate`` into the logs of an epoch."""
    for name, part in parts(optimizer):
        logs[f"learning_rate_{name}" if name else "learning_rate"] = learning_rate(part)
