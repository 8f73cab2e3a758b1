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
    ("ContrastLimitedAdaptiveHistogramEqualization", {}),
    (
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"value_range": (0, 300), "clip_limit": 40.0, "tile_grid_size": (2, 3)},
    ),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 0.0, "tile_grid_size": (3, 1)}),
    ("RandomElasticTransform", {"scale": 0.0}),
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
    "ContrastLimitedAdaptiveHistogramEqualization",
    "RandomElasticTransform",
    "RandAugment",
    "AugMix",
    "MaxNumBoundingBoxes",
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
    "RandomElasticTransform": (0.4, (0.1, 0.6), "nearest", "wrap", 3.0, (0, 1), 7),
    "RandAugment": ((0, 1), 3, (0.1, 0.2)),
    "AugMix": ((0, 1), 2, 1, 0.2, 0.5, False),
    "MaxNumBoundingBoxes": (5,),
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
    if name == "MaxNumBoundingBoxes":
        ours.pop("fill_value")  # Keras leaves it out
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


@pytest.mark.parametrize("value_range", [(0, 255), (0, 1)])
@pytest.mark.parametrize("tiles", [(8, 8), (3, 5)])
def test_adaptive_equalization_of_larger_images(value_range, tiles):
    name = "ContrastLimitedAdaptiveHistogramEqualization"
    x = np.random.default_rng(1).normal(0.4, 0.1, (2, 37, 50, 3)).clip(0, 1).astype("float32")
    x *= value_range[1]
    for images in (x, x.astype("uint8")) if value_range[1] > 1 else (x,):
        ours, theirs = (
            np.asarray(getattr(p.layers, name)(value_range, tile_grid_size=tiles)(images))
            for p in (nacre, keras)
        )
        assert ours.dtype == theirs.dtype
        atol = 1 if ours.dtype == "uint8" else 1e-5 * value_range[1]  # fractions are cut off
        np.testing.assert_allclose(ours.astype("float32"), theirs.astype("float32"), atol=atol)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "nearest", "wrap"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_elastic_transform_with_the_same_draws(interpolation, fill_mode, data_format, monkeypatch):
    import jax

    batch, height, width = 5, 20, 30
    settings = {"factor": (0.3, 0.7), "scale": (0.7, 1.0), "fill_mode": fill_mode}
    settings |= {"fill_value": 9.0, "interpolation": interpolation, "data_format": data_format}
    ours = nacre.layers.RandomElasticTransform(**settings, seed=5)
    theirs = keras.layers.RandomElasticTransform(**settings)
    x = np.random.default_rng(2).uniform(0, 255, (batch, height, width, 3)).astype("float32")
    x = x if data_format == "channels_last" else np.moveaxis(x, -1, 1)

    keys = nacre.random.SeedGenerator(5)
    draw = nacre.random.uniform
    probability = draw((batch,), 0.3, 0.7, seed=keys).numpy()
    applied = draw((batch,), seed=keys).numpy() < probability
    strength = draw((), 0.7, 1.0, seed=keys).numpy()
    noise = nacre.random.normal((batch, height, width, 2), seed=keys).numpy()
    assert 0 < applied.sum() < batch
    sequence = iter((noise[..., 1], noise[..., 0]))  # Keras draws along x first
    monkeypatch.setattr(jax.random, "normal", lambda *args, **kwargs: next(sequence))
    transformation = {"apply_transform": applied, "distortion_factor": strength, "seed": 1}
    expected = np.asarray(theirs.transform_images(x, transformation))
    received = ours(x).numpy()
    assert ((received != x).any((1, 2, 3)) == applied).all()
    # The nearest pixel changes where a coordinate is close to the middle of two.
    close = np.isclose(received, expected, rtol=1e-4, atol=2e-2)
    assert close.mean() > (0.999 if interpolation == "nearest" else 0.9999)


# Strengths of one number, at which these draw nothing: what is left to chance is the choice.
STRENGTH = (0.2, 0.2)
CHANCE = {"random_shear", "random_contrast"}


def candidates(policy, x, all_ops=True):
    """What Keras's layers within a policy make of images; those that draw nothing."""
    names = [
        name
        for name in keras.layers.RandAugment._AUGMENT_LAYERS
        if name not in CHANCE and (all_ops or hasattr(policy, name))
    ]
    found = {}
    for name in names:
        layer = getattr(policy, name)
        if name == "solarization":  # Keras's smallest factor is no share of 255
            config = {**layer.get_config(), "name": name, "dtype": "float32"}
            found[name] = nacre.layers.Solarization.from_config(config)(x).numpy()
            continue
        drawn = layer.get_random_transformation(x, training=True)
        found[name] = np.asarray(layer.transform_images(keras.ops.convert_to_tensor(x), drawn))
    return found


def found_in(y, known):
    return next((k for k, v in known.items() if np.allclose(y, v, rtol=1e-4, atol=3e-2)), None)


@pytest.mark.parametrize("value_range", [(0, 255), (0, 1)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_rand_augment_draws_each_layer_alike(value_range, data_format):
    x = IMAGES * (value_range[1] / 255)
    if data_format == "channels_first":
        x = np.moveaxis(x, -1, 1)
    settings = {"value_range": value_range, "factor": STRENGTH, "data_format": data_format}
    theirs = keras.layers.RandAugment(**settings)
    known = candidates(theirs, x)
    if data_format == "channels_first":
        del known["auto_contrast"]  # Keras stretches over channels and rows
    ours = nacre.layers.RandAugment(**settings, num_ops=1, seed=3)
    scale = 255 / value_range[1]
    known = {name: images * scale for name, images in known.items()}
    draws = [found_in(ours(x).numpy() * scale, known) for _ in range(330)]
    for name in known:
        assert 12 < draws.count(name) < 52, name  # 30 of each are expected
    assert 30 < draws.count(None) < (100 if len(known) == 9 else 130)


def test_rand_augment_runs_layers_in_a_row():
    theirs = keras.layers.RandAugment(factor=STRENGTH)
    known = {
        (a, b): images
        for a, first in candidates(theirs, IMAGES).items()
        for b, images in candidates(theirs, first).items()
    }
    ours = nacre.layers.RandAugment(num_ops=2, factor=STRENGTH, seed=4)
    draws = [found_in(ours(IMAGES).numpy(), known) for _ in range(90)]
    assert sum(draw is not None for draw in draws) > 45  # 60 of them are expected
    assert len({draw for draw in draws if draw and draw[0] != draw[1]}) > 25


@pytest.mark.parametrize("all_ops", [True, False])
def test_aug_mix_mixes_chains(all_ops):
    settings = {"factor": STRENGTH, "all_ops": all_ops, "value_range": (-1000, 1000)}
    theirs = keras.layers.AugMix(**settings)
    known = {"none": IMAGES, **candidates(theirs, IMAGES, all_ops)}
    assert len(known) == (10 if all_ops else 7)
    ours = nacre.layers.AugMix(**settings, num_chains=1, chain_depth=1, seed=3)
    weights, draws = [], []
    for _ in range(150):
        y = ours(IMAGES).numpy()
        for name, images in known.items():
            away = (images - IMAGES).ravel()
            share = float(away @ (y - IMAGES).ravel() / max(away @ away, 1e-9))
            if np.allclose(y, IMAGES + share * (images - IMAGES), rtol=1e-3, atol=5e-2):
                draws.append(name)
                weights += [share] * (name != "none")
                break
    for name in known:
        assert draws.count(name) > 2, name
    assert min(weights) > 0
    assert max(weights) < 1
    assert abs(np.mean(weights) - 0.5) < 0.1  # uniform
    assert abs(np.std(weights) - 12**-0.5) < 0.05

    pair = nacre.layers.AugMix(**settings, num_chains=2, chain_depth=1, alpha=0.7, seed=5)
    matched = 0
    for _ in range(30):
        y = pair(IMAGES).numpy().ravel()
        parts = [known[name].ravel() for name in known]
        matched += any(
            np.allclose(m @ np.linalg.lstsq(m, y, rcond=None)[0], y, rtol=1e-3, atol=0.1)
            for i, a in enumerate(parts)
            for b in parts[i:]
            for m in [np.stack([parts[0], a, b], 1)]
        )
    assert matched > 12  # 20 of them are expected


@pytest.mark.parametrize("count", [0, 2, 3, 5])
def test_bounding_boxes_are_cut_or_filled(count):
    rng = np.random.default_rng(0)
    boxes = rng.uniform(0, 6, (3, 3, 4)).astype("float32")
    labels = rng.integers(0, 5, (3, 3)).astype("int32")

    def data(at):
        return {
            "images": IMAGES[at],
            "bounding_boxes": {"boxes": boxes[at], "labels": labels[at]},
            "labels": np.ones((3, 2), "float32")[at],
        }

    ours, theirs = (
        p.layers.MaxNumBoundingBoxes(count, bounding_box_format="xyxy") for p in (nacre, keras)
    )
    assert ours.get_config()["bounding_box_format"] == "xyxy"
    for at in (slice(None), 1):
        if count == 0 and at == 1:
            continue
        a, b = ours(data(at)), theirs(data(at))
        assert sorted(a) == sorted(b)
        for key in ("images", "labels"):
            np.testing.assert_array_equal(np.asarray(a[key]), np.asarray(b[key]))
        for key in ("boxes", "labels"):
            x, y = (np.asarray(d["bounding_boxes"][key]) for d in (a, b))
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)
