#include "nacre/nn/layers/conv.h"

#include <algorithm>
#include <cctype>

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/shaping.h"
#include "nn/registry.h"

namespace nacre {

std::vector<Field> ConvLayer::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  detail::append_fields(
      all,
      "filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, "
      "use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, "
      "kernel_constraint, bias_constraint",
      std::tie(filters, kernel_size, strides, padding, data_format, dilation_rate, groups,
               activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
               bias_regularizer, kernel_constraint, bias_constraint));
  return all;
}

void ConvLayer::validate() {
  UnaryLayer::validate();
  const std::string_view name = class_name();
  if (kernel_size.empty()) return;  // a sample made to read its fields
  try {
    if (filters <= 0) value_error("expected filters > 0, received ", filters);
    if (groups <= 0) value_error("expected groups > 0, received ", groups);
    if (filters % groups != 0) {
      value_error("expected filters in multiples of groups, received filters=", filters,
                  ", groups=", groups);
    }
    expand_to_axes(kernel_size, num_axes_, 1, "kernel_size");
    expand_to_axes(strides, num_axes_, 1, "strides");
    expand_to_axes(dilation_rate, num_axes_, 1, "dilation_rate");
    const auto above_one = [](const IntList& list) {
      return std::any_of(list.begin(), list.end(), [](int64_t n) { return n > 1; });
    };
    if (above_one(strides) && above_one(dilation_rate)) {
      value_error("expected strides > 1 or dilation_rate > 1, not both, received strides=",
                  to_string(AttrValue(strides)),
                  ", dilation_rate=", to_string(AttrValue(dilation_rate)));
    }
    std::transform(padding.begin(), padding.end(), padding.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (padding != "valid" && padding != "same" && !(padding == "causal" && num_axes_ == 1)) {
      std::vector<std::string> known = {"valid", "same"};
      if (num_axes_ == 1) known.emplace_back("causal");
      value_error("expected padding 'valid'",
                  num_axes_ == 1 ? ", 'same' or 'causal'" : " or 'same'", ", received '", padding,
                  "'.", did_you_mean(padding, known));
    }
  } catch (const Error& error) {
    throw Error(error.kind(), str_cat(name, ": ", error.what()));
  }
}

int64_t ConvLayer::channels_of(const Shape& shape) const {
  if (shape.rank() != num_axes_ + 2) {
    value_error("expected an input of rank ", num_axes_ + 2, ", received shape ", shape,
                " (data_format='", data_format.name(), "')");
  }
  return shape[data_format.channel_axis(shape.rank())];
}

void ConvLayer::build(const Shape& input_shape) {
  const int64_t channels = channels_of(input_shape);
  if (channels < 0) {
    value_error("expected an input whose number of channels is known, received shape ", input_shape,
                " (data_format='", data_format.name(), "')");
  }
  if (channels % groups != 0) {
    value_error("expected input channels in multiples of groups=", groups, ", received ", channels,
                " (x: ", input_shape, ")");
  }
  Shape shape(kernel_size);
  shape.push_back(channels / groups);
  shape.push_back(filters);
  kernel_ = add_weight("kernel", shape, kernel_initializer,
                       {.regularizer = kernel_regularizer, .constraint = kernel_constraint});
  if (use_bias) {
    bias_ = add_weight("bias", {filters}, bias_initializer,
                       {.regularizer = bias_regularizer, .constraint = bias_constraint});
  }
}

Tensor ConvLayer::call(const Tensor& input, const CallContext& context) {
  const int64_t channels = channels_of(input.shape());
  const int64_t expected = kernel_->shape()[num_axes_] * groups;
  if (channels >= 0 && channels != expected) {
    value_error("expected kernel input channels ", expected, ", received ", channels,
                " (x: ", input.shape(), ", kernel: ", kernel_->shape(), ", data_format='",
                data_format.name(), "')");
  }
  Tensor x = input;
  if (padding == "causal") {
    IntList width(6, 0);
    const size_t axis = data_format.channels_first() ? 2 : 1;
    width[2 * axis] = dilation_rate[0] * (kernel_size[0] - 1);
    x = ops::pad(x, width);
  }
  Tensor y = ops::conv(x, value(kernel_), strides, padding == "causal" ? "valid" : padding,
                       data_format.name(), dilation_rate);
  if (bias_) {
    Tensor bias = value(bias_);
    if (data_format.channels_first()) {
      Shape shape{1, filters};
      for (int i = 0; i < num_axes_; ++i) shape.push_back(1);
      bias = ops::reshape(bias, shape);
    }
    y = ops::add(y, bias);
  }
  return activation(y);
}

void register_conv_layers() {
  register_class<Conv<1>>();
  register_class<Conv<2>>();
  register_class<Conv<3>>();
}

}  // namespace nacre
