// Max and average pooling over NHWC. Vectors run along the channels; a window is clipped to the
// input, so padding neither wins a maximum nor adds to a sum.
#include "kernels/cpu/half_lanes.h"
#include "kernels/cpu/isa.h"
#include "nacre/base/parallel.h"
#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// The part of one dimension's window that lies inside the input.
struct Extent {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

Extent extent_of(const PoolSizes& g, int dim, int64_t out) {
  if (g.stride[dim] == 0) {  // adaptive: rounded outwards
    const int64_t after = (out + 1) * g.in[dim] + g.out[dim] - 1;
    return {out * g.in[dim] / g.out[dim], after / g.out[dim]};
  }
  const int64_t first = out * g.stride[dim] - g.pad[dim], last = first + g.window[dim];
  const int64_t begin = first < 0 ? 0 : first < g.in[dim] ? first : g.in[dim];
  const int64_t end = last < begin ? begin : last < g.in[dim] ? last : g.in[dim];
  return {begin, end};
}

NACRE_INLINE Vec load_lanes(const float* p, int64_t lanes) {
  return lanes == kLanes ? load(p) : load_partial(p, lanes);
}
NACRE_INLINE Vec load_lanes(const uint16_t* p, int64_t lanes) {
  return load_bf16(p, lanes);
}
NACRE_INLINE void store_lanes(float* p, Vec v, int64_t lanes) {
  lanes == kLanes ? store(p, v) : store_partial(p, v, lanes);
}
// Only what was read is stored as bfloat16, and zeros.
NACRE_INLINE void store_lanes(uint16_t* p, Vec v, int64_t lanes) {
  store_exact_bf16(p, v, lanes);
}

// One output pixel's window, by the extents of its part inside the input.
struct Window {
  Extent d, h, w;
  int64_t height, width, channels;
  // The offsets of its input pixels in row-major order from `first` on, both in elements of the
  // image; null where there are more than kMaxListed.
  int64_t first;
  const int64_t* listed;

  int64_t count() const { return d.size() * h.size() * w.size(); }
  // Calls visit(offset) with the offset of each input pixel, in row-major order, from the image's
  // first element. kCount: count() where it is listed and known to the compiler, or 0.
  template <int kCount, class Visit>
  NACRE_INLINE void each(Visit&& visit) const {
    if constexpr (kCount > 0) {
#pragma GCC unroll 9
      for (int i = 0; i < kCount; ++i) visit(first + listed[i]);
      return;
    }
    for (int64_t i = d.begin; i < d.end; ++i)
      for (int64_t j = h.begin; j < h.end; ++j)
        for (int64_t k = w.begin; k < w.end; ++k) visit(((i * height + j) * width + k) * channels);
  }
};

constexpr int64_t kMaxListed = 9;

// Calls pixel(window, image's first element in x, output pixel's first element in y) for each
// output pixel of the images [begin, end).
template <class Pixel>
NACRE_INLINE void for_each_output(const PoolSizes& g, int64_t begin, int64_t end, Pixel&& pixel) {
  Window window{};
  window.height = g.in[1];
  window.width = g.in[2];
  window.channels = g.channels;
  const int64_t size = g.window[0] * g.window[1] * g.window[2];
  int64_t offsets[kMaxListed] = {};  // of a window that lies inside the input
  const bool listed = size <= kMaxListed && g.stride[0] != 0;
  if (listed) {
    int64_t* next = offsets;
    for (int64_t i = 0; i < g.window[0]; ++i)
      for (int64_t j = 0; j < g.window[1]; ++j)
        for (int64_t k = 0; k < g.window[2]; ++k)
          *next++ = ((i * window.height + j) * window.width + k) * g.channels;
  }
  const int64_t image_size = g.in[0] * g.in[1] * g.in[2] * g.channels;
  int64_t out = begin * g.out[0] * g.out[1] * g.out[2] * g.channels;
  for (int64_t image = begin; image < end; ++image) {
    for (int64_t d = 0; d < g.out[0]; ++d) {
      window.d = extent_of(g, 0, d);
      for (int64_t h = 0; h < g.out[1]; ++h) {
        window.h = extent_of(g, 1, h);
        for (int64_t w = 0; w < g.out[2]; ++w, out += g.channels) {
          window.w = extent_of(g, 2, w);
          window.first =
              ((window.d.begin * window.height + window.h.begin) * window.width + window.w.begin) *
              g.channels;
          window.listed = listed && window.count() == size ? offsets : nullptr;
          pixel(window, image * image_size, out);
        }
      }
    }
  }
}

// body.operator()<kCount>(): windows of 2x2 and 3x3 have loops of their own.
template <class Body>
NACRE_INLINE void with_count(const Window& window, Body&& body) {
  const int64_t count = window.listed ? window.count() : 0;
  if (count == 4) {
    body.template operator()<4>();
  } else if (count == 9) {
    body.template operator()<9>();
  } else {
    body.template operator()<0>();
  }
}

int64_t image_size_of(const PoolSizes& g) {
  return g.in[0] * g.in[1] * g.in[2] * g.channels;
}

void clear_images(const PoolArgs& g, int64_t begin, int64_t end) {
  const int64_t image_size = image_size_of(g);
  const int64_t size = (end - begin) * image_size;
  if (size == 0) return;  // the result may be null
  __builtin_memset(g.result + begin * image_size, 0, static_cast<size_t>(size) * sizeof(float));
}

// Whether no input pixel is in two windows.
bool windows_are_disjoint(const PoolSizes& g) {
  for (int d = 0; d < 3; ++d)
    if (g.stride[d] < g.window[d]) return false;
  return true;
}

bool in_a_window(const PoolSizes& g, int dim, int64_t index) {
  const int64_t at = index + g.pad[dim];
  return at / g.stride[dim] < g.out[dim] && at % g.stride[dim] < g.window[dim];
}

// Zeroes the pixels of an image that no window covers; windows are disjoint.
template <class T>
void clear_gaps(const PoolArgsOf<T>& g, int64_t image) {
  T* row = g.result + image * image_size_of(g);
  const int64_t row_size = g.in[2] * g.channels;
  const auto clear = [](T* p, int64_t n) {
    __builtin_memset(p, 0, static_cast<size_t>(n) * sizeof(T));
  };
  for (int64_t d = 0; d < g.in[0]; ++d) {
    for (int64_t h = 0; h < g.in[1]; ++h, row += row_size) {
      if (!in_a_window(g, 0, d) || !in_a_window(g, 1, h)) {
        clear(row, row_size);
        continue;
      }
      for (int64_t w = 0; w < g.in[2]; ++w)
        if (!in_a_window(g, 2, w)) clear(row + w * g.channels, g.channels);
    }
  }
}

float divisor_of(const PoolSizes& g, const Window& window) {
  const int64_t count = g.count_padding ? g.window[0] * g.window[1] * g.window[2] : window.count();
  return static_cast<float>(count > 0 ? count : 1);
}

// One window's channels [0, lanes) from x on.
template <int kCount, class T>
NACRE_INLINE Vec max_of_lanes(const Window& window, const T* x, int64_t lanes) {
  Vec best = -__builtin_inff();
  window.each<kCount>([&](int64_t at) { best = max_nan(best, load_lanes(x + at, lanes)); });
  return best;
}

#if defined(NACRE_SIMD_AVX512)
constexpr int64_t kShorts = 32;

// bfloat16 as integers: all 32 lanes at once. (-0 is below 0.)
template <int kCount>
NACRE_INLINE void max_of_shorts(const Window& window, const uint16_t* x, uint16_t* y) {
  const __m512i magnitude = _mm512_set1_epi16(0x7fff), infinity = _mm512_set1_epi16(0x7f80);
  // Of negative values the larger has the smaller magnitude.
  const auto ordered = [&](__m512i v) {
    return _mm512_xor_si512(v, _mm512_and_si512(_mm512_srai_epi16(v, 15), magnitude));
  };
  __m512i best = _mm512_set1_epi16(-0x7fff - 1);
  __mmask32 unordered = 0;
  window.each<kCount>([&](int64_t at) {
    const __m512i v = _mm512_loadu_si512(x + at);
    unordered |= _mm512_cmpgt_epu16_mask(_mm512_and_si512(v, magnitude), infinity);
    best = _mm512_max_epi16(best, ordered(v));
  });
  _mm512_storeu_si512(y,
                      _mm512_mask_mov_epi16(ordered(best), unordered, _mm512_set1_epi16(0x7fc0)));
}

// As max_grad_lanes of disjoint windows.
template <int kCount>
NACRE_INLINE void max_grad_shorts(const PoolSizes& g, const Window& window, const uint16_t* x,
                                  const uint16_t* y, const uint16_t* grad, uint16_t* dx) {
  const __m512i magnitude = _mm512_set1_epi16(0x7fff), infinity = _mm512_set1_epi16(0x7f80);
  const __m512i zero = _mm512_setzero_si512(), best = _mm512_loadu_si512(y);
  const __mmask32 unordered = _mm512_cmpgt_epu16_mask(_mm512_and_si512(best, magnitude), infinity);
  __m512i share = _mm512_loadu_si512(grad);
  if (g.mask)
    share = _mm512_maskz_mov_epi16(_mm512_cmpgt_epi16_mask(best, zero) & ~unordered, share);
  const __mmask32 is_zero = _mm512_testn_epi16_mask(best, magnitude);  // 0 or -0
  __mmask32 searching = ~__mmask32{0};
  const auto visit = [&](int64_t at, auto&& more) {
    const __m512i v = _mm512_loadu_si512(x + at);
    const __mmask32 found =
        searching & (_mm512_cmpeq_epi16_mask(v, best) |
                     (is_zero & _mm512_testn_epi16_mask(v, magnitude)) | more(v));
    _mm512_storeu_si512(dx + at, _mm512_maskz_mov_epi16(found, share));
    searching &= ~found;
  };
  if (!unordered) {
    window.each<kCount>([&](int64_t at) { visit(at, [](__m512i) { return __mmask32{0}; }); });
    return;
  }
  window.each<kCount>([&](int64_t at) {
    visit(at, [&](__m512i v) {
      return unordered & _mm512_cmpgt_epu16_mask(_mm512_and_si512(v, magnitude), infinity);
    });
  });
}
#endif

template <class T>
void max_pool(const PoolArgsOf<T>& g, int64_t begin, int64_t end) {
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    with_count(window, [&]<int kCount>() {
      const T* x = g.x + image;
      T* y = g.result + out;
      int64_t c = 0;
#if defined(NACRE_SIMD_AVX512)
      if constexpr (__is_same(T, uint16_t)) {
        for (; c + kShorts <= g.channels; c += kShorts) max_of_shorts<kCount>(window, x + c, y + c);
      }
#endif
      for (; c + kLanes <= g.channels; c += kLanes)
        store_lanes(y + c, max_of_lanes<kCount>(window, x + c, kLanes), kLanes);
      if (c < g.channels) {
        const int64_t lanes = g.channels - c;
        store_lanes(y + c, max_of_lanes<kCount>(window, x + c, lanes), lanes);
      }
    });
  });
}

// One window's channels [0, lanes) from x, y, grad and dx on. Where windows are disjoint, dx is
// written; else added to.
template <int kCount, bool kDisjoint, class T, class D>
NACRE_INLINE void max_grad_lanes(const PoolSizes& g, const Window& window, const T* x, const T* y,
                                 const T* grad, D* dx, int64_t lanes) {
  const Vec best = load_lanes(y, lanes);
  Vec share = load_lanes(grad, lanes);
  if (g.mask) share = select(best > Vec(0.0f), share, Vec(0.0f));
  const auto give = [&](int64_t at, Mask found) {
    const Vec part = select(found, share, Vec(0.0f));
    if constexpr (kDisjoint) {
      store_lanes(dx + at, part, lanes);
    } else {
      store_lanes(dx + at, load_lanes(dx + at, lanes) + part, lanes);
    }
  };
  const Mask ordered = best == best, unordered = is_nan(best);
  if (!any(unordered)) {
    Mask searching = ordered;
    window.each<kCount>([&](int64_t at) {
      const Mask found = searching & (load_lanes(x + at, lanes) == best);
      give(at, found);
      searching = searching & ~found;
    });
    return;
  }
  Mask searching = ordered | unordered;  // all lanes
  window.each<kCount>([&](int64_t at) {
    const Vec value = load_lanes(x + at, lanes);
    const Mask found = searching & ((value == best) | (unordered & is_nan(value)));
    give(at, found);
    searching = searching & ~found;
  });
}

// One image; dx is its result.
template <bool kDisjoint, class T, class D>
void max_pool_grad_image(const PoolArgsOf<T>& g, int64_t index, const T* x, D* dx) {
  for_each_output(g, index, index + 1, [&](const Window& window, int64_t, int64_t out) {
    with_count(window, [&]<int kCount>() {
      int64_t c = 0;
#if defined(NACRE_SIMD_AVX512)
      if constexpr (__is_same(D, uint16_t)) {
        for (; c + kShorts <= g.channels; c += kShorts) {
          max_grad_shorts<kCount>(g, window, x + c, g.y + out + c, g.grad + out + c, dx + c);
        }
      }
#endif
      for (; c + kLanes <= g.channels; c += kLanes) {
        max_grad_lanes<kCount, kDisjoint>(g, window, x + c, g.y + out + c, g.grad + out + c, dx + c,
                                          kLanes);
      }
      if (c < g.channels) {
        max_grad_lanes<kCount, kDisjoint>(g, window, x + c, g.y + out + c, g.grad + out + c, dx + c,
                                          g.channels - c);
      }
    });
  });
}

// The gradient goes to the first pixel of the window that equals the maximum (or is NaN, as it).
// The result may take x's place. Where windows overlap, sums are float32, rounded once.
template <class T>
void max_pool_grad(const PoolArgsOf<T>& g, int64_t begin, int64_t end) {
  constexpr bool kRounds = !__is_same(T, float);
  const bool disjoint = windows_are_disjoint(g);
  const int64_t image_size = image_size_of(g);
  for (int64_t image = begin; image < end; ++image) {
    const T* x = g.x + image * image_size;
    T* dx = g.result + image * image_size;
    if (disjoint) {
      max_pool_grad_image<true>(g, image, x, dx);
      clear_gaps(g, image);
      continue;
    }
    float* sums;
    if constexpr (kRounds) {
      sums = static_cast<float*>(thread_scratch(static_cast<size_t>(image_size) * sizeof(float)));
    } else {
      sums = dx;
      if (x == dx) {
        const size_t bytes = static_cast<size_t>(image_size) * sizeof(T);
        T* copy = static_cast<T*>(thread_scratch(bytes));
        __builtin_memcpy(copy, x, bytes);
        x = copy;
      }
    }
    __builtin_memset(sums, 0, static_cast<size_t>(image_size) * sizeof(float));
    max_pool_grad_image<false>(g, image, x, sums);
    if constexpr (kRounds) {
      for (int64_t i = 0; i < image_size; i += kLanes) {
        const int64_t lanes = image_size - i < kLanes ? image_size - i : kLanes;
        store_shorts(dx + i, bf16_from_float(load_lanes(sums + i, lanes)), lanes);
      }
    }
  }
}

void average_pool_f32(const PoolArgs& g, int64_t begin, int64_t end) {
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    const Vec divisor = divisor_of(g, window);
    for (int64_t c = 0; c < g.channels; c += kLanes) {
      const int64_t lanes = g.channels - c < kLanes ? g.channels - c : kLanes;
      Vec sum = 0.0f;
      const float* x = g.x + image + c;
      window.each<0>([&](int64_t at) { sum += load_lanes(x + at, lanes); });
      store_lanes(g.result + out + c, sum / divisor, lanes);
    }
  });
}

void average_pool_grad_f32(const PoolArgs& g, int64_t begin, int64_t end) {
  clear_images(g, begin, end);
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    const Vec divisor = divisor_of(g, window);
    for (int64_t c = 0; c < g.channels; c += kLanes) {
      const int64_t lanes = g.channels - c < kLanes ? g.channels - c : kLanes;
      const Vec share = load_lanes(g.grad + out + c, lanes) / divisor;
      float* dx = g.result + image + c;
      window.each<0>(
          [&](int64_t at) { store_lanes(dx + at, load_lanes(dx + at, lanes) + share, lanes); });
    }
  });
}

}  // namespace

void fill_pool(KernelTable& table) {
  table.max_pool = max_pool<float>;
  table.max_pool_grad = max_pool_grad<float>;
  table.max_pool_bf16 = max_pool<uint16_t>;
  table.max_pool_grad_bf16 = max_pool_grad<uint16_t>;
  table.average_pool = average_pool_f32;
  table.average_pool_grad = average_pool_grad_f32;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
