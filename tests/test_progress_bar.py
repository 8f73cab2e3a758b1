"""The progress bar, in a terminal and in a file."""

from __future__ import annotations

import numpy as np
import pytest
from callback_runs import FakeModel, fit, losses

from nacre import callbacks as cb


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
