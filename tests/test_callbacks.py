"""Callbacks, driven by a model that only counts."""

from __future__ import annotations

import csv
import types

import numpy as np
import pytest

from nacre import callbacks as cb


class FakeModel:
    """What callbacks touch of a model. One weight, which is the number of the epoch."""

    def __init__(self, metrics=()):
        self.optimizer = types.SimpleNamespace(learning_rate=0.1, name="sgd")
        self.metrics = list(metrics)
        self.stop_training = False
        self.history = None
        self.weight = 0.0
        self.saved = []

    def get_weights(self):
        return [np.array(self.weight)]

    def set_weights(self, weights):
        self.weight = float(weights[0])

    def save(self, path, overwrite=True):
        self.saved.append(path)

    def save_weights(self, path, overwrite=True):
        self.saved.append(path)


def fit(model, callbacks, epochs_logs, batches=0, verbose=0, initial_epoch=0, steps="batches"):
    """Calls the hooks as the README of the folder says."""
    callback_list = cb.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=initial_epoch + len(epochs_logs),
        steps=batches if steps == "batches" else steps,
    )
    model.stop_training = False
    callback_list.on_train_begin()
    per_batch = callback_list.overrides("on_train_batch_end")
    logs = {}
    for epoch, logs in enumerate(epochs_logs, initial_epoch):
        callback_list.on_epoch_begin(epoch)
        model.weight = float(epoch)
        for batch in range(batches):
            if per_batch:
                callback_list.on_train_batch_end(batch, logs)
            if callback_list.progress:
                callback_list.progress(batch + 1, lambda logs=logs: logs)
            if model.stop_training:
                break
        if steps is None:
            callback_list.set_steps(batches)
        callback_list.on_epoch_end(epoch, dict(logs))
        if model.stop_training:
            break
    callback_list.on_train_end(logs)
    return model.history


def losses(*values, name="loss"):
    return [{name: value} for value in values]


# CallbackList


def test_only_overridden_hooks_are_needed():
    class Batches(cb.Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    quiet = cb.CallbackList([cb.EarlyStopping(monitor="loss")], add_history=True, add_progbar=True)
    assert quiet.overrides("on_epoch_end")
    assert not any(
        quiet.overrides(f"on_{stage}_batch_{end}")
        for stage in ("train", "test", "predict")
        for end in ("begin", "end")
    )
    assert cb.CallbackList([Batches()]).overrides("on_train_batch_end")
    assert not cb.CallbackList([Batches()]).overrides("on_train_batch_begin")
    assert cb.CallbackList([[Batches()], ()]).overrides("on_batch_end")


def test_model_checkpoint_needs_batches_only_for_a_number_of_them():
    class Own(cb.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            pass

    assert not cb.CallbackList([cb.ModelCheckpoint("m.nacre")]).overrides("on_train_batch_end")
    assert cb.CallbackList([cb.ModelCheckpoint("m.nacre", save_freq=5)]).overrides(
        "on_train_batch_end"
    )
    assert cb.CallbackList([Own("m.nacre")]).overrides("on_train_batch_end")


def test_a_class_can_be_left_out_of_the_question():
    class Own(cb.TerminateOnNaN):
        pass

    callbacks = cb.CallbackList([cb.TerminateOnNaN()])
    assert callbacks.overrides("on_train_batch_end")
    assert not callbacks.overrides("on_train_batch_end", besides=cb.TerminateOnNaN)
    assert callbacks.has(cb.TerminateOnNaN)
    assert not cb.CallbackList([Own()]).has(cb.TerminateOnNaN)
    assert cb.CallbackList([Own()]).overrides("on_train_batch_end", besides=cb.TerminateOnNaN)


def test_a_subclass_of_the_progress_bar_gets_its_batches():
    class Own(cb.ProgbarLogger):
        def on_train_batch_end(self, batch, logs=None):
            pass

    assert cb.CallbackList([Own()]).overrides("on_train_batch_end")
    assert not cb.CallbackList([Own()]).overrides("on_test_batch_end")


def test_hooks_set_on_an_instance_count_from_the_begin_of_a_run():
    callback = cb.Callback()
    callbacks = cb.CallbackList([callback])
    assert not callbacks.overrides("on_test_batch_end")
    seen = []
    callback.on_test_batch_end = lambda batch, logs: seen.append(batch)
    callbacks.on_test_begin()
    assert callbacks.overrides("on_test_batch_end")
    callbacks.on_test_batch_end(4)
    assert seen == [4]


def test_objects_that_only_look_like_callbacks():
    class Duck:
        def __init__(self):
            self.seen = []

        def set_model(self, model):
            self.seen.append("model")

        def set_params(self, params):
            self.seen.append("params")

        def on_batch_end(self, batch, logs=None):
            self.seen.append(batch)

    duck = Duck()
    fit(FakeModel(), duck, losses(1.0), batches=2)
    assert duck.seen == ["model", "params", 0, 1]


def test_logs_are_flat_sorted_and_floats():
    seen = []
    callbacks = cb.CallbackList(
        [cb.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs))]
    )
    array = np.array([1, 2])
    callbacks.on_epoch_end(
        0, {"z": np.float32(0.5), "a": {"c": 1, "b": np.array([2])}, "t": "x", "v": array}
    )
    assert seen == [{"b": 2.0, "c": 1.0, "t": "x", "v": array, "z": 0.5}]
    assert list(seen[0]) == ["b", "c", "t", "v", "z"]
    assert type(seen[0]["z"]) is float
    callbacks.on_epoch_end(1)
    assert seen[1] == {}


def test_callbacks_share_the_logs_of_an_epoch():
    model = FakeModel()
    given = {"loss": 1.0}
    history = fit(model, cb.LearningRateScheduler(lambda epoch, lr: lr), [given])
    assert history.history == {"loss": [1.0], "learning_rate": [0.1]}
    assert given == {"loss": 1.0}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (cb.History, r"received the class History: write History\(\.\.\.\)"),
        (3, "expected instances of Callback, received 3 of type int"),
        ([cb.History(), "x"], "received 'x' of type str"),
    ],
)
def test_what_is_no_callback_is_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        cb.CallbackList(wrong)


def test_given_history_and_bar_are_taken():
    history, bar = cb.History(), cb.ProgbarLogger()
    callbacks = cb.CallbackList([history, bar], add_history=True, add_progbar=True)
    assert callbacks.callbacks == [history, bar]


def test_append():
    model = FakeModel()
    callbacks = cb.CallbackList(model=model, epochs=2)
    stop = cb.EarlyStopping()
    callbacks.append(stop)
    assert stop.model is model
    assert stop.params == {"epochs": 2}
    assert callbacks.overrides("on_epoch_end")


def test_a_list_in_a_list():
    inner = cb.CallbackList([cb.EarlyStopping(monitor="loss")])
    outer = cb.CallbackList([inner])
    assert outer.overrides("on_epoch_end")
    assert not outer.overrides("on_train_batch_end")


def test_subclass_without_super_init():
    class Forgetful(cb.Callback):
        def __init__(self):
            pass

    callback = Forgetful()
    assert callback.model is None
    cb.CallbackList([callback], model="m")
    assert callback.model == "m"


def test_order_of_hooks():
    names = [
        "on_train_begin",
        "on_epoch_begin",
        "on_train_batch_begin",
        "on_train_batch_end",
        "on_test_begin",
        "on_test_batch_begin",
        "on_test_batch_end",
        "on_test_end",
        "on_epoch_end",
        "on_train_end",
        "on_predict_begin",
        "on_predict_batch_begin",
        "on_predict_batch_end",
        "on_predict_end",
    ]
    seen = []
    hooks = {name: lambda *args, name=name, **kwargs: seen.append(name) for name in names}
    callbacks = cb.CallbackList([cb.LambdaCallback(**hooks)])
    for name in names:
        getattr(callbacks, name)(*([0] if "batch" in name or "epoch" in name else []))
    assert seen == names


# History


def test_history_goes_on_over_fits():
    model, history = FakeModel(), cb.History()
    fit(model, history, losses(3.0, 2.0))
    fit(model, history, losses(1.0), initial_epoch=2)
    assert history.history == {"loss": [3.0, 2.0, 1.0]}
    assert history.epoch == [2]
    assert model.history is history


# EarlyStopping


def test_early_stopping_waits_for_patience():
    model = FakeModel()
    stop = cb.EarlyStopping(monitor="loss", patience=2)
    history = fit(model, stop, losses(5, 4, 4, 4, 1))
    assert len(history.history["loss"]) == 4
    assert stop.stopped_epoch == 3
    assert stop.best == 4
    assert stop.best_epoch == 1


def test_early_stopping_min_delta_and_mode_max():
    stop = cb.EarlyStopping(monitor="accuracy", min_delta=0.1, mode="max")
    history = fit(FakeModel(), stop, losses(0.5, 0.7, 0.75, 0.9, name="accuracy"))
    assert len(history.history["accuracy"]) == 3


def test_early_stopping_restores_the_best_weights(capsys):
    model = FakeModel()
    stop = cb.EarlyStopping(monitor="loss", patience=2, restore_best_weights=True, verbose=1)
    fit(model, stop, losses(5, 3, 4, 6, 1))
    assert model.weight == 1.0
    assert capsys.readouterr().out == (
        "Epoch 4: early stopping\nRestoring model weights from the end of the best epoch: 2.\n"
    )


def test_early_stopping_restores_at_the_end_of_all_epochs():
    model = FakeModel()
    fit(model, cb.EarlyStopping("loss", patience=9, restore_best_weights=True), losses(1, 2, 3))
    assert model.weight == 0.0


def test_early_stopping_baseline():
    stop = cb.EarlyStopping(monitor="loss", baseline=1.0, patience=2, restore_best_weights=True)
    model = FakeModel()
    history = fit(model, stop, losses(5, 4, 6, 6, 6))
    assert len(history.history["loss"]) == 3
    assert model.weight == 1.0
    assert len(fit(model, stop, losses(5, 0.5, 6, 6, 6)).history["loss"]) == 4


def test_early_stopping_begins_late():
    stop = cb.EarlyStopping(monitor="loss", patience=1, start_from_epoch=3)
    assert len(fit(FakeModel(), stop, losses(1, 2, 3, 4, 5, 6)).history["loss"]) == 5


def test_early_stopping_never_stops_in_the_first_epoch():
    stop = cb.EarlyStopping(monitor="loss", baseline=0.1)
    assert len(fit(FakeModel(), stop, losses(1, 2)).history["loss"]) == 2


def test_early_stopping_can_be_used_again():
    stop = cb.EarlyStopping(monitor="loss")
    for _ in range(2):
        assert len(fit(FakeModel(), stop, losses(1, 2, 3)).history["loss"]) == 2


def test_early_stopping_warns_of_a_missing_metric():
    with pytest.warns(UserWarning, match="metric `val_loss` which is not available.*are: loss"):
        fit(FakeModel(), cb.EarlyStopping(), losses(1))


# Directions


def test_direction_comes_from_the_metric():
    metric = types.SimpleNamespace(name="speed", _direction="up")
    nested = types.SimpleNamespace(name="compile_metrics", metrics=[metric])
    stop = cb.EarlyStopping(monitor="val_speed")
    fit(FakeModel([nested]), stop, losses(1, 2, 3, name="val_speed"))
    assert stop.best == 3


@pytest.mark.parametrize(
    ("name", "best"), [("val_acc", 3), ("auc", 3), ("val_out_loss", 1), ("mean_squared_error", 1)]
)
def test_direction_comes_from_a_known_name(name, best):
    stop = cb.EarlyStopping(monitor=name, patience=9)
    fit(FakeModel(), stop, losses(1, 2, 3, name=name))
    assert stop.best == best


def test_unknown_direction():
    with pytest.raises(ValueError, match="EarlyStopping: expected `mode` 'min' or 'max' for the"):
        fit(FakeModel(), cb.EarlyStopping(monitor="speed"), losses(1, name="speed"))


def test_unknown_mode():
    with pytest.warns(UserWarning, match="received 'up'; taking 'auto'"):
        assert cb.EarlyStopping(mode="up").mode == "auto"


# ModelCheckpoint


def test_checkpoint_each_epoch(tmp_path, capsys):
    model = FakeModel()
    path = str(tmp_path / "in" / "{epoch:02d}-{loss:.2f}.nacre")
    fit(model, cb.ModelCheckpoint(path, verbose=1), losses(1, 0.5))
    first, second = str(tmp_path / "in" / "01-1.00.nacre"), str(tmp_path / "in" / "02-0.50.nacre")
    assert model.saved == [first, second]
    assert (tmp_path / "in").is_dir()
    assert capsys.readouterr().out == "".join(
        f"\nEpoch {i}: saving model to {p}\n\nEpoch {i}: finished saving model to {p}\n"
        for i, p in ((1, first), (2, second))
    )


def test_checkpoint_best_only(tmp_path, capsys):
    model = FakeModel()
    path = str(tmp_path / "best.keras")
    save = cb.ModelCheckpoint(path, monitor="loss", save_best_only=True, verbose=1)
    fit(model, save, losses(1, 2, 0.5))
    assert model.saved == [path, path]
    assert capsys.readouterr().out == (
        f"\nEpoch 1: loss improved from None to 1.00000, saving model to {path}\n"
        f"\nEpoch 1: finished saving model to {path}\n"
        "\nEpoch 2: loss did not improve from 1.00000\n"
        f"\nEpoch 3: loss improved from 1.00000 to 0.50000, saving model to {path}\n"
        f"\nEpoch 3: finished saving model to {path}\n"
    )


def test_checkpoint_threshold(tmp_path):
    model = FakeModel()
    save = cb.ModelCheckpoint(
        tmp_path / "m.nacre", "loss", save_best_only=True, initial_value_threshold=0.7
    )
    fit(model, save, losses(1, 0.5))
    assert len(model.saved) == 1


def test_checkpoint_weights_and_batches(tmp_path):
    model = FakeModel()
    path = str(tmp_path / "{epoch}-{batch}.weights.nacre")
    fit(
        model,
        cb.ModelCheckpoint(path, save_weights_only=True, save_freq=3),
        losses(1, 1),
        batches=4,
    )
    names = [p.rsplit("/", 1)[1] for p in model.saved]
    assert names == ["1-3.weights.nacre", "2-2.weights.nacre"]


def test_checkpoint_counts_batches_and_not_calls(tmp_path):
    model = FakeModel()
    save = cb.ModelCheckpoint(tmp_path / "m.nacre", save_freq=4)
    save.set_model(model)
    for batch in (1, 3, 5, 7):  # two steps an execution
        save.on_train_batch_end(batch, {})
    assert len(model.saved) == 2


def test_checkpoint_without_the_metric(tmp_path):
    model = FakeModel()
    with pytest.warns(UserWarning, match="Can save best model only with val_loss available"):
        fit(model, cb.ModelCheckpoint(tmp_path / "m.nacre", save_best_only=True), losses(1))
    assert len(model.saved) == 1


def test_checkpoint_errors(tmp_path):
    with pytest.raises(ValueError, match="expected `save_freq` 'epoch' or a positive integer"):
        cb.ModelCheckpoint("m.nacre", save_freq="batch")
    with pytest.raises(ValueError, match="received 0"):
        cb.ModelCheckpoint("m.nacre", save_freq=0)
    with pytest.raises(ValueError, match=r"to end in one of \.nacre, \.keras.*received 'm.bin'"):
        cb.ModelCheckpoint("m.bin")
    with pytest.raises(ValueError, match=r"to end in one of \.weights\.nacre"):
        cb.ModelCheckpoint("m.nacre", save_weights_only=True)
    with pytest.raises(KeyError, match="expected fields among epoch, loss"):
        fit(FakeModel(), cb.ModelCheckpoint("{val_loss}.nacre"), losses(1))
    (tmp_path / "m.nacre").mkdir()
    with pytest.raises(OSError, match="expected `filepath` a file, received the folder"):
        fit(FakeModel(), cb.ModelCheckpoint(tmp_path / "m.nacre"), losses(1))


# Learning rates


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


# ProgbarLogger


def test_progress_bar_to_a_file_is_written_once(capsys):
    fit(FakeModel(), None, losses(0.5, 0.25), batches=3, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(line.startswith("3/3 ━━━━━━━━━━━━━━━━━━━━ 0s ") for line in lines[1::2])
    assert [line.rsplit(" - ", 1)[1] for line in lines[1::2]] == ["loss: 0.5000", "loss: 0.2500"]


def test_progress_is_offered_only_where_it_is_drawn(monkeypatch):
    from nacre.callbacks import progbar_logger

    for draws, verbose, offered in ((True, 1, True), (True, 2, False), (False, 1, False)):
        monkeypatch.setattr(progbar_logger, "redraws_in_place", lambda draws=draws: draws)
        callbacks = cb.CallbackList(add_progbar=True, verbose=verbose, epochs=1, steps=2)
        assert (callbacks.progress is not None) == offered
    assert cb.CallbackList(verbose=0, epochs=1, steps=2).progress is None
    assert 0.05 <= cb.CallbackList().progress_interval <= 0.1


@pytest.fixture
def terminal(monkeypatch):
    from nacre.callbacks import progbar_logger
    from nacre.utils import progbar

    for module in (progbar, progbar_logger):
        monkeypatch.setattr(module, "redraws_in_place", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")


def test_progress_in_a_terminal(terminal, capsys):
    fit(FakeModel(), None, losses(0.5), batches=2, verbose=1)
    out = capsys.readouterr().out
    assert out.startswith("\r1/2 ━━━━━━━━━━━━━━━━━━━━ ")
    assert out.count("\r") >= 2
    assert out.rsplit("\r", 1)[1].startswith("2/2 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    assert out.endswith("\n")


def test_progress_with_an_unknown_number_of_batches(terminal, capsys):
    fit(FakeModel(), None, losses(0.5, 0.5), batches=3, verbose=1, steps=None)
    out = capsys.readouterr().out
    assert "\r      1/Unknown 0s " in out
    assert "3/3 ━━━━━━━━━━━━━━━━━━━━ 0s " in out


def test_validation_in_fit_is_silent(terminal, capsys):
    callbacks = cb.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_test_begin()
    callbacks.on_test_batch_end(0, {"loss": 1.0})
    callbacks.progress(1, lambda: {"loss": 1.0})
    callbacks.set_steps(9)
    callbacks.on_test_end({"loss": 1.0})
    assert capsys.readouterr().out == ""
    callbacks.on_epoch_end(0, {"loss": 2.0, "val_loss": 1.0})
    assert "loss: 2.0000 - val_loss: 1.0000\n" in capsys.readouterr().out
    callbacks.on_train_end()
    callbacks.on_test_begin()
    callbacks.on_test_end({"loss": 1.0})
    assert "2/2" in capsys.readouterr().out


def test_verbose_2_and_predict(capsys):
    fit(FakeModel(), None, losses(0.5), batches=3, verbose=2)
    assert capsys.readouterr().out.startswith("3/3 - 0s - ")
    callbacks = cb.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
    callbacks.on_predict_begin()
    callbacks.on_predict_batch_end(0, {"outputs": np.zeros(3)})
    callbacks.on_predict_end()
    assert capsys.readouterr().out.startswith("2/2 ━━━━━━━━━━━━━━━━━━━━ 0s ")
