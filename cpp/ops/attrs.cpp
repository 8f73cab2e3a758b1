#include "nacre/ops/attrs.h"

#include <charconv>
#include <cmath>

namespace nacre {
namespace {

[[noreturn]] void mismatch(std::string_view expected, const AttrValue& value) {
  type_error("expected ", expected, ", received ", to_string(value));
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <class List, class F>
std::string list_text(const List& list, F&& text_of) {
  std::string text = "(";
  for (size_t i = 0; i < list.size(); ++i) {
    if (i) text += ", ";
    text += text_of(list[i]);
  }
  return text + (list.size() == 1 ? ",)" : ")");
}

}  // namespace

std::string to_string(const AttrValue& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "None"; }
    std::string operator()(bool v) const { return v ? "True" : "False"; }
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return float_text(v); }
    std::string operator()(const std::string& v) const { return "'" + v + "'"; }
    std::string operator()(DType v) const { return "'" + std::string(name_of(v)) + "'"; }
    std::string operator()(const IntList& v) const {
      return list_text(v, [](int64_t i) { return std::to_string(i); });
    }
    std::string operator()(const FloatList& v) const { return list_text(v, float_text); }
  };
  return std::visit(Visitor{}, value);
}

void assign_attr(bool& field, const AttrValue& value) {
  if (const bool* v = std::get_if<bool>(&value)) {
    field = *v;
  } else if (const int64_t* i = std::get_if<int64_t>(&value)) {
    field = *i != 0;
  } else {
    mismatch("a bool", value);
  }
}

void assign_attr(int64_t& field, const AttrValue& value) {
  if (const int64_t* v = std::get_if<int64_t>(&value)) {
    field = *v;
  } else if (const bool* b = std::get_if<bool>(&value)) {
    field = *b;
  } else {
    mismatch("an int", value);
  }
}

void assign_attr(double& field, const AttrValue& value) {
  if (const double* v = std::get_if<double>(&value)) {
    field = *v;
  } else if (const int64_t* i = std::get_if<int64_t>(&value)) {
    field = static_cast<double>(*i);
  } else if (const bool* b = std::get_if<bool>(&value)) {
    field = *b;
  } else {
    mismatch("a float", value);
  }
}

void assign_attr(std::string& field, const AttrValue& value) {
  if (const std::string* v = std::get_if<std::string>(&value)) {
    field = *v;
  } else {
    mismatch("a str", value);
  }
}

void assign_attr(DType& field, const AttrValue& value) {
  if (const DType* v = std::get_if<DType>(&value)) {
    field = *v;
  } else if (const std::string* s = std::get_if<std::string>(&value)) {
    field = parse_dtype(*s);
  } else {
    mismatch("a dtype", value);
  }
}

void assign_attr(IntList& field, const AttrValue& value) {
  if (const IntList* v = std::get_if<IntList>(&value)) {
    field = *v;
  } else if (const int64_t* i = std::get_if<int64_t>(&value)) {
    field = {*i};
  } else {
    mismatch("an int or a sequence of ints", value);
  }
}

void assign_attr(FloatList& field, const AttrValue& value) {
  if (const FloatList* v = std::get_if<FloatList>(&value)) {
    field = *v;
  } else if (const IntList* ints = std::get_if<IntList>(&value)) {
    field.assign(ints->begin(), ints->end());
  } else {
    double single = 0;
    assign_attr(single, value);
    field = {single};
  }
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> out;
  std::string current;
  for (const char c : names) {
    if (c == ',') {
      out.push_back(std::move(current));
      current.clear();
    } else if (c != ' ') {
      current += c;
    }
  }
  if (!current.empty()) out.push_back(std::move(current));
  return out;
}

bool operator==(const Attrs& a, const Attrs& b) {
  if (&a == &b) return true;
  if (&a.field_names() != &b.field_names()) return false;
  for (size_t i = 0; i < a.field_names().size(); ++i) {
    if (a.get(static_cast<int>(i)) != b.get(static_cast<int>(i))) return false;
  }
  return true;
}

}  // namespace nacre
