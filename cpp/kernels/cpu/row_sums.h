// Reductions of one contiguous row in an order fixed by its length: blocks of 16 adds into each of
// four vector accumulators, folded, and the blocks' sums added in double.
#pragma once

#include "simd/vec_double.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// The next min(n, kLanes) elements of a row of which n are left.
NACRE_INLINE Vec load_up_to(const float* p, int64_t n) {
  return n >= kLanes ? load(p) : load_partial(p, n);
}
NACRE_INLINE void store_up_to(float* p, Vec v, int64_t n) {
  if (n >= kLanes) {
    store(p, v);
  } else {
    store_partial(p, v, n);
  }
}

// Sum over i of term(i), where term(i) is a vector of kLanes terms and term(i, n) of the n < kLanes
// last ones with 0 in the other lanes.
template <class Term>
NACRE_INLINE double sum_terms(int64_t n, const Term& term) {
  if (n <= kLanes) {
    if (n == kLanes) return sum_of(term(0));
    return n > 0 ? sum_of(term(0, n)) : 0.0;
  }
  constexpr int64_t kBlock = 64 * kLanes;
  double total = 0.0;
  for (int64_t start = 0; start < n; start += kBlock) {
    const int64_t stop = n - start < kBlock ? n : start + kBlock;
    Vec a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
    int64_t i = start;
    for (; i + 4 * kLanes <= stop; i += 4 * kLanes) {
      a += term(i);
      b += term(i + kLanes);
      c += term(i + 2 * kLanes);
      d += term(i + 3 * kLanes);
    }
    for (; i + kLanes <= stop; i += kLanes) a += term(i);
    if (i < stop) b += term(i, stop - i);
    total += sum_of((a + b) + (c + d));
  }
  return total;
}

// Terms of sum_terms from a function of vectors: f(load(i), ...) with every operand loaded alike.
// f must give 0 where all operands are 0.
template <class F>
struct Terms1 {
  const float* x;
  F f;
  NACRE_INLINE Vec operator()(int64_t i) const { return f(load(x + i)); }
  NACRE_INLINE Vec operator()(int64_t i, int64_t n) const { return f(load_partial(x + i, n)); }
};
template <class F>
struct Terms2 {
  const float* x;
  const float* y;
  F f;
  NACRE_INLINE Vec operator()(int64_t i) const { return f(load(x + i), load(y + i)); }
  NACRE_INLINE Vec operator()(int64_t i, int64_t n) const {
    return f(load_partial(x + i, n), load_partial(y + i, n));
  }
};
template <class F>
NACRE_INLINE double sum_row(const float* x, int64_t n, F f) {
  return sum_terms(n, Terms1<F>{x, f});
}
template <class F>
NACRE_INLINE double sum_row(const float* x, const float* y, int64_t n, F f) {
  return sum_terms(n, Terms2<F>{x, y, f});
}

// Op::apply(a, b) combines, Op::kIdentity fills; any order gives the same bits for max and min.
template <class Op>
NACRE_INLINE Vec fold_row(const float* x, int64_t n) {
  Vec a = Op::kIdentity, b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    a = Op::apply(load(x + i), a);
    b = Op::apply(load(x + i + kLanes), b);
    c = Op::apply(load(x + i + 2 * kLanes), c);
    d = Op::apply(load(x + i + 3 * kLanes), d);
  }
  for (; i + kLanes <= n; i += kLanes) a = Op::apply(load(x + i), a);
  if (i < n) b = Op::apply(load_partial(x + i, n - i, Op::kIdentity), b);
  return Op::apply(Op::apply(a, b), Op::apply(c, d));
}

// A NaN in `v` is ignored, for rows whose NaN comes out by itself (exp(NaN - max)).
struct MaxIgnoringNan {
  static constexpr float kIdentity = -__builtin_inff();
  NACRE_INLINE static Vec apply(Vec v, Vec best) { return max(v, best); }
};
struct MaxNan {
  static constexpr float kIdentity = -__builtin_inff();
  NACRE_INLINE static Vec apply(Vec v, Vec best) { return max_nan(v, best); }
};
struct MinNan {
  static constexpr float kIdentity = __builtin_inff();
  NACRE_INLINE static Vec apply(Vec v, Vec best) { return min_nan(v, best); }
};

// y[i] = f(x[i]) over a row, with whatever f captured.
template <class F>
NACRE_INLINE void map_row(const float* x, float* y, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(load(x + i)));
  if (i < n) store_partial(y + i, f(load_partial(x + i, n - i)), n - i);
}
template <class F>
NACRE_INLINE void map_row(const float* a, const float* b, float* y, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(load(a + i), load(b + i)));
  if (i < n) store_partial(y + i, f(load_partial(a + i, n - i), load_partial(b + i, n - i)), n - i);
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
