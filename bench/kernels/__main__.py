"""Kernels against NumPy and PyTorch and against the machine's limits.

python -m bench.kernels gemm            beside NumPy and PyTorch, share of the FMA peak
python -m bench.kernels gemm --ladder   the C++ benchmark alone: every shape, no Python
python -m bench.kernels conv | attention | rnn | vector   the C++ benchmarks of the other kernels
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.table import show

_ROOT = Path(__file__).resolve().parents[2]
_BUILD = _ROOT / "build-bench"
_SHAPES = [
    (64, 64, 64),
    (128, 128, 128),
    (256, 256, 256),
    (512, 512, 512),
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (32, 784, 128),
    (32, 128, 64),
    (128, 1024, 1024),
    (1, 1024, 1024),
]


def build(target: str) -> Path:
    """Builds a C++ benchmark; returns its path."""
    if not (_BUILD / "CMakeCache.txt").exists():
        options = ["-DNACRE_BENCH=ON", "-DNACRE_PYTHON=OFF", "-DCMAKE_BUILD_TYPE=Release"]
        options.append(f"-DPython_EXECUTABLE={sys.executable}")
        command = ["cmake", "-S", str(_ROOT), "-B", str(_BUILD), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    command = ["cmake", "--build", str(_BUILD), "--target", target, "--parallel"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return _BUILD / "bench" / "kernels" / target


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.kernels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kernel", choices=["gemm", "conv", "attention", "rnn", "vector"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ladder", action="store_true")
    arguments = parser.parse_args()
    if arguments.kernel == "gemm" and not arguments.ladder:
        _gemm(arguments.threads)
        return
    program = build(f"{arguments.kernel}_bench")
    extra = [] if arguments.kernel == "vector" else [str(arguments.threads)]
    subprocess.run([str(program), *extra], check=True)


def _gemm(threads: int) -> None:
    """float32 matrix products through each library's Python call, interleaved."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    import numpy as np

    import nacre

    nacre.config.set_num_threads(threads)
    peak = float(subprocess.check_output([str(build("peak_bench"))], text=True)) * threads
    rng = np.random.default_rng(0)
    rows = []
    for m, n, k in _SHAPES:
        a = rng.standard_normal((m, k), dtype=np.float32)
        b = rng.standard_normal((k, n), dtype=np.float32)
        ta, tb = nacre.ops.convert_to_tensor(a), nacre.ops.convert_to_tensor(b)
        calls = {
            "nacre": lambda ta=ta, tb=tb: nacre.ops.matmul(ta, tb),
            "numpy": lambda a=a, b=b: a @ b,
        }
        try:
            import torch
        except ImportError:
            pass
        else:
            torch.set_num_threads(threads)
            pa, pb = torch.from_numpy(a), torch.from_numpy(b)
            calls["torch"] = lambda pa=pa, pb=pb: pa @ pb
        best = _interleaved(calls, 2.0 * m * n * k)
        share = f"{100 * best['nacre'] / peak:.0f} %"
        cells = [
            f"{best[name]:.0f}" if name in best else "-" for name in ("nacre", "numpy", "torch")
        ]
        rows.append([f"{m} x {n} x {k}", *cells, share])
    show(
        f"float32 matmul, GFLOP/s, {threads} threads; FMA peak {peak:.0f}",
        ["m x n x k", "nacre", "numpy", "torch", "nacre / peak"],
        rows,
    )


def _interleaved(calls: dict, flops: float) -> dict[str, float]:
    """Best GFLOP/s of each call over rounds taken in turn."""
    repeat = max(1, int(2e6 / flops))
    best = dict.fromkeys(calls, float("inf"))
    deadline = time.perf_counter() + 1.5
    while time.perf_counter() < deadline:
        for name, call in calls.items():
            begin = time.perf_counter()
            for _ in range(repeat):
                call()
            best[name] = min(best[name], (time.perf_counter() - begin) / repeat)
    return {name: flops / seconds * 1e-9 for name, seconds in best.items()}


if __name__ == "__main__":
    main()
