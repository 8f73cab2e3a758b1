"""Pointwise programs beside the same plan op by op: `python -m bench.pointwise --threads 1`.

Each function is recorded twice, with NACRE_PASSES="" and "-pointwise"; the two take turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.table import show


def chain(x: Any) -> Any:
    """Eight cheap ops: what costs is memory."""
    for _ in range(2):
        x = (x * 0.5 + 1.0) * x - 0.25
    return x


def gelu_tail(x: Any) -> Any:
    """Bias, GELU, scale and residual."""
    from nacre import ops

    return ops.gelu(x + x[0]) * 0.5 + x


def dropout_tail(x: Any) -> Any:
    """GELU, dropout and residual, and the gradient of it."""
    import nacre

    with nacre.GradientTape() as tape:
        tape.watch(x)
        y = nacre.random.dropout(nacre.ops.gelu(x), 0.1, seed=7) + x
    return y, tape.gradient(y, x, output_gradients=x)


def adamax(x: Any) -> Any:
    """An update made of ops, with two results."""
    from nacre import ops

    m = x * 0.9 + ops.square(x) * 0.1
    u = ops.maximum(x * 0.999, ops.abs(x))
    return m, x - m / (u + 1e-7)


def layer_norm(x: Any) -> Any:
    """Layer normalization in parts."""
    from nacre import ops

    y = x - ops.mean(x, axis=-1, keepdims=True)
    return y * ops.rsqrt(ops.mean(ops.square(y), axis=-1, keepdims=True) + 1e-3)


def logsumexp(x: Any) -> Any:
    """logsumexp of rows."""
    from nacre import ops

    return ops.logsumexp(x, axis=-1)


CASES: dict[str, Callable[[Any], Any]] = {
    f.__name__: f for f in (chain, gelu_tail, dropout_tail, adamax, layer_norm, logsumexp)
}
SHAPES = ((8, 16), (64, 256), (256, 1024), (4096, 1024))


def recorded(f: Callable[[Any], Any], x: Any, setting: str) -> Callable[[Any], Any]:
    """A plan of f made under a setting of NACRE_PASSES."""
    import nacre

    os.environ["NACRE_PASSES"] = setting
    plan = nacre.function(f)
    plan(x)
    return plan


def microseconds(plan: Callable[[Any], Any], x: Any, seconds: float = 0.02) -> float:
    """Time of one call, over about `seconds`."""
    start, calls = time.perf_counter(), 0
    while True:
        for _ in range(10):
            plan(x)
        calls += 10
        passed = time.perf_counter() - start
        if passed > seconds:
            return passed / calls * 1e6


def main() -> None:
    """Reads the command line and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.pointwise", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", choices=sorted(CASES), help="one function")
    arguments = parser.parse_args()
    import nacre

    nacre.config.set_num_threads(arguments.threads)
    rows = []
    for name, f in CASES.items():
        if arguments.only not in (None, name):
            continue
        for shape in SHAPES:
            rng = np.random.default_rng(0)
            x = nacre.ops.convert_to_tensor(rng.random(shape, dtype=np.float32))
            plans = [recorded(f, x, setting) for setting in ("", "-pointwise")]
            times: list[list[float]] = [[], []]
            for _ in range(arguments.rounds):
                for i, plan in enumerate(plans):
                    times[i].append(microseconds(plan, x))
            fast, slow = (statistics.median(t) for t in times)
            rows.append([name, str(shape), f"{fast:,.1f}", f"{slow:,.1f}", f"{slow / fast:.2f}"])
    show(
        f"Microseconds a call, {arguments.threads} threads",
        ["Function", "shape", "program", "op by op", "ratio"],
        rows,
    )


if __name__ == "__main__":
    main()
