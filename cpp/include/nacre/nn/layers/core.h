// Identity and Embedding.
#pragma once

#include "nacre/nn/layer.h"

namespace nacre {

class Identity final : public Layer {
 public:
  std::string_view class_name() const override { return "Identity"; }
  Tensors call(const Tensors& inputs, const CallContext& context) override { return inputs; }
};

// Rows of a table by integer ids: (...) -> (..., output_dim).
class Embedding final : public UnaryLayer {
 public:
  int64_t input_dim = 0;
  int64_t output_dim = 0;
  Ref<Initializer> embeddings_initializer =
      deserialize_as<Initializer>("initializers", "RandomUniform");
  Ref<Regularizer> embeddings_regularizer;
  Ref<Constraint> embeddings_constraint;
  bool mask_zero = false;  // not supported yet

  NACRE_CONFIG(Embedding, UnaryLayer, input_dim, output_dim, embeddings_initializer,
               embeddings_regularizer, embeddings_constraint, mask_zero)
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 private:
  VariableRef embeddings_;
};

}  // namespace nacre
