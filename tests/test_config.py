"""nacre.config, nacre.tree, the top-level names, and the exceptions of the core."""

import os
import subprocess
import sys

import numpy as np
import pytest

import nacre
from nacre import config, tree


def test_config():
    assert config.floatx() == "float32"
    assert config.backend() == "nacre"
    assert config.image_data_format() == "channels_last"
    assert config.epsilon() == 1e-7
    assert config.num_threads() >= 1
    assert config.isa() in config.available_isas()
    for bad in (0, -1):
        with pytest.raises(ValueError):
            config.set_num_threads(bad)
    for call in (
        lambda: config.set_floatx("int32"),
        lambda: config.set_floatx("float99"),
        lambda: config.set_image_data_format("last"),
        lambda: config.set_epsilon(0),
    ):
        with pytest.raises(ValueError):
            call()
    config.set_image_data_format("channels_first")
    try:
        assert config.image_data_format() == "channels_first"
    finally:
        config.set_image_data_format("channels_last")


def test_interactive_logging_is_one_switch():
    config.disable_interactive_logging()
    try:
        assert not nacre.utils.is_interactive_logging_enabled()
        assert not config.is_interactive_logging_enabled()
    finally:
        nacre.utils.enable_interactive_logging()
    assert config.is_interactive_logging_enabled()


class Pairs(nacre.utils.PyDataset):
    def __init__(self, *arrays):
        super().__init__()
        self.arrays = arrays

    def __len__(self):
        return len(self.arrays[0]) // 2

    def __getitem__(self, index):
        return tuple(a[2 * index : 2 * index + 2] for a in self.arrays)


@pytest.mark.parametrize("kind", ["arrays", "batches"])
def test_limits_of_training(kind):
    x, y = np.arange(24.0).reshape(12, 2), np.ones((12, 1))
    given = {"x": x, "y": y, "batch_size": 2}
    if kind == "batches":
        given = {"x": Pairs(x, y)}
    model = nacre.Sequential([nacre.layers.Dense(1)])
    model.compile("sgd", "mse")
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(3)
    try:
        assert (config.max_epochs(), config.max_steps_per_epoch()) == (2, 3)
        with pytest.warns(UserWarning, match="2 of 5 epochs|3 of 6 steps") as warned:
            history = model.fit(**given, epochs=5, verbose=0)
        assert len(warned) == 2 and all(w.filename == __file__ for w in warned)
        assert history.epoch == [0, 1] and int(model.optimizer.iterations) == 6
        with pytest.warns(UserWarning, match="3 of 6 steps"):
            assert len(model.predict(given["x"], batch_size=given.get("batch_size"))) == 6
    finally:
        config.set_max_epochs(None)
        config.set_max_steps_per_epoch(None)
    for bad in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="set_max_epochs: expected a positive integer or None"):
            config.set_max_epochs(bad)
    assert len(model.fit(**given, epochs=3, verbose=0).epoch) == 3
    assert len(model.predict(x, batch_size=2, steps=2, verbose=0)) == 4


def test_limits_in_the_environment():
    code = "from nacre import config; print(config.max_epochs(), config.max_steps_per_epoch())"
    environment = os.environ | {"NACRE_MAX_EPOCHS": "4", "NACRE_MAX_STEPS_PER_EPOCH": ""}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True,
                         text=True, check=True)  # fmt: skip
    assert run.stdout.split() == ["4", "None"]


def test_top_level_names():
    assert nacre.__version__
    assert nacre.float32 == "float32"
    assert nacre.GradientTape is nacre.autograd.GradientTape
    assert "GradientTape" in dir(nacre)
    for name in dir(nacre):
        getattr(nacre, name)
    with pytest.raises(AttributeError, match="Did you mean 'Sequential'"):
        nacre.Sequental  # noqa: B018


def test_import_is_light():
    code = (
        "import sys, numpy; before = set(sys.modules); import nacre; "
        "print(len(set(sys.modules) - before)); "
        "assert 'nacre.layers' not in sys.modules; "
        "import threading; assert threading.active_count() == 1"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20


def test_tree():
    nested = {"b": [1, (2, None)], "a": 3}
    assert tree.flatten(nested) == [3, 1, 2, None]
    assert tree.pack_sequence_as(nested, [10, 20, 30, 40]) == {"b": [20, (30, 40)], "a": 10}
    assert tree.map_structure(lambda x: x, nested) == nested
    assert list(tree.map_structure(lambda x: x, nested)) == ["b", "a"]
    assert tree.flatten_with_path(nested)[2] == (("b", 1, 0), 2)
    assert tree.lists_to_tuples(nested) == {"b": (1, (2, None)), "a": 3}
    assert tree.map_shape_structure(lambda s: len(s), {"a": (None, 3)}) == {"a": 2}
    tree.assert_same_structure([1, (2,)], [3, (4,)])
    for a, b in ([1], (1,)), ([1], [1, 2]), ({"a": 1}, {"b": 1}), ([1], 1):
        with pytest.raises(ValueError):
            tree.assert_same_structure(a, b)
    with pytest.raises(ValueError, match="expected 4 leaves"):
        tree.pack_sequence_as(nested, [1])
    assert tree.traverse(lambda x: x + 1 if isinstance(x, int) else None, [1, {"a": 2}]) == [
        2,
        {"a": 3},
    ]


def test_ctrl_c_stops_a_plan():
    code = """
import os, signal, threading, time
import nacre
from nacre import ops

# Where the tests run in the background of a shell, SIGINT is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
x = ops.ones((600, 600))

@nacre.function
def f(x):
    for _ in range(300):
        x = ops.matmul(x, x) * 0.001
    return x

f(x)
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    for _ in range(1000):
        f(x)
except KeyboardInterrupt:
    f(x[:, :])
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "stopped" in done.stdout, done.stderr
