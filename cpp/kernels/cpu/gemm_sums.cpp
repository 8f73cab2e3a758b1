// The sums of op(B)'s columns that GEMM gives beside C, in the order of column_sums.h: every block
// of rows has sums of its own until all are there, so panels and parts of k may come in any order.
#include "kernels/cpu/column_sums.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/row_sums.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kColumns = 256;  // whose totals are added at a time
constexpr int64_t kWidth = 1024;   // columns whose sums stay in L1
constexpr int64_t kGrain = int64_t{1} << 15;

}  // namespace

static_assert(kSumRows == kRowBlock);

void block_sums(const float* b, int64_t ldb, int64_t rows, int64_t cols, float* blocks, int64_t n) {
  for (int64_t r = 0; r < rows; r += kRowBlock, blocks += n) {
    __builtin_memset(blocks, 0, static_cast<size_t>(cols) * sizeof(float));
    add_rows<Identity>(b + r * ldb, smaller(kRowBlock, rows - r), ldb, blocks, cols);
  }
}

NACRE_FULL_VECTORS void pack_panel_and_sum(const float* src, int64_t ld, int64_t k, int64_t cols,
                                           int64_t width, float* dst, float* blocks, int64_t n) {
  if (cols != width || width != 2 * kLanes) {
    pack_panel(src, ld, k, cols, width, dst);
    return block_sums(dst, width, k, cols, blocks, n);
  }
  for (int64_t start = 0; start < k; start += kRowBlock, blocks += n) {
    int64_t rows = smaller(kRowBlock, k - start);
    Vec first = 0.0f, second = 0.0f;
    const auto copied = [&](int64_t row, int64_t j) __attribute__((always_inline)) {
      const Vec v = load(src + row * ld + j);
      store(dst + row * width + j, v);
      return v;
    };
    for (; rows >= kRowGroup; rows -= kRowGroup) {
      first +=
          sum_group([&](int64_t row) __attribute__((always_inline)) { return copied(row, 0); });
      second += sum_group([&](int64_t row)
                              __attribute__((always_inline)) { return copied(row, kLanes); });
      src += kRowGroup * ld;
      dst += kRowGroup * width;
    }
    for (; rows > 0; --rows, src += ld, dst += width) {
      first += copied(0, 0);
      second += copied(0, kLanes);
    }
    store(blocks, first);
    store(blocks + kLanes, second);
  }
}

void finish_sums(const float* blocks, int64_t k, int64_t n, float* sums) {
  if (blocks == sums) return;  // of one block
  const int64_t count = ceil_div(k, kRowBlock);
  parallel_for(n, larger(kGrain / larger(count, 1), kColumns), [&](int64_t begin, int64_t end) {
    double total[kColumns];
    for (int64_t j = begin; j < end; j += kColumns) {
      const int64_t cols = smaller(kColumns, end - j);
      for (int64_t i = 0; i < cols; ++i) total[i] = 0;
      for (int64_t block = 0; block < count; ++block) {
        const float* from = blocks + block * n + j;
        for (int64_t i = 0; i < cols; ++i) total[i] += static_cast<double>(from[i]);
      }
      for (int64_t i = 0; i < cols; ++i) sums[j + i] = static_cast<float>(total[i]);
    }
  });
}

void sum_where_stored(const GemmArgs& g) {
  if (g.trans_b) {
    parallel_for(g.batch * g.n, larger(kGrain / larger(g.k, 1), 1),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t at = begin; at < end; ++at) {
                     const float* column = g.b + at / g.n * g.stride_b + at % g.n * g.ldb;
                     g.sums[at] = static_cast<float>(sum_row(column, g.k, Identity::apply));
                   }
                 });
    return;
  }
  const int64_t count = ceil_div(g.k, kRowBlock), floats = block_sums_floats(g.k, g.n);
  for (int64_t index = 0; index < g.batch; ++index) {
    const float* b = g.b + index * g.stride_b;
    float* sums = g.sums + index * g.n;
    float* blocks =
        count == 1
            ? sums
            : static_cast<float*>(thread_scratch(static_cast<size_t>(floats) * sizeof(float)));
    parallel_for(count, larger(kGrain / (kRowBlock * g.n), 1), [&](int64_t begin, int64_t end) {
      const int64_t first = begin * kRowBlock, rows = smaller(end * kRowBlock, g.k) - first;
      for (int64_t j = 0; j < g.n; j += kWidth) {
        block_sums(b + first * g.ldb + j, g.ldb, rows, smaller(kWidth, g.n - j),
                   blocks + begin * g.n + j, g.n);
      }
    });
    finish_sums(blocks, g.k, g.n, sums);
  }
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
