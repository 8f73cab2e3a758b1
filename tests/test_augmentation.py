"""Layers on images: what they do, dicts, plans, seeds, errors."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (4, 6, 7, 3)).astype("float32")

RANDOM = [
    layers.RandomFlip(seed=3),
    layers.RandomRotation(0.2, seed=3),
    layers.RandomZoom(0.3, seed=3),
    layers.RandomTranslation(0.3, 0.2, seed=3),
    layers.RandomShear(0.3, 0.2, seed=3),
    layers.RandomContrast(0.4, seed=3),
    layers.RandomBrightness(0.4, seed=3),
    layers.RandomGrayscale(seed=3),
    layers.RandomInvert(seed=3),
    layers.RandomSaturation((0.1, 0.9), seed=3),
    layers.RandomHue(0.5, seed=3),
    layers.RandomColorDegeneration(0.5, seed=3),
    layers.RandomSharpness(0.9, seed=3),
    layers.RandomGaussianBlur(seed=3),
    layers.RandomColorJitter((0, 255), 0.2, 0.2, (0.3, 0.7), 0.2, seed=3),
    layers.RandomErasing(seed=3),
    layers.MixUp(seed=3),
    layers.CutMix(seed=3),
    layers.RandomElasticTransform((0.9, 1.0), (0.5, 1.0), seed=3),
    layers.RandAugment(seed=3),
    layers.AugMix(seed=3),
]
random_layers = pytest.mark.parametrize("layer", RANDOM, ids=lambda layer: type(layer).__name__)


def again(layer, **kwargs):
    return type(layer).from_config({**layer.get_config(), **kwargs})


@random_layers
def test_random_layers_act_alone_and_in_training_only(layer):
    layer = again(layer)
    assert (layer(IMAGES).numpy() != IMAGES).any()
    assert (layer(IMAGES, training=True).numpy() != IMAGES).any()
    np.testing.assert_array_equal(layer(IMAGES, training=False).numpy(), IMAGES)


@random_layers
def test_a_seed_gives_the_same_images(layer):
    a, b = again(layer), again(layer)
    for _ in range(2):
        np.testing.assert_array_equal(a(IMAGES).numpy(), b(IMAGES).numpy())
    other = again(layer, seed=12)
    draws = [(other(IMAGES).numpy() != a(IMAGES).numpy()).any() for _ in range(4)]
    assert any(draws)


@random_layers
def test_one_image_is_a_batch_of_one(layer):
    one, batch = again(layer), again(layer)
    for _ in range(3):
        np.testing.assert_array_equal(one(IMAGES[0]).numpy(), batch(IMAGES[:1]).numpy()[0])


@random_layers
def test_channels_first_is_the_same(layer):
    if "data_format" not in type(layer)._signature.names:
        first = again(layer, data_format="channels_first")
    else:
        first = again(layer, data_format="channels_first")
    last = again(layer)
    y = first(np.moveaxis(IMAGES, -1, 1)).numpy()
    if type(layer).__name__ == "RandomErasing":  # noise is drawn for the batch with channels last
        assert y.shape == (4, 3, 6, 7)
    np.testing.assert_array_equal(np.moveaxis(y, 1, -1), last(IMAGES).numpy())


@random_layers
def test_integers_become_floats(layer):
    y = again(layer)(IMAGES.astype("uint8"))
    assert y.dtype == "float32"
    assert y.shape == IMAGES.shape


@random_layers
def test_steps_of_plans_draw_anew(layer):
    model = nacre.Sequential([nacre.Input(IMAGES.shape[1:]), again(layer)])
    model.compile(optimizer="sgd", loss="mse")
    losses = set()
    for _ in range(4):
        model.reset_metrics()
        losses.add(round(float(np.ravel(model.train_on_batch(IMAGES, IMAGES))[0]), 3))
    assert len(losses) > 1
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES)


@random_layers
def test_gradients_reach_the_images(layer):
    layer = again(layer)
    x = nacre.ops.convert_to_tensor(IMAGES / 255)
    with nacre.GradientTape() as tape:
        tape.watch(x)
        y = nacre.ops.sum(layer(x, training=True))
    g = tape.gradient(y, x).numpy()
    assert g.shape == IMAGES.shape
    assert np.isfinite(g).all()


def test_degenerate_ranges_are_known_maps():
    x = IMAGES
    np.testing.assert_array_equal(layers.RandomRotation(0.0)(x).numpy(), x)
    half = layers.RandomRotation((0.5, 0.5))(x).numpy()
    np.testing.assert_allclose(half, x[:, ::-1, ::-1], rtol=1e-3, atol=0.1)
    shifted = layers.RandomTranslation((0.5, 0.5), (0.0, 0.0), fill_mode="wrap")(x).numpy()
    np.testing.assert_allclose(shifted, np.roll(x, 3, 1), rtol=1e-4, atol=1e-2)
    bright = layers.RandomBrightness((0.1, 0.1), value_range=(0, 100))(x / 255).numpy()
    np.testing.assert_allclose(bright, x / 255 + 10, rtol=1e-5)


def test_flips_are_those_asked_for():
    for mode, axes in (("horizontal", 2), ("vertical", 1), ("horizontal_and_vertical", (1, 2))):
        y = layers.RandomFlip(mode, seed=5)(IMAGES).numpy()
        flipped = np.flip(IMAGES, axes)
        kinds = {
            "same" if (a == b).all() else "flipped" if (a == c).all() else "neither"
            for a, b, c in zip(y, IMAGES, flipped, strict=True)
        }
        assert kinds == {"same", "flipped"}


def test_random_crop():
    x = np.arange(2 * 9 * 8, dtype="float32").reshape(2, 9, 8, 1)
    layer = layers.RandomCrop(4, 3, seed=1)
    corners = set()
    for _ in range(60):
        y = layer(x, training=True).numpy()
        row, column = divmod(int(y[0, 0, 0, 0]), 8)
        np.testing.assert_array_equal(y, x[:, row : row + 4, column : column + 3])
        corners.add((row, column))
    assert {r for r, _ in corners} == set(range(6))
    assert {c for _, c in corners} == set(range(6))
    assert layer(x, training=False).shape == (2, 4, 3, 1)
    assert layers.RandomCrop(12, 4)(x, training=True).shape == (2, 12, 4, 1)


def test_labels_and_masks_follow_their_images():
    data = {
        "images": IMAGES,
        "labels": np.eye(4, dtype="float32"),
        "segmentation_masks": (IMAGES[..., :1] > 99).astype("float32"),
    }
    y = layers.RandomFlip(seed=3)(data)
    assert (y["labels"] is data["labels"]) or (y["labels"].numpy() == data["labels"]).all()
    expected = (y["images"].numpy()[..., :1] > 99).astype("float32")
    np.testing.assert_array_equal(y["segmentation_masks"].numpy(), expected)

    turned = layers.RandomRotation(0.3, seed=3)(data)
    assert set(np.unique(turned["segmentation_masks"].numpy())) == {0, 1}
    small = layers.Resizing(3, 3)(data)
    assert small["segmentation_masks"].shape == (4, 3, 3, 1)
    assert set(np.unique(small["segmentation_masks"].numpy())) <= {0, 1}

    for layer in (layers.MixUp(1.0, seed=3), layers.CutMix(seed=3)):
        y = layer({"images": IMAGES, "labels": np.eye(4, dtype="float32")})
        labels = y["labels"].numpy()
        np.testing.assert_allclose(labels.sum(1), np.ones(4), rtol=1e-5)
        assert (labels != np.eye(4)).any()
    mixed = layers.MixUp(1.0, seed=3)({"images": IMAGES, "labels": np.eye(4, dtype="float32")})
    expected = np.einsum("ij,jhwc->ihwc", mixed["labels"].numpy(), IMAGES)
    np.testing.assert_allclose(mixed["images"].numpy(), expected, rtol=1e-4)


def test_cut_mix_labels_are_shares_of_pixels():
    x = np.zeros((3, 40, 50, 1), "float32") + np.arange(3, dtype="float32")[:, None, None, None]
    y = layers.CutMix(seed=2)({"images": x, "labels": np.eye(3, dtype="float32")})
    for image, label in zip(y["images"].numpy(), y["labels"].numpy(), strict=True):
        shares = [(image == i).mean() for i in range(3)]
        np.testing.assert_allclose(shares, label, atol=0.06)


def test_erasing_fills_rectangles():
    layer = layers.RandomErasing((1.0, 1.0), scale=(0.2, 0.2), fill_value=7.0, seed=1)
    y = layer(np.zeros((5, 50, 60, 2), "float32")).numpy()
    for image in y:
        rows, columns = np.nonzero(image[..., 0])
        filled = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (filled == 7).all()
        assert (image == 7).mean() == pytest.approx(0.2, abs=0.03)


def test_resizing_keeps_integers():
    y = layers.Resizing(3, 4)(IMAGES.astype("uint8"))
    assert y.dtype == "uint8"
    flat = layers.Resizing(3, 4)(np.full((1, 6, 7, 1), 200, "uint8"))
    assert (flat.numpy() == 200).all()


def test_fit_with_an_augmenting_model(tmp_path):
    nacre.utils.set_random_seed(1)
    model = nacre.Sequential(
        [
            nacre.Input((8, 8, 1)),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.05),
            layers.RandomZoom(0.1),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomContrast(0.1, value_range=(0, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    x = RNG.uniform(0, 1, (24, 8, 8, 1)).astype("float32")
    history = model.fit(x, np.arange(24) % 2, epochs=2, batch_size=8, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    model.save(tmp_path / "m.nacre")
    loaded = nacre.saving.load_model(tmp_path / "m.nacre")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


clahe = layers.ContrastLimitedAdaptiveHistogramEqualization
BOXES = RNG.uniform(0, 6, (4, 3, 4)).astype("float32")
CLASSES = RNG.integers(0, 9, (4, 3))


def boxes_of(boxes, labels, **more):
    data = {"images": IMAGES, "bounding_boxes": {"boxes": boxes, "labels": labels, **more}}
    return layers.MaxNumBoundingBoxes(4)(data)["bounding_boxes"]


ERRORS = [
    (lambda: layers.Resizing(0, 3), "height and width of at least 1, received 0 and 3"),
    (lambda: layers.Resizing(3, 3, interpolation="bilinera"), "Did you mean 'bilinear'"),
    (lambda: layers.Resizing(3, 3)(np.ones((3, 3))), r"rank 3 \(one image\) or 4"),
    (lambda: layers.Resizing(3, 3)(np.ones((2, 0, 3, 1))), "images with pixels"),
    (lambda: layers.CenterCrop(3, -1), "at least 1, received 3 and -1"),
    (lambda: layers.RandomFlip("diagonal"), "unknown mode 'diagonal'"),
    (lambda: layers.RandomRotation(2.0), r"factor of one number or two in \[-1, 1\]"),
    (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), "one number or two"),
    (lambda: layers.RandomRotation(0.1, fill_mode="edge"), "unknown fill_mode 'edge'"),
    (lambda: layers.RandomRotation(0.1, interpolation="cubic"), "unknown interpolation 'cubic'"),
    (lambda: layers.RandomZoom(-1.0), r"height_factor of one number or two in \(-1, 1\]"),
    (lambda: layers.RandomTranslation(0.1, 1.5), "width_factor of one number or two"),
    (lambda: layers.RandomCrop(0, 3), "height and width of at least 1"),
    (lambda: layers.RandomContrast(-0.1), r"in \[0, 1\]"),
    (lambda: layers.RandomBrightness(0.1, value_range=(1, 2, 3)), "value_range of two numbers"),
    (lambda: layers.RandomErasing(fill_value=(1, 2)), "one number or three"),
    (lambda: layers.RandomGrayscale(1.5), "0 <= factor <= 1"),
    (lambda: layers.RandomGrayscale()(np.ones((2, 3, 3, 2))), "1 or 3 channels"),
    (lambda: layers.RandomGaussianBlur(kernel_size=4), "odd numbers for kernel_size"),
    (lambda: layers.RandomColorJitter(hue_factor=2.0), "hue_factor of one number or two"),
    (lambda: layers.RandomSharpness(-0.5), r"in \[0, 1\]"),
    (lambda: layers.MixUp(0.0), "alpha > 0"),
    (lambda: layers.RandomElasticTransform(scale=1.5), r"scale of one number or two in \[0, 1\]"),
    (lambda: layers.RandomElasticTransform(fill_mode="edge"), "unknown fill_mode 'edge'"),
    (lambda: layers.RandomElasticTransform(interpolation="cubic"), "RandomElasticTransform: unkno"),
    (lambda: layers.RandAugment(factor=1.5), "RandAugment: expected factor of one number or two"),
    (lambda: layers.RandAugment(num_ops=-1), "num_ops of at least 0, received -1"),
    (lambda: layers.RandAugment(interpolation="cubic"), "RandAugment: unknown interpolation"),
    (lambda: layers.RandAugment((0, 1, 2)), "RandAugment: expected value_range of two numbers"),
    (lambda: layers.RandAugment()(np.ones((2, 4, 4, 2))), "images of 1 or 3 channels, received 2"),
    (lambda: layers.RandAugment()(np.ones((4, 4))), r"RandAugment .*rank 3 \(one image\) or 4"),
    (lambda: layers.AugMix(alpha=0.0), "AugMix: expected alpha > 0"),
    (lambda: layers.AugMix(num_chains=0), "num_chains of at least 1, received 0"),
    (lambda: layers.AugMix(chain_depth=-2), "chain_depth of at least 0, received -2"),
    (lambda: layers.AugMix(bounding_box_format="xyxy"), "bounding boxes are not supported"),
    (lambda: clahe(tile_grid_size=(0, 4)), "tile_grid_size of at least 1"),
    (lambda: clahe(tile_grid_size=(2, 4, 4)), "tile_grid_size of 1 or 2 numbers"),
    (lambda: clahe((0, 1, 2)), "value_range of two numbers"),
    (lambda: clahe()(np.ones((3, 3))), r"rank 3 \(one image\) or 4"),
    (lambda: layers.MaxNumBoundingBoxes(-1), "max_number of at least 0, received -1"),
    (lambda: boxes_of(BOXES[:, :, :3], CLASSES), r"boxes of shape \(batch, boxes, 4\)"),
    (lambda: boxes_of(BOXES[0], CLASSES[0]), r"boxes of shape \(batch, boxes, 4\)"),
    (lambda: boxes_of(BOXES, CLASSES[:, :2]), "a label for each box"),
    (lambda: boxes_of(BOXES, CLASSES[..., None]), "a label for each box"),
    (lambda: boxes_of(BOXES, CLASSES, scores=CLASSES), "a dict of 'boxes' and 'labels'"),
    (lambda: layers.MaxNumBoundingBoxes(3)({"bounding_boxes": {}}), "expected 'images', and"),
    (lambda: layers.CutMix(-0.5), r"in \[0, 1\]"),
    (lambda: layers.RandomFlip(bounding_box_format="xyxy"), "bounding boxes are not supported"),
    (lambda: layers.RandomFlip()({"images": IMAGES, "boxes": 1}), "expected a dict with 'images'"),
    (lambda: layers.RandomFlip()({"labels": IMAGES}), "expected a dict with 'images'"),
    (lambda: layers.RandomFlip()(np.ones((0, 3, 3, 1))), "images with pixels"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[m for _, m in ERRORS])
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_pipeline_is_its_layers_in_a_row():
    steps = [layers.RandomFlip(seed=3), layers.CenterCrop(4, 4), layers.RandomInvert(seed=5)]
    alike = [layers.RandomFlip(seed=3), layers.CenterCrop(4, 4), layers.RandomInvert(seed=5)]
    pipeline = layers.Pipeline(steps)
    x = np.random.default_rng(0).random((8, 6, 6, 3), "float32")
    expected = x
    for layer in alike:
        expected = layer(expected)
    np.testing.assert_array_equal(pipeline(x), expected)
    np.testing.assert_array_equal(pipeline(x, training=False), x[:, 1:5, 1:5])
    data = {"images": x, "labels": np.eye(8, dtype="float32")}
    mixed = layers.Pipeline([layers.CenterCrop(4, 4), layers.CutMix(seed=1)])(data)
    assert mixed["images"].shape == (8, 4, 4, 3)
    np.testing.assert_allclose(np.asarray(mixed["labels"]).sum(1), 1, rtol=1e-6)
    with pytest.raises(ValueError, match="Pipeline: expected layers, received a str"):
        layers.Pipeline(["flip"])
    with pytest.raises(ValueError, match="RandomFlip .*expected images of rank 3"):
        pipeline(np.ones((2, 3)))


def test_adaptive_equalization():
    flat = np.full((1, 16, 16, 3), 90.0, "float32")
    y = clahe(clip_limit=0.0)(flat).numpy()
    assert (y == y[0, 0, 0, 0]).all(), "one tone stays one tone"
    dim = RNG.uniform(100, 120, (1, 64, 64, 1)).astype("float32")
    spread = [np.ptp(clahe(clip_limit=c)(dim).numpy()) for c in (2.0, 8.0, 0.0)]
    assert 20 < spread[0] < spread[1] < spread[2] <= 255, "the limit holds contrast back"
    for images in (dim, np.full_like(dim, np.inf), -dim, dim * 99):
        y = clahe()(images).numpy()
        assert ((y >= 0) & (y <= 255)).all()
    assert clahe(4.0 * np.array([0, 1]), tile_grid_size=3)(dim[:, :5, :7]).shape == (1, 5, 7, 1)


def test_adaptive_equalization_of_integers_acts_always():
    x = RNG.integers(90, 130, (2, 20, 21, 3)).astype("uint8")
    y = clahe(tile_grid_size=(2, 3))(x, training=False)
    assert y.dtype == "uint8"
    assert y.numpy().max() - y.numpy().min() > 100
    np.testing.assert_array_equal(clahe(tile_grid_size=(2, 3))(x[0]).numpy(), y.numpy()[0])


def test_elastic_moves_are_small_and_alike():
    x = np.broadcast_to(np.arange(60.0, dtype="float32")[:, None], (1, 60, 60))[..., None]
    layer = layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0), fill_mode="nearest", seed=2)
    moves = layer(x).numpy()[0, :, :, 0] - x[0, :, :, 0]
    assert 0.2 < np.abs(moves).max() < 12
    steps = np.abs(np.diff(moves, axis=1)).max()
    assert steps < 0.5 * np.abs(moves).max(), "neighbours move alike"
    still = layers.RandomElasticTransform(0.0)(IMAGES).numpy()
    np.testing.assert_array_equal(still, IMAGES)


def masked(value_range=(0, 1)):
    mask = np.zeros((2, 24, 24, 1), "float32")
    mask[:, 6:15, 9:20] = 1
    return {"images": np.repeat(mask, 3, -1) * value_range[1], "segmentation_masks": mask}


def test_masks_move_with_elastic_images():
    layer = layers.RandomElasticTransform(
        (1.0, 1.0), (1.0, 1.0), interpolation="nearest", value_range=(0, 1), seed=1
    )
    y = layer(masked())
    moved = y["segmentation_masks"].numpy()
    np.testing.assert_array_equal(y["images"].numpy()[..., :1], moved)
    assert (moved != masked()["segmentation_masks"]).any()


def test_masks_move_with_what_policies_draw():
    layer = layers.RandAugment((0, 255), 1, (0.3, 0.3), interpolation="nearest", seed=1)
    data = {**masked((0, 200)), "labels": np.eye(2, dtype="float32")}
    moved = 0
    for _ in range(40):
        y = layer(data)
        mask = y["segmentation_masks"].numpy()
        assert set(np.unique(mask)) <= {0, 1}
        np.testing.assert_array_equal(y["labels"], data["labels"])
        if (mask != data["segmentation_masks"]).any():
            np.testing.assert_array_equal(y["images"].numpy()[..., :1], mask * 200)
            moved += 1
    assert 3 < moved < 25  # 3 of 11 layers move pixels
    mixed = layers.AugMix((0, 255), seed=1)(data)["segmentation_masks"]
    assert mixed.shape == (2, 24, 24, 1)
    assert ((mixed.numpy() >= -1e-6) & (mixed.numpy() <= 1 + 1e-6)).all()


@pytest.mark.parametrize("value_range", [(0, 1), (-1, 1), (0, 255)])
def test_policies_stay_within_the_range(value_range):
    low, high = value_range
    x = low + (high - low) * IMAGES / 255
    for layer in (layers.RandAugment(value_range, 3, 1.0), layers.AugMix(value_range, factor=1.0)):
        for _ in range(20):
            y = layer(x).numpy()
            assert y.min() >= low - 1e-5 * high
            assert y.max() <= high + 1e-5 * high


def test_policies_that_change_nothing():
    np.testing.assert_array_equal(layers.RandAugment(num_ops=0)(IMAGES).numpy(), IMAGES)
    y = layers.AugMix(chain_depth=0)(IMAGES).numpy()
    np.testing.assert_allclose(y, IMAGES, rtol=1e-5)
    one = layers.AugMix(all_ops=False)(IMAGES[..., :2])  # nothing of it needs colours
    assert one.shape == (4, 6, 7, 2)


def test_plans_of_policies_give_the_images_of_eager_calls():
    for make in (lambda: layers.RandAugment(seed=3), lambda: layers.AugMix(seed=3)):
        eager, recorded = make(), make()
        run = nacre.function(lambda x, layer=recorded: layer(x, training=True))
        for _ in range(6):
            np.testing.assert_array_equal(run(IMAGES).numpy(), eager(IMAGES).numpy())


def test_bounding_boxes_are_cut_or_filled():
    filled = boxes_of(BOXES, CLASSES)
    np.testing.assert_array_equal(filled["boxes"].numpy()[:, :3], BOXES)
    assert (filled["boxes"].numpy()[:, 3] == -1).all()
    assert filled["labels"].numpy()[:, 3].tolist() == [-1] * 4
    cut = layers.MaxNumBoundingBoxes(2, fill_value=7)
    data = {"images": IMAGES[0], "bounding_boxes": {"boxes": BOXES[0], "labels": CLASSES[0]}}
    y = cut(data)
    np.testing.assert_array_equal(y["bounding_boxes"]["boxes"], BOXES[0, :2])
    np.testing.assert_array_equal(y["bounding_boxes"]["labels"], CLASSES[0, :2])
    assert data["bounding_boxes"]["boxes"].shape == (3, 4), "the given dict is left alone"
    assert cut(IMAGES.astype("uint8")).dtype == "uint8"
    again = layers.MaxNumBoundingBoxes.from_config(cut.get_config())
    assert again.get_config() == cut.get_config()
    assert again.fill_value == 7
    half = layers.MaxNumBoundingBoxes(4, dtype="mixed_bfloat16")
    assert half({**data, "bounding_boxes": y["bounding_boxes"]})["images"].dtype == "bfloat16"
