#include "nacre/nn/configurable.h"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <utility>

#include "nn/functions.h"
#include "nn/registry.h"

namespace nacre {

void read_field(bool& field, const Json& json, std::string_view what) {
  field = json.is_int() ? json.as_int(what) != 0 : json.as_bool(what);
}

void read_field(int64_t& field, const Json& json, std::string_view what) {
  field = json.is_bool() ? json.as_bool(what) : json.as_int(what);
}

void read_field(double& field, const Json& json, std::string_view what) {
  field = json.as_double(what);
}

void read_field(std::string& field, const Json& json, std::string_view what) {
  field = json.as_string(what);
}

void read_field(DType& field, const Json& json, std::string_view what) {
  field = parse_dtype(json.as_string(what));
}

void read_field(IntList& field, const Json& json, std::string_view what) {
  field.clear();
  if (json.is_array()) {
    for (const Json& item : json.as_array()) field.push_back(item.as_int(what));
  } else {
    field.push_back(json.as_int(what));
  }
}

void read_field(FloatList& field, const Json& json, std::string_view what) {
  field.clear();
  if (json.is_array()) {
    for (const Json& item : json.as_array()) field.push_back(item.as_double(what));
  } else {
    field.push_back(json.as_double(what));
  }
}

void read_field(Shape& field, const Json& json, std::string_view what) {
  field = Shape();
  for (const Json& dim : json.as_array(what)) {
    field.push_back(dim.is_null() ? kUnknownDim : dim.as_int(what));
  }
}

Json write_field(const Shape& field) {
  Json dims = Json::array();
  for (const int64_t dim : field) dims.push_back(dim < 0 ? Json() : Json(dim));
  return dims;
}

void read_field(std::vector<std::string>& field, const Json& json, std::string_view what) {
  field.clear();
  for (const Json& item : json.as_array(what)) field.push_back(item.as_string(what));
}

void Configurable::configure(const Json& config) {
  const std::vector<Field> all = fields();
  for (const auto& [key, value] : config.as_object(class_name())) {
    const auto found = std::ranges::find(all, key, &Field::name);
    if (found == all.end()) {
      std::vector<std::string> names;
      for (const Field& field : all) names.push_back(field.name);
      value_error(class_name(), ": unknown argument '", key, "'.", did_you_mean(key, names));
    }
    try {
      found->set(value);
    } catch (const Error& error) {
      throw Error(error.kind(), str_cat(class_name(), ": ", error.what()));
    }
  }
  try {
    validate();
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(class_name())) throw;
    throw Error(error.kind(), str_cat(class_name(), ": ", error.what()));
  }
}

Json Configurable::config() {
  Json out = Json::object();
  for (const Field& field : fields()) out[field.name] = field.get();
  return out;
}

Json Configurable::serialize() {
  return Json::object({{"module", "nacre." + std::string(module())},
                       {"class_name", class_name()},
                       {"config", config()},
                       {"registered_name", nullptr}});
}

namespace {

// Is `name` a spelling of the class: itself, its snake_case form or its lower-case form
// ("rmsprop")?
bool spells(std::string_view name, const std::string& class_name) {
  if (name == class_name || name == to_snake_case(class_name)) return true;
  return name.size() == class_name.size() &&
         std::equal(name.begin(), name.end(), class_name.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

}  // namespace

std::string to_snake_case(std::string_view class_name) {
  std::string out;
  for (size_t i = 0; i < class_name.size(); ++i) {
    const char c = class_name[i];
    const bool upper = std::isupper(static_cast<unsigned char>(c));
    // A capital begins a word after a lower-case letter, or when one follows ("RMSProp", "Conv2D").
    const bool after_lower = i > 0 && (std::islower(static_cast<unsigned char>(class_name[i - 1])));
    const bool before_lower = i > 0 && i + 1 < class_name.size() &&
                              std::islower(static_cast<unsigned char>(class_name[i + 1])) &&
                              std::isupper(static_cast<unsigned char>(class_name[i - 1]));
    const bool after_digit = i > 0 && i + 1 < class_name.size() &&
                             std::isdigit(static_cast<unsigned char>(class_name[i - 1])) &&
                             std::islower(static_cast<unsigned char>(class_name[i + 1]));
    if (upper && (after_lower || before_lower || after_digit)) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

ClassRegistry& ClassRegistry::of(std::string_view module) {
  // Kept until the process ends, so that what runs at exit may still look a class up.
  static auto& mutex = *new std::recursive_mutex;
  static auto& registries = *new std::map<std::string, ClassRegistry, std::less<>>;
  const std::lock_guard lock(mutex);
  static bool filled = false;
  if (!std::exchange(filled, true)) register_builtin_classes();
  const auto found = registries.find(module);
  if (found != registries.end()) return found->second;
  return registries.emplace(module, ClassRegistry(module)).first->second;
}

void ClassRegistry::add(std::string_view class_name, Factory factory) {
  factories_.emplace(class_name, factory);
}

bool ClassRegistry::contains(std::string_view class_name) const {
  return factories_.contains(class_name);
}

bool ClassRegistry::contains_name(std::string_view name) const {
  return find(name) != factories_.end();
}

std::string ClassRegistry::resolve(std::string_view name) const {
  const auto found = find(name);
  return found == factories_.end() ? std::string() : found->first;
}

void ClassRegistry::add_alias(std::string_view alias, std::string_view class_name) {
  aliases_.emplace(alias, class_name);
}

ClassRegistry::Factories::const_iterator ClassRegistry::find(std::string_view name) const {
  if (const auto alias = aliases_.find(name); alias != aliases_.end()) name = alias->second;
  const auto found = factories_.find(name);
  if (found != factories_.end()) return found;
  return std::find_if(factories_.begin(), factories_.end(),
                      [&](const auto& entry) { return spells(name, entry.first); });
}

std::vector<std::string> ClassRegistry::names() const {
  std::vector<std::string> out;
  for (const auto& [name, factory] : factories_) out.push_back(name);
  return out;
}

Ref<Configurable> ClassRegistry::make(std::string_view class_name, const Json& config) {
  const auto found = find(class_name);
  if (found == factories_.end()) {
    value_error("unknown name '", class_name, "' in nacre.", module_, ".",
                did_you_mean(std::string(class_name), names()));
  }
  Ref<Configurable> object = found->second();
  object->configure(config.is_null() ? Json::object() : config);
  return object;
}

Ref<Configurable> deserialize(std::string_view module, const Json& json) {
  if (json.is_handle()) {
    if (auto* function = dynamic_cast<FunctionHandle*>(json.as_handle().get())) {
      return wrap_function(module, Ref<FunctionHandle>(function));
    }
    auto* object = dynamic_cast<Configurable*>(json.as_handle().get());
    if (!object || object->module() != module) {
      value_error("expected an object of nacre.", module);
    }
    return Ref<Configurable>(object);
  }
  if (json.is_string()) return ClassRegistry::of(module).make(json.as_string());
  if (!json.is_object() || !json.contains("class_name")) {
    value_error("expected a name or a serialized object of nacre.", module, ", received ",
                json.dump().substr(0, 80));
  }
  const Json* config = json.find("config");
  return ClassRegistry::of(module).make(json.at("class_name").as_string("class_name"),
                                        config ? *config : Json::object());
}

}  // namespace nacre
