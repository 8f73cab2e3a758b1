// Configurable: objects made from and described by a configuration (layers, losses, optimizers,
// ...). A class lists its fields once; construction, get_config, files and the Python classes read
// the list.
//
//   class Dense final : public UnaryLayer {
//    public:
//     int64_t units = 0;
//     bool use_bias = true;
//     NACRE_CONFIG(Dense, UnaryLayer, units, use_bias)
//   };
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "nacre/base/dtype.h"
#include "nacre/base/error.h"
#include "nacre/base/json.h"
#include "nacre/base/ref.h"
#include "nacre/base/shape.h"
#include "nacre/ops/attrs.h"

namespace nacre {

// A field of a configuration: read from and written as JSON.
struct Field {
  std::string name;
  std::function<void(const Json&)> set;
  std::function<Json()> get;
};

void read_field(bool& field, const Json& json, std::string_view what);
void read_field(int64_t& field, const Json& json, std::string_view what);
void read_field(double& field, const Json& json, std::string_view what);
void read_field(std::string& field, const Json& json, std::string_view what);
void read_field(DType& field, const Json& json, std::string_view what);
void read_field(IntList& field, const Json& json, std::string_view what);  // one int or a list
void read_field(FloatList& field, const Json& json, std::string_view what);
void read_field(Shape& field, const Json& json, std::string_view what);  // null: unknown
void read_field(std::vector<std::string>& field, const Json& json, std::string_view what);
inline void read_field(Json& field, const Json& json, std::string_view) {
  field = json;
}
template <class T>
void read_field(std::optional<T>& field, const Json& json, std::string_view what) {
  if (json.is_null()) {
    field.reset();
  } else {
    read_field(field.emplace(), json, what);
  }
}
inline Json write_field(bool field) {
  return Json(field);
}
inline Json write_field(int64_t field) {
  return Json(field);
}
inline Json write_field(double field) {
  return Json(field);
}
inline Json write_field(const std::string& field) {
  return Json(field);
}
inline Json write_field(DType field) {
  return Json(std::string(name_of(field)));
}
inline Json write_field(const IntList& field) {
  return Json::array_of(field);
}
inline Json write_field(const FloatList& field) {
  return Json::array_of(field);
}
inline Json write_field(const std::vector<std::string>& field) {
  return Json::array_of(field);
}
Json write_field(const Shape& field);
inline Json write_field(const Json& field) {
  return field;
}
template <class T>
Json write_field(const std::optional<T>& field) {
  return field ? write_field(*field) : Json();
}

class Configurable : public RefCounted {
 public:
  virtual std::string_view class_name() const = 0;  // "Dense"
  virtual std::string_view module() const = 0;      // "layers": nacre.layers
  virtual std::vector<Field> fields() { return {}; }

  // Sets the fields named in an object; the others keep their values. ValueError for an unknown
  // name or a value that does not fit, naming class, field and value.
  void configure(const Json& config);
  // Called once after configure(): checks values, fills derived state. ValueError.
  virtual void validate() {}
  // The configuration that makes an equal object: get_config().
  virtual Json config();
  // {"module", "class_name", "config", "registered_name"}, as Keras writes it.
  Json serialize();
};

// Classes by name within a module; an object of one is made from its serialized form.
class ClassRegistry {
 public:
  using Factory = Ref<Configurable> (*)();
  static ClassRegistry& of(std::string_view module);
  void add(std::string_view class_name, Factory factory);
  // A further name of a class ("mse").
  void add_alias(std::string_view alias, std::string_view class_name);
  // ValueError with a suggestion for an unknown name.
  Ref<Configurable> make(std::string_view class_name, const Json& config = Json::object());
  std::vector<std::string> names() const;
  bool contains(std::string_view class_name) const;
  bool contains_name(std::string_view name) const;   // class, alias or snake_case name
  std::string resolve(std::string_view name) const;  // its class name; "" for an unknown one

 private:
  explicit ClassRegistry(std::string_view module) : module_(module) {}
  std::string module_;
  // The class that `name` spells: itself, an alias, its snake_case or lower-case form; else end().
  using Factories = std::map<std::string, Factory, std::less<>>;
  Factories::const_iterator find(std::string_view name) const;
  Factories factories_;
  std::map<std::string, std::string, std::less<>> aliases_;
};

// An object of `module` from: a handle to one, a serialized object, a class name ("Adam") or its
// snake_case form ("adam", "glorot_uniform"). ValueError otherwise.
Ref<Configurable> deserialize(std::string_view module, const Json& json);

template <class T>
Ref<T> deserialize_as(std::string_view module, const Json& json) {
  if (json.is_null()) return nullptr;
  const Ref<Configurable> object = deserialize(module, json);
  auto* typed = dynamic_cast<T*>(object.get());
  if (!typed)
    value_error("expected an object of nacre.", module, ", received ", object->class_name());
  return Ref<T>(typed);
}

// References to other configurables are fields too: T::kModule names where they are found.
template <class T>
  requires std::derived_from<T, Configurable>
void read_field(Ref<T>& field, const Json& json, std::string_view what) {
  field = deserialize_as<T>(T::kModule, json);
}
template <class T>
  requires std::derived_from<T, Configurable>
Json write_field(const Ref<T>& field) {
  return field ? field->serialize() : Json();
}

std::string to_snake_case(
    std::string_view class_name);  // "BatchNormalization" -> "batch_normalization"

namespace detail {

template <class Tuple, size_t... I>
void append_fields(std::vector<Field>& out, const std::vector<std::string>& names, Tuple fields,
                   std::index_sequence<I...>) {
  (out.push_back({names[I],
                  [field = &std::get<I>(fields), name = names[I]](const Json& json) {
                    read_field(*field, json, name);
                  },
                  [field = &std::get<I>(fields)] { return write_field(*field); }}),
   ...);
}

template <class... Fields>
void append_fields(std::vector<Field>& out, std::string_view names, std::tuple<Fields&...> fields) {
  std::vector<std::string> list = split_names(names);
  for (std::string& name : list) {
    if (name.back() == '_') name.pop_back();  // a private member's
  }
  append_fields(out, list, fields, std::index_sequence_for<Fields...>());
}

}  // namespace detail

// Names the class and lists its fields after those of its base class.
#define NACRE_CONFIG(Class, Base, ...)                                        \
  std::string_view class_name() const override {                              \
    return #Class;                                                            \
  }                                                                           \
  std::vector<Field> fields() override {                                      \
    std::vector<Field> all = Base::fields();                                  \
    ::nacre::detail::append_fields(all, #__VA_ARGS__, std::tie(__VA_ARGS__)); \
    return all;                                                               \
  }

}  // namespace nacre
