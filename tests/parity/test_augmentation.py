"""Layers on images of nacre and of real Keras 3, where nothing is left to chance."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
if keras.backend.backend() != "jax":
    pytest.skip("compared with KERAS_BACKEND=jax", allow_module_level=True)

import nacre  # noqa: E402

IMAGES = np.random.default_rng(0).uniform(0, 255, (3, 6, 7, 3)).astype("float32")

# Ranges of one number draw it for certain.
CASES = [
    ("Resizing", {"height": 4, "width": 9}),
    ("Resizing", {"height": 9, "width": 5, "interpolation": "bicubic", "antialias": True}),
    ("Resizing", {"height": 4, "width": 3, "interpolation": "lanczos3", "antialias": True}),
    ("Resizing", {"height": 5, "width": 8, "interpolation": "nearest"}),
    ("Resizing", {"height": 4, "width": 4, "crop_to_aspect_ratio": True}),
    ("Resizing", {"height": 8, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 3.0}),
    ("CenterCrop", {"height": 4, "width": 4}),
    ("CenterCrop", {"height": 8, "width": 8}),
    ("RandomRotation", {"factor": (0.1, 0.1)}),
    ("RandomRotation", {"factor": (0.1, 0.1), "fill_mode": "constant", "fill_value": 9.0}),
    ("RandomRotation", {"factor": (-0.3, -0.3), "fill_mode": "wrap"}),
    ("RandomZoom", {"height_factor": (0.3, 0.3)}),
    ("RandomZoom", {"height_factor": (-0.3, -0.3), "width_factor": (0.2, 0.2)}),
    ("RandomZoom", {"height_factor": (0.3, 0.3), "fill_mode": "nearest"}),
    ("RandomTranslation", {"height_factor": (0.3, 0.3), "width_factor": (-0.2, -0.2)}),
    ("RandomContrast", {"factor": (0.0, 0.0)}),
    ("RandomBrightness", {"factor": (0.2, 0.2)}),
    ("RandomBrightness", {"factor": (-0.2, -0.2), "value_range": (10, 90)}),
    ("RandomInvert", {"factor": (1.0, 1.0)}),
    ("RandomGrayscale", {"factor": 1.0}),
    ("RandomSaturation", {"factor": (0.7, 0.7)}),
    ("RandomHue", {"factor": (0.0, 0.0)}),
    ("RandomColorDegeneration", {"factor": (0.4, 0.4)}),
    ("RandomSharpness", {"factor": (0.8, 0.8)}),
    (
        "RandomGaussianBlur",
        {"factor": (1.0, 1.0), "sigma": (0.8, 0.8), "kernel_size": (3, 5)},
    ),
    ("AutoContrast", {}),
    ("AutoContrast", {"value_range": (20, 300)}),
    ("Equalization", {}),
    ("Equalization", {"value_range": (-10, 260), "bins": 20}),
    ("Solarization", {}),
    ("Solarization", {"value_range": (-10, 300)}),
    ("RandomPosterization", {"factor": (3, 3)}),
    ("RandomPosterization", {"factor": (5, 5), "value_range": (0, 300)}),
    ("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.0}),
    ("RandomColorJitter", {"brightness_factor": (0.1, 0.1), "saturation_factor": (0.6, 0.6)}),
]
ids = [f"{name}-{i}" for i, (name, _) in enumerate(CASES)]


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=ids)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images(name, kwargs, data_format):
    if name == "RandomColorJitter" and data_format == "channels_first":
        pytest.skip("Keras's layers within take the default format")
    if name == "AutoContrast" and data_format == "channels_first":
        pytest.skip("Keras stretches over channels and rows")
    kwargs = {**kwargs, "data_format": data_format}
    ours = getattr(nacre.layers, name)(**kwargs)
    theirs = getattr(keras.layers, name)(**kwargs)
    x = IMAGES if data_format == "channels_last" else np.moveaxis(IMAGES, -1, 1)
    for images in (x, x[0]):
        a = ours(images, training=True).numpy()
        b = np.asarray(theirs(images, training=True))
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-2)


NAMES = [
    "Resizing",
    "CenterCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomShear",
    "RandomCrop",
    "RandomContrast",
    "RandomBrightness",
    "RandomGrayscale",
    "RandomInvert",
    "RandomSaturation",
    "RandomHue",
    "RandomColorDegeneration",
    "RandomSharpness",
    "RandomGaussianBlur",
    "RandomColorJitter",
    "AutoContrast",
    "Equalization",
    "Solarization",
    "RandomPosterization",
    "RandomPerspective",
    "RandomErasing",
    "MixUp",
    "CutMix",
]
ARGUMENTS = {
    "Resizing": (4, 5),
    "CenterCrop": (4, 5),
    "RandomRotation": (0.1,),
    "RandomZoom": (0.1, (-0.2, 0.3)),
    "RandomTranslation": (0.1, (-0.2, 0.3)),
    "RandomCrop": (3, 4, 7),
    "RandomContrast": (0.2,),
    "RandomBrightness": (0.2,),
    "RandomSaturation": (0.2,),
    "RandomHue": (0.2,),
    "RandomColorDegeneration": (0.2,),
    "RandomSharpness": (0.2,),
    "RandomPosterization": ((2, 5),),
    "RandomColorJitter": ((0, 255), 0.1, (0.1, 0.2), 0.3),
}


@pytest.mark.parametrize("name", NAMES)
def test_signatures_and_configs(name):
    found = [
        {
            k: p.default
            for k, p in inspect.signature(getattr(package.layers, name).__init__).parameters.items()
        }
        for package in (nacre, keras)
    ]
    assert list(found[0].items()) == list(found[1].items())
    arguments = ARGUMENTS.get(name, ())
    ours, theirs = (getattr(p.layers, name)(*arguments).get_config() for p in (nacre, keras))
    if name == "RandomGrayscale":
        ours.pop("seed")  # Keras leaves it out
    for config in (ours, theirs):
        for base in ("name", "dtype", "trainable"):
            config.pop(base)
    assert {k: plain(v) for k, v in ours.items()} == {k: plain(v) for k, v in theirs.items()}


def plain(value):
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def test_draws_have_the_same_distribution():
    """Means over many draws, for layers whose images differ from draw to draw."""
    nacre.utils.set_random_seed(1)
    keras.utils.set_random_seed(1)
    x = np.tile(IMAGES[:1] / 255, (1000, 1, 1, 1))
    for name, arguments in (
        ("RandomFlip", ()),
        ("RandomRotation", (0.2,)),
        ("RandomZoom", (0.3,)),
        ("RandomTranslation", (0.2, 0.2)),
        ("RandomShear", (0.2, 0.2)),
        ("RandomContrast", (0.5, (0, 1))),
        ("RandomBrightness", (0.5, (0, 1))),
        ("RandomErasing", (1.0, (0.02, 0.33), 0.25, (0, 1))),
        ("RandomHue", (0.7, (0, 1))),
        ("RandomPerspective", (0.8, 0.5)),
        ("RandomPosterization", ((2, 6), (0, 1))),
        ("Solarization", (0.2, 0.6, (0, 1))),
        ("RandomSharpness", (1.0, (0, 1))),
    ):
        ours, theirs = (getattr(p.layers, name)(*arguments) for p in (nacre, keras))
        a, b = ours(x, training=True).numpy(), np.asarray(theirs(x, training=True))
        np.testing.assert_allclose(a.mean(0), b.mean(0), atol=0.08, err_msg=name)
        np.testing.assert_allclose(a.std(0), b.std(0), atol=0.08, err_msg=name)


def test_pipeline():
    def outcome(k):
        steps = [k.layers.Rescaling(0.5), k.layers.CenterCrop(4, 4), k.layers.AutoContrast()]
        pipeline = k.layers.Pipeline(steps, name="steps")
        config = pipeline.get_config()
        again = k.layers.Pipeline.from_config(config)
        names = [layer["class_name"] for layer in config["layers"]]
        return np.asarray(pipeline(IMAGES)), np.asarray(again(IMAGES)), sorted(config), names

    for ours, theirs in zip(outcome(nacre), outcome(keras), strict=True):
        if isinstance(ours, list):
            assert ours == theirs
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-2)
