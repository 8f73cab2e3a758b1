"""What taking a profile costs: training steps with the profiler off, on, and on with a trace.

    python -m bench.profiler mlp cnn --threads 1

The three take turns, a few epochs each, many rounds; the overhead is the median of the rounds' own
ratios, in CPU time, so that other work on the machine falls on both sides of each ratio.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from typing import Any

from bench.plan import MODELS, Subject
from bench.table import show

WAYS = {"off": None, "table": 0, "table and trace": 100_000}


def step_time(subject: Subject, trace: int | None, epochs: int) -> float:
    """CPU seconds of one training step, with a profile unless ``trace`` is None."""
    import nacre

    profile: Any = contextlib.nullcontext()
    if trace is not None:
        profile = nacre.profiler.profile(trace=trace)
    start = time.process_time()
    with profile:
        steps = subject.run(epochs)
    return (time.process_time() - start) / steps


def main() -> None:
    """Reads the command line and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.profiler", description=__doc__)
    parser.add_argument("models", nargs="+", choices=sorted(MODELS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each turn")
    arguments = parser.parse_args()
    import nacre

    nacre.config.set_num_threads(arguments.threads)
    rows = []
    for name in arguments.models:
        subject = Subject(name, "", "adam")
        probe = min(step_time(subject, trace, 1) for trace in WAYS.values())
        epochs = max(1, round(arguments.seconds / probe / 20))
        times: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(arguments.rounds):
            for way, trace in WAYS.items():
                times[way].append(step_time(subject, trace, epochs))
        cells = [name, f"{1e6 * statistics.median(times['off']):,.1f}"]
        for way in ("table", "table and trace"):
            ratios = [on / off for on, off in zip(times[way], times["off"], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            cells += [f"{middle - 1:+.2%}", f"{low - 1:+.1%} to {high - 1:+.1%}"]
        rows.append(cells)
    show(
        f"Profiler, {arguments.threads} threads: CPU time of a training step",
        ["model", "off, us", "table", "quartiles", "with trace", "quartiles"],
        rows,
    )


if __name__ == "__main__":
    main()
