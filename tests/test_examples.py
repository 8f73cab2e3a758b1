"""Every example runs on a slice of its data."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
SHARED = {"data", "runs", "transformer_blocks"}  # what examples import
NEEDS = {"detector_bccd": "PIL"}
EXAMPLES = sorted(p.stem for p in (ROOT / "examples").glob("*.py") if p.stem not in SHARED)


@pytest.mark.skipif("NACRE_DATA" not in os.environ, reason="NACRE_DATA names no folder with data")
@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, tmp_path):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    file = ROOT / "examples" / f"{name}.py"
    command = [sys.executable, str(file), "--quick"]
    if "--picture" in file.read_text() or "picture=" in file.read_text():
        pytest.importorskip("matplotlib")
        command += ["--picture", str(tmp_path / "picture.png")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "  " in done.stdout.splitlines()[-1]  # a name and a number


def test_examples_are_short():
    for name in EXAMPLES:
        assert len((ROOT / "examples" / f"{name}.py").read_text().splitlines()) < 150
