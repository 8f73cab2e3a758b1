// Depthwise convolution: channels do not mix, so vectors run along them and memory is the limit.
#include "kernels/cpu/conv.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int kPixels = 4;  // that share a load of the filter

// The taps of one output row: where in src its row starts, and the filter's row.
struct RowTap {
  int64_t src, filter;
};

// Stores the sums of `kCount` pixels with their epilogue.
template <int kCount>
NACRE_INLINE void finish_pixels(const Correlation& x, const Vec* sum, int64_t c, int64_t lanes,
                                int64_t dst_step, float* dst) {
  const bool full = lanes == kLanes;
  // Bias last, as where it is an op of its own.
  const Vec bias = !x.bias ? Vec(0.0f) : full ? load(x.bias + c) : load_partial(x.bias + c, lanes);
  const int64_t from_first = dst - x.dst;
#pragma GCC unroll 8
  for (int i = 0; i < kCount; ++i) {
    const int64_t at = from_first + i * dst_step;
    const Vec value =
        finish_lanes(x.bias ? sum[i] + bias : sum[i], x.relu,
                     x.residual ? x.residual + at : nullptr, x.mask ? x.mask + at : nullptr, lanes);
    full ? store(dst + i * dst_step, value) : store_partial(dst + i * dst_step, value, lanes);
  }
}

// `kCount` pixels from dst pixel q on, channels [c, c + lanes): sum over row taps and width taps
// [first, last).
template <int kCount>
NACRE_FULL_VECTORS void sum_taps(const Correlation& x, const RowTap* rows, int64_t num_rows,
                                 const Taps& tw, int64_t q, int64_t first, int64_t last, int64_t c,
                                 int64_t lanes, float* dst) {
  const int64_t channels = x.groups, src_step = x.src_step[2] * channels;
  const int64_t dst_step = x.dst_step[2] * channels;
  const bool full = lanes == kLanes;
  Vec sum[kCount];
#pragma GCC unroll 4
  for (int i = 0; i < kCount; ++i) sum[i] = 0.0f;
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t w = first; w < last; ++w) {
      const float* filter =
          x.filter + rows[r].filter + (tw.kernel + w * tw.kernel_step) * channels + c;
      const float* src =
          x.src + rows[r].src + q * src_step + (tw.offset + w * tw.offset_step) * channels + c;
      const Vec factor = full ? load(filter) : load_partial(filter, lanes);
#pragma GCC unroll 4
      for (int i = 0; i < kCount; ++i) {
        const float* from = src + i * src_step;
        sum[i] = fma(factor, full ? load(from) : load_partial(from, lanes), sum[i]);
      }
    }
  }
  finish_pixels<kCount>(x, sum, c, lanes, dst_step, dst);
}

// Channels [c, c + kLanes) of the pixels [first, last) of a row, all of whose 3x3 taps are inside,
// with stride 1 on both sides and neighbouring taps: the filter stays in registers, and a source
// pixel is loaded once for kPixels outputs. `dst` is the row's first pixel.
NACRE_FULL_VECTORS void sum_3x3(const Correlation& x, const RowTap* rows, const Taps& tw,
                                int64_t first, int64_t last, int64_t c, float* dst) {
  const int64_t channels = x.groups;
  const float* src[3];
  Vec filter[3][3];
#pragma GCC unroll 3
  for (int r = 0; r < 3; ++r) {
    src[r] = x.src + rows[r].src + tw.offset * channels + c;
#pragma GCC unroll 3
    for (int w = 0; w < 3; ++w)
      filter[r][w] =
          load(x.filter + rows[r].filter + (tw.kernel + w * tw.kernel_step) * channels + c);
  }
  const auto sums = [&]<int kCount>(int64_t q) {
    Vec sum[kCount];
#pragma GCC unroll 4
    for (int i = 0; i < kCount; ++i) sum[i] = 0.0f;
#pragma GCC unroll 3
    for (int r = 0; r < 3; ++r) {
      Vec pixels[kCount + 2];
#pragma GCC unroll 6
      for (int i = 0; i < kCount + 2; ++i) pixels[i] = load(src[r] + (q + i) * channels);
#pragma GCC unroll 3
      for (int w = 0; w < 3; ++w) {
#pragma GCC unroll 4
        for (int i = 0; i < kCount; ++i) sum[i] = fma(filter[r][w], pixels[i + w], sum[i]);
      }
    }
    finish_pixels<kCount>(x, sum, c, kLanes, channels, dst + q * channels + c);
  };
  int64_t q = first;
  for (; q + kPixels <= last; q += kPixels) sums.template operator()<kPixels>(q);
  for (; q < last; ++q) sums.template operator()<1>(q);
}

// One output row of one phase.
void row_of(const Correlation& x, const RowTap* rows, int64_t num_rows, const Taps& tw,
            int64_t pixels, float* dst) {
  const int64_t width = x.src_dims[2], step = x.src_step[2];
  int64_t done = 0, first_done = 0, last_done = 0;  // channels, of the pixels between
  if (num_rows == 3 && tw.count == 3 && tw.offset_step == 1 && step == 1 && x.dst_step[2] == 1) {
    first_done = smaller(larger(-tw.offset, 0), pixels);
    last_done = larger(smaller(width - tw.offset - 2, pixels), first_done);
    for (; done + kLanes <= x.groups; done += kLanes)
      sum_3x3(x, rows, tw, first_done, last_done, done, dst);
  }
  for (int64_t q = 0; q < pixels;) {
    // Width taps inside the source for pixel q, and whether the following pixels have them all.
    const int64_t at = q * step + tw.offset;
    const int64_t first = at >= 0 ? 0 : smaller(ceil_div(-at, tw.offset_step), tw.count);
    const int64_t last =
        larger(smaller(at >= width ? 0 : (width - 1 - at) / tw.offset_step + 1, tw.count), first);
    const bool several =
        q + kPixels <= pixels && first == 0 && at + (kPixels - 1) * step + tw.span() <= width;
    const bool begun = q >= first_done && q < last_done;
    for (int64_t c = begun ? done : 0; c < x.groups; c += kLanes) {
      float* to = dst + q * x.dst_step[2] * x.groups + c;
      const int64_t lanes = smaller(x.groups - c, kLanes);
      if (several) {
        sum_taps<kPixels>(x, rows, num_rows, tw, q, 0, tw.count, c, lanes, to);
      } else {
        sum_taps<1>(x, rows, num_rows, tw, q, first, last, c, lanes, to);
      }
    }
    q += several ? kPixels : 1;
  }
}

}  // namespace

void depthwise(const Correlation& x) {
  const int64_t lines = x.batch * x.dst_dims[0] * x.dst_dims[1];
  const int64_t line_size = x.dst_dims[2] * x.groups;
  if (lines * line_size == 0) return;
  const int64_t grain = ceil_div(lines, tasks_for(8 * x.flop()));  // bound by loads, not by FMA
  parallel_for(lines, grain, [&](int64_t begin, int64_t end) {
    RowTap* rows = static_cast<RowTap*>(
        thread_scratch(static_cast<size_t>(x.kernel[0] * x.kernel[1]) * sizeof(RowTap), 1));
    for (int64_t line = begin; line < end; ++line) {
      const int64_t row = line % x.dst_dims[1], plane = line / x.dst_dims[1] % x.dst_dims[0];
      const int64_t image = line / x.dst_dims[1] / x.dst_dims[0];
      const Taps td = x.taps(0, plane % x.dst_step[0]), th = x.taps(1, row % x.dst_step[1]);
      int64_t count = 0;
      for (int64_t d = 0; d < td.count; ++d) {
        const int64_t src_d =
            plane / x.dst_step[0] * x.src_step[0] + td.offset + d * td.offset_step;
        if (src_d < 0 || src_d >= x.src_dims[0]) continue;
        for (int64_t h = 0; h < th.count; ++h) {
          const int64_t src_h =
              row / x.dst_step[1] * x.src_step[1] + th.offset + h * th.offset_step;
          if (src_h < 0 || src_h >= x.src_dims[1]) continue;
          rows[count++] = {
              ((image * x.src_dims[0] + src_d) * x.src_dims[1] + src_h) * x.src_dims[2] * x.groups,
              ((td.kernel + d * td.kernel_step) * x.kernel[1] + th.kernel + h * th.kernel_step) *
                  x.kernel[2] * x.groups};
        }
      }
      for (int64_t phase = 0; phase < x.dst_step[2]; ++phase) {
        row_of(x, rows, count, x.taps(2, phase), x.count(2, phase),
               x.dst + line * line_size + phase * x.groups);
      }
    }
  });
}

namespace {

// The outputs q of a row for which tap `kw` reads inside the source.
struct Reach {
  int64_t first, last;
};
Reach reach_of(const ConvArgs& g, int64_t kw) {
  const int64_t offset = kw * g.dilation[2] - g.pad[2], step = g.stride[2];
  const int64_t first = offset >= 0 ? 0 : smaller(ceil_div(-offset, step), g.out[2]);
  const int64_t last = smaller(offset >= g.in[2] ? 0 : (g.in[2] - 1 - offset) / step + 1, g.out[2]);
  return {first, larger(last, first)};
}

// dfilter of `kTaps` neighbouring taps of a kernel row, channels [c, c + lanes), over output rows
// [begin, end): a gradient that is loaded serves all of them. dst has kLanes for each tap.
template <int kTaps>
NACRE_FULL_VECTORS void sum_pixels(const ConvArgs& g, int64_t kd, int64_t kh, int64_t kw, int64_t c,
                                   int64_t lanes, int64_t begin, int64_t end, float* dst) {
  const int64_t channels = g.groups, step = g.stride[2] * channels;
  const bool full = lanes == kLanes;
  Reach reach[kTaps];
  int64_t from = 0, to = g.out[2];  // where all taps are inside
  for (int t = 0; t < kTaps; ++t) {
    reach[t] = reach_of(g, kw + t);
    from = larger(from, reach[t].first);
    to = smaller(to, reach[t].last);
  }
  to = larger(to, from);
  const int64_t offset = (kw * g.dilation[2] - g.pad[2]) * channels,
                next = g.dilation[2] * channels;
  Vec sum[kTaps][2];
#pragma GCC unroll 4
  for (int t = 0; t < kTaps; ++t) sum[t][0] = sum[t][1] = Vec(0.0f);
  for (int64_t line = begin; line < end; ++line) {
    const int64_t row = line % g.out[1], plane = line / g.out[1] % g.out[0];
    const int64_t in_h = row * g.stride[1] + kh * g.dilation[1] - g.pad[1];
    const int64_t in_d = plane * g.stride[0] + kd * g.dilation[0] - g.pad[0];
    if (in_h < 0 || in_h >= g.in[1] || in_d < 0 || in_d >= g.in[0]) continue;
    const int64_t image = line / g.out[1] / g.out[0];
    const float* x =
        g.x + ((image * g.in[0] + in_d) * g.in[1] + in_h) * g.in[2] * channels + offset + c;
    const float* y = g.y + line * g.out[2] * channels + c;
    // Outputs that only some of the taps reach.
#pragma GCC unroll 4
    for (int t = 0; t < kTaps; ++t) {
      const auto edge = [&](int64_t q) {
        sum[t][0] = fma(load_partial(x + q * step + t * next, lanes),
                        load_partial(y + q * channels, lanes), sum[t][0]);
      };
      for (int64_t q = reach[t].first; q < smaller(from, reach[t].last); ++q) edge(q);
      for (int64_t q = larger(to, reach[t].first); q < reach[t].last; ++q) edge(q);
    }
    int64_t q = from;
    for (; full && q + 2 <= to; q += 2) {
      const Vec first = load(y + q * channels), second = load(y + (q + 1) * channels);
#pragma GCC unroll 4
      for (int t = 0; t < kTaps; ++t) {
        sum[t][0] = fma(load(x + q * step + t * next), first, sum[t][0]);
        sum[t][1] = fma(load(x + (q + 1) * step + t * next), second, sum[t][1]);
      }
    }
    for (; q < to; ++q) {
      const Vec grad = load_partial(y + q * channels, lanes);
#pragma GCC unroll 4
      for (int t = 0; t < kTaps; ++t)
        sum[t][0] = fma(load_partial(x + q * step + t * next, lanes), grad, sum[t][0]);
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < kTaps; ++t) store(dst + t * kLanes, sum[t][0] + sum[t][1]);
}

constexpr int kJointTaps = 4;

}  // namespace

void depthwise_filter_grad(const ConvArgs& g) {
  const int64_t kernel_size = g.kernel[0] * g.kernel[1] * g.kernel[2];
  const int64_t elements = kernel_size * g.groups;
  const int64_t lines = g.batch * g.out[0] * g.out[1];
  const double flop = 16.0 * static_cast<double>(lines * g.out[2]) * static_cast<double>(elements);
  const int64_t parts = larger(smaller(tasks_for(flop), lines), 1);
  // A few rows at a time, so that the taps find them in cache.
  const int64_t rows = larger((int64_t{16} << 10) / larger(g.out[2] * g.groups, 1), 1);
  float* sums =
      static_cast<float*>(thread_scratch(static_cast<size_t>(parts * elements) * sizeof(float), 0));
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* sum = sums + part * elements;
      for (int64_t i = 0; i < elements; ++i) sum[i] = 0;
      const int64_t last = lines * (part + 1) / parts;
      for (int64_t line = lines * part / parts; line < last; line += rows) {
        for (int64_t line_of_taps = 0; line_of_taps < kernel_size / g.kernel[2]; ++line_of_taps) {
          const int64_t kd = line_of_taps / g.kernel[1], kh = line_of_taps % g.kernel[1];
          for (int64_t kw = 0; kw < g.kernel[2]; kw += kJointTaps) {
            const int64_t taps = smaller(g.kernel[2] - kw, kJointTaps);
            float* to = sum + (line_of_taps * g.kernel[2] + kw) * g.groups;
            for (int64_t c = 0; c < g.groups; c += kLanes) {
              const int64_t lanes = smaller(g.groups - c, kLanes);
              const int64_t end_line = smaller(line + rows, last);
              float block[kJointTaps * kLanes];
              (taps == 4   ? sum_pixels<4>
               : taps == 3 ? sum_pixels<3>
               : taps == 2 ? sum_pixels<2>
                           : sum_pixels<1>)(g, kd, kh, kw, c, lanes, line, end_line, block);
              for (int64_t t = 0; t < taps; ++t)
                for (int64_t i = 0; i < lanes; ++i)
                  to[t * g.groups + c + i] += block[t * kLanes + i];
            }
          }
        }
      }
    }
  });
  add_parts(sums, parts, elements, g.result);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
