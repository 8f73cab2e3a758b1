// Typed attributes of an op: a plain struct whose fields are also readable by name, so that Python
// calls, serialization and graph passes need no second description of them.
//
//   struct SoftmaxAttrs : AttrsOf<SoftmaxAttrs> {
//     int64_t axis = -1;
//     NACRE_ATTRS(axis)
//   };
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "nacre/base/dtype.h"
#include "nacre/base/error.h"
#include "nacre/base/ref.h"

namespace nacre {

using IntList = std::vector<int64_t>;
using FloatList = std::vector<double>;
// None, bool, int, float, str, dtype, a list of ints, a list of floats.
using AttrValue =
    std::variant<std::monostate, bool, int64_t, double, std::string, DType, IntList, FloatList>;

// Text of a value as Python would write it: "None", "True", "(1, 2)", "'same'".
std::string to_string(const AttrValue& value);

// Conversions between a field and an AttrValue; TypeError when the kinds do not fit.
void assign_attr(bool& field, const AttrValue& value);
void assign_attr(int64_t& field, const AttrValue& value);
void assign_attr(double& field, const AttrValue& value);
void assign_attr(std::string& field, const AttrValue& value);
void assign_attr(DType& field, const AttrValue& value);
void assign_attr(IntList& field, const AttrValue& value);
void assign_attr(FloatList& field, const AttrValue& value);
template <class T>
void assign_attr(std::optional<T>& field, const AttrValue& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    field.reset();
  } else {
    assign_attr(field.emplace(), value);
  }
}
template <class T>
AttrValue attr_value(const T& field) {
  return AttrValue(field);
}
template <class T>
AttrValue attr_value(const std::optional<T>& field) {
  return field ? AttrValue(*field) : AttrValue();
}

// Splits "axis, keepdims" into its names.
std::vector<std::string> split_names(std::string_view names);

struct Attrs : RefCounted {
  virtual const std::vector<std::string>& field_names() const = 0;
  virtual void set(int field, const AttrValue& value) = 0;
  virtual AttrValue get(int field) const = 0;
  // The text of a field's declared type: "int", "float | None"; for signatures and stubs.
  virtual std::string field_type(int field) const = 0;
};

bool operator==(const Attrs& a, const Attrs& b);

namespace detail {

template <class T>
inline constexpr const char* kTypeText = "object";
template <>
inline constexpr const char* kTypeText<bool> = "bool";
template <>
inline constexpr const char* kTypeText<int64_t> = "int";
template <>
inline constexpr const char* kTypeText<double> = "float";
template <>
inline constexpr const char* kTypeText<std::string> = "str";
template <>
inline constexpr const char* kTypeText<DType> = "str";
template <>
inline constexpr const char* kTypeText<IntList> = "int | Sequence[int]";
template <>
inline constexpr const char* kTypeText<FloatList> = "float | Sequence[float]";

template <class T>
std::string type_text(const T&) {
  return kTypeText<T>;
}
template <class T>
std::string type_text(const std::optional<T>&) {
  return std::string(kTypeText<T>) + " | None";
}

// Calls f on element `index` of a tuple.
template <class Tuple, class F>
void visit_at(Tuple&& tuple, int index, F&& f) {
  std::apply(
      [&](auto&... fields) {
        int i = 0;
        ((i++ == index ? f(fields) : void()), ...);
      },
      tuple);
}

}  // namespace detail

template <class Derived>
struct AttrsOf : Attrs {
  const std::vector<std::string>& field_names() const final {
    static const std::vector<std::string> names = split_names(Derived::kFieldNames);
    return names;
  }
  void set(int field, const AttrValue& value) final {
    detail::visit_at(static_cast<Derived*>(this)->fields(), field,
                     [&](auto& f) { assign_attr(f, value); });
  }
  AttrValue get(int field) const final {
    AttrValue value;
    detail::visit_at(static_cast<const Derived*>(this)->fields(), field,
                     [&](const auto& f) { value = attr_value(f); });
    return value;
  }
  std::string field_type(int field) const final {
    std::string text;
    detail::visit_at(static_cast<const Derived*>(this)->fields(), field,
                     [&](const auto& f) { text = detail::type_text(f); });
    return text;
  }
};

#define NACRE_ATTRS(...)                                   \
  static constexpr const char* kFieldNames = #__VA_ARGS__; \
  auto fields() {                                          \
    return std::tie(__VA_ARGS__);                          \
  }                                                        \
  auto fields() const {                                    \
    return std::tie(__VA_ARGS__);                          \
  }

}  // namespace nacre
