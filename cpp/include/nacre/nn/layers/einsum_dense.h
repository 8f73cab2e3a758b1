// EinsumDense: y = activation(einsum(equation, x, kernel) + bias).
#pragma once

#include <string>

#include "nacre/nn/layer.h"

namespace nacre {

// Sizes without the batch axis, unknown ones as None; one number means a list of one.
struct PartialShape {
  IntList sizes;
};
void read_field(PartialShape& field, const Json& json, std::string_view what);
Json write_field(const PartialShape& field);

class EinsumDense final : public UnaryLayer {
 public:
  std::string equation;
  PartialShape output_shape;
  Activation activation;
  std::optional<std::string> bias_axes;
  Ref<Initializer> kernel_initializer =
      deserialize_as<Initializer>("initializers", "GlorotUniform");
  Ref<Initializer> bias_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Regularizer> kernel_regularizer;
  Ref<Regularizer> bias_regularizer;
  Ref<Constraint> kernel_constraint;
  Ref<Constraint> bias_constraint;

  NACRE_CONFIG(EinsumDense, UnaryLayer, equation, output_shape, activation, bias_axes,
               kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
               kernel_constraint, bias_constraint)

  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

  const VariableRef& kernel() const { return kernel_; }
  const VariableRef& bias() const { return bias_; }

 private:
  // The equation taken apart for an input of some rank: labels of the input's, the kernel's and the
  // output's axes; those of an ellipsis are no letters.
  struct Labels {
    std::string input, kernel, output;
  };
  Labels labels_for(int rank) const;
  bool is_matmul(const Labels& labels) const;

  VariableRef kernel_;
  VariableRef bias_;
};

// A copy of an initializer that draws numbers of its own and, where it counts inputs and outputs
// and was not told along which axes of a shape, counts them along these.
Ref<Initializer> with_axes(const Ref<Initializer>& initializer,
                           const std::optional<IntList>& input_axes = {},
                           const std::optional<IntList>& output_axes = {});

}  // namespace nacre
