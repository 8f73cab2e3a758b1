"""A file from the web, kept in a cache, and unpacked where it is an archive."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nacre.utils.download import Checksum, cache_home, download, matches

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCHEMES = ("https", "http", "ftp", "file")
_DIGITS = {"md5": 32, "sha256": 64}


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Downloads a file once and returns where it lies.

    It appears under its name only when it is complete and its hash right, and a folder that an
    archive was unpacked to only when all of it is there. Without a hash, what the address gives is
    trusted: give one.

    Args:
        fname: Name of the file in the cache, without folders. Defaults to the last part of
            ``origin``. For an archive that is unpacked: a name without a dot is the folder's.
        origin: Address of the file: https, http, ftp or file.
        untar: The older name of ``extract``, for tar archives only.
        md5_hash: The older name of ``file_hash``, for MD5.
        file_hash: What the file must hash to, in hexadecimal. A file in the cache that does not is
            downloaded again.
        cache_subdir: Folder in the cache. Defaults to ``"datasets"``. An absolute path is taken as
            it is.
        hash_algorithm: ``"md5"``, ``"sha256"``, or ``"auto"``: told by the length of ``file_hash``.
        extract: Whether to unpack the file, a tar (plain or packed by gzip, bzip2 or xz) or a zip.
        archive_format: ``"tar"``, ``"zip"``, a list of them, or ``"auto"`` for both.
        cache_dir: The cache. Defaults to ``$NACRE_HOME`` or ``~/.nacre``.
        force_download: Whether to download what the cache has.

    Returns:
        The path of the file, or of the folder that it was unpacked to: ``fname`` for a name without
        a dot, else what is before its first dot and ``_extracted``.

    Raises:
        OSError: If the file cannot be downloaded, or the cache not be written.
        ValueError: If an argument is wrong, the file does not have its hash, is not an archive, or
            is one with a member outside of its folder.

    Example:

    >>> import nacre, pathlib
    >>> _ = pathlib.Path("words.txt").write_text("mother-of-pearl")
    >>> origin = pathlib.Path("words.txt").resolve().as_uri()
    >>> path = nacre.utils.get_file(origin=origin, cache_dir="cache")
    Downloading data from file:///...
    >>> open(path).read()
    'mother-of-pearl'
    """
    if not origin:
        raise ValueError(f"get_file: expected `origin`, the address of a file, received {origin!r}")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    checksum = _checksum(file_hash, hash_algorithm)
    formats = ["tar"] if untar else _formats(archive_format)
    unpack = extract or untar
    if unpack and not formats:
        raise ValueError(
            f"get_file: expected an `archive_format` to extract, received {archive_format!r}"
        )
    name = _file_name(fname, origin)
    folder = os.path.join(os.path.expanduser(os.fspath(cache_dir or cache_home())), cache_subdir)
    path, unpacked = os.path.join(folder, name), ""
    if unpack:
        if fname and "." in name:
            unpacked = os.path.join(folder, name[: name.index(".")] + "_extracted")
        else:
            path, unpacked = path + "_archive", path
    os.makedirs(folder, exist_ok=True)
    here = os.path.isfile(path) and not force_download
    if here and checksum is not None and not matches(path, checksum):
        here = False
    if not here:
        download(origin, path, checksum=checksum, schemes=_SCHEMES)
    if not unpack:
        return path
    if not here or not os.path.isdir(unpacked):
        _unpack(path, unpacked, formats)
    return unpacked


def _checksum(file_hash: str | None, algorithm: str) -> Checksum | None:
    if algorithm not in ("auto", *_DIGITS):
        raise ValueError(
            f"get_file: expected `hash_algorithm` 'auto', 'md5' or 'sha256', received {algorithm!r}"
        )
    if file_hash is None:
        return None
    digest = str(file_hash).lower()
    if algorithm == "auto":
        algorithm = "sha256" if len(digest) == _DIGITS["sha256"] else "md5"
    if len(digest) != _DIGITS[algorithm] or set(digest) - set("0123456789abcdef"):
        raise ValueError(
            f"get_file: expected `file_hash` of {_DIGITS[algorithm]} hexadecimal digits for "
            f"{algorithm}, received {file_hash!r}"
        )
    return Checksum(algorithm, digest)


def _formats(archive_format: str | Sequence[str] | None) -> list[str]:
    if archive_format == "auto":
        return ["tar", "zip"]
    formats = [archive_format] if isinstance(archive_format, str) else list(archive_format or ())
    for name in formats:
        if name not in ("tar", "zip"):
            raise ValueError(
                "get_file: expected `archive_format` 'auto', 'tar' or 'zip', "
                f"received {archive_format!r}"
            )
    return formats


def _file_name(fname: str | os.PathLike[str] | None, origin: str) -> str:
    from urllib.parse import urlsplit

    name = os.fspath(fname) if fname else urlsplit(origin).path.rsplit("/", 1)[-1]
    if not name or name in (".", "..") or os.path.basename(name) != name or "\0" in name:
        source = f"fname={fname!r}" if fname else f"origin={origin!r}"
        raise ValueError(
            f"get_file: expected the name of a file without folders, received {source}. "
            "The folder is given by `cache_dir` and `cache_subdir`."
        )
    return name


def _unpack(path: str, folder: str, formats: Sequence[str]) -> None:
    """Unpacks an archive into a folder, which is there when all of it is."""
    import shutil
    import tarfile
    import tempfile
    import zipfile
    import zlib

    is_tar = "tar" in formats and tarfile.is_tarfile(path)
    if not is_tar and not ("zip" in formats and zipfile.is_zipfile(path)):
        raise ValueError(f"get_file: expected {path} to be an archive ({' or '.join(formats)})")
    partial = tempfile.mkdtemp(prefix=f".{os.path.basename(folder)}.", dir=os.path.dirname(folder))
    try:
        if is_tar:
            _unpack_tar(path, partial)
        else:
            _unpack_zip(path, partial)
        os.chmod(partial, 0o755)
        if os.path.isdir(folder):
            shutil.rmtree(folder)
        os.replace(partial, folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ValueError(
            f"get_file: expected {path} to be a whole archive of members within its folder, "
            f"received '{error}'"
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _unpack_tar(path: str, folder: str) -> None:
    import tarfile

    with tarfile.open(path) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
            return
        # Python 3.10 before 3.10.12: no filter, so plain files and folders only.
        for member in archive.getmembers():
            if not (member.isfile() or member.isdir()):
                raise tarfile.TarError(f"{member.name}: not a plain file or folder")
            _check_inside(member.name, folder)
        archive.extractall(folder)


def _unpack_zip(path: str, folder: str) -> None:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            _check_inside(name, folder)
        archive.extractall(folder)


def _check_inside(name: str, folder: str) -> None:
    base = os.path.realpath(folder)
    target = os.path.realpath(os.path.join(base, name))
    if target != base and not target.startswith(base + os.sep):
        raise ValueError(f"get_file: expected members within the archive's folder, received {name}")
