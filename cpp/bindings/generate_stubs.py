"""Writes the type stubs of the built extension and of the packages that hold its ops.

    python cpp/bindings/generate_stubs.py            write them
    python cpp/bindings/generate_stubs.py --check    show which are stale, and exit with 1 if any is

pybind11-stubgen describes what pybind11 bound. Types written against the C API (Tensor, Variable,
Op) are described here: signatures come from the registry of ops where a method is an op, and from
the method itself otherwise.
"""

import argparse
import difflib
import importlib
import inspect
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE = "nacre._core"
OP_PACKAGES = ("nacre.ops", "nacre.ops.image", "nacre.random")
# Modules that give ops of nacre.ops once more.
NAMESPACES = ("nacre.ops.linalg", "nacre.ops.nn", "nacre.ops.numpy")
PYTHON = Path(__file__).resolve().parents[2] / "python"
# Ops with several results; the registry knows it only once it has inferred them.
SEVERAL = {
    "divmod", "eig", "eigh", "frexp", "lu_factor", "modf", "moments", "qr", "rfft", "fft", "fft2",
    "ifft2", "slogdet", "stft", "svd", "top_k",
}  # fmt: skip
GETATTR = "def __getattr__(name: str) -> typing.Any: ..."
HEADER = "# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.\n"

# Types of attributes and results that introspection does not give.
ATTRIBUTES = {
    "dtype": "str",
    "device": "str",
    "itemsize": "int",
    "name": "str",
    "nbytes": "int",
    "ndim": "int",
    "path": "str",
    "rank": "int",
    "shape": "tuple[typing.Any, ...]",
    "size": "typing.Any",
    "trainable": "bool",
}
RESULTS = {
    "__array__": "np.ndarray",
    "__bool__": "bool",
    "__complex__": "complex",
    "__dlpack_device__": "tuple[int, int]",
    "__float__": "float",
    "__format__": "str",
    "__hash__": "int",
    "__index__": "int",
    "__init__": "None",
    "__int__": "int",
    "__iter__": "collections.abc.Iterator[Tensor]",
    "__len__": "int",
    "__repr__": "str",
    "__setitem__": "None",
    "__str__": "str",
    "numpy": "np.ndarray",
    "tolist": "typing.Any",
}
TENSOR_RESULTS = re.compile(
    r"__(r?(add|sub|mul|truediv|floordiv|mod|pow|matmul|and|or|xor)|neg|pos|abs|invert|getitem"
    r"|lt|le|gt|ge|eq|ne)__|astype|reshape"
)
# Inherited as object has them, or of no use to a type checker.
SKIPPED = set(vars(object)) - {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}
SKIPPED |= {"__module__", "__name__", "__qualname__", "__signature__", "__vectorcalloffset__"}
SKIPPED |= {"__weaklistoffset__", "__weakref__", "__dict__"}
SKIPPED -= {"__hash__", "__init__", "__repr__", "__str__", "__format__"}


def from_pybind11() -> str:
    """What pybind11-stubgen writes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", MODULE, "--output-dir", folder]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(run.stderr)
        return (Path(folder) / "nacre" / "_core.pyi").read_text(encoding="utf-8")


def docstring(text: str | None, indent: str) -> list[str]:
    lines = inspect.cleandoc(text or "").splitlines()
    if not lines:
        return []
    quoted = ['"""' + lines[0].replace("\\", "\\\\"), *(x.replace("\\", "\\\\") for x in lines[1:])]
    if len(quoted) == 1:
        return [f'{indent}{quoted[0]}"""']
    return [*((indent + line).rstrip() for line in quoted), f'{indent}"""']


def default_text(value: object) -> str:
    return repr(value) if isinstance(value, (bool, int, float, str, tuple, type(None))) else "..."


def op_parameters(op, *, method: bool) -> str:
    """The parameters of an op with their types; a method's first operand is self."""
    types = {
        "tensor": "typing.Any",  # whatever converts to a tensor
        "optional_tensor": "typing.Any",
        "tensors": "collections.abc.Sequence[typing.Any]",
    }
    declared = {name: (kind, text) for name, kind, text, _ in op.parameters}
    shown = []
    for i, parameter in enumerate(inspect.signature(op).parameters.values()):
        if method and i == 0:
            shown.append("self")
            continue
        kind, text = declared[parameter.name]
        annotation = types.get(kind, text.replace("Sequence[", "collections.abc.Sequence["))
        default = parameter.default
        if default is inspect.Parameter.empty:
            shown.append(f"{parameter.name}: {annotation}")
        else:
            if default is None and "None" not in annotation and annotation != "typing.Any":
                annotation += " | None"
            shown.append(f"{parameter.name}: {annotation} = {default_text(default)}")
    return ", ".join(shown)


def method_parameters(name: str, member: object) -> str:
    if name in ("__pow__", "__rpow__"):
        return "self, value: typing.Any, mod: None = None, /"
    try:
        signature = inspect.signature(member)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "self, *args: typing.Any, **kwargs: typing.Any"
    shown = [
        part if part in ("self", "/", "*") else f"{part}: typing.Any"
        for part in (p.strip().split("=")[0] for p in str(signature).strip("()").split(","))
        if part and not part.startswith("*")
    ]
    if "*args" in str(signature):
        shown = ["self", "*args: typing.Any", "**kwargs: typing.Any"]
    return ", ".join(shown)


def class_stub(cls: type, ops: dict) -> str:
    """The stub of a type that pybind11 did not make."""
    lines = [f"class {cls.__name__}:", *docstring(cls.__doc__, "    ")]
    for name, member in sorted(vars(cls).items()):
        if name in SKIPPED:
            continue
        if inspect.isgetsetdescriptor(member) or inspect.ismemberdescriptor(member):
            annotation = ATTRIBUTES.get(name, "typing.Any")
            lines += ["    @property", f"    def {name}(self) -> {annotation}:"]
        elif member is None:  # __hash__ = None
            lines.append(f"    {name}: typing.ClassVar[None]  # type: ignore")
            continue
        elif callable(member):
            is_op = name in ops and not name.startswith("__")
            parameters = (
                op_parameters(ops[name], method=True) if is_op else method_parameters(name, member)
            )
            is_tensor = is_op or TENSOR_RESULTS.fullmatch(name)
            result = "Tensor" if is_tensor else RESULTS.get(name, "typing.Any")
            comment = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
            lines.append(f"    def {name}({parameters}) -> {result}:{comment}")
        else:
            lines.append(f"    {name}: {type(member).__name__}")
            continue
        body = docstring(getattr(member, "__doc__", None), "        ")
        # The C API's own words ("Return self+value.") say nothing new.
        lines += body if body and not name.startswith("__") else ["        ..."]
    return "\n".join(lines) + "\n"


def op_stub(name: str, op) -> list[str]:
    result = "Tensor"
    if op.flags["list_output"]:
        result = "list[Tensor]"
    elif name in SEVERAL:
        result = "tuple[Tensor, ...]"
    body = docstring(op.__doc__, "    ") or ["    ..."]
    return [f"def {name}({op_parameters(op, method=False)}) -> {result}:", *body]


def op_package_stub(module_name: str) -> str:
    """The stub of a package that takes ops from the registry: with it, editors know them."""
    from nacre import _core

    module = importlib.import_module(module_name)
    imports, functions = [], []
    for name, member in sorted(vars(module).items()):
        if name.startswith("_"):
            continue
        if inspect.ismodule(member):
            if member.__name__ in OP_PACKAGES + NAMESPACES:
                imports.append(f"from {module_name} import {name} as {name}")
            continue
        if isinstance(member, _core.Op):
            functions += op_stub(name, member)
        elif isinstance(member, type) and member.__module__ == "nacre":
            imports.append(f"from nacre._core import {member.__name__} as {name}")
        else:
            imports.append(f"from {member.__module__} import {member.__name__} as {name}")
    lines = [
        "import collections.abc",
        "import typing",
        "",
        "from nacre._core import Tensor",
        *imports,
        "",
        GETATTR,
        *functions,
    ]
    return HEADER + "\n".join(lines) + "\n"


def namespace_stub(module_name: str) -> str:
    """The stub of a module whose ops are those of nacre.ops."""
    names = importlib.import_module(module_name).__all__
    lines = [f"from nacre.ops import {name} as {name}" for name in names]
    return HEADER + "\n".join(["import typing", "", *lines, "", GETATTR]) + "\n"


def core_stub() -> str:
    from nacre import _core

    native = {
        name: member
        for name, member in sorted(vars(_core).items())
        if isinstance(member, type) and type(member) is type and not name.startswith("_")
    }
    text = from_pybind11()
    # stubgen knows these types by their public module and describes them, if at all, in the dark.
    for name in native:
        text = re.sub(rf"^from nacre import {name}\n", "", text, flags=re.MULTILINE)
        text = re.sub(rf"^class {name}\b.*?(?=^\S)", "", text, flags=re.MULTILINE | re.DOTALL)
        text = re.sub(rf"\bnacre\.(_core\.)?{name}\b", name, text)
    text = re.sub(r"^__all__: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^(__version__: str) = .*$", r"\1", text, flags=re.MULTILINE)
    # What an int parameter accepts is spelled differently by pybind11's versions.
    text = text.replace("typing.SupportsInt | typing.SupportsIndex", "int")
    text = text.replace("typing.SupportsFloat | typing.SupportsIndex", "float")
    # Tensor has a method numpy, so the module goes by another name.
    text = re.sub(r"^import (collections\.abc|numpy|typing)\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bnumpy\.(?=ndarray)", "np.", text)
    future = "from __future__ import annotations\n"
    text = text.replace(
        future, f"{future}import collections.abc\nimport typing\n\nimport numpy as np\n", 1
    )
    ops = _core.all_ops()
    return HEADER + text.rstrip() + "\n" + "".join(class_stub(c, ops) for c in native.values())


def generate() -> dict[Path, str]:
    stubs = {PYTHON / "nacre" / "_core.pyi": core_stub()}
    for package in OP_PACKAGES:
        stubs[PYTHON.joinpath(*package.split("."), "__init__.pyi")] = op_package_stub(package)
    for module in NAMESPACES:
        stubs[PYTHON.joinpath(*module.split(".")).with_suffix(".pyi")] = namespace_stub(module)
    return stubs


def difference(path: Path, wanted: str) -> list[str]:
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    name = path.relative_to(PYTHON).as_posix()
    return list(
        difflib.unified_diff(
            found.splitlines(), wanted.splitlines(), name, f"{name}, generated", lineterm="", n=1
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    stale = False
    for path, text in generate().items():
        if check:
            lines = difference(path, text)
            print("\n".join(lines[:40]))
            stale = stale or bool(lines)
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
