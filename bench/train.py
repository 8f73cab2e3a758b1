"""Training speed beside other frameworks, interleaved: `python -m bench.train mlp cnn`."""

from __future__ import annotations

import argparse
import statistics

from bench.frameworks import FRAMEWORKS
from bench.process import Peer
from bench.table import show
from bench.works import WORKS

_PEERS = "torch,torch-compile,keras-jax,keras-tensorflow"


def main() -> None:
    """Reads the command line and prints a table a work."""
    parser = argparse.ArgumentParser(prog="python -m bench.train", description=__doc__)
    parser.add_argument("works", nargs="+", choices=sorted(WORKS))
    parser.add_argument("--peers", default=_PEERS, help="comma-separated; '' for none")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each framework")
    arguments = parser.parse_args()
    names = ["nacre", *(name for name in arguments.peers.split(",") if name)]
    for name in names:
        if name not in FRAMEWORKS:
            parser.error(f"unknown framework {name!r}: one of {', '.join(FRAMEWORKS)}")
    for work in arguments.works:
        measure(work, names, arguments.threads, arguments.rounds)


def measure(work: str, names: list[str], threads: int, rounds: int) -> None:
    """Trains one work with every framework, an epoch each in turn."""
    peers = [Peer(name, work, threads) for name in names]
    speeds: dict[str, list[float]] = {name: [] for name in names}
    busy: dict[str, list[float]] = {name: [] for name in names}
    first: dict[str, float | None] = {}
    for peer in peers:
        peer.ask("ready")  # all have imported and built before any is timed
    for peer in peers:
        first[peer.name] = peer.ask("first_step")
        peer.ask("epoch")  # warm-up
    for _ in range(rounds):
        for peer in peers:
            answer = peer.ask("epoch")
            if answer is not None:
                speeds[peer.name].append(answer[0])
                busy[peer.name].append(answer[1])
    medians = {name: statistics.median(s) for name, s in speeds.items() if s}
    rivals = {name: s for name, s in medians.items() if name != "nacre"}
    rows = []
    for peer in peers:
        if peer.error or peer.name not in medians:
            rows.append([peer.name, "failed", "", "", "", peer.error[:60]])
            continue
        memory = peer.ask("memory")
        spread = f"{min(speeds[peer.name]):,.0f} to {max(speeds[peer.name]):,.0f}"
        rows.append(
            [
                peer.name,
                f"{medians[peer.name]:,.0f}",
                spread,
                f"{statistics.median(busy[peer.name]):,.0f}",
                f"{first[peer.name]:.3f}",
                f"{memory:.0f}",
            ]
        )
    item = WORKS[work]
    show(
        f"{work}: training, batch {item.batch_size}, {threads} threads, median of {rounds} epochs",
        ["framework", "samples/s", "spread", "samples/CPU s", "first step s", "peak MB"],
        rows,
    )
    if rivals and "nacre" in medians:
        best = max(rivals, key=lambda name: rivals[name])
        print(f"nacre / best peer ({best}): {medians['nacre'] / rivals[best]:.2f}x")
        best = max(rivals, key=lambda name: statistics.median(busy[name]))
        ratio = statistics.median(busy["nacre"]) / statistics.median(busy[best])
        print(f"by CPU time, nacre / best peer ({best}): {ratio:.2f}x")
    for peer in peers:
        peer.close()


if __name__ == "__main__":
    main()
