// Identity, Masking and Embedding.
#pragma once

#include "nacre/nn/layer.h"

namespace nacre {

class Identity final : public Layer {
 public:
  std::string_view class_name() const override { return "Identity"; }
  Tensors call(const Tensors& inputs, const CallContext& context) override { return inputs; }
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override { return masks; }

 protected:
  bool passes_masks() const override { return true; }
};

// Masks the steps (the last axis but one) whose features all equal a value, and zeroes them.
class Masking final : public UnaryLayer {
 public:
  double mask_value = 0;

  NACRE_CONFIG(Masking, UnaryLayer, mask_value)
  Tensor call(const Tensor& x, const CallContext& context) override;
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override;

 protected:
  bool passes_masks() const override { return true; }
};

// Rows of a table by integer ids: (...) -> (..., output_dim).
class Embedding : public UnaryLayer {
 public:
  int64_t input_dim = 0;
  int64_t output_dim = 0;
  Ref<Initializer> embeddings_initializer =
      deserialize_as<Initializer>("initializers", "RandomUniform");
  Ref<Regularizer> embeddings_regularizer;
  Ref<Constraint> embeddings_constraint;
  bool mask_zero = false;  // id 0 is padding: masked

  NACRE_CONFIG(Embedding, UnaryLayer, input_dim, output_dim, embeddings_initializer,
               embeddings_regularizer, embeddings_constraint, mask_zero)
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override;

 protected:
  bool passes_masks() const override { return mask_zero; }

  VariableRef embeddings_;
};

// The same, and back: with the argument `reverse`, (..., output_dim) -> logits (..., input_dim) by
// the table's transpose (Press and Wolf 2016), or a matrix of their own.
class ReversibleEmbedding final : public Embedding {
 public:
  bool tie_weights = true;
  std::optional<DType> reverse_dtype;    // of the projection; that of its operands unless set
  std::optional<double> logit_soft_cap;  // logits within +-cap, by tanh

  NACRE_CONFIG(ReversibleEmbedding, Embedding, tie_weights, reverse_dtype, logit_soft_cap)
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;
  // Which way a call goes is known to call() alone: it attaches the mask.
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override { return {}; }

 private:
  Tensor logits(const Tensor& x) const;

  VariableRef reverse_embeddings_;
};

}  // namespace nacre
