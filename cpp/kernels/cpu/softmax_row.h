// One row of softmax, shared by softmax and cross-entropy.
#pragma once

#include "kernels/cpu/row_sums.h"
#include "simd/math.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

NACRE_INLINE float row_max(const float* x, int64_t n) {
  return fold(
      fold_row<MaxIgnoringNan>(x, n),
      [](Vec a, Vec b) __attribute__((always_inline)) { return max(a, b); });
}

struct ExpAbove {
  const float* x;
  Vec top;
  NACRE_INLINE Vec operator()(int64_t i) const { return exp(load(x + i) - top); }
  NACRE_INLINE Vec operator()(int64_t i, int64_t n) const {
    return keep_first(exp(load_partial(x + i, n) - top), n, 0.0f);
  }
};
// The same, written to y on the way.
struct ExpAboveStored {
  const float* x;
  float* y;
  Vec top;
  NACRE_INLINE Vec operator()(int64_t i) const {
    const Vec e = exp(load(x + i) - top);
    store(y + i, e);
    return e;
  }
  NACRE_INLINE Vec operator()(int64_t i, int64_t n) const {
    const Vec e = exp(load_partial(x + i, n) - top);
    store_partial(y + i, e, n);
    return keep_first(e, n, 0.0f);
  }
};

// log(sum(exp(x - top))).
NACRE_INLINE float log_sum_exp_above(const float* x, int64_t n, float top) {
  return log(Vec(static_cast<float>(sum_terms(n, ExpAbove{x, top})))).v[0];
}

// y = softmax(x) * scale.
NACRE_INLINE void softmax_row(const float* x, float* y, int64_t n, float scale) {
  const double total = sum_terms(n, ExpAboveStored{x, y, row_max(x, n)});
  const Vec factor = static_cast<float>(scale / total);
  map_row(y, y, n, [=](Vec v) __attribute__((always_inline)) { return v * factor; });
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
