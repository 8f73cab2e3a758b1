"""Layers of nacre and of real Keras 3, same weights and inputs: outputs, gradients, configs."""

from __future__ import annotations

import importlib.util
import inspect
import os
import pathlib
import sys

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
if keras.backend.backend() != "torch":
    pytest.skip("gradients are taken with KERAS_BACKEND=torch", allow_module_level=True)
torch = pytest.importorskip("torch", reason="torch is not installed (extra [parity])")

from layerinfo import ROWS, each, listed  # noqa: E402

import nacre  # noqa: E402

# What Keras's torch backend cannot do, or does otherwise than its other backends.
ON_TORCH = {
    "LayerNormalization-axis1": "raises",
    "AveragePooling2D-same": "pads at the other end",
    "RandomCrop": "is passed on whole outside training",
    "ContrastLimitedAdaptiveHistogramEqualization": "its limit loses its fraction",
}
# What Keras computes with TensorFlow on every backend.
WITH_TENSORFLOW = {"Hashing", "HashedCrossing"}
if importlib.util.find_spec("tensorflow"):
    WITH_TENSORFLOW = set()
BESIDE = [r for r in ROWS if r.keras and r.name not in WITH_TENSORFLOW]
rows = pytest.mark.parametrize("row", [r for r in BESIDE if str(r) not in ON_TORCH], ids=str)

NAMES = sorted({row.name for row in BESIDE} | {"Layer", "Lambda", "InputLayer"})


def pair(row):
    ours, theirs = row.make(nacre.layers), row.make(keras.layers)
    x = row.inputs()
    row.call(ours, x)
    row.call(theirs, each(keras.ops.convert_to_tensor, x))
    rng = np.random.default_rng(1)
    weights = []
    for weight in theirs.weights:
        value = rng.uniform(0.5, 1.5, tuple(weight.shape)) if weight.name != "count" else 0
        weights.append(np.asarray(value, "int32" if weight.name == "count" else "float32"))
    ours.set_weights(weights)
    theirs.set_weights(weights)
    if hasattr(theirs, "finalize_state"):
        theirs.finalize_state()
    return ours, theirs, x


def as_array(x):
    return x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


@rows
def test_weights_have_the_same_names_and_shapes(row):
    ours, theirs, _ = pair(row)
    for group in ("weights", "trainable_weights", "non_trainable_weights"):
        a = [(w.name, tuple(w.shape), w.dtype) for w in getattr(ours, group)]
        b = [(w.name, tuple(w.shape), w.dtype) for w in getattr(theirs, group)]
        assert a == b


@rows
@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_gradients(row, training):
    if training and row.random:
        pytest.skip("random numbers differ")
    ours, theirs, x = pair(row)
    weight = np.random.default_rng(2).standard_normal(row.output_shape).astype(np.float32)

    tensor = each(nacre.ops.convert_to_tensor, x)
    with nacre.GradientTape() as tape:
        if not row.ids:
            tape.watch(tensor)
        y = row.call(ours, tensor, training=training)
        loss = nacre.ops.sum(y * weight)
    differentiable = row.gradient and not row.ids
    sources = [*ours.trainable_weights, *(listed(tensor) if differentiable else [])]
    gradients = tape.gradient(loss, sources) if sources else []

    their_x = each(lambda a: torch.tensor(a, requires_grad=differentiable), x)
    takes_training = "training" in inspect.signature(theirs.call).parameters
    their_y = row.call(theirs, their_x, **({"training": training} if takes_training else {}))
    their_sources = [v.value for v in theirs.trainable_weights]
    their_sources += listed(their_x) if differentiable else []
    if their_sources:
        their_gradients = torch.autograd.grad(
            (their_y * torch.tensor(weight)).sum(), their_sources, allow_unused=True
        )
    else:
        their_gradients = []

    close(y.numpy(), as_array(their_y), "output", row.tolerance)
    for source, a, b in zip(sources, gradients, their_gradients, strict=True):
        b = np.zeros(tuple(source.shape)) if b is None else as_array(b)
        close(a.numpy(), b, getattr(source, "path", "input"), row.tolerance)
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        close(a.numpy(), as_array(b.value), a.path)  # moving statistics


def close(received, expected, what, tolerance=1.0):
    assert received.shape == expected.shape, what
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    bound = 2e-5 * tolerance
    np.testing.assert_allclose(received, expected, rtol=bound, atol=bound * scale, err_msg=what)


@rows
def test_config(row):
    ours, theirs = row.make(nacre.layers), row.make(keras.layers)
    a = plain(ours.get_config())
    b = plain(theirs.get_config())
    if row.name == "SimpleRNN":
        a.pop("seed")  # Keras forgets it
    if row.name == "Normalization":
        a["axis"] = a["axis"] or []  # None
    if row.name == "RandomGrayscale":
        del a["seed"]  # Keras leaves it out
    if row.name == "MaxNumBoundingBoxes":
        del a["fill_value"]  # Keras leaves it out
    if row.name == "CategoryEncoding":
        assert a.pop("sparse") is False  # Keras leaves it out
    a["name"] = b["name"] = "same"
    for name in ("quantization_config", "rms_scaling", "activity_regularizer"):
        if not a.get(name):
            a.pop(name, None)
        if not b.get(name):
            b.pop(name, None)
    assert a == b
    # Each side makes a layer of what the other wrote.
    type(theirs).from_config(foreign(ours.get_config(), "keras"))
    type(ours).from_config(foreign(theirs.get_config(), "nacre"))


def plain(value):
    """Lists for tuples, class names for serialized objects."""
    if isinstance(value, dict) and "class_name" in value:
        config = {k: plain(v) for k, v in value["config"].items() if v is not None}
        return (value["class_name"], config)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return float(value) if isinstance(value, float) else value


def foreign(value, package):
    if isinstance(value, dict):
        return {
            k: package + v[v.index(".") :]
            if k == "module" and isinstance(v, str) and "." in v
            else package
            if k == "module" and v in ("keras", "nacre")
            else foreign(v, package)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [foreign(v, package) for v in value]
    return value


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name):
    ours = parameters(getattr(nacre.layers, name))
    theirs = parameters(getattr(keras.layers, name))
    for absent in (
        "lora_rank",
        "lora_alpha",
        "quantization_config",
        "gptq_unpacked_column_size",
    ):
        theirs.pop(absent, None)
    if name == "Embedding":
        theirs.pop("weights")
    assert ours == theirs
    assert list(ours) == list(theirs)


def parameters(cls):
    found = inspect.signature(cls.__init__).parameters
    return {k: p.default for k, p in found.items() if k not in ("self", "kwargs", "args")}


REVERSIBLE = {
    "tied": {},
    "untied": {"tie_weights": False},
    "capped": {"logit_soft_cap": 0.7, "mask_zero": True},
    "penalized": {"embeddings_regularizer": "l2", "embeddings_constraint": "max_norm"},
}


@pytest.mark.parametrize("case", REVERSIBLE)
def test_reversible_embedding(case):
    rng = np.random.default_rng(0)
    ids, factor = rng.integers(0, 7, (2, 5)), rng.normal(size=(2, 5, 7)).astype(np.float32)
    ours, theirs = (p.layers.ReversibleEmbedding(7, 4, **REVERSIBLE[case]) for p in (nacre, keras))
    ours.build((None, None))
    theirs.build((None, None))
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    values = [rng.normal(size=tuple(w.shape)).astype(np.float32) for w in theirs.weights]
    ours.set_weights(values)
    theirs.set_weights(values)

    with nacre.GradientTape() as tape:
        y = ours(ours(ids), reverse=True)
        loss = nacre.ops.sum(y * factor) + sum(ours.losses)
    gradients = tape.gradient(loss, ours.trainable_weights)
    their_y = theirs(theirs(torch.tensor(ids)), reverse=True)
    total = (their_y * torch.tensor(factor)).sum() + sum(theirs.losses)
    expected = torch.autograd.grad(total, [w.value for w in theirs.trainable_weights])
    close(y.numpy(), as_array(their_y), "logits")
    for a, b, weight in zip(gradients, expected, ours.trainable_weights, strict=True):
        close(a.numpy(), as_array(b), weight.path)
    a, b = plain(ours.get_config()), plain(theirs.get_config())
    assert {k: v for k, v in a.items() if k not in ("name", "activity_regularizer")} == {
        k: v
        for k, v in b.items()
        if k not in ("name", "activity_regularizer", "quantization_config")
    }
    type(theirs).from_config(foreign(ours.get_config(), "keras"))
    type(ours).from_config(foreign(theirs.get_config(), "nacre"))


def test_automatic_names():
    for name in NAMES:
        if name in ("Lambda", "InputLayer"):
            continue
        row = next((r for r in ROWS if r.name == name), None)
        ours, theirs = (
            (row.make(library.layers) if row else getattr(library.layers, name)()).name
            for library in (nacre, keras)
        )
        assert ours.rstrip("_0123456789d") == theirs.rstrip("_0123456789d")


def test_normalization_adapts_alike():
    data = np.random.default_rng(0).normal(4, 2, (50, 6, 3)).astype(np.float32)
    for axis in (-1, None, (1, 2)):
        ours, theirs = nacre.layers.Normalization(axis), keras.layers.Normalization(axis)
        ours.adapt(data)
        theirs.adapt(data)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)
        np.testing.assert_allclose(ours(data).numpy(), as_array(theirs(data)), rtol=1e-4, atol=1e-5)
        assert tuple(np.shape(ours.mean)) == tuple(theirs.mean.shape)


def summaries(package):
    layers = package.layers
    model = package.Sequential(
        [
            package.Input((8, 8, 3), name="image"),
            layers.Conv2D(4, 3, activation="relu", name="convolution_with_quite_a_long_name"),
            layers.MaxPooling2D(name="pool"),
            layers.BatchNormalization(name="bn"),
            layers.Flatten(name="flat"),
            package.Sequential([layers.Dense(5, name="inner_dense")], name="inner"),
            layers.Dropout(0.2, name="drop"),
            layers.Dense(2, name="head"),
        ],
        name="net",
    )
    model.layers[0].trainable = False
    texts = []
    for kwargs in (
        {},
        {"expand_nested": True, "show_trainable": True},
        {"line_length": 64},
        {"line_length": 50, "show_trainable": True},
        {"layer_range": ("pool", "flat")},
    ):
        model.summary(print_fn=texts.append, **kwargs)
    unbuilt = package.Sequential([layers.Dense(3, name="a")], name="unbuilt")
    unbuilt.summary(print_fn=texts.append)
    return texts


def test_summary(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "40")
    for ours, theirs in zip(summaries(nacre), summaries(keras), strict=True):
        assert ours == theirs
