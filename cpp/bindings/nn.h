// Layers, losses, metrics, optimizers and trainers as Python objects.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/tensor.h"
#include "nacre/base/json.h"
#include "nacre/nn/configurable.h"

PYBIND11_DECLARE_HOLDER_TYPE(T, nacre::Ref<T>, true)

namespace nacre::bindings {

namespace py = pybind11;

// A configuration value. Objects with a `_core` become handles to it, other callables handles to a
// function; tuples become arrays. TypeError for what a configuration cannot hold.
Json to_json(py::handle value);
// Arrays come as lists, handles as None.
py::object from_json(const Json& json);

// The C++ object behind a Python object (its `_core`), or null.
Ref<Configurable> core_of(py::handle object);

// A Python callable as a function handle.
Ref<RefCounted> function_handle(py::object function);

// Tensors from a list or tuple of tensors; None is an undefined tensor.
Tensors tensors_from(py::handle sequence);
py::list tensors_to_list(const Tensors& tensors);

// Calls back into an object that Python owns (a layer, a loss): it is held weakly, since it owns
// the C++ side. RuntimeError when it is gone.
class WeakObject {
 public:
  explicit WeakObject(py::handle object);
  ~WeakObject();
  WeakObject(const WeakObject&) = delete;
  WeakObject& operator=(const WeakObject&) = delete;
  py::object get() const;  // with the GIL held

 private:
  PyObject* reference_;
};

}  // namespace nacre::bindings
