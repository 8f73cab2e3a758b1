// Max and average pooling over NHWC. Vectors run along the channels; a window is clipped to the
// input, so padding neither wins a maximum nor adds to a sum.
#include "kernels/cpu/isa.h"
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

// One output pixel's window: calls visit(offset) with the offset of each input pixel, in row-major
// order, from the image's first element.
struct Window {
  Extent d, h, w;
  int64_t height, width, channels;

  int64_t count() const { return d.size() * h.size() * w.size(); }
  template <class Visit>
  NACRE_INLINE void each(Visit&& visit) const {
    for (int64_t i = d.begin; i < d.end; ++i)
      for (int64_t j = h.begin; j < h.end; ++j)
        for (int64_t k = w.begin; k < w.end; ++k) visit(((i * height + j) * width + k) * channels);
  }
};

// Calls pixel(window, image's first element in x, output pixel's first element in y) for each
// output pixel of the images [begin, end).
template <class Pixel>
NACRE_INLINE void for_each_output(const PoolArgs& g, int64_t begin, int64_t end, Pixel&& pixel) {
  Window window{};
  window.height = g.in[1];
  window.width = g.in[2];
  window.channels = g.channels;
  const int64_t image_size = g.in[0] * g.in[1] * g.in[2] * g.channels;
  int64_t out = begin * g.out[0] * g.out[1] * g.out[2] * g.channels;
  for (int64_t image = begin; image < end; ++image) {
    for (int64_t d = 0; d < g.out[0]; ++d) {
      window.d = extent_of(g, 0, d);
      for (int64_t h = 0; h < g.out[1]; ++h) {
        window.h = extent_of(g, 1, h);
        for (int64_t w = 0; w < g.out[2]; ++w, out += g.channels) {
          window.w = extent_of(g, 2, w);
          pixel(window, image * image_size, out);
        }
      }
    }
  }
}

void clear_images(const PoolArgs& g, int64_t begin, int64_t end) {
  const int64_t image_size = g.in[0] * g.in[1] * g.in[2] * g.channels;
  for (int64_t i = begin * image_size; i < end * image_size; ++i) g.result[i] = 0;
}

float divisor_of(const PoolArgs& g, const Window& window) {
  const int64_t count = g.count_padding ? g.window[0] * g.window[1] * g.window[2] : window.count();
  return static_cast<float>(count > 0 ? count : 1);
}

void max_pool_f32(const PoolArgs& g, int64_t begin, int64_t end) {
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    for (int64_t c = 0; c < g.channels; c += kLanes) {
      const int64_t lanes = g.channels - c < kLanes ? g.channels - c : kLanes;
      Vec best = -__builtin_inff();
      const float* x = g.x + image + c;
      window.each([&](int64_t at) { best = max_nan(best, load_lanes(x + at, lanes)); });
      store_lanes(g.result + out + c, best, lanes);
    }
  });
}

// The gradient goes to the first pixel of the window that equals the maximum (or is NaN, as it).
void max_pool_grad_f32(const PoolArgs& g, int64_t begin, int64_t end) {
  clear_images(g, begin, end);
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    for (int64_t c = 0; c < g.channels; c += kLanes) {
      const int64_t lanes = g.channels - c < kLanes ? g.channels - c : kLanes;
      const Vec best = load_lanes(g.y + out + c, lanes);
      const Vec grad = load_lanes(g.grad + out + c, lanes);
      Mask searching = (best == best) | is_nan(best);  // all lanes
      const float* x = g.x + image + c;
      float* dx = g.result + image + c;
      window.each([&](int64_t at) {
        const Vec value = load_lanes(x + at, lanes);
        const Mask found = searching & ((value == best) | (is_nan(value) & is_nan(best)));
        const Vec sum = load_lanes(dx + at, lanes) + select(found, grad, Vec(0.0f));
        store_lanes(dx + at, sum, lanes);
        searching = searching & ~found;
      });
    }
  });
}

void average_pool_f32(const PoolArgs& g, int64_t begin, int64_t end) {
  for_each_output(g, begin, end, [&](const Window& window, int64_t image, int64_t out) {
    const Vec divisor = divisor_of(g, window);
    for (int64_t c = 0; c < g.channels; c += kLanes) {
      const int64_t lanes = g.channels - c < kLanes ? g.channels - c : kLanes;
      Vec sum = 0.0f;
      const float* x = g.x + image + c;
      window.each([&](int64_t at) { sum += load_lanes(x + at, lanes); });
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
      window.each(
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
