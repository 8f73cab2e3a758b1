#include "nacre/nn/layers/core.h"

#include "nacre/nn/layers/dense.h"
#include "nacre/nn/sequential.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {

void Embedding::validate() {
  UnaryLayer::validate();
  set_autocast(false);  // ids would lose digits
  if (mask_zero) {
    raise(ErrorKind::kNotImplemented, "Embedding: mask_zero=True is not supported yet");
  }
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
  return ops::take(value(embeddings_), ids, 0);
}

void register_core_layers() {
  register_class<InputLayer>();
  register_class<Dense>();
  register_class<Identity>();
  register_class<Embedding>();
}

}  // namespace nacre
