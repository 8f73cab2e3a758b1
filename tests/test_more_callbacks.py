"""SwapEMAWeights, RemoteMonitor and TensorBoard, on real models."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

import nacre
from nacre import callbacks as cb

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(-1, keepdims=True)


def model_of(optimizer):
    nacre.utils.set_random_seed(3)
    model = nacre.Sequential([nacre.layers.Dense(4, activation="relu"), nacre.layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


# SwapEMAWeights ---------------------------------------------------------------------------------


def averages(model):
    return [v.numpy() for v in model.optimizer._model_variables_moving_average]


class Watch(cb.Callback):
    def __init__(self):
        super().__init__()
        self.in_test, self.at_epoch_end = [], []

    def on_test_batch_end(self, batch, logs=None):
        self.in_test.append(self.model.get_weights())

    def on_epoch_end(self, epoch, logs=None):
        self.at_epoch_end.append((self.model.get_weights(), averages(self.model)))


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_swap(swap_on_epoch):
    plain = model_of(nacre.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.8))
    expected = Watch()
    plain.fit(X, Y, epochs=3, verbose=0, callbacks=[expected], shuffle=False)
    model = model_of(nacre.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.8))
    watch = Watch()
    swap = cb.SwapEMAWeights(swap_on_epoch)
    data = {"validation_data": (X, Y), "validation_batch_size": 32, "shuffle": False}
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[swap, watch], **data)
    for epoch, (weights, average) in enumerate(expected.at_epoch_end):
        for value, wanted in zip(watch.in_test[epoch], average, strict=True):
            np.testing.assert_array_equal(value, wanted)
        wanted = average if swap_on_epoch else weights
        for value, other in zip(watch.at_epoch_end[epoch][0], wanted, strict=True):
            np.testing.assert_array_equal(value, other)
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_swap_needs_averages():
    model = model_of("sgd")
    model.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="use_ema=True"):
        model.evaluate(X, Y, verbose=0, callbacks=[cb.SwapEMAWeights()])


def test_swap_within_wrappers():
    inner = nacre.optimizers.SGD(0.05, use_ema=True)
    model = model_of(nacre.optimizers.LossScaleOptimizer(inner))
    history = model.fit(
        X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[cb.SwapEMAWeights()]
    )
    assert history.history["val_loss"][-1] > 0


# RemoteMonitor ----------------------------------------------------------------------------------


@pytest.fixture
def server():
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, self.headers, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    httpd = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}", received
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.mark.parametrize("send_as_json", [False, True])
def test_remote_monitor(server, send_as_json):
    root, received = server
    monitor = cb.RemoteMonitor(root, headers={"X-Run": "1"}, send_as_json=send_as_json)
    monitor.on_epoch_end(2, {"loss": np.float32(0.5)})
    path, headers, body = received[0]
    assert path == "/publish/epoch/end/" and headers["X-Run"] == "1"
    text = body if send_as_json else urllib.parse.parse_qs(body)["data"][0]
    assert json.loads(text) == {"epoch": 2, "loss": 0.5}
    assert ("json" in headers["Content-Type"]) == send_as_json


def test_remote_monitor_without_a_server():
    with pytest.warns(UserWarning, match="could not reach"):
        cb.RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ValueError, match="http"):
        cb.RemoteMonitor("file:///etc")


# TensorBoard ------------------------------------------------------------------------------------


def events(folder):
    """Tag and step of every value in the event files of a folder."""
    from tensorboardX.proto import event_pb2

    found = []
    for path in sorted(folder.glob("events.*")):
        data, at = path.read_bytes(), 0
        while at < len(data):
            size = int.from_bytes(data[at : at + 8], "little")
            event = event_pb2.Event.FromString(data[at + 12 : at + 12 + size])
            found += [(value.tag, event.step) for value in event.summary.value]
            at += 12 + size + 4
    return found


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX", reason="extra [tensorboard]")
    pytest.importorskip("PIL", reason="extra [tensorboard]")
    model = model_of("adam")
    board = cb.TensorBoard(
        tmp_path,
        histogram_freq=2,
        write_images=True,
        write_steps_per_second=True,
        update_freq=2,
        profile_batch=(2, 3),
    )
    model.fit(X, Y, batch_size=8, epochs=3, validation_data=(X, Y), callbacks=[board], verbose=0)
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    for tag in ("epoch_loss", "epoch_learning_rate", "epoch_steps_per_second"):
        assert [step for name, step in train if name == tag] == [0, 1, 2]
    assert [step for name, step in train if name == "batch_loss"] == [2, 4, 6, 8, 10, 12]
    assert ("batch_steps_per_second", 2) in train
    assert [step for name, step in validation if name == "epoch_loss"] == [0, 1, 2]
    evaluated = [step for name, step in validation if name == "evaluation_loss_vs_iterations"]
    assert evaluated == [4, 8, 12]
    for weight in model.weights:
        assert (f"{weight.path}/histogram", 2) in train
        assert (f"{weight.path}/histogram", 1) not in train
        if weight.shape != (1,):  # a single number is no image
            assert any(name.startswith(f"{weight.path}/image") for name, _ in train)
    trace = tmp_path / "train" / "plugins" / "profile" / "2-3" / "host.trace.json"
    assert json.loads(trace.read_text())


def test_tensorboard_enters_python_only_where_it_must(tmp_path):
    pytest.importorskip("tensorboardX", reason="extra [tensorboard]")
    calls = cb.CallbackList([cb.TensorBoard(tmp_path)])
    assert not calls.overrides("on_train_batch_end")
    calls = cb.CallbackList([cb.TensorBoard(tmp_path, update_freq="batch")])
    assert calls.overrides("on_train_batch_end")


def test_tensorboard_says_what_is_missing(monkeypatch):
    import importlib.util
    import sys

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"nacre\[tensorboard\]"):
        cb.TensorBoard("logs")


@pytest.mark.parametrize(
    "options",
    [{"update_freq": "step"}, {"update_freq": 0}, {"profile_batch": -1}, {"profile_batch": (3, 2)}],
    ids=str,
)
def test_tensorboard_bad_arguments(options):
    with pytest.raises(ValueError, match="TensorBoard: expected"):
        cb.TensorBoard("logs", **options)
