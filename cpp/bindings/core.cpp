// The Python extension nacre._core: thin, driven by the registries of the library.
#include <pybind11/pybind11.h>

PYBIND11_MODULE(_core, m) {
  m.doc() = "The C++ core of nacre.";
}
