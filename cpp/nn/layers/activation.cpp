#include "nacre/nn/layers/activation.h"

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {

std::vector<Field> ActivationLayer::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  detail::append_fields(all, "activation", std::tie(activation));
  return all;
}

Tensor ActivationLayer::call(const Tensor& x, const CallContext& context) {
  return activation(x);
}

void ReLU::validate() {
  UnaryLayer::validate();
  if (max_value && *max_value < 0)
    value_error("ReLU: expected max_value >= 0, received ", *max_value);
  if (negative_slope < 0) {
    value_error("ReLU: expected negative_slope >= 0, received ", negative_slope);
  }
  if (threshold < 0) value_error("ReLU: expected threshold >= 0, received ", threshold);
}

Tensor ReLU::call(const Tensor& x, const CallContext& context) {
  return ops::relu_with(x, negative_slope, max_value, threshold);
}

void LeakyReLU::validate() {
  UnaryLayer::validate();
  if (negative_slope < 0) {
    value_error("LeakyReLU: expected negative_slope >= 0, received ", negative_slope);
  }
}

Tensor LeakyReLU::call(const Tensor& x, const CallContext& context) {
  return ops::leaky_relu(x, negative_slope);
}

Tensor ELU::call(const Tensor& x, const CallContext& context) {
  return ops::elu(x, alpha);
}

void PReLU::build(const Shape& input_shape) {
  Shape shape = input_shape;
  if (shape.rank() == 0) value_error("expected an input of at least rank 1, received a scalar");
  shape.erase(0);
  for (const int64_t axis : shared_axes.value_or(IntList())) {
    if (axis < 1 || axis >= input_shape.rank()) {
      value_error("expected shared_axes in [1, ", input_shape.rank(), "), received ", axis);
    }
    shape[static_cast<int>(axis) - 1] = 1;
  }
  alpha_ = add_weight("alpha", shape, alpha_initializer,
                      {.regularizer = alpha_regularizer, .constraint = alpha_constraint});
}

Tensor PReLU::call(const Tensor& x, const CallContext& context) {
  return ops::relu(x) - value(alpha_) * ops::relu(-x);
}

Tensors Softmax::call(const Tensors& inputs, const CallContext& context) {
  if (inputs.empty() || inputs.size() > 2) {
    value_error("expected one input and perhaps a mask, received ", inputs.size());
  }
  Tensor x = inputs[0];
  if (!is_floating(x.dtype())) x = ops::cast(x, compute_dtype());
  Tensor mask = inputs.size() == 2 ? inputs[1] : context.mask();
  if (mask.defined()) {
    bool fits = mask.rank() <= x.rank();
    for (int i = 1; fits && i <= mask.rank(); ++i) {
      const int64_t m = mask.dim(-i), n = x.dim(-i);
      fits = m == 1 || m < 0 || n < 0 || m == n;
    }
    if (!fits) {
      value_error("expected a mask that broadcasts to the input, received shape ", mask.shape(),
                  " (x: ", x.shape(), ")");
    }
    const double lowest = x.dtype() == DType::kFloat16 ? -3e4 : -1e9;
    if (mask.dtype() != DType::kBool) mask = ops::greater(mask, ops::scalar(0.5));
    x = ops::where(mask, x, ops::scalar(lowest));
  }
  return {ops::softmax(x, axis.normalized(x.rank()))};
}

void register_activation_layers() {
  register_class<ActivationLayer>();
  register_class<ReLU>();
  register_class<LeakyReLU>();
  register_class<PReLU>();
  register_class<ELU>();
  register_class<Softmax>();
}

}  // namespace nacre
