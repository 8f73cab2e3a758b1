"""A framework in a process of its own, told what to do line by line.

Frameworks are run in turn, one at a time; the others sleep. A process of its own gives each its
threads, its memory figure and a fresh start.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

from bench.frameworks import FRAMEWORKS
from bench.works import WORKS


class Peer:
    """The driver's end of one framework's process."""

    def __init__(self, framework: str, work: str, threads: int) -> None:
        self.name = framework
        settings = FRAMEWORKS[framework][1]
        limits = {
            name: str(threads)
            for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        }
        if threads == 1 and "jax" in framework:
            limits["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
        environment = {**os.environ, **limits, **settings, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["NACRE_NUM_THREADS"] = str(threads)
        pin = [] if threads != 1 else ["taskset", "-c", "0"]
        self.process = subprocess.Popen(
            [*pin, sys.executable, "-m", "bench.process", framework, work, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.error = ""

    def ask(self, command: str, *arguments: Any) -> Any:
        """The answer to a command; None when the process has failed (``error`` says how)."""
        if self.error:
            return None
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps([command, *arguments]) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.error = "the process ended"
            return None
        for line in self.process.stdout:
            if line.startswith("=> "):
                answer = json.loads(line[3:])
                if "error" in answer:
                    self.error = answer["error"]
                    return None
                return answer["value"]
        self.error = "the process ended"
        return None

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.wait()


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _latencies(run: Any, x: Any, count: int) -> list[float]:
    for _ in range(10):
        run(x)
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        run(x)
        times.append(time.perf_counter() - begin)
    return times


def serve(framework: str, work_name: str, threads: int) -> None:
    """Answers commands from standard input until it is closed."""
    work = WORKS[work_name]
    begin = time.perf_counter()
    subject = importlib.import_module(FRAMEWORKS[framework][0]).Subject(work, threads)
    made = time.perf_counter() - begin
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        begin = time.perf_counter()
        try:
            if command == "ready":
                value: Any = made
            elif command == "first_step":
                subject.first_step()
                value = time.perf_counter() - begin
            elif command == "epoch":
                busy = time.process_time()
                subject.epoch()
                seconds = time.perf_counter() - begin
                value = [work.rows / seconds, work.rows / (time.process_time() - busy)]
            elif command == "memory":
                value = _peak_megabytes()
            elif command == "latency":
                method, rows, count = arguments
                x = work.data()[0][:rows]
                value = sorted(_latencies(getattr(subject, method), x, count))
            else:
                raise ValueError(f"unknown command {command!r}")
            answer = {"value": value}
        except Exception as error:  # the driver prints it beside the name
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("=> " + json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
