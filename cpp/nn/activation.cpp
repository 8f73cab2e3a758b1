#include "nacre/nn/activation.h"

#include <map>

#include "nacre/nn/layer.h"
#include "nacre/ops/opdef.h"

namespace nacre {
namespace {

// keras.activations name -> op.
const std::map<std::string, std::string, std::less<>>& activation_ops() {
  static const std::map<std::string, std::string, std::less<>> table = {
      {"relu", "relu"},
      {"relu6", "relu6"},
      {"leaky_relu", "leaky_relu"},
      {"elu", "elu"},
      {"celu", "celu"},
      {"selu", "selu"},
      {"gelu", "gelu_exact"},
      {"glu", "glu"},
      {"silu", "silu"},
      {"swish", "silu"},
      {"mish", "mish"},
      {"sigmoid", "sigmoid"},
      {"hard_sigmoid", "hard_sigmoid"},
      {"hard_silu", "hard_silu"},
      {"hard_swish", "hard_silu"},
      {"hard_tanh", "hard_tanh"},
      {"hard_shrink", "hard_shrink"},
      {"soft_shrink", "soft_shrink"},
      {"tanh_shrink", "tanh_shrink"},
      {"threshold", "threshold"},
      {"tanh", "tanh"},
      {"softmax", "softmax"},
      {"log_softmax", "log_softmax"},
      {"log_sigmoid", "log_sigmoid"},
      {"softplus", "softplus"},
      {"softsign", "softsign"},
      {"squareplus", "squareplus"},
      {"sparse_plus", "sparse_plus"},
      {"sparse_sigmoid", "sparse_sigmoid"},
      {"sparsemax", "sparsemax"},
      {"exponential", "exp"},
      {"linear", ""},
  };
  return table;
}

}  // namespace

Activation::Activation(std::string_view name) : name_(name) {
  const auto found = activation_ops().find(name);
  if (found == activation_ops().end()) {
    value_error("unknown activation '", name, "'.", did_you_mean(name_, names()));
  }
  if (found->second.empty()) return;
  const OpDef& op = find_op(found->second);
  function_ = [&op](const Tensor& x) {
    return apply_one(op, {x}, op.make_attrs ? op.make_attrs() : nullptr);
  };
}

Tensor Activation::operator()(const Tensor& x) const {
  if (!handle_ && !function_) return x;
  const auto apply = [handle = handle_, function = function_](const Tensors& xs) {
    return Tensors{handle ? handle->function(xs[0]) : function(xs[0])};
  };
  const Layer* layer = current_layer();
  if (layer && layer->remat_mode().kind == RematMode::Kind::kActivations) {
    return remat(apply, {x})[0];
  }
  return handle_ ? handle_->function(x) : function_(x);
}

Json Activation::json() const {
  return handle_ ? handle_->serialized : Json(name_);
}

std::vector<std::string> Activation::names() {
  std::vector<std::string> out;
  for (const auto& [name, op] : activation_ops()) out.push_back(name);
  return out;
}

namespace {

// A layer as an activation: nacre.layers.LeakyReLU(0.1).
Activation activation_of(Ref<Layer> layer) {
  Json serialized = layer->serialize();
  return Activation(make_ref<FunctionHandle>([layer](const Tensor& x) { return (*layer)(x); },
                                             std::move(serialized)));
}

}  // namespace

void read_field(Activation& field, const Json& json, std::string_view what) {
  if (json.is_null()) {
    field = Activation();
  } else if (json.is_object()) {
    field = activation_of(deserialize_as<Layer>(Layer::kModule, json));
  } else if (json.is_handle()) {
    if (auto* layer = dynamic_cast<Layer*>(json.as_handle().get())) {
      field = activation_of(Ref<Layer>(layer));
      return;
    }
    auto* handle = dynamic_cast<FunctionHandle*>(json.as_handle().get());
    if (!handle) type_error("expected a function for ", what);
    field = Activation(Ref<FunctionHandle>(handle));
  } else {
    field = Activation(json.as_string(what));
  }
}

}  // namespace nacre
