// Attention for layers: what keras.ops.dot_product_attention does not say.
#pragma once

#include <string>

#include "nacre/ops/nn.h"

namespace nacre {

struct AttentionOptions {
  double scale = 1;
  bool causal = false;  // query i sees keys up to i
  int64_t window = 0;   // and those less than this far away; 0: any
  // What a query that sees no key gives: "mean" of the values, "zero", or "shift", the mean with
  // gradients to the scores.
  std::string unseen = "mean";
  double rate = 0;  // of dropout of the weights, with `seed`
  Tensor seed;
};

// softmax(scale q k^T + bias) v over the keys that mask and options show. q: (batch, queries,
// heads, size); k, v: (batch, keys, key heads, sizes); mask and bias broadcast to (batch, heads,
// queries, keys). Without the matrix of weights where the dtype is float32.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                 const Tensor& bias, const AttentionOptions& options);
// The result, and the weights (batch, heads, queries, keys) before and after dropout.
struct WeighedAttention {
  Tensor y, weights, kept;
};
WeighedAttention weighed_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                   const Tensor& mask, const Tensor& bias,
                                   const AttentionOptions& options);

}  // namespace nacre
