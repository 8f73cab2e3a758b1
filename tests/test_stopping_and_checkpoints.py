"""EarlyStopping and ModelCheckpoint, driven by a model that only counts."""

from __future__ import annotations

import types

import pytest
from callback_runs import FakeModel, fit, losses

from nacre import callbacks as cb


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
