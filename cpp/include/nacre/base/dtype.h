// Element types of tensors, their names and the promotion rules of Keras 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

#include "nacre/base/half.h"

namespace nacre {

enum class DType : uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
};
inline constexpr int kNumDTypes = 12;

size_t size_of(DType dtype);               // bytes of one element
std::string_view name_of(DType dtype);     // "float32"
DType parse_dtype(std::string_view name);  // ValueError with a suggestion for an unknown name
inline bool is_floating(DType dtype) {
  return dtype >= DType::kFloat16;
}
inline bool is_unsigned(DType dtype) {
  return dtype >= DType::kUInt8 && dtype <= DType::kUInt32;
}
inline bool is_integer(DType dtype) {
  return dtype > DType::kBool && dtype < DType::kFloat16;
}
inline std::ostream& operator<<(std::ostream& out, DType dtype) {
  return out << name_of(dtype);
}

// The dtype of an operation over two tensors (keras.backend.result_type: JAX's lattice, without
// 64-bit results unless an input has them).
DType promote(DType a, DType b);
// How a Python scalar takes part: it is weak, so it only lifts the kind (bool < int < float).
enum class ScalarKind : uint8_t { kBool, kInt, kFloat };
DType promote(DType tensor, ScalarKind scalar);

// The default float dtype of the process ("float32"; keras.config.set_floatx).
DType floatx();
void set_floatx(DType dtype);

template <class T>
struct dtype_of_t;
template <>
struct dtype_of_t<bool> {
  static constexpr DType value = DType::kBool;
};
template <>
struct dtype_of_t<int8_t> {
  static constexpr DType value = DType::kInt8;
};
template <>
struct dtype_of_t<int16_t> {
  static constexpr DType value = DType::kInt16;
};
template <>
struct dtype_of_t<int32_t> {
  static constexpr DType value = DType::kInt32;
};
template <>
struct dtype_of_t<int64_t> {
  static constexpr DType value = DType::kInt64;
};
template <>
struct dtype_of_t<uint8_t> {
  static constexpr DType value = DType::kUInt8;
};
template <>
struct dtype_of_t<uint16_t> {
  static constexpr DType value = DType::kUInt16;
};
template <>
struct dtype_of_t<uint32_t> {
  static constexpr DType value = DType::kUInt32;
};
template <>
struct dtype_of_t<float16> {
  static constexpr DType value = DType::kFloat16;
};
template <>
struct dtype_of_t<bfloat16> {
  static constexpr DType value = DType::kBFloat16;
};
template <>
struct dtype_of_t<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct dtype_of_t<double> {
  static constexpr DType value = DType::kFloat64;
};
template <class T>
inline constexpr DType dtype_of = dtype_of_t<T>::value;

template <class T>
struct type_tag {
  using type = T;
};

// Calls f(type_tag<T>{}) with the C++ type of `dtype`.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool:
      return f(type_tag<bool>{});
    case DType::kInt8:
      return f(type_tag<int8_t>{});
    case DType::kInt16:
      return f(type_tag<int16_t>{});
    case DType::kInt32:
      return f(type_tag<int32_t>{});
    case DType::kInt64:
      return f(type_tag<int64_t>{});
    case DType::kUInt8:
      return f(type_tag<uint8_t>{});
    case DType::kUInt16:
      return f(type_tag<uint16_t>{});
    case DType::kUInt32:
      return f(type_tag<uint32_t>{});
    case DType::kFloat16:
      return f(type_tag<float16>{});
    case DType::kBFloat16:
      return f(type_tag<bfloat16>{});
    case DType::kFloat64:
      return f(type_tag<double>{});
    default:
      return f(type_tag<float>{});
  }
}

// The same over the floating types only; `dtype` must be one.
template <class F>
decltype(auto) dispatch_floating(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kFloat16:
      return f(type_tag<float16>{});
    case DType::kBFloat16:
      return f(type_tag<bfloat16>{});
    case DType::kFloat64:
      return f(type_tag<double>{});
    default:
      return f(type_tag<float>{});
  }
}

}  // namespace nacre
