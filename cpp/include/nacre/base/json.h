// Json: a JSON value. Configurations, file metadata and model descriptions are made of it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nacre/base/ref.h"

namespace nacre {

// A member of a JSON object. A template, so that Json can hold members of itself.
template <class Value>
struct JsonMember {
  std::string key;
  Value value;
  bool operator==(const JsonMember& other) const = default;
};

class Json {
 public:
  // kHandle: an object of this process (a custom layer, a function) inside a configuration; it is
  // never parsed, and dump() refuses it.
  enum class Type : uint8_t { kNull, kBool, kInt, kDouble, kString, kArray, kObject, kHandle };
  using Member = JsonMember<Json>;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;  // in order of insertion

  Json() = default;  // null
  Json(std::nullptr_t) {}
  template <std::same_as<bool> T>
  Json(T value) : value_(value) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Json(T value) : value_(static_cast<int64_t>(value)) {}
  template <std::floating_point T>
  Json(T value) : value_(static_cast<double>(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  explicit Json(Ref<RefCounted> handle) : value_(std::move(handle)) {}

  static Json array() { return Json(Array()); }
  static Json object() { return Json(Object()); }
  static Json object(std::initializer_list<Member> members) { return Json(Object(members)); }
  // An array of the elements of any range of values that a Json can hold (a Shape, a
  // vector<float>).
  template <class Range>
  static Json array_of(const Range& range) {
    Array items;
    for (const auto& item : range) items.emplace_back(item);
    return Json(std::move(items));
  }

  Type type() const { return static_cast<Type>(value_.index()); }
  bool is_null() const { return type() == Type::kNull; }
  bool is_bool() const { return type() == Type::kBool; }
  bool is_int() const { return type() == Type::kInt; }
  bool is_number() const { return type() == Type::kInt || type() == Type::kDouble; }
  bool is_string() const { return type() == Type::kString; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_object() const { return type() == Type::kObject; }
  bool is_handle() const { return type() == Type::kHandle; }
  const Ref<RefCounted>& as_handle() const { return std::get<Ref<RefCounted>>(value_); }

  // The value as a C++ type. ValueError naming `what` where it is of another type; as_int takes a
  // double without a fraction, as_double an integer.
  bool as_bool(std::string_view what = "JSON") const;
  int64_t as_int(std::string_view what = "JSON") const;
  double as_double(std::string_view what = "JSON") const;
  const std::string& as_string(std::string_view what = "JSON") const;
  const Array& as_array(std::string_view what = "JSON") const;
  const Object& as_object(std::string_view what = "JSON") const;
  Array& as_array(std::string_view what = "JSON");
  Object& as_object(std::string_view what = "JSON");

  // Elements of an array or members of an object; 0 for anything else.
  size_t size() const;
  // Element `index` of an array. IndexError past its end, ValueError where it is no array.
  const Json& at(size_t index) const;
  // Member `key` of an object. KeyError listing the keys where it is not there.
  const Json& at(std::string_view key) const;
  // The same, or null where it is not there or this is no object.
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  // Member `key` of an object, added as null where it is not there; a null value becomes an object.
  Json& operator[](std::string_view key);
  // Appends to an array; a null value becomes an array.
  void push_back(Json value);
  bool erase(std::string_view key);  // whether it was there

  bool operator==(const Json& other) const;

  // The text of the value, with ", " and ": " as separators, or with one member a line where indent
  // is not negative. Doubles have the shortest form that reads back as the same bits, and NaN,
  // Infinity and -Infinity are written so, as Python does.
  std::string dump(int indent = -1) const;

  // Reads one value. ValueError with `what`, line and column for anything that is not JSON (or NaN,
  // Infinity, -Infinity), for text that is not UTF-8, for a key given twice and for more than
  // kMaxDepth nested arrays and objects.
  static constexpr int kMaxDepth = 256;
  static Json parse(std::string_view text, std::string_view what = "JSON");

 private:
  std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object, Ref<RefCounted>>
      value_;
};

}  // namespace nacre
