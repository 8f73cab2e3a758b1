#include "nacre/nn/layers/recurrent_wrappers.h"

#include "nacre/ops/ops.h"
#include "nacre/ops/shaping.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// "lstm" -> "forward_lstm", and no second time.
std::string with_prefix(const std::string& prefix, const std::string& name) {
  return name.starts_with(prefix) ? name : prefix + name;
}

// A layer or a model within another: a handle, or its serialized form.
Field layer_field(const char* name, Ref<Layer>& field) {
  return {name,
          [&field, name](const Json& json) {
            std::string_view module = Layer::kModule;
            if (json.is_handle()) {
              if (auto* given = dynamic_cast<Layer*>(json.as_handle().get()))
                module = given->module();
            } else if (json.is_object() && json.contains("class_name")) {
              const std::string& wanted = json.at("class_name").as_string(name);
              if (ClassRegistry::of("models").contains(wanted)) module = "models";
            }
            field = deserialize_as<Layer>(module, json);
          },
          [&field] { return field ? field->serialize() : Json(); }};
}

}  // namespace

std::vector<Field> Bidirectional::fields() {
  std::vector<Field> all = Layer::fields();
  all.push_back(layer_field("layer", layer));
  detail::append_fields(all, "merge_mode, weights", std::tie(merge_mode, weights));
  all.push_back(layer_field("backward_layer", backward_layer));
  return all;
}

std::vector<Field> TimeDistributed::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  all.push_back(layer_field("layer", layer));
  return all;
}

RecurrentLayer& Bidirectional::side(bool backward) const {
  auto* found = dynamic_cast<RecurrentLayer*>((backward ? backward_layer : layer).get());
  if (!found) {
    const Ref<Layer>& given = backward ? backward_layer : layer;
    value_error("Bidirectional: expected ", backward ? "backward_layer" : "layer",
                " to be a recurrent layer of the library, received ",
                given ? given->class_name() : "None");
  }
  return *found;
}

void Bidirectional::validate() {
  Layer::validate();
  if (!layer) return;  // a sample made to read its fields
  const std::string mode = merge_mode.value_or("");
  if (merge_mode && mode != "concat" && mode != "sum" && mode != "mul" && mode != "ave") {
    value_error("Bidirectional: expected merge_mode 'sum', 'mul', 'ave', 'concat' or None, ",
                "received '", mode, "'");
  }
  side(false);
  const std::string prefix = "forward_";
  std::string own = layer->name();
  if (own.starts_with(prefix)) own = own.substr(prefix.size());
  if (!layer->built()) layer->set_name(prefix + own);
  if (!backward_layer) {
    Json mirrored = layer->config();
    mirrored["go_backwards"] = !side(false).go_backwards;
    mirrored["name"] = with_prefix("backward_", own);
    backward_layer = make_layer(layer->class_name(), mirrored);
  }
  RecurrentLayer &forward = side(false), &backward = side(true);
  if (forward.go_backwards == backward.go_backwards) {
    value_error("Bidirectional: expected layers of which one has go_backwards=True, received ",
                forward.go_backwards, " of both");
  }
  const auto same = [](std::string_view what, bool a, bool b) {
    if (a != b) {
      value_error("Bidirectional: expected layers with the same ", what, ", received ", a, " and ",
                  b);
    }
  };
  same("stateful", forward.stateful, backward.stateful);
  same("return_sequences", forward.return_sequences, backward.return_sequences);
  same("return_state", forward.return_state, backward.return_state);
  // A masked step adds nothing where the two are merged.
  forward.zero_output_for_mask = backward.zero_output_for_mask = forward.return_sequences;
  add_sublayer(layer);
  add_sublayer(backward_layer);
}

void Bidirectional::build(const std::vector<Shape>& input_shapes) {
  layer->ensure_built({input_shapes.at(0)});
  backward_layer->ensure_built({input_shapes.at(0)});
}

Tensors Bidirectional::compute_mask(const Tensors& inputs, const Tensors& masks) {
  if (!side(false).return_sequences || masks.empty()) return {};
  return merge_mode ? Tensors{masks[0]} : Tensors{masks[0], masks[0]};
}

void Bidirectional::reset_state() {
  layer->reset_state();
  backward_layer->reset_state();
}

Tensors Bidirectional::call(const Tensors& inputs, const CallContext& context) {
  const size_t states = inputs.size() - 1;
  if (states % 2 != 0) {
    value_error("expected initial states of both directions, received ", states);
  }
  const auto run = [&](const Ref<Layer>& one, size_t first) {
    Tensors own{inputs[0]};
    own.insert(own.end(), inputs.begin() + static_cast<int64_t>(first),
               inputs.begin() + static_cast<int64_t>(first + states / 2));
    return (*one)(own, {}, {context.mask()});
  };
  Tensors a = run(layer, 1), b = run(backward_layer, 1 + states / 2);
  const auto plain = [&](const Tensor& y) {
    return y.dtype() == compute_dtype() ? y : ops::cast(y, compute_dtype());
  };
  const Tensor y = plain(a[0]);
  Tensor reversed = plain(b[0]);
  if (side(false).return_sequences) {
    reversed = reversed.is_placeholder() ? reversed : ops::flip(reversed, IntList{1});
  }
  Tensors outputs;
  if (!merge_mode) {
    outputs = {y, reversed};
  } else if (*merge_mode == "concat") {
    outputs = {ops::concatenate({y, reversed}, -1)};
  } else if (*merge_mode == "mul") {
    outputs = {y * reversed};
  } else {
    const Tensor sum = y + reversed;
    outputs = {*merge_mode == "ave" ? sum / 2.0 : sum};
  }
  outputs.insert(outputs.end(), a.begin() + 1, a.end());
  outputs.insert(outputs.end(), b.begin() + 1, b.end());
  return outputs;
}

void TimeDistributed::validate() {
  UnaryLayer::validate();
  if (layer) add_sublayer(layer);
}

namespace {

Shape step_shape(const Shape& shape) {
  if (shape.rank() < 3) {
    value_error("expected an input of rank 3 or more, received shape ", shape);
  }
  Shape step{shape[0]};
  for (int i = 2; i < shape.rank(); ++i) step.push_back(shape[i]);
  return step;
}

}  // namespace

void TimeDistributed::build(const Shape& input_shape) {
  layer->ensure_built({step_shape(input_shape)});
}

Tensor TimeDistributed::call(const Tensor& x, const CallContext& context) {
  const Shape step = step_shape(x.shape());
  const Tensor mask = context.mask();
  if (mask.defined()) {
    bool fits = mask.rank() >= 2;
    for (int i = 0; fits && i < 2; ++i) {
      fits = mask.shape()[i] < 0 || x.shape()[i] < 0 || mask.shape()[i] == x.shape()[i];
    }
    if (!fits) {
      value_error("expected a mask whose first axes are ", Shape{x.shape()[0], x.shape()[1]},
                  ", received shape ", mask.shape(), " (x: ", x.shape(), ")");
    }
  }
  if (x.is_placeholder()) {
    const Tensor y = (*layer)(Tensor::placeholder({x.dtype(), step}));
    Shape shape{x.shape()[0], x.shape()[1]};
    for (int i = 1; i < y.rank(); ++i) shape.push_back(y.shape()[i]);
    return Tensor::placeholder({y.dtype(), shape});
  }
  if (x.shape()[1] == 0) value_error("expected at least one step, received shape ", x.shape());
  const Tensors steps = ops::unstack_steps(x);
  const bool masked = mask.defined() && layer->takes_mask();
  const Tensors masks = masked ? ops::unstack_steps(mask) : Tensors();
  Tensors outputs;
  for (size_t i = 0; i < steps.size(); ++i) {
    outputs.push_back((*layer)(steps[i], {}, masked ? masks[i] : Tensor()));
  }
  return ops::stack(outputs, 1);
}

void register_recurrent_wrappers() {
  register_class<Bidirectional>();
  register_class<TimeDistributed>();
}

}  // namespace nacre
