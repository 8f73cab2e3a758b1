// nacre.Tensor and nacre.Variable as Python objects, and how values become operands.
#pragma once

#include <Python.h>
#include <pybind11/pybind11.h>

#include <optional>
#include <string_view>

#include "nacre/graph/variable.h"
#include "nacre/tensor/tensor.h"

namespace nacre::bindings {

struct PyTensor {
  PyObject_HEAD Tensor tensor;
  PyObject* weakrefs;
};

struct PyVariable {
  PyObject_HEAD VariableRef variable;
  PyObject* dict;
  PyObject* weakrefs;
};

extern PyTypeObject* g_tensor_type;
extern PyTypeObject* g_variable_type;

inline bool is_tensor(PyObject* object) {
  return Py_TYPE(object) == g_tensor_type;
}
inline bool is_variable(PyObject* object) {
  return Py_TYPE(object) == g_variable_type || PyType_IsSubtype(Py_TYPE(object), g_variable_type);
}
inline const Tensor& tensor_of(PyObject* object) {
  return reinterpret_cast<PyTensor*>(object)->tensor;
}
inline const VariableRef& variable_of(PyObject* object) {
  return reinterpret_cast<PyVariable*>(object)->variable;
}

// New references. None for an undefined tensor; a Variable has one Python object while that lives.
PyObject* wrap(Tensor tensor);
PyObject* wrap(const VariableRef& variable);

// A Python value as an operand of an op: a tensor, a variable's value, a weak scalar for a Python
// number, a copy of array-likes and nested sequences. TypeError for anything else.
Tensor to_operand(PyObject* value);
// The same, undefined instead of an error for types that are no operands (for NotImplemented).
Tensor to_operand_or_none(PyObject* value);
// The same, never weak; cast when a dtype is given (keras.ops.convert_to_tensor).
Tensor to_tensor(PyObject* value, std::optional<DType> dtype = {});
// A dtype from a name, a NumPy dtype or scalar type; TypeError/ValueError otherwise.
DType to_dtype(PyObject* value);

// A new NumPy array: read-only on the tensor's data, or a copy that belongs to the caller.
// bfloat16 comes as float32.
pybind11::object to_numpy(const Tensor& tensor, bool copy);
// observe(), then ValueError for a placeholder, naming what was tried.
void require_value(const Tensor& tensor, const char* what);
// (2, None, 3)
pybind11::tuple shape_tuple(const Shape& shape);

// Pieces of the two types, each in its own file.
extern PyNumberMethods g_number_methods;
PyObject* rich_compare(PyObject* a, PyObject* b, int comparison);
PyObject* get_item(const Tensor& tensor, PyObject* key);
PyObject* tensor_dlpack(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names);
PyObject* tensor_dlpack_device(PyObject* self, PyObject*);

}  // namespace nacre::bindings

namespace pybind11::detail {

template <>
struct type_caster<nacre::Tensor> {
  PYBIND11_TYPE_CASTER(nacre::Tensor, const_name("nacre.Tensor"));
  bool load(handle source, bool convert) {
    if (nacre::bindings::is_tensor(source.ptr())) {
      value = nacre::bindings::tensor_of(source.ptr());
      return true;
    }
    if (!convert || source.is_none()) return false;
    value = nacre::bindings::to_operand_or_none(source.ptr());
    return value.defined();
  }
  static handle cast(const nacre::Tensor& tensor, return_value_policy, handle) {
    return nacre::bindings::wrap(tensor);
  }
};

template <>
struct type_caster<nacre::VariableRef> {
  PYBIND11_TYPE_CASTER(nacre::VariableRef, const_name("nacre.Variable"));
  bool load(handle source, bool) {
    if (!nacre::bindings::is_variable(source.ptr())) return false;
    value = nacre::bindings::variable_of(source.ptr());
    return true;
  }
  static handle cast(const nacre::VariableRef& variable, return_value_policy, handle) {
    return nacre::bindings::wrap(variable);
  }
};

template <>
struct type_caster<nacre::DType> {
  PYBIND11_TYPE_CASTER(nacre::DType, const_name("str"));
  bool load(handle source, bool) {
    value = nacre::bindings::to_dtype(source.ptr());
    return true;
  }
  static handle cast(nacre::DType dtype, return_value_policy, handle) {
    const std::string_view name = nacre::name_of(dtype);
    return PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size()));
  }
};

template <>
struct type_caster<nacre::Shape> {
  PYBIND11_TYPE_CASTER(nacre::Shape, const_name("tuple[int | None, ...]"));
  bool load(handle source, bool) {
    if (!PyTuple_Check(source.ptr()) && !PyList_Check(source.ptr())) return false;
    value = nacre::Shape();
    for (const handle dim : reinterpret_borrow<sequence>(source)) {
      if (dim.is_none()) {
        value.push_back(nacre::kUnknownDim);
        continue;
      }
      const Py_ssize_t n = PyNumber_AsSsize_t(dim.ptr(), PyExc_OverflowError);
      if (n == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return false;
      }
      value.push_back(n);
    }
    return true;
  }
  static handle cast(const nacre::Shape& shape, return_value_policy, handle) {
    return nacre::bindings::shape_tuple(shape).release();
  }
};

}  // namespace pybind11::detail
