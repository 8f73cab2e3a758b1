// Matrix transposition in kLanes x kLanes tiles held in registers.
#include "kernels/cpu/isa.h"
#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

#if defined(NACRE_SIMD_AVX512)
NACRE_INLINE Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a.v, b.v, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
NACRE_INLINE Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a.v, b.v, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
#elif defined(NACRE_SIMD_AVX2)
NACRE_INLINE Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a.v, b.v, 0, 8, 1, 9, 2, 10, 3, 11);
}
NACRE_INLINE Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a.v, b.v, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
NACRE_INLINE Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a.v, b.v, 0, 4, 1, 5);
}
NACRE_INLINE Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a.v, b.v, 2, 6, 3, 7);
}
#endif

// One stage rotates the address (row bits, lane bits) of every element by a bit; log2(kLanes)
// stages swap rows and lanes.
NACRE_INLINE void transpose_tile(Vec (&v)[kLanes]) {
#pragma GCC unroll 4
  for (int stage = 1; stage < kLanes; stage *= 2) {
    Vec t[kLanes];
#pragma GCC unroll 8
    for (int i = 0; i < kLanes / 2; ++i) {
      t[2 * i] = interleave_low(v[i], v[i + kLanes / 2]);
      t[2 * i + 1] = interleave_high(v[i], v[i + kLanes / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) v[i] = t[i];
  }
}

// y's columns [0, m) of rows [0, n) from x's rows [0, m) of columns [0, n); m, n <= kLanes.
NACRE_INLINE void transpose_block(const float* x, float* y, int64_t cols, int64_t rows, int64_t m,
                                  int64_t n) {
  Vec v[kLanes];
  if (m == kLanes && n == kLanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) v[i] = load(x + i * cols);
    transpose_tile(v);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) store(y + i * rows, v[i]);
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) v[i] = i < m ? load_partial(x + i * cols, n) : Vec(0.0f);
  transpose_tile(v);
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) {
    if (i < n) store_partial(y + i * rows, v[i], m);
  }
}

// Strips of 64 columns of x: every page of x is visited once per strip, not once per tile.
void transpose(const float* x, float* y, int64_t rows, int64_t cols, int64_t begin, int64_t end) {
  constexpr int64_t kStrip = 64;
  for (int64_t strip = begin; strip < end; strip += kStrip) {
    const int64_t stop = end - strip < kStrip ? end : strip + kStrip;
    for (int64_t r = 0; r < rows; r += kLanes) {
      const int64_t m = rows - r < kLanes ? rows - r : kLanes;
      for (int64_t c = strip; c < stop; c += kLanes) {
        const int64_t n = stop - c < kLanes ? stop - c : kLanes;
        transpose_block(x + r * cols + c, y + c * rows + r, cols, rows, m, n);
      }
    }
  }
}

}  // namespace

void fill_transpose(KernelTable& table) {
  table.transpose = transpose;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
