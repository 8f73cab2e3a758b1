"""BackupAndRestore: an interrupted run goes on as if it had not been, bit for bit."""

from __future__ import annotations

import os

import numpy as np
import pytest

import nacre
from nacre import layers
from nacre.callbacks import BackupAndRestore, Callback

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 6)).astype("float32")
Y = rng.normal(size=(40, 1)).astype("float32")


class Interrupted(Exception):
    pass


class Interrupt(Callback):
    """Stops the run after a batch of an epoch, or at the end of an epoch."""

    def __init__(self, epoch, batch=None):
        super().__init__()
        self.at, self.epoch = (epoch, batch), None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            raise Interrupted

    def on_epoch_end(self, epoch, logs=None):
        if (epoch, None) == self.at:
            raise Interrupted


def make_model(optimizer=None, metrics=("mae",)):
    model = nacre.Sequential(
        [
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(1),
        ]
    )
    if optimizer is None:
        schedule = nacre.optimizers.schedules.ExponentialDecay(0.05, 7, 0.9)
        optimizer = nacre.optimizers.Adam(schedule, use_ema=True, gradient_accumulation_steps=2)
    model.compile(optimizer, "mse", metrics=list(metrics))
    return model


def state(model, history):
    values = [v.numpy() for v in (*model.variables, *model.optimizer.variables)]
    return values, history.history


def run(callbacks=(), make=make_model, data=None, **options):
    nacre.utils.set_random_seed(7)
    model = make()
    x, y = (X, Y) if data is None else (data(), None)
    options = {"epochs": 4, "batch_size": 8, "verbose": 0, **options}
    return state(model, model.fit(x, y, callbacks=list(callbacks), **options))


def check_resumed(tmp_path, interrupt, save_freq, **options):
    straight, history = run(**options)
    backup = lambda: BackupAndRestore(tmp_path / "backup", save_freq=save_freq)  # noqa: E731
    with pytest.raises(Interrupted):
        run([backup(), interrupt], **options)
    assert os.path.exists(tmp_path / "backup")
    nacre.random.normal((3,))  # the process goes on with other numbers
    resumed, later = run([backup()], **options)
    for a, b in zip(straight, resumed, strict=True):
        assert a.tobytes() == b.tobytes()
    for name, values in later.items():
        assert values == history[name][-len(values) :]
    assert not os.path.exists(tmp_path / "backup")
    return later


def test_after_an_epoch(tmp_path):
    later = check_resumed(tmp_path, Interrupt(1), "epoch")
    assert len(later["loss"]) == 2


@pytest.mark.parametrize("save_freq, epoch, batch", [(1, 1, 2), (3, 2, 1), (2, 0, 4), (5, 1, 4)])
def test_within_an_epoch(tmp_path, save_freq, epoch, batch):
    check_resumed(tmp_path, Interrupt(epoch, batch), save_freq)


def test_with_validation_and_lazy_metrics(tmp_path):
    def make():
        classes = nacre.metrics.R2Score()
        return make_model(nacre.optimizers.SGD(0.05, momentum=0.9), ["mae", classes])

    check_resumed(tmp_path, Interrupt(1, 3), 1, make=make, validation_data=(X[:8], Y[:8]))


class Rows(nacre.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return X[8 * index : 8 * index + 8], Y[8 * index : 8 * index + 8]


def test_of_a_dataset(tmp_path):
    check_resumed(tmp_path, Interrupt(1, 2), 1, data=Rows)


def test_a_loss_scale_and_a_python_metric(tmp_path):
    class Largest(nacre.metrics.Metric):
        def __init__(self, name="largest", **kwargs):
            super().__init__(name=name, **kwargs)
            self.value = self.add_weight(name="value")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.value.assign(nacre.ops.maximum(self.value, nacre.ops.max(y_pred)))

        def result(self):
            return self.value

    def make():
        optimizer = nacre.optimizers.LossScaleOptimizer(
            nacre.optimizers.Adam(0.01), dynamic_growth_steps=3
        )
        return make_model(optimizer, [Largest()])

    check_resumed(tmp_path, Interrupt(2, 1), 2, make=make)


def test_a_damaged_backup(tmp_path):
    folder = tmp_path / "backup"
    options = {"save_freq": 1, "double_checkpoint": True}
    straight, _ = run()
    with pytest.raises(Interrupted):
        run([BackupAndRestore(folder, **options), Interrupt(1, 2)])
    latest = folder / "latest.safetensors"
    latest.write_bytes(latest.read_bytes()[:-10])
    with pytest.warns(UserWarning, match="backup before"):
        resumed, _ = run([BackupAndRestore(folder, **options)])
    for a, b in zip(straight, resumed, strict=True):
        assert a.tobytes() == b.tobytes()

    folder.mkdir()
    latest.write_bytes(b"no backup")
    with pytest.raises(ValueError, match="latest.safetensors"):
        run([BackupAndRestore(folder)])


def test_another_model(tmp_path):
    with pytest.raises(Interrupted):
        run([BackupAndRestore(tmp_path), Interrupt(1)])
    with pytest.raises(ValueError, match="latest.safetensors"):
        run([BackupAndRestore(tmp_path)], make=lambda: make_model("sgd"))


def test_the_folder_is_kept_when_asked(tmp_path):
    run([BackupAndRestore(tmp_path / "a", delete_checkpoint=False)])
    assert os.listdir(tmp_path / "a") == ["latest.safetensors"]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "other").touch()
    run([BackupAndRestore(tmp_path / "b")])
    assert os.listdir(tmp_path / "b") == ["other"]


@pytest.mark.parametrize(
    "arguments", [("",), ("x", "batch"), ("x", 0), ("x", True)], ids=lambda v: str(v)
)
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="BackupAndRestore: expected"):
        BackupAndRestore(*arguments)


def test_a_generator_needs_a_built_model(tmp_path):
    def batches():
        while True:
            yield X[:8], Y[:8]

    with pytest.raises(Interrupted):
        run([BackupAndRestore(tmp_path), Interrupt(1)], data=batches, steps_per_epoch=3)
    with pytest.raises(ValueError, match="build the model"):
        run([BackupAndRestore(tmp_path)], data=batches, steps_per_epoch=3)
