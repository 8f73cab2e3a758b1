// Tiles of a row of outputs with stride 1. The pixels under neighbouring outputs overlap, so each
// source value is broadcast once and multiplied with all taps of a kernel row, which stay in
// registers meanwhile. run_tiles broadcasts it once for each tap, and ends a loop after each kernel
// row: with few channels, or one vector of outputs, that is what bounds it.
//
// What changes from tile to tile is passed in registers: a struct that is written before each call
// costs about 40 cycles, half of what a small tile takes.
#include "kernels/cpu/conv.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// What bias and ReLU do without a branch: -0 added, and the larger of it and -infinity, is any
// value itself.
template <int kVecs, int kPixels, bool kWhole>
NACRE_INLINE void store_tile(const SlideRow& x, const FloatVector* acc, float* c) {
  const int64_t lanes = x.cols - (kVecs - 1) * kLanes;  // of the last vector
  const Vec low = x.relu ? 0.0f : -__builtin_inff();
  Vec bias[kVecs];
#pragma GCC unroll 2
  for (int v = 0; v < kVecs; ++v) {
    const float* from = x.bias + v * kLanes;
    const bool whole = kWhole || v < kVecs - 1;
    bias[v] = !x.bias ? Vec(-0.0f) : whole ? load(from) : load_partial(from, lanes);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kPixels; ++i, c += x.dst_step) {
#pragma GCC unroll 2
    for (int v = 0; v < kVecs; ++v) {
      const Vec sum = max(low, acc[i * kVecs + v] + bias[v]);
      const bool whole = kWhole || v < kVecs - 1;
      whole ? store(c + v * kLanes, sum) : store_partial(c + v * kLanes, sum, lanes);
    }
  }
}

// With a residual or a mask.
NACRE_FULL_VECTORS __attribute__((noinline)) void store_masked(const SlideRow& x,
                                                               const FloatVector* acc, float* c,
                                                               int pixels, int vecs) {
  for (int i = 0; i < pixels; ++i, c += x.dst_step) {
    for (int v = 0; v < vecs; ++v) {
      const int64_t lanes = smaller(x.cols - v * kLanes, kLanes);
      float* to = c + v * kLanes;
      const float* residual = x.residual ? x.residual + (to - x.dst) : nullptr;
      const float* mask = x.mask ? x.mask + (to - x.dst) : nullptr;
      Vec sum = acc[i * vecs + v];
      if (lanes == kLanes) {
        if (x.bias) sum += load(x.bias + v * kLanes);
        store(to, finish_lanes(sum, x.relu, residual, mask, kLanes));
      } else {
        if (x.bias) sum += load_partial(x.bias + v * kLanes, lanes);
        store_partial(to, finish_lanes(sum, x.relu, residual, mask, lanes), lanes);
      }
    }
  }
}

// `tiles` times kPixels outputs from c on; a is the first source pixel under them in what segments'
// `a` count from.
template <int kTaps, int kVecs, int kPixels>
NACRE_FULL_VECTORS void slide_f32(const SlideRow& x, const Segment* segments, int64_t num_segments,
                                  const float* a, float* c, int64_t tiles) {
  const int64_t step = x.src_step, ldb = x.ldb, tap_step = x.depth * ldb;
  const Segment* const end = segments + num_segments;
  for (; tiles > 0; --tiles, a += kPixels * step, c += kPixels * x.dst_step) {
    FloatVector acc[kPixels * kVecs];
#pragma GCC unroll 64
    for (int i = 0; i < kPixels * kVecs; ++i) acc[i] = FloatVector{};
    for (const Segment* segment = segments; segment < end; ++segment) {
      const float* pixels = a + segment->a;
      const float* b = x.filter + segment->b * ldb;
      for (const float* last = pixels + x.depth; pixels < last; ++pixels, b += ldb) {
        FloatVector filter[kTaps * kVecs];
#pragma GCC unroll 16
        for (int i = 0; i < kTaps * kVecs; ++i)
          filter[i] = load(b + i / kVecs * tap_step + i % kVecs * kLanes).v;
        const float* pixel = pixels;
#pragma GCC unroll 32
        for (int j = 0; j < kPixels + kTaps - 1; ++j, pixel += step) {
          const FloatVector value = Vec(*pixel).v;
#pragma GCC unroll 8
          for (int w = 0; w < kTaps; ++w) {
            if (j < w || j - w >= kPixels) continue;
#pragma GCC unroll 2
            for (int v = 0; v < kVecs; ++v)
              acc[(j - w) * kVecs + v] += value * filter[w * kVecs + v];
          }
        }
      }
    }
    if (x.residual || x.mask) {
      FloatVector spilled[kPixels * kVecs];
#pragma GCC unroll 64
      for (int i = 0; i < kPixels * kVecs; ++i) spilled[i] = acc[i];
      store_masked(x, spilled, c, kPixels, kVecs);
    } else if (x.cols == kVecs * kLanes) {
      store_tile<kVecs, kPixels, true>(x, acc, c);
    } else {
      store_tile<kVecs, kPixels, false>(x, acc, c);
    }
  }
}

// Accumulators, the filter of a kernel row and a broadcast fill the registers.
#if defined(NACRE_SIMD_AVX512) || defined(__aarch64__)
constexpr int kMostPixels[] = {16, 12};  // by vectors - 1
#else
constexpr int kMostPixels[] = {10, 4};
#endif

using SlideFn = void (*)(const SlideRow& x, const Segment* segments, int64_t num_segments,
                         const float* a, float* c, int64_t tiles);

template <int kTaps, int kVecs>
struct SlideTable {
  SlideFn by_pixels[kMostPixels[kVecs - 1]];
};

template <int kTaps, int kVecs, int kPixels = 1>
constexpr void fill_pixels(SlideTable<kTaps, kVecs>& table) {
  table.by_pixels[kPixels - 1] = slide_f32<kTaps, kVecs, kPixels>;
  if constexpr (kPixels < kMostPixels[kVecs - 1]) fill_pixels<kTaps, kVecs, kPixels + 1>(table);
}

template <int kTaps, int kVecs>
constexpr SlideTable<kTaps, kVecs> make_table() {
  SlideTable<kTaps, kVecs> table{};
  fill_pixels<kTaps, kVecs>(table);
  return table;
}

template <int kTaps, int kVecs>
constexpr SlideTable<kTaps, kVecs> kSlides = make_table<kTaps, kVecs>();

const SlideFn* slides_of(int64_t taps, int vecs) {
  if (taps == 3) return vecs == 1 ? kSlides<3, 1>.by_pixels : kSlides<3, 2>.by_pixels;
  return vecs == 1 ? kSlides<5, 1>.by_pixels : kSlides<5, 2>.by_pixels;
}

}  // namespace

bool has_slide(int64_t taps) {
  return taps == 3 || taps == 5;
}

void run_slide(const SlideRow& x, int64_t taps, int vecs, const Segment* segments,
               int64_t num_segments, const float* a, float* c, int64_t pixels) {
  const SlideFn* slides = slides_of(taps, vecs);
  // Tiles of nearly equal size.
  const int64_t count = ceil_div(pixels, kMostPixels[vecs - 1]);
  const int64_t size = pixels / count, larger_ones = pixels % count;
  if (larger_ones > 0) {
    slides[size](x, segments, num_segments, a, c, larger_ones);
    a += larger_ones * (size + 1) * x.src_step;
    c += larger_ones * (size + 1) * x.dst_step;
  }
  slides[size - 1](x, segments, num_segments, a, c, count - larger_ones);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
