// bfloat16 GEMM on the dot products of AVX512-BF16: an instruction multiplies pairs along k and
// adds them to float32 sums. A and B are packed as pairs, 32 bits each; a task keeps its sums until
// the last of k and rounds them once. The instruction takes subnormal operands as zero.
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/half_lanes.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

#if defined(__AVX512BF16__)
namespace {

constexpr int64_t kDepth = 384;  // of k: a panel of B and a tile of A share L1
constexpr int64_t kPairs = kDepth / 2;
constexpr int64_t kBlockRows = 16 * kMaxRows;
constexpr int64_t kBlockCols = 16 * kPanel;
constexpr double kTaskFlop = 4e6;  // as of float32, at twice the rate

enum Slot { kSums, kPanelOfB, kBlockOfA };  // of thread_scratch

uint32_t* pairs_scratch(int64_t pairs, Slot slot) {
  return static_cast<uint32_t*>(thread_scratch(static_cast<size_t>(pairs) * 4, slot));
}

NACRE_INLINE __mmask32 low_bits(int64_t n) {
  return n >= 32 ? ~__mmask32{0} : static_cast<__mmask32>((uint64_t{1} << n) - 1);
}

// 16 pairs (x[j], y[j]) of which `count` exist; y may be null.
NACRE_INLINE __m512i interleave(const uint16_t* x, const uint16_t* y, int64_t count) {
  const auto mask = static_cast<__mmask16>(low_bits(count < 16 ? count : 16));
  const __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, x));
  if (!y) return low;
  const __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, y));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// dst[p * width + j] = pair p of column j, for the `cols` columns of src (k x cols), zeros beyond.
void pack_columns(const uint16_t* src, int64_t ld, int64_t k, int64_t cols, int64_t width,
                  uint32_t* dst) {
  for (int64_t p = 0; p < k; p += 2) {
    const uint16_t* x = src + p * ld;
    const uint16_t* y = p + 1 < k ? x + ld : nullptr;
    uint32_t* to = dst + p / 2 * width;
    for (int64_t j = 0; j < width; j += 16) {
      const int64_t count = cols - j;
      _mm512_storeu_si512(
          to + j, count > 0 ? interleave(x + j, y ? y + j : y, count) : _mm512_setzero_si512());
    }
  }
}

// The transpose of up to 16 x 16 pairs: store(i, lane vector) for each of 16 rows.
template <class Load, class Store>
NACRE_INLINE void transpose_pairs(Load&& load_row, Store&& store_row) {
  FloatVector rows[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) rows[i] = (FloatVector)load_row(i);
  transpose_lanes(rows);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) store_row(i, (__m512i)rows[i]);
}

// The same as pack_columns where src is stored transposed (cols x k).
void pack_columns_transposed(const uint16_t* src, int64_t ld, int64_t k, int64_t cols,
                             int64_t width, uint32_t* dst) {
  for (int64_t j = 0; j < width; j += 16) {
    for (int64_t p = 0; p < k; p += 32) {
      const __mmask32 mask = low_bits(k - p);
      const int64_t pairs = smaller(16, ceil_div(k - p, 2));
      transpose_pairs(
          [&](int i) {
            return j + i < cols ? _mm512_maskz_loadu_epi16(mask, src + (j + i) * ld + p)
                                : _mm512_setzero_si512();
          },
          [&](int i, __m512i v) {
            if (i < pairs) _mm512_storeu_si512(dst + (p / 2 + i) * width + j, v);
          });
    }
  }
}

// dst[i * ld_pairs + p] = pair p of row i of A, stored (rows x k).
void pack_rows(const uint16_t* src, int64_t ld, int64_t rows, int64_t k, int64_t ld_pairs,
               uint32_t* dst) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t p = 0; p < k; p += 32) {
      const __m512i v = _mm512_maskz_loadu_epi16(low_bits(k - p), src + i * ld + p);
      _mm512_mask_storeu_epi32(dst + i * ld_pairs + p / 2,
                               static_cast<__mmask16>(low_bits(ceil_div(smaller(k - p, 32), 2))),
                               v);
    }
  }
}

// The same where A is stored (k x rows).
void pack_rows_transposed(const uint16_t* src, int64_t ld, int64_t rows, int64_t k,
                          int64_t ld_pairs, uint32_t* dst) {
  for (int64_t i = 0; i < rows; i += 16) {
    for (int64_t p = 0; p < k; p += 32) {
      const auto mask = static_cast<__mmask16>(low_bits(ceil_div(smaller(k - p, 32), 2)));
      transpose_pairs(
          [&](int q) {
            const int64_t at = p + 2 * q;
            if (at >= k) return _mm512_setzero_si512();
            const uint16_t* x = src + at * ld + i;
            return interleave(x, at + 1 < k ? x + ld : nullptr, rows - i);
          },
          [&](int q, __m512i v) {
            if (i + q < rows) {
              _mm512_mask_storeu_epi32(dst + (i + q) * ld_pairs + p / 2, mask, v);
            }
          });
    }
  }
}

// sums (R x kPanel) = or += A (R rows) times a panel of B.
template <int R>
void tile(const uint32_t* a, int64_t lda, const uint32_t* b, int64_t pairs, float* sums,
          bool accumulate) {
  __m512 low[R], high[R];
#pragma GCC unroll 14
  for (int r = 0; r < R; ++r) {
    low[r] = accumulate ? _mm512_loadu_ps(sums + r * kPanel) : _mm512_setzero_ps();
    high[r] = accumulate ? _mm512_loadu_ps(sums + r * kPanel + 16) : _mm512_setzero_ps();
  }
  for (int64_t p = 0; p < pairs; ++p) {
    const auto b0 = (__m512bh)_mm512_loadu_si512(b + p * kPanel);
    const auto b1 = (__m512bh)_mm512_loadu_si512(b + p * kPanel + 16);
#pragma GCC unroll 14
    for (int r = 0; r < R; ++r) {
      const auto x = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[r * lda + p]));
      low[r] = _mm512_dpbf16_ps(low[r], x, b0);
      high[r] = _mm512_dpbf16_ps(high[r], x, b1);
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < R; ++r) {
    _mm512_storeu_ps(sums + r * kPanel, low[r]);
    _mm512_storeu_ps(sums + r * kPanel + 16, high[r]);
  }
}

using PairTile = void (*)(const uint32_t*, int64_t, const uint32_t*, int64_t, float*, bool);
constexpr PairTile kTiles[] = {tile<1>, tile<2>, tile<3>,  tile<4>,  tile<5>,  tile<6>,  tile<7>,
                               tile<8>, tile<9>, tile<10>, tile<11>, tile<12>, tile<13>, tile<14>};

// Rows [i0, i1) and columns [j0, j1) of one product.
void run_block(const GemmBf16Args& g, int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
  const int64_t rows = i1 - i0, panels = ceil_div(j1 - j0, kPanel);
  // Tiles of nearly equal height.
  const int64_t height = ceil_div(rows, ceil_div(rows, kMaxRows));
  auto* sums = reinterpret_cast<float*>(pairs_scratch(panels * rows * kPanel, kSums));
  uint32_t* panel = pairs_scratch(kPairs * kPanel, kPanelOfB);
  // Rows 4 KB apart would compete for the same cache sets.
  constexpr int64_t kRowPairs = kPairs + 16;
  uint32_t* block = pairs_scratch(rows * kRowPairs, kBlockOfA);
  int64_t p = 0;
  do {
    const int64_t k = smaller(kDepth, g.k - p), pairs = ceil_div(k, 2);
    if (g.trans_a) {
      pack_rows_transposed(g.a + p * g.lda + i0, g.lda, rows, k, kRowPairs, block);
    } else {
      pack_rows(g.a + i0 * g.lda + p, g.lda, rows, k, kRowPairs, block);
    }
    for (int64_t q = 0; q < panels; ++q) {
      const int64_t j = j0 + q * kPanel, cols = smaller(kPanel, j1 - j);
      if (g.trans_b) {
        pack_columns_transposed(g.b + j * g.ldb + p, g.ldb, k, cols, kPanel, panel);
      } else {
        pack_columns(g.b + p * g.ldb + j, g.ldb, k, cols, kPanel, panel);
      }
      for (int64_t i = 0; i < rows; i += height) {
        const int64_t count = smaller(height, rows - i);
        kTiles[count - 1](block + i * kRowPairs, kRowPairs, panel, pairs,
                          sums + (q * rows + i) * kPanel, p > 0);
      }
    }
    p += kDepth;
  } while (p < g.k);
  for (int64_t q = 0; q < panels; ++q) {
    for (int64_t i = 0; i < rows; ++i) {
      const float* from = sums + (q * rows + i) * kPanel;
      for (int64_t j = j0 + q * kPanel; j < smaller(j1, j0 + (q + 1) * kPanel); j += kLanes) {
        store_finished(g.epilogue, load(from), g.c, (i0 + i) * g.ldc + j, j,
                       smaller(kLanes, j1 - j));
        from += kLanes;
      }
    }
  }
}

void gemm_bf16(const GemmBf16Args& g) {
  if (g.m <= 0 || g.n <= 0 || g.batch <= 0) return;
  const double flop = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) *
                      static_cast<double>(g.k) * static_cast<double>(g.batch);
  // As many tasks as for float32, a square root of the work: each packs its own panels of B.
  const int64_t wanted = static_cast<int64_t>(1.5 * __builtin_sqrt(flop / kTaskFlop)) + 1;
  const int64_t each = ceil_div(wanted, g.batch);
  const int64_t all_panels = ceil_div(g.n, kPanel);
  const int64_t col_parts = smaller(
      larger(ceil_div(g.n, kBlockCols), smaller(each, larger(all_panels / 4, 1))), all_panels);
  const int64_t row_parts =
      larger(ceil_div(g.m, kBlockRows),
             smaller(ceil_div(each, col_parts), larger(g.m / (4 * kMaxRows), 1)));
  const int64_t row_step = ceil_div(g.m, row_parts);
  const int64_t col_step = ceil_div(all_panels, col_parts) * kPanel;
  const int64_t rows = ceil_div(g.m, row_step), cols = ceil_div(g.n, col_step);
  const int64_t tasks = g.batch * rows * cols;
  parallel_for(
      tasks, ceil_div(tasks, larger(wanted, rows * cols)), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
          const int64_t index = task / (rows * cols), r = task % rows, q = task / rows % cols;
          GemmBf16Args one = g;
          one.a += index * g.stride_a;
          one.b += index * g.stride_b;
          one.c += index * g.stride_c;
          if (g.epilogue.residual) one.epilogue.residual += index * g.stride_c;
          if (g.epilogue.mask) one.epilogue.mask += index * g.stride_c;
          run_block(one, r * row_step, smaller((r + 1) * row_step, g.m), q * col_step,
                    smaller((q + 1) * col_step, g.n));
        }
      });
}

}  // namespace

void fill_gemm_bf16(KernelTable& table) {
  table.gemm_bf16 = gemm_bf16;
}
#else
void fill_gemm_bf16(KernelTable& table) {
  table.gemm_bf16 = nullptr;
}
#endif

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
