"""Images, padded sequences, and datasets of series and of folders."""

from __future__ import annotations

import builtins
import io

import numpy as np
import pytest

import nacre
from nacre import utils

pytest.importorskip("PIL", reason="Pillow is not installed (extra [image])")
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (5, 7, 3)).astype("uint8")


# Images


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_arrays_to_images_and_back(channels, mode, data_format):
    x = RNG.integers(0, 256, (5, 7, channels)).astype("float32")
    given = x.transpose(2, 0, 1) if data_format == "channels_first" else x
    image = utils.array_to_img(given, data_format, scale=False)
    assert (image.mode, image.size) == (mode, (7, 5))
    back = utils.img_to_array(image, data_format)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, given)


def test_scaled_images():
    x = np.linspace(-1, 3, 24).reshape(2, 4, 3)
    values = utils.img_to_array(utils.array_to_img(x))
    assert (values.min(), values.max()) == (0, 255)
    assert not utils.img_to_array(utils.array_to_img(np.full((2, 2, 1), 7.0))).any()
    assert utils.array_to_img(np.full((2, 2, 1), 300.0), scale=False).mode == "I"
    assert utils.array_to_img(nacre.ops.ones((2, 3, 3))).size == (3, 2)


@pytest.mark.parametrize("shape", [(4, 4), (2, 4, 4, 3), (4, 4, 2), (0, 4, 3)])
def test_what_is_no_image(shape):
    with pytest.raises(ValueError, match="array_to_img: expected"):
        utils.array_to_img(np.zeros(shape))


@pytest.mark.parametrize("ending", ["png", "bmp"])
def test_image_files(ending, tmp_path):
    path = tmp_path / f"image.{ending}"
    utils.save_img(path, RGB, scale=False)
    for given in (path, str(path), str(path).encode(), io.BytesIO(path.read_bytes())):
        np.testing.assert_array_equal(np.asarray(utils.load_img(given)), RGB)
    assert utils.load_img(path, "grayscale").mode == "L"
    assert utils.load_img(path, "rgba").mode == "RGBA"
    assert utils.load_img(path, target_size=(3, 4), interpolation="bicubic").size == (4, 3)
    cropped = utils.load_img(path, target_size=(5, 5), keep_aspect_ratio=True)
    np.testing.assert_array_equal(np.asarray(cropped), RGB[:, 1:6])


def test_formats(tmp_path):
    buffer = io.BytesIO()
    utils.save_img(buffer, RGB, file_format="png", scale=False)
    np.testing.assert_array_equal(np.asarray(utils.load_img(io.BytesIO(buffer.getvalue()))), RGB)
    with pytest.warns(UserWarning, match="JPEG has no alpha"):
        utils.save_img(tmp_path / "a.jpg", np.zeros((4, 4, 4)))
    with pytest.raises(ValueError, match="expected a format that Pillow writes, received 'pearl'"):
        utils.save_img(tmp_path / "a.pearl", RGB)
    with pytest.raises(ValueError, match="expected `file_format`"):
        utils.save_img(io.BytesIO(), RGB)


def test_image_errors(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(OSError, match=r"expected an image, received .*a\.png"):
        utils.load_img(tmp_path / "a.png")
    with pytest.raises(OSError):
        utils.load_img(tmp_path / "b.png")
    with pytest.raises(TypeError, match="expected a path or io.BytesIO, received int"):
        utils.load_img(3)
    with pytest.raises(ValueError, match="expected `color_mode`"):
        utils.load_img(tmp_path / "a.png", "cmyk")
    with pytest.raises(ValueError, match="expected `interpolation`"):
        utils.load_img(tmp_path / "a.png", interpolation="cubic")
    with pytest.raises(ValueError, match="expected `target_size`"):
        utils.load_img(tmp_path / "a.png", target_size=(3,))
    with pytest.raises(ValueError, match="expected `data_format`"):
        utils.img_to_array(RGB, "last")


def test_without_pillow(monkeypatch):
    original = builtins.__import__

    def no_pillow(name, *args, **kwargs):
        if name.split(".")[0] == "PIL":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_pillow)
    for function, argument in (
        (utils.array_to_img, RGB),
        (utils.load_img, "a.png"),
        (utils.image_dataset_from_directory, "."),
    ):
        with pytest.raises(ImportError, match=r"Pillow, which is not installed.*nacre\[image\]"):
            function(argument)


def test_smart_resize():
    smart_resize = nacre.preprocessing.image.smart_resize
    x = RNG.random((6, 10, 3)).astype("float32")
    result = smart_resize(x, (3, 3))
    assert isinstance(result, np.ndarray)
    np.testing.assert_array_equal(result, nacre.ops.image.resize(x[:, 2:8], (3, 3)).numpy())
    first = smart_resize(nacre.ops.convert_to_tensor(x.transpose(2, 0, 1)[None]), (3, 3),
                         data_format="channels_first")  # fmt: skip
    np.testing.assert_allclose(first.numpy()[0].transpose(1, 2, 0), result, rtol=1e-6)
    with pytest.raises(ValueError, match="expected an image or a batch"):
        smart_resize(x[0], (3, 3))
    with pytest.raises(ValueError, match="expected `size`"):
        smart_resize(x, (3, 0))


# Sequences


def test_pad_sequences():
    sequences = [[1], [2, 3], [], [4, 5, 6]]
    pad = utils.pad_sequences
    assert pad(sequences).tolist() == [[0, 0, 1], [0, 2, 3], [0, 0, 0], [4, 5, 6]]
    assert pad(sequences, 2).tolist() == [[0, 1], [2, 3], [0, 0], [5, 6]]
    assert pad(sequences, 2, truncating="post", padding="post", value=9).tolist() == [
        [1, 9], [2, 3], [9, 9], [4, 5],
    ]  # fmt: skip
    assert pad(sequences, 0).shape == (4, 0)
    assert pad([], 3).shape == (0, 3)
    assert pad([[], []]).shape == (2, 0)
    vectors = pad([np.ones((1, 2)), np.ones((3, 2))], dtype="float32")
    assert vectors.shape == (2, 3, 2)
    assert pad([["a"], ["b", "c"]], dtype=object, value="").tolist() == [["", "a"], ["b", "c"]]
    assert nacre.preprocessing.sequence.pad_sequences is pad


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "expected `maxlen` with an empty list"),
        ((3,), "expected a list of sequences, received int"),
        (([[1], 2],), "received 2 at index 1"),
        (([[1]], -1), "expected `maxlen` of at least 0, received -1"),
        (([[1]], None, "int32", "left"), "expected `padding` 'pre' or 'post', received 'left'"),
        (([[1]], None, "int32", "pre", "no"), "expected `truncating`"),
        (([["a"]], None, "int32", "pre", "pre", ""), "expected dtype=object"),
        (([np.ones((1, 2)), np.ones((1, 3))],), r"items of shape \(2,\).* received \(3,\)"),
    ],
)
def test_pad_sequences_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        utils.pad_sequences(*arguments)


# Series


def test_windows():
    data = np.arange(20.0)
    windows = utils.timeseries_dataset_from_array(
        data, data * 10, 3, sequence_stride=2, sampling_rate=3, batch_size=4
    )
    batches = list(windows)
    assert [len(x) for x, _ in batches] == [4, 3] and len(windows) == 2
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    np.testing.assert_array_equal(x[:, 0], np.arange(0, 14, 2))
    np.testing.assert_array_equal(x, x[:, :1] + [0, 3, 6])
    np.testing.assert_array_equal(y, x[:, 0] * 10)


def test_windows_of_a_part():
    data = np.arange(20)
    windows = utils.timeseries_dataset_from_array(data, None, 4, start_index=5, end_index=10)
    np.testing.assert_array_equal(windows[0], [[5, 6, 7, 8], [6, 7, 8, 9]])
    single = utils.timeseries_dataset_from_array(data, data, 4, batch_size=None)
    assert len(single) == 17
    x, y = single[3]
    assert (x.tolist(), int(y)) == ([3, 4, 5, 6], 3)


def test_shuffled_windows():
    def make(seed):
        data = np.arange(50)
        return utils.timeseries_dataset_from_array(data, data, 3, shuffle=True, seed=seed)

    windows = make(1)
    first = windows[0][1].copy()
    np.testing.assert_array_equal(first, make(1)[0][1])
    windows.on_epoch_end()
    assert not np.array_equal(windows[0][1], first)
    np.testing.assert_array_equal(np.sort(windows[0][1]), np.arange(48))
    np.testing.assert_array_equal(windows[0][0][:, 0], windows[0][1])


def test_a_model_is_fitted_to_windows():
    data = np.sin(np.arange(200) / 5).astype("float32")[:, None]
    windows = utils.timeseries_dataset_from_array(data, data[8:], 8, batch_size=32, shuffle=True)
    model = nacre.Sequential([nacre.layers.Flatten(), nacre.layers.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(windows, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence_length": 0}, "`sequence_length` from 1 to 10, received 0"),
        ({"sequence_length": 11}, "`sequence_length` from 1 to 10, received 11"),
        ({"sequence_stride": 10}, "`sequence_stride` from 1 to 9"),
        ({"sampling_rate": 0}, "`sampling_rate` from 1 to 9"),
        ({"sampling_rate": 6}, "expected at least 13 steps"),
        ({"start_index": -1}, "`start_index` from 0 to 9"),
        ({"end_index": 10}, "`end_index` from 1 to 9"),
        ({"start_index": 5, "end_index": 5}, "expected `end_index` after start_index=5"),
        ({"batch_size": 0}, "`batch_size` a positive integer or None"),
        ({"format": "torch"}, "expected `format` 'tf' or 'grain'"),
        ({"targets": []}, "and 0 targets"),
        ({"data": []}, "expected a series"),
        ({"targets": np.arange(4), "start_index": 2}, "a target for each window"),
    ],
)
def test_windows_errors(changes, message):
    arguments = {"data": np.arange(10), "targets": None, "sequence_length": 3} | changes
    with pytest.raises(ValueError, match=message):
        utils.timeseries_dataset_from_array(**arguments)


# Folders


@pytest.fixture
def pictures(tmp_path):
    for kind, count in (("cats", 3), ("dogs", 4)):
        (tmp_path / kind).mkdir()
        for i in range(count):
            value = np.full((6, 8, 3), 10 * i + (100 if kind == "dogs" else 0))
            utils.save_img(tmp_path / kind / f"{i}.png", value, scale=False)
    (tmp_path / "dogs" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def from_images(folder, **kwargs):
    return utils.image_dataset_from_directory(folder, image_size=(6, 8), **kwargs)


def test_images_in_order(pictures, capsys):
    dataset = from_images(pictures, shuffle=False, batch_size=4)
    assert capsys.readouterr().out == "Found 7 files belonging to 2 classes.\n"
    assert isinstance(dataset, utils.PyDataset)
    assert (len(dataset), dataset.class_names) == (2, ["cats", "dogs"])
    assert dataset.file_paths[0] == str(pictures / "cats" / "0.png")
    x, y = (np.concatenate(parts) for parts in zip(*dataset, strict=True))
    assert (x.shape, x.dtype, y.dtype) == ((7, 6, 8, 3), np.float32, np.int32)
    assert x[:, 0, 0, 0].tolist() == [0, 10, 20, 100, 110, 120, 130]
    assert y.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_kinds_of_labels(pictures):
    x, y = from_images(pictures, label_mode="categorical", shuffle=False, verbose=False)[0]
    np.testing.assert_array_equal(y, np.eye(2, dtype="float32")[[0, 0, 0, 1, 1, 1, 1]])
    x, y = from_images(pictures, label_mode="binary", shuffle=False, verbose=False)[0]
    assert (y.dtype, y.ravel().tolist(), y.shape) == (np.float32, [0, 0, 0, 1, 1, 1, 1], (7, 1))
    for kwargs in ({"labels": None}, {"label_mode": None}):
        dataset = from_images(pictures, shuffle=False, **kwargs)
        assert dataset[0].shape == (7, 6, 8, 3) and dataset.class_names is None
    dataset = from_images(pictures, labels=[3, 1, 1, 1, 0, 0, 3], shuffle=False)
    assert dataset[0][1].tolist() == [3, 1, 1, 1, 0, 0, 3]
    assert dataset.class_names == ["0", "1", "3"]
    dataset = from_images(pictures, class_names=["dogs", "cats"], shuffle=False)
    assert dataset[0][1].tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_image_forms(pictures):
    x, _ = from_images(pictures, color_mode="grayscale", data_format="channels_first")[0]
    assert x.shape == (7, 1, 6, 8)
    x, y = from_images(pictures, color_mode="rgba", batch_size=None)[0]
    assert (x.shape, y.shape) == ((6, 8, 4), ())
    for option in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        x, _ = utils.image_dataset_from_directory(pictures, image_size=4, **{option: True})[0]
        assert x.shape == (7, 4, 4, 3)


def test_shuffled_folders(pictures):
    dataset = from_images(pictures, seed=3)
    x, y = dataset[0]
    np.testing.assert_array_equal(x[:, 0, 0, 0] >= 100, y == 1)
    again = from_images(pictures, seed=3)
    assert again.file_paths == dataset.file_paths != sorted(dataset.file_paths)
    dataset.on_epoch_end()
    other, labels = dataset[0]
    assert not np.array_equal(x, other)
    np.testing.assert_array_equal(other[:, 0, 0, 0] >= 100, labels == 1)


def test_parts(pictures, capsys):
    both = from_images(pictures, validation_split=0.3, subset="both", seed=1)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "Using 5 files for training.",
        "Using 2 files for validation.",
    ]
    one_by_one = [
        from_images(pictures, validation_split=0.3, subset=subset, seed=1)
        for subset in ("training", "validation")
    ]
    for a, b in zip(both, one_by_one, strict=True):
        assert a.file_paths == b.file_paths
    assert len({*both[0].file_paths, *both[1].file_paths}) == 7
    before = both[1][0][0]
    both[1].on_epoch_end()
    np.testing.assert_array_equal(both[1][0][0], before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": "given"}, "expected `labels`"),
        ({"labels": [1, 2]}, "a label for each of the 7 files .* received 2"),
        ({"labels": [0.5] * 7}, "expected integer `labels`"),
        ({"labels": [1] * 7, "class_names": ["a"]}, "expected `class_names` with labels"),
        ({"labels": None, "class_names": ["a"]}, "expected no `class_names`"),
        ({"class_names": ["cats", "birds"]}, "among the folders .* received birds"),
        ({"labels": [1] * 7, "label_mode": "binary"}, "expected two classes"),
        ({"labels": [1, 2, 3, 1, 2, 3, 1], "label_mode": "categorical"}, "from 0 to 2 for"),
        ({"label_mode": "one_hot"}, "expected `label_mode`"),
        ({"color_mode": "hsv"}, "expected `color_mode`"),
        ({"batch_size": -1}, "expected `batch_size`"),
        ({"interpolation": "area"}, "expected `interpolation`"),
        ({"validation_split": 1.5, "subset": "both"}, "expected `validation_split` between"),
        ({"subset": "training"}, "`validation_split` and `subset` together"),
        ({"validation_split": 0.5, "subset": "all"}, "expected `subset`"),
        ({"validation_split": 0.5, "subset": "both"}, "expected a `seed`"),
        ({"validation_split": 0.1, "subset": "both", "seed": 1}, "for the validation part"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "received both"),
        ({"data_format": "last"}, "expected `data_format`"),
    ],
)
def test_folder_errors(changes, message, pictures):
    with pytest.raises(ValueError, match=f"image_dataset_from_directory: .*{message}"):
        from_images(pictures, **changes)


def test_empty_and_missing_folders(tmp_path):
    with pytest.raises(ValueError, match=r"expected files \(.bmp, .*\.png\) in .*, found 0"):
        from_images(tmp_path)
    with pytest.raises(FileNotFoundError):
        from_images(tmp_path / "nowhere", labels=None)
    with pytest.raises(ValueError, match="expected `image_size`"):
        utils.image_dataset_from_directory(tmp_path, image_size=(3,))


def test_texts(tmp_path):
    for kind in ("bad", "good"):
        (tmp_path / kind).mkdir()
        for i in range(2):
            (tmp_path / kind / f"{i}.txt").write_text(f"{kind} ünder {i}", encoding="utf-8")
    dataset = utils.text_dataset_from_directory(tmp_path, shuffle=False)
    x, y = dataset[0]
    assert x.tolist() == ["bad ünder 0", "bad ünder 1", "good ünder 0", "good ünder 1"]
    assert (y.tolist(), dataset.class_names) == ([0, 0, 1, 1], ["bad", "good"])
    x = utils.text_dataset_from_directory(tmp_path, labels=None, max_length=5, shuffle=False)[0]
    assert x.tolist() == ["bad ü", "bad ü", "good ", "good "]
    vectorize = nacre.layers.TextVectorization()
    vectorize.adapt(x)
    assert vectorize(x).shape == (4, 2)
    (tmp_path / "bad" / "0.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"expected UTF-8 in .*0\.txt"):
        dataset[0]
    with pytest.raises(ValueError, match="expected `max_length`"):
        utils.text_dataset_from_directory(tmp_path, max_length=-1)


def test_a_model_is_fitted_to_a_folder(pictures):
    train, validation = from_images(pictures, validation_split=0.3, subset="both", seed=1)
    model = nacre.Sequential(
        [nacre.layers.Rescaling(1 / 255), nacre.layers.Flatten(), nacre.layers.Dense(2)]
    )
    loss = nacre.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    history = model.fit(train, validation_data=validation, epochs=2, verbose=0).history
    assert len(history["val_loss"]) == 2
