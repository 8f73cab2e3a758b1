#include "nacre/io/model_file.h"

#include <map>
#include <optional>
#include <set>

#include "nacre/io/safetensors.h"

namespace nacre {
namespace {

constexpr std::string_view kFormat = "nacre";
constexpr int64_t kFormatVersion = 1;
// Bytes of weights beyond those in the file: for what a layer keeps and does not save.
constexpr int64_t kBudgetFloor = 1 << 20;

// Appends the variables' data under unique names and returns the names in order.
Json append_arrays(const std::vector<VariableRef>& variables, const std::string& prefix,
                   std::set<std::string>& taken, std::vector<NamedArray>& arrays, Tensors& held) {
  Json names = Json::array();
  for (const VariableRef& variable : variables) {
    const std::string base = prefix + variable->path;
    std::string name = base;
    for (int n = 1; !taken.insert(name).second; ++n) name = base + "#" + std::to_string(n);
    const Tensor value = variable->raw();
    held.push_back(value);
    arrays.push_back({name, value.dtype(), value.shape(), value.data()});
    names.push_back(name);
  }
  return names;
}

Json parse_entry(const std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? Json() : Json::parse(found->second, key);
}

std::vector<std::pair<std::string, Tensor>> tensors_named(const Safetensors& file,
                                                          const Json& names,
                                                          const std::string& path) {
  std::vector<std::pair<std::string, Tensor>> out;
  if (names.is_null()) return out;
  for (const Json& item : names.as_array("variables")) {
    const std::string& name = item.as_string("variables");
    const NamedArray* array = file.find(name);
    if (!array) value_error(path, ": expected a tensor '", name, "', which is not there");
    auto storage = make_ref<Storage>(
        const_cast<void*>(array->data), array->bytes(), [owner = file.owner()] {},
        Foreign::kConstant);
    out.emplace_back(name, Tensor({array->dtype, array->shape}, std::move(storage), 0));
  }
  return out;
}

}  // namespace

void write_model_file(const std::string& path, const Json& model, const Json& compile,
                      const std::vector<VariableRef>& variables,
                      const std::vector<VariableRef>& optimizer_variables) {
  std::vector<NamedArray> arrays;
  Tensors held;
  std::set<std::string> taken;
  std::map<std::string, std::string> metadata;
  metadata["format"] = kFormat;
  metadata["format_version"] = std::to_string(kFormatVersion);
  if (!model.is_null()) metadata["model"] = model.dump();
  if (!compile.is_null()) metadata["compile"] = compile.dump();
  metadata["variables"] = append_arrays(variables, "", taken, arrays, held).dump();
  if (!optimizer_variables.empty()) {
    metadata["optimizer_variables"] =
        append_arrays(optimizer_variables, "optimizer/", taken, arrays, held).dump();
  }
  write_safetensors(path, arrays, metadata);
}

ModelFile read_model_file(const std::string& path) {
  const Safetensors file = Safetensors::open(path);
  const auto& metadata = file.metadata();
  const auto format = metadata.find("format");
  if (format == metadata.end() || format->second != kFormat) {
    value_error(path, ": expected a model file of nacre, but its metadata names no such format");
  }
  const auto version = metadata.find("format_version");
  if (version == metadata.end() || version->second != std::to_string(kFormatVersion)) {
    value_error(path, ": expected format version ", kFormatVersion, ", received ",
                version == metadata.end() ? "none" : version->second);
  }
  ModelFile out;
  out.model = parse_entry(metadata, "model");
  out.compile = parse_entry(metadata, "compile");
  out.variables = tensors_named(file, parse_entry(metadata, "variables"), path);
  out.optimizer_variables = tensors_named(file, parse_entry(metadata, "optimizer_variables"), path);
  return out;
}

void assign_variables(const std::vector<VariableRef>& variables,
                      const std::vector<std::pair<std::string, Tensor>>& values,
                      std::string_view what) {
  if (variables.size() != values.size()) {
    value_error(what, ": expected ", variables.size(), " variables, received ", values.size());
  }
  for (size_t i = 0; i < variables.size(); ++i) {
    if (!(variables[i]->shape() == values[i].second.shape())) {
      value_error(what, ": expected shape ", variables[i]->shape(), " for '", variables[i]->path,
                  "', received ", values[i].second.shape(), " ('", values[i].first, "')");
    }
  }
  for (size_t i = 0; i < variables.size(); ++i) variables[i]->assign(values[i].second);
}

void save_model(const std::string& path, Layer& model) {
  write_model_file(path, model.serialize(), {}, model.variables(), {});
}

Ref<Layer> load_model(const std::string& path) {
  const ModelFile file = read_model_file(path);
  if (file.model.is_null()) {
    value_error(path, ": expected a model, but the file holds weights alone");
  }
  // A configuration cannot make more weights than its file holds.
  int64_t bytes = kBudgetFloor;
  for (const auto& [name, value] : file.variables) bytes += static_cast<int64_t>(value.bytes());
  struct Budget {
    std::optional<int64_t> before;
    ~Budget() { set_weight_budget(before); }
  };
  Ref<Layer> model;
  {
    const Budget budget{set_weight_budget(bytes)};
    model = deserialize_as<Layer>("models", file.model);
  }
  assign_variables(model->variables(), file.variables, path);
  return model;
}

}  // namespace nacre
