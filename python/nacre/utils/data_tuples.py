"""The tuples ``(x,)``, ``(x, y)`` and ``(x, y, sample_weight)`` that training takes."""

from __future__ import annotations

from typing import Any


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Reads a batch in any of the forms that ``fit`` takes.

    For use in an overridden ``train_step``, ``test_step`` or ``predict_step``.

    Args:
        data: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``; a list
            counts as a tuple.

    Returns:
        ``(x, y, sample_weight)``, with ``None`` for what is not there.

    Raises:
        ValueError: If the tuple has no or more than three elements.

    Example:

    >>> import nacre
    >>> nacre.utils.unpack_x_y_sample_weight(([1, 2], [0, 1]))
    ([1, 2], [0, 1], None)
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            "unpack_x_y_sample_weight: expected `x`, `(x,)`, `(x, y)` or "
            f"`(x, y, sample_weight)`, received a {type(data).__name__} of {len(data)} elements"
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Makes a batch in the form that ``fit`` takes.

    Args:
        x: Inputs.
        y: Targets.
        sample_weight: One weight for each sample.

    Returns:
        ``x`` alone if it is neither a tuple nor a list and there are no
        targets, otherwise ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Example:

    >>> import nacre
    >>> nacre.utils.pack_x_y_sample_weight("x", "y")
    ('x', 'y')
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    if sample_weight is None:
        return x, y
    return x, y, sample_weight
