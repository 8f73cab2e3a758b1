"""Profiler: where the time of training and inference goes, by layer and by kernel."""

from __future__ import annotations

import json
import os
import platform
from typing import Any

from nacre import _core, config
from nacre._files import atomic_file

_Row = dict[str, Any]


def roofline(threads: int | None = None, refresh: bool = False) -> tuple[float, float]:
    """What this machine can do: the two limits that kernels are measured against.

    Measured once for each number of threads and kept in the cache folder (``NACRE_HOME`` or
    ``~/.nacre``).

    Args:
        threads: Number of threads; default: ``nacre.config.num_threads()``.
        refresh: Whether to measure again.

    Returns:
        FLOP/s of float32 multiply-adds in registers, and bytes/s of copying arrays that no cache
        holds, reads and writes counted.

    Raises:
        ValueError: ``threads`` is below 1.

    Example:
        >>> import nacre
        >>> flops, bandwidth = nacre.profiler.roofline()
        >>> flops > bandwidth
        True
    """
    from nacre.datasets._files import cache_folder

    threads = config.num_threads() if threads is None else threads
    path = os.path.join(cache_folder(), "roofline.json")
    key = f"{_cpu_name()}, {config.isa()}, {threads} threads"
    known: dict[str, list[float]] = {}
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        known = kept if isinstance(kept, dict) else {}
        flops, bandwidth = (float(limit) for limit in known[key])
        if not refresh:
            return flops, bandwidth
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not measured yet, or not by us
    flops, bandwidth = _core.measure_roofline(threads)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with atomic_file(path) as new:
            new.write(json.dumps({**known, key: [flops, bandwidth]}).encode())
    except OSError:
        pass  # nowhere to keep it: measured again next time
    return flops, bandwidth


def call_flops(layer: Any, inputs: Any) -> dict[str, float]:
    """FLOPs of one inference of a layer or model, by the layers that do them.

    Args:
        layer: A layer or model.
        inputs: A tensor, or a list of tensors.

    Returns:
        FLOPs by the path of the layer (``"sequential/dense"``): two for a multiply-add; ops that
        only move data count as none.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.Dense(3, name="head")
        >>> nacre.profiler.call_flops(layer, nacre.ops.ones((1, 4)))
        {'head': 27.0}
    """
    tensors = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    return _core.call_flops(layer._core, tensors)


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class profile:  # noqa: N801
    """Takes a profile of everything that runs inside its ``with`` block, in all threads.

    Plans are timed kernel by kernel, and so are the kernels of ops that run eagerly. Overhead is
    under 2 %. One profile can be taken at a time.

    Args:
        trace: How many kernel calls are kept for :meth:`save`, the last ones; 0: none.

    Raises:
        ValueError: ``trace`` is negative.
        RuntimeError: On entering, when another profile is being taken.

    Example:
        >>> import nacre
        >>> with nacre.profiler.profile() as p:
        ...     _ = nacre.ops.matmul(nacre.ops.ones((64, 64)), nacre.ops.ones((64, 64)))
        >>> sorted(row["op"] for row in p.entries())
        ['fill', 'matmul']
    """

    def __init__(self, trace: int = 100_000) -> None:
        if trace < 0:
            raise ValueError(f"profile: expected trace >= 0, received {trace}")
        self._core = _core.Profiler(trace)
        self._threads = config.num_threads()

    def __enter__(self) -> profile:
        self._threads = config.num_threads()
        self._core.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._core.stop()

    def entries(self) -> list[_Row]:
        """What each op of each layer did.

        Returns:
            Dicts with ``layer`` (path of the layer, empty outside layers), ``op``, ``backward``,
            ``calls``, ``seconds``, ``flops`` and ``bytes`` (operands and results).
        """
        return self._core.entries()

    @property
    def seconds(self) -> float:
        """Wall time of the block."""
        return self._core.seconds

    def rows(self, by: str = "kernel") -> list[_Row]:
        """The profile summed by kernel or by layer, the slowest first.

        Args:
            by: ``"kernel"`` or ``"layer"``.

        Returns:
            Dicts with ``name``, ``calls``, ``seconds``, ``flops``, ``bytes``, ``flops_per_second``,
            ``bytes_per_second`` and ``roofline``: the time that this machine's limits allow over
            the time taken. Data that stays in a cache can exceed 1.

        Raises:
            ValueError: ``by`` is neither.
        """
        if by not in ("kernel", "layer"):
            raise ValueError(f"profile: expected by='kernel' or by='layer', received {by!r}")
        flops_limit, bytes_limit = roofline(self._threads)
        sums: dict[str, _Row] = {}
        for entry in self.entries():
            name = entry["op"] if by == "kernel" else entry["layer"] or "(no layer)"
            if by == "layer" and entry["backward"]:
                name += " (backward)"
            row = sums.setdefault(
                name, {"name": name, "calls": 0, "seconds": 0.0, "flops": 0.0, "bytes": 0.0}
            )
            row["least"] = row.get("least", 0.0) + max(
                entry["flops"] / flops_limit, entry["bytes"] / bytes_limit
            )
            for field in ("calls", "seconds", "flops", "bytes"):
                row[field] += entry[field]
        for row in sums.values():
            seconds = max(row["seconds"], 1e-12)
            row["flops_per_second"] = row["flops"] / seconds
            row["bytes_per_second"] = row["bytes"] / seconds
            row["roofline"] = row.pop("least") / seconds
        return sorted(sums.values(), key=lambda row: -row["seconds"])

    def table(self, by: str | None = None, limit: int = 30) -> str:
        """The profile as text: by layer and by kernel, the slowest first.

        Args:
            by: ``"kernel"`` or ``"layer"``; default: both.
            limit: The most rows of each table.

        Returns:
            Calls, time, share of the wall time, GFLOP, GFLOP/s, GB/s and the share of the
            roofline. What is not spent in kernels (Python, reading data) is the last row.

        Raises:
            ValueError: ``by`` is neither.
        """
        flops_limit, bytes_limit = roofline(self._threads)
        parts = [
            f"wall time {self.seconds * 1e3:.1f} ms; limits with {self._threads} threads: "
            f"{flops_limit / 1e9:.0f} GFLOP/s, {bytes_limit / 1e9:.0f} GB/s"
        ]
        for kind in (by,) if by else ("layer", "kernel"):
            parts.append(self._table(self.rows(kind), kind, limit))
        return "\n\n".join(parts) + "\n"

    def _table(self, rows: list[_Row], kind: str, limit: int) -> str:
        def line(name: str, row: _Row) -> list[str]:
            share = row["seconds"] / self.seconds if self.seconds else 0.0
            return [
                name,
                f"{row['calls']:,}",
                f"{row['seconds'] * 1e3:.2f}",
                f"{share:.1%}",
                f"{row['flops'] / 1e9:.3f}",
                f"{row.get('flops_per_second', 0) / 1e9:.1f}",
                f"{row.get('bytes_per_second', 0) / 1e9:.1f}",
                f"{row['roofline']:.0%}" if "roofline" in row else "",
            ]

        table = [[kind, "calls", "ms", "share", "GFLOP", "GFLOP/s", "GB/s", "roofline"]]
        table += [line(row["name"], row) for row in rows[:limit]]
        rest = rows[limit:]
        if rest:
            total = {
                field: sum(row[field] for row in rest) for field in ("calls", "seconds", "flops")
            }
            table.append(line(f"({len(rest)} more)", total))
        outside = max(self.seconds - sum(row["seconds"] for row in rows), 0.0)
        table.append(line("(outside kernels)", {"calls": 0, "seconds": outside, "flops": 0.0}))
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in table
        )

    def save(self, path: str | os.PathLike) -> None:
        """Writes a trace that Chrome (``chrome://tracing``) and Perfetto show.

        Args:
            path: The JSON file; replaced when it exists.
        """
        entries = self.entries()
        events: list[_Row] = [
            {
                "name": entries[entry]["op"],
                "cat": entries[entry]["layer"] or "eager",
                "ph": "X",
                "pid": 0,
                "tid": thread,
                "ts": start / 1e3,
                "dur": duration / 1e3,
                "args": {"layer": entries[entry]["layer"], "backward": entries[entry]["backward"]},
            }
            for entry, thread, start, duration in self._core.events()
        ]
        trace = {
            "traceEvents": events,
            "displayTimeUnit": "ms",
            "otherData": {"nacre": _core.__version__, "calls not kept": self._core.num_dropped},
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(trace, file)

    def plot(self, path: str | os.PathLike | None = None, by: str = "kernel") -> Any:
        """Draws the roofline: each kernel or layer at its FLOPs per byte and its FLOP/s.

        Needs matplotlib (extra ``[plot]``).

        Args:
            path: Where the picture is written; default: nowhere.
            by: ``"kernel"`` or ``"layer"``.

        Returns:
            The matplotlib figure.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: ``by`` is neither.
        """
        from nacre.utils.plotting import new_figure, save_figure

        flops_limit, bytes_limit = roofline(self._threads)
        rows = [row for row in self.rows(by) if row["flops"] > 0 and row["bytes"] > 0]
        figure = new_figure("profile.plot", 8, 5)
        axes = figure.subplots()
        ridge = flops_limit / bytes_limit
        low = min([0.05, *(row["flops"] / row["bytes"] / 2 for row in rows)])
        high = max([ridge * 8, *(row["flops"] / row["bytes"] * 2 for row in rows)])
        axes.plot(
            [low, ridge, high],
            [low * bytes_limit / 1e9, flops_limit / 1e9, flops_limit / 1e9],
            color="black",
            label=f"{flops_limit / 1e9:.0f} GFLOP/s, {bytes_limit / 1e9:.0f} GB/s",
        )
        longest = max((row["seconds"] for row in rows), default=1.0)
        for i, row in enumerate(rows):
            intensity = row["flops"] / row["bytes"]
            axes.scatter(
                intensity,
                row["flops_per_second"] / 1e9,
                s=20 + 400 * row["seconds"] / longest,
                alpha=0.6,
            )
            if i < 12:
                axes.annotate(row["name"], (intensity, row["flops_per_second"] / 1e9), fontsize=8)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("FLOPs per byte")
        axes.set_ylabel("GFLOP/s")
        axes.set_title("Roofline; a circle's size is its time")
        axes.legend(loc="lower right")
        if path is not None:
            save_figure(figure, path)
        return figure
