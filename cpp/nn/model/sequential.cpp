#include "nacre/nn/sequential.h"

#include <algorithm>

#include "nacre/nn/functional.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {

Ref<Layer> deserialize_layer(const Json& json) {
  const Json* module = json.find("module");
  if (module && module->is_string() && module->as_string().find(".ops") != std::string::npos) {
    return make_operation(json);
  }
  // A model may hold models.
  const bool is_model = json.is_object() && json.contains("class_name") &&
                        ClassRegistry::of("models").contains(json.at("class_name").as_string());
  const Ref<Configurable> object = deserialize(is_model ? "models" : "layers", json);
  return Ref<Layer>(static_cast<Layer*>(object.get()));
}

void read_field(std::vector<Ref<Layer>>& field, const Json& json, std::string_view what) {
  field.clear();
  for (const Json& item : json.as_array(what)) field.push_back(deserialize_layer(item));
}

Json write_field(const std::vector<Ref<Layer>>& field) {
  Json out = Json::array();
  for (const auto& layer : field) out.push_back(layer->serialize());
  return out;
}

std::vector<Field> InputLayer::fields() {
  std::vector<Field> all;
  all.push_back({"batch_shape",
                 [this](const Json& json) { read_field(batch_shape, json, "batch_shape"); },
                 [this] { return write_field(batch_shape); }});
  all.push_back({"dtype", [this](const Json& json) { read_field(input_dtype, json, "dtype"); },
                 [this] { return write_field(input_dtype); }});
  all.push_back({"sparse", [](const Json&) {}, [] { return Json(false); }});
  all.push_back({"ragged", [](const Json&) {}, [] { return Json(false); }});
  all.push_back({"optional", [this](const Json& json) { read_field(optional, json, "optional"); },
                 [this] { return write_field(optional); }});
  all.push_back({"name", [this](const Json& json) { read_field(name_, json, "name"); },
                 [this] { return Json(name_); }});
  return all;
}

void InputLayer::validate() {
  Layer::validate();
  if (batch_shape.rank() == 0) value_error("InputLayer: expected a batch_shape");
  set_built(true);
}

Tensor InputLayer::call(const Tensor& x, const CallContext& context) {
  return x;
}

Sequential::Sequential(const std::vector<Ref<Layer>>& list, std::string name) {
  name_ = std::move(name);
  Layer::validate();
  for (const auto& layer : list) add(layer);
}

void Sequential::validate() {
  Layer::validate();
  // Read from a configuration: registers the layers as add() does.
  const std::vector<Ref<Layer>> list = std::exchange(layers, {});
  const auto shape = build_input_shape_;
  for (const auto& layer : list) add(layer);
  if (shape && !built()) ensure_built({*shape});
}

void Sequential::add(Ref<Layer> layer) {
  if (!layer) type_error("Sequential '", name_, "': expected a layer, received None");
  for (const auto& own : layers) {
    if (own->name() == layer->name()) {
      value_error("Sequential '", name_, "': expected unique layer names, received '",
                  layer->name(), "' a second time");
    }
  }
  auto* input = dynamic_cast<InputLayer*>(layer.get());
  if (input && !layers.empty()) {
    value_error("Sequential '", name_, "': an InputLayer must be the first layer");
  }
  const bool was_built = built();
  layers.push_back(layer);
  if (!input) add_sublayer(layer);
  try {
    if (input) {
      set_autocast(false);  // the input's own dtype is what the layers take
      build_input_shape_ = input->batch_shape;
      set_built(false);
      ensure_built({input->batch_shape});
    } else if (was_built || (build_input_shape_ && !layer->built())) {
      set_built(false);
      ensure_built({*build_input_shape_});
    }
  } catch (...) {
    layers.pop_back();
    remove_sublayer(layer.get());
    set_built(was_built);
    throw;
  }
}

void Sequential::pop() {
  if (layers.empty()) runtime_error("Sequential '", name_, "': there is no layer to remove");
  remove_sublayer(layers.back().get());
  layers.pop_back();
  if (built()) {
    set_built(false);
    ensure_built({*build_input_shape_});
  }
}

void Sequential::build(const std::vector<Shape>& input_shapes) {
  const Shape& shape = input_shapes.at(0);
  build_input_shape_ = shape;
  // A later call may bring another batch size.
  if (shape.rank() > 0 && !dynamic_cast<InputLayer*>(layers.empty() ? nullptr : layers[0].get())) {
    (*build_input_shape_)[0] = kUnknownDim;
  }
  auto* input = dynamic_cast<InputLayer*>(layers.empty() ? nullptr : layers[0].get());
  // Noted calls: models are cut from this one at the outputs of its layers.
  Tensor x = input ? input->placeholder() : Input(*build_input_shape_, compute_dtype());
  const Tensors inputs{x};
  for (const auto& layer : layers) {
    if (layer.get() != input) x = (*layer)(x);
  }
  inputs_ = inputs;
  outputs_ = {x};
}

Tensors Sequential::call(const Tensors& inputs, const CallContext& context) {
  if (inputs.size() != 1) value_error("expected one input, received ", inputs.size());
  Tensor x = inputs[0];
  if (!layers.empty()) {
    if (auto* input = dynamic_cast<InputLayer*>(layers[0].get())) {
      const Shape expected = input->batch_shape;
      bool fits = x.rank() == expected.rank();
      for (int i = 1; fits && i < expected.rank(); ++i) {
        fits = expected[i] < 0 || x.shape()[i] < 0 || x.shape()[i] == expected[i];
      }
      if (!fits) value_error("expected an input of shape ", expected, ", received ", x.shape());
      if (is_floating(x.dtype()) && x.dtype() != input->input_dtype) {
        x = ops::cast(x, input->input_dtype);
      }
    }
  }
  Tensor mask = context.mask();
  for (const auto& layer : layers) {
    if (layer->class_name() == "InputLayer") continue;
    x = (*layer)(x, {}, std::exchange(mask, Tensor()));
  }
  return {x};
}

void register_models() {
  register_class<Sequential>();
  register_class<Functional>();
}

}  // namespace nacre
