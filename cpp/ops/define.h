// Shorthands for defining ops.
#pragma once

#include <string>
#include <utility>

#include "nacre/ops/opdef.h"
#include "nacre/ops/recorder.h"

namespace nacre {

using Inputs = std::span<const Tensor>;
using MakeAttrs = Ref<Attrs> (*)();

template <class A>
const A& attrs_as(const Attrs* attrs) {
  return *static_cast<const A*>(attrs);
}

// An op that is a function of other ops.
inline void add_composite(OpRegistry& registry, std::string name, std::string params,
                          std::string doc, CompositeFn composite, MakeAttrs make_attrs = nullptr) {
  OpDef def;
  def.name = std::move(name);
  def.params = std::move(params);
  def.doc = std::move(doc);
  def.make_attrs = make_attrs;
  def.composite = std::move(composite);
  registry.add(std::move(def));
}

// The same where Python passes the operands one by one: einsum("ij,jk->ik", a, b).
inline void add_variadic(OpRegistry& registry, std::string name, std::string params,
                         std::string doc, CompositeFn composite, MakeAttrs make_attrs,
                         bool list_output = false) {
  OpDef def;
  def.name = std::move(name);
  def.params = std::move(params);
  def.doc = std::move(doc);
  def.make_attrs = make_attrs;
  def.composite = std::move(composite);
  def.variadic = true;
  def.list_output = list_output;
  registry.add(std::move(def));
}

// For ops whose result's shape depends on data: ValueError for a placeholder, and the recorders are
// told, since a replay could not follow.
inline void observe_value(const Tensor& value, std::string_view op) {
  if (value.is_placeholder()) {
    value_error(op, ": expected a tensor with data, received a placeholder of shape ",
                value.shape());
  }
  observe(value);
}

// An axis that is asked for, or none: the attributes of many ops.
struct OptionalAxisAttrs : AttrsOf<OptionalAxisAttrs> {
  std::optional<int64_t> axis;
  NACRE_ATTRS(axis)
};

// What Keras takes as an int or as a list, where the two mean different things: split(x, 3) and
// split(x, [3]).
struct IntOrList {
  bool is_list = false;
  IntList values = {0};
  IntOrList() = default;
  IntOrList(int64_t value) : values{value} {}  // NOLINT
};
inline void assign_attr(IntOrList& field, const AttrValue& value) {
  field.is_list = std::holds_alternative<IntList>(value);
  assign_attr(field.values, value);
}
inline AttrValue attr_value(const IntOrList& field) {
  return field.is_list ? AttrValue(field.values) : AttrValue(field.values[0]);
}
namespace detail {
template <>
inline constexpr const char* kTypeText<IntOrList> = "int | Sequence[int]";
}  // namespace detail

}  // namespace nacre
