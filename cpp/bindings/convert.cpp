// Python values to tensors: numbers, NumPy arrays, nested sequences, objects of other libraries.
#include "bindings/convert.h"

#include <limits>

#include "bindings/bindings.h"
#include "bindings/tensor.h"
#include "nacre/nn/layer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre::bindings {
namespace {

Tensor weak_int(PyObject* value) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow) {
    value_error("convert_to_tensor: the int ", py::str(py::handle(value)).cast<std::string>(),
                " does not fit in 64 bits");
  }
  if (number == -1 && PyErr_Occurred()) throw py::error_already_set();
  Tensor t = Tensor::scalar(static_cast<int64_t>(number));
  const bool small = number >= std::numeric_limits<int32_t>::min() &&
                     number <= std::numeric_limits<int32_t>::max();
  return small ? t.set_weak() : t;
}

bool is_number(PyObject* o) {
  return PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyBool_Check(o);
}

Tensor weak_number(PyObject* o) {
  if (PyFloat_CheckExact(o)) return Tensor::scalar(PyFloat_AS_DOUBLE(o)).set_weak();
  if (PyBool_Check(o)) return Tensor::scalar(o == Py_True).set_weak();
  return weak_int(o);
}

bool has_attribute(PyObject* o, const char* name) {
  return PyObject_HasAttrString(reinterpret_cast<PyObject*>(Py_TYPE(o)), name);
}

// What the leaves of a nested sequence are.
struct Leaves {
  bool tensors = false;  // any Tensor, Variable or object of another tensor library
  bool typed = false;    // any that brings a dtype (NumPy values)
  bool strings = false;
};

void scan(PyObject* sequence, Leaves& leaves, int depth = 0) {
  if (depth > kMaxRank) value_error("convert_to_tensor: sequences nested deeper than ", kMaxRank);
  PyObject** items = PySequence_Fast_ITEMS(sequence);
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(sequence);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = items[i];
    if (is_number(item)) continue;
    if (PyList_Check(item) || PyTuple_Check(item)) {
      scan(item, leaves, depth + 1);
    } else if (is_tensor(item) || is_variable(item)) {
      leaves.tensors = true;
    } else if (PyUnicode_Check(item) || PyBytes_Check(item)) {
      leaves.strings = true;
    } else {
      leaves.typed = true;
    }
  }
}

Tensor from_sequence(PyObject* sequence) {
  Leaves leaves;
  scan(sequence, leaves);
  if (leaves.strings) {
    type_error("convert_to_tensor: expected numbers, received strings: tensors hold no text");
  }
  if (leaves.tensors) {
    Tensors parts;
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(sequence);
    for (Py_ssize_t i = 0; i < n; ++i) {
      parts.push_back(to_operand(PySequence_Fast_GET_ITEM(sequence, i)));
    }
    return ops::stack(parts, 0);
  }
  py::object array;
  try {
    array = py::module_::import("numpy").attr("asarray")(py::handle(sequence));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ValueError)) throw;
    value_error("convert_to_tensor: expected nested sequences of equal lengths (",
                error.value().attr("__str__")().cast<std::string>(), ")");
  }
  Tensor t = from_array(py::reinterpret_borrow<py::array>(array), true);
  if (leaves.typed) return t;
  const PauseRecording pause;
  // Python numbers have no width: floats are floatx, ints int32 where they fit.
  if (t.dtype() == DType::kFloat64) return ops::cast(t, floatx());
  if (t.dtype() == DType::kInt64) {
    const int64_t* values = t.data<int64_t>();
    bool fits = true;
    for (int64_t i = 0; i < t.size(); ++i)
      fits = fits && values[i] == static_cast<int32_t>(values[i]);
    if (fits) return ops::cast(t, DType::kInt32);
  }
  return t;
}

std::string type_name(PyObject* o) {
  return Py_TYPE(o)->tp_name;
}

}  // namespace

Tensor to_operand_or_none(PyObject* o) {
  if (is_tensor(o)) return tensor_of(o);
  if (is_number(o)) return weak_number(o);
  if (is_variable(o)) return autocast_value(*variable_of(o));
  if (py::isinstance<py::array>(o)) return from_array(py::reinterpret_borrow<py::array>(o));
  if (PyList_Check(o) || PyTuple_Check(o)) return from_sequence(o);
  if (PyRange_Check(o)) {
    const auto list = py::reinterpret_steal<py::object>(PySequence_List(o));
    if (!list) throw py::error_already_set();
    return from_sequence(list.ptr());
  }
  if (o == Py_None || PyUnicode_Check(o) || PyBytes_Check(o) || PyType_Check(o)) return {};
  if (has_attribute(o, "__nacre_tensor__")) {
    const auto value =
        py::reinterpret_steal<py::object>(PyObject_CallMethod(o, "__nacre_tensor__", nullptr));
    if (!value) throw py::error_already_set();
    return to_operand(value.ptr());
  }
  // Python's number types, NumPy's float64 among them: weak like the literals.
  if (PyFloat_Check(o)) return Tensor::scalar(PyFloat_AS_DOUBLE(o)).set_weak();
  if (has_attribute(o, "__dlpack__") && !has_attribute(o, "__array_interface__")) {
    const py::object module = py::module_::import("nacre._core");
    const py::object imported = module.attr("from_dlpack")(py::handle(o), py::none(), true);
    return tensor_of(imported.ptr());
  }
  if (has_attribute(o, "__array__") || has_attribute(o, "__array_interface__") ||
      has_attribute(o, "__array_struct__") || PyObject_CheckBuffer(o)) {
    const py::object array = py::module_::import("numpy").attr("asarray")(py::handle(o));
    return from_array(py::reinterpret_borrow<py::array>(array));
  }
  if (PyLong_Check(o)) return weak_int(o);
  return {};
}

Tensor to_operand(PyObject* o) {
  Tensor t = to_operand_or_none(o);
  if (!t.defined()) {
    type_error("expected a tensor, an array or a number, received ",
               o == Py_None ? std::string("None") : "an object of type " + type_name(o));
  }
  return t;
}

Tensor to_tensor(PyObject* o, std::optional<DType> dtype) {
  Tensor t = to_operand(o);
  if (dtype) return t.dtype() == *dtype && !t.is_weak() ? t : ops::cast(t, *dtype);
  if (!t.is_weak()) return t;
  if (t.dtype() == DType::kBool) return Tensor::scalar(*t.data<bool>());
  if (!is_floating(t.dtype())) return Tensor::scalar(static_cast<int32_t>(t.item_int()));
  const PauseRecording pause;
  return ops::cast(t, floatx());
}

DType to_dtype(PyObject* o) {
  if (PyUnicode_Check(o)) {
    const char* name = PyUnicode_AsUTF8(o);
    if (!name) throw py::error_already_set();
    const std::string_view text(name);
    if (text == "float") return floatx();
    if (text == "int") return DType::kInt32;
    return parse_dtype(text);
  }
  if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::kBool;
  if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::kInt32;
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return floatx();
  if (o != Py_None) {
    try {
      const py::object dtype = py::module_::import("numpy").attr("dtype")(py::handle(o));
      return parse_dtype(dtype.attr("name").cast<std::string>());
    } catch (py::error_already_set&) {
      // Falls through to our own message.
    }
  }
  type_error("expected a dtype such as 'float32', received ",
             py::repr(py::handle(o)).cast<std::string>());
}

void bind_convert(py::module_& m) {
  m.def(
      "convert_to_tensor",
      [](const py::object& x, const py::object& dtype) {
        if (x.is_none()) type_error("convert_to_tensor: expected a value, received None");
        std::optional<DType> wanted;
        if (!dtype.is_none()) wanted = to_dtype(dtype.ptr());
        return to_tensor(x.ptr(), wanted);
      },
      py::arg("x"), py::arg("dtype") = py::none());
  m.def(
      "from_numpy", [](const py::array& array) { return from_array(array, true); },
      py::arg("array"),
      "A tensor on the memory of an aligned, C-contiguous array, which must not change afterwards; "
      "a copy of any other array.");
  m.def(
      "tensor_from_numpy",
      [](const py::array& array, DType dtype) {
        const Tensor t = from_array(array);
        return t.dtype() == dtype ? t : ops::cast(t, dtype);
      },
      "Rebuilds a pickled tensor.");
  m.def(
      "to_dtype", [](const py::object& dtype) { return to_dtype(dtype.ptr()); }, py::arg("dtype"),
      "The name of a dtype given as a name, a NumPy dtype or a Python type.");
}

}  // namespace nacre::bindings
