#include "nacre/base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "nacre/base/error.h"

namespace nacre {
namespace {

constexpr std::array<std::string_view, 8> kTypeNames = {
    "null",     "a boolean", "an integer", "a number",
    "a string", "an array",  "an object",  "a Python or C++ object"};

[[noreturn]] void wrong_type(std::string_view what, std::string_view expected, const Json& value) {
  std::string shown(kTypeNames[static_cast<size_t>(value.type())]);
  if (value.is_bool() || value.is_number() || value.is_string()) {
    std::string text = value.dump();
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    shown += " (" + text + ")";
  }
  value_error(what, ": expected ", expected, ", received ", shown);
}

void dump_string(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[static_cast<size_t>(c) >> 4];
          out += kHex[static_cast<size_t>(c) & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void dump_double(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    // Python's repr: positional between 1e-4 and 1e16.
    const double magnitude = std::fabs(value);
    const bool fixed = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
    std::array<char, 64> buffer;
    const auto result =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                      fixed ? std::chars_format::fixed : std::chars_format::scientific);
    const std::string_view text(buffer.data(), static_cast<size_t>(result.ptr - buffer.data()));
    out += text;
    if (fixed && text.find('.') == std::string_view::npos) out += ".0";  // not an integer
  }
}

void dump_value(const Json& value, int indent, int depth, std::string& out) {
  const auto new_line = [&](int levels) {
    if (indent < 0) return;
    out += '\n';
    out.append(static_cast<size_t>(indent) * static_cast<size_t>(levels), ' ');
  };
  const std::string_view separator = indent < 0 ? ", " : ",";
  switch (value.type()) {
    case Json::Type::kNull:
      out += "null";
      break;
    case Json::Type::kBool:
      out += value.as_bool() ? "true" : "false";
      break;
    case Json::Type::kInt:
      out += std::to_string(value.as_int());
      break;
    case Json::Type::kDouble:
      dump_double(value.as_double(), out);
      break;
    case Json::Type::kString:
      dump_string(value.as_string(), out);
      break;
    case Json::Type::kArray: {
      out += '[';
      bool first = true;
      for (const Json& item : value.as_array()) {
        if (!first) out += separator;
        first = false;
        new_line(depth + 1);
        dump_value(item, indent, depth + 1, out);
      }
      if (!first) new_line(depth);
      out += ']';
      break;
    }
    case Json::Type::kObject: {
      out += '{';
      bool first = true;
      for (const auto& [key, member] : value.as_object()) {
        if (!first) out += separator;
        first = false;
        new_line(depth + 1);
        dump_string(key, out);
        out += ": ";
        dump_value(member, indent, depth + 1, out);
      }
      if (!first) new_line(depth);
      out += '}';
      break;
    }
    case Json::Type::kHandle:
      value_error("JSON: a custom object that has no configuration cannot be written");
  }
}

}  // namespace

bool Json::as_bool(std::string_view what) const {
  if (const bool* value = std::get_if<bool>(&value_)) return *value;
  wrong_type(what, "a boolean", *this);
}

int64_t Json::as_int(std::string_view what) const {
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return *value;
  if (const double* value = std::get_if<double>(&value_)) {
    if (*value >= -0x1p63 && *value < 0x1p63 && *value == std::trunc(*value)) {
      return static_cast<int64_t>(*value);
    }
  }
  wrong_type(what, "an integer", *this);
}

double Json::as_double(std::string_view what) const {
  if (const double* value = std::get_if<double>(&value_)) return *value;
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  wrong_type(what, "a number", *this);
}

const std::string& Json::as_string(std::string_view what) const {
  if (const std::string* value = std::get_if<std::string>(&value_)) return *value;
  wrong_type(what, "a string", *this);
}

const Json::Array& Json::as_array(std::string_view what) const {
  if (const Array* value = std::get_if<Array>(&value_)) return *value;
  wrong_type(what, "an array", *this);
}

const Json::Object& Json::as_object(std::string_view what) const {
  if (const Object* value = std::get_if<Object>(&value_)) return *value;
  wrong_type(what, "an object", *this);
}

Json::Array& Json::as_array(std::string_view what) {
  return const_cast<Array&>(std::as_const(*this).as_array(what));
}

Json::Object& Json::as_object(std::string_view what) {
  return const_cast<Object&>(std::as_const(*this).as_object(what));
}

size_t Json::size() const {
  if (const Array* items = std::get_if<Array>(&value_)) return items->size();
  if (const Object* members = std::get_if<Object>(&value_)) return members->size();
  return 0;
}

const Json& Json::at(size_t index) const {
  const Array& items = as_array();
  if (index >= items.size()) {
    raise(ErrorKind::kIndex, "JSON: expected an index below ", items.size(), ", received ", index);
  }
  return items[index];
}

const Json& Json::at(std::string_view key) const {
  const Object& members = as_object();
  if (const Json* value = find(key)) return *value;
  std::string keys;
  for (const Member& member : members) {
    if (!keys.empty()) keys += ", ";
    if (keys.size() > 200) {
      keys += "...";
      break;
    }
    keys += "'" + member.key + "'";
  }
  raise(ErrorKind::kKey, "JSON: expected a member '", key, "', received ",
        keys.empty() ? "an empty object" : "the members " + keys);
}

const Json* Json::find(std::string_view key) const {
  const Object* members = std::get_if<Object>(&value_);
  if (members == nullptr) return nullptr;
  const auto found = std::find_if(members->begin(), members->end(),
                                  [&](const Member& member) { return member.key == key; });
  return found == members->end() ? nullptr : &found->value;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object();
  Object& members = as_object();
  if (const Json* value = find(key)) return const_cast<Json&>(*value);
  return members.emplace_back(Member{std::string(key), Json()}).value;
}

void Json::push_back(Json value) {
  if (is_null()) value_ = Array();
  as_array().push_back(std::move(value));
}

bool Json::erase(std::string_view key) {
  return std::erase_if(as_object(), [&](const Member& member) { return member.key == key; }) != 0;
}

bool Json::operator==(const Json& other) const {
  return value_ == other.value_;
}

std::string Json::dump(int indent) const {
  std::string out;
  dump_value(*this, indent, 0, out);
  return out;
}

}  // namespace nacre
