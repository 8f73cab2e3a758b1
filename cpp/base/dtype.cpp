#include "nacre/base/dtype.h"

#include <array>
#include <atomic>
#include <utility>

#include "nacre/base/error.h"

namespace nacre {
namespace {

struct Entry {
  std::string_view name;
  size_t size;
};
constexpr std::array<Entry, kNumDTypes> kEntries = {{
    {"bool", 1},
    {"int8", 1},
    {"int16", 2},
    {"int32", 4},
    {"int64", 8},
    {"uint8", 1},
    {"uint16", 2},
    {"uint32", 4},
    {"float16", 2},
    {"bfloat16", 2},
    {"float32", 4},
    {"float64", 8},
}};

std::atomic<DType> g_floatx{DType::kFloat32};

}  // namespace

size_t size_of(DType dtype) {
  return kEntries[static_cast<int>(dtype)].size;
}

std::string_view name_of(DType dtype) {
  return kEntries[static_cast<int>(dtype)].name;
}

DType parse_dtype(std::string_view name) {
  std::array<std::string_view, kNumDTypes> names;
  for (int i = 0; i < kNumDTypes; ++i) {
    if (kEntries[i].name == name) return static_cast<DType>(i);
    names[i] = kEntries[i].name;
  }
  if (name == "float") return floatx();
  if (name == "int") return DType::kInt32;
  value_error("expected a dtype name, received '", name, "'.",
              did_you_mean(std::string(name), names));
}

DType floatx() {
  return g_floatx.load(std::memory_order_relaxed);
}

void set_floatx(DType dtype) {
  if (!is_floating(dtype)) value_error("set_floatx: expected a floating dtype, received ", dtype);
  g_floatx.store(dtype, std::memory_order_relaxed);
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);  // bool < signed < unsigned < floating in the enum's order
  if (a == DType::kBool) return b;
  if (is_floating(b)) {
    if (!is_floating(a)) return b;
    // float16 with bfloat16 has no common half: float32.
    if (a == DType::kFloat16 && b == DType::kBFloat16) return DType::kFloat32;
    return b;
  }
  if (is_unsigned(a) || !is_unsigned(b)) return b;  // both signed or both unsigned: the wider
  // signed a with unsigned b: the signed type wider than b, at least a.
  const DType wider = b == DType::kUInt8    ? DType::kInt16
                      : b == DType::kUInt16 ? DType::kInt32
                                            : DType::kInt64;
  return wider > a ? wider : a;
}

DType promote(DType tensor, ScalarKind scalar) {
  if (scalar == ScalarKind::kFloat && !is_floating(tensor)) return floatx();
  if (scalar == ScalarKind::kInt && tensor == DType::kBool) return DType::kInt32;
  return tensor;
}

}  // namespace nacre
