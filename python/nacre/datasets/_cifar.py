"""The binary version of CIFAR-10 and CIFAR-100: records of labels and of three colour planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nacre.datasets import _files

PIXELS = 3 * 32 * 32


def read_records(
    path: str, data: bytes, *, labels: int, which: int, classes: int, limit: int
) -> _files.Split:
    """Images and labels of a file of records.

    Args:
        path: Its path, for messages.
        data: Its content.
        labels: Bytes of labels at the beginning of a record; the red, green and blue planes follow.
        which: Which of them is returned.
        classes: Number of classes of that label.
        limit: The most bytes that are expected.

    Raises:
        ValueError: If these are no such records.
    """
    record = labels + PIXELS
    if not data or len(data) % record or len(data) > limit:
        raise ValueError(
            f"{path}: expected whole records of {record} bytes, at most {limit} bytes, "
            f"received {len(data)} bytes"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, record)
    y = records[:, which : which + 1].copy()
    planes = records[:, labels:].reshape(-1, 3, 32, 32)
    x = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    _files.check_images(path, x, y, (32, 32, 3), classes)
    return x, y


def read_archive(
    path: str, name: str, members: Sequence[str], limit: int
) -> list[tuple[str, bytes]]:
    """Members of a tar with a description of each; nothing is written to the disk.

    Raises:
        ValueError: If it is no archive, or one that lacks a member.
    """
    import os
    import tarfile
    import zlib

    found = []
    try:
        with tarfile.open(path) as archive:
            for member in members:
                file = archive.extractfile(member)
                if file is None:
                    raise KeyError(member)
                found.append((f"{path}: {os.path.basename(member)}", file.read(limit + 1)))
    except (tarfile.TarError, KeyError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: expected the archive {name}, received '{error}'") from error
    return found
