// ConvLSTM: an LSTM whose products are convolutions.
#pragma once

#include "nacre/nn/layers/recurrent.h"

namespace nacre {

class ConvLSTMCell final : public Layer, public RecurrentCell {
 public:
  int64_t filters = 0;
  IntList kernel_size;
  IntList strides;
  std::string padding = "valid";
  DataFormatField data_format;
  IntList dilation_rate;
  Activation activation{"tanh"};
  Activation recurrent_activation{"sigmoid"};
  bool use_bias = true;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Initializer> recurrent_initializer =
      deserialize_as<Initializer>("initializers", "Orthogonal");
  Ref<Initializer> bias_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  bool unit_forget_bias = true;
  Ref<Regularizer> kernel_regularizer;
  Ref<Regularizer> recurrent_regularizer;
  Ref<Regularizer> bias_regularizer;
  Ref<Constraint> kernel_constraint;
  Ref<Constraint> recurrent_constraint;
  Ref<Constraint> bias_constraint;
  double dropout = 0;
  double recurrent_dropout = 0;
  std::optional<int64_t> seed;

  explicit ConvLSTMCell(int num_axes)
      : strides(num_axes, 1), dilation_rate(num_axes, 1), num_axes_(num_axes) {}
  std::string_view class_name() const override { return "ConvLSTMCell"; }
  std::vector<Field> settings();
  std::vector<Field> fields() override;
  void validate() override;
  void set_policy(const DTypePolicy& policy) { policy_ = policy; }
  std::vector<Shape> state_shapes() override { return {state_shape_, state_shape_}; }
  void begin_sequence(const Tensor& step, const Tensors& states, bool training) override;
  void end_sequence() override;
  using Layer::build;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 private:
  static constexpr int64_t kGates = 4;
  Tensor convolve(const Tensor& x, const VariableRef& weights, const Tensors& factors,
                  bool of_state) const;
  Tensors draw(const Tensor& like, double rate) const;

  const int num_axes_;
  Shape state_shape_;  // without the batch axis
  VariableRef kernel_, recurrent_, bias_;
  Tensors input_factors_, state_factors_;  // one a gate; empty: nothing is dropped
  Ref<SeedGenerator> generator_;
};

template <int N>
class ConvLSTM final : public RecurrentLayer {
 public:
  ConvLSTM() { cell_ = make_ref<ConvLSTMCell>(N); }
  std::string_view class_name() const override {
    return N == 1 ? "ConvLSTM1D" : N == 2 ? "ConvLSTM2D" : "ConvLSTM3D";
  }
  std::vector<Field> fields() override;
  void validate() override;

 protected:
  int input_rank() const override { return N + 3; }
};

}  // namespace nacre
