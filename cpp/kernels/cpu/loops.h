// The loops every elementwise kernel shares: whole vectors, then one masked tail. A lane's result
// depends on its own operands only, so bits do not depend on how a range is cut.
#pragma once

#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// y[i] = Op::apply(x[i]).
template <class Op>
void map_unary(const float* x, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, Op::apply(load(x + i)));
  if (i < n) store_partial(y + i, Op::apply(load_partial(x + i, n - i)), n - i);
}

// Operand of a binary loop: a walked array or a repeated first element.
template <bool kWalk>
struct Operand {
  const float* p;
  Vec first;
  NACRE_INLINE explicit Operand(const float* pointer) : p(pointer), first(*pointer) {}
  NACRE_INLINE Vec at(int64_t i) const { return kWalk ? load(p + i) : first; }
  NACRE_INLINE Vec at(int64_t i, int64_t n) const { return kWalk ? load_partial(p + i, n) : first; }
};

template <class Op, bool kWalkA, bool kWalkB>
void map_binary_walking(const float* a, const float* b, float* y, int64_t n) {
  const Operand<kWalkA> left(a);
  const Operand<kWalkB> right(b);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, Op::apply(left.at(i), right.at(i)));
  if (i < n) store_partial(y + i, Op::apply(left.at(i, n - i), right.at(i, n - i)), n - i);
}

// y[i] = Op::apply(a[i * step_a], b[i * step_b]).
template <class Op>
void map_binary(const float* a, const float* b, float* y, int64_t n, int step_a, int step_b) {
  if (n <= 0) return;
  if (step_a != 0 && step_b != 0) {
    map_binary_walking<Op, true, true>(a, b, y, n);
  } else if (step_a != 0) {
    map_binary_walking<Op, true, false>(a, b, y, n);
  } else if (step_b != 0) {
    map_binary_walking<Op, false, true>(a, b, y, n);
  } else {
    float value;
    map_binary_walking<Op, true, true>(a, b, &value, 1);
    for (int64_t i = 0; i < n; ++i) y[i] = value;
  }
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
