// Layers, losses, metrics, optimizers and trainers as Python objects.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <utility>

#include "bindings/tensor.h"
#include "nacre/base/json.h"
#include "nacre/nn/configurable.h"
#include "nacre/nn/functional.h"

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
  py::object get_or_none() const;

 private:
  PyObject* reference_;
};

// A Python object held from C++, released with the GIL held.
class HeldObject final : public RefCounted {
 public:
  explicit HeldObject(py::object object) : object_(std::move(object)) {}
  ~HeldObject() override {
    const py::gil_scoped_acquire gil;
    object_ = py::object();
  }
  const py::object& object() const { return object_; }

 private:
  py::object object_;
};

// A call of a layer; `structure` is how the caller nests the inputs in the arguments, None for one
// argument. Noted where an input comes from Input().
Tensors call_layer(Layer& layer, const Tensors& inputs, std::optional<bool> training,
                   const Tensors& masks, Json arguments, const py::object& structure);
// The structure of a call that a functional model makes again; None for other calls.
py::object noted_arguments(const CallNode* node);

}  // namespace nacre::bindings
