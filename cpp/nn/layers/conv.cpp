#include "nacre/nn/layers/conv.h"

#include <algorithm>
#include <cctype>

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/shaping.h"
#include "nn/registry.h"

namespace nacre {
namespace {

bool above_one(const IntList& list) {
  return std::any_of(list.begin(), list.end(), [](int64_t n) { return n > 1; });
}

}  // namespace

std::vector<Field> WindowLayer::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  detail::append_fields(
      all,
      "kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, "
      "bias_initializer, bias_regularizer, bias_constraint",
      std::tie(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
               bias_initializer, bias_regularizer, bias_constraint));
  return all;
}

void WindowLayer::validate() {
  UnaryLayer::validate();
  expand_to_axes(kernel_size, num_axes_, 1, "kernel_size");
  expand_to_axes(strides, num_axes_, 1, "strides");
  expand_to_axes(dilation_rate, num_axes_, 1, "dilation_rate");
  std::transform(padding.begin(), padding.end(), padding.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (padding != "valid" && padding != "same" && !(padding == "causal" && may_be_causal())) {
    std::vector<std::string> known = {"valid", "same"};
    if (may_be_causal()) known.emplace_back("causal");
    value_error("expected padding 'valid'", may_be_causal() ? ", 'same' or 'causal'" : " or 'same'",
                ", received '", padding, "'.", did_you_mean(padding, known));
  }
  check();
}

void WindowLayer::refuse_strides_with_dilation() const {
  if (above_one(strides) && above_one(dilation_rate)) {
    value_error("expected strides > 1 or dilation_rate > 1, not both, received strides=",
                to_string(AttrValue(strides)),
                ", dilation_rate=", to_string(AttrValue(dilation_rate)));
  }
}

int64_t WindowLayer::channels_of(const Shape& shape) const {
  if (shape.rank() != num_axes_ + 2) {
    value_error("expected an input of rank ", num_axes_ + 2, ", received shape ", shape,
                " (data_format='", data_format.name(), "')");
  }
  return shape[data_format.channel_axis(shape.rank())];
}

int64_t WindowLayer::known_channels_of(const Shape& shape) const {
  const int64_t channels = channels_of(shape);
  if (channels < 0) {
    value_error("expected an input whose number of channels is known, received shape ", shape,
                " (data_format='", data_format.name(), "')");
  }
  return channels;
}

void WindowLayer::require_channels(const Tensor& x, int64_t expected,
                                   const VariableRef& kernel) const {
  const int64_t channels = channels_of(x.shape());
  if (channels >= 0 && channels != expected) {
    value_error("expected kernel input channels ", expected, ", received ", channels,
                " (x: ", x.shape(), ", kernel: ", kernel->shape(), ", data_format='",
                data_format.name(), "')");
  }
}

Shape WindowLayer::window_shape(int64_t before_last, int64_t last) const {
  Shape shape(kernel_size);
  shape.push_back(before_last);
  shape.push_back(last);
  return shape;
}

void WindowLayer::add_bias(int64_t channels) {
  if (!use_bias) return;
  bias_ = add_weight("bias", {channels}, bias_initializer,
                     {.regularizer = bias_regularizer, .constraint = bias_constraint});
}

Tensor WindowLayer::finish(const Tensor& y) const {
  if (!bias_) return activation(y);
  Tensor bias = value(bias_);
  if (data_format.channels_first()) {
    Shape shape{1, bias.shape()[0]};
    for (int i = 0; i < num_axes_; ++i) shape.push_back(1);
    bias = ops::reshape(bias, shape);
  }
  return activation(ops::add(y, bias));
}

std::vector<Field> ConvLayer::fields() {
  std::vector<Field> all = WindowLayer::fields();
  detail::append_fields(
      all,
      "filters, groups, kernel_initializer, kernel_regularizer, "
      "kernel_constraint",
      std::tie(filters, groups, kernel_initializer, kernel_regularizer, kernel_constraint));
  return all;
}

void ConvLayer::check() {
  if (filters <= 0) value_error("expected filters > 0, received ", filters);
  if (groups <= 0) value_error("expected groups > 0, received ", groups);
  if (filters % groups != 0) {
    value_error("expected filters in multiples of groups, received filters=", filters,
                ", groups=", groups);
  }
  refuse_strides_with_dilation();
}

void ConvLayer::build(const Shape& input_shape) {
  const int64_t channels = known_channels_of(input_shape);
  if (channels % groups != 0) {
    value_error("expected input channels in multiples of groups=", groups, ", received ", channels,
                " (x: ", input_shape, ")");
  }
  kernel_ = add_weight("kernel", window_shape(channels / groups, filters), kernel_initializer,
                       {.regularizer = kernel_regularizer, .constraint = kernel_constraint});
  add_bias(filters);
}

Tensor ConvLayer::call(const Tensor& input, const CallContext& context) {
  require_channels(input, kernel_->shape()[num_axes_] * groups, kernel_);
  Tensor x = input;
  if (padding == "causal") {
    IntList width(6, 0);
    const size_t axis = data_format.channels_first() ? 2 : 1;
    width[2 * axis] = dilation_rate[0] * (kernel_size[0] - 1);
    x = ops::pad(x, width);
  }
  return finish(ops::conv(x, value(kernel_), strides, padding == "causal" ? "valid" : padding,
                          data_format.name(), dilation_rate));
}

void register_conv_layers() {
  register_class<Conv<1>>();
  register_class<Conv<2>>();
  register_class<Conv<3>>();
  register_class<ConvTranspose<1>>();
  register_class<ConvTranspose<2>>();
  register_class<ConvTranspose<3>>();
  register_class<DepthwiseConv<1>>();
  register_class<DepthwiseConv<2>>();
  register_class<SeparableConv<1>>();
  register_class<SeparableConv<2>>();
}

}  // namespace nacre
