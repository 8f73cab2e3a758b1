"""Who may include and import whom: the rules of DESIGN's layout, read from the sources."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CPP = ROOT / "cpp"
PYTHON = ROOT / "python" / "nacre"

# Each layer and what it may include besides itself. "abi" is the interface between ops and kernels:
# the headers directly in cpp/kernels/.
BELOW_OPS = {"base", "device", "tensor"}
BELOW_NN = BELOW_OPS | {"ops", "graph"}
MAY_INCLUDE = {
    "base": set(),
    "device": {"base"},
    "tensor": {"base", "device"},
    "simd": set(),
    "abi": {"base"},
    "kernels": {"abi", "base", "simd"},
    "ops": BELOW_OPS | {"abi"},
    "graph": BELOW_OPS | {"ops", "abi"},
    # nn and io stand side by side: a model is saved through io, a checkpoint knows layers.
    "nn": BELOW_NN | {"io"},
    "io": BELOW_NN | {"nn"},
    "bindings": BELOW_NN | {"nn", "io"},
}

# The Python modules that may import the extension: the base modules that wrap its types and
# registries. Everything else imports these. A new name here is a decision, not a formality.
CORE_IMPORTERS = {
    f"nacre/{module}.py"
    for module in (
        "__init__",
        "__main__",
        "_family",
        "_native",
        "_structure",
        "_tracking",
        "autograd/captured",
        "autograd/custom",
        "autograd/gradient_tape",
        "autograd/remat",
        "autograd/transforms",
        "config/__init__",
        "dtype_policies/policy",
        "layers/core",
        "layers/layer",
        "models/data",
        "models/functional",
        "models/sequential",
        "models/trainer",
        "models/training_state",
        "ops/__init__",
        "ops/_registry",
        "ops/blocks",
        "ops/control_flow",
        "ops/conversion",
        "ops/products",
        "ops/signal",
        "ops/symbolic",
        "ops/windows",
        "profiler",
        "random/seed_generator",
        "saving/model_file",
        "saving/objects",
        "utils/seed",
    )
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def layer_of(path: str) -> str | None:
    """The layer of a path below cpp/ ("ops/conv.cpp", "include/nacre/ops/opdef.h")."""
    if path == "include/nacre/nacre.h":
        return "bindings"  # everything, for C++ programs
    parts = path.removeprefix("include/").removeprefix("nacre/").split("/")
    if parts[0] == "kernels" and len(parts) == 2:
        # table.cpp and the like, beside the interface, only hold the tables together.
        return "abi"
    return parts[0] if parts[0] in MAY_INCLUDE else None


def cpp_sources() -> list[Path]:
    return sorted(p for p in CPP.rglob("*") if p.suffix in {".h", ".cpp", ".cu", ".cuh"})


def broken_includes(path: str, text: str) -> list[str]:
    """The includes of a file (its path below cpp/) that its layer forbids."""
    layer = layer_of(path)
    if layer is None:
        return [f"cpp/{path} belongs to no layer"]
    broken = []
    for bracket, included in INCLUDE.findall(text):
        if bracket == "<":
            if included.startswith("nacre/"):
                broken.append(f'cpp/{path} includes <{included}>: ours are included as "..."')
            elif included.startswith(("pybind11/", "Python.h")) and layer != "bindings":
                broken.append(f"cpp/{path} includes <{included}>: Python belongs to bindings")
            continue
        if not (CPP / included).is_file() and not (CPP / "include" / included).is_file():
            broken.append(
                f'cpp/{path} includes "{included}", which is not below cpp/ or cpp/include/'
            )
            continue
        target = layer_of(included)
        if path.startswith("include/") and not included.startswith("nacre/"):
            broken.append(f'cpp/{path} is installed and includes the private "{included}"')
        if target != layer and target not in MAY_INCLUDE[layer]:
            broken.append(f'cpp/{path} ({layer}) includes "{included}" ({target})')
    return broken


def test_cpp_includes_point_downwards():
    broken = []
    for source in cpp_sources():
        path = source.relative_to(CPP).as_posix()
        broken += broken_includes(path, source.read_text(encoding="utf-8"))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("ops/x.cpp", '"nacre/graph/tape.h"'),
        ("base/x.cpp", '"nacre/device/storage.h"'),
        ("kernels/cpu/x.cpp", '"nacre/tensor/tensor.h"'),
        ("ops/x.cpp", '"kernels/cpu/isa.h"'),
        ("simd/x.h", '"nacre/base/half.h"'),
        ("nn/x.cpp", "<pybind11/pybind11.h>"),
        ("include/nacre/ops/x.h", '"kernels/abi.h"'),
        ("ops/x.cpp", "<nacre/base/shape.h>"),
        ("other/x.cpp", "<vector>"),
    ],
)
def test_a_broken_rule_is_found(path, include):
    assert broken_includes(path, f"#include {include}\n")


def imports_core(tree: ast.AST, package: str) -> bool:
    """Whether a module of `package` ("nacre.layers") imports nacre._core."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(alias.name.startswith("nacre._core") for alias in node.names):
                return True
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join(parents[: len(parents) - node.level + 1])
                origin = f"{base}.{origin}".rstrip(".")
            names = {alias.name for alias in node.names}
            if origin.startswith("nacre._core") or (origin == "nacre" and "_core" in names):
                return True
    return False


def package_of(source: Path) -> str:
    return ".".join(("nacre", *source.relative_to(PYTHON).parent.parts))


def core_importers() -> set[str]:
    return {
        f"nacre/{source.relative_to(PYTHON).as_posix()}"
        for source in PYTHON.rglob("*.py")
        if imports_core(ast.parse(source.read_text(encoding="utf-8")), package_of(source))
    }


def test_only_base_modules_import_the_extension():
    extra = core_importers() - CORE_IMPORTERS
    assert not extra, f"these modules import nacre._core and are not listed: {sorted(extra)}"


@pytest.mark.parametrize(
    "text",
    [
        "import nacre._core",
        "from nacre import _core",
        "from nacre._core import Tensor",
        "from .. import _core",
        "from .._core import Tensor",
        "def f():\n    from nacre import _core",
    ],
)
def test_an_import_of_the_extension_is_found(text):
    assert imports_core(ast.parse(text), "nacre.layers")
    assert not imports_core(ast.parse("from nacre.core import Tensor"), "nacre.layers")


def test_importing_nacre_needs_numpy_only():
    """Every other distribution is imported where it is used, inside a function."""
    allowed = {"nacre", "numpy"}
    broken = []
    for source in PYTHON.rglob("*.py"):
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                if top not in allowed and top not in sys.stdlib_module_names:
                    broken.append(f"{source.relative_to(ROOT)} imports {name} at its top")
    assert not broken, "\n".join(broken)
