// The Python extension nacre._core: thin, driven by the registries of the library.
#include "bindings/bindings.h"

PYBIND11_MODULE(_core, m) {
  using namespace nacre::bindings;  // NOLINT
  m.doc() = "The C++ core of nacre.";
  m.attr("__version__") = NACRE_VERSION;
  bind_errors(m);
  bind_tensor(m);
  bind_variable(m);
  bind_convert(m);
  bind_dlpack(m);
  bind_ops(m);
  bind_autograd(m);
  bind_function(m);
  bind_config(m);
  bind_layers(m);
  bind_functional(m);
  bind_training(m);
  bind_profiler(m);
  bind_files(m);
  bind_text(m);
}
