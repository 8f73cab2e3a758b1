// The Python type nacre.Tensor, written with the C API: every op call makes one.
#include "bindings/tensor.h"

#include <Python.h>
#include <structmember.h>

#include <new>

#include "bindings/bindings.h"
#include "bindings/call.h"
#include "bindings/errors.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre::bindings {

PyTypeObject* g_tensor_type = nullptr;

PyObject* wrap(Tensor tensor) {
  if (!tensor.defined()) Py_RETURN_NONE;
  auto* self = PyObject_New(PyTensor, g_tensor_type);
  if (!self) throw py::error_already_set();
  new (&self->tensor) Tensor(std::move(tensor));
  self->weakrefs = nullptr;
  return reinterpret_cast<PyObject*>(self);
}

void require_value(const Tensor& tensor, const char* what) {
  if (tensor.is_placeholder()) {
    value_error("Tensor.", what, ": a placeholder has a shape ", tensor.shape(),
                " and a dtype but no value. It stands for the inputs of a model being built.");
  }
  observe(tensor);
}

py::tuple shape_tuple(const Shape& shape) {
  py::tuple dims(shape.rank());
  for (int i = 0; i < shape.rank(); ++i) {
    PyObject* dim =
        shape[i] == kUnknownDim ? py::none().release().ptr() : PyLong_FromLongLong(shape[i]);
    PyTuple_SET_ITEM(dims.ptr(), i, dim);
  }
  return dims;
}

namespace {

PyObject* text(std::string_view s) {
  return PyUnicode_FromStringAndSize(s.data(), static_cast<Py_ssize_t>(s.size()));
}

void dealloc(PyObject* self) {
  auto* object = reinterpret_cast<PyTensor*>(self);
  if (object->weakrefs) PyObject_ClearWeakRefs(self);
  object->tensor.~Tensor();
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

// --- attributes ---

PyObject* get_shape(PyObject* self, void*) {
  return guarded([&] { return shape_tuple(tensor_of(self).shape()).release().ptr(); });
}
PyObject* get_dtype(PyObject* self, void*) {
  return text(name_of(tensor_of(self).dtype()));
}
PyObject* get_ndim(PyObject* self, void*) {
  return PyLong_FromLong(tensor_of(self).rank());
}
PyObject* get_size(PyObject* self, void*) {
  const Tensor& t = tensor_of(self);
  if (!t.shape().is_known()) Py_RETURN_NONE;
  return PyLong_FromLongLong(t.size());
}
PyObject* get_itemsize(PyObject* self, void*) {
  return PyLong_FromSize_t(size_of(tensor_of(self).dtype()));
}
PyObject* get_nbytes(PyObject* self, void*) {
  const Tensor& t = tensor_of(self);
  if (!t.shape().is_known()) Py_RETURN_NONE;
  return PyLong_FromSize_t(t.bytes());
}
PyObject* get_device(PyObject*, void*) {
  return text("cpu");
}
PyObject* get_transposed(PyObject* self, void*) {
  return guarded([&] { return wrap(ops::transpose(tensor_of(self))); });
}
PyObject* get_false(PyObject*, void*) {
  Py_RETURN_FALSE;
}

PyObject* get_mask(PyObject* self, void*) {
  return guarded([&] { return wrap(tensor_of(self).mask()); });
}
int set_mask(PyObject* self, PyObject* value, void*) {
  return guarded<int>(
      [&] {
        const bool none = !value || value == Py_None;
        reinterpret_cast<PyTensor*>(self)->tensor.set_mask(none ? Tensor() : to_tensor(value));
        return 0;
      },
      -1);
}

PyGetSetDef kAttributes[] = {
    {"shape", get_shape, nullptr, "Dimensions, a tuple; None where not known yet.", nullptr},
    {"dtype", get_dtype, nullptr, "Name of the element type, e.g. 'float32'.", nullptr},
    {"ndim", get_ndim, nullptr, "Number of dimensions.", nullptr},
    {"size", get_size, nullptr, "Number of elements.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes of one element.", nullptr},
    {"nbytes", get_nbytes, nullptr, "Bytes of all elements.", nullptr},
    {"device", get_device, nullptr, "Where the data is: 'cpu'.", nullptr},
    {"T", get_transposed, nullptr, "The tensor with its axes reversed.", nullptr},
    {"sparse", get_false, nullptr, "False: tensors are dense.", nullptr},
    {"ragged", get_false, nullptr, "False: tensors are dense.", nullptr},
    {"_keras_mask", get_mask, set_mask, "Which steps count, or None.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

// --- reading values ---

PyObject* numpy_method(PyObject* self, PyObject*) {
  return guarded([&] {
    require_value(tensor_of(self), "numpy");
    return to_numpy(tensor_of(self), true).release().ptr();
  });
}

PyObject* array_method(PyObject* self, PyObject* args, PyObject* kwargs) {
  PyObject* dtype = Py_None;
  PyObject* copy = Py_None;
  const char* names[] = {"dtype", "copy", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:__array__", const_cast<char**>(names), &dtype,
                                   &copy)) {
    return nullptr;
  }
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    require_value(t, "__array__");
    const bool must_share = copy == Py_False;
    if (must_share && t.dtype() == DType::kBFloat16) {
      value_error("Tensor.__array__: bfloat16 has no NumPy dtype, so copy=False is not possible");
    }
    const bool plain = dtype == Py_None;
    py::object array = to_numpy(t, copy == Py_True && plain);
    if (plain) return array.release().ptr();
    const py::object wanted = py::module_::import("numpy").attr("dtype")(py::handle(dtype));
    const bool same = wanted.equal(array.attr("dtype"));
    if (!same && must_share) {
      value_error("Tensor.__array__: dtype=", py::str(wanted).cast<std::string>(),
                  " needs a copy of this ", t.dtype(), " tensor, and copy=False forbids it");
    }
    if (same && copy != Py_True) return array.release().ptr();
    return array.attr("astype")(wanted).release().ptr();
  });
}

PyObject* scalar_object(const Tensor& t) {
  switch (t.dtype()) {
    case DType::kBool:
      return PyBool_FromLong(t.item() != 0);
    default:
      return is_floating(t.dtype()) ? PyFloat_FromDouble(t.item())
                                    : PyLong_FromLongLong(t.item_int());
  }
}

PyObject* item_method(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    require_value(t, "item");
    if (n == 0) {
      if (t.size() != 1) {
        value_error("Tensor.item: expected a tensor of one element, received shape ", t.shape());
      }
      return scalar_object(t);
    }
    const py::object array = to_numpy(t, false);
    py::tuple indices(n);
    for (Py_ssize_t i = 0; i < n; ++i) indices[i] = py::handle(args[i]);
    return array.attr("item")(*indices).release().ptr();
  });
}

PyObject* tolist_method(PyObject* self, PyObject*) {
  return guarded([&] {
    require_value(tensor_of(self), "tolist");
    return to_numpy(tensor_of(self), false).attr("tolist")().release().ptr();
  });
}

void require_one_element(const Tensor& t, const char* what) {
  require_value(t, what);
  if (t.size() == 1) return;
  if (std::string_view(what) == "__bool__") {
    value_error("The truth value of a tensor of shape ", t.shape(),
                " is ambiguous: use nacre.ops.any(x) or nacre.ops.all(x)");
  }
  type_error("Tensor.", what, ": only a tensor of one element can be converted, received shape ",
             t.shape());
}

int as_bool(PyObject* self) {
  return guarded<int>(
      [&] {
        require_one_element(tensor_of(self), "__bool__");
        return tensor_of(self).item() != 0 ? 1 : 0;
      },
      -1);
}
PyObject* as_float(PyObject* self) {
  return guarded([&] {
    require_one_element(tensor_of(self), "__float__");
    return PyFloat_FromDouble(tensor_of(self).item());
  });
}
PyObject* as_int(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    require_one_element(t, "__int__");
    return is_floating(t.dtype()) ? PyLong_FromDouble(t.item()) : PyLong_FromLongLong(t.item_int());
  });
}
PyObject* as_index(PyObject* self) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    if (is_floating(t.dtype()) || t.rank() != 0) {
      type_error("Tensor.__index__: only a scalar integer tensor is an index, received dtype ",
                 t.dtype(), ", shape ", t.shape());
    }
    require_value(t, "__index__");
    return PyLong_FromLongLong(t.item_int());
  });
}

// --- buffer protocol ---

const char* buffer_format(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "?";
    case DType::kInt8:
      return "b";
    case DType::kInt16:
      return "h";
    case DType::kInt32:
      return "i";
    case DType::kInt64:
      return "q";
    case DType::kUInt8:
      return "B";
    case DType::kUInt16:
      return "H";
    case DType::kUInt32:
      return "I";
    case DType::kFloat16:
      return "e";
    case DType::kFloat32:
      return "f";
    case DType::kFloat64:
      return "d";
    default:
      return nullptr;
  }
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  const int done = guarded<int>(
      [&] {
        const Tensor& t = tensor_of(self);
        require_value(t, "__buffer__");
        const char* format = buffer_format(t.dtype());
        if (!format || (flags & PyBUF_WRITABLE) == PyBUF_WRITABLE) {
          PyErr_SetString(PyExc_BufferError, format
                                                 ? "a tensor is immutable: its buffer is read-only"
                                                 : "bfloat16 has no format in the buffer protocol");
          return -1;
        }
        auto* dims = new Py_ssize_t[2 * kMaxRank];
        Py_ssize_t stride = static_cast<Py_ssize_t>(size_of(t.dtype()));
        for (int i = t.rank() - 1; i >= 0; --i) {
          dims[i] = t.shape()[i];
          dims[kMaxRank + i] = stride;
          stride *= dims[i];
        }
        view->buf = const_cast<void*>(t.data());
        view->len = static_cast<Py_ssize_t>(t.bytes());
        view->itemsize = static_cast<Py_ssize_t>(size_of(t.dtype()));
        view->readonly = 1;
        view->ndim = t.rank();
        view->format = (flags & PyBUF_FORMAT) ? const_cast<char*>(format) : nullptr;
        view->shape = (flags & PyBUF_ND) == PyBUF_ND ? dims : nullptr;
        view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? dims + kMaxRank : nullptr;
        view->suboffsets = nullptr;
        view->internal = dims;
        return 0;
      },
      -1);
  if (done == 0) view->obj = Py_NewRef(self);
  return done;
}

void release_buffer(PyObject*, Py_buffer* view) {
  delete[] static_cast<Py_ssize_t*>(view->internal);
}

// --- text ---

PyObject* repr(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    if (t.is_placeholder()) {
      return text(str_cat("<Tensor shape=", t.shape(), ", dtype=", t.dtype(), ">"));
    }
    const PauseRecording pause;
    const py::object numpy = py::module_::import("numpy");
    const py::object array = to_numpy(t, false);
    const std::string values =
        numpy
            .attr("array2string")(array, py::arg("separator") = ", ", py::arg("prefix") = "Tensor(")
            .cast<std::string>();
    std::string tail;
    if (t.size() == 0 || t.size() > 1000) tail = str_cat(", shape=", t.shape());
    return text(str_cat("Tensor(", values, tail, ", dtype=", t.dtype(), ")"));
  });
}

PyObject* str(PyObject* self) {
  if (tensor_of(self).is_placeholder()) return repr(self);
  return guarded([&] { return PyObject_Str(to_numpy(tensor_of(self), false).ptr()); });
}

PyObject* format(PyObject* self, PyObject* spec) {
  return guarded([&]() -> PyObject* {
    if (PyUnicode_GetLength(spec) == 0) return str(self);
    const Tensor& t = tensor_of(self);
    require_value(t, "__format__");
    if (t.size() != 1) {
      type_error("Tensor.__format__: a format needs a tensor of one element, received shape ",
                 t.shape());
    }
    const auto value = py::reinterpret_steal<py::object>(scalar_object(t));
    return PyObject_Format(value.ptr(), spec);
  });
}

// --- the rest ---

PyObject* astype_method(PyObject* self, PyObject* dtype) {
  return guarded([&] { return wrap(ops::cast(tensor_of(self), to_dtype(dtype))); });
}

PyObject* reshape_method(PyObject* self, PyObject* args) {
  return guarded([&] {
    const bool one = PyTuple_GET_SIZE(args) == 1 && !PyIndex_Check(PyTuple_GET_ITEM(args, 0));
    PyObject* dims = one ? PyTuple_GET_ITEM(args, 0) : args;
    PyObject* operands[] = {self, dims};
    return call_op("reshape", operands, 2, nullptr);
  });
}

PyObject* reduce_method(PyObject* self, PyObject*) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    require_value(t, "__reduce__");
    const py::object make = py::module_::import("nacre._core").attr("tensor_from_numpy");
    return py::make_tuple(make, py::make_tuple(to_numpy(t, false), t.dtype())).release().ptr();
  });
}

PyObject* copy_method(PyObject* self, PyObject*) {
  return Py_NewRef(self);
}  // immutable

// x.sum(axis, keepdims=...) and the like: nacre.ops.<name> with x first.
template <const char* name>
PyObject* op_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    const Py_ssize_t total = n + (names ? PyTuple_GET_SIZE(names) : 0);
    std::vector<PyObject*> all{self};
    all.insert(all.end(), args, args + total);
    return call_op(name, all.data(), static_cast<size_t>(n) + 1, names);
  });
}

constexpr char kSum[] = "sum", kMean[] = "mean", kMax[] = "max", kMin[] = "min", kAny[] = "any",
               kAll[] = "all", kArgmax[] = "argmax", kArgmin[] = "argmin", kProd[] = "prod",
               kStd[] = "std", kVar[] = "var", kTranspose[] = "transpose", kRavel[] = "ravel",
               kSqueeze[] = "squeeze", kClip[] = "clip", kRound[] = "round";

template <const char* name>
constexpr PyMethodDef op_method_def() {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&op_method<name>)),
          METH_FASTCALL | METH_KEYWORDS,
          "The op of this name of nacre.ops, applied to the tensor."};
}

Py_ssize_t length(PyObject* self) {
  return guarded<Py_ssize_t>(
      [&]() -> Py_ssize_t {
        const Shape& shape = tensor_of(self).shape();
        if (shape.empty()) type_error("len() of a scalar tensor");
        if (shape[0] == kUnknownDim) value_error("len() of a tensor whose length is not known yet");
        return static_cast<Py_ssize_t>(shape[0]);
      },
      -1);
}

PyObject* subscript(PyObject* self, PyObject* key) {
  return guarded([&] { return get_item(tensor_of(self), key); });
}

PyObject* sequence_item(PyObject* self, Py_ssize_t index) {
  return guarded([&] {
    const auto key = py::reinterpret_steal<py::object>(PyLong_FromSsize_t(index));
    return get_item(tensor_of(self), key.ptr());
  });
}

PyObject* iterate(PyObject* self) {
  if (length(self) < 0) return nullptr;
  return PySeqIter_New(self);
}

PyMethodDef kMethods[] = {
    {"numpy", numpy_method, METH_NOARGS,
     "The values as a NumPy array of the caller's own (bfloat16 as float32). np.asarray(x) gives a "
     "read-only array without a copy."},
    {"item", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(item_method)), METH_FASTCALL,
     "The only element as a Python number; with indices, that element."},
    {"tolist", tolist_method, METH_NOARGS, "The values as nested lists of Python numbers."},
    {"astype", astype_method, METH_O, "The tensor with another dtype."},
    {"reshape", reshape_method, METH_VARARGS, "The tensor with another shape."},
    op_method_def<kSum>(),
    op_method_def<kMean>(),
    op_method_def<kMax>(),
    op_method_def<kMin>(),
    op_method_def<kAny>(),
    op_method_def<kAll>(),
    op_method_def<kArgmax>(),
    op_method_def<kArgmin>(),
    op_method_def<kProd>(),
    op_method_def<kStd>(),
    op_method_def<kVar>(),
    op_method_def<kTranspose>(),
    op_method_def<kRavel>(),
    op_method_def<kSqueeze>(),
    op_method_def<kClip>(),
    op_method_def<kRound>(),
    {"__array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(array_method)),
     METH_VARARGS | METH_KEYWORDS, "NumPy's conversion protocol."},
    {"__dlpack__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(tensor_dlpack)),
     METH_FASTCALL | METH_KEYWORDS, "Exports the data as a DLPack capsule."},
    {"__dlpack_device__", tensor_dlpack_device, METH_NOARGS, "DLPack's (device type, device id)."},
    {"__format__", format, METH_O, "Formats a tensor of one element as its number."},
    {"__reduce__", reduce_method, METH_NOARGS, "Pickles by value."},
    {"__copy__", copy_method, METH_NOARGS, "The tensor itself: it is immutable."},
    {"__deepcopy__", copy_method, METH_O, "The tensor itself: it is immutable."},
    {nullptr, nullptr, 0, nullptr}};

PyMemberDef kMembers[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(PyTensor, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

template <class F>
void* slot(F* function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

void bind_tensor(py::module_& m) {
  PyNumberMethods& number = g_number_methods;
  PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("An immutable n-dimensional array.")},
                         {Py_tp_dealloc, slot(dealloc)},
                         {Py_tp_repr, slot(repr)},
                         {Py_tp_str, slot(str)},
                         {Py_tp_hash, slot(PyBaseObject_Type.tp_hash)},  // by identity
                         {Py_tp_richcompare, slot(rich_compare)},
                         {Py_tp_iter, slot(iterate)},
                         {Py_tp_methods, kMethods},
                         {Py_tp_members, kMembers},
                         {Py_tp_getset, kAttributes},
                         {Py_mp_length, slot(length)},
                         {Py_mp_subscript, slot(subscript)},
                         {Py_sq_length, slot(length)},
                         {Py_sq_item, slot(sequence_item)},
                         {Py_bf_getbuffer, slot(get_buffer)},
                         {Py_bf_releasebuffer, slot(release_buffer)},
                         {Py_nb_bool, slot(as_bool)},
                         {Py_nb_float, slot(as_float)},
                         {Py_nb_int, slot(as_int)},
                         {Py_nb_index, slot(as_index)},
                         {Py_nb_add, slot(number.nb_add)},
                         {Py_nb_subtract, slot(number.nb_subtract)},
                         {Py_nb_multiply, slot(number.nb_multiply)},
                         {Py_nb_true_divide, slot(number.nb_true_divide)},
                         {Py_nb_floor_divide, slot(number.nb_floor_divide)},
                         {Py_nb_remainder, slot(number.nb_remainder)},
                         {Py_nb_divmod, slot(number.nb_divmod)},
                         {Py_nb_power, slot(number.nb_power)},
                         {Py_nb_matrix_multiply, slot(number.nb_matrix_multiply)},
                         {Py_nb_negative, slot(number.nb_negative)},
                         {Py_nb_positive, slot(number.nb_positive)},
                         {Py_nb_absolute, slot(number.nb_absolute)},
                         {Py_nb_invert, slot(number.nb_invert)},
                         {Py_nb_and, slot(number.nb_and)},
                         {Py_nb_or, slot(number.nb_or)},
                         {Py_nb_xor, slot(number.nb_xor)},
                         {Py_nb_lshift, slot(number.nb_lshift)},
                         {Py_nb_rshift, slot(number.nb_rshift)},
                         {0, nullptr}};
  PyType_Spec spec = {
      "nacre.Tensor", sizeof(PyTensor), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};
  g_tensor_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!g_tensor_type) throw py::error_already_set();
  // ndarray + tensor is a tensor; np.exp(tensor) an ndarray.
  PyDict_SetItemString(g_tensor_type->tp_dict, "__array_priority__", py::int_(1000).ptr());
  PyType_Modified(g_tensor_type);
  m.attr("Tensor") = py::handle(reinterpret_cast<PyObject*>(g_tensor_type));
}

}  // namespace nacre::bindings
