// Tiles of the filter gradient where a kernel row has few products, its taps times a few channels:
// the sums of several kernel rows are in registers at once, so that there are enough of them to
// hide the latency of FMA, and a gradient that is loaded serves them all.
#include "kernels/cpu/conv.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// Sums that leave registers for the gradient and a broadcast, and the longest kernel row that gains
// from them. Without FMA and masked loads nothing does.
#if defined(NACRE_SIMD_AVX512) || defined(__aarch64__)
constexpr int kSums = 29, kLongest = 12;
#elif defined(NACRE_SIMD_AVX2)
constexpr int kSums = 13, kLongest = 6;
#else
constexpr int kSums = 13, kLongest = 0;
#endif

// Kernel rows of kLength products at once.
template <int kLength, int kVecs>
constexpr int most_runs() {
  const int fit = kSums / (kLength * kVecs);
  return fit < 1 ? 1 : fit < kMostRuns ? fit : kMostRuns;
}

template <int kLength, int kVecs, int kRuns>
NACRE_FULL_VECTORS void rows_f32(const FilterRows& x, int run, int64_t column, float* dst) {
  FloatVector acc[kRuns * kLength * kVecs];
#pragma GCC unroll 32
  for (int i = 0; i < kRuns * kLength * kVecs; ++i) acc[i] = FloatVector{};
  const int64_t lanes = smaller(x.cols - column - (kVecs - 1) * kLanes, kLanes);  // the last vector
  const int64_t src_step = x.src_step, grad_step = x.grad_step;
  for (const FilterRow* row = x.rows; row < x.rows + x.num_rows; ++row) {
    const float* src[kRuns];
#pragma GCC unroll 8
    for (int r = 0; r < kRuns; ++r) src[r] = row->src[run + r];
    const float* grad = row->grad + column;
    const int64_t end = x.pixels * src_step;
    for (int64_t at = 0; at < end; at += src_step, grad += grad_step) {
      FloatVector g[kVecs];
#pragma GCC unroll 2
      for (int v = 0; v < kVecs; ++v) {
        const float* from = grad + v * kLanes;
        g[v] = (v < kVecs - 1 || lanes == kLanes ? load(from) : load_partial(from, lanes)).v;
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRuns; ++r) {
#pragma GCC unroll 16
        for (int i = 0; i < kLength; ++i) {
          const float value = src[r][at + i];
#pragma GCC unroll 2
          for (int v = 0; v < kVecs; ++v) acc[(r * kLength + i) * kVecs + v] += value * g[v];
        }
      }
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < kRuns * kLength * kVecs; ++i) {
    float* to = dst + column + i / kVecs * x.dst_step + i % kVecs * kLanes;
    const int64_t count = i % kVecs == kVecs - 1 ? lanes : kLanes;
    Vec sum = acc[i];
    if (x.accumulate) sum += load_partial(to, count);
    store_partial(to, sum, count);
  }
}

using RowsFn = void (*)(const FilterRows& x, int run, int64_t column, float* dst);

template <int kLength, int kVecs>
struct RowsTable {
  RowsFn by_runs[most_runs<kLength, kVecs>()];
};

template <int kLength, int kVecs, int kRuns = 1>
constexpr void fill_runs(RowsTable<kLength, kVecs>& table) {
  table.by_runs[kRuns - 1] = rows_f32<kLength, kVecs, kRuns>;
  if constexpr (kRuns < most_runs<kLength, kVecs>()) fill_runs<kLength, kVecs, kRuns + 1>(table);
}

template <int kLength, int kVecs>
constexpr RowsTable<kLength, kVecs> make_table() {
  RowsTable<kLength, kVecs> table{};
  fill_runs<kLength, kVecs>(table);
  return table;
}

template <int kLength, int kVecs>
constexpr RowsTable<kLength, kVecs> kRowsTable = make_table<kLength, kVecs>();

template <int kLength, int kVecs>
void run_columns(const FilterRows& x, int runs, int64_t column, float* dst) {
  constexpr int most = most_runs<kLength, kVecs>();
  const int count = (runs + most - 1) / most;
  for (int i = 0; i < count; ++i) {
    const int first = runs * i / count, last = runs * (i + 1) / count;
    kRowsTable<kLength, kVecs>.by_runs[last - first - 1](x, first, column,
                                                         dst + first * kLength * x.dst_step);
  }
}

template <int kLength>
void run(const FilterRows& x, int runs, float* dst) {
  constexpr bool pairs = 2 * kLength <= kSums;
  for (int64_t column = 0; column < x.cols;) {
    if (pairs && x.cols - column > kLanes) {
      run_columns<kLength, pairs ? 2 : 1>(x, runs, column, dst);
      column += 2 * kLanes;
    } else {
      run_columns<kLength, 1>(x, runs, column, dst);
      column += kLanes;
    }
  }
}

}  // namespace

bool has_filter_rows(int64_t length) {
  if (length > kLongest) return false;
  return length == 3 || length == 5 || length == 6 || length == 9 || length == 10 || length == 12;
}

void run_filter_rows(const FilterRows& x, int64_t length, int runs, float* dst) {
  if constexpr (kLongest >= 6) {
    if (length == 3) run<3>(x, runs, dst);
    if (length == 5) run<5>(x, runs, dst);
    if (length == 6) run<6>(x, runs, dst);
  }
  if constexpr (kLongest >= 12) {
    if (length == 9) run<9>(x, runs, dst);
    if (length == 10) run<10>(x, runs, dst);
    if (length == 12) run<12>(x, runs, dst);
  }
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
