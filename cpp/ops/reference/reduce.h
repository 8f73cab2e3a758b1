// Reductions for every dtype, over x viewed as (outer, reduce, inner). Sums are blocked: partial
// sums of kBlock elements are added up, so that the error grows with the number of blocks, and in
// an order that depends on the shape only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "ops/reference/convert.h"

namespace nacre::reference {

struct SumOp {
  template <class A>
  static A identity() {
    return A(0);
  }
  template <class A>
  static A combine(A a, A b) {
    return static_cast<A>(a + b);
  }
};
struct ProdOp {
  template <class A>
  static A identity() {
    return A(1);
  }
  template <class A>
  static A combine(A a, A b) {
    return static_cast<A>(a * b);
  }
};
struct MaxOp {
  template <class A>
  static A identity() {
    if constexpr (std::is_floating_point_v<A>) return -std::numeric_limits<A>::infinity();
    return std::numeric_limits<A>::lowest();
  }
  template <class A>
  static A combine(A a, A b) {
    return Maximum{}(a, b);
  }
};
struct MinOp {
  template <class A>
  static A identity() {
    if constexpr (std::is_floating_point_v<A>) return std::numeric_limits<A>::infinity();
    return std::numeric_limits<A>::max();
  }
  template <class A>
  static A combine(A a, A b) {
    return Minimum{}(a, b);
  }
};

// Rows [begin, end) of the outer axis; y is (outer, inner) of the accumulation type.
template <class Op, class S, class A>
void reduce_rows(const S* x, A* y, int64_t begin, int64_t end, int64_t reduce, int64_t inner) {
  constexpr int64_t kBlock = 64;
  constexpr int64_t kWidth = 64;
  for (int64_t o = begin; o < end; ++o) {
    const S* row = x + o * reduce * inner;
    A* out = y + o * inner;
    if (inner == 1) {
      A total = Op::template identity<A>();
      for (int64_t r0 = 0; r0 < reduce; r0 += kBlock) {
        const int64_t r1 = std::min(reduce, r0 + kBlock);
        A part = Op::template identity<A>();
        for (int64_t r = r0; r < r1; ++r) part = Op::combine(part, convert<A>(row[r]));
        total = Op::combine(total, part);
      }
      *out = total;
      continue;
    }
    for (int64_t i0 = 0; i0 < inner; i0 += kWidth) {
      const int64_t n = std::min(kWidth, inner - i0);
      A total[kWidth];
      std::fill(total, total + n, Op::template identity<A>());
      for (int64_t r0 = 0; r0 < reduce; r0 += kBlock) {
        const int64_t r1 = std::min(reduce, r0 + kBlock);
        A part[kWidth];
        std::fill(part, part + n, Op::template identity<A>());
        for (int64_t r = r0; r < r1; ++r) {
          const S* p = row + r * inner + i0;
          for (int64_t i = 0; i < n; ++i) part[i] = Op::combine(part[i], convert<A>(p[i]));
        }
        for (int64_t i = 0; i < n; ++i) total[i] = Op::combine(total[i], part[i]);
      }
      std::copy(total, total + n, out + i0);
    }
  }
}

// Index of the first maximum (or minimum); NaN wins.
template <bool kMax, class S>
void arg_rows(const S* x, int32_t* y, int64_t begin, int64_t end, int64_t reduce, int64_t inner) {
  using C = Compute<S>;
  for (int64_t o = begin; o < end; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const S* p = x + o * reduce * inner + i;
      C best = static_cast<C>(p[0]);
      int64_t at = 0;
      for (int64_t r = 1; r < reduce && best == best; ++r) {
        const C v = static_cast<C>(p[r * inner]);
        if (v != v || (kMax ? v > best : v < best)) {
          best = v;
          at = r;
        }
      }
      y[o * inner + i] = static_cast<int32_t>(at);
    }
  }
}

}  // namespace nacre::reference
