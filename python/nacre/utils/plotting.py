"""Training curves, drawn with matplotlib (extra ``[plot]``)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any


def plot_history(
    history: Any,
    metrics: Iterable[str] | None = None,
    to_file: str | os.PathLike[str] | None = None,
    title: str | None = None,
    dpi: int = 150,
) -> Any:
    """Draws the loss and the metrics of a training, one panel each.

    A metric and its validation (``val_...``) share a panel.

    Args:
        history: What ``fit`` returns, or its ``history`` dictionary.
        metrics: Names of what to draw, without ``val_``. Defaults to all.
        to_file: Where to save the picture; the ending gives the format (png,
            svg, pdf). Defaults to not saving.
        title: A line above the panels.
        dpi: Dots per inch of a saved picture. Defaults to ``150``.

    Returns:
        The ``matplotlib.figure.Figure``.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If there is nothing to draw or a name in ``metrics`` is
            unknown.

    Example:

    >>> import nacre
    >>> curves = {"loss": [0.9, 0.4], "val_loss": [1.0, 0.6]}
    >>> nacre.utils.plot_history(curves, to_file="curves.png")  # doctest: +SKIP
    """
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping):
        raise TypeError(
            "plot_history: expected the History that `fit` returns or its dictionary, received "
            f"{type(history).__name__}"
        )
    names = _panels(values)
    if metrics is not None:
        chosen = list(metrics)
        unknown = [name for name in chosen if name not in names]
        if unknown:
            raise ValueError(
                f"plot_history: expected `metrics` among {names}, received {', '.join(unknown)}"
            )
        names = chosen
    if not names:
        raise ValueError("plot_history: expected at least one epoch, received an empty history")

    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = new_figure("plot_history", 4.8 * columns, 3.4 * rows)
    from matplotlib.ticker import MaxNLocator

    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    epochs = getattr(history, "epoch", None)
    for panel, name in zip(panels, names, strict=False):
        for key, label in ((name, "train"), (f"val_{name}", "validation")):
            curve = values.get(key)
            if not curve:
                continue
            at = list(epochs) if epochs and len(epochs) == len(curve) else range(len(curve))
            marker = "o" if len(curve) < 25 else None
            panel.plot([e + 1 for e in at], curve, label=label, marker=marker, markersize=3)
        panel.set_title(name.replace("_", " "))
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
        panel.legend()
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    if title:
        figure.suptitle(title)
    if to_file is not None:
        save_figure(figure, to_file, dpi)
    return figure


def new_figure(caller: str, width: float, height: float) -> Any:
    """An empty matplotlib ``Figure``, in inches: no pyplot, so no global state and no window.

    Raises:
        ImportError: matplotlib is not installed; the message names the caller.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f"{caller}: expected matplotlib, which is not installed. "
            "Install it with: pip install 'nacre[plot]'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: str | os.PathLike[str], dpi: int = 150) -> None:
    """Writes a figure, making the folders of its path."""
    path = os.fspath(path)
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    figure.savefig(path, dpi=dpi)


def _panels(values: Mapping[str, Any]) -> list[str]:
    names = []
    for key in values:
        name = key.removeprefix("val_")
        if name not in names:
            names.append(name)
    return sorted(names, key=lambda name: (name != "loss", name == "learning_rate"))
