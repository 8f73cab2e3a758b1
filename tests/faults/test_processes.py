"""Threads, forks and Ctrl-C around training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import nacre
from nacre import layers


def _model():
    model = nacre.Sequential([nacre.Input((16,)), layers.Dense(32, "relu"), layers.Dense(2)])
    model.compile("adam", "mse")
    return model


def _data(rows=256):
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, 16)).astype("float32"), rng.random((rows, 2), "float32")


def test_many_threads_predict_the_same():
    x, _ = _data()
    model = _model()
    expected = model.predict(x, verbose=0)
    results = [None] * 16

    def run(i):
        for _ in range(20):
            results[i] = model.predict(x, verbose=0)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, expected) for result in results)


_MANY = """
import threading
import time
import numpy as np
import nacre
from nacre import layers

def os_threads():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Threads:"))

nacre.config.set_num_threads(4)
# Large enough for every call to want all threads.
model = nacre.Sequential([nacre.Input((256,)), layers.Dense(512, "relu"), layers.Dense(10)])
x = np.random.default_rng(0).standard_normal((256, 256)).astype("float32")
expected = model.predict(x, batch_size=256, verbose=0)
before, most, wrong = os_threads(), [0], []
start = threading.Barrier(65)

def run():
    start.wait()
    for _ in range(20):
        if not np.array_equal(model.predict(x, batch_size=256, verbose=0), expected):
            wrong.append(1)
        most[0] = max(most[0], os_threads())

threads = [threading.Thread(target=run) for _ in range(64)]
for thread in threads:
    thread.start()
start.wait()
for thread in threads:
    thread.join()
time.sleep(0.5)  # join() returns a moment before the system's thread ends
print(before, most[0], os_threads(), len(wrong))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("runtime", "teams"), [("pool", 1), ("openmp", 4)])
def test_64_threads_predict_with_bounded_os_threads(runtime, teams):
    environment = {**os.environ, "NACRE_THREADING": runtime}
    command = [sys.executable, "-c", _MANY]
    run = subprocess.run(command, env=environment, text=True, timeout=300, capture_output=True)
    if "this build has no OpenMP" in run.stderr:
        pytest.skip("this build has no OpenMP")
    assert run.returncode == 0, run.stderr
    before, most, after, wrong = (int(word) for word in run.stdout.split())
    assert wrong == 0
    assert most <= 64 + before + teams * 3 + 2
    assert after <= before + teams * 3 + 2


def test_threads_train_models_of_their_own():
    x, y = _data()
    losses = [None] * 4

    def run(i):
        losses[i] = _model().fit(x, y, epochs=3, verbose=0).history["loss"][-1]

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.isfinite(losses))


def test_fit_fork_fit_finishes():
    x, y = _data()
    model = _model()
    model.fit(x, y, epochs=1, verbose=0)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            model.fit(x, y, epochs=1, verbose=0)
            code = 0
        finally:
            os._exit(code)
    deadline = time.monotonic() + 60
    status = None
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.02)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise AssertionError("the child hangs")
    assert os.waitstatus_to_exitcode(status) == 0
    model.fit(x, y, epochs=1, verbose=0)


def test_ctrl_c_ends_fit_and_leaves_a_usable_model():
    code = """
import signal, time
import numpy as np, nacre
from nacre import layers
# Where the tests run in the background of a shell, SIGINT is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
x = np.random.rand(20000, 256).astype("float32")
m = nacre.Sequential([nacre.Input((256,)), layers.Dense(256, "relu"), layers.Dense(256)])
m.compile("adam", "mse")
m.fit(x[:64], x[:64], verbose=0)
print("ready", flush=True)
try:
    m.fit(x, x, epochs=10000, verbose=0)
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert np.isfinite(m.predict(x[:4], verbose=0)).all()
m.fit(x[:64], x[:64], verbose=0)
print("usable", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline().strip() == "interrupted"
        assert process.stdout.readline().strip() == "usable"
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
