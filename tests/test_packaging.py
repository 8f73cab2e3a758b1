"""What is installed: version, dependencies, size, and what an import costs the process."""

import importlib.metadata
import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import nacre

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(nacre.__file__).parent
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def metadata():
    try:
        return importlib.metadata.metadata("nacre")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("nacre is used from its source tree, not installed")


def project_version() -> str:
    found = re.search(r"project\(nacre VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())
    assert found
    return found[1]


def after_import(expression: str, *, statement: str = "import nacre"):
    """The value of a JSON-able expression in a fresh process after an import."""
    code = f"import json, sys\n{statement}\nprint(json.dumps({expression}))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_version_is_written_once(metadata):
    assert metadata["Version"] == project_version()


def test_version_attribute():
    assert nacre.__version__ == project_version()


def test_numpy_is_the_only_dependency(metadata):
    required = [r for r in metadata.get_all("Requires-Dist") or [] if "extra ==" not in r]
    assert [re.split(r"[<>=! ]", r)[0] for r in required] == ["numpy"]


def test_extras_and_command(metadata):
    assert {"plot", "test", "parity", "bench"} <= set(metadata.get_all("Provides-Extra"))
    commands = importlib.metadata.entry_points(group="console_scripts", name="nacre")
    assert [c.value for c in commands] == ["nacre.__main__:main"]


def test_size(metadata):
    if PACKAGE.is_relative_to(ROOT):
        pytest.skip("an editable install: its extension is not stripped")
    files = [p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    packed = sum(len(zlib.compress(p.read_bytes())) for p in files)
    assert packed <= MOST_BYTES
    assert not [p for p in files if p.suffix in {".h", ".cpp", ".a"}]


def test_types_are_marked():
    assert (PACKAGE / "py.typed").is_file()


def test_stubs_are_current():
    pytest.importorskip("pybind11_stubgen", reason="needs pybind11-stubgen, in the extra [test]")
    generator = ROOT / "cpp" / "bindings" / "generate_stubs.py"
    command = [sys.executable, str(generator), "--check"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, f"python {generator}\n{run.stdout}{run.stderr}"


def test_import_starts_nothing():
    started = """
import sys
events = []
sys.addaudithook(lambda name, args: events.append(name))
import numpy
events.clear()
import nacre
"""
    watched = ("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.exec", "os.system")
    seen = after_import("events", statement=started)
    assert not [event for event in seen if event.startswith(watched)]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads in Linux's /proc")
def test_import_creates_no_thread():
    # NumPy's BLAS brings threads of its own.
    code = """
import os
import numpy
before = len(os.listdir('/proc/self/task'))
import nacre
"""
    assert after_import("len(os.listdir('/proc/self/task')) - before", statement=code) == 0


def test_import_is_lazy():
    """Nothing but NumPy and the standard library is imported, and no optional part of ours."""
    loaded = after_import("sorted(sys.modules)")
    foreign = {"matplotlib", "keras", "torch", "jax", "sklearn", "tensorflow", "h5py", "pandas"}
    assert not foreign & {name.split(".")[0] for name in loaded}
    assert not {"nacre.datasets", "nacre._demo", "nacre.__main__"} & set(loaded)
