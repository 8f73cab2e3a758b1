"""Lists of callbacks, their hooks, and the history."""

from __future__ import annotations

import numpy as np
import pytest
from callback_runs import FakeModel, fit, losses

from nacre import callbacks as cb


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
