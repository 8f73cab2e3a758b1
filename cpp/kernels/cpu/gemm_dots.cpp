// Dot products for up to kMaxDots columns of C: vectors run along k in both A and B.
#include "kernels/cpu/micro_kernel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

template <int kRows, int kCols>
NACRE_FULL_VECTORS void dots_f32(const Tile& t, int64_t b_step) {
  FloatVector acc[kRows * kCols];
#pragma GCC unroll 64
  for (int i = 0; i < kRows * kCols; ++i) acc[i] = FloatVector{};
  const int64_t lda = t.lda;
  for (int64_t s = 0; s < t.num_segments; ++s) {
    const float* a = t.a + t.segments[s].a;
    const float* b = t.b + t.segments[s].b;
    int64_t k = t.segments[s].k;
    for (; k >= kLanes; k -= kLanes, a += kLanes, b += kLanes) {
      FloatVector bv[kCols];
#pragma GCC unroll 4
      for (int j = 0; j < kCols; ++j) bv[j] = load(b + j * b_step).v;
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const FloatVector av = load(a + i * lda).v;
#pragma GCC unroll 4
        for (int j = 0; j < kCols; ++j) acc[i * kCols + j] += av * bv[j];
      }
    }
    if (k == 0) continue;
#pragma GCC unroll 4
    for (int j = 0; j < kCols; ++j) {
      const FloatVector bv = load_partial(b + j * b_step, k).v;
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) acc[i * kCols + j] += load_partial(a + i * lda, k).v * bv;
    }
  }
#pragma GCC unroll 64
  for (int i = 0; i < kRows * kCols; ++i) {
    const int64_t at = i / kCols * t.ldc + i % kCols;
    float value = t.alpha * sum_of(Vec(acc[i]));
    if (t.accumulate) value += t.c[at];
    if (t.bias) value += t.bias[i % kCols];
    t.c[at] = finish_value(value, t.relu, t.residual ? t.residual + at : nullptr,
                           t.mask ? t.mask + at : nullptr);
  }
}

// More rows where there are fewer columns, to hide the latency of FMA.
template <int kCols>
void run_columns(Tile tile, int64_t b_step, int64_t rows) {
  constexpr int kRows = kCols == 1 ? 8 : 4;
  for (; rows >= kRows; rows -= kRows) {
    dots_f32<kRows, kCols>(tile, b_step);
    tile.advance(kRows * tile.lda, kRows * tile.ldc);
  }
  for (; rows > 0; --rows) {
    dots_f32<1, kCols>(tile, b_step);
    tile.advance(tile.lda, tile.ldc);
  }
}

}  // namespace

void run_dots(Tile tile, int64_t b_step, int64_t rows) {
  switch (tile.cols) {
    case 1:
      return run_columns<1>(tile, b_step, rows);
    case 2:
      return run_columns<2>(tile, b_step, rows);
    case 3:
      return run_columns<3>(tile, b_step, rows);
    default:
      return run_columns<4>(tile, b_step, rows);
  }
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
