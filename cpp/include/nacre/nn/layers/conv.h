// Convolution over one, two or three spatial axes.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

class ConvLayer : public UnaryLayer {
 public:
  int64_t filters = 0;
  IntList kernel_size;
  IntList strides;
  std::string padding = "valid";  // "same", and "causal" for Conv1D
  DataFormatField data_format;
  IntList dilation_rate;
  int64_t groups = 1;
  Activation activation;
  bool use_bias = true;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Initializer> bias_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Regularizer> kernel_regularizer;
  Ref<Regularizer> bias_regularizer;
  Ref<Constraint> kernel_constraint;
  Ref<Constraint> bias_constraint;

  std::vector<Field> fields() override;
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  explicit ConvLayer(int num_axes)
      : strides(num_axes, 1), dilation_rate(num_axes, 1), num_axes_(num_axes) {}

 private:
  int64_t channels_of(const Shape& shape) const;

  const int num_axes_;
  VariableRef kernel_, bias_;
};

template <int N>
class Conv final : public ConvLayer {
 public:
  Conv() : ConvLayer(N) {}
  std::string_view class_name() const override {
    return N == 1 ? "Conv1D" : N == 2 ? "Conv2D" : "Conv3D";
  }
};

}  // namespace nacre
