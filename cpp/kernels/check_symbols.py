"""Fails if kernel objects of an instruction set define a symbol another one could define too.

usage: check_symbols.py BUILD_DIR

Each file of kernels/cpu is compiled once per instruction set. A global or weak symbol whose name does
not carry the set's namespace (an inline function of the standard library, say) exists once per set,
and the linker keeps any one of them: an AVX-512 copy would run on a CPU without AVX-512.
"""

import pathlib
import re
import shutil
import subprocess
import sys

OBJECTS = re.compile(r"nacre_kernels_(\w+)\.dir$")
# nm's letters for symbols other objects can see, or that the linker merges by name.
VISIBLE = set("TDBRGSCWVuiA")


def defined_symbols(nm, path):
    """(letter, demangled name) of every symbol that the object file defines for the linker."""
    command = [nm, "--defined-only", "--demangle", "--no-sort", str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        match = re.match(r"[0-9a-f]*\s+(\w)\s+(.*)", line)
        if match and match[1] in VISIBLE:
            yield match[1], match[2]


def foreign_symbols(build_dir):
    """(objects checked, ["object: symbol", ...]) over every instruction set found in build_dir."""
    nm = shutil.which("nm") or shutil.which("llvm-nm")
    if nm is None:
        raise FileNotFoundError("check_symbols needs nm or llvm-nm on PATH")
    checked, foreign = 0, []
    for folder in sorted(pathlib.Path(build_dir).rglob("nacre_kernels_*.dir")):
        isa = OBJECTS.search(folder.name)[1]
        for path in sorted([*folder.rglob("*.o"), *folder.rglob("*.obj")]):
            checked += 1
            # Anywhere in the name: a template of ours may be instantiated with the set's types.
            own = re.compile(rf"\bnacre::kernels::{isa}::")
            foreign += [
                f"{isa}/{path.name}: {letter} {name}"
                for letter, name in defined_symbols(nm, path)
                if not own.search(name)
            ]
    return checked, foreign


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    checked, foreign = foreign_symbols(argv[1])
    if checked == 0:
        print(f"check_symbols: no kernel objects under {argv[1]}", file=sys.stderr)
        return 2
    for line in foreign:
        print(line)
    print(f"check_symbols: {checked} objects, {len(foreign)} foreign symbols")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
