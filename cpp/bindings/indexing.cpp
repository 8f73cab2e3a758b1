// x[...]: NumPy's basic and advanced indexing, made of ops.
#include "bindings/bindings.h"
#include "bindings/tensor.h"
#include "nacre/ops/ops.h"

namespace nacre::bindings {
namespace {

// What one element of the key asks of the axis it falls on.
struct Basic {
  Tensor x;
  int axis = 0;

  void take_index(int64_t index) {
    const int64_t dim = x.shape()[axis];
    if (dim != kUnknownDim && (index < -dim || index >= dim)) {
      raise(ErrorKind::kIndex, "index ", index, " is out of bounds for axis ", axis, " with size ",
            dim);
    }
    const int64_t at = index < 0 && dim != kUnknownDim ? index + dim : index;
    x = ops::squeeze(ops::slice_axis(x, axis, at, 1), IntList{axis});
  }

  void take_slice(PyObject* slice) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(slice, &start, &stop, &step) < 0) throw py::error_already_set();
    const int64_t dim = x.shape()[axis];
    if (dim == kUnknownDim) {
      if (start == 0 && stop == PY_SSIZE_T_MAX && step == 1) {
        ++axis;
        return;
      }
      value_error("x[...]: a slice of an axis whose size is not known yet");
    }
    const Py_ssize_t n = PySlice_AdjustIndices(static_cast<Py_ssize_t>(dim), &start, &stop, step);
    if (step != 1) raise(ErrorKind::kNotImplemented, "x[...]: steps other than 1");
    if (n != dim) x = ops::slice_axis(x, axis, start, n);
    ++axis;
  }
};

}  // namespace

PyObject* get_item(const Tensor& tensor, PyObject* key) {
  py::tuple keys;
  if (PyTuple_Check(key)) {
    keys = py::reinterpret_borrow<py::tuple>(key);
  } else {
    keys = py::make_tuple(py::handle(key));
  }
  Py_ssize_t consumed = 0;
  bool ellipsis = false;
  for (const py::handle k : keys) {
    if (k.ptr() == Py_Ellipsis) {
      if (ellipsis) raise(ErrorKind::kIndex, "x[...]: more than one ellipsis");
      ellipsis = true;
    } else if (!k.is_none()) {
      ++consumed;
    }
  }
  if (consumed > tensor.rank()) {
    raise(ErrorKind::kIndex, "too many indices: the tensor has ", tensor.rank(),
          " dimensions, but ", consumed, " were indexed");
  }
  Basic basic{tensor};
  for (const py::handle k : keys) {
    if (k.ptr() == Py_Ellipsis) {
      basic.axis += tensor.rank() - static_cast<int>(consumed);
    } else if (k.is_none()) {
      basic.x = ops::expand_dims(basic.x, basic.axis++);
    } else if (PySlice_Check(k.ptr())) {
      basic.take_slice(k.ptr());
    } else if (PyIndex_Check(k.ptr()) && !PyBool_Check(k.ptr())) {
      const Py_ssize_t index = PyNumber_AsSsize_t(k.ptr(), PyExc_IndexError);
      if (index == -1 && PyErr_Occurred()) throw py::error_already_set();
      basic.take_index(index);
    } else {
      raise(ErrorKind::kNotImplemented, "x[...]: advanced indexing");
    }
  }
  return wrap(basic.x);
}

}  // namespace nacre::bindings
