// Depthwise convolution: channels do not mix, so vectors run along them and memory is the limit.
#include "kernels/cpu/conv.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int kPixels = 4;             // that share a load of the filter
constexpr int64_t kBlockPixels = 320;  // summed in one register

// The taps of one output row: where in src its row starts, and the filter's row.
struct RowTap {
  int64_t src, filter;
};

template <bool kWhole>
NACRE_INLINE Vec get(const float* from, int64_t lanes) {
  return kWhole ? load(from) : load_partial(from, lanes);
}

// Stores the sums of `kCount` pixels with their epilogue; bias last, as where it is an op of its
// own.
template <int kCount, bool kWhole>
NACRE_INLINE void finish_pixels(const Correlation& x, const Vec* sum, int64_t c, int64_t lanes,
                                int64_t dst_step, float* dst) {
  // -0 added, and the larger of it and -infinity, is any value itself.
  const Vec bias = x.bias ? get<kWhole>(x.bias + c, lanes) : Vec(-0.0f);
  const Vec low = x.relu ? 0.0f : -__builtin_inff();
  const bool plain = !x.residual && !x.mask;
  int64_t at = dst - x.dst;
#pragma GCC unroll 4
  for (int i = 0; i < kCount; ++i, at += dst_step, dst += dst_step) {
    Vec value = sum[i] + bias;
    value = plain ? max(low, value)
                  : finish_lanes(value, x.relu, x.residual ? x.residual + at : nullptr,
                                 x.mask ? x.mask + at : nullptr, lanes);
    kWhole ? store(dst, value) : store_partial(dst, value, lanes);
  }
}

// `kCount` pixels from dst pixel q on, channels [c, c + lanes): sum over row taps and width taps
// [first, last).
template <int kCount, bool kWhole>
NACRE_FULL_VECTORS void sum_taps(const Correlation& x, const RowTap* rows, int64_t num_rows,
                                 const Taps& tw, int64_t q, int64_t first, int64_t last, int64_t c,
                                 int64_t lanes, float* dst) {
  const int64_t channels = x.groups, src_step = x.src_step[2] * channels;
  Vec sum[kCount];
#pragma GCC unroll 4
  for (int i = 0; i < kCount; ++i) sum[i] = 0.0f;
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t w = first; w < last; ++w) {
      const float* src =
          x.src + rows[r].src + q * src_step + (tw.offset + w * tw.offset_step) * channels + c;
      const Vec factor = get<kWhole>(
          x.filter + rows[r].filter + (tw.kernel + w * tw.kernel_step) * channels + c, lanes);
#pragma GCC unroll 4
      for (int i = 0; i < kCount; ++i)
        sum[i] = fma(factor, get<kWhole>(src + i * src_step, lanes), sum[i]);
    }
  }
  finish_pixels<kCount, kWhole>(x, sum, c, lanes, x.dst_step[2] * channels, dst);
}

// kTaps neighbouring width taps of up to as many rows: the filter stays in registers along the row,
// and a source pixel is loaded once for kPixels outputs. Channels [c, c + lanes) of one output row;
// `dst` is its first pixel.
template <int kTaps, int kStep, bool kWhole>
NACRE_FULL_VECTORS __attribute__((noinline)) void sum_square(const Correlation& x,
                                                             const RowTap* rows, int64_t num_rows,
                                                             const Taps& tw, int64_t pixels,
                                                             int64_t c, int64_t lanes, float* dst) {
  const int64_t channels = x.groups, dst_step = x.dst_step[2] * channels;
  const float* src[kTaps] = {};
  Vec filter[kTaps][kTaps];
#pragma GCC unroll 5
  for (int r = 0; r < kTaps; ++r) {
    if (r < num_rows) src[r] = x.src + rows[r].src + tw.offset * channels + c;
#pragma GCC unroll 5
    for (int w = 0; w < kTaps; ++w)
      filter[r][w] = r < num_rows ? get<kWhole>(x.filter + rows[r].filter +
                                                    (tw.kernel + w * tw.kernel_step) * channels + c,
                                                lanes)
                                  : Vec(0.0f);
  }
  const auto finish = [&]<int kCount>(const Vec* sum, int64_t q) {
    finish_pixels<kCount, kWhole>(x, sum, c, lanes, dst_step, dst + q * dst_step + c);
  };
  const auto inside = [&]<int kCount>(int64_t q) {
    Vec sum[kCount];
#pragma GCC unroll 4
    for (int i = 0; i < kCount; ++i) sum[i] = 0.0f;
#pragma GCC unroll 5
    for (int r = 0; r < kTaps; ++r) {
      if (r >= num_rows) continue;
      const float* from = src[r] + q * kStep * channels;
#pragma GCC unroll 12
      for (int j = 0; j < (kCount - 1) * kStep + kTaps; ++j, from += channels) {
        const Vec pixel = get<kWhole>(from, lanes);
#pragma GCC unroll 5
        for (int w = 0; w < kTaps; ++w) {
          const int i = (j - w) / kStep;
          if (j >= w && i * kStep == j - w && i < kCount) sum[i] = fma(filter[r][w], pixel, sum[i]);
        }
      }
    }
    finish.template operator()<kCount>(sum, q);
  };
  const auto edge = [&](int64_t q) {
    Vec sum = 0.0f;
#pragma GCC unroll 5
    for (int w = 0; w < kTaps; ++w) {
      const int64_t column = q * kStep + w;
      if (column + tw.offset < 0 || column + tw.offset >= x.src_dims[2]) continue;
#pragma GCC unroll 5
      for (int r = 0; r < kTaps; ++r)
        if (r < num_rows)
          sum = fma(filter[r][w], get<kWhole>(src[r] + column * channels, lanes), sum);
    }
    finish.template operator()<1>(&sum, q);
  };
  // Pixels [first, last) have all taps inside.
  const int64_t first = smaller(ceil_div(larger(-tw.offset, 0), kStep), pixels);
  const int64_t room = x.src_dims[2] - tw.offset - kTaps;
  const int64_t last = larger(smaller(room < 0 ? 0 : room / kStep + 1, pixels), first);
  for (int64_t q = 0; q < first; ++q) edge(q);
  int64_t q = first;
  for (; q + kPixels <= last; q += kPixels) inside.template operator()<kPixels>(q);
  for (; q < last; ++q) inside.template operator()<1>(q);
  for (; q < pixels; ++q) edge(q);
}

template <int kTaps>
void row_of_square(const Correlation& x, const RowTap* rows, int64_t num_rows, const Taps& tw,
                   int64_t pixels, float* dst) {
  for (int64_t c = 0; c < x.groups; c += kLanes) {
    const int64_t lanes = smaller(x.groups - c, kLanes);
    const bool whole = lanes == kLanes;
    (x.src_step[2] == 1 ? whole ? sum_square<kTaps, 1, true> : sum_square<kTaps, 1, false>
     : whole ? sum_square<kTaps, 2, true>
             : sum_square<kTaps, 2, false>)(x, rows, num_rows, tw, pixels, c, lanes, dst);
  }
}

// One output row of one phase.
void row_of(const Correlation& x, const RowTap* rows, int64_t num_rows, const Taps& tw,
            int64_t pixels, float* dst) {
  const int64_t width = x.src_dims[2], step = x.src_step[2];
  if (tw.offset_step == 1 && step <= 2 && num_rows <= tw.count) {
    if (tw.count == 3) return row_of_square<3>(x, rows, num_rows, tw, pixels, dst);
    if (tw.count == 5) return row_of_square<5>(x, rows, num_rows, tw, pixels, dst);
  }
  for (int64_t q = 0; q < pixels;) {
    // Width taps inside the source for pixel q, and whether the following pixels have them all.
    const int64_t at = q * step + tw.offset;
    const int64_t first = at >= 0 ? 0 : smaller(ceil_div(-at, tw.offset_step), tw.count);
    const int64_t last =
        larger(smaller(at >= width ? 0 : (width - 1 - at) / tw.offset_step + 1, tw.count), first);
    const bool several =
        q + kPixels <= pixels && first == 0 && at + (kPixels - 1) * step + tw.span() <= width;
    for (int64_t c = 0; c < x.groups; c += kLanes) {
      float* to = dst + q * x.dst_step[2] * x.groups + c;
      const int64_t lanes = smaller(x.groups - c, kLanes);
      const bool full = lanes == kLanes;
      (several ? full ? sum_taps<kPixels, true> : sum_taps<kPixels, false>
       : full ? sum_taps<1, true>
               : sum_taps<1, false>)(x, rows, num_rows, tw, q, first, last, c, lanes, to);
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

// Squares of taps whose sums fit the registers.
#if defined(NACRE_SIMD_AVX512) || defined(__aarch64__)
constexpr int kLargestSquare = 5;
#else
constexpr int kLargestSquare = 3;
#endif

// 3x3 or 5x5 neighbouring taps with the same stride, up to 2, down and along.
bool is_square(const ConvArgs& g) {
  const int64_t taps = g.kernel[2];
  return g.kernel[1] == taps && (taps == 3 || taps == 5) && taps <= kLargestSquare &&
         g.stride[1] == g.stride[2] && g.stride[1] <= 2 && g.dilation[1] == 1 && g.dilation[2] == 1;
}

// dfilter of kTaps x kTaps taps at kernel depth kd, channels [c, c + lanes), over output rows
// [begin, end): all sums stay in registers, a gradient is loaded once for all products and a
// source pixel once for those of kPixels outputs in its row. dst has kLanes for each tap.
template <int kTaps, int kStep, bool kWhole>
NACRE_FULL_VECTORS void sum_square_grad(const ConvArgs& g, int64_t kd, int64_t c, int64_t lanes,
                                        int64_t begin, int64_t end, float* dst) {
  const int64_t channels = g.groups;
  Reach whole{0, g.out[2]};  // where all taps are inside
  for (int w = 0; w < kTaps; ++w) {
    const Reach reach = reach_of(g, w);
    whole.first = larger(whole.first, reach.first);
    whole.last = smaller(whole.last, reach.last);
  }
  whole.last = larger(whole.last, whole.first);
  Vec sum[kTaps * kTaps];
#pragma GCC unroll 25
  for (int t = 0; t < kTaps * kTaps; ++t) sum[t] = 0.0f;
  for (int64_t line = begin; line < end; ++line) {
    const int64_t image = line / g.out[1] / g.out[0], plane = line / g.out[1] % g.out[0];
    const int64_t in_d = plane * g.stride[0] + kd * g.dilation[0] - g.pad[0];
    if (in_d < 0 || in_d >= g.in[0]) continue;
    const int64_t in_h = line % g.out[1] * kStep - g.pad[1];
    const float* row[kTaps];  // under tap 0 of output 0; null outside
#pragma GCC unroll 5
    for (int r = 0; r < kTaps; ++r) {
      const bool inside = in_h + r >= 0 && in_h + r < g.in[1];
      row[r] = inside ? g.x +
                            (((image * g.in[0] + in_d) * g.in[1] + in_h + r) * g.in[2] - g.pad[2]) *
                                channels +
                            c
                      : nullptr;
    }
    const float* y = g.y + line * g.out[2] * channels + c;
    const auto pixels = [&]<int kCount>(int64_t q) {
      Vec grad[kCount];
#pragma GCC unroll 4
      for (int i = 0; i < kCount; ++i) grad[i] = get<kWhole>(y + (q + i) * channels, lanes);
#pragma GCC unroll 5
      for (int r = 0; r < kTaps; ++r) {
        if (!row[r]) continue;
        const float* from = row[r] + q * kStep * channels;
#pragma GCC unroll 12
        for (int j = 0; j < (kCount - 1) * kStep + kTaps; ++j, from += channels) {
          const Vec x = get<kWhole>(from, lanes);
#pragma GCC unroll 5
          for (int w = 0; w < kTaps; ++w) {
            const int i = (j - w) / kStep;
            if (j >= w && i * kStep == j - w && i < kCount)
              sum[r * kTaps + w] = fma(x, grad[i], sum[r * kTaps + w]);
          }
        }
      }
    };
    const auto edge = [&](int64_t q) {
      const Vec grad = get<kWhole>(y + q * channels, lanes);
#pragma GCC unroll 25
      for (int t = 0; t < kTaps * kTaps; ++t) {
        const int64_t column = q * kStep + t % kTaps;
        if (row[t / kTaps] && column >= g.pad[2] && column - g.pad[2] < g.in[2])
          sum[t] = fma(get<kWhole>(row[t / kTaps] + column * channels, lanes), grad, sum[t]);
      }
    };
    for (int64_t q = 0; q < whole.first; ++q) edge(q);
    int64_t q = whole.first;
    for (; q + kPixels <= whole.last; q += kPixels) pixels.template operator()<kPixels>(q);
    for (; q < whole.last; ++q) pixels.template operator()<1>(q);
    for (; q < g.out[2]; ++q) edge(q);
  }
#pragma GCC unroll 25
  for (int t = 0; t < kTaps * kTaps; ++t) store(dst + t * kLanes, sum[t]);
}

template <int kTaps>
auto square_grad_of(const ConvArgs& g, bool whole) {
  return g.stride[2] == 1
             ? whole ? sum_square_grad<kTaps, 1, true> : sum_square_grad<kTaps, 1, false>
         : whole ? sum_square_grad<kTaps, 2, true>
                 : sum_square_grad<kTaps, 2, false>;
}

// dst[t * channels + i] += block[t * kLanes + i] of `lanes` channels.
void add_taps(const float* block, int64_t taps, int64_t channels, int64_t lanes, float* dst) {
  for (int64_t t = 0; t < taps; ++t, dst += channels, block += kLanes)
    store_partial(dst, load_partial(dst, lanes) + load(block), lanes);
}

}  // namespace

void depthwise_filter_grad(const ConvArgs& g) {
  const int64_t kernel_size = g.kernel[0] * g.kernel[1] * g.kernel[2];
  const int64_t elements = kernel_size * g.groups;
  const int64_t lines = g.batch * g.out[0] * g.out[1];
  const double flop = 16.0 * static_cast<double>(lines * g.out[2]) * static_cast<double>(elements);
  const int64_t parts = larger(smaller(tasks_for(flop), lines), 1);
  // A few rows at a time: the taps find them in cache, and sums of float32 stay short.
  const int64_t rows = smaller(larger((int64_t{16} << 10) / larger(g.out[2] * g.groups, 1), 1),
                               ceil_div(kBlockPixels, larger(g.out[2], 1)));
  const bool joint = is_square(g);
  const int64_t taps_2d = g.kernel[1] * g.kernel[2];
  float* sums =
      static_cast<float*>(thread_scratch(static_cast<size_t>(parts * elements) * sizeof(float), 0));
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* sum = sums + part * elements;
      for (int64_t i = 0; i < elements; ++i) sum[i] = 0;
      const int64_t last = lines * (part + 1) / parts;
      for (int64_t line = lines * part / parts; line < last; line += rows) {
        const int64_t end_line = smaller(line + rows, last);
        float block[kLargestSquare * kLargestSquare * kLanes];
        for (int64_t kd = 0; kd < g.kernel[0] && joint; ++kd) {
          for (int64_t c = 0; c < g.groups; c += kLanes) {
            const int64_t lanes = smaller(g.groups - c, kLanes);
            const auto sums_of = kLargestSquare == 5 && g.kernel[2] == 5
                                     ? square_grad_of<kLargestSquare>(g, lanes == kLanes)
                                     : square_grad_of<3>(g, lanes == kLanes);
            sums_of(g, kd, c, lanes, line, end_line, block);
            add_taps(block, taps_2d, g.groups, lanes, sum + kd * taps_2d * g.groups + c);
          }
        }
        const int64_t lines_of_taps = joint ? 0 : kernel_size / g.kernel[2];
        for (int64_t line_of_taps = 0; line_of_taps < lines_of_taps; ++line_of_taps) {
          const int64_t kd = line_of_taps / g.kernel[1], kh = line_of_taps % g.kernel[1];
          for (int64_t kw = 0; kw < g.kernel[2]; kw += kJointTaps) {
            const int64_t taps = smaller(g.kernel[2] - kw, kJointTaps);
            float* to = sum + (line_of_taps * g.kernel[2] + kw) * g.groups;
            for (int64_t c = 0; c < g.groups; c += kLanes) {
              const int64_t lanes = smaller(g.groups - c, kLanes);
              (taps == 4   ? sum_pixels<4>
               : taps == 3 ? sum_pixels<3>
               : taps == 2 ? sum_pixels<2>
                           : sum_pixels<1>)(g, kd, kh, kw, c, lanes, line, end_line, block);
              add_taps(block, taps, g.groups, lanes, to + c);
            }
          }
        }
      }
    }
  });
  add_parts(sums, parts, elements, g.result);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
