// Settings of the process and facts about the machine.
#include <pybind11/stl.h>

#include <bit>
#include <limits>
#include <optional>

#include "bindings/bindings.h"
#include "bindings/tensor.h"
#include "nacre/base/cpu.h"
#include "nacre/base/parallel.h"
#include "nacre/device/storage.h"

namespace nacre::bindings {

namespace {

// The least and the largest finite value.
py::tuple dtype_range(DType dtype) {
  if (dtype == DType::kBool) return py::make_tuple(0, 1);
  if (dtype == DType::kFloat16) return py::make_tuple(-65504.0, 65504.0);
  if (dtype == DType::kBFloat16) {
    const float largest = std::bit_cast<float>(uint32_t{0x7f7f0000});
    return py::make_tuple(-largest, largest);
  }
  return dispatch(dtype, []<class T>(type_tag<T>) -> py::tuple {
    using Limits = std::numeric_limits<T>;
    return py::make_tuple(Limits::lowest(), Limits::max());
  });
}

std::string result_type(const py::list& operands) {
  std::optional<DType> strong;
  std::optional<ScalarKind> weak;
  const auto add_weak = [&](ScalarKind kind) { weak = weak ? std::max(*weak, kind) : kind; };
  for (const py::handle operand : operands) {
    PyObject* o = operand.ptr();
    if (PyBool_Check(o) || o == reinterpret_cast<PyObject*>(&PyBool_Type)) {
      strong = strong ? promote(*strong, DType::kBool) : DType::kBool;
    } else if (PyLong_CheckExact(o) || o == reinterpret_cast<PyObject*>(&PyLong_Type)) {
      add_weak(ScalarKind::kInt);
    } else if (PyFloat_CheckExact(o) || o == reinterpret_cast<PyObject*>(&PyFloat_Type)) {
      add_weak(ScalarKind::kFloat);
    } else {
      const DType dtype = to_dtype(o);
      strong = strong ? promote(*strong, dtype) : dtype;
    }
  }
  DType result = DType::kInt32;
  if (strong) {
    result = weak ? promote(*strong, *weak) : *strong;
  } else if (weak == ScalarKind::kFloat) {
    result = floatx();
  }
  return std::string(name_of(result));
}

}  // namespace

void bind_config(py::module_& m) {
  m.def("floatx", floatx, "The default floating dtype.");
  m.def("set_floatx", [](DType dtype) {
    if (!is_floating(dtype)) {
      value_error("set_floatx: expected a floating dtype, received '", dtype, "'");
    }
    set_floatx(dtype);
  });
  m.def("result_type", result_type, py::arg("dtypes"),
        "The dtype of an operation over operands of these dtypes; int and float are weak.");
  m.def("is_floating", [](DType dtype) { return is_floating(dtype); });
  m.def("size_of", [](DType dtype) { return size_of(dtype); }, "Bytes of one element.");
  m.def("dtype_range", dtype_range, "The least and the largest finite value of a dtype.");
  m.def("broadcast_shapes",
        [](const Shape& a, const Shape& b) { return broadcast_shapes(a, b, "broadcast_shapes"); });
  m.def(
      "placeholder",
      [](const Shape& shape, DType dtype) { return Tensor::placeholder({dtype, shape}); },
      py::arg("shape"), py::arg("dtype"), "A tensor without values.");
  m.def(
      "is_placeholder", [](const Tensor& t) { return t.is_placeholder(); }, py::arg("tensor"),
      "Whether a tensor has no values.");
  m.def("num_threads", num_threads, "How many threads the kernels may use.");
  m.def("set_num_threads", set_num_threads, py::arg("n"));
  m.def(
      "active_isa", [] { return std::string(name_of(active_isa())); },
      "The instruction set that the kernels use.");
  m.def("available_isas", [] {
    std::vector<std::string> names;
    for (const Isa isa : available_isas()) names.emplace_back(name_of(isa));
    return names;
  });
  m.def(
      "set_active_isa", [](const std::string& name) { set_active_isa(parse_isa(name)); },
      "Runs the rest of the process with this instruction set: for tests.");
  m.def("allocated_memory", allocated_memory, "Bytes that tensors hold now.");
  m.def("peak_memory", peak_memory, "The most bytes tensors held since reset_peak_memory().");
  m.def("reset_peak_memory", reset_peak_memory);
  m.def("release_cached_memory", release_cached_memory,
        "Returns freed blocks that are kept for reuse to the system.");
}

}  // namespace nacre::bindings
