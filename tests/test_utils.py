"""Utilities: labels, seeds, the progress bar, curves, batches made in Python."""

from __future__ import annotations

import random
import re
import sys
import threading
import types

import numpy as np
import pytest

from nacre import utils

# to_categorical, normalize


def test_to_categorical():
    one_hot = utils.to_categorical([[0, 2], [1, 0]], num_classes=3)
    assert one_hot.dtype == np.float64
    np.testing.assert_array_equal(one_hot, np.eye(3)[[[0, 2], [1, 0]]])


@pytest.mark.parametrize(
    ("x", "shape"), [([0, 2], (2, 3)), ([[2]], (1, 3)), ([[[2], [0]]], (1, 2, 3)), (2, (3,))]
)
def test_to_categorical_shapes(x, shape):
    assert utils.to_categorical(x).shape == shape


def test_to_categorical_takes_any_whole_numbers():
    for dtype in ("uint8", "int64", "float32", "bool"):
        np.testing.assert_array_equal(
            utils.to_categorical(np.array([1, 0], dtype)), [[0, 1], [1, 0]]
        )
    assert utils.to_categorical(np.zeros((0,), int), num_classes=4).shape == (0, 4)


@pytest.mark.parametrize(
    ("x", "num_classes", "error", "message"),
    [
        ([0, 3], 3, ValueError, r"from 0 to 2, received 3 at index 1 \(shape \(2,\), num_classes"),
        ([[0, 1], [-1, 0]], 2, ValueError, r"received -1 at index \(1, 0\)"),
        ([0.5], 2, ValueError, "expected integer class ids, received 0.5 at index 0"),
        ([float("nan")], 2, ValueError, "received nan"),
        ([], None, ValueError, "expected `num_classes` with an empty `x`"),
        (["a"], 2, TypeError, "received dtype <U1"),
    ],
)
def test_to_categorical_errors(x, num_classes, error, message):
    with pytest.raises(error, match=message):
        utils.to_categorical(x, num_classes)


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(utils.normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize(x, axis=0), [[1, 1], [0, 0]])
    np.testing.assert_allclose(utils.normalize(x, order=1), [[3 / 7, 4 / 7], [0, 0]])
    np.testing.assert_allclose(utils.normalize([3, 4]), [[0.6, 0.8]])
    with pytest.raises(ValueError, match="expected an axis from -2 to 1, received 2"):
        utils.normalize(x, axis=2)


# set_random_seed


@pytest.fixture
def seeds(monkeypatch):
    """The seeds that the core was given."""
    from nacre.utils import seed

    given = []
    monkeypatch.setattr(seed, "_seed_core", given.append)
    return given


def test_set_random_seed(seeds):
    drawn = []
    for _ in range(2):
        utils.set_random_seed(3)
        drawn.append((random.random(), np.random.rand()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert seeds == [3, 3]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", None, True])
def test_set_random_seed_errors(seed, seeds):
    state = random.getstate()
    with pytest.raises(ValueError, match="expected `seed` an integer from 0"):
        utils.set_random_seed(seed)
    assert seeds == []
    assert random.getstate() == state


# Console


def test_interactive_logging(capsys, caplog):
    from nacre.utils.console import print_msg

    print_msg("one")
    utils.disable_interactive_logging()
    try:
        assert not utils.is_interactive_logging_enabled()
        with caplog.at_level("INFO", "nacre"):
            print_msg("two")
    finally:
        utils.enable_interactive_logging()
    assert capsys.readouterr().out == "one\n"
    assert [record.getMessage() for record in caplog.records] == ["two"]


def test_message_in_a_narrow_encoding(monkeypatch):
    import io

    from nacre.utils.console import print_msg

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    print_msg("━ é")
    assert raw.getvalue() == b"= ?\n"
    monkeypatch.setattr(sys, "stdout", None)
    print_msg("nowhere")


# Progbar


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 1000.0

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    from nacre.utils import progbar

    clock = Clock()
    monkeypatch.setattr(progbar, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch):
    from nacre.utils import progbar

    monkeypatch.setattr(progbar, "redraws_in_place", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_bar_in_a_terminal(clock, terminal, capsys):
    bar = utils.Progbar(10, stateful_metrics=["loss"])
    clock.now += 2  # the first step builds the plan
    bar.update(1, [("loss", 1.0)])
    assert (
        plain(capsys.readouterr().out) == "\r 1/10 ━━━━━━━━━━━━━━━━━━━━ 18s 2s/step - loss: 1.0000"
    )
    clock.now += 0.4
    bar.update(5, [("loss", 5e-4)])
    text = capsys.readouterr().out
    assert text.startswith(
        "\r\x1b[1m 5/10\x1b[0m \x1b[32m" + "━" * 10 + "\x1b[0m\x1b[37m" + "━" * 10
    )
    assert plain(text).rstrip() == "\r 5/10 ━━━━━━━━━━━━━━━━━━━━ 0s 100ms/step - loss: 5.0000e-04"
    clock.now += 0.5
    bar.update(10, [("loss", 0.25)])
    text = plain(capsys.readouterr().out)
    assert text.rstrip(" \n") == "\r10/10 ━━━━━━━━━━━━━━━━━━━━ 3s 100ms/step - loss: 0.2500"
    assert text.endswith("    \n")  # what was longer before is wiped out


def test_bar_is_drawn_by_time(clock, terminal, capsys):
    bar = utils.Progbar(1000, interval=0.05)
    for step in range(1, 1000):
        clock.now += 0.001
        bar.update(step)
    assert 18 <= capsys.readouterr().out.count("\r") <= 21


def test_bar_averages_what_has_no_state(clock, terminal, capsys):
    bar = utils.Progbar(10, interval=0)
    bar.update(1, [("a", 1.0)])
    bar.add(3, [("a", 5.0)])
    assert "a: 4.0000" in capsys.readouterr().out
    bar.update(10, [("a", 7.0)])
    assert "a: 7.0000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (61, "1:01"), (3599, "59:59"), (3601, "1:00:01"), (7384, "2:03:04")],
)
def test_eta(seconds, text, clock, terminal, capsys):
    bar = utils.Progbar(2)
    clock.now += seconds
    bar.update(1)
    assert f"━ {text} " in plain(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.4, "2s/step"), (0.0124, "12ms/step"), (0.000012, "12us/step")]
)
def test_step_time(seconds, text, clock, capsys):
    bar = utils.Progbar(10)
    clock.now += seconds * 10
    bar.update(10)
    assert f" {text}\n" in capsys.readouterr().out


def test_bar_of_unknown_length(clock, terminal, capsys):
    bar = utils.Progbar(None)
    clock.now += 1
    bar.update(3, [("a", 1.0)])
    assert plain(capsys.readouterr().out) == "\r      3/Unknown 1s 333ms/step - a: 1.0000"


def test_bar_to_a_file(clock, capsys):
    bar = utils.Progbar(3)
    for step in (1, 2, 3):
        clock.now += 1
        bar.update(step, [("a", 1.0)])
    assert capsys.readouterr().out == "3/3 ━━━━━━━━━━━━━━━━━━━━ 3s 1s/step - a: 1.0000\n"


def test_one_line_and_silence(clock, capsys):
    for verbose, text in ((2, "10/10 - 1s - 100ms/step - a: 1.0000\n"), (0, "")):
        bar = utils.Progbar(10, verbose=verbose)
        bar.update(4, [("a", 1.0)])
        clock.now += 1
        bar.update(10, [("a", 1.0)])
        assert capsys.readouterr().out == text


def test_bar_fits_the_terminal(clock, terminal, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    bar = utils.Progbar(10)
    bar.update(5, [("a_long_name", 1.0)])
    assert len(plain(capsys.readouterr().out)) == 1 + 39
    bar.update(10, [("a_long_name", 1.0)])
    assert "a_long_name: 1.0000\n" in capsys.readouterr().out


def test_no_color(clock, terminal, capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    utils.Progbar(2).update(1)
    assert "\x1b" not in capsys.readouterr().out


def test_bar_errors():
    with pytest.raises(ValueError, match="expected one of `stateful_metrics`"):
        utils.Progbar(1, stateful_metrics=[], stateless_metrics=[])


# Tuples, split_dataset


def test_tuples():
    for data in ("x", ("x",), ("x", "y"), ("x", "y", "w")):
        x, y, w = utils.unpack_x_y_sample_weight(data)
        packed = utils.pack_x_y_sample_weight(x, y, w)
        assert packed == (data if data != ("x",) else "x")
    assert utils.unpack_x_y_sample_weight(["x", "y"]) == ("x", "y", None)
    assert utils.pack_x_y_sample_weight([1, 2]) == ([1, 2],)
    with pytest.raises(ValueError, match="received a tuple of 4 elements"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


def test_split_dataset():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    (xl, yl), (xr, yr) = utils.split_dataset((x, y), left_size=0.8)
    assert (xl.shape, yl.shape, xr.shape) == ((8, 2), (8,), (2, 2))
    np.testing.assert_array_equal(yr, [8, 9])
    left, right = utils.split_dataset(y, right_size=3, shuffle=True, seed=1)
    assert sorted([*left, *right]) == list(range(10))
    assert len(right) == 3
    assert not np.array_equal(left, np.arange(7))
    left, right = utils.split_dataset([x, y], left_size=2, right_size=0.3)
    assert isinstance(left, list)
    np.testing.assert_array_equal(right[1], [7, 8, 9])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({}, "expected `left_size` or `right_size`, received None"),
        ({"left_size": 11}, "from 0 to 10 samples, received 11"),
        ({"left_size": 1.5}, "a fraction from 0 to 1, received 1.5"),
        ({"left_size": 0.8, "right_size": 0.4}, "at most 10 samples together"),
        ({"left_size": 10}, "at least one sample on each side"),
    ],
)
def test_split_dataset_errors(kwargs, message):
    with pytest.raises(ValueError, match=message):
        utils.split_dataset(np.arange(10), **kwargs)


def test_split_dataset_of_no_arrays():
    with pytest.raises(TypeError, match="received int"):
        utils.split_dataset(3, left_size=1)
    with pytest.raises(ValueError, match=r"arrays of one length, received \[2, 3\]"):
        utils.split_dataset((np.zeros(2), np.zeros(3)), left_size=1)


# plot_history

HISTORY = types.SimpleNamespace(
    epoch=[3, 4],
    history={"accuracy": [0.5, 0.7], "loss": [2.0, 1.0], "val_loss": [3.0, 2.0]},
)


def test_plot_history(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "in" / "curves.png"
    figure = utils.plot_history(HISTORY, to_file=path, title="a run")
    assert path.read_bytes().startswith(b"\x89PNG")
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == ["loss", "accuracy"]
    assert [len(panel.lines) for panel in panels] == [2, 1]
    assert list(panels[0].lines[0].get_xdata()) == [4, 5]
    assert len(utils.plot_history(HISTORY.history, metrics=["accuracy"]).axes) == 1


def test_plot_history_errors(monkeypatch):
    with pytest.raises(ValueError, match="received an empty history"):
        utils.plot_history({})
    with pytest.raises(ValueError, match=r"expected `metrics` among .*, received speed"):
        utils.plot_history(HISTORY, metrics=["speed"])
    with pytest.raises(TypeError, match="expected the History that `fit` returns"):
        utils.plot_history([1.0])
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'nacre\[plot\]'"):
        utils.plot_history(HISTORY)


# PyDataset


class Batches(utils.PyDataset):
    def __init__(self, count=7, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == 5 and self.count == 99:
            raise RuntimeError("batch 5 is broken")
        return np.full(2, index), np.array([threading.get_ident()])


class Endless(utils.PyDataset):
    num_batches = None

    def __getitem__(self, index):
        return index


def test_py_dataset():
    batches = Batches(count=3)
    assert batches.num_batches == 3
    assert [int(x[0]) for x, _ in batches] == [0, 1, 2]
    assert (batches.workers, batches.use_multiprocessing, batches.max_queue_size) == (1, False, 10)
    batches.workers = 3
    assert batches.workers == 3
    assert utils.Sequence is utils.PyDataset
    endless = iter(Endless())
    assert [next(endless) for _ in range(3)] == [0, 1, 2]


def test_py_dataset_without_super_init():
    class Forgetful(Batches):
        def __init__(self):
            self.count = 1

    with pytest.warns(UserWarning, match=r"expected a call of `super\(\).__init__"):
        assert Forgetful().workers == 1


def test_py_dataset_errors():
    class Empty(utils.PyDataset):
        pass

    with pytest.raises(NotImplementedError, match="Empty: expected `__len__`"):
        Empty().num_batches  # noqa: B018
    with pytest.raises(NotImplementedError, match="Empty: expected a `__getitem__"):
        Empty()[0]
    with pytest.raises(
        ValueError, match="expected `workers` an integer of at least 0, received -1"
    ):
        Batches(workers=-1)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_come_in_order(workers):
    from nacre.utils.py_dataset import read_batches

    dataset = Batches(workers=workers, max_queue_size=4)
    assert [int(x[0]) for x, _ in read_batches(dataset)] == list(range(7))
    assert [int(x[0]) for x, _ in read_batches(dataset, order=[5, 1, 3])] == [5, 1, 3]
    made_here = {int(t[0]) for _, t in read_batches(dataset)} == {threading.get_ident()}
    assert made_here == (workers < 2)


def test_batches_of_processes():
    from nacre.utils.py_dataset import read_batches

    dataset = Batches(count=3, workers=1, use_multiprocessing=True)
    assert [int(x[0]) for x, _ in read_batches(dataset)] == [0, 1, 2]


def test_endless_batches_and_closing():
    from nacre.utils.py_dataset import read_batches

    for dataset in (Endless(), Endless(workers=2)):
        batches = read_batches(dataset)
        assert [next(batches) for _ in range(20)] == list(range(20))
        batches.close()
    batches = read_batches(Batches(count=2, workers=2), endless=True)
    assert [int(next(batches)[0][0]) for _ in range(5)] == [0, 1, 0, 1, 0]
    batches.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("nacre-batches")]


def test_errors_of_workers_arrive():
    from nacre.utils.py_dataset import read_batches

    done = 0
    with pytest.raises(RuntimeError, match="batch 5 is broken"):
        for _ in read_batches(Batches(count=99, workers=2)):
            done += 1
    assert done == 5
