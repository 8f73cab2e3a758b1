"""Inference beside other frameworks: latency of single samples, throughput, memory of many calls.

python -m bench.infer mlp                   beside the peers
python -m bench.infer mlp --peers '' --calls 100000     nacre alone, from Python and C++
python -m bench.infer mlp --soak 1000000    resident memory before and after predict calls
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.frameworks import FRAMEWORKS
from bench.process import Peer
from bench.table import show
from bench.works import WORKS

_PEERS = "onnxruntime,torch,keras-jax"


def main() -> None:
    """Reads the command line and prints a table a work."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.infer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("works", nargs="*", default=["mlp"], metavar="work", help="mlp, cnn, ...")
    parser.add_argument("--peers", default=_PEERS, help="comma-separated; '' for none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=3, help="the most for each figure")
    parser.add_argument("--soak", type=int, default=0, help="predict calls; nothing else is run")
    parser.add_argument("--no-cpp", action="store_true", help="skips the C++ program")
    arguments = parser.parse_args()
    names = ["nacre", *(name for name in arguments.peers.split(",") if name)]
    for name in [*names, *arguments.works]:
        if name not in FRAMEWORKS and name not in WORKS:
            parser.error(f"unknown name {name!r}")
    for work in arguments.works:
        if arguments.soak:
            soak(work, arguments.threads, arguments.soak)
            continue
        measure(
            work,
            names,
            arguments.threads,
            arguments.calls,
            arguments.seconds,
            not arguments.no_cpp,
        )


def measure(
    work: str, names: list[str], threads: int, calls: int, seconds: float, cpp: bool
) -> None:
    """Latency at batch 1 by `model(x)` and `predict(x)`, throughput at batch 256."""
    peers = [Peer(name, work, threads) for name in names]
    rows = []
    for peer in peers:
        peer.ask("ready")  # all have started before any is timed
    for peer in peers:
        cells = [peer.name]
        for method in ("call", "predict"):
            # Slow ways are called less often.
            probe = peer.ask("latency", method, 1, 5)
            count = 0 if not probe else max(20, min(calls, int(seconds / max(probe[2], 1e-6))))
            times = peer.ask("latency", method, 1, count) if count else None
            cells += _quantiles(times) if times else ["failed", "", ""]
        times = peer.ask("latency", "predict", 256, 30)
        cells.append(f"{256 / times[len(times) // 2]:,.0f}" if times else peer.error[:40])
        rows.append(cells)
        peer.close()
    if cpp:
        rows.insert(1, ["nacre, C++", *_quantiles(_from_cpp(work, threads, calls)), *[""] * 4])
    show(
        f"{work}: inference, {threads} threads; microseconds at batch 1, samples/s at 256",
        ["framework", "call p50", "p99", "ratio", "predict p50", "p99", "ratio", "samples/s"],
        rows,
    )


def _from_cpp(work: str, threads: int, calls: int) -> list[float]:
    """Seconds of each call of a program without Python, sorted."""
    import nacre
    from bench.frameworks.keras_like import build as network
    from bench.kernels.__main__ import build

    program, item = build("latency_bench"), WORKS[work]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.nacre")
        network(nacre, item).save(path)
        pin = ["taskset", "-c", "0"] if threads == 1 else []
        dtype = "int32" if item.ids else "float32"
        command = [*pin, program, path, threads, calls, dtype, *item.input_shape]
        text = subprocess.check_output([str(word) for word in command], text=True)
    return sorted(float(line) for line in text.split())


def soak(work: str, threads: int, calls: int) -> None:
    """Resident memory while `predict` is called with one sample, ten times on the way."""
    import nacre
    from bench.frameworks.keras_like import build as network

    nacre.config.set_num_threads(threads)
    model = network(nacre, WORKS[work])
    x = WORKS[work].data()[0][:1]
    rows = []
    done = 0
    for goal in [min(1000, calls), *(calls * i // 10 for i in range(1, 11))]:
        begin = time.perf_counter()
        count = max(goal - done, 0)
        for _ in range(count):
            model.predict(x, verbose=0)
        done += count
        each = (time.perf_counter() - begin) / max(count, 1)
        rows.append([f"{done:,}", f"{_resident_megabytes():.2f}", f"{each * 1e6:.1f}"])
    show(f"{work}: predict, {threads} threads", ["calls", "resident MB", "us a call"], rows)


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _quantiles(times: list[float]) -> list[str]:
    """The median and the 99th percentile of sorted seconds, in microseconds, and their ratio."""
    half, high = (times[min(int(len(times) * q), len(times) - 1)] * 1e6 for q in (0.5, 0.99))
    return [f"{half:,.1f}", f"{high:,.1f}", f"{high / half:.1f}"]


if __name__ == "__main__":
    main()
