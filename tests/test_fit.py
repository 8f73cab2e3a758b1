"""The training loop: data in every form, what it returns, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers


def _data(rows=96, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, 8)).astype("float32")
    y = (x[:, :3].argmax(-1)).astype("int32")
    return x, y


def _model(seed=1, **options):
    nacre.utils.set_random_seed(seed)
    model = nacre.Sequential(
        [
            nacre.Input((8,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    arguments = {
        "optimizer": nacre.optimizers.Adam(0.01),
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    }
    model.compile(**{**arguments, **options})
    return model


def _weights(model):
    return [w.copy() for w in model.get_weights()]


def _same(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


def test_learns_and_returns_history():
    x, y = _data(512)
    model = _model()
    history = model.fit(x, y, epochs=20, verbose=0, validation_split=0.25)
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history.epoch == list(range(20))
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    assert model.evaluate(x, y, verbose=0)[1] > 0.85


def test_plan_equals_eager_bit_for_bit():
    x, y = _data()
    planned, eager = _model(), _model(run_eagerly=True)
    assert _same(_weights(planned), _weights(eager))
    nacre.utils.set_random_seed(5)
    a = planned.fit(x, y, epochs=3, verbose=0, batch_size=20)
    nacre.utils.set_random_seed(5)
    b = eager.fit(x, y, epochs=3, verbose=0, batch_size=20)
    assert _same(_weights(planned), _weights(eager))
    assert a.history == b.history


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_bits_do_not_depend_on_threads(threads):
    x, y = _data(64)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((256, 300)).astype("float32")
    y = rng.integers(0, 10, 256)

    def train(count):
        before = nacre.config.num_threads()
        nacre.config.set_num_threads(count)
        try:
            nacre.utils.set_random_seed(3)
            model = nacre.Sequential(
                [
                    nacre.Input((300,)),
                    layers.Dense(200, activation="gelu"),
                    layers.Dropout(0.3),
                    layers.Dense(10),
                ]
            )
            loss = nacre.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile("adam", loss)
            model.fit(x, y, epochs=5, batch_size=128, verbose=0)
            return _weights(model)
        finally:
            nacre.config.set_num_threads(before)

    assert _same(train(1), train(threads))


def test_same_seed_same_training():
    x, y = _data()
    a, b = _model(7), _model(7)
    for model in (a, b):
        nacre.utils.set_random_seed(9)
        model.fit(x, y, epochs=2, verbose=0)
    assert _same(_weights(a), _weights(b))


def test_batches_from_a_generator_a_dataset_and_arrays_train_alike():
    x, y = _data()
    batches = [(x[i : i + 32], y[i : i + 32]) for i in range(0, 96, 32)]

    class Batches(nacre.utils.PyDataset):
        def __len__(self):
            return len(batches)

        def __getitem__(self, index):
            return batches[index]

    def endless():
        while True:
            yield from batches

    trained = []
    for data, options in (
        ((x, y), {"shuffle": False}),
        ((Batches(),), {"shuffle": False}),
        ((endless(),), {"steps_per_epoch": 3}),
        ((iter(batches * 2),), {"steps_per_epoch": 3}),
    ):
        model = _model()
        model.fit(*data, epochs=2, verbose=0, **options)
        trained.append(_weights(model))
    for weights in trained[1:]:
        assert _same(trained[0], weights)


def test_lists_tensors_and_integers_are_taken():
    x, y = _data()
    model = _model()
    model.fit(x.tolist(), y.tolist(), verbose=0)
    model.fit(nacre.ops.convert_to_tensor(x), nacre.ops.convert_to_tensor(y), verbose=0)
    model.fit(x.astype("float64"), y.astype("uint8"), verbose=0)
    assert model.predict(x[:2].tolist(), verbose=0).shape == (2, 3)


def test_class_weight_equals_sample_weight():
    x, y = _data()
    weights = {0: 0.5, 1: 2.0, 2: 3.5}
    a, b = _model(), _model()
    a.fit(x, y, class_weight=weights, shuffle=False, verbose=0)
    b.fit(x, y, sample_weight=np.array([weights[i] for i in y]), shuffle=False, verbose=0)
    assert _same(_weights(a), _weights(b))


def test_train_test_and_predict_on_batch():
    x, y = _data(32)
    model = _model()
    logs = model.train_on_batch(x, y, return_dict=True)
    assert set(logs) == {"loss", "accuracy"}
    assert len(model.test_on_batch(x, y)) == 2
    assert np.array_equal(model.predict_on_batch(x), model.predict(x, verbose=0))


def test_predict_does_not_depend_on_the_batch_size():
    x, _ = _data(70)
    model = _model()
    whole = model.predict(x, batch_size=70, verbose=0)
    for size in (1, 7, 32, 69):
        np.testing.assert_allclose(model.predict(x, batch_size=size, verbose=0), whole, rtol=2e-6)


def test_validation_frequency_initial_epoch_and_steps():
    x, y = _data()
    model = _model()
    history = model.fit(
        x,
        y,
        initial_epoch=2,
        epochs=6,
        validation_data=(x, y),
        validation_freq=2,
        steps_per_epoch=2,
        verbose=0,
    )
    assert history.epoch == [2, 3, 4, 5]
    assert len(history.history["val_loss"]) == 2
    assert model.optimizer.iterations.numpy() == 8


def test_callbacks_see_every_batch_and_can_stop():
    x, y = _data()
    seen = []

    class Watch(nacre.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, sorted(logs)))
            if len(seen) == 2:
                self.model.stop_training = True

    _model().fit(x, y, epochs=3, callbacks=[Watch()], verbose=0)
    assert seen == [(0, ["accuracy", "loss"]), (1, ["accuracy", "loss"])]


def test_steps_per_execution_groups_the_calls_of_callbacks():
    x, y = _data()  # 96 rows: 6 batches of 16
    seen = []

    class Watch(nacre.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(("begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            seen.append(("end", batch, int(self.model.optimizer.iterations)))

        def on_test_batch_end(self, batch, logs=None):
            seen.append(("test", batch))

        def on_predict_batch_end(self, batch, logs=None):
            seen.append(("predict", batch, len(logs["outputs"])))

    def weights_after(steps, callbacks):
        nacre.utils.set_random_seed(3)
        model = _model()
        model.compile("adam", "sparse_categorical_crossentropy", steps_per_execution=steps)
        assert model.steps_per_execution == steps
        model.fit(x, y, batch_size=16, verbose=0, callbacks=callbacks)
        return model, _weights(model)

    model, grouped = weights_after(4, [Watch()])
    assert seen == [("begin", 0), ("end", 3, 4), ("begin", 4), ("end", 7, 6)]
    assert _same(grouped, weights_after(1, [])[1])
    seen.clear()
    model.evaluate(x, y, batch_size=16, verbose=0, callbacks=[Watch()])
    whole = model.predict(x, batch_size=16, verbose=0, callbacks=[Watch()])
    assert seen == [("test", 3), ("test", 7), ("predict", 3, 64), ("predict", 7, 32)]
    assert np.array_equal(whole, model.predict(x, verbose=0))
    assert model.get_compile_config()["steps_per_execution"] == 4


def test_a_step_that_reads_values_runs_eagerly_with_one_warning():
    x, y = _data()

    class Peek(nacre.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3, activation="softmax")

        def call(self, inputs):
            if float(nacre.ops.sum(inputs)) > 1e30:
                inputs = inputs * 0
            return self.dense(inputs)

    model = Peek()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(RuntimeWarning, match=r"op by op.*test_fit\.py") as caught:
        model.fit(x, y, epochs=2, verbose=0)
    assert len([w for w in caught if "op by op" in str(w.message)]) == 1


def test_frozen_layers_keep_their_weights():
    x, y = _data()
    model = _model()
    model.layers[0].trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = _weights(model)
    model.fit(x, y, verbose=0)
    after = _weights(model)
    assert _same(before[:2], after[:2])
    assert not _same(before[2:], after[2:])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, x, y: m.fit(x[:, :5], y), ValueError, r"expected an input of shape \(None, 8\)"),
        (lambda m, x, y: m.fit(x, y[:-1]), ValueError, "same number of rows, received 96 and 95"),
        (lambda m, x, y: m.fit(x, y + 5), ValueError, "class ids from 0 to 2, received 5"),
        (lambda m, x, y: m.fit(x, y, batch_size=0), ValueError, "batch_size > 0, received 0"),
        (lambda m, x, y: m.fit(x, y, validation_split=1.5), ValueError, "validation_split"),
        (lambda m, x, y: m.fit(x[:0], y[:0]), ValueError, "at least one row"),
        (lambda m, x, y: m.fit(None, y), ValueError, "x is None"),
        (
            lambda m, x, y: m.fit([[1.0], [1.0, 2.0]], y[:2]),
            ValueError,
            "rows of different lengths",
        ),
        (lambda m, x, y: m.fit(np.array(["a"] * 96), y), ValueError, "strings"),
        (lambda m, x, y: m.compile("adamm", "mse"), ValueError, "Did you mean 'adam"),
        (
            lambda m, x, y: m.compile("adam", "mse", steps_per_execution=0),
            ValueError,
            "expected steps_per_execution >= 1, received 0",
        ),
        (lambda m, x, y: m.compile("adam", "mean_square_error"), ValueError, "Did you mean"),
    ],
)
def test_bad_data_is_refused_before_anything_changes(call, error, message):
    x, y = _data()
    model = _model()
    before = _weights(model)
    with pytest.raises(error, match=message):
        call(model, x, y)
    assert _same(before, _weights(model))
    model.fit(x, y, verbose=0)  # still usable


def test_a_model_must_be_compiled_and_built():
    model = nacre.Sequential([layers.Dense(2)])
    x = np.zeros((4, 3), "float32")
    with pytest.raises(RuntimeError, match="compile"):
        model.fit(x, x)
    with pytest.raises(ValueError, match="built"):
        model.save("never.nacre")
    with pytest.raises(ValueError, match="built"):
        model.count_params()


def test_nan_labels_are_visible():
    x, _ = _data()
    model = nacre.Sequential([nacre.Input((8,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    y = np.full((96, 1), np.nan, "float32")
    history = model.fit(x, y, verbose=0, callbacks=[nacre.callbacks.TerminateOnNaN()])
    assert np.isnan(history.history["loss"][-1])


def test_progress_bar_is_drawn(capsys):
    x, y = _data()
    _model().fit(x, y, epochs=2, verbose=1)
    text = capsys.readouterr().out
    assert "Epoch 1/2" in text and "3/3" in text and "loss:" in text
    _model().fit(x, y, epochs=1, verbose=2)
    assert "3/3" in capsys.readouterr().out
    _model().fit(x, y, epochs=1, verbose=0)
    assert capsys.readouterr().out == ""


def test_logs_are_sorted_by_name_wherever_they_show(capsys, monkeypatch):
    monkeypatch.setattr("nacre.callbacks.callback_list.PROGRESS_INTERVAL", 0.0)
    model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae", "accuracy"])
    x, y = np.ones((640, 3), "float32"), np.ones((640, 2), "float32")
    history = model.fit(x, y, epochs=1, batch_size=4)
    assert list(history.history) == ["accuracy", "loss", "mae"]
    for line in capsys.readouterr().out.split("\r"):
        shown = [name for name in ("accuracy: ", "loss: ", "mae: ") if name in line]
        assert shown == sorted(shown, key=line.index)
    results = model.evaluate(x, y, verbose=0, return_dict=True)
    assert list(results) == ["accuracy", "loss", "mae"]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(
        [results[name] for name in ("loss", "mae", "accuracy")], rel=1e-5
    )
    assert list(model.train_on_batch(x, y, return_dict=True)) == ["accuracy", "loss", "mae"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"epochs": "3"}, TypeError, "expected epochs to be an integer, received '3'"),
        ({"epochs": -1}, ValueError, "epochs"),
        ({"batch_size": 3.5}, TypeError, "expected batch_size to be an integer, received 3.5"),
        ({"batch_size": 0}, ValueError, "expected batch_size > 0, received 0"),
        ({"steps_per_epoch": 0}, ValueError, "steps > 0, received 0"),
    ],
)
def test_counts_that_are_none(arguments, error, message):
    x, y = _data()
    with pytest.raises(error, match=message):
        _model().fit(x, y, verbose=0, **arguments)


def test_targets_that_are_missing():
    x, _ = _data()
    with pytest.raises(ValueError, match="needs targets"):
        _model().fit(x, verbose=0)


@pytest.mark.parametrize("batches", [3, 4, 6])
def test_a_generator_that_runs_out(batches):
    x, y = _data()
    model = _model()
    with pytest.warns(UserWarning, match=f"ran out after {batches % 4} of 4 steps"):
        history = model.fit(
            ((x[:16], y[:16]) for _ in range(batches)), steps_per_epoch=4, epochs=3, verbose=0
        )
    assert len(history.history["loss"]) == -(-batches // 4)
    assert min(history.history["loss"]) > 0
    assert int(model.optimizer.iterations) == batches
