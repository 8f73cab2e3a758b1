#include "nacre/nn/layers/recurrent_conv.h"

#include <algorithm>

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nacre/ops/shaping.h"
#include "nn/layers/recurrent_bias.h"
#include "nn/registry.h"

namespace nacre {

std::vector<Field> ConvLSTMCell::settings() {
  std::vector<Field> all;
  detail::append_fields(
      all,
      "filters, kernel_size, strides, padding, data_format, dilation_rate, activation, "
      "recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, "
      "bias_initializer, unit_forget_bias, kernel_regularizer, recurrent_regularizer, "
      "bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout, "
      "recurrent_dropout, seed",
      std::tie(filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
               recurrent_activation, use_bias, kernel_initializer, recurrent_initializer,
               bias_initializer, unit_forget_bias, kernel_regularizer, recurrent_regularizer,
               bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
               recurrent_dropout, seed));
  return all;
}

std::vector<Field> ConvLSTMCell::fields() {
  std::vector<Field> all = Layer::fields();
  for (Field& field : settings()) all.push_back(std::move(field));
  return all;
}

void ConvLSTMCell::validate() {
  Layer::validate();
  if (kernel_size.empty()) return;  // a sample made to read its fields
  if (filters <= 0) value_error(class_name(), ": expected filters > 0, received ", filters);
  expand_to_axes(kernel_size, num_axes_, 1, "kernel_size");
  expand_to_axes(strides, num_axes_, 1, "strides");
  expand_to_axes(dilation_rate, num_axes_, 1, "dilation_rate");
  const auto above_one = [](const IntList& list) {
    return std::any_of(list.begin(), list.end(), [](int64_t n) { return n > 1; });
  };
  if (above_one(strides) && above_one(dilation_rate)) {
    value_error(class_name(), ": expected strides > 1 or dilation_rate > 1, not both");
  }
  if (padding != "valid" && padding != "same") {
    value_error(class_name(), ": expected padding 'valid' or 'same', received '", padding, "'");
  }
  dropout = std::clamp(dropout, 0.0, 1.0);
  recurrent_dropout = std::clamp(recurrent_dropout, 0.0, 1.0);
  if ((dropout > 0 || recurrent_dropout > 0) && !generator_) {
    generator_ = make_ref<SeedGenerator>(seed);
    add_seed_generator(generator_);
  }
}

void ConvLSTMCell::build(const std::vector<Shape>& input_shapes) {
  const Shape& shape = input_shapes.at(0);
  const bool first = data_format.channels_first();
  bool known = shape.rank() == num_axes_ + 2;
  for (int i = 1; known && i < shape.rank(); ++i) known = shape[i] >= 0;
  if (!known) {
    value_error("expected steps of rank ", num_axes_ + 2,
                " whose spatial axes and channels are known, received shape ", shape);
  }
  const int64_t channels = shape[data_format.channel_axis(shape.rank())];
  Shape weights(kernel_size), recurrent(kernel_size);
  weights.push_back(channels);
  recurrent.push_back(filters);
  weights.push_back(kGates * filters);
  recurrent.push_back(kGates * filters);
  kernel_ = add_weight("kernel", weights, kernel_initializer,
                       {.regularizer = kernel_regularizer, .constraint = kernel_constraint});
  recurrent_ =
      add_weight("recurrent_kernel", recurrent, recurrent_initializer,
                 {.regularizer = recurrent_regularizer, .constraint = recurrent_constraint});
  if (use_bias) {
    bias_ =
        add_weight("bias", {kGates * filters},
                   unit_forget_bias ? forget_bias_initializer(bias_initializer) : bias_initializer,
                   {.regularizer = bias_regularizer, .constraint = bias_constraint});
  }
  Shape one = shape;
  one[0] = 1;
  const Tensor y = ops::conv(Tensor::placeholder({compute_dtype(), one}),
                             Tensor::placeholder({compute_dtype(), weights}), strides, padding,
                             data_format.name(), dilation_rate);
  state_shape_ = Shape();
  for (int i = 1; i < y.rank(); ++i) state_shape_.push_back(y.shape()[i]);
  state_shape_[first ? 0 : num_axes_] = filters;
}

Tensors ConvLSTMCell::draw(const Tensor& like, double rate) const {
  Tensors factors;
  const Tensor ones = ops::ones_like(like);
  for (int64_t g = 0; g < kGates; ++g) {
    factors.push_back(random::dropout(ones, rate, generator_->next()));
  }
  return factors;
}

void ConvLSTMCell::begin_sequence(const Tensor& step, const Tensors& states, bool training) {
  end_sequence();
  if (!training || step.is_placeholder()) return;
  if (dropout > 0) input_factors_ = draw(step, dropout);
  if (recurrent_dropout > 0) state_factors_ = draw(states.at(0), recurrent_dropout);
}

void ConvLSTMCell::end_sequence() {
  input_factors_.clear();
  state_factors_.clear();
}

// The gates' parts, joined along the channels; one convolution where no gate has factors of its
// own.
Tensor ConvLSTMCell::convolve(const Tensor& x, const VariableRef& weights, const Tensors& factors,
                              bool of_state) const {
  const IntList ones(static_cast<size_t>(num_axes_), 1);
  const auto conv = [&](const Tensor& from, const Tensor& with) {
    return of_state ? ops::conv(from, with, ones, "same", data_format.name(), ones)
                    : ops::conv(from, with, strides, padding, data_format.name(), dilation_rate);
  };
  const Tensor all = value(weights);
  if (factors.empty()) return conv(x, all);
  const Tensors each = ops::split(all, kGates, -1);
  Tensors parts;
  for (size_t g = 0; g < each.size(); ++g) parts.push_back(conv(x * factors[g], each[g]));
  return ops::concatenate(parts, data_format.channels_first() ? 1 : -1);
}

Tensors ConvLSTMCell::call(const Tensors& inputs, const CallContext& context) {
  if (inputs.size() != 3) {
    value_error("expected the input of one step and 2 states, received ", inputs.size(),
                " tensors");
  }
  const int axis = data_format.channel_axis(num_axes_ + 2);
  Tensor z = convolve(inputs[0], kernel_, input_factors_, false);
  if (bias_) {
    Shape shape;
    for (int i = 0; i < num_axes_ + 2; ++i) shape.push_back(i == axis ? kGates * filters : 1);
    z = z + ops::reshape(value(bias_), shape);
  }
  z = z + convolve(inputs[1], recurrent_, state_factors_, true);
  const auto [h, c] = ops::lstm_step(z, inputs[2], activation, recurrent_activation, axis);
  return {h, h, c};
}

template <int N>
std::vector<Field> ConvLSTM<N>::fields() {
  std::vector<Field> all = RecurrentLayer::fields();
  for (Field& field : static_cast<ConvLSTMCell&>(*cell_).settings())
    all.push_back(std::move(field));
  return all;
}

template <int N>
void ConvLSTM<N>::validate() {
  RecurrentLayer::validate();
  auto& cell = static_cast<ConvLSTMCell&>(*cell_);
  cell.set_name("conv_lstm_cell");
  cell.set_policy(policy());
  if (!trainable()) cell.set_trainable(false);
  validate_cell();
  set_cell(cell_);
}

void register_recurrent_conv_layers() {
  register_class<ConvLSTM<1>>();
  register_class<ConvLSTM<2>>();
  register_class<ConvLSTM<3>>();
}

}  // namespace nacre
