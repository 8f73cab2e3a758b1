"""get_file: the cache, checksums and archives, over file addresses; no network."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile

import pytest

from nacre.utils import get_file
from nacre.utils.download import Checksum, DamagedDownload, cache_home, download

DATA = b"mother-of-pearl" * 100
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.fixture
def origin(tmp_path):
    file = tmp_path / "web" / "words.txt"
    file.parent.mkdir()
    file.write_bytes(DATA)
    return file.as_uri()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NACRE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def archive(folder, kind, members):
    path = folder / f"shells.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as out:
            for name, data in members.items():
                out.writestr(name, data)
    else:
        mode = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2"}[kind]
        with tarfile.open(path, mode) as out:
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                out.addfile(info, io.BytesIO(data))
    return path.as_uri()


def test_a_file_is_downloaded_once(origin, cache, tmp_path, capsys):
    path = get_file(origin=origin)
    assert path == str(cache / "datasets" / "words.txt")
    assert open(path, "rb").read() == DATA
    assert f"Downloading data from {origin}" in capsys.readouterr().out
    (tmp_path / "web" / "words.txt").unlink()
    assert get_file(origin=origin) == path
    assert capsys.readouterr().out == ""
    assert os.listdir(cache / "datasets") == ["words.txt"]


def test_names_and_folders(origin, cache, tmp_path):
    assert get_file("other.txt", origin) == str(cache / "datasets" / "other.txt")
    assert get_file(origin=origin, cache_subdir="texts") == str(cache / "texts" / "words.txt")
    path = get_file(origin=origin, cache_dir=tmp_path / "mine")
    assert path == str(tmp_path / "mine" / "datasets" / "words.txt")
    path = get_file(origin=origin, cache_subdir=str(tmp_path / "there"))
    assert path == str(tmp_path / "there" / "words.txt")


def test_force_download(origin, cache, tmp_path):
    path = get_file(origin=origin)
    (tmp_path / "web" / "words.txt").write_bytes(b"new")
    assert open(get_file(origin=origin), "rb").read() == DATA
    assert open(get_file(origin=origin, force_download=True), "rb").read() == b"new"
    assert open(path, "rb").read() == b"new"


@pytest.mark.parametrize(
    "arguments",
    [
        {"file_hash": SHA256},
        {"file_hash": SHA256.upper(), "hash_algorithm": "sha256"},
        {"file_hash": MD5},
        {"file_hash": MD5, "hash_algorithm": "md5"},
        {"md5_hash": MD5},
    ],
)
def test_hashes(arguments, origin, cache, tmp_path):
    path = get_file(origin=origin, **arguments)
    with open(path, "wb") as file:  # damaged in the cache: downloaded again
        file.write(b"damaged")
    assert open(get_file(origin=origin, **arguments), "rb").read() == DATA
    (tmp_path / "web" / "words.txt").write_bytes(b"not what was promised")
    with pytest.raises(ValueError, match=r"second.txt has the (SHA-256|MD5) \w+ instead of"):
        get_file("second.txt", origin, **arguments)
    assert os.listdir(cache / "datasets") == ["words.txt"]


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.bz2", "zip"])
def test_archives(kind, cache, tmp_path):
    origin = archive(tmp_path, kind, {"a.txt": b"A", "deep/b.txt": b"B"})
    folder = get_file("shells", origin, extract=True)
    assert folder == str(cache / "datasets" / "shells")
    assert open(os.path.join(folder, "deep", "b.txt"), "rb").read() == b"B"
    assert sorted(os.listdir(cache / "datasets")) == ["shells", "shells_archive"]
    os.unlink(os.path.join(folder, "a.txt"))  # what is there is not unpacked again
    assert get_file("shells", origin, extract=True) == folder
    assert os.listdir(folder) == ["deep"]
    get_file("shells", origin, extract=True, force_download=True)
    assert sorted(os.listdir(folder)) == ["a.txt", "deep"]
    folder = get_file(f"mussels.{kind}", origin, extract=True)
    assert folder == str(cache / "datasets" / "mussels_extracted")
    folder = get_file(origin=origin, extract=True)
    assert folder == str(cache / "datasets" / f"shells.{kind}")
    assert os.path.isdir(folder)


def test_untar(cache, tmp_path):
    origin = archive(tmp_path, "tar.gz", {"a.txt": b"A"})
    assert os.listdir(get_file("shells", origin, untar=True)) == ["a.txt"]
    with pytest.raises(ValueError, match="to be an archive"):
        get_file("zipped", archive(tmp_path, "zip", {"a.txt": b"A"}), untar=True)


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/nacre_outside.txt"])
def test_archives_stay_in_their_folder(kind, name, cache, tmp_path):
    origin = archive(tmp_path, kind, {"a.txt": b"A", name: b"B"})
    if kind == "tar" and name.startswith("/") and hasattr(tarfile, "data_filter"):
        # The filter takes the leading slash off.
        assert "tmp" in os.listdir(get_file("shells", origin, extract=True))
    else:
        with pytest.raises(ValueError, match="members within"):
            get_file("shells", origin, extract=True)
        assert os.listdir(cache / "datasets") == ["shells_archive"]
    assert not os.path.exists("/tmp/nacre_outside.txt")
    assert not (cache / "datasets" / "outside.txt").exists()


def test_links_out_of_an_archive(cache, tmp_path):
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as out:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        out.addfile(info)
    with pytest.raises(ValueError, match="members within"):
        get_file("links", path.as_uri(), extract=True)
    assert os.listdir(cache / "datasets") == ["links_archive"]


def test_damaged_archives(cache, tmp_path):
    path = tmp_path / "shells.tar.gz"
    archive(tmp_path, "tar.gz", {"a.txt": os.urandom(50_000)})
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(ValueError, match="whole archive|to be an archive"):
        get_file("shells", path.as_uri(), extract=True)
    assert os.listdir(cache / "datasets") == ["shells_archive"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "expected `origin`"),
        ({"origin": "file:///"}, "expected the name of a file without folders, received origin"),
        ({"fname": "a/b", "origin": "file:///c"}, "received fname='a/b'"),
        ({"fname": "..", "origin": "file:///c"}, "received fname='..'"),
        ({"origin": "file:///c", "file_hash": "abc"}, "`file_hash` of 32 hexadecimal digits"),
        ({"origin": "file:///c", "hash_algorithm": "crc"}, "expected `hash_algorithm`"),
        ({"origin": "file:///c", "extract": True, "archive_format": "rar"}, "`archive_format`"),
        ({"origin": "file:///c", "extract": True, "archive_format": None}, "`archive_format`"),
        ({"origin": "data:,Hello", "fname": "a"}, "expected an https or http or ftp or file"),
    ],
)
def test_errors(arguments, message, cache):
    with pytest.raises(ValueError, match=message):
        get_file(**arguments)


def test_a_missing_file(cache, tmp_path):
    with pytest.raises(OSError, match="no download"):
        get_file(origin=(tmp_path / "nowhere.txt").as_uri())
    assert os.listdir(cache / "datasets") == []


def test_downloads_are_whole(origin, tmp_path):
    path = str(tmp_path / "words.txt")
    for size, received in ((len(DATA) + 1, str(len(DATA))), (10, "more than 10")):
        with pytest.raises(DamagedDownload, match=f"words.txt has {received} bytes instead of"):
            download(origin, path, size=size, schemes=("file",))
    with pytest.raises(ValueError, match="expected an https address"):
        download(origin, path)
    assert not os.path.exists(path)
    download(origin, path, checksum=Checksum("sha256", SHA256), schemes=("file",))
    assert open(path, "rb").read() == DATA


def test_cache_home(monkeypatch):
    monkeypatch.delenv("NACRE_HOME", raising=False)
    assert cache_home() == os.path.join(os.path.expanduser("~"), ".nacre")
