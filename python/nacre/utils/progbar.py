"""The progress bar: Keras's text, drawn by time and never by step."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable

import numpy as np

from nacre.utils.console import print_msg

_BOLD, _GREEN, _WHITE, _RESET = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"
_ESCAPE = re.compile(r"(\x1b\[[0-9;]*m)")


class Progbar:
    """Shows how far a loop is, with its speed and its metrics.

    The bar is redrawn in place in terminals and notebooks. Where stdout is
    neither (a file, a pipe) only the finished line is written. The environment
    variable ``NO_COLOR`` turns colours off.

    Args:
        target: Number of steps to expect, or ``None`` if it is not known.
        width: Width of the bar in characters. Defaults to ``20``.
        verbose: ``0`` silent, ``1`` a bar, ``2`` one line when finished.
            Defaults to ``1``.
        interval: Shortest time between two drawings, in seconds. Defaults to
            ``0.05``.
        stateful_metrics: Names of the metrics to show as they are; all others
            are averaged over the steps. Not together with
            ``stateless_metrics``.
        stateless_metrics: Names of the metrics to average over the steps; all
            others are shown as they are.
        unit_name: What a step is called. Defaults to ``"step"``.

    Raises:
        ValueError: If both ``stateful_metrics`` and ``stateless_metrics`` are
            given.

    Example:

    >>> import nacre
    >>> bar = nacre.utils.Progbar(target=3, verbose=0)
    >>> for step in range(1, 4):
    ...     bar.update(step, [("loss", 1.0 / step)])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Progbar: expected one of `stateful_metrics` and `stateless_metrics`, received "
                f"both (stateful_metrics={stateful_metrics}, stateless_metrics={stateless_metrics})"
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics: set[str] | None = None
        self.stateless_metrics: set[str] | None = None
        if stateless_metrics is not None:
            self.stateless_metrics = set(stateless_metrics)
        else:
            self.stateful_metrics = set(stateful_metrics or ())

        self._redraws = redraws_in_place()
        self._colours = self._redraws and not os.environ.get("NO_COLOR")
        self._sums: dict[str, tuple[float, int]] = {}  # name: (sum of values, number of steps)
        self._seen = 0
        self._start = time.time()
        self._first_step_end: float | None = None
        self._last_draw = 0.0
        self._drawn_width = 0

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, float]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Tells the bar how many steps are done; draws it if it is time to.

        Args:
            current: Number of steps done.
            values: Pairs of a metric's name and its value at this step.
            finalize: Whether this is the last update. Defaults to
                ``current >= target``.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._collect(current, values or (), finalize)
        now = time.time()
        if current == 1 and self._first_step_end is None:
            self._first_step_end = now
            step_time = now - self._start
        else:
            step_time = self._step_time(current, now)

        if self.verbose == 1:
            if finalize:
                self._draw(current, now, step_time, finalize)
            elif self._redraws and now - self._last_draw >= self.interval:
                self._draw(current, now, step_time, finalize)
                self._last_draw = now
        elif self.verbose == 2 and finalize and self.target:
            print_msg(
                f"{self._count(current)} - {now - self._start:.0f}s -"
                f"{_format_step_time(step_time, self.unit_name)}{self._metrics_text()}"
            )

    def add(self, n: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """Tells the bar that ``n`` more steps are done.

        Args:
            n: Number of steps since the last update.
            values: As in ``update``.
        """
        self.update(self._seen + n, values)

    def _collect(self, current: int, values: Iterable[tuple[str, float]], finalize: bool) -> None:
        for name, value in values:
            number = float(value) if np.ndim(value) == 0 else float(np.mean(value))
            if self.stateless_metrics is not None:
                averaged = name in self.stateless_metrics
            else:
                averaged = name not in (self.stateful_metrics or ())
            if averaged and not finalize:
                steps = max(current - self._seen, 1)
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + number * steps, count + steps)
            else:  # the last update brings the value for the whole run
                self._sums[name] = (number, 1)
        self._seen = current

    def _step_time(self, current: int, now: float) -> float:
        # The first step builds the plan, so it does not count where more is known.
        if current < 1:
            return 0.0
        if self._first_step_end is not None and current > 1:
            return (now - self._first_step_end) / (current - 1)
        return (now - self._start) / current

    def _draw(self, current: int, now: float, step_time: float, finalize: bool) -> None:
        if self.target:
            filled = min(self.width, int(self.width * current / self.target))
            bar = f"{_BOLD}{self._count(current)}{_RESET} "
            if filled > 0:
                bar += f"{_GREEN}{'━' * filled}{_RESET}"
            bar += f"{_WHITE}{'━' * (self.width - filled)}{_RESET}"
        else:
            bar = f"{current:7d}/Unknown"
        if self.target and not finalize:
            clock = _format_eta(step_time * (self.target - current))
        else:
            clock = f"{now - self._start:.0f}s"
        line = f"{bar} {_BOLD}{clock}{_RESET}{_format_step_time(step_time, self.unit_name)}"
        line += self._metrics_text()
        if not self._colours:
            line = _ESCAPE.sub("", line)
        if not finalize:
            line = _clip(line)
        width = len(_ESCAPE.sub("", line))
        padding = " " * max(0, self._drawn_width - width)
        start = "\r" if self._redraws else ""
        print_msg(start + line + padding, line_break=finalize)
        self._drawn_width = 0 if finalize else width

    def _count(self, current: int) -> str:
        return f"{current:{len(str(self.target))}d}/{self.target}"

    def _metrics_text(self) -> str:
        return "".join(
            f" - {name}: {_format_value(total / count)}"
            for name, (total, count) in self._sums.items()
        )


def redraws_in_place() -> bool:
    """Says whether stdout understands a carriage return: a terminal or a notebook.

    Returns:
        ``False`` for files and pipes.
    """
    if "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ:
        return True
    isatty = getattr(sys.stdout, "isatty", None)
    return bool(isatty is not None and isatty())


def _clip(line: str) -> str:
    """Cuts a line to the terminal's width, so that a carriage return finds its start."""
    if "ipykernel" in sys.modules:
        return line
    import shutil

    room = shutil.get_terminal_size((10_000, 24)).columns - 1
    if room < 20 or len(_ESCAPE.sub("", line)) <= room:
        return line
    kept = []
    for part in _ESCAPE.split(line):
        if not part.startswith("\x1b"):
            part = part[:room]
            room -= len(part)
        kept.append(part)
    return "".join(kept)


def _format_value(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def _format_eta(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if seconds > 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole}s"


def _format_step_time(seconds: float, unit: str) -> str:
    if seconds >= 1 or seconds == 0:
        return f" {seconds:.0f}s/{unit}"
    if seconds >= 1e-3:
        return f" {seconds * 1e3:.0f}ms/{unit}"
    return f" {seconds * 1e6:.0f}us/{unit}"
