#include "ops/registry.h"

#include <unordered_map>

#include "nacre/ops/opdef.h"

namespace nacre {
namespace {

struct Registry {
  std::vector<const OpDef*> ordered;
  std::unordered_map<std::string_view, const OpDef*> by_name;
};

Registry* g_building = nullptr;

const Registry& registry() {
  static const Registry* instance = [] {
    auto* r = new Registry;
    g_building = r;
    OpRegistry add;
    register_all_ops(add);
    g_building = nullptr;
    return r;
  }();
  return *instance;
}

void parse_params(OpDef& def) {
  const Ref<Attrs> attrs = def.make_attrs ? def.make_attrs() : nullptr;
  std::vector<std::string> fields = attrs ? attrs->field_names() : std::vector<std::string>();
  using Kind = OpDef::Param::Kind;
  for (std::string name : split_names(def.params)) {
    Kind kind = Kind::kTensor;
    if (name.front() == '*') {
      kind = Kind::kTensorList;
      name.erase(0, 1);
    } else if (name.back() == '?') {
      kind = Kind::kOptionalTensor;
      name.pop_back();
    } else {
      const bool required = name.back() == '!';
      if (required) name.pop_back();
      for (size_t f = 0; f < fields.size(); ++f) {
        if (fields[f] == name) {
          def.parameters.push_back(
              {name, required ? Kind::kRequiredAttr : Kind::kAttr, static_cast<int>(f)});
          name.clear();
          break;
        }
      }
      if (name.empty()) continue;
      if (required) runtime_error("op '", def.name, "' has no attribute '", name, "'");
    }
    if (kind == Kind::kTensorList) def.list_param = static_cast<int>(def.parameters.size());
    def.parameters.push_back({name, kind, def.num_tensor_params++});
  }
}

}  // namespace

void OpRegistry::add(OpDef def) {
  auto* stored = new OpDef(std::move(def));
  parse_params(*stored);
  if (!g_building->by_name.emplace(stored->name, stored).second) {
    runtime_error("op '", stored->name, "' is defined twice");
  }
  g_building->ordered.push_back(stored);
}

const OpDef& find_op(std::string_view name) {
  const Registry& r = registry();
  const auto found = r.by_name.find(name);
  if (found == r.by_name.end()) {
    std::vector<std::string_view> names;
    for (const OpDef* op : r.ordered) names.push_back(op->name);
    raise(ErrorKind::kKey, "unknown op '", name, "'.", did_you_mean(std::string(name), names));
  }
  return *found->second;
}

const std::vector<const OpDef*>& all_ops() {
  return registry().ordered;
}

}  // namespace nacre
