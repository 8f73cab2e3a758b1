#include "nacre/nn/layers/core.h"

#include "nacre/nn/layers/dense.h"
#include "nacre/nn/layers/einsum_dense.h"
#include "nacre/nn/sequential.h"
#include "nacre/ops/embedding.h"
#include "nacre/ops/ops.h"
#include "nn/layers/call_arguments.h"
#include "nn/registry.h"

namespace nacre {

void Embedding::validate() {
  UnaryLayer::validate();
  set_autocast(false);  // ids would lose digits
}

void Embedding::build(const Shape& input_shape) {
  if (input_dim <= 0 || output_dim <= 0) {
    value_error("expected input_dim > 0 and output_dim > 0, received ", input_dim, " and ",
                output_dim);
  }
  embeddings_ =
      add_weight("embeddings", {input_dim, output_dim}, embeddings_initializer,
                 {.regularizer = embeddings_regularizer, .constraint = embeddings_constraint});
}

Tensor Embedding::call(const Tensor& x, const CallContext& context) {
  const Tensor ids =
      is_floating(x.dtype()) || x.dtype() == DType::kBool ? ops::cast(x, DType::kInt32) : x;
  const Tensor rows =
      ops::embedding(embeddings_->value(), ids, str_cat("Embedding '", name(), "'"));
  return rows.dtype() == compute_dtype() ? rows : ops::cast(rows, compute_dtype());
}

Tensors Embedding::compute_mask(const Tensors& inputs, const Tensors& masks) {
  if (!mask_zero) return {};
  return {ops::not_equal(inputs[0], ops::scalar(0))};
}

void ReversibleEmbedding::validate() {
  Embedding::validate();
  if (reverse_dtype && !is_floating(*reverse_dtype)) {
    value_error("expected a floating reverse_dtype, received '", *reverse_dtype, "'");
  }
  if (logit_soft_cap && !(*logit_soft_cap > 0)) {
    value_error("expected logit_soft_cap > 0, received ", *logit_soft_cap);
  }
}

void ReversibleEmbedding::build(const Shape& input_shape) {
  Embedding::build(input_shape);
  if (tie_weights) return;
  reverse_embeddings_ =
      add_weight("reverse_embeddings", {output_dim, input_dim}, embeddings_initializer);
}

Tensor ReversibleEmbedding::call(const Tensor& x, const CallContext& context) {
  static const std::vector<std::string> kNames = {"inputs", "reverse"};
  if (CallArguments({x}, context, kNames).flag("reverse")) return logits(x);
  Tensor y = Embedding::call(x, context);
  if (mask_zero) y.set_mask(ops::not_equal(x, ops::scalar(0)));
  return y;
}

Tensor ReversibleEmbedding::logits(const Tensor& x) const {
  if (x.rank() < 1 || x.shape().back() != output_dim) {
    value_error("expected an input whose last dimension is output_dim=", output_dim,
                ", received shape ", x.shape());
  }
  const auto operand = [&](const Tensor& t) {
    return reverse_dtype && t.dtype() != *reverse_dtype ? ops::cast(t, *reverse_dtype) : t;
  };
  const Tensor y =
      ops::matmul(operand(x), operand(value(tie_weights ? embeddings_ : reverse_embeddings_)),
                  false, tie_weights);
  return logit_soft_cap ? ops::tanh(y / *logit_soft_cap) * *logit_soft_cap : y;
}

Tensor Masking::call(const Tensor& x, const CallContext& context) {
  if (x.rank() < 1) value_error("expected an input with an axis of features, received a scalar");
  const Tensor counts = ops::any(ops::not_equal(x, ops::scalar(mask_value)), IntList{-1}, true);
  Tensor y = ops::where(counts, x, ops::zeros_like(x));
  y.set_mask(ops::squeeze(counts, IntList{-1}));
  return y;
}

Tensors Masking::compute_mask(const Tensors& inputs, const Tensors& masks) {
  return {ops::any(ops::not_equal(inputs[0], ops::scalar(mask_value)), IntList{-1}, false)};
}

void register_core_layers() {
  register_class<InputLayer>();
  register_class<Dense>();
  register_class<EinsumDense>();
  register_class<Identity>();
  register_class<Masking>();
  register_class<Embedding>();
  register_class<ReversibleEmbedding>();
}

}  // namespace nacre
