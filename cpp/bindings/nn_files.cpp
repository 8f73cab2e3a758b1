// Model files.
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "bindings/nn.h"
#include "nacre/io/model_file.h"

namespace nacre::bindings {

void bind_files(py::module_& m) {
  m.def("write_model_file", [](const std::string& path, py::handle model, py::handle compile,
                               const std::vector<VariableRef>& variables,
                               const std::vector<VariableRef>& optimizer_variables) {
    const Json model_json = to_json(model);
    const Json compile_json = to_json(compile);
    const py::gil_scoped_release release;
    write_model_file(path, model_json, compile_json, variables, optimizer_variables);
  });
  m.def("read_model_file", [](const std::string& path) {
    ModelFile file;
    {
      const py::gil_scoped_release release;
      file = read_model_file(path);
    }
    return py::make_tuple(from_json(file.model), from_json(file.compile), file.variables,
                          file.optimizer_variables);
  });
  m.def("assign_variables", &assign_variables);
}

}  // namespace nacre::bindings
