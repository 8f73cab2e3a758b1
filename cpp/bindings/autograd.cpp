// Gradient tapes and custom gradients.
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "bindings/tensor.h"
#include "nacre/graph/tape.h"
#include "nacre/ops/ops.h"

namespace nacre::bindings {
namespace {

// A tape as a Python object: entered and left on one thread.
class PyTape {
 public:
  PyTape(bool persistent, bool watch_variables) : tape_(persistent, watch_variables) {}
  ~PyTape() {
    if (recording_) leave();
  }
  PyTape(const PyTape&) = delete;
  PyTape& operator=(const PyTape&) = delete;

  void enter() {
    if (recording_) runtime_error("GradientTape: it is recording already");
    active_recorders().push_back(&tape_);
    recording_ = true;
  }
  void leave() {
    if (!recording_) return;
    std::erase(active_recorders(), &tape_);
    recording_ = false;
  }
  bool recording() const { return recording_; }
  Tape& tape() { return tape_; }

 private:
  Tape tape_;
  bool recording_ = false;
};

// The value that stands for a source of gradients: tensors as they are, variables as last read.
Tensor source_value(PyTape& self, const py::handle& source) {
  if (is_tensor(source.ptr())) return tensor_of(source.ptr());
  if (!is_variable(source.ptr())) {
    type_error("GradientTape.gradient: expected sources that are tensors or variables, received ",
               Py_TYPE(source.ptr())->tp_name);
  }
  const Variable& variable = *variable_of(source.ptr());
  const Tensor read = self.tape().value_of(variable);
  return read.defined() ? read : variable.current();
}

Tensor target_value(PyTape& self, const py::handle& target) {
  if (is_variable(target.ptr())) return source_value(self, target);
  return to_operand(target.ptr());
}

Tensors gradient(PyTape& self, const py::list& targets, const py::list& sources,
                 const py::list& output_grads) {
  Tensors target_values, source_values, weights;
  for (const py::handle t : targets) target_values.push_back(target_value(self, t));
  for (const py::handle s : sources) source_values.push_back(source_value(self, s));
  for (const py::handle g : output_grads) {
    weights.push_back(g.is_none() ? Tensor() : to_operand(g.ptr()));
  }
  for (size_t i = 0; i < weights.size() && i < target_values.size(); ++i) {
    if (weights[i].defined() && weights[i].dtype() != target_values[i].dtype()) {
      weights[i] = ops::cast(weights[i], target_values[i].dtype());
    }
  }
  const py::gil_scoped_release release;
  return self.tape().gradient(target_values, source_values, weights);
}

// Tensor objects as a Python call's arguments and results.
py::tuple wrap_all(const Tensors& tensors) {
  py::tuple out(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    out[i] = py::reinterpret_steal<py::object>(wrap(tensors[i]));
  }
  return out;
}

// f() gives (outputs, backward), backward(*grads) a list of gradients or None, one an input.
py::tuple custom_gradient(const Tensors& inputs, const py::function& f) {
  py::object backward;
  const auto forward = [&] {
    const py::tuple made = f();
    backward = made[1];
    Tensors outputs;
    for (const py::handle t : py::reinterpret_borrow<py::sequence>(made[0])) {
      outputs.push_back(to_tensor(t.ptr()));
    }
    return outputs;
  };
  struct Held {  // a Python object that may be dropped without the GIL
    PyObject* object = nullptr;
    ~Held() {
      if (!object || !Py_IsInitialized()) return;
      const py::gil_scoped_acquire gil;
      Py_DECREF(object);
    }
  };
  const auto held = std::make_shared<Held>();
  const size_t num_inputs = inputs.size();
  const Tensors outputs =
      with_custom_gradient(inputs, forward, [held, num_inputs](const Tensors& grads) {
        const py::gil_scoped_acquire gil;
        const py::object made = py::handle(held->object)(*wrap_all(grads));
        Tensors found;
        for (const py::handle g : py::reinterpret_borrow<py::sequence>(made)) {
          found.push_back(g.is_none() ? Tensor() : to_tensor(g.ptr()));
        }
        if (found.size() != num_inputs) {
          value_error("custom_gradient: expected ", num_inputs,
                      " gradients, one an argument, received ", found.size());
        }
        return found;
      });
  held->object = backward.release().ptr();
  return wrap_all(outputs);
}

}  // namespace

void bind_autograd(py::module_& m) {
  py::class_<PyTape>(m, "Tape", "Records ops for differentiation; nacre.GradientTape wraps it.")
      .def(py::init<bool, bool>(), py::arg("persistent") = false, py::arg("watch_variables") = true)
      .def("enter", &PyTape::enter)
      .def("leave", &PyTape::leave)
      .def_property_readonly("recording", &PyTape::recording)
      .def("watch",
           [](PyTape& self, const py::object& x) {
             if (is_variable(x.ptr())) {
               self.tape().watch(*variable_of(x.ptr()));
             } else if (is_tensor(x.ptr())) {
               self.tape().watch(tensor_of(x.ptr()));
             } else {
               type_error("GradientTape.watch: expected a tensor or a variable, received ",
                          Py_TYPE(x.ptr())->tp_name);
             }
           })
      .def("watched_variables",
           [](PyTape& self) {
             std::vector<VariableRef> variables;
             for (const Variable* v : self.tape().watched_variables()) {
               variables.emplace_back(const_cast<Variable*>(v));
             }
             return variables;
           })
      .def("gradient", gradient, py::arg("targets"), py::arg("sources"), py::arg("output_grads"))
      .def("reset", [](PyTape& self) { self.tape().reset(); });
  m.def("custom_gradient", custom_gradient, py::arg("inputs"), py::arg("f"));
  m.def(
      "is_recording", [] { return !active_recorders().empty(); },
      "Whether a tape or a capture is active on this thread.");
}

}  // namespace nacre::bindings
