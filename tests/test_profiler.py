"""The profiler: what is counted, traces, rooflines, FLOPs in summaries."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nacre
from nacre import layers, profiler

MEASURED = []


@pytest.fixture(autouse=True)
def limits(monkeypatch, tmp_path):
    """Limits that need no measuring, kept in a folder of the test's own."""

    def measure(threads):
        MEASURED.append(threads)
        return 4e9, 2e9

    monkeypatch.setenv("NACRE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(nacre._core, "measure_roofline", measure)


def trained_model():
    model = nacre.Sequential(
        [
            nacre.Input((20,)),
            layers.Dense(8, activation="relu", name="first"),
            layers.Dense(3, name="second"),
        ],
        name="net",
    )
    model.compile("adam", nacre.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = np.ones((64, 20), "float32"), np.zeros(64, "int32")
    model.fit(x, y, batch_size=16, epochs=1, verbose=0)
    return model, x, y


def test_a_fit_is_counted_by_layer_and_direction():
    model, x, y = trained_model()
    with profiler.profile() as p:
        model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    steps = 8
    found = {(e["layer"], e["op"], e["backward"]): e for e in p.entries()}
    forward = found[("net/first", "fused_matmul", False)]  # with bias and relu
    assert forward["calls"] == steps
    assert forward["flops"] == steps * 2 * 16 * 20 * 8
    assert forward["bytes"] == steps * 4 * (16 * 20 + 20 * 8 + 8 + 16 * 8)
    assert any(layer == "net/second" and backward for layer, _, backward in found)
    assert any(layer == "Adam" for layer, _, _ in found)
    assert 0 < sum(e["seconds"] for e in p.entries()) <= p.seconds


def test_eager_ops_are_counted():
    x = nacre.ops.ones((5, 5))
    with profiler.profile() as p:
        nacre.ops.exp(x)
        nacre.ops.exp(x)
    (entry,) = p.entries()
    assert (entry["op"], entry["calls"], entry["flops"]) == ("exp", 2, 50)


def test_nothing_is_counted_outside():
    p = profiler.profile()
    with p:
        pass
    nacre.ops.exp(nacre.ops.ones(3))
    assert p.entries() == []


def test_one_profile_at_a_time():
    with profiler.profile() as outer:
        with pytest.raises(RuntimeError, match="another profile"), profiler.profile():
            pass
        nacre.ops.exp(nacre.ops.ones(3))
    assert {e["op"] for e in outer.entries()} == {"exp", "fill"}


def test_table_has_both_views_and_the_rest():
    model, x, y = trained_model()
    with profiler.profile() as p:
        model.fit(x, y, verbose=0)
    text = p.table()
    for word in ("net/first (backward)", "matmul", "(outside kernels)", "roofline", "GFLOP/s"):
        assert word in text
    assert "net/first" not in p.table(by="kernel")
    with pytest.raises(ValueError, match="by='kernel' or by='layer', received 'op'"):
        p.table(by="op")


def test_trace_is_bounded_and_loads(tmp_path):
    x = nacre.ops.ones(4)
    with profiler.profile(trace=10) as p:
        for _ in range(25):
            nacre.ops.exp(x)
    path = tmp_path / "trace.json"
    p.save(path)
    trace = json.loads(path.read_text())
    assert len(trace["traceEvents"]) == 10
    assert trace["otherData"]["calls not kept"] == 15
    starts = [event["ts"] for event in trace["traceEvents"]]
    assert starts == sorted(starts)
    assert {event["name"] for event in trace["traceEvents"]} == {"exp"}
    with pytest.raises(ValueError, match="trace >= 0, received -1"):
        profiler.profile(trace=-1)


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    model, x, y = trained_model()
    with profiler.profile() as p:
        model.fit(x, y, verbose=0)
    p.plot(tmp_path / "roofline.png")
    assert (tmp_path / "roofline.png").stat().st_size > 1000


def test_summary_with_flops():
    model, _, _ = trained_model()
    lines: list[str] = []
    model.summary(flops=True, print_fn=lines.append)
    assert "FLOPs" in lines[0]
    assert f"{16 * 20 * 8 // 16 * 2 + 2 * 8:,}" in lines[0]  # products, bias and relu of one sample
    with pytest.raises(ValueError, match="expected a built model"):
        nacre.Sequential([layers.Dense(2)]).summary(flops=True)


def test_roofline_is_measured_once_a_machine():
    MEASURED.clear()
    assert profiler.roofline(3) == profiler.roofline(3) == (4e9, 2e9)
    assert MEASURED == [3]
    profiler.roofline(3, refresh=True)
    profiler.roofline(2)
    assert MEASURED == [3, 3, 2]


def test_measured_limits_are_limits(monkeypatch):
    monkeypatch.undo()
    flops, bandwidth = nacre._core.measure_roofline(1)
    assert flops > bandwidth / 8 > 0
    with pytest.raises(ValueError, match="at least 1 thread, received 0"):
        nacre._core.measure_roofline(0)
