// DLPack both ways: tensors share memory with other libraries without NumPy.
#include <array>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/dlpack_abi.h"
#include "bindings/errors.h"
#include "bindings/tensor.h"
#include "nacre/ops/recorder.h"

namespace nacre::bindings {
namespace {

constexpr const char* kName = "dltensor";
constexpr const char* kVersionedName = "dltensor_versioned";
constexpr const char* kUsedName = "used_dltensor";
constexpr const char* kUsedVersionedName = "used_dltensor_versioned";

[[noreturn]] void buffer_error(const std::string& message) {
  PyErr_SetString(PyExc_BufferError, message.c_str());
  throw py::error_already_set();
}

dlpack::DataType data_type(DType dtype) {
  const auto bits = static_cast<uint8_t>(8 * size_of(dtype));
  if (dtype == DType::kBool) return {dlpack::kBool, 8, 1};
  if (dtype == DType::kBFloat16) return {dlpack::kBFloat, bits, 1};
  if (is_floating(dtype)) return {dlpack::kFloat, bits, 1};
  return {is_unsigned(dtype) ? dlpack::kUInt : dlpack::kInt, bits, 1};
}

DType dtype_of_data(dlpack::DataType type) {
  if (type.lanes == 1) {
    for (int i = 0; i < kNumDTypes; ++i) {
      const auto dtype = static_cast<DType>(i);
      const dlpack::DataType ours = data_type(dtype);
      if (ours.code == type.code && ours.bits == type.bits) return dtype;
    }
  }
  type_error("from_dlpack: no tensor dtype for DLPack's type code ", int{type.code}, " of ",
             int{type.bits}, " bits, ", type.lanes, " lanes");
}

// What an export keeps alive, behind the structure handed out.
template <class M>
struct Export {
  M managed{};
  Tensor tensor;
  std::array<int64_t, kMaxRank> shape{};
  std::array<int64_t, kMaxRank> strides{};
};

template <class M>
M* make_export(Tensor tensor) {
  auto* e = new Export<M>;
  e->tensor = std::move(tensor);
  int64_t stride = 1;
  const Shape& shape = e->tensor.shape();
  for (int i = shape.rank() - 1; i >= 0; --i) {
    e->shape[i] = shape[i];
    e->strides[i] = stride;
    stride *= shape[i];
  }
  e->managed.array = {const_cast<void*>(e->tensor.data()),
                      {dlpack::kCpu, 0},
                      shape.rank(),
                      data_type(e->tensor.dtype()),
                      e->shape.data(),
                      e->strides.data(),
                      0};
  e->managed.context = e;
  e->managed.deleter = [](M* m) { delete static_cast<Export<M>*>(m->context); };
  return &e->managed;
}

template <class M>
void drop_capsule(PyObject* capsule, const char* name) {
  if (!PyCapsule_IsValid(capsule, name)) return;  // its consumer has taken it over
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  if (managed->deleter) managed->deleter(managed);
}

bool is_dense(const dlpack::Array& a) {
  if (!a.strides) return true;
  int64_t expected = 1;
  for (int i = a.ndim - 1; i >= 0; --i) {
    if (a.shape[i] != 1 && a.strides[i] != expected) return false;
    expected *= a.shape[i];
  }
  return true;
}

// Copies a strided block in row-major order.
void copy_strided(const dlpack::Array& a, const char* src, char*& dst, int axis, size_t item) {
  if (axis == a.ndim) {
    std::memcpy(dst, src, item);
    dst += item;
    return;
  }
  for (int64_t i = 0; i < a.shape[axis]; ++i) {
    copy_strided(a, src + i * a.strides[axis] * static_cast<int64_t>(item), dst, axis + 1, item);
  }
}

// A tensor from an array whose owner is freed by `release`; `copy`: None (as needed), true, false.
Tensor import_array(const dlpack::Array& a, std::optional<bool> copy,
                    std::function<void()> release) {
  struct Guard {
    std::function<void()>& release;
    ~Guard() {
      if (release) release();
    }
  } guard{release};
  if (a.device.type != dlpack::kCpu) {
    buffer_error("from_dlpack: the data is on device type " + std::to_string(a.device.type) +
                 ", not in CPU memory");
  }
  if (a.ndim < 0 || a.ndim > kMaxRank) {
    value_error("from_dlpack: expected at most ", kMaxRank, " dimensions, received ", a.ndim);
  }
  const DType dtype = dtype_of_data(a.dtype);
  const size_t item = size_of(dtype);
  Shape shape;
  bool empty = false;
  for (int i = 0; i < a.ndim; ++i) {
    if (a.shape[i] < 0) value_error("from_dlpack: negative dimension ", a.shape[i]);
    shape.push_back(a.shape[i]);
    empty = empty || a.shape[i] == 0;
  }
  const TensorSpec spec{dtype, shape};
  if (empty) return Tensor(spec);
  char* data = static_cast<char*>(a.data) + a.byte_offset;
  const bool shareable = is_dense(a) && reinterpret_cast<uintptr_t>(data) % item == 0;
  if (copy == std::optional<bool>(false) && !shareable) {
    buffer_error("from_dlpack: the array is not dense row-major: copy=False is not possible");
  }
  if (!copy.value_or(false) && shareable) {
    auto storage = make_ref<Storage>(data, spec.bytes(), std::move(release), Foreign::kShared);
    release = nullptr;
    return Tensor(spec, std::move(storage), 0);
  }
  Tensor t(spec);
  char* dst = static_cast<char*>(t.mutable_data());
  if (is_dense(a)) {
    std::memcpy(dst, data, spec.bytes());
  } else {
    copy_strided(a, data, dst, 0, item);
  }
  return t;
}

template <class M>
Tensor import_capsule(PyObject* capsule, const char* name, const char* used_name,
                      std::optional<bool> copy) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  if (!managed) throw py::error_already_set();
  if constexpr (requires { managed->version; }) {
    if (managed->version.major > dlpack::kMajorVersion) {
      buffer_error("from_dlpack: DLPack version " + std::to_string(managed->version.major) +
                   " is newer than 1");
    }
  }
  PyCapsule_SetName(capsule, used_name);
  PyCapsule_SetDestructor(capsule, nullptr);
  return import_array(managed->array, copy, [managed] {
    if (!managed->deleter || !Py_IsInitialized()) return;
    const py::gil_scoped_acquire gil;
    managed->deleter(managed);
  });
}

Tensor from_dlpack(const py::object& x, const py::object& device, const py::object& copy) {
  if (!device.is_none() && py::str(device).cast<std::string>() != "cpu") {
    value_error("from_dlpack: expected device None or 'cpu', received ",
                py::repr(device).cast<std::string>());
  }
  std::optional<bool> wanted;
  if (!copy.is_none()) wanted = copy.cast<bool>();
  py::object capsule = x;
  if (!PyCapsule_CheckExact(x.ptr())) {
    if (!py::hasattr(x, "__dlpack__")) {
      type_error("from_dlpack: expected an object with __dlpack__, received one of type ",
                 Py_TYPE(x.ptr())->tp_name);
    }
    try {
      capsule = x.attr("__dlpack__")(py::arg("max_version") = py::make_tuple(1, 0));
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_TypeError)) throw;
      capsule = x.attr("__dlpack__")();  // of before DLPack 1
    }
  }
  if (PyCapsule_IsValid(capsule.ptr(), kVersionedName)) {
    return import_capsule<dlpack::ManagedVersioned>(capsule.ptr(), kVersionedName,
                                                    kUsedVersionedName, wanted);
  }
  if (PyCapsule_IsValid(capsule.ptr(), kName)) {
    return import_capsule<dlpack::Managed>(capsule.ptr(), kName, kUsedName, wanted);
  }
  value_error("from_dlpack: the capsule was consumed already, or is no DLPack capsule");
}

}  // namespace

PyObject* tensor_dlpack(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&]() -> PyObject* {
    if (n > 0) type_error("Tensor.__dlpack__: its arguments are keyword-only");
    py::handle max_version, device, copy;
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); ++i) {
      const std::string name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
      const py::handle value = args[i];
      if (value.is_none()) continue;
      if (name == "max_version") {
        max_version = value;
      } else if (name == "dl_device") {
        device = value;
      } else if (name == "copy") {
        copy = value;
      } else if (name == "stream") {
        buffer_error("Tensor.__dlpack__: stream must be None for data in CPU memory");
      } else {
        type_error("Tensor.__dlpack__: unexpected keyword argument '", name, "'");
      }
    }
    Tensor t = tensor_of(self);
    require_value(t, "__dlpack__");
    if (device && device.cast<std::pair<int, int>>() != std::pair<int, int>(dlpack::kCpu, 0)) {
      buffer_error("Tensor.__dlpack__: the data is in CPU memory, device (1, 0)");
    }
    const bool versioned = max_version && max_version.cast<std::pair<int, int>>().first >= 1;
    // Before version 1 nobody can be told that tensors are immutable: they get a copy.
    const bool copied = copy ? copy.cast<bool>() : !versioned;
    if (copied) t = t.clone();
    if (versioned) {
      auto* managed = make_export<dlpack::ManagedVersioned>(std::move(t));
      managed->version = {dlpack::kMajorVersion, 0};
      managed->flags = copied ? dlpack::kIsCopied : dlpack::kReadOnly;
      return PyCapsule_New(managed, kVersionedName, [](PyObject* capsule) {
        drop_capsule<dlpack::ManagedVersioned>(capsule, kVersionedName);
      });
    }
    return PyCapsule_New(make_export<dlpack::Managed>(std::move(t)), kName,
                         [](PyObject* capsule) { drop_capsule<dlpack::Managed>(capsule, kName); });
  });
}

PyObject* tensor_dlpack_device(PyObject*, PyObject*) {
  return Py_BuildValue("(ii)", dlpack::kCpu, 0);
}

void bind_dlpack(py::module_& m) {
  m.def("from_dlpack", from_dlpack, py::arg("x"), py::arg("device") = py::none(),
        py::arg("copy") = py::none(),
        "A tensor on the memory of another library's CPU array (an object with __dlpack__), which "
        "must not change afterwards; a copy where that memory is not dense, or with copy=True.");
}

}  // namespace nacre::bindings
