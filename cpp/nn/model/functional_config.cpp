// Functional models as configurations, in the form in which Keras 3 writes them.
#include <algorithm>

#include "nacre/nn/functional.h"
#include "nacre/nn/sequential.h"
#include "nacre/ops/ops.h"
#include "nn/model/operation.h"
#include "nn/registry.h"

namespace nacre {
namespace {

const std::string* class_name_of(const Json& json) {
  const Json* name = json.find("class_name");
  return name && name->is_string() ? &name->as_string() : nullptr;
}

bool is_history(const Json& json) {
  return json.is_array() && json.size() == 3 && json.at(size_t{0}).is_string();
}

// Values of a small constant, nested by its axes.
Json nested_values(const Tensor& t, int axis, int64_t& at) {
  if (axis == t.rank()) {
    const int64_t i = at++;
    if (t.dtype() == DType::kBool) return Json(t.data<bool>()[i]);
    return is_floating(t.dtype()) ? Json(t.data<double>()[i]) : Json(t.data<int64_t>()[i]);
  }
  Json out = Json::array();
  for (int64_t i = 0; i < t.shape()[axis]; ++i) out.push_back(nested_values(t, axis + 1, at));
  return out;
}

// Plain where it takes its dtype from what it is combined with.
Json constant_json(const Tensor& t, const Tensors& beside) {
  const DType wide = t.dtype() == DType::kBool ? DType::kBool
                     : is_floating(t.dtype())  ? DType::kFloat64
                                               : DType::kInt64;
  const Tensor values = t.dtype() == wide ? t : ops::cast(t, wide);
  int64_t at = 0;
  Json value = nested_values(values, 0, at);
  const bool plain =
      t.is_weak() ||
      (t.rank() == 0 && std::any_of(beside.begin(), beside.end(), [&](const Tensor& other) {
         return other.is_placeholder() && other.dtype() == t.dtype();
       }));
  if (plain && t.rank() == 0) return value;
  return Json::object({{"class_name", "__numpy__"},
                       {"config", Json::object({{"value", std::move(value)},
                                                {"dtype", std::string(name_of(t.dtype()))}})}});
}

void append_values(const Json& json, int axis, Shape& shape, std::vector<double>& out) {
  if (!json.is_array()) {
    out.push_back(json.is_bool() ? json.as_bool() : json.as_double("a constant"));
    return;
  }
  const auto size = static_cast<int64_t>(json.size());
  if (axis == shape.rank()) shape.push_back(size);
  if (axis >= shape.rank() || shape[axis] != size) {
    value_error("expected a constant whose rows have one length");
  }
  for (const Json& item : json.as_array()) append_values(item, axis + 1, shape, out);
}

Tensor constant_of(const Json& value, std::optional<DType> dtype) {
  if (!dtype && value.is_int()) return Tensor::scalar(value.as_int()).set_weak();
  if (!dtype && value.is_number()) return ops::scalar(value.as_double());
  if (!dtype && value.is_bool()) return Tensor::scalar(value.as_bool());
  Shape shape;
  std::vector<double> values;
  append_values(value, 0, shape, values);
  return ops::cast(Tensor::from(values, shape), dtype.value_or(floatx()));
}

// `like` with leaf(i) replaced by f(i).
template <class F>
Json map_leaves(const Json& like, F&& f) {
  if (const std::string* name = class_name_of(like); name && *name == "__leaf__") {
    return f(static_cast<size_t>(like.at("config").as_int()));
  }
  Json out = like;
  if (like.is_array()) {
    for (Json& item : out.as_array()) item = map_leaves(item, f);
  } else if (like.is_object()) {
    for (auto& [key, value] : out.as_object()) value = map_leaves(value, f);
  }
  return out;
}

// The histories in a structure in order (objects by key, as Keras flattens them), and the structure
// with leaf(i) in their place.
Json take_histories(const Json& structure, std::vector<Json>& found) {
  if (is_history(structure)) {
    found.push_back(structure);
    return CallNode::leaf(found.size() - 1);
  }
  Json out = structure;
  if (structure.is_array()) {
    for (Json& item : out.as_array()) item = take_histories(item, found);
  } else {
    std::vector<Json::Member*> members;
    for (auto& member : out.as_object("input_layers")) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key < b->key; });
    for (Json::Member* member : members) member->value = take_histories(member->value, found);
  }
  return out;
}

}  // namespace

int Functional::node_index(const CallNode& node) const {
  int index = 0;
  for (const CallNode* other : node.layer->inbound_nodes()) {
    if (other == &node) break;
    index += contains(*other);
  }
  return index;
}

Json Functional::history(const Tensor& tensor) const {
  const Origin* origin = origin_of(tensor);
  // Keras counts the making of a functional model as its first call.
  const int first = origin->node->layer->class_name() == class_name() ? 1 : 0;
  Json out = Json::array();
  out.push_back(origin->node->layer->name());
  out.push_back(node_index(*origin->node) + first);
  out.push_back(static_cast<int64_t>(origin->index));
  return out;
}

Json Functional::keras_tensor(const Tensor& tensor) const {
  const Origin* origin = origin_of(tensor);
  Json history = Json::array();
  history.push_back(origin->node->layer->name());
  history.push_back(node_index(*origin->node));
  history.push_back(static_cast<int64_t>(origin->index));
  return Json::object({{"class_name", "__keras_tensor__"},
                       {"config", Json::object({{"shape", write_field(tensor.shape())},
                                                {"dtype", std::string(name_of(tensor.dtype()))},
                                                {"keras_history", history}})}});
}

Json Functional::inbound_nodes(const Layer& layer) const {
  Json out = Json::array();
  for (const CallNode* node : layer.inbound_nodes()) {
    if (node->is_input() || !contains(*node)) continue;
    if (node->arguments.contains("unserializable")) {
      value_error(layer.class_name(), " '", layer.name(), "': the call cannot be written as data: ",
                  node->arguments.at("unserializable").as_string());
    }
    if (!node->variables.empty()) {
      type_error(layer.class_name(), " '", layer.name(), "': the variable '",
                 node->variables.begin()->second->name,
                 "' is part of a call and cannot be written as data; make it a weight of a layer");
    }
    const auto written = [&](const Tensor& t, const Tensors& beside) {
      if (!t.defined()) return Json();
      return origin_of(t) ? keras_tensor(t) : constant_json(t, beside);
    };
    Json call = map_leaves(node->arguments,
                           [&](size_t i) { return written(node->inputs.at(i), node->inputs); });
    if (node->training) call["kwargs"]["training"] = *node->training;
    if (!node->masks.empty()) {
      Json masks = Json::array();
      for (const Tensor& mask : node->masks) masks.push_back(written(mask, {}));
      call["kwargs"]["mask"] = masks.size() == 1 ? masks.at(size_t{0}) : masks;
    }
    out.push_back(std::move(call));
  }
  return out;
}

Json Functional::layers_config() const {
  Json out = Json::array();
  for (const Ref<Layer>& layer : operations_) {
    Json entry = layer->serialize();
    entry["name"] = layer->name();
    entry["inbound_nodes"] = inbound_nodes(*layer);
    out.push_back(std::move(entry));
  }
  return out;
}

Json Functional::histories(const Json& structure, const Tensors& tensors) const {
  if (!structure.is_null()) {
    return map_leaves(structure, [&](size_t i) { return history(tensors.at(i)); });
  }
  Json out = Json::array();
  for (const Tensor& t : tensors) out.push_back(history(t));
  return tensors.size() == 1 ? out.at(size_t{0}) : out;
}

void Functional::set_structure(Json inputs, Json outputs) {
  input_structure_ = std::move(inputs);
  output_structure_ = std::move(outputs);
}

std::vector<Field> Functional::fields() {
  std::vector<Field> all;
  detail::append_fields(all, "name, trainable", std::tie(name_, trainable_));
  const auto add = [&](const char* name, Json& read, std::function<Json()> write) {
    all.push_back({name, [&read](const Json& json) { read = json; }, std::move(write)});
  };
  add("layers", layers_, [this] { return layers_config(); });
  add("input_layers", input_layers_, [this] { return histories(input_structure_, inputs_); });
  add("output_layers", output_layers_, [this] { return histories(output_structure_, outputs_); });
  return all;
}

void Functional::validate() {
  Layer::validate();
  if (layers_.is_null()) return;
  const GraphReader reader(std::exchange(layers_, Json()),
                           [](const Json& config) { return deserialize_layer(config); });
  const auto read = [&](Json& field, Json& structure) {
    std::vector<Json> found;
    structure = take_histories(std::exchange(field, Json()), found);
    Tensors tensors;
    for (const Json& history : found) tensors.push_back(reader.tensor(history));
    return tensors;
  };
  const Tensors inputs = read(input_layers_, input_structure_);
  const Tensors outputs = read(output_layers_, output_structure_);
  draw(inputs, outputs);
}

GraphReader::GraphReader(const Json& layers, const MakeLayer& make) {
  std::vector<std::pair<Entry*, Json::Array>> waiting;
  for (const Json& config : layers.as_array("layers")) {
    Entry entry{make(config), {}};
    const std::string name =
        config.contains("name") ? config.at("name").as_string("name") : entry.layer->name();
    if (auto* input = dynamic_cast<InputLayer*>(entry.layer.get())) {
      entry.nodes.push_back(origin_of(input->placeholder())->node);
    }
    const auto [at, added] = entries_.emplace(name, std::move(entry));
    if (!added) value_error("expected unique layer names, received '", name, "' a second time");
    const Json* calls = config.find("inbound_nodes");
    if (calls && calls->size()) waiting.emplace_back(&at->second, calls->as_array("inbound_nodes"));
  }
  // A shared layer's later calls may need what comes after its first: round by round.
  while (!waiting.empty()) {
    bool progress = false;
    for (auto& [entry, calls] : waiting) {
      while (!calls.empty() && call(*entry, calls.front())) {
        calls.erase(calls.begin());
        progress = true;
      }
    }
    if (!progress) {
      value_error("the calls of '", waiting[0].first->layer->name(),
                  "' cannot be made: the graph has a loop, or a call that it needs is missing");
    }
    std::erase_if(waiting, [](const auto& item) { return item.second.empty(); });
  }
}

std::optional<Tensor> GraphReader::find(const Json& history, int first) const {
  const std::string& name = history.at(size_t{0}).as_string("keras_history");
  const auto found = entries_.find(name);
  if (found == entries_.end()) value_error("there is no layer '", name, "' in the model");
  const auto node = history.at(size_t{1}).as_int("keras_history") - first;
  const auto index = history.at(size_t{2}).as_int("keras_history");
  const auto& nodes = found->second.nodes;
  if (node < 0 || node >= static_cast<int64_t>(nodes.size())) return {};
  const CallNode& call = *nodes[static_cast<size_t>(node)];
  if (index < 0 || index >= static_cast<int64_t>(call.outputs.size())) {
    value_error("'", name, "' has ", call.outputs.size(), " outputs, expected one at ", index);
  }
  return call.output(static_cast<size_t>(index));
}

Tensor GraphReader::tensor(const Json& history) const {
  const auto found = entries_.find(history.at(size_t{0}).as_string("keras_history"));
  const bool model = found != entries_.end() && found->second.layer->class_name() == "Functional";
  std::optional<Tensor> tensor = find(history, model ? 1 : 0);
  if (!tensor) value_error("there is no call ", history.dump(), " in the model");
  return *std::move(tensor);
}

// False where a call that this one needs has not been made yet.
bool GraphReader::call(Entry& entry, const Json& written) {
  Tensors inputs;
  bool complete = true;
  const auto take = [&](const auto& self, const Json& value, Tensors& into, bool operands) -> Json {
    const std::string* name = class_name_of(value);
    const auto leaf = [&](Tensor t) {
      into.push_back(std::move(t));
      return CallNode::leaf(into.size() - 1);
    };
    if (name && *name == "__keras_tensor__") {
      std::optional<Tensor> t = find(value.at("config").at("keras_history"), 0);
      complete = complete && t;
      return leaf(t ? *std::move(t) : Tensor());
    }
    if (name && (*name == "__numpy__" || *name == "__tensor__")) {
      const Json& config = value.at("config");
      const Json* dtype = config.find("dtype");
      return leaf(constant_of(config.at("value"),
                              dtype ? parse_dtype(dtype->as_string("dtype")) : floatx()));
    }
    if (operands && !value.is_array()) {  // of an op: numbers are tensors, null is an absent one
      return leaf(value.is_null() ? Tensor() : constant_of(value, {}));
    }
    Json out = value;
    if (value.is_array()) {
      for (Json& item : out.as_array()) item = self(self, item, into, operands);
    } else if (value.is_object()) {
      for (auto& [key, item] : out.as_object()) item = self(self, item, into, operands);
    }
    return out;
  };

  const auto* operation = dynamic_cast<Operation*>(entry.layer.get());
  Json args = written.at("args");
  Json kwargs = written.contains("kwargs") ? written.at("kwargs") : Json::object();
  std::optional<bool> training;
  Tensors masks;
  if (operation) {
    if (is_getitem(operation->op())) {
      set_getitem_key(*operation->attrs(), args.at(size_t{1}));
      args = Json(Json::Array{args.at(size_t{0})});
    }
    args = take(take, args, inputs, true);
    if (is_getitem(operation->op())) args.push_back(written.at("args").at(size_t{1}));
  } else {
    if (const Json* given = kwargs.find("training"); given && !given->is_null()) {
      training = given->as_bool("training");
    }
    if (const Json* given = kwargs.find("mask"); given && !given->is_null()) {
      take(take, *given, masks, false);
    }
    kwargs.erase("training");
    kwargs.erase("mask");
    args = take(take, args, inputs, false);
    kwargs = take(take, kwargs, inputs, false);
  }
  if (!complete) return false;
  if (std::none_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return origin_of(t); })) {
    value_error("a call of '", entry.layer->name(), "' takes no output of another layer");
  }
  entry.nodes.push_back(note_call(*entry.layer, inputs, training, masks,
                                  Json::object({{"args", args}, {"kwargs", kwargs}})));
  return true;
}

}  // namespace nacre
