// What the files of cross-entropy share.
#pragma once

#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/rows.h"

namespace nacre {

class OpRegistry;

// Equal but for unknown sizes.
bool fits(const Shape& a, const Shape& b);
// The logarithm of probabilities, rescaled to sum to 1 and kept from 0 and 1 by epsilon; or of
// softmax.
Tensor log_probabilities(const Tensor& output, bool from_logits, int64_t axis);
// 1 at the label, along a last axis of the classes.
Tensor one_hot_like(const Tensor& labels, const Tensor& logits);

// The class ids as int32 in `workspace`, checked against [0, classes).
const int32_t* checked_labels(const char* op, const Buffer& labels, int64_t classes,
                              void* workspace);
size_t label_workspace(const Attrs*, std::span<const Buffer> in, std::span<const Buffer>);
// The loss of each row of labels and (rows, classes), checked.
std::vector<TensorSpec> infer_loss(const InferContext& c);

inline int64_t row_grain(int64_t cols) {
  return std::max<int64_t>(1, kRowWork / std::max<int64_t>(1, cols));
}

void register_probability_cross_entropy(OpRegistry& registry);

}  // namespace nacre
