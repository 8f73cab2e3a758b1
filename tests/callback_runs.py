"""A model that only counts, and a fit that only calls the hooks, for the tests of callbacks."""

from __future__ import annotations

import types

import numpy as np

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
