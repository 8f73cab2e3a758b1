// The register-tile micro-kernel under GEMM and convolution: a tile of C (up to kMaxRows rows by 1,
// 2 or kWideVecs vectors of columns) accumulated over a list of segments ("batch reduce": the one
// block of a GEMM, the taps of a convolution). A is read by scalar broadcasts, so neither of its
// layouts needs packing; B is read by vectors, from a packed panel or where it lies.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"
#include "simd/vec.h"

// clang splits 512-bit vectors in two unless a function says that it wants them.
#if defined(__clang__) && defined(NACRE_SIMD_AVX512)
#define NACRE_FULL_VECTORS __attribute__((min_vector_width(512)))
#else
#define NACRE_FULL_VECTORS
#endif

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

// Accumulators, one broadcast and the B vectors fill the register file: 32 registers with AVX-512
// and on Arm, 16 elsewhere.
#if defined(NACRE_SIMD_AVX512) || defined(__aarch64__)
inline constexpr int kMaxRows = 14, kWideRows = 6, kWideVecs = 4;
#else
inline constexpr int kMaxRows = 6, kWideRows = 2, kWideVecs = 4;
#endif
inline constexpr int kPanel = 2 * kLanes;  // columns of a panel of the usual tile

// One step of the reduction: `k` products, from `a` floats and `b` rows (of ldb) on.
struct Segment {
  int64_t a, b, k;
};

struct Tile {
  const float* a;
  int64_t lda;  // rows layout: A(i, p) = a[i * lda + p]; columns layout: a[p * lda + i]
  const float* b;
  int64_t ldb;  // B(p, j) = b[p * ldb + j], readable for whole vectors
  float* c;
  int64_t ldc;
  const Segment* segments;
  int64_t num_segments;
  int64_t cols;  // of C; at most the tile's vectors hold
  // Epilogue: C = relu(alpha * AB + (accumulate ? C : 0) + bias + residual), 0 where mask <= 0.
  float alpha;
  bool accumulate, relu;
  // Elements of A and B are pairs of bfloat16 along k: each step adds the products of both. Only
  // with AVX512-BF16.
  bool pairs;
  const float* bias;      // cols values or null
  const float* residual;  // of C's shape and row stride, or null; so is mask
  const float* mask;
  // The rows of B that are packed next (row stride fetch_ld), or null: panel kernels fetch them
  // meanwhile, a line a row and tile.
  const float* fetch;
  int64_t fetch_ld;

  // Moves on to other rows.
  void advance(int64_t a_floats, int64_t c_floats) {
    a += a_floats;
    c += c_floats;
    if (residual) residual += c_floats;
    if (mask) mask += c_floats;
  }
};
// Rows at `a` and `c` of a tile's; what changes from call to call is in registers, because a struct
// that is written right before it is read costs more than a small tile. `fetch` as in Tile.
using TileFn = void (*)(const Tile& tile, const float* a, float* c, const float* fetch);

enum class ALayout : uint8_t { kRows, kColumns };

// The kernel for tiles of `rows` (1..kMaxRows; 1..kWideRows for kWideVecs) by `vecs` (1, 2,
// kWideVecs).
TileFn tile_kernel(ALayout layout, int vecs, int rows);

// Runs rows [0, rows) of one column of tiles. tile.a and tile.c point to row 0.
void run_tiles(const Tile& tile, ALayout layout, int vecs, int64_t rows);

// The widest useful number of vectors for `rows` rows and `cols` columns left.
int tile_vecs(int64_t rows, int64_t cols);

// Where C has so few columns that vectors along them would be mostly empty, vectors run along k: B
// is stored transposed and dense, column j at tile.b + j * b_step, and a segment's b counts floats.
inline constexpr int kMaxDots = 4;  // columns
void run_dots(Tile tile, int64_t b_step, int64_t rows);

// dst (k x width) = src (k x cols, row stride ld), with zeros beyond cols.
void pack_panel(const float* src, int64_t ld, int64_t k, int64_t cols, int64_t width, float* dst);
// The same where src is stored transposed (cols x k).
void pack_panel_transposed(const float* src, int64_t ld, int64_t k, int64_t cols, int64_t width,
                           float* dst);

namespace {

// max(0, v) that keeps NaN.
NACRE_INLINE Vec relu_of(Vec v) {
  return max(Vec(0.0f), v);
}

// What follows bias: elements at `c` of the results, whole vectors or partial ones.
NACRE_INLINE Vec finish_lanes(Vec x, bool relu, const float* residual, const float* mask,
                              int64_t lanes) {
  if (residual) x += lanes == kLanes ? load(residual) : load_partial(residual, lanes);
  if (relu) x = relu_of(x);
  if (mask) {
    const Vec m = lanes == kLanes ? load(mask) : load_partial(mask, lanes);
    x = select(m > Vec(0.0f), x, Vec(0.0f));
  }
  return x;
}
NACRE_INLINE float finish_value(float x, bool relu, const float* residual, const float* mask) {
  if (residual) x += *residual;
  if (relu && x < 0) x = 0;
  return mask && !(*mask > 0) ? 0 : x;
}

NACRE_INLINE int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}
NACRE_INLINE int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}
NACRE_INLINE int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
NACRE_INLINE int64_t round_up(int64_t a, int64_t b) {
  return ceil_div(a, b) * b;
}

// rows[i][j] <-> rows[j][i]: log2(kLanes) rounds of interleaving row i with row i + kLanes / 2.
NACRE_INLINE void transpose_lanes(FloatVector* rows) {
  FloatVector next[kLanes];
  for (int round = 1; round < kLanes; round *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < kLanes / 2; ++i) {
      const FloatVector a = rows[i], b = rows[i + kLanes / 2];
#if defined(NACRE_SIMD_AVX512)
      next[2 * i] =
          __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                                14, 30, 15, 31);
#elif defined(NACRE_SIMD_AVX2)
      next[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      next[2 * i + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
      next[2 * i] = __builtin_shufflevector(a, b, 0, 4, 1, 5);
      next[2 * i + 1] = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
