"""No kernel object exports a symbol that another instruction set's object could define too."""

import importlib.util
import os
import pathlib

import pytest

SCRIPT = pathlib.Path(__file__).parents[1] / "cpp" / "kernels" / "check_symbols.py"


def test_kernel_objects_export_only_their_namespace():
    build_dir = os.environ.get("NACRE_BUILD_DIR")
    if not build_dir:
        pytest.skip("NACRE_BUILD_DIR does not name a build directory")
    spec = importlib.util.spec_from_file_location("check_symbols", SCRIPT)
    check_symbols = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check_symbols)
    checked, foreign = check_symbols.foreign_symbols(build_dir)
    assert checked > 0, f"no kernel objects under {build_dir}"
    assert foreign == []
