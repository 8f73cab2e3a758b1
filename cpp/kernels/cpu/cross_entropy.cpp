// Cross-entropy of logits with integer labels, fused with softmax.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/softmax_row.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

NACRE_INLINE bool valid(int32_t label, int64_t cols) {
  return label >= 0 && label < cols;
}

void sparse_cross_entropy(const float* x, const int32_t* label, float* loss, int64_t begin,
                          int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    if (!valid(label[r], cols)) {
      loss[r] = kNaN;
      continue;
    }
    const float* row = x + r * cols;
    const float top = row_max(row, cols);
    // (top - x[label]) first: both may be large, their difference is exact or nearly so.
    loss[r] = log_sum_exp_above(row, cols, top) + (top - row[label[r]]);
  }
}

void sparse_cross_entropy_grad(const float* x, const int32_t* label, const float* g, float* dx,
                               int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    float* row = dx + r * cols;
    softmax_row(x + r * cols, row, cols, g[r]);
    if (valid(label[r], cols)) {
      row[label[r]] -= g[r];
    } else {
      for (int64_t i = 0; i < cols; ++i) row[i] = kNaN;
    }
  }
}

}  // namespace

void fill_cross_entropy(KernelTable& table) {
  table.sparse_cross_entropy = sparse_cross_entropy;
  table.sparse_cross_entropy_grad = sparse_cross_entropy_grad;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
