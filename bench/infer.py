"""Inference beside other frameworks: `python -m bench.infer mlp`."""

from __future__ import annotations

import argparse

from bench.frameworks import FRAMEWORKS
from bench.process import Peer
from bench.table import show
from bench.works import WORKS

_PEERS = "onnxruntime,torch,keras-jax"


def main() -> None:
    """Reads the command line and prints a table a work."""
    parser = argparse.ArgumentParser(prog="python -m bench.infer", description=__doc__)
    parser.add_argument("works", nargs="*", default=["mlp"], metavar="work", help="mlp, cnn, ...")
    parser.add_argument("--peers", default=_PEERS, help="comma-separated; '' for none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=2000)
    arguments = parser.parse_args()
    names = ["nacre", *(name for name in arguments.peers.split(",") if name)]
    for name in [*names, *arguments.works]:
        if name not in FRAMEWORKS and name not in WORKS:
            parser.error(f"unknown name {name!r}")
    for work in arguments.works:
        measure(work, names, arguments.threads, arguments.calls)


def measure(work: str, names: list[str], threads: int, calls: int) -> None:
    """Latency at batch 1 by `model(x)` and `predict(x)`, throughput at batch 256."""
    peers = [Peer(name, work, threads) for name in names]
    rows = []
    for peer in peers:
        peer.ask("ready")
        cells = [peer.name]
        for method in ("call", "predict"):
            # Three rounds; slow ways are called less often.
            probe = peer.ask("latency", method, 1, 5)
            count = 0 if not probe else max(20, min(calls, int(3 / max(probe[2], 1e-6))))
            times = peer.ask("latency", method, 1, count) if count else None
            if not times:
                cells += ["failed", ""]
                continue
            cells += [_microseconds(times, 0.5), _microseconds(times, 0.99)]
        times = peer.ask("latency", "predict", 256, 30)
        cells.append(f"{256 / times[len(times) // 2]:,.0f}" if times else peer.error[:40])
        rows.append(cells)
        peer.close()
    show(
        f"{work}: inference, {threads} threads; microseconds at batch 1, samples/s at 256",
        ["framework", "call p50", "p99", "predict p50", "p99", "samples/s"],
        rows,
    )


def _microseconds(times: list[float], quantile: float) -> str:
    return f"{times[min(int(len(times) * quantile), len(times) - 1)] * 1e6:,.1f}"


if __name__ == "__main__":
    main()
