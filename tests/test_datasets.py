"""Data sets, from made-up files in the formats of the real ones; no network."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import urllib.error
import urllib.request

import numpy as np
import pytest

from nacre import datasets
from nacre.datasets import _files


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Empty data and cache folders, and a network that fails."""

    def no_network(*args, **kwargs):
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setenv("NACRE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NACRE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    return tmp_path


def idx(array):
    header = (0x0800 + array.ndim).to_bytes(4, "big")
    return header + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def images(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 28, 28), "uint8"), rng.integers(0, 10, n, "uint8")


def write_idx(folder, packed=True):
    folder.mkdir(parents=True)
    (x, y), (xt, yt) = images(6), images(3, 1)
    for name, array in zip(_files.IDX_NAMES, (x, y, xt, yt), strict=True):
        if packed:
            (folder / name).write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name.removesuffix(".gz")).write_bytes(idx(array))
    return (x, y), (xt, yt)


def assert_equal(loaded, expected):
    for got, want in zip(loaded, expected, strict=True):
        for a, b in zip(got, want, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


# digits


def test_digits():
    (x, y), (xt, yt) = datasets.digits.load_data()
    assert (x.shape, xt.shape) == ((1438, 8, 8), (359, 8, 8))
    assert (x.dtype, y.dtype) == (np.uint8, np.uint8)
    assert (x.min(), x.max()) == (0, 16)
    counts = np.bincount(y) + np.bincount(yt)
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    np.testing.assert_allclose(np.bincount(yt) / counts, 0.2, atol=0.004)
    # The sum of all pixels, and of their squares, as scikit-learn's copy has them.
    everything = np.concatenate([x, xt]).astype(int)
    assert (everything.sum(), (everything**2).sum()) == (561718, 6907012)


def test_digits_split_is_the_same_everywhere():
    (x, y), (xt, yt) = datasets.digits.load_data(seed=3)
    digest = hashlib.sha256(b"".join(a.tobytes() for a in (x, y, xt, yt))).hexdigest()
    assert digest == "c50669a543881dd173ad1ffff15ebdabd6bf5ff83c60d2636e724caee704e942"
    assert not np.array_equal(datasets.digits.load_data(seed=4)[0][1], y)


def test_digits_test_split():
    (x, _), (xt, _) = datasets.digits.load_data(test_split=0)
    assert (len(x), len(xt)) == (1797, 0)
    x[:] = 0  # the arrays are the caller's
    assert datasets.digits.load_data()[0][0].any()
    with pytest.raises(ValueError, match="digits: expected `test_split` from 0 to below 1"):
        datasets.digits.load_data(test_split=1.0)
    with pytest.raises(ValueError, match="digits: expected `seed` an integer"):
        datasets.digits.load_data(seed=-1)


# MNIST and Fashion-MNIST


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("module", "folder"),
    [("mnist", "mnist"), ("mnist", "MNIST/raw"), ("fashion_mnist", "fashion-mnist")],
)
def test_idx_files(module, folder, packed, folders):
    expected = write_idx(folders / "data" / folder, packed)
    loaded = getattr(datasets, module).load_data()
    assert_equal(loaded, expected)
    assert loaded[0][0].flags.writeable


@pytest.mark.parametrize("place", ["data", "home/datasets", "keras/datasets"])
def test_npz_files(place, folders):
    (x, y), (xt, yt) = images(5), images(2)
    folder = folders / place
    folder.mkdir(parents=True)
    np.savez(folder / "mnist.npz", x_train=x, y_train=y, x_test=xt, y_test=yt)
    assert_equal(datasets.mnist.load_data(), ((x, y), (xt, yt)))
    assert_equal(datasets.mnist.load_data(str(folder / "mnist.npz")), ((x, y), (xt, yt)))


def test_data_folder_comes_before_the_cache(folders):
    write_idx(folders / "home" / "datasets" / "fashion-mnist")
    expected = write_idx(folders / "data" / "fashion-mnist")
    (folders / "data" / "fashion-mnist" / _files.IDX_NAMES[0]).write_bytes(
        gzip.compress(idx(np.ones((6, 28, 28), "uint8")))
    )
    loaded = datasets.fashion_mnist.load_data()
    assert loaded[0][0].min() == 1
    np.testing.assert_array_equal(loaded[0][1], expected[0][1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a whole gzip file|expected an idx file"),
        (gzip.compress(b"abcd" * 9), "expected an idx file of bytes with 3 dimensions"),
        (gzip.compress(idx(np.zeros((6, 28, 28), "uint8"))[:-1]), "expected 4720 bytes"),
        (gzip.compress(idx(np.zeros((6, 28, 28), "uint8")))[:-9], "expected a whole gzip file"),
        (gzip.compress(idx(np.zeros((6, 28, 27), "uint8"))), r"of shape \(n, 28, 28\)"),
        (gzip.compress(idx(np.zeros((5, 28, 28), "uint8"))), "expected 5 uint8 labels"),
    ],
)
def test_damaged_idx_files(content, message, folders):
    write_idx(folders / "data" / "mnist")
    (folders / "data" / "mnist" / _files.IDX_NAMES[0]).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        datasets.mnist.load_data()


def test_labels_out_of_range(folders):
    write_idx(folders / "data" / "mnist")
    (folders / "data" / "mnist" / _files.IDX_NAMES[1]).write_bytes(
        gzip.compress(idx(np.full(6, 10, "uint8")))
    )
    with pytest.raises(ValueError, match="labels from 0 to 9, received 10"):
        datasets.mnist.load_data()


def test_npz_with_objects_is_not_run(folders):
    (folders / "data").mkdir()
    array = np.array([{}], dtype=object)
    np.savez(folders / "data" / "mnist.npz", x_train=array)
    with pytest.raises(ValueError, match="expected an npz file with x_train"):
        datasets.mnist.load_data()
    (folders / "data" / "mnist.npz").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="expected an npz file with x_train"):
        datasets.mnist.load_data()


# CIFAR-10


def records(n, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 10, (n, 1), "uint8")
    x = rng.integers(0, 256, (n, 3, 32, 32), "uint8")
    data = np.concatenate([y, x.reshape(n, -1)], axis=1).tobytes()
    return x.transpose(0, 2, 3, 1), y, data


def test_part_of_cifar10(folders):
    folder = folders / "data" / "cifar10"
    folder.mkdir(parents=True)
    parts = [records(4, 0), records(2, 1), records(3, 2)]
    (folder / "data_batch_1.bin.gz").write_bytes(gzip.compress(parts[0][2]))
    (folder / "data_batch_5_last1000.bin.gz").write_bytes(gzip.compress(parts[1][2]))
    (folder / "test_batch_first1000.bin.gz").write_bytes(gzip.compress(parts[2][2]))
    (folder / "batches.meta.txt").write_text("airplane\n")
    with pytest.warns(UserWarning, match="6 of 50000 train and 3 of 10000 test images"):
        loaded = datasets.cifar10.load_data()
    x = np.concatenate([parts[0][0], parts[1][0]])
    y = np.concatenate([parts[0][1], parts[1][1]])
    assert_equal(loaded, ((x, y), parts[2][:2]))
    assert len(datasets.cifar10.class_names) == 10


def test_whole_batches_come_before_parts(folders):
    folder = folders / "data" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    whole, part = records(3, 0), records(2, 1)
    for name, data in (("data_batch_1.bin", whole[2]), ("data_batch_1_a.bin", part[2])):
        (folder / name).write_bytes(data)
    (folder / "test_batch.bin").write_bytes(part[2])
    with pytest.warns(UserWarning, match="3 of 50000"):
        datasets.cifar10.load_data()


def test_cifar10_archive(folders, monkeypatch):
    monkeypatch.setattr(datasets.cifar10, "_BATCH", 2 * 3073)
    cache = folders / "home" / "datasets"
    cache.mkdir(parents=True)
    parts = [records(2, i) for i in range(6)]
    with tarfile.open(cache / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for i, (_, _, data) in enumerate(parts):
            name = f"data_batch_{i + 1}.bin" if i < 5 else "test_batch.bin"
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (x, y), test = datasets.cifar10.load_data()
    assert (x.shape, y.shape) == ((10, 32, 32, 3), (10, 1))
    assert_equal((test,), (parts[5][:2],))
    (cache / "cifar-10-binary.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="expected the archive cifar-10-binary"):
        datasets.cifar10.load_data()


def test_damaged_cifar10(folders):
    folder = folders / "data" / "cifar10"
    folder.mkdir(parents=True)
    data = records(2)[2]
    (folder / "data_batch_1.bin").write_bytes(data[:-1])
    (folder / "test_batch.bin").write_bytes(data)
    with pytest.raises(ValueError, match="expected whole records of 3073 bytes"):
        datasets.cifar10.load_data()


# Boston housing


def test_boston_housing(folders):
    (folders / "data").mkdir()
    x, y = np.arange(130.0).reshape(10, 13), np.arange(10.0)
    np.savez(folders / "data" / "boston_housing.npz", x=x, y=y)
    (xa, ya), (xb, yb) = datasets.boston_housing.load_data(test_split=0.3)
    assert (xa.shape, xb.shape) == ((7, 13), (3, 13))
    order = np.arange(10)
    np.random.RandomState(113).shuffle(order)
    np.testing.assert_array_equal(np.concatenate([ya, yb]), order)
    np.testing.assert_array_equal(np.concatenate([xa, xb]), x[order])
    with pytest.raises(ValueError, match="boston_housing: expected `test_split`"):
        datasets.boston_housing.load_data(test_split=-0.1)


# Download


class Response(io.BytesIO):
    pass


def serve(monkeypatch, content):
    requests = []

    def urlopen(request, timeout):
        requests.append(request.full_url)
        return Response(content)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return requests


def source(content):
    return _files.Source(
        "https://example.org/a/file.bin", len(content), hashlib.sha256(content).hexdigest()
    )


def test_download(folders, monkeypatch, capsys):
    content = b"0123456789" * 300_000
    requests = serve(monkeypatch, content)
    path = _files.fetch("set", source(content), "sub")
    assert path == str(folders / "home" / "datasets" / "sub" / "file.bin")
    assert requests == ["https://example.org/a/file.bin"]
    with open(path, "rb") as file:
        assert file.read() == content
    assert capsys.readouterr().out.startswith("Downloading data from https://example.org/a/file")


def test_downloaded_once(folders, monkeypatch):
    buffer = io.BytesIO()
    x, y = np.zeros((4, 13)), np.zeros(4)
    np.savez(buffer, x=x, y=y)
    content = buffer.getvalue()
    requests = serve(monkeypatch, content)
    npz = _files.Source(
        "https://example.org/boston_housing.npz", len(content), hashlib.sha256(content).hexdigest()
    )
    monkeypatch.setattr(datasets.boston_housing, "_NPZ", npz)
    for _ in range(2):
        datasets.boston_housing.load_data()
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (b"abcde", "has the SHA-256"),
        (b"abcd", "has 4 bytes instead of 5"),
        (b"abcdef", "has more than 5 bytes"),
    ],
)
def test_wrong_downloads_leave_nothing(served, message, folders, monkeypatch):
    serve(monkeypatch, served)
    with pytest.raises(OSError, match=message):
        _files.fetch("set", source(b"12345"))
    assert list((folders / "home" / "datasets").iterdir()) == []


# CIFAR-100


def fine_and_coarse(n, seed=0):
    """Images, fine and coarse labels, and the file that holds them."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (n, 32, 32, 3), "uint8")
    coarse, fine = rng.integers(0, 20, (n, 1), "uint8"), rng.integers(0, 100, (n, 1), "uint8")
    planes = x.transpose(0, 3, 1, 2).reshape(n, -1)
    return x, fine, coarse, np.concatenate([coarse, fine, planes], axis=1).tobytes()


@pytest.mark.parametrize("folder", ["cifar100", "cifar-100-binary"])
@pytest.mark.parametrize("packed", [True, False])
def test_cifar100(folder, packed, folders):
    place = folders / "data" / folder
    place.mkdir(parents=True)
    parts = [fine_and_coarse(5), fine_and_coarse(3, 1)]
    for name, part in zip(("train.bin", "test.bin"), parts, strict=True):
        name, data = (name + ".gz", gzip.compress(part[3])) if packed else (name, part[3])
        (place / name).write_bytes(data)
    assert_equal(datasets.cifar100.load_data(), [part[:2] for part in parts])
    coarse = datasets.cifar100.load_data("coarse")
    assert_equal(coarse, [(part[0], part[2]) for part in parts])
    with pytest.raises(ValueError, match="cifar100: expected `label_mode` 'fine' or 'coarse'"):
        datasets.cifar100.load_data("both")


def test_cifar100_archive(folders):
    cache = folders / "home" / "datasets"
    cache.mkdir(parents=True)
    parts = [fine_and_coarse(2), fine_and_coarse(1, 1)]
    with tarfile.open(cache / "cifar-100-binary.tar.gz", "w:gz") as archive:
        for name, part in zip(("train.bin", "test.bin"), parts, strict=True):
            info = tarfile.TarInfo(f"cifar-100-binary/{name}")
            info.size = len(part[3])
            archive.addfile(info, io.BytesIO(part[3]))
    assert_equal(datasets.cifar100.load_data(), [part[:2] for part in parts])
    (cache / "cifar-100-binary.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="expected the archive cifar-100-binary"):
        datasets.cifar100.load_data()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1], "expected whole records of 3074 bytes"),
        (lambda data: b"\x14" + data[1:], "expected labels from 0 to 19, received 20"),
        (lambda data: b"", "expected whole records"),
    ],
)
def test_damaged_cifar100(change, message, folders):
    place = folders / "data" / "cifar100"
    place.mkdir(parents=True)
    data = fine_and_coarse(2)[3]
    (place / "train.bin").write_bytes(change(data))
    (place / "test.bin").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        datasets.cifar100.load_data("coarse")


# California housing


def test_california_housing(folders):
    folder = folders / "data"
    folder.mkdir()
    rows = np.arange(700.0)
    np.savez(folder / "california_housing.npz", x=rows[:, None] + np.arange(8), y=rows)
    (x, y), (xt, yt) = datasets.california_housing.load_data()
    assert (x.shape, yt.shape) == ((560, 8), (140,))
    assert sorted([*y, *yt]) == list(rows)
    np.testing.assert_array_equal(x[:, 0], y)
    (x, y), (xt, yt) = datasets.california_housing.load_data("small", test_split=0.5, seed=3)
    assert (len(y), len(yt), max([*y, *yt])) == (300, 300, 599)
    with pytest.raises(ValueError, match="california_housing: expected `version`"):
        datasets.california_housing.load_data("medium")
    with pytest.raises(ValueError, match="california_housing: expected `test_split`"):
        datasets.california_housing.load_data(test_split=1)
    np.savez(folder / "california_housing.npz", x=np.ones((5, 7)), y=np.ones(5))
    with pytest.raises(ValueError, match=r"expected arrays of shape \(n, 8\)"):
        datasets.california_housing.load_data()


# IMDB and Reuters


def lists(texts):
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


TEXTS = [[1, 4, 2], [3], [2, 2, 5, 6], [1, 9], [], [7, 8, 1]]


def write_imdb(folder, **changes):
    folder.mkdir(exist_ok=True)
    arrays = {"x_train": lists(TEXTS), "y_train": np.arange(6) % 2}
    arrays |= {"x_test": lists(TEXTS[:2]), "y_test": np.array([1, 0])}
    np.savez(folder / "imdb.npz", **(arrays | changes))


def write_reuters(folder, **changes):
    folder.mkdir(exist_ok=True)
    np.savez(folder / "reuters.npz", **({"x": lists(TEXTS), "y": np.arange(6)} | changes))


def test_imdb(folders):
    write_imdb(folders / "data")
    (x, y), (xt, yt) = datasets.imdb.load_data()
    assert (x.dtype, x.shape, xt.shape) == (object, (6,), (2,))
    got = sorted((text, int(label)) for text, label in zip(x, y, strict=True))
    # 12 = 9 + 3 is the largest id, and cut.
    expected = [[1, *(2 if w == 9 else w + 3 for w in text)] for text in TEXTS]
    assert got == sorted((text, i % 2) for i, text in enumerate(expected))
    (x, y), _ = datasets.imdb.load_data(num_words=8, skip_top=5, start_char=None, oov_char=None)
    assert sorted(x) == sorted([w + 3 for w in text if 2 <= w < 5] for text in TEXTS)
    (x, y), _ = datasets.imdb.load_data(maxlen=3, start_char=None, index_from=0, num_words=100)
    assert sorted(x) == sorted(text for text in TEXTS if len(text) < 3)
    assert len(y) == len(x)
    with pytest.raises(ValueError, match="imdb: expected a greater `maxlen` than 1"):
        datasets.imdb.load_data(maxlen=1)


def test_reuters(folders):
    write_reuters(folders / "data")
    (x, y), (xt, yt) = datasets.reuters.load_data(num_words=100, test_split=0.5)
    assert len(x) == len(y) == len(xt) == len(yt) == 3
    for text, label in zip([*x, *xt], [*y, *yt], strict=True):
        assert text == [1, *(w + 3 for w in TEXTS[label])]
    names = datasets.reuters.get_label_names()
    assert (len(names), len(set(names)), names[3]) == (46, 46, "earn")
    with pytest.raises(ValueError, match="reuters: expected `test_split`"):
        datasets.reuters.load_data(test_split=-0.1)
    with pytest.raises(ValueError, match="reuters: expected a greater `maxlen`"):
        datasets.reuters.load_data(maxlen=1)


def test_texts_of_one_length(folders):
    write_reuters(folders / "data", x=np.array([[1, 2], [3, 4]]), y=np.array([0, 1]))
    (x, _), _ = datasets.reuters.load_data(num_words=100, test_split=0)
    assert (x.shape, x.dtype) == ((2,), object)
    assert sorted(x) == [[1, 4, 5], [1, 6, 7]]


class Exploit:
    def __reduce__(self):
        return (open, ("exploited", "w"))


@pytest.mark.parametrize(
    "changes",
    [
        {"x": lists([Exploit()] * 6)},
        {"x": lists([[1.5]] * 6)},
        {"x": lists([["a"]] * 6)},
        {"x": lists([[True]] * 6)},
        {"x": lists(TEXTS[:5])},
        {"x": np.arange(6)},
        {"y": np.ones((6, 1), int)},
        {"y": np.ones(6)},
        {"y": lists(TEXTS)},
    ],
)
def test_damaged_texts(changes, folders, monkeypatch):
    monkeypatch.chdir(folders)
    write_reuters(folders / "data", **changes)
    with pytest.raises(ValueError, match=r"reuters\.npz: expected"):
        datasets.reuters.load_data()
    assert not (folders / "exploited").exists()


def test_a_file_that_is_no_npz(folders):
    (folders / "data").mkdir()
    for content in (b"", b"no zip"):
        (folders / "data" / "imdb.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"imdb\.npz: expected an npz file with x_train"):
            datasets.imdb.load_data()
    np.savez(folders / "data" / "imdb.npz", x_train=lists(TEXTS))
    with pytest.raises(ValueError, match="y_train"):
        datasets.imdb.load_data()


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_word_index(name, folders):
    module, path = getattr(datasets, name), folders / "data" / f"{name}_word_index.json"
    path.parent.mkdir()
    path.write_text('{"the": 1, "ünder": 2}', encoding="utf-8")
    assert module.get_word_index() == {"the": 1, "ünder": 2}
    for content in ("{", "[1]", '{"the": "one"}', '{"the": true}'):
        path.write_text(content)
        with pytest.raises(ValueError, match="word_index.json: expected"):
            module.get_word_index()
    path.unlink()
    with pytest.raises(OSError, match=f"{name}: expected {name}_word_index.json in one of"):
        module.get_word_index()


@pytest.mark.parametrize(
    "name",
    [
        "boston_housing",
        "california_housing",
        "cifar10",
        "cifar100",
        "fashion_mnist",
        "imdb",
        "mnist",
        "reuters",
    ],
)
def test_without_files_and_network(name, folders):
    with pytest.raises(OSError, match=f"{name}: expected .* from https://.*no network in tests"):
        getattr(datasets, name).load_data()
    with pytest.raises(OSError, match="Set the environment variable NACRE_DATA to the folder"):
        getattr(datasets, name).load_data()


def test_only_https(folders):
    with pytest.raises(ValueError, match="expected an https address"):
        _files.fetch("set", _files.Source("http://example.org/x", 1, ""))


def test_a_cache_that_cannot_be_written(folders, monkeypatch):
    (folders / "file").write_text("")
    monkeypatch.setenv("NACRE_HOME", str(folders / "file"))
    with pytest.raises(OSError, match=r"mnist: expected mnist\.npz in one of"):
        datasets.mnist.load_data()
