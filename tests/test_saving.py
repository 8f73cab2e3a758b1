"""Model files: what is saved comes back with the same bits; what is not sound is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nacre
from nacre import layers


def _model():
    nacre.utils.set_random_seed(2)
    model = nacre.Sequential(
        [
            nacre.Input((6, 6, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(3, activation="softmax", kernel_regularizer="l2"),
        ]
    )
    model.compile(
        nacre.optimizers.Adam(nacre.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((64, 6, 6, 1)).astype("float32"), rng.integers(0, 3, 64)


def test_a_loaded_model_predicts_the_same_bits(tmp_path):
    x, y = _data()
    model = _model()
    model.fit(x, y, epochs=2, verbose=0)
    path = tmp_path / "model.nacre"
    model.save(path)
    loaded = nacre.saving.load_model(path)
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.get_config() == model.get_config()
    assert [v.path for v in loaded.variables] == [v.path for v in model.variables]


def test_resuming_equals_never_having_stopped(tmp_path):
    x, y = _data()
    model = _model()
    model.fit(x, y, epochs=2, verbose=0, shuffle=False)
    path = tmp_path / "model.nacre"
    model.save(path)
    model.fit(x, y, epochs=2, verbose=0, shuffle=False)
    loaded = nacre.saving.load_model(path)
    loaded.fit(x, y, epochs=2, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_weights_alone(tmp_path):
    x, y = _data()
    model, other = _model(), _model()
    model.fit(x, y, verbose=0)
    path = tmp_path / "model.weights.nacre"
    model.save_weights(path)
    other.load_weights(path)
    assert np.array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match="weights alone"):
        nacre.saving.load_model(path)


def test_weights_that_do_not_fit_change_nothing(tmp_path):
    model = nacre.Sequential([nacre.Input((4,)), layers.Dense(3)])
    path = tmp_path / "w.nacre"
    model.save_weights(path)
    other = nacre.Sequential([nacre.Input((4,)), layers.Dense(5)])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"expected shape \(4, 5\).*received \(4, 3\)"):
        other.load_weights(path)
    for a, b in zip(before, other.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_any_safetensors_reader_reads_the_file(tmp_path):
    model = _model()
    path = tmp_path / "model.nacre"
    model.save(path)
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert json.loads(header["__metadata__"]["model"])["class_name"] == "Sequential"
    names = json.loads(header["__metadata__"]["variables"])
    assert names[0] == model.weights[0].path
    begin, end = header[names[0]]["data_offsets"]
    start = 8 + int.from_bytes(raw[:8], "little")
    kernel = np.frombuffer(raw[start + begin : start + end], "<f4").reshape(3, 3, 1, 4)
    assert np.array_equal(kernel, model.get_weights()[0])


def test_custom_layers_need_to_be_named(tmp_path):
    class Twice(layers.Layer):
        def call(self, inputs):
            return inputs * 2

    model = nacre.Sequential([nacre.Input((3,)), Twice(name="twice")])
    path = tmp_path / "m.nacre"
    model.save(path)
    with pytest.raises(ValueError, match="unknown class 'Twice'"):
        nacre.saving.load_model(path)
    loaded = nacre.saving.load_model(path, custom_objects={"Twice": Twice})
    assert np.array_equal(loaded.predict(np.ones((1, 3)), verbose=0), [[2, 2, 2]])


def test_a_lambda_is_never_loaded_without_its_function(tmp_path):
    def double(x):
        return x * 2

    model = nacre.Sequential([nacre.Input((3,)), layers.Lambda(double)])
    path = tmp_path / "m.nacre"
    model.save(path)
    with pytest.raises(ValueError, match="double"):
        nacre.saving.load_model(path)
    loaded = nacre.saving.load_model(path, custom_objects={"double": double})
    assert np.array_equal(loaded.predict(np.ones((1, 3)), verbose=0), [[2, 2, 2]])


def test_paths_and_overwriting(tmp_path):
    model = nacre.Sequential([nacre.Input((3,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"\.nacre"):
        model.save(tmp_path / "model.pickle")
    path = tmp_path / "model.nacre"
    model.save(path)
    with pytest.raises(FileExistsError):
        model.save(path, overwrite=False)
    with pytest.raises(FileNotFoundError):
        nacre.saving.load_model(tmp_path / "nowhere.nacre")


def test_config_and_json_round_trip():
    model = _model()
    text = model.to_json()
    again = nacre.saving.deserialize_keras_object(json.loads(text))
    assert again.get_config() == model.get_config()
    assert [tuple(w.shape) for w in again.weights] == [tuple(w.shape) for w in model.weights]
