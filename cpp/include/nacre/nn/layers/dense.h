// Dense: y = activation(x @ kernel + bias) over the last axis.
#pragma once

#include "nacre/nn/layer.h"

namespace nacre {

class Dense final : public UnaryLayer {
 public:
  int64_t units = 0;
  Activation activation;
  bool use_bias = true;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Initializer> bias_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Regularizer> kernel_regularizer;
  Ref<Regularizer> bias_regularizer;
  Ref<Constraint> kernel_constraint;
  Ref<Constraint> bias_constraint;

  NACRE_CONFIG(Dense, UnaryLayer, units, activation, use_bias, kernel_initializer, bias_initializer,
               kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint)

  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  VariableRef kernel_;
  VariableRef bias_;
};

}  // namespace nacre
