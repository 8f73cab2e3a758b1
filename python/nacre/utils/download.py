"""Downloads: a file that is whole, checked, and only then there under its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import IO

_CHUNK = 1 << 20


class Checksum(NamedTuple):
    """What a file must hash to: the name of the algorithm and the digest in hexadecimal."""

    algorithm: str
    digest: str


class DamagedDownload(OSError, ValueError):
    """What arrived is not the expected file."""


def cache_home() -> str:
    """The folder that holds our cache: ``$NACRE_HOME`` or ``~/.nacre``."""
    home = os.environ.get("NACRE_HOME") or os.path.join("~", ".nacre")
    return os.path.expanduser(home)


def download(
    url: str,
    path: str,
    *,
    size: int | None = None,
    checksum: Checksum | None = None,
    schemes: Sequence[str] = ("https",),
) -> None:
    """Downloads a file.

    It appears under its name only when it is complete and its checksum right; what was there before
    stays until then.

    Args:
        url: Where it is.
        path: Where to put it; the folder exists.
        size: Its bytes, if they are known; more are not read.
        checksum: What it must hash to.
        schemes: The kinds of address that are allowed.

    Raises:
        OSError: If it cannot be downloaded or is not the expected file.
        ValueError: If ``url`` has another scheme.
    """
    from http.client import HTTPException
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    from nacre._files import atomic_file
    from nacre.utils.console import print_msg

    if not url.lower().startswith(tuple(f"{scheme}:" for scheme in schemes)):
        known = " or ".join(schemes)
        raise ValueError(f"download: expected an {known} address, received {url!r}")
    print_msg(f"Downloading data from {url}")
    with atomic_file(path) as out:
        request = Request(url, headers={"User-Agent": "nacre"})
        try:
            with urlopen(request, timeout=30) as response:
                if size is None:
                    size = _announced_size(response)
                _copy_checked(response, out, os.path.basename(path), size, checksum)
        except URLError as error:
            raise OSError(f"no download: {error.reason}") from error
        except HTTPException as error:
            raise OSError(f"no download: {error!r}") from error


def matches(path: str, checksum: Checksum) -> bool:
    """Whether the content of a file has this checksum."""
    import hashlib

    digest = hashlib.new(checksum.algorithm)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == checksum.digest


def _announced_size(response: IO[bytes]) -> int | None:
    text = getattr(response, "headers", {}).get("Content-Length")
    return int(text) if text and text.isdigit() else None


def _copy_checked(
    response: IO[bytes], out: IO[bytes], name: str, size: int | None, checksum: Checksum | None
) -> None:
    import hashlib

    from nacre.utils.progbar import Progbar

    bar = Progbar(size, unit_name="byte", interval=0.1)
    digest = hashlib.new(checksum.algorithm) if checksum else None
    done = 0
    while chunk := response.read(_CHUNK):
        done += len(chunk)
        if size is not None and done > size:
            break
        if digest is not None:
            digest.update(chunk)
        out.write(chunk)
        bar.update(done)
    if size is not None and done != size:
        received = f"more than {size}" if done > size else str(done)
        raise DamagedDownload(f"{name} has {received} bytes instead of {size}")
    if digest is not None and checksum is not None and digest.hexdigest() != checksum.digest:
        title = {"sha256": "SHA-256", "md5": "MD5"}.get(checksum.algorithm, checksum.algorithm)
        raise DamagedDownload(
            f"{name} has the {title} {digest.hexdigest()} instead of {checksum.digest}"
        )
