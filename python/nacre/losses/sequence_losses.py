"""Losses of sequences."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.losses.loss import Loss


@native
class CTC(Loss):
    """Connectionist temporal classification: labels without places (Graves et al. 2006).

    Args:
        reduction: How the values of samples become one; see :class:`Loss`.
        name: Name of the loss.
        dtype: Dtype of the computation.

    Input shape:
        y_true: class ids ``(batch, labels)``, padded with 0, which means no label. y_pred: logits
        ``(batch, steps, classes)``.

    Raises:
        ValueError: The shapes do not fit, or a class id is out of range.

    Example:
        >>> import nacre
        >>> logits = nacre.ops.zeros((1, 3, 4))
        >>> round(float(nacre.losses.CTC()([[1, 2]], logits)), 4)  # 5 of 64 paths
        2.5494
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "ctc",
        dtype: Any = None,
    ) -> None: ...
