#include "nacre/nn/layers/dense.h"

#include "nacre/ops/ops.h"

namespace nacre {

void Dense::validate() {
  UnaryLayer::validate();
  if (units <= 0) value_error("Dense: expected units > 0, received ", units);
}

void Dense::build(const Shape& input_shape) {
  if (input_shape.rank() < 1 || input_shape.back() < 0) {
    value_error("expected an input whose last dimension is known, received shape ", input_shape);
  }
  kernel_ = add_weight("kernel", {input_shape.back(), units}, kernel_initializer,
                       {.regularizer = kernel_regularizer, .constraint = kernel_constraint});
  if (use_bias) {
    bias_ = add_weight("bias", {units}, bias_initializer,
                       {.regularizer = bias_regularizer, .constraint = bias_constraint});
  }
}

Tensor Dense::call(const Tensor& x, const CallContext& context) {
  if (x.rank() < 1 || x.shape().back() != kernel_->shape()[0]) {
    value_error("expected an input whose last dimension is ", kernel_->shape()[0],
                ", received shape ", x.shape());
  }
  Tensor y = ops::matmul(x, value(kernel_));
  if (bias_) y = ops::add(y, value(bias_));
  return activation(y);
}

}  // namespace nacre
