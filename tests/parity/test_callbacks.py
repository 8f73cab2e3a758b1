"""The callbacks of nacre and of real Keras 3, on the same runs."""

from __future__ import annotations

import inspect
import os
import types
import warnings

import numpy as np
import pytest

from nacre import callbacks as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
theirs = keras.callbacks

NAMES = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]


class Metric:
    def __init__(self, name, direction):
        self.name = name
        self._direction = direction


class FakeModel:
    """What callbacks touch of a model. Its weight is the number of the epoch."""

    def __init__(self):
        self.optimizer = types.SimpleNamespace(learning_rate=np.float32(0.1), name="sgd")
        self.metrics = []
        self.stop_training = False
        self.weight = 0.0
        self.saved = []
        self.history = None

    def get_weights(self):
        return [np.array(self.weight)]

    def set_weights(self, weights):
        self.weight = float(weights[0])

    def save(self, path, overwrite=True):
        self.saved.append(path)

    def save_weights(self, path, overwrite=True):
        self.saved.append(path)


def drive(module, make, epochs_logs, batches=0, initial_epoch=0):
    """Runs one callback through a training; returns all that can be seen of it."""
    model = FakeModel()
    run = module.CallbackList(
        [make(module)], add_history=True, model=model, verbose=0, epochs=9, steps=batches
    )
    logs = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run.on_train_begin()
        for epoch, logs in enumerate(epochs_logs, initial_epoch):
            run.on_epoch_begin(epoch)
            model.weight = float(epoch)
            for batch in range(batches):
                run.on_train_batch_end(batch, logs)
                if model.stop_training:
                    break
            run.on_epoch_end(epoch, dict(logs))
            if model.stop_training:
                break
        run.on_train_end(logs)
    return {
        "history": {k: [float(v) for v in values] for k, values in model.history.history.items()},
        "epochs": model.history.epoch,
        "stopped": model.stop_training,
        "weight": model.weight,
        "saved": model.saved,
        "rate": float(model.optimizer.learning_rate),
        "warnings": [str(w.message) for w in caught if issubclass(w.category, UserWarning)],
    }


RNG = np.random.default_rng(0)
WALK = [{"loss": float(v), "val_loss": float(v + 0.1)} for v in RNG.uniform(0, 1, 12)]
FALL = [{"loss": v, "val_loss": v} for v in (5.0, 3.0, 3.0, 2.9, 4.0, 4.0, 4.0, 4.0, 1.0)]

CASES = {
    "stop": lambda m: m.EarlyStopping(patience=2, verbose=1),
    "stop, no patience": lambda m: m.EarlyStopping(monitor="loss", verbose=1),
    "stop, restore": lambda m: m.EarlyStopping(patience=3, restore_best_weights=True, verbose=1),
    "stop, min_delta": lambda m: m.EarlyStopping(min_delta=0.5, patience=1, verbose=1),
    "stop, max": lambda m: m.EarlyStopping(mode="max", patience=2, min_delta=-0.1),
    "stop, baseline": lambda m: m.EarlyStopping(
        baseline=0.2, patience=4, restore_best_weights=True, verbose=1
    ),
    "stop, late": lambda m: m.EarlyStopping(start_from_epoch=3, patience=1, verbose=1),
    "stop, missing": lambda m: m.EarlyStopping(monitor="loss_", mode="min"),
    "save": lambda m: m.ModelCheckpoint("{epoch:02d}-{loss:.3f}.keras", verbose=1),
    "save, best": lambda m: m.ModelCheckpoint("m.keras", save_best_only=True, verbose=1),
    "save, max": lambda m: m.ModelCheckpoint("m.keras", "loss", 1, True, mode="max"),
    "save, threshold": lambda m: m.ModelCheckpoint(
        "m.keras", save_best_only=True, initial_value_threshold=0.3, verbose=1
    ),
    "save, missing": lambda m: m.ModelCheckpoint(
        "m.keras", monitor="x", mode="min", save_best_only=True
    ),
    "save, weights": lambda m: m.ModelCheckpoint("{epoch}.weights.h5", save_weights_only=True),
    "save, batches": lambda m: m.ModelCheckpoint("{epoch}-{batch}.keras", save_freq=3, verbose=1),
    "schedule": lambda m: m.LearningRateScheduler(lambda epoch, lr: lr / (1 + epoch), verbose=1),
    "schedule of epochs": lambda m: m.LearningRateScheduler(lambda epoch: 1.0 / (2 + epoch)),
    "plateau": lambda m: m.ReduceLROnPlateau(patience=2, verbose=1),
    "plateau, rests": lambda m: m.ReduceLROnPlateau(
        "loss", factor=0.5, patience=1, cooldown=2, min_lr=0.01, verbose=1
    ),
    "plateau, missing": lambda m: m.ReduceLROnPlateau(monitor="x", mode="min"),
    "nan": lambda m: m.TerminateOnNaN(),
}


@pytest.mark.parametrize("logs", [WALK, FALL], ids=["walk", "fall"])
@pytest.mark.parametrize("case", CASES)
def test_same_run(case, logs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    expected = drive(theirs, CASES[case], logs, batches=4)
    printed = capsys.readouterr().out
    assert drive(ours, CASES[case], logs, batches=4) == expected
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_same_end_at_nan(loss, capsys):
    logs = [{"loss": 1.0}, {"loss": loss}, {"loss": 1.0}]
    expected = drive(theirs, CASES["nan"], logs, batches=2)
    printed = capsys.readouterr().out
    np.testing.assert_equal(drive(ours, CASES["nan"], logs, batches=2), expected)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("separator", [",", ";"])
def test_same_csv(append, separator, tmp_path):
    files = []
    for module, name in ((theirs, "theirs.csv"), (ours, "ours.csv")):
        path = tmp_path / name

        def make(module, path=path):
            return module.CSVLogger(str(path), separator=separator, append=append)

        drive(module, make, [{"loss": 1.0, "b": 0.25}, {"loss": 0.1, "val_loss": 2.0}])
        drive(module, make, WALK, initial_epoch=2)
        files.append(path.read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("name", [*NAMES, "CallbackList"])
def test_same_arguments(name):
    def arguments(cls):
        return [
            (p.name, p.kind, p.default)
            for p in inspect.signature(cls.__init__).parameters.values()
            if p.name != "self"
        ]

    assert arguments(getattr(ours, name)) == arguments(getattr(theirs, name))


def test_same_hooks():
    def hooks(cls):
        return {n for n in dir(cls) if n.startswith(("on_", "set_"))} | {"model"}

    assert hooks(ours.Callback) == hooks(theirs.Callback)
    for hook in hooks(ours.Callback) - {"model"}:
        names = [
            list(inspect.signature(getattr(c.Callback, hook)).parameters) for c in (ours, theirs)
        ]
        assert names[0] == names[1]
