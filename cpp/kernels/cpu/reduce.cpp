// Reductions over the middle axis of (outer, reduce, inner). Sums: float32 within blocks of at most
// 64 sequential additions, double across blocks.
#include "kernels/cpu/column_sums.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_sums.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

struct Squared {
  NACRE_INLINE static Vec apply(Vec x) { return x * x; }
};

constexpr int64_t kTile = 1024;  // columns whose accumulators stay in L1

template <class Term>
void sum_columns(const float* x, float* y, int64_t reduce, int64_t inner) {
  float acc[kTile];
  double total[kTile];
  for (int64_t start = 0; start < inner; start += kTile) {
    const int64_t n = inner - start < kTile ? inner - start : kTile;
    if (reduce <= kRowBlock) {
      __builtin_memset(y + start, 0, static_cast<size_t>(n) * sizeof(float));
      add_rows<Term>(x + start, reduce, inner, y + start, n);
      continue;
    }
    for (int64_t i = 0; i < n; ++i) total[i] = 0.0;
    for (int64_t r = 0; r < reduce; r += kRowBlock) {
      const int64_t rows = reduce - r < kRowBlock ? reduce - r : kRowBlock;
      __builtin_memset(acc, 0, static_cast<size_t>(n) * sizeof(float));
      add_rows<Term>(x + r * inner + start, rows, inner, acc, n);
      for (int64_t i = 0; i < n; ++i) total[i] += static_cast<double>(acc[i]);
    }
    for (int64_t i = 0; i < n; ++i) y[start + i] = static_cast<float>(total[i]);
  }
}

template <class Term>
void reduce_sum(const float* x, float* y, int64_t begin, int64_t end, int64_t reduce,
                int64_t inner) {
  if (inner == 1) {
    const auto term = [](Vec v) __attribute__((always_inline)) {
      return Term::apply(v);
    };
    for (int64_t o = begin; o < end; ++o) {
      y[o] = static_cast<float>(sum_row(x + o * reduce, reduce, term));
    }
    return;
  }
  for (int64_t o = begin; o < end; ++o) {
    sum_columns<Term>(x + o * reduce * inner, y + o * inner, reduce, inner);
  }
}

template <class Op>
void reduce_extreme(const float* x, float* y, int64_t begin, int64_t end, int64_t reduce,
                    int64_t inner) {
  const auto combine = [](Vec a, Vec b) __attribute__((always_inline)) {
    return Op::apply(a, b);
  };
  for (int64_t o = begin; o < end; ++o) {
    const float* row = x + o * reduce * inner;
    float* out = y + o * inner;
    if (inner == 1) {
      *out = fold(fold_row<Op>(row, reduce), combine);
      continue;
    }
    for (int64_t i = 0; i < inner; ++i) out[i] = Op::kIdentity;
    for (int64_t start = 0; start < inner; start += kTile) {
      const int64_t n = inner - start < kTile ? inner - start : kTile;
      for (int64_t r = 0; r < reduce; ++r) {
        map_row(row + r * inner + start, out + start, out + start, n, combine);
      }
    }
  }
}

// In double: a product may leave float32's range on the way and come back.
void reduce_prod(const float* x, float* y, int64_t begin, int64_t end, int64_t reduce,
                 int64_t inner) {
  for (int64_t o = begin; o < end; ++o) {
    const float* row = x + o * reduce * inner;
    float* out = y + o * inner;
    if (inner == 1) {
      VecD a = 1.0, b = 1.0;
      int64_t i = 0;
      for (; i + 2 * kLanes <= reduce; i += 2 * kLanes) {
        a = a * to_double(load(row + i));
        b = b * to_double(load(row + i + kLanes));
      }
      for (; i < reduce; i += kLanes) {
        const int64_t n = reduce - i < kLanes ? reduce - i : kLanes;
        a = a * to_double(n == kLanes ? load(row + i) : load_partial(row + i, n, 1.0f));
      }
      *out = static_cast<float>(product_of(a * b));
      continue;
    }
    for (int64_t i = 0; i < inner; i += kLanes) {
      const int64_t n = inner - i < kLanes ? inner - i : kLanes;
      VecD a = 1.0;
      for (int64_t r = 0; r < reduce; ++r) {
        const float* p = row + r * inner + i;
        a = a * to_double(n == kLanes ? load(p) : load_partial(p, n));
      }
      if (n == kLanes) {
        store(out + i, to_float(a));
      } else {
        store_partial(out + i, to_float(a), n);
      }
    }
  }
}

// The first index whose element equals the extreme, or is NaN when the extreme is.
template <class Op>
int32_t first_index_of_extreme(const float* x, int64_t n) {
  const float extreme = fold(
      fold_row<Op>(x, n),
      [](Vec a, Vec b) __attribute__((always_inline)) { return Op::apply(a, b); });
  const bool nan = extreme != extreme;
  const Vec wanted = extreme;
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t m = n - i < kLanes ? n - i : kLanes;
    const Vec v = m == kLanes ? load(x + i) : load_partial(x + i, m, -extreme);
    const uint32_t hits = mask_bits(nan ? is_nan(v) : v == wanted);
    if (hits != 0) {
      const int first = __builtin_ctz(hits);
      if (first < m) return static_cast<int32_t>(i + first);
    }
  }
  return 0;
}

template <class Op, bool kMax>
void arg_extreme(const float* x, int32_t* y, int64_t begin, int64_t end, int64_t reduce,
                 int64_t inner) {
  for (int64_t o = begin; o < end; ++o) {
    const float* row = x + o * reduce * inner;
    int32_t* out = y + o * inner;
    if (inner == 1) {
      *out = first_index_of_extreme<Op>(row, reduce);
      continue;
    }
    for (int64_t i = 0; i < inner; i += kLanes) {
      const int64_t n = inner - i < kLanes ? inner - i : kLanes;
      const auto at = [ row, inner, i, n ](int64_t r) __attribute__((always_inline)) {
        const float* p = row + r * inner + i;
        return n == kLanes ? load(p) : load_partial(p, n);
      };
      Vec best = at(0);
      VecI index = 0;
      for (int64_t r = 1; r < reduce; ++r) {
        const Vec v = at(r);
        const Mask better = (kMax ? v > best : v < best) | (is_nan(v) & ~is_nan(best));
        // Once best is NaN no comparison is true, so the first NaN stays.
        best = select(better, v, best);
        index = select(better, VecI(static_cast<int32_t>(r)), index);
      }
      int32_t lanes[kLanes];
      store(lanes, index);
      for (int64_t k = 0; k < n; ++k) out[i + k] = lanes[k];
    }
  }
}

}  // namespace

void fill_reduce(KernelTable& table) {
  table.reduce[static_cast<int>(Reduce::kSum)] = reduce_sum<Identity>;
  table.reduce[static_cast<int>(Reduce::kSumSquares)] = reduce_sum<Squared>;
  table.reduce[static_cast<int>(Reduce::kMax)] = reduce_extreme<MaxNan>;
  table.reduce[static_cast<int>(Reduce::kMin)] = reduce_extreme<MinNan>;
  table.reduce[static_cast<int>(Reduce::kProd)] = reduce_prod;
  table.argmax = arg_extreme<MaxNan, true>;
  table.argmin = arg_extreme<MinNan, false>;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
