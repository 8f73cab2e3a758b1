"""Broken files: an exception of one type, never an abort, and never anything executed."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest

import nacre
from nacre import layers


@pytest.fixture
def saved(tmp_path):
    model = nacre.Sequential([nacre.Input((4,)), layers.Dense(3)])
    path = tmp_path / "model.nacre"
    model.save(path)
    return path


def test_a_file_cut_anywhere_is_refused(saved, tmp_path):
    raw = saved.read_bytes()
    broken = tmp_path / "broken.nacre"
    for size in [*range(0, min(len(raw), 400), 7), *range(400, len(raw), 61)]:
        broken.write_bytes(raw[:size])
        with pytest.raises((ValueError, OSError)):
            nacre.saving.load_model(broken)


def test_flipped_bytes_never_abort(saved, tmp_path):
    raw = bytearray(saved.read_bytes())
    broken = tmp_path / "broken.nacre"
    rng = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(raw)
        changed[rng.integers(0, len(raw))] ^= 1 << int(rng.integers(0, 8))
        broken.write_bytes(changed)
        try:
            nacre.saving.load_model(broken)
        except (ValueError, OSError):
            pass


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "x.nacre"
    for content in (b"", b"\x80\x04K\x01.", b"PK\x03\x04" + b"\0" * 100, b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises((ValueError, OSError)):
            nacre.saving.load_model(path)


def test_kill_during_save_leaves_the_old_file(saved):
    """A process that is killed while it saves again and again never leaves a broken file."""
    code = (
        "import sys, nacre\n"
        "from nacre import layers\n"
        "m = nacre.Sequential([nacre.Input((512,)), layers.Dense(512)])\n"
        "print('ready', flush=True)\n"
        "while True: m.save(sys.argv[1])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(saved)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert nacre.saving.load_model(saved).count_params() > 0


def test_a_full_disk_leaves_the_old_file(saved):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    before = saved.read_bytes()
    model = nacre.Sequential([nacre.Input((4,)), layers.Dense(3)])
    with pytest.raises(OSError):
        model.save("/dev/full/model.nacre")
    assert saved.read_bytes() == before


@pytest.mark.parametrize("units", [10**7, 10**12, 2**62])
def test_a_configuration_asks_for_no_more_than_its_file_holds(tmp_path, units):
    model = nacre.Sequential([nacre.Input((4,)), nacre.layers.Dense(3)])
    path = tmp_path / "m.nacre"
    model.save(path)
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = data[8 : 8 + length].replace(rb"\"units\": 3", rb"\"units\": %d" % units)
    assert str(units).encode() in header
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])
    with pytest.raises(ValueError, match=r"m\.nacre: the model cannot be made again"):
        nacre.saving.load_model(path)
