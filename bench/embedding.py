"""Training an embedding's table: optimizers that move all rows, and those a batch reads.

    python -m bench.embedding --threads 1

Embedding(rows, 128), the mean over 80 ids, a product: 32 samples a step. The settings take turns,
several rounds, medians. The pass is "rows", which keeps a gradient of the table's size from being
made.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import numpy as np

from bench.table import show

SETTINGS = {
    "adam, without the pass": ({}, "-rows"),
    "adam": ({}, ""),
    "adam, lazy_rows": ({"lazy_rows": True}, ""),
}


class Subject:
    """A model with a recorded step."""

    def __init__(self, rows: int, options: dict[str, Any], passes: str) -> None:
        from nacre import Sequential, layers, optimizers

        self.model = Sequential(
            [layers.Embedding(rows, 128), layers.GlobalAveragePooling1D(), layers.Dense(2)]
        )
        self.model.compile(optimizers.Adam(**options), "mse")
        draws = np.random.default_rng(0)
        self.x = draws.integers(0, rows, (640, 80)).astype("int32")
        self.y = draws.standard_normal((640, 2), dtype=np.float32)
        os.environ["NACRE_PASSES"] = passes
        self.run()
        self.times: list[float] = []

    def run(self) -> None:
        """An epoch of 20 steps."""
        self.model.fit(self.x, self.y, 32, 1, verbose=0, shuffle=False)

    def measure(self, seconds: float) -> None:
        """Steps for about this long, and notes the time of one."""
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            self.run()
            steps += 20
        self.times.append((time.perf_counter() - start) / steps)


def main() -> None:
    """Reads the command line and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.embedding", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[2000, 20000, 200000])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each round")
    arguments = parser.parse_args()
    import nacre

    nacre.config.set_num_threads(arguments.threads)
    table = []
    for rows in arguments.rows:
        subjects = {name: Subject(rows, *setting) for name, setting in SETTINGS.items()}
        for _ in range(arguments.rounds):
            for subject in subjects.values():
                subject.measure(arguments.seconds)
        medians = [1000 * statistics.median(s.times) for s in subjects.values()]
        table.append([f"{rows:,}", *(f"{m:,.2f}" for m in medians)])
    show(
        f"Embedding(rows, 128), 32 x 80 ids, ms a step, {arguments.threads} threads",
        ["rows", *SETTINGS],
        table,
    )


if __name__ == "__main__":
    main()
