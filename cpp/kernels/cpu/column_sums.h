// Sums of columns in an order fixed by the number of rows: blocks of kRowBlock rows in float32,
// eight rows at a time; the blocks' sums are added in double.
#pragma once

#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kRowBlock = 64;  // rows added in float32 before double
constexpr int64_t kRowGroup = 8;   // rows that are added to each other before they join the block

struct Identity {
  NACRE_INLINE static Vec apply(Vec x) { return x; }
};

// The sum of kRowGroup rows' vectors row(0), row(1), ...
template <class Row>
NACRE_INLINE Vec sum_group(const Row& row) {
  static_assert(kRowGroup == 8);
  return ((row(0) + row(1)) + (row(2) + row(3))) + ((row(4) + row(5)) + (row(6) + row(7)));
}

// Adds rows [0, rows) of x, `stride` apart, into acc: columns [0, n).
template <class Term>
void add_rows(const float* x, int64_t rows, int64_t stride, float* acc, int64_t n) {
  const auto term = [ x, stride ](int64_t r, int64_t i) __attribute__((always_inline)) {
    return Term::apply(load(x + r * stride + i));
  };
  const auto last = [ x, stride, n ](int64_t r, int64_t i) __attribute__((always_inline)) {
    return Term::apply(load_partial(x + r * stride + i, n - i));
  };
  int64_t r = 0;
  for (; r + kRowGroup <= rows; r += kRowGroup) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      const auto row = [&](int64_t q) __attribute__((always_inline)) {
        return term(r + q, i);
      };
      store(acc + i, load(acc + i) + sum_group(row));
    }
    if (i < n) {
      const auto row = [&](int64_t q) __attribute__((always_inline)) {
        return last(r + q, i);
      };
      store_partial(acc + i, load_partial(acc + i, n - i) + sum_group(row), n - i);
    }
  }
  for (; r < rows; ++r) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) store(acc + i, load(acc + i) + term(r, i));
    if (i < n) store_partial(acc + i, load_partial(acc + i, n - i) + last(r, i), n - i);
  }
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
