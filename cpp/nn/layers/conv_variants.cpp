// Transposed, depthwise and separable convolution.
#include "nacre/nn/layers/conv.h"
#include "nacre/ops/nn.h"

namespace nacre {

std::vector<Field> ConvTransposeLayer::fields() {
  std::vector<Field> all = WindowLayer::fields();
  detail::append_fields(
      all,
      "filters, output_padding, kernel_initializer, kernel_regularizer, "
      "kernel_constraint",
      std::tie(filters, output_padding, kernel_initializer, kernel_regularizer, kernel_constraint));
  return all;
}

void ConvTransposeLayer::check() {
  if (filters <= 0) value_error("expected filters > 0, received ", filters);
  refuse_strides_with_dilation();
  if (!output_padding) return;
  expand_to_axes(*output_padding, num_axes_, 0, "output_padding");
  for (int i = 0; i < num_axes_; ++i) {
    if ((*output_padding)[i] >= strides[i]) {
      value_error("expected output_padding less than strides, received output_padding=",
                  to_string(AttrValue(*output_padding)),
                  ", strides=", to_string(AttrValue(strides)));
    }
  }
}

void ConvTransposeLayer::build(const Shape& input_shape) {
  kernel_ = add_weight("kernel", window_shape(filters, known_channels_of(input_shape)),
                       kernel_initializer,
                       {.regularizer = kernel_regularizer, .constraint = kernel_constraint});
  add_bias(filters);
}

Tensor ConvTransposeLayer::call(const Tensor& x, const CallContext& context) {
  require_channels(x, kernel_->shape().back(), kernel_);
  return finish(ops::conv_transpose(x, value(kernel_), strides, padding, output_padding,
                                    data_format.name(), dilation_rate));
}

std::vector<Field> DepthwiseConvLayer::fields() {
  std::vector<Field> all = WindowLayer::fields();
  detail::append_fields(all,
                        "depth_multiplier, depthwise_initializer, depthwise_regularizer, "
                        "depthwise_constraint",
                        std::tie(depth_multiplier, depthwise_initializer, depthwise_regularizer,
                                 depthwise_constraint));
  return all;
}

void DepthwiseConvLayer::check() {
  if (depth_multiplier <= 0) {
    value_error("expected depth_multiplier > 0, received ", depth_multiplier);
  }
}

void DepthwiseConvLayer::build(const Shape& input_shape) {
  const int64_t channels = known_channels_of(input_shape);
  kernel_ = add_weight("kernel", window_shape(channels, depth_multiplier), depthwise_initializer,
                       {.regularizer = depthwise_regularizer, .constraint = depthwise_constraint});
  add_bias(channels * depth_multiplier);
}

Tensor DepthwiseConvLayer::call(const Tensor& x, const CallContext& context) {
  require_channels(x, kernel_->shape()[num_axes_], kernel_);
  return finish(
      ops::depthwise_conv(x, value(kernel_), strides, padding, data_format.name(), dilation_rate));
}

std::vector<Field> SeparableConvLayer::fields() {
  std::vector<Field> all = WindowLayer::fields();
  detail::append_fields(
      all,
      "filters, depth_multiplier, depthwise_initializer, pointwise_initializer, "
      "depthwise_regularizer, pointwise_regularizer, depthwise_constraint, pointwise_constraint",
      std::tie(filters, depth_multiplier, depthwise_initializer, pointwise_initializer,
               depthwise_regularizer, pointwise_regularizer, depthwise_constraint,
               pointwise_constraint));
  return all;
}

void SeparableConvLayer::check() {
  if (filters <= 0) value_error("expected filters > 0, received ", filters);
  if (depth_multiplier <= 0) {
    value_error("expected depth_multiplier > 0, received ", depth_multiplier);
  }
}

void SeparableConvLayer::build(const Shape& input_shape) {
  const int64_t channels = known_channels_of(input_shape);
  depthwise_kernel_ = add_weight(
      "depthwise_kernel", window_shape(channels, depth_multiplier), depthwise_initializer,
      {.regularizer = depthwise_regularizer, .constraint = depthwise_constraint});
  Shape pointwise;
  for (int i = 0; i < num_axes_; ++i) pointwise.push_back(1);
  pointwise.push_back(channels * depth_multiplier);
  pointwise.push_back(filters);
  pointwise_kernel_ =
      add_weight("pointwise_kernel", pointwise, pointwise_initializer,
                 {.regularizer = pointwise_regularizer, .constraint = pointwise_constraint});
  add_bias(filters);
}

Tensor SeparableConvLayer::call(const Tensor& x, const CallContext& context) {
  require_channels(x, depthwise_kernel_->shape()[num_axes_], depthwise_kernel_);
  return finish(ops::separable_conv(x, value(depthwise_kernel_), value(pointwise_kernel_), strides,
                                    padding, data_format.name(), dilation_rate));
}

}  // namespace nacre
