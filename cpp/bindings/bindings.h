// What each file of the extension adds to the module; core.cpp calls them in order.
#pragma once

#include <pybind11/pybind11.h>

namespace nacre::bindings {

namespace py = pybind11;

void bind_errors(py::module_& m);
void bind_tensor(py::module_& m);
void bind_variable(py::module_& m);
void bind_convert(py::module_& m);
void bind_dlpack(py::module_& m);
void bind_ops(py::module_& m);
void bind_autograd(py::module_& m);
void bind_function(py::module_& m);
void bind_profiler(py::module_& m);
void bind_config(py::module_& m);
void bind_layers(py::module_& m);
void bind_functional(py::module_& m);
void bind_training(py::module_& m);
void bind_files(py::module_& m);
void bind_text(py::module_& m);

}  // namespace nacre::bindings
