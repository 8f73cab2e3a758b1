// NumPy arrays to tensors and back.
#include <cstring>

#include "bindings/convert.h"
#include "bindings/tensor.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre::bindings {

namespace py = pybind11;

namespace {

// From this size on, memory is handed over rather than copied where it is nobody else's.
constexpr size_t kShareBytes = size_t{64} << 10;

py::dtype numpy_dtype(DType dtype) {
  // NumPy's type numbers, in the order of DType; bfloat16 has none and travels as float32.
  static constexpr int kNumbers[kNumDTypes] = {0, 1, 3, 5, 9, 2, 4, 6, 23, 11, 11, 12};
  return py::dtype(kNumbers[static_cast<int>(dtype)]);
}

std::optional<DType> tensor_dtype(char kind, py::ssize_t size) {
  switch (kind) {
    case 'b':
      return DType::kBool;
    case 'i':
      return size == 1   ? DType::kInt8
             : size == 2 ? DType::kInt16
             : size == 4 ? DType::kInt32
                         : DType::kInt64;
    case 'u':
      if (size == 1) return DType::kUInt8;
      if (size == 2) return DType::kUInt16;
      if (size == 4) return DType::kUInt32;
      return {};
    case 'f':
      if (size == 2) return DType::kFloat16;
      if (size == 4) return DType::kFloat32;
      if (size == 8) return DType::kFloat64;
      return {};
    default:
      return {};
  }
}

[[noreturn]] void refuse(const py::dtype& dtype) {
  const std::string name = py::str(dtype).cast<std::string>();
  switch (dtype.kind()) {
    case 'O':
      type_error(
          "convert_to_tensor: cannot convert a NumPy array of dtype object: it holds Python "
          "objects, perhaps rows of different lengths");
    case 'U':
    case 'S':
      type_error("convert_to_tensor: cannot convert a NumPy array of strings (dtype ", name,
                 "): tensors hold no text");
    case 'c':
      type_error("convert_to_tensor: cannot convert a NumPy array of dtype ", name,
                 ": tensors are real; pass its real and imaginary parts");
    default:
      type_error("convert_to_tensor: no tensor dtype corresponds to NumPy's dtype ", name);
  }
}

bool is_dense(const py::array& array) {
  constexpr int kWanted =
      py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  return (array.flags() & kWanted) == kWanted;
}

}  // namespace

Ref<Storage> foreign_storage(void* data, size_t bytes, py::object owner) {
  PyObject* held = owner.release().ptr();
  return make_ref<Storage>(
      data, bytes,
      [held] {
        if (!Py_IsInitialized()) return;
        const py::gil_scoped_acquire gil;
        Py_DECREF(held);
      },
      Foreign::kShared);
}

Tensor from_array(const py::array& given, bool share) {
  const py::dtype dtype = given.dtype();
  if (given.ndim() > kMaxRank) {
    value_error("convert_to_tensor: expected at most ", kMaxRank,
                " dimensions, received an array of ", given.ndim());
  }
  const char order = dtype.byteorder();
  std::optional<DType> known = tensor_dtype(dtype.kind(), dtype.itemsize());
  py::array array = given;
  if (!known && dtype.kind() == 'u' && dtype.itemsize() == 8) {  // uint64
    if (given.size() > 0 && given.attr("max")().cast<uint64_t>() >> 63) {
      value_error("convert_to_tensor: a uint64 value above 2**63 - 1 has no tensor dtype");
    }
    array = given.attr("astype")("int64");
    known = DType::kInt64;
    share = true;
  } else if (!known && dtype.kind() == 'f' && dtype.itemsize() > 8) {  // long double
    array = given.attr("astype")("float64");
    known = DType::kFloat64;
    share = true;
  } else if (!known && dtype.itemsize() == 2 &&
             py::str(dtype).cast<std::string>() == "bfloat16") {  // of ml_dtypes
    array = given.attr("view")("uint16");
    known = DType::kBFloat16;
  } else if (!known) {
    refuse(dtype);
  }
  if (order == '>') {
    array = array.attr("astype")(dtype.attr("newbyteorder")("="));
    share = true;
  }
  if (!is_dense(array)) {
    array = array.attr("copy")(py::arg("order") = "C");
    share = true;
  }
  Shape shape;
  for (py::ssize_t i = 0; i < array.ndim(); ++i) shape.push_back(array.shape(i));
  const TensorSpec spec{*known, shape};
  const size_t bytes = spec.bytes();
  if (share && bytes >= kShareBytes) {
    void* data = const_cast<void*>(array.data());
    return Tensor(spec, foreign_storage(data, bytes, array), 0);
  }
  Tensor t(spec);
  if (bytes) std::memcpy(t.mutable_data(), array.data(), bytes);
  return t;
}

py::object to_numpy(const Tensor& given, bool copy) {
  Tensor t = given;
  if (t.dtype() == DType::kBFloat16) {
    const PauseRecording pause;
    t = ops::cast(t, DType::kFloat32);
  }
  const std::vector<py::ssize_t> dims(t.shape().begin(), t.shape().end());
  if (copy) {
    py::array array(numpy_dtype(t.dtype()), dims);
    if (t.bytes()) std::memcpy(array.mutable_data(), t.data(), t.bytes());
    return array;
  }
  const auto owner = py::reinterpret_steal<py::object>(wrap(t));
  py::array array(numpy_dtype(t.dtype()), dims, t.data(), owner);
  py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

}  // namespace nacre::bindings
