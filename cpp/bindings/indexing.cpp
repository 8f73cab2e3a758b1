// x[...]: the items of the key, handed to ops::getitem.
#include "nacre/ops/indexing.h"

#include "bindings/bindings.h"
#include "bindings/tensor.h"

namespace nacre::bindings {
namespace {

std::optional<int64_t> bound(PyObject* value) {
  if (value == Py_None) return std::nullopt;
  if (is_tensor(value)) return tensor_of(value).item_int();
  // A bound too large for the machine is as good as the largest.
  const Py_ssize_t index = PyNumber_AsSsize_t(value, nullptr);
  if (index == -1 && PyErr_Occurred()) throw py::error_already_set();
  return index;
}

ops::Index to_index(PyObject* key) {
  if (key == Py_None) return ops::NewAxis{};
  if (key == Py_Ellipsis) return ops::Ellipsis{};
  if (PySlice_Check(key)) {
    const auto* slice = reinterpret_cast<PySliceObject*>(key);
    return ops::IndexSlice{bound(slice->start), bound(slice->stop), bound(slice->step)};
  }
  if (PyLong_Check(key) && !PyBool_Check(key)) {
    const Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (index == -1 && PyErr_Occurred()) throw py::error_already_set();
    return static_cast<int64_t>(index);
  }
  if (PyBool_Check(key)) return Tensor::scalar(key == Py_True);
  if (PyFloat_Check(key) || PyUnicode_Check(key)) {
    raise(ErrorKind::kIndex,
          "getitem: expected ints, slices, None, ... or arrays of ints or bools, ", "received ",
          py::repr(py::handle(key)).cast<std::string>());
  }
  const Tensor array = to_tensor(key);
  if (array.size() == 0 && is_floating(array.dtype()))
    return ops::cast(array, DType::kInt32);  // []
  if (is_floating(array.dtype())) {
    raise(ErrorKind::kIndex, "getitem: expected arrays of ints or bools, received dtype ",
          array.dtype());
  }
  return array;
}

}  // namespace

PyObject* get_item(const Tensor& tensor, PyObject* key) {
  std::vector<ops::Index> items;
  if (PyTuple_Check(key)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i) {
      items.push_back(to_index(PyTuple_GET_ITEM(key, i)));
    }
  } else {
    items.push_back(to_index(key));
  }
  return wrap(ops::getitem(tensor, items));
}

}  // namespace nacre::bindings
