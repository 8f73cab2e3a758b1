// Convolution over one, two or three spatial axes: plain, transposed, depthwise, separable.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// What all of them share: a window over the spatial axes, a bias and an activation.
class WindowLayer : public UnaryLayer {
 public:
  IntList kernel_size;
  IntList strides;
  std::string padding = "valid";  // "same", and "causal" for Conv1D
  DataFormatField data_format;
  IntList dilation_rate;
  Activation activation;
  bool use_bias = true;
  Ref<Initializer> bias_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Regularizer> bias_regularizer;
  Ref<Constraint> bias_constraint;

  std::vector<Field> fields() override;
  void validate() final;

 protected:
  explicit WindowLayer(int num_axes)
      : strides(num_axes, 1), dilation_rate(num_axes, 1), num_axes_(num_axes) {}
  // What a layer checks beyond the window; errors are prefixed with the class.
  virtual void check() {}
  virtual bool may_be_causal() const { return false; }
  void refuse_strides_with_dilation() const;

  // Of the input; ValueError where its rank does not fit.
  int64_t channels_of(const Shape& shape) const;
  int64_t known_channels_of(const Shape& shape) const;  // and where they are unknown
  // ValueError unless the input has the channels that the layer was built for.
  void require_channels(const Tensor& x, int64_t expected, const VariableRef& kernel) const;
  Shape window_shape(int64_t before_last, int64_t last) const;
  void add_bias(int64_t channels);
  // activation(y + bias)
  Tensor finish(const Tensor& y) const;

  const int num_axes_;

 private:
  VariableRef bias_;
};

class ConvLayer : public WindowLayer {
 public:
  int64_t filters = 0;
  int64_t groups = 1;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Regularizer> kernel_regularizer;
  Ref<Constraint> kernel_constraint;

  std::vector<Field> fields() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  using WindowLayer::WindowLayer;
  void check() override;
  bool may_be_causal() const override { return num_axes_ == 1; }

 private:
  VariableRef kernel_;
};

template <int N>
class Conv final : public ConvLayer {
 public:
  Conv() : ConvLayer(N) {}
  std::string_view class_name() const override {
    return N == 1 ? "Conv1D" : N == 2 ? "Conv2D" : "Conv3D";
  }
};

// The gradient of a convolution with respect to its input, as a layer.
class ConvTransposeLayer : public WindowLayer {
 public:
  int64_t filters = 0;
  std::optional<IntList> output_padding;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Regularizer> kernel_regularizer;
  Ref<Constraint> kernel_constraint;

  std::vector<Field> fields() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  using WindowLayer::WindowLayer;
  void check() override;

 private:
  VariableRef kernel_;
};

template <int N>
class ConvTranspose final : public ConvTransposeLayer {
 public:
  ConvTranspose() : ConvTransposeLayer(N) {}
  std::string_view class_name() const override {
    return N == 1 ? "Conv1DTranspose" : N == 2 ? "Conv2DTranspose" : "Conv3DTranspose";
  }
};

// Each channel by itself, `depth_multiplier` outputs for each.
class DepthwiseConvLayer : public WindowLayer {
 public:
  int64_t depth_multiplier = 1;
  Ref<Initializer> depthwise_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Regularizer> depthwise_regularizer;
  Ref<Constraint> depthwise_constraint;

  std::vector<Field> fields() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  using WindowLayer::WindowLayer;
  void check() override;

 private:
  VariableRef kernel_;
};

template <int N>
class DepthwiseConv final : public DepthwiseConvLayer {
 public:
  DepthwiseConv() : DepthwiseConvLayer(N) {}
  std::string_view class_name() const override {
    return N == 1 ? "DepthwiseConv1D" : "DepthwiseConv2D";
  }
};

// A depthwise convolution, then one that mixes the channels.
class SeparableConvLayer : public WindowLayer {
 public:
  int64_t filters = 0;
  int64_t depth_multiplier = 1;
  Ref<Initializer> depthwise_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Initializer> pointwise_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Regularizer> depthwise_regularizer, pointwise_regularizer;
  Ref<Constraint> depthwise_constraint, pointwise_constraint;

  std::vector<Field> fields() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  using WindowLayer::WindowLayer;
  void check() override;

 private:
  VariableRef depthwise_kernel_, pointwise_kernel_;
};

template <int N>
class SeparableConv final : public SeparableConvLayer {
 public:
  SeparableConv() : SeparableConvLayer(N) {}
  std::string_view class_name() const override {
    return N == 1 ? "SeparableConv1D" : "SeparableConv2D";
  }
};

}  // namespace nacre
