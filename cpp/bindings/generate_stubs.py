"""Writes the type stub of the built extension, python/nacre/_core.pyi.

python cpp/bindings/generate_stubs.py            write it
python cpp/bindings/generate_stubs.py --check    exit with 1, and show the difference, if it is stale

Needs nacre importable, and pybind11-stubgen; mypy or ruff is not needed.
"""

import argparse
import difflib
import importlib.util
import inspect
import re
import subprocess
import sys
import tempfile
from pathlib import Path

STUB = Path(__file__).resolve().parents[2] / "python" / "nacre" / "_core.pyi"
MODULE = "nacre._core"


def generated_by_stubgen() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", MODULE, "-o", folder]
        command += ["--numpy-array-wrap-with-annotated", "--enum-class-locations", ".*:nacre._core"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return (Path(folder) / "nacre" / "_core.pyi").read_text(encoding="utf-8")


def signature_of(method: object, *, bound: bool) -> str:
    """The parameters of a builtin from its __text_signature__; (*args, **kwargs) without one."""
    text = getattr(method, "__text_signature__", None)
    if not text:
        return "(self, *args, **kwargs)" if bound else "(*args, **kwargs)"
    text = re.sub(r"\$(self|module)(, )?", lambda m: "self" + (m[2] or "") if bound else "", text)
    return text
