// Activations as layers.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// Applies a function by name, or one of the caller's own.
class ActivationLayer final : public UnaryLayer {
 public:
  Activation activation;

  std::string_view class_name() const override { return "Activation"; }
  std::vector<Field> fields() override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

class ReLU final : public UnaryLayer {
 public:
  std::optional<double> max_value;
  double negative_slope = 0;
  double threshold = 0;

  NACRE_CONFIG(ReLU, UnaryLayer, max_value, negative_slope, threshold)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

class LeakyReLU final : public UnaryLayer {
 public:
  double negative_slope = 0.3;

  NACRE_CONFIG(LeakyReLU, UnaryLayer, negative_slope)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

class ELU final : public UnaryLayer {
 public:
  double alpha = 1;

  NACRE_CONFIG(ELU, UnaryLayer, alpha)
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

// max(x, 0) + alpha * min(x, 0), alpha learned for each element of a sample.
class PReLU final : public UnaryLayer {
 public:
  Ref<Initializer> alpha_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Regularizer> alpha_regularizer;
  Ref<Constraint> alpha_constraint;
  std::optional<IntList> shared_axes;

  NACRE_CONFIG(PReLU, UnaryLayer, alpha_initializer, alpha_regularizer, alpha_constraint,
               shared_axes)
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  VariableRef alpha_;
};

// Over one axis or several; a mask, which may also be a second input, is false where an element
// gets no weight.
class Softmax final : public Layer {
 public:
  AxisList axis = {-1};

  NACRE_CONFIG(Softmax, Layer, axis)
  bool takes_mask() const override { return true; }
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

}  // namespace nacre
