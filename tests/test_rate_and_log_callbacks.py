"""Callbacks that change the learning rate, write logs, or stop at NaN."""

from __future__ import annotations

import csv
import types

import numpy as np
import pytest
from callback_runs import FakeModel, fit, losses

from nacre import callbacks as cb


def test_learning_rate_scheduler(capsys):
    model = FakeModel()
    history = fit(
        model, cb.LearningRateScheduler(lambda epoch, lr: lr / 2, verbose=1), losses(1, 1)
    )
    assert history.history["learning_rate"] == [0.05, 0.025]
    assert capsys.readouterr().out == (
        "\nEpoch 1: LearningRateScheduler setting learning rate to 0.05.\n"
        "\nEpoch 2: LearningRateScheduler setting learning rate to 0.025.\n"
    )


def test_learning_rate_scheduler_of_the_epoch_alone():
    model = FakeModel()
    fit(model, cb.LearningRateScheduler(lambda epoch: 0.25), losses(1))
    assert model.optimizer.learning_rate == 0.25
    fit(model, cb.LearningRateScheduler(lambda epoch, lr: np.float32(0.5)), losses(1))
    assert model.optimizer.learning_rate == 0.5
    fit(model, cb.LearningRateScheduler(lambda epoch, lr: np.array(0.125)), losses(1))
    assert model.optimizer.learning_rate == 0.125


def test_learning_rate_scheduler_errors():
    with pytest.raises(ValueError, match="expected a float from `schedule`, received 'x'"):
        fit(FakeModel(), cb.LearningRateScheduler(lambda epoch, lr: "x"), losses(1))
    with pytest.raises(TypeError, match="not supported for the input types"):
        fit(FakeModel(), cb.LearningRateScheduler(lambda epoch, lr: np.sin("x")), losses(1))
    model = FakeModel()
    del model.optimizer.learning_rate
    with pytest.raises(ValueError, match="expected an optimizer with `learning_rate`"):
        fit(model, cb.LearningRateScheduler(lambda epoch, lr: lr), losses(1))


def test_learning_rates_of_a_composite_optimizer():
    model = FakeModel()
    one, two = (types.SimpleNamespace(name=n, learning_rate=r) for n, r in (("a", 1.0), ("b", 2.0)))
    model.optimizer = types.SimpleNamespace(optimizers=[one, two])
    history = fit(model, cb.LearningRateScheduler(lambda epoch, lr: lr / 2), losses(1))
    assert history.history["learning_rate_a"] == [0.5]
    assert two.learning_rate == 1.0


def test_reduce_lr_on_plateau(capsys):
    model = FakeModel()
    reduce = cb.ReduceLROnPlateau("loss", factor=0.5, patience=2, cooldown=1, verbose=1)
    history = fit(model, reduce, losses(1, 1, 1, 1, 1, 1))
    assert history.history["learning_rate"] == [0.1, 0.1, 0.1, 0.05, 0.05, 0.025]
    assert capsys.readouterr().out == (
        "\nEpoch 3: ReduceLROnPlateau reducing learning rate to 0.05.\n"
        "\nEpoch 5: ReduceLROnPlateau reducing learning rate to 0.025.\n"
    )


def test_reduce_lr_on_plateau_stays_above_the_least():
    model = FakeModel()
    fit(model, cb.ReduceLROnPlateau("loss", patience=1, min_lr=0.03), losses(1, 1, 1, 1))
    assert model.optimizer.learning_rate == 0.03


def test_reduce_lr_on_plateau_counts_small_changes_as_none():
    model = FakeModel()
    fit(model, cb.ReduceLROnPlateau("loss", patience=1, min_delta=0.5), losses(1, 0.9))
    assert model.optimizer.learning_rate == pytest.approx(0.01)


def test_reduce_lr_on_plateau_errors():
    with pytest.raises(ValueError, match=r"expected `factor` below 1, received factor=1\.0"):
        cb.ReduceLROnPlateau(factor=1.0)
    with pytest.warns(UserWarning, match="`val_loss` which is not available.*loss,learning_rate"):
        fit(FakeModel(), cb.ReduceLROnPlateau(), losses(1))


# CSVLogger


def read_csv(path, **kwargs):
    with open(path, newline="") as file:
        return list(csv.reader(file, **kwargs))


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    fit(FakeModel(), cb.CSVLogger(path), [{"loss": 1.0, "a": 0.5}, {"loss": 2.0, "val_loss": 3.0}])
    assert read_csv(path) == [
        ["epoch", "a", "loss", "val_a", "val_loss"],
        ["0", "0.5", "1.0", "NA", "NA"],
        ["1", "NA", "2.0", "NA", "3.0"],
    ]


def test_csv_logger_appends(tmp_path):
    path = tmp_path / "log.csv"
    fit(FakeModel(), cb.CSVLogger(path, separator=";"), losses(1, 2))
    fit(FakeModel(), cb.CSVLogger(path, separator=";", append=True), losses(3), initial_epoch=2)
    rows = read_csv(path, delimiter=";")
    assert rows[0][:2] == ["epoch", "loss"]
    assert [row[:2] for row in rows[1:]] == [["0", "1.0"], ["1", "2.0"], ["2", "3.0"]]


def test_csv_logger_writes_at_once_and_can_be_used_again(tmp_path):
    path = tmp_path / "log.csv"
    log = cb.CSVLogger(path)
    sizes = []
    watch = cb.LambdaCallback(on_epoch_end=lambda epoch, logs: sizes.append(len(read_csv(path))))
    for _ in range(2):
        fit(FakeModel(), [log, watch], losses(1, 2))
    assert sizes == [2, 3, 2, 3]


def test_csv_logger_writes_vectors(tmp_path):
    path = tmp_path / "log.csv"
    fit(FakeModel(), cb.CSVLogger(path), [{"w": np.array([1, 2])}])
    assert read_csv(path)[1][1] == '"[1, 2]"'


# TerminateOnNaN, LambdaCallback


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_terminate_on_nan(loss, capsys):
    model, seen = FakeModel(), []
    count = cb.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    fit(model, [cb.TerminateOnNaN(), count], losses(loss, 1), batches=3)
    assert model.stop_training
    assert seen == [0]
    assert capsys.readouterr().out == "Batch 0: Invalid loss, terminating training\n"


def test_terminate_on_nan_raises():
    with pytest.raises(RuntimeError, match="expected a finite loss, received nan at batch 0"):
        fit(FakeModel(), cb.TerminateOnNaN(raise_error=True), losses(float("nan")), batches=2)


def test_terminate_on_nan_lets_numbers_pass():
    model = FakeModel()
    fit(model, cb.TerminateOnNaN(), [{"loss": 1.0}, {"accuracy": 1.0}], batches=2)
    assert not model.stop_training


def test_lambda_callback():
    seen = []
    call = cb.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(("begin", epoch)),
        on_batch_end=lambda batch, logs: seen.append(("batch", batch)),
        note="kept",
    )
    assert call.note == "kept"
    fit(FakeModel(), call, losses(1), batches=1)
    assert seen == [("begin", 0), ("batch", 0)]


def test_lambda_callback_refuses_unknown_hooks():
    with pytest.raises(TypeError, match=r"received 'on_epoch_ends'\. Did you mean 'on_epoch_end'"):
        cb.LambdaCallback(on_epoch_ends=print)
