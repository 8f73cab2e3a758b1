// Max and average pooling over NHWC. Vectors run along the channels; a window is clipped to the
// input, so padding neither wins a maximum nor adds to a sum.
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

Extent extent_of(const PoolArgs& g, int dim, int64_t out) {
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
NACRE_INLINE void store_lanes(float* p, Vec v, int64_t lanes) {
  lanes == kLanes ? store(p, v) : store_partial(p, v, lanes);
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
NACRE_INLINE void for_each_output(const PoolArgs& g, int64_t begin, int64_t end, Pixel&& pixel) {
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

void clear_images(const PoolArgs& g, int64_t begin, int64_t end) {
  const int64_t image_size = g.in[0] * g.in[1] * g.in[2] * g.channels;
  const int64_t size = (end - begin) * image_size;
  if (size == 0) return;  // the result may be null
  __builtin_memset(g.result + begin * image_size, 0, static_cast<size_t>(size) * sizeof(float));
}

// Whether no input pixel is in two windows.
bool windows_are_disjoint(const PoolArgs& g) {
  for (int d = 0; d < 3; ++d)
    if (g.stride[d] < g.window[d]) return false;
  return true;
}

bool in_a_window(const PoolArgs& g, int dim, int64_t index) {
  const int64_t at = index + g.pad[dim];
  return at / g.stride[dim] < g.out[dim] && at % g.stride[dim] < g.window[dim];
}

// Zeroes the pixels of an image that no window covers; windows are disjoint.
void clear_gaps(const PoolArgs& g, int64_t image) {
  float* row = g.result + image * g.in[0] * g.in[1] * g.in[2] * g.channels;
  const int64_t row_size = g.in[2] * g.channels;
  const auto clear = [](float* p, int64_t n) {
    __builtin_memset(p, 0, static_cast<size_t>(n) * sizeof(float));
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

float divisor_of(const PoolArgs& g, const Window& window) {
  const int64_t count = g.count_padding ? g.window[0] * g.window[1] * g.window[2] : window.count();
  return static_cast<float>(count > 0 ? count : 1);
}

// One window's channels [0, lanes) from x on.
template <int kCount>
NACRE_INLINE Vec max_of_lanes(const Window& window, const float* x, int64_t lanes) {
  Vec best = -__builtin_inff();
  window.each<kCount>([&](int64_t at) { best = max_nan(best, load_lanes(x + at, lanes)); });
  return best;
}

void max_pool_f32(const PoolArgs& g, int64_t begin, int64_t end) {
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    with_count(window, [&]<int kCount>() {
      const float* x = g.x + image;
      float* y = g.result + out;
      int64_t c = 0;
      for (; c + kLanes <= g.channels; c += kLanes)
        store(y + c, max_of_lanes<kCount>(window, x + c, kLanes));
      if (c < g.channels) {
        const int64_t lanes = g.channels - c;
        store_partial(y + c, max_of_lanes<kCount>(window, x + c, lanes), lanes);
      }
    });
  });
}

// One window's channels [0, lanes) from x, y, grad and dx on. Where windows are disjoint, dx is
// written; else added to.
template <int kCount, bool kDisjoint>
NACRE_INLINE void max_grad_lanes(const PoolArgs& g, const Window& window, const float* x,
                                 const float* y, const float* grad, float* dx, int64_t lanes) {
  const Vec best = load_lanes(y, lanes);
  Vec share = load_lanes(grad, lanes);
  if (g.mask) share = select(best > Vec(0.0f), share, Vec(0.0f));
  const auto give = [&](int64_t at, Mask found) {
    const Vec part = select(found, share, Vec(0.0f));
    store_lanes(dx + at, kDisjoint ? part : load_lanes(dx + at, lanes) + part, lanes);
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

template <bool kDisjoint>
void max_pool_grad_images(const PoolArgs& g, int64_t begin, int64_t end) {
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    with_count(window, [&]<int kCount>() {
      const float* x = g.x + image;
      float* dx = g.result + image;
      int64_t c = 0;
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
// The result may take x's place.
void max_pool_grad_f32(const PoolArgs& g, int64_t begin, int64_t end) {
  const bool disjoint = windows_are_disjoint(g);
  const int64_t image_size = g.in[0] * g.in[1] * g.in[2] * g.channels;
  for (int64_t image = begin; image < end; ++image) {
    if (disjoint) {
      max_pool_grad_images<true>(g, image, image + 1);
      clear_gaps(g, image);
      continue;
    }
    PoolArgs one = g;
    if (g.x == g.result) {
      const size_t bytes = static_cast<size_t>(image_size) * sizeof(float);
      float* copy = static_cast<float*>(thread_scratch(bytes));
      __builtin_memcpy(copy, g.x + image * image_size, bytes);
      one.x = copy - image * image_size;
    }
    clear_images(g, image, image + 1);
    max_pool_grad_images<false>(one, image, image + 1);
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
  table.max_pool = max_pool_f32;
  table.max_pool_grad = max_pool_grad_f32;
  table.average_pool = average_pool_f32;
  table.average_pool_grad = average_pool_grad_f32;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
