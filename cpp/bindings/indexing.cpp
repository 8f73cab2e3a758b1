// x[...]: a Python key as the items of NumPy's indexing.
#include "nacre/ops/indexing.h"

#include "bindings/bindings.h"
#include "bindings/tensor.h"

namespace nacre::bindings {
namespace {

std::optional<int64_t> bound_of(PyObject* bound) {
  if (bound == Py_None) return {};
  if (!PyIndex_Check(bound)) {
    type_error("x[...]: expected ints or None in a slice, received ",
               py::repr(py::handle(bound)).cast<std::string>());
  }
  // Past the ends of any tensor, a bound counts as the end.
  const Py_ssize_t value = PyNumber_AsSsize_t(bound, nullptr);
  if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
  return value;
}

ops::Index index_of(PyObject* o) {
  if (PyLong_CheckExact(o)) {
    const Py_ssize_t value = PyNumber_AsSsize_t(o, PyExc_IndexError);
    if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
    return int64_t{value};
  }
  if (PySlice_Check(o)) {
    const auto* slice = reinterpret_cast<PySliceObject*>(o);
    return ops::IndexSlice{bound_of(slice->start), bound_of(slice->stop), bound_of(slice->step)};
  }
  if (o == Py_None) return ops::NewAxis{};
  if (o == Py_Ellipsis) return ops::Ellipsis{};
  if (is_tensor(o) || is_variable(o) || PyBool_Check(o) || PyList_Check(o) || PyTuple_Check(o) ||
      py::hasattr(o, "__array__")) {
    Tensor array = to_tensor(o);
    if (array.size() == 0 && (PyList_Check(o) || PyTuple_Check(o))) {
      return ops::cast(array, DType::kInt32);  // an empty list has no kind: indices
    }
    const bool integers = !is_floating(array.dtype());
    if (integers && array.rank() == 0 && array.dtype() != DType::kBool && !is_tensor(o) &&
        !is_variable(o)) {
      return array.item_int();  // a NumPy integer
    }
    if (!integers) {
      raise(ErrorKind::kIndex,
            "x[...]: expected arrays of integers or booleans as indices, received "
            "dtype ",
            array.dtype());
    }
    return array;
  }
  if (PyIndex_Check(o)) {
    const Py_ssize_t value = PyNumber_AsSsize_t(o, PyExc_IndexError);
    if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
    return int64_t{value};
  }
  raise(ErrorKind::kIndex,
        "x[...]: expected ints, slices, None, an ellipsis, or arrays of integers or booleans, "
        "received ",
        py::repr(py::handle(o)).cast<std::string>());
}

}  // namespace

PyObject* get_item(const Tensor& tensor, PyObject* key) {
  std::vector<ops::Index> items;
  if (PyTuple_Check(key)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i) {
      items.push_back(index_of(PyTuple_GET_ITEM(key, i)));
    }
  } else {
    items.push_back(index_of(key));
  }
  return wrap(ops::getitem(tensor, items));
}

}  // namespace nacre::bindings
