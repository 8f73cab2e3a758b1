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


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "boston_housing"])
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
