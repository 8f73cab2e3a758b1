"""Masks of nacre and of real Keras 3: which layers pass them, what losses and metrics count."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")

import nacre  # noqa: E402

IDS = np.array([[3, 0, 2, 4], [0, 0, 1, 1]], "int32")
TABLE = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")

LAYERS = {
    "Dense": {"units": 3},
    "Dropout": {"rate": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.1},
    "GaussianDropout": {"rate": 0.1},
    "AlphaDropout": {"rate": 0.1},
    "ActivityRegularization": {"l2": 0.1},
    "Activation": {"activation": "relu"},
    "ReLU": {},
    "LeakyReLU": {},
    "ELU": {},
    "PReLU": {},
    "Softmax": {"axis": 1},
    "BatchNormalization": {},
    "LayerNormalization": {},
    "RMSNormalization": {},
    "UnitNormalization": {},
    "Rescaling": {"scale": 2.0},
    "Identity": {},
    "Masking": {},
    "Flatten": {},
    "Reshape": {"target_shape": (6, 4)},
    "Permute": {"dims": (2, 1)},
    "Conv1D": {"filters": 2, "kernel_size": 2},
    "MaxPooling1D": {"pool_size": 2},
    "AveragePooling1D": {"pool_size": 2},
    "GlobalMaxPooling1D": {},
    "GlobalAveragePooling1D": {},
    "UpSampling1D": {"size": 2},
    "ZeroPadding1D": {"padding": 1},
    "Cropping1D": {"cropping": 1},
}


def embedded(library):
    layer = library.layers.Embedding(5, 6, mask_zero=True)
    layer.build((None, None))
    layer.set_weights([TABLE])
    return layer(IDS)


def mask_of(tensor):
    if isinstance(tensor, nacre.Tensor):
        mask = tensor._keras_mask
    else:
        mask = keras.src.backend.get_keras_mask(tensor)
    return None if mask is None else np.asarray(mask).tolist()


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    def run(library):
        x = embedded(library)
        layer = getattr(library.layers, name)(**LAYERS[name])
        if name == "Softmax":  # its mask is to broadcast to the input
            mask = np.asarray(IDS != 0)[..., None]
            y = layer(x, mask=mask if library is nacre else keras.ops.convert_to_tensor(mask))
        else:
            y = layer(x)
        return layer, y

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (ours, a), (theirs, b) = run(nacre), run(keras)
    assert ours.supports_masking == theirs.supports_masking
    if name != "Softmax":
        assert mask_of(a) == mask_of(b)
    if not theirs.weights:
        expected = keras.ops.convert_to_numpy(b)
        np.testing.assert_allclose(a.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["MeanSquaredError", "SparseCategoricalCrossentropy"])
def test_losses(name, reduction, weighted):
    rng = np.random.default_rng(1)
    y_pred = rng.uniform(0.1, 1, (2, 4, 3)).astype("float32")
    if name == "MeanSquaredError":
        y_true = rng.normal(size=(2, 4, 3)).astype("float32")
    else:
        y_true = rng.integers(0, 3, (2, 4))
    weight = rng.uniform(size=(2, 4)).astype("float32") if weighted else None

    def run(library, tensor):
        tensor = library.ops.convert_to_tensor(tensor)
        mask = library.ops.convert_to_tensor(IDS != 0)
        if library is nacre:
            tensor._keras_mask = mask
        else:
            keras.src.backend.set_keras_mask(tensor, mask)
        return getattr(library.losses, name)(reduction=reduction)(y_true, tensor, weight)

    expected = keras.ops.convert_to_numpy(run(keras, y_pred))
    np.testing.assert_allclose(run(nacre, y_pred).numpy(), expected, rtol=2e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["MeanSquaredError", "SparseCategoricalAccuracy", "Mean"])
def test_metrics(name, weighted):
    rng = np.random.default_rng(2)
    y_pred = rng.uniform(0.1, 1, (2, 4, 3)).astype("float32")
    y_true = rng.normal(size=(2, 4, 3)).astype("float32")
    if name == "SparseCategoricalAccuracy":
        y_true = rng.integers(0, 3, (2, 4))
    weight = rng.uniform(size=(2, 4)).astype("float32") if weighted else None

    def run(library):
        tensor = library.ops.convert_to_tensor(y_pred)
        mask = library.ops.convert_to_tensor(IDS != 0)
        if library is nacre:
            tensor._keras_mask = mask
        else:
            keras.src.backend.set_keras_mask(tensor, mask)
        metric = getattr(library.metrics, name)()
        if name == "Mean":
            metric.update_state(tensor, sample_weight=weight)
        else:
            metric.update_state(y_true, tensor, sample_weight=weight)
        return metric.result()

    expected = keras.ops.convert_to_numpy(run(keras))
    np.testing.assert_allclose(run(nacre).numpy(), expected, rtol=2e-6)


def test_a_model_trains_as_in_keras():
    if keras.backend.backend() == "jax":
        pytest.skip("the masks of Keras's JAX steps are lost before the loss")
    rng = np.random.default_rng(3)
    y = rng.normal(size=(2, 4, 1)).astype("float32")

    def run(library):
        model = library.Sequential(
            [
                library.layers.Embedding(5, 6, mask_zero=True),
                library.layers.Dense(4, activation="tanh"),
                library.layers.Dense(1),
            ]
        )
        model.build((None, 4))
        values = np.random.default_rng(4)
        model.set_weights([values.normal(size=w.shape).astype("float32") for w in model.weights])
        # Under jit, Keras's jax backend loses the masks on the way to the loss.
        model.compile(
            library.optimizers.SGD(0.1), "mse", metrics=["mae"], run_eagerly=library is keras
        )
        history = model.fit(IDS, y, batch_size=2, epochs=3, verbose=0, shuffle=False).history
        return history, model.get_weights()

    (a, b), (c, d) = run(nacre), run(keras)
    for key in c:
        np.testing.assert_allclose(a[key], c[key], rtol=2e-5)
    for p, q in zip(b, d, strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-4, atol=1e-6)
