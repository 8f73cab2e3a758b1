// Python values as attributes of ops, and back.
#include "bindings/attr_value.h"

#include "bindings/convert.h"
#include "bindings/tensor.h"
#include "nacre/base/shape.h"

namespace nacre::bindings {

namespace py = pybind11;

namespace {

int64_t to_int(PyObject* value) {
  const long long number = PyLong_AsLongLong(value);
  if (number == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    value_error("the int ", py::str(py::handle(value)).cast<std::string>(),
                " does not fit in 64 bits");
  }
  return number;
}

// Appends the numbers of a nested sequence; `floats` when any is not an int.
void flatten(PyObject* sequence, std::vector<double>& numbers, IntList& ints, bool& floats) {
  const auto items = py::reinterpret_steal<py::object>(PySequence_Fast(sequence, "a sequence"));
  if (!items) throw py::error_already_set();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.ptr()); ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(items.ptr(), i);
    if (PyList_Check(item) || PyTuple_Check(item)) {
      flatten(item, numbers, ints, floats);
      continue;
    }
    const AttrValue value = to_attr_value(item);
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      ints.push_back(*integer);
      numbers.push_back(static_cast<double>(*integer));
    } else if (const auto* truth = std::get_if<bool>(&value)) {
      ints.push_back(*truth);
      numbers.push_back(*truth);
    } else if (const auto* number = std::get_if<double>(&value)) {
      floats = true;
      numbers.push_back(*number);
    } else if (std::holds_alternative<std::monostate>(value)) {
      ints.push_back(kUnknownDim);
      numbers.push_back(kUnknownDim);
    } else {
      type_error("expected a sequence of numbers, received ",
                 py::repr(py::handle(sequence)).cast<std::string>());
    }
  }
}

AttrValue from_sequence(PyObject* sequence) {
  std::vector<double> numbers;
  IntList ints;
  bool floats = false;
  flatten(sequence, numbers, ints, floats);
  if (floats) return numbers;
  return ints;
}

template <class T>
py::object to_tuple(const std::vector<T>& v) {
  py::tuple out(v.size());
  for (size_t i = 0; i < v.size(); ++i) out[i] = v[i];
  return out;
}

}  // namespace

AttrValue to_attr_value(PyObject* value) {
  if (value == Py_None) return {};
  if (PyBool_Check(value)) return value == Py_True;
  if (PyLong_Check(value)) return to_int(value);
  if (PyFloat_Check(value)) return PyFloat_AS_DOUBLE(value);
  if (PyUnicode_Check(value)) return py::handle(value).cast<std::string>();
  if (PyTuple_Check(value) || PyList_Check(value)) return from_sequence(value);
  if (is_tensor(value) || is_variable(value) || py::isinstance<py::array>(value)) {
    const py::object list = py::handle(value).attr("tolist")();
    return to_attr_value(list.ptr());
  }
  if (PyType_Check(value) || py::hasattr(value, "newbyteorder")) return to_dtype(value);
  if (PyIndex_Check(value)) {
    const auto integer = py::reinterpret_steal<py::object>(PyNumber_Index(value));
    if (!integer) throw py::error_already_set();
    return to_int(integer.ptr());
  }
  // NumPy's bool_ and float scalars, and ranges.
  if (py::hasattr(value, "item")) {
    const py::object plain = py::handle(value).attr("item")();
    if (!plain.is(py::handle(value))) return to_attr_value(plain.ptr());
  }
  if (PySequence_Check(value)) return from_sequence(value);
  type_error("expected a number, a string or a sequence of numbers, received ",
             py::repr(py::handle(value)).cast<std::string>());
}

py::object from_attr_value(const AttrValue& value) {
  struct Visitor {
    py::object operator()(std::monostate) const { return py::none(); }
    py::object operator()(bool v) const { return py::bool_(v); }
    py::object operator()(int64_t v) const { return py::int_(v); }
    py::object operator()(double v) const { return py::float_(v); }
    py::object operator()(const std::string& v) const { return py::str(v); }
    py::object operator()(DType v) const { return py::str(std::string(name_of(v))); }
    py::object operator()(const IntList& v) const { return to_tuple(v); }
    py::object operator()(const FloatList& v) const { return to_tuple(v); }
  };
  return std::visit(Visitor{}, value);
}

}  // namespace nacre::bindings
