// Operations: ops as nodes of a model, and as configurations write them.
#include "nn/model/operation.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <map>

#include "nacre/nn/functional.h"
#include "nacre/ops/ops.h"

namespace nacre {
namespace {

constexpr std::string_view kGetItem = "getitem_basic";
constexpr int64_t kAbsent = std::numeric_limits<int64_t>::min();  // a slice's missing end

Json attr_to_json(const AttrValue& value) {
  struct Visitor {
    Json operator()(std::monostate) const { return {}; }
    Json operator()(DType v) const { return Json(std::string(name_of(v))); }
    Json operator()(const IntList& v) const { return Json::array_of(v); }
    Json operator()(const FloatList& v) const { return Json::array_of(v); }
    Json operator()(bool v) const { return Json(v); }
    Json operator()(int64_t v) const { return Json(v); }
    Json operator()(double v) const { return Json(v); }
    Json operator()(const std::string& v) const { return Json(v); }
  };
  return std::visit(Visitor{}, value);
}

AttrValue attr_from_json(const Json& json) {
  switch (json.type()) {
    case Json::Type::kNull:
      return {};
    case Json::Type::kBool:
      return json.as_bool();
    case Json::Type::kInt:
      return json.as_int();
    case Json::Type::kDouble:
      return json.as_double();
    case Json::Type::kString:
      return json.as_string();
    case Json::Type::kArray: {
      const auto& items = json.as_array();
      const bool ints =
          std::all_of(items.begin(), items.end(), [](const Json& item) { return item.is_int(); });
      IntList int_list;
      FloatList float_list;
      for (const Json& item : items) {
        if (ints) {
          int_list.push_back(item.as_int());
        } else {
          float_list.push_back(item.as_double("an attribute"));
        }
      }
      return ints ? AttrValue(int_list) : AttrValue(float_list);
    }
    default:
      type_error("expected a number, a string or a list of numbers");
  }
}

Json slice_json(int64_t start, int64_t stop, int64_t step) {
  const auto end = [](int64_t i) { return i == kAbsent ? Json() : Json(i); };
  return Json::object({{"class_name", "__slice__"},
                       {"config", Json::object({{"start", end(start)},
                                                {"stop", end(stop)},
                                                {"step", step == 1 ? Json() : Json(step)}})}});
}

}  // namespace

std::string operation_class_name(const OpDef& op) {
  if (op.name == kGetItem) return "GetItem";
  std::string out;
  bool upper = true;
  for (const char c : op.name) {
    if (c == '_' || c == '.') {
      upper = true;
      continue;
    }
    out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return out;
}

const OpDef* find_operation(std::string_view class_name) {
  static const auto* by_name = [] {
    auto* names = new std::map<std::string, const OpDef*, std::less<>>;
    for (const OpDef* op : all_ops()) names->emplace(operation_class_name(*op), op);
    return names;
  }();
  const auto found = by_name->find(class_name);
  return found == by_name->end() ? nullptr : found->second;
}

Json getitem_key(const Attrs& attrs) {
  const auto list = [&](int field) { return std::get<IntList>(attrs.get(field)); };
  const IntList starts = list(0), stops = list(1), steps = list(2), drop = list(3);
  Json key = Json::array();
  size_t count = starts.size();
  const auto is_whole = [&](size_t i) {
    return starts[i] == kAbsent && stops[i] == kAbsent && steps[i] == 1;
  };
  while (count > 1 && is_whole(count - 1)) --count;
  for (size_t i = 0; i < count; ++i) {
    const bool dropped = std::find(drop.begin(), drop.end(), static_cast<int64_t>(i)) != drop.end();
    key.push_back(dropped ? Json(starts[i]) : slice_json(starts[i], stops[i], steps[i]));
  }
  return key;
}

void set_getitem_key(Attrs& attrs, const Json& key) {
  IntList starts, stops, steps, drop;
  for (const Json& item : key.is_array() ? key.as_array() : Json::Array{key}) {
    int64_t ends[3] = {kAbsent, kAbsent, 1};
    if (item.is_int()) {
      drop.push_back(static_cast<int64_t>(starts.size()));
      ends[0] = item.as_int();
    } else {
      const Json* config = item.find("config");
      if (!config) value_error("GetItem: expected ints and slices, received ", item.dump());
      const char* names[3] = {"start", "stop", "step"};
      for (int i = 0; i < 3; ++i) {
        const Json* end = config->find(names[i]);
        if (end && !end->is_null()) ends[i] = end->as_int(names[i]);
      }
    }
    starts.push_back(ends[0]);
    stops.push_back(ends[1]);
    steps.push_back(ends[2]);
  }
  const IntList lists[4] = {starts, stops, steps, drop};
  for (int i = 0; i < 4; ++i) attrs.set(i, lists[i]);
}

bool is_getitem(const OpDef& op) {
  return op.name == kGetItem;
}

Operation::Operation(const OpDef& op, Ref<Attrs> attrs)
    : op_(&op), attrs_(std::move(attrs)), class_name_(operation_class_name(op)) {
  set_autocast(false);
  set_built(true);
}

std::vector<Field> Operation::fields() {
  std::vector<Field> all;
  all.push_back({"name", [this](const Json& json) { name_ = json.as_string("name"); },
                 [this] { return Json(name_); }});
  if (!attrs_ || is_getitem(*op_)) return all;
  const auto& names = attrs_->field_names();
  for (size_t i = 0; i < names.size(); ++i) {
    const int field = static_cast<int>(i);
    all.push_back({names[i],
                   [this, field](const Json& json) { attrs_->set(field, attr_from_json(json)); },
                   [this, field] { return attr_to_json(attrs_->get(field)); }});
  }
  return all;
}

Tensors Operation::call(const Tensors& inputs, const CallContext& context) {
  return apply(*op_, inputs, attrs_);
}

Ref<Layer> make_operation(const Json& layer_config) {
  const std::string& class_name = layer_config.at("class_name").as_string("class_name");
  const OpDef* op = find_operation(class_name);
  if (!op) value_error("unknown operation '", class_name, "'");
  const auto layer = make_ref<Operation>(*op, op->make_attrs ? op->make_attrs() : nullptr);
  const Json* config = layer_config.find("config");
  layer->configure(config ? *config : Json::object());
  return layer;
}

}  // namespace nacre
