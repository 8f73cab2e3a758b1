#include "nacre/nn/functional.h"

#include <algorithm>
#include <set>

#include "nacre/nn/sequential.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

using Key = std::pair<const CallNode*, size_t>;

Key key_of(const Tensor& tensor) {
  const Origin* origin = origin_of(tensor);
  return {origin->node.get(), origin->index};
}

std::string described(const Layer& layer) {
  return str_cat(layer.class_name(), " '", layer.name(), "'");
}

// The calls behind some tensors, each after those it needs, and the order in which layers are met.
class Walk {
 public:
  explicit Walk(const Tensors& inputs) {
    for (const Tensor& x : inputs) inputs_.insert(key_of(x));
  }

  void visit(const Tensor& tensor) {
    const Origin* origin = origin_of(tensor);
    if (!origin) return;
    CallNode* node = origin->node.get();
    // What is behind an input is no part of the model.
    if (done_.contains(node) || (!node->is_input() && inputs_.contains(key_of(tensor)))) return;
    done_.insert(node);
    order_.emplace(node->layer.get(), static_cast<int>(order_.size()));
    for (const Tensor& x : node->input_tensors()) visit(x);
    nodes.emplace_back(node);
  }

  std::vector<Ref<CallNode>> nodes;
  int order(const Layer* layer) const {
    const auto found = order_.find(layer);
    return found == order_.end() ? -1 : found->second;
  }

 private:
  std::set<Key> inputs_;
  std::set<const CallNode*> done_;
  std::map<const Layer*, int> order_;
};

// Whether a layer may be called without an input that it had when the model was drawn: layers
// written in Python may, models say themselves which of their inputs are missing.
bool takes_missing(const Layer& layer) {
  return dynamic_cast<const Functional*>(&layer) ||
         (layer.module() == Layer::kModule &&
          !ClassRegistry::of(Layer::kModule).contains(layer.class_name()));
}

// The same calls from inputs of their own, for a model that begins amid another one's calls.
void begin_at(Tensors& inputs, Tensors& outputs) {
  Walk walk(inputs);
  for (const Tensor& y : outputs) walk.visit(y);
  std::map<Key, Tensor> moved;
  for (Tensor& x : inputs) {
    const Origin* origin = origin_of(x);
    if (origin->node->is_input()) {
      moved.emplace(key_of(x), x);
      continue;
    }
    const Tensor input =
        Input(x.shape(), x.dtype(), unique_name(origin->node->layer->name() + "_input"));
    moved.emplace(key_of(x), input);
    x = input;
  }
  const auto replace = [&](Tensors& tensors) {
    for (Tensor& t : tensors) {
      if (!origin_of(t)) continue;
      const auto found = moved.find(key_of(t));
      if (found != moved.end()) t = found->second;
    }
  };
  for (const Ref<CallNode>& node : walk.nodes) {
    if (node->is_input()) continue;
    const auto copy = make_ref<CallNode>(node->layer);
    copy->inputs = node->inputs;
    copy->variables = node->variables;
    copy->masks = node->masks;
    replace(copy->inputs);
    replace(copy->masks);
    copy->training = node->training;
    copy->arguments = node->arguments;
    copy->native_arguments = node->native_arguments;
    copy->outputs = node->outputs;
    copy->owner = node->owner;
    for (size_t i = 0; i < node->outputs.size(); ++i) {
      moved.emplace(Key{node.get(), i}, copy->output(i));
    }
  }
  replace(outputs);
}

}  // namespace

Functional::Functional(const Tensors& inputs, const Tensors& outputs, std::string name) {
  name_ = std::move(name);
  Layer::validate();
  draw(inputs, outputs);
}

void Functional::draw(Tensors inputs, Tensors outputs) {
  set_autocast(false);  // inputs are cast to their own dtypes
  const std::string self = described(*this);
  if (inputs.empty()) value_error(self, ": expected at least one input");
  if (outputs.empty()) value_error(self, ": expected at least one output");
  std::set<Key> distinct;
  bool amid = false;
  for (const Tensor& x : inputs) {
    const Origin* origin = origin_of(x);
    if (!origin) {
      value_error(self, ": expected inputs that Input() made, received ",
                  x.defined() ? str_cat("a tensor of shape ", x.shape()) : "None");
    }
    if (!distinct.insert(key_of(x)).second) {
      value_error(self, ": the output of ", described(*origin->node->layer),
                  " is given twice as an input");
    }
    amid = amid || !origin->node->is_input();
  }
  for (const Tensor& y : outputs) {
    if (origin_of(y)) continue;
    value_error(self, ": expected outputs that layers made of the inputs, received ",
                y.defined() ? str_cat("a tensor of shape ", y.shape()) : "None");
  }
  if (amid) begin_at(inputs, outputs);

  Walk walk(inputs);
  for (const Tensor& y : outputs) walk.visit(y);
  std::set<const CallNode*> given;
  for (const Tensor& x : inputs) given.insert(key_of(x).first);
  for (const Ref<CallNode>& node : walk.nodes) {
    for (const Tensor& x : node->input_tensors()) {
      const Origin* origin = origin_of(x);
      if (origin && origin->node->is_input() && !given.contains(origin->node.get())) {
        value_error(self, ": the graph is disconnected: ", described(*node->layer),
                    " needs the input '", origin->node->layer->name(),
                    "', which is not among the model's inputs");
      }
    }
  }
  for (const Tensor& y : outputs) {
    const Origin* origin = origin_of(y);
    if (origin->node->is_input() && !given.contains(origin->node.get())) {
      value_error(self, ": the graph is disconnected: the output is the input '",
                  origin->node->layer->name(), "', which is not among the model's inputs");
    }
  }

  // Depths: the longest way to an output; a shared layer counts at its greatest.
  std::map<const CallNode*, int> node_depth;
  std::map<const Layer*, int> layer_depth;
  for (auto it = walk.nodes.rbegin(); it != walk.nodes.rend(); ++it) {
    int& of_layer = layer_depth[(*it)->layer.get()];
    const int depth = of_layer = std::max(node_depth[it->get()], of_layer);
    node_depth[it->get()] = depth;
    for (const Tensor& x : (*it)->input_tensors()) {
      if (const Origin* origin = origin_of(x)) {
        int& parent = node_depth[origin->node.get()];
        parent = std::max(parent, depth + 1);
      }
    }
  }
  for (const Tensor& x : inputs) {  // unused ones belong to the model too
    const Ref<CallNode>& node = origin_of(x)->node;
    if (node_depth.contains(node.get())) continue;
    node_depth[node.get()] = 0;
    layer_depth[node->layer.get()] = 0;
    walk.nodes.push_back(node);
  }

  std::vector<Ref<Layer>> operations;
  std::set<std::string> names;
  for (const Ref<CallNode>& node : walk.nodes) {
    if (std::find(operations.begin(), operations.end(), node->layer) != operations.end()) continue;
    operations.push_back(node->layer);
    if (!names.insert(node->layer->name()).second) {
      value_error(self, ": expected unique layer names, received '", node->layer->name(),
                  "' a second time");
    }
  }
  std::stable_sort(operations.begin(), operations.end(), [&](const auto& a, const auto& b) {
    const int depth_a = layer_depth[a.get()], depth_b = layer_depth[b.get()];
    if (depth_a != depth_b) return depth_a > depth_b;
    return walk.order(a.get()) < walk.order(b.get());
  });

  std::map<Key, int64_t> slots;
  int64_t num_values = 0;
  const auto slots_of = [&](const Tensors& tensors) {
    std::vector<int64_t> out;
    for (const Tensor& t : tensors) out.push_back(origin_of(t) ? slots.at(key_of(t)) : -1);
    return out;
  };
  std::vector<Step> steps;
  for (const Ref<CallNode>& node : walk.nodes) {
    Step step{node, node_depth[node.get()], num_values, slots_of(node->inputs),
              slots_of(node->masks)};
    for (size_t i = 0; i < node->outputs.size(); ++i) slots[{node.get(), i}] = num_values++;
    steps.push_back(std::move(step));
  }

  inputs_ = std::move(inputs);
  outputs_ = std::move(outputs);
  input_slots_ = slots_of(inputs_);
  output_slots_ = slots_of(outputs_);
  num_values_ = static_cast<size_t>(num_values);
  steps_ = std::move(steps);
  operations_ = std::move(operations);
  std::vector<Shape> shapes;
  for (const Tensor& x : inputs_) shapes.push_back(x.shape());
  for (const Ref<Layer>& layer : operations_) {
    if (layer->class_name() != "InputLayer" && layer->module() != "ops") add_sublayer(layer);
  }
  ensure_built(shapes);
}

Tensors Functional::standardized(const Tensors& inputs, const Tensors& masks) const {
  if (inputs.size() != inputs_.size()) {
    value_error("expected ", inputs_.size(), inputs_.size() == 1 ? " input" : " inputs",
                ", received ", inputs.size());
  }
  Tensors out;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor x = inputs[i];
    const TensorSpec& spec = inputs_[i].spec();
    const std::string& name = origin_of(inputs_[i])->node->layer->name();
    if (!x.defined()) {
      const auto* input = dynamic_cast<const InputLayer*>(origin_of(inputs_[i])->node->layer.get());
      if (!input || !input->optional) {
        value_error("the input '", name, "' is not optional, expected a tensor, received None");
      }
      out.push_back(x);
      continue;
    }
    const Shape received = x.shape();
    // A last axis of size 1 may be left out or be there (Keras's convention).
    if (x.rank() == spec.shape.rank() + 1 && received[x.rank() - 1] == 1) {
      x = ops::squeeze(x, IntList{-1});
    } else if (x.rank() == spec.shape.rank() - 1 && spec.shape[spec.shape.rank() - 1] == 1) {
      x = ops::expand_dims(x, -1);
    }
    bool fits = x.rank() == spec.shape.rank();
    for (int d = 0; fits && d < x.rank(); ++d) {
      fits = spec.shape[d] < 0 || x.shape()[d] < 0 || x.shape()[d] == spec.shape[d];
    }
    if (!fits) {
      value_error("expected input '", name, "' of shape ", spec.shape, ", received ", received);
    }
    if (x.dtype() != spec.dtype) x = ops::cast(x, spec.dtype);
    const Tensor mask = i < masks.size() ? masks[i] : Tensor();
    if (mask.defined() && !x.mask().defined()) {
      if (x.id() == inputs[i].id()) x = ops::identity(x);  // the caller's has none
      x.set_mask(mask);
    }
    out.push_back(std::move(x));
  }
  return out;
}

Tensors Functional::call(const Tensors& inputs, const CallContext& context) {
  if (inputs_.empty()) runtime_error("the model has no layers yet");
  Tensors values(num_values_);
  const Tensors given = standardized(inputs, context.masks);
  for (size_t i = 0; i < given.size(); ++i) {
    values[static_cast<size_t>(input_slots_[i])] = given[i];
  }
  const auto fill = [&](const Tensors& noted, const std::vector<int64_t>& slots) {
    Tensors out;
    for (size_t i = 0; i < noted.size(); ++i) {
      out.push_back(slots[i] < 0 ? noted[i] : values[static_cast<size_t>(slots[i])]);
    }
    return out;
  };
  for (const Step& step : steps_) {
    const CallNode& node = *step.node;
    if (node.is_input()) continue;
    Tensors operands = fill(node.inputs, step.inputs);
    for (const auto& [i, variable] : node.variables) operands[i] = autocast_value(*variable);
    for (size_t i = 0; i < operands.size(); ++i) {
      if (!operands[i].defined() && node.inputs[i].defined() && !takes_missing(*node.layer)) {
        value_error(described(*node.layer),
                    ": expected a tensor, received None, since an optional ",
                    "input of the model was left out");
      }
    }
    // An argument of the call comes before what the model was called with.
    Tensors results = (*node.layer)(operands, node.training, fill(node.masks, step.masks),
                                    node.further_arguments(), &node);
    if (results.size() != node.outputs.size()) {
      value_error(described(*node.layer), ": expected ", node.outputs.size(),
                  " outputs, as when the model was made, received ", results.size());
    }
    std::move(results.begin(), results.end(), values.begin() + step.first_value);
  }
  Tensors out;
  for (const int64_t slot : output_slots_) out.push_back(values[static_cast<size_t>(slot)]);
  return out;
}

std::vector<std::string> Functional::input_names() const {
  std::vector<std::string> names;
  for (const Tensor& x : inputs_) names.push_back(origin_of(x)->node->layer->name());
  return names;
}

std::vector<std::string> Functional::output_names() const {
  std::vector<std::string> names;
  for (const Tensor& y : outputs_) names.push_back(origin_of(y)->node->layer->name());
  return names;
}

Ref<Layer> Functional::get_layer(std::string_view name) const {
  std::vector<std::string> names;
  for (const Ref<Layer>& layer : operations_) {
    if (layer->name() == name) return layer;
    names.push_back(layer->name());
  }
  value_error(described(*this), ": there is no layer '", name, "'.",
              did_you_mean(std::string(name), names));
}

bool Functional::contains(const CallNode& node) const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [&](const Step& step) { return step.node.get() == &node; });
}

}  // namespace nacre
