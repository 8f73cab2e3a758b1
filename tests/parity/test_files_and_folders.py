"""Images, sequences, series and folders as real Keras reads them."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

import nacre

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
ours, theirs = nacre.utils, keras.utils
RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    "name",
    [
        "array_to_img",
        "clear_session",
        "get_file",
        "get_source_inputs",
        "image_dataset_from_directory",
        "img_to_array",
        "is_keras_tensor",
        "load_img",
        "pad_sequences",
        "save_img",
        "standardize_dtype",
        "text_dataset_from_directory",
        "timeseries_dataset_from_array",
    ],
)
def test_same_arguments(name):
    def arguments(function):
        return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]

    assert arguments(getattr(ours, name)) == arguments(getattr(theirs, name))


@pytest.mark.parametrize("name", ["model_to_dot", "plot_model"])
def test_same_arguments_of_pictures(name):
    # Keras takes others too, to refuse them.
    expected = list(inspect.signature(getattr(theirs, name)).parameters.values())[:-1]
    received = list(inspect.signature(getattr(ours, name)).parameters.values())
    assert [(p.name, p.default) for p in received] == [(p.name, p.default) for p in expected]


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images(channels, scale):
    x = RNG.random((6, 5, channels)) * 200
    expected = theirs.array_to_img(x, scale=scale)
    received = ours.array_to_img(x, scale=scale)
    assert received.mode == expected.mode
    np.testing.assert_array_equal(ours.img_to_array(received), theirs.img_to_array(expected))


@pytest.mark.parametrize("keep_aspect_ratio", [True, False])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box"])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_image_files(color_mode, interpolation, keep_aspect_ratio, tmp_path):
    path = tmp_path / "a.png"
    theirs.save_img(path, RNG.random((12, 9, 3)))
    arguments = (path, color_mode, (5, 7), interpolation, keep_aspect_ratio)
    np.testing.assert_array_equal(
        np.asarray(ours.load_img(*arguments)), np.asarray(theirs.load_img(*arguments))
    )


@pytest.mark.parametrize("size", [(4, 4), (9, 3), (2, 11)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_smart_resize(size, data_format):
    x = RNG.random((2, 3, 8, 10) if data_format == "channels_first" else (2, 8, 10, 3))
    x = x.astype("float32")
    np.testing.assert_allclose(
        nacre.preprocessing.image.smart_resize(x, size, data_format=data_format),
        keras.preprocessing.image.smart_resize(x, size, data_format=data_format),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("maxlen", [None, 2, 6])
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("dtype", ["int32", "float32", "float64"])
def test_pad_sequences(maxlen, padding, truncating, dtype):
    sequences = [[1], [], [2.5, 3, 4], (5, 6, 7, 8)]
    arguments = (sequences, maxlen, dtype, padding, truncating, 9)
    expected, received = theirs.pad_sequences(*arguments), ours.pad_sequences(*arguments)
    assert received.dtype == expected.dtype
    np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize("value", [None, "float16", int, float, bool, "int", np.float32, "uint8"])
def test_standardize_dtype(value):
    assert ours.standardize_dtype(value) == theirs.standardize_dtype(value)


def test_get_file(tmp_path):
    origin = tmp_path / "words.txt"
    origin.write_text("mother-of-pearl")
    paths = [
        utils.get_file(origin=origin.as_uri(), cache_dir=str(tmp_path / name))
        for utils, name in ((ours, "ours"), (theirs, "theirs"))
        if os.makedirs(tmp_path / name) is None
    ]
    assert os.path.relpath(paths[0], tmp_path / "ours") == os.path.relpath(
        paths[1], tmp_path / "theirs"
    )
    assert open(paths[0]).read() == open(paths[1]).read()


def assert_same_batches(received, expected):
    """A PyDataset of ours against a dataset of TensorFlow."""
    expected = [[np.asarray(part) for part in _parts(batch)] for batch in expected]
    received = [_parts(batch) for batch in received]
    assert len(received) == len(expected)
    for ours_, theirs_ in zip(received, expected, strict=True):
        for a, b in zip(ours_, theirs_, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-4)


def _parts(batch):
    return batch if isinstance(batch, tuple) else (batch,)


@pytest.mark.parametrize("targets", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sequence_stride": 3, "sampling_rate": 2},
        {"start_index": 4, "end_index": 20},
        {"batch_size": None},
        {"batch_size": 7, "sequence_stride": 2},
    ],
)
def test_series(options, targets):
    pytest.importorskip("tensorflow", reason="Keras makes these datasets with TensorFlow")
    data = RNG.random((30, 2)).astype("float32")
    y = np.arange(30) if targets else None
    arguments = {"data": data, "targets": y, "sequence_length": 4, **options}
    assert_same_batches(
        ours.timeseries_dataset_from_array(**arguments),
        theirs.timeseries_dataset_from_array(**arguments),
    )


@pytest.fixture
def pictures(tmp_path):
    pytest.importorskip("tensorflow", reason="Keras makes these datasets with TensorFlow")
    for kind, count in (("cats", 3), ("dogs", 4)):
        (tmp_path / kind / "deep").mkdir(parents=True)
        for i in range(count):
            folder = tmp_path / kind / ("deep" if i == 1 else "")
            theirs.save_img(folder / f"{i}.png", RNG.random((10, 13, 3)))
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"label_mode": "categorical", "batch_size": 3},
        {"label_mode": "binary", "interpolation": "lanczos3"},
        {"labels": None},
        {"labels": [1, 0, 1, 1, 0, 0, 1]},
        {"class_names": ["dogs", "cats"]},
        {"batch_size": None},
        {"data_format": "channels_first", "color_mode": "rgba"},
        {"crop_to_aspect_ratio": True},
    ],
)
def test_folders_of_images(options, pictures):
    arguments = {"directory": str(pictures), "image_size": (6, 9), "shuffle": False, **options}
    received = ours.image_dataset_from_directory(**arguments)
    expected = theirs.image_dataset_from_directory(**arguments)
    assert received.class_names == expected.class_names
    assert received.file_paths == expected.file_paths
    assert_same_batches(received, expected)


@pytest.mark.parametrize(
    "options", [{"interpolation": "bicubic"}, {"pad_to_aspect_ratio": True}, {}]
)
def test_images_are_resized_as_by_the_op(options, pictures):
    # TensorFlow's own bicubic and padded resizing differ from keras.ops, at the edges.
    dataset = ours.image_dataset_from_directory(
        pictures, image_size=(5, 13), shuffle=False, **options
    )
    images = [np.asarray(theirs.load_img(path), "float32") for path in dataset.file_paths]
    expected = [np.asarray(keras.ops.image.resize(x, (5, 13), **options)) for x in images]
    np.testing.assert_allclose(dataset[0][0], np.stack(expected), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("subset", ["training", "validation", "both", None])
def test_shuffled_folders(subset, pictures):
    # The files of each part and their order before the first epoch; epochs are shuffled otherwise.
    arguments = {"image_size": (4, 4), "seed": 5, "subset": subset}
    arguments["validation_split"] = 0.4 if subset else None
    received = ours.image_dataset_from_directory(str(pictures), **arguments)
    expected = theirs.image_dataset_from_directory(str(pictures), **arguments)
    if subset != "both":
        received, expected = [received], [expected]
    assert [part.file_paths for part in received] == [part.file_paths for part in expected]


@pytest.mark.parametrize("max_length", [None, 4])
def test_folders_of_texts(max_length, tmp_path):
    pytest.importorskip("tensorflow", reason="Keras makes these datasets with TensorFlow")
    for kind in ("bad", "good"):
        (tmp_path / kind).mkdir()
        for i in range(3):
            (tmp_path / kind / f"{i}.txt").write_bytes(f"{kind} text\r\n {i}".encode())
    arguments = {"shuffle": False, "batch_size": 4, "max_length": max_length}
    received = list(ours.text_dataset_from_directory(str(tmp_path), **arguments))
    expected = list(theirs.text_dataset_from_directory(str(tmp_path), **arguments))
    for (x, y), (texts, labels) in zip(received, expected, strict=True):
        assert [text.encode() for text in x] == np.asarray(texts).tolist()
        np.testing.assert_array_equal(y, np.asarray(labels))


def test_session():
    def names(library):
        library.utils.clear_session()
        made = [library.layers.Dense(1).name for _ in range(2)]
        uids = [library.backend.get_uid(p) for p in ("dense", "dense", "other", "other")]
        return made, uids, library.layers.Dense(1).name

    assert names(nacre) == names(keras)


def test_config():
    def use(library):
        config = library.utils.Config(b=1, a=2)
        config.c = 3
        config["d"] = [4]
        config.update(e=5)
        config.pop("b")
        return list(config), len(config), repr(config), config.to_json(), "a" in config, config.c

    assert use(nacre) == use(keras)


@pytest.mark.parametrize("expand_nested", [True, False])
def test_pictures_have_the_same_boxes_and_arrows(expand_nested):
    pytest.importorskip("pydot", reason="pydot is not installed (extra [plot])")

    def dot(library):
        x = library.Input((4,), name="x")
        chain = library.Sequential(
            [library.layers.Dense(4, name="a"), library.layers.Dense(4, name="b")], name="chain"
        )
        y = library.layers.Concatenate(name="both")([x, chain(x)])
        model = library.Model(x, library.layers.Dense(2, name="head")(y), name="model")
        return library.utils.model_to_dot(model, expand_nested=expand_nested, show_shapes=True)

    def shape(graph):
        nodes = [n for n in graph.get_nodes() if n.get_name() != "node"]
        inner = [shape(s) for s in graph.get_subgraphs()]
        return len(nodes), len(graph.get_edges()), inner

    assert shape(dot(nacre)) == shape(dot(keras))
