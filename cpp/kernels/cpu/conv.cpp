// Convolution forward and data gradient, directly on NHWC: rows of a tile are output pixels along
// the width, and a tile sums over the kernel's taps. Source rows are copied once with their
// padding; there is no im2col buffer. Neighbouring taps of a row are one long product, because the
// pixels under them lie one after the other: with few channels this is what makes products long
// enough.
#include "kernels/cpu/conv.h"

#include "kernels/cpu/gemm.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kRowsBytes = 128 << 10;  // source rows a task holds: with a filter panel, in L2
constexpr int64_t kUnpackedPixels = 256;   // fewer do not repay packing the filter
constexpr double kTaskFlop = 2e6;

enum Slot { kPackedFilter, kSourceRows, kSegments };  // of thread_scratch

// Where a phase's taps and outputs are.
struct Phase {
  int64_t index[3];
  Taps taps[3];
  int64_t count[3];
  int64_t num_taps() const { return taps[0].count * taps[1].count * taps[2].count; }
};

Phase phase_of(const Correlation& x, int64_t number) {
  Phase phase{};
  phase.index[2] = number % x.dst_step[2];
  phase.index[1] = number / x.dst_step[2] % x.dst_step[1];
  phase.index[0] = number / x.dst_step[2] / x.dst_step[1];
  for (int d = 0; d < 3; ++d) {
    phase.taps[d] = x.taps(d, phase.index[d]);
    phase.count[d] = x.count(d, phase.index[d]);
  }
  return phase;
}

int64_t padded_width(const Correlation& x) {
  return round_up(x.width, kLanes);
}

// The packed filter has for each phase, then group, panels of taps x depth rows. Floats before
// `phase`:
int64_t filter_start(const Correlation& x, int64_t phase) {
  int64_t taps = 0;
  for (int64_t i = 0; i < phase; ++i) taps += phase_of(x, i).num_taps();
  return taps * x.depth * padded_width(x) * x.groups;
}

// Few output channels, and products long enough for vectors along them.
bool is_narrow(const Correlation& x) {
  return x.width <= smaller(kMaxDots, kLanes / 2) && x.depth * x.kernel[2] >= 2 * kLanes;
}

// The vectors of the panel at column j; panels fill padded_width, so none is wider than what is
// left.
int panel_vecs(const Correlation& x, int64_t pixels, int64_t j) {
  const int64_t left = ceil_div(x.width - j, kLanes);
  return pixels <= kWideRows && left >= kWideVecs ? kWideVecs : left >= 2 ? 2 : 1;
}

void pack_filter(const Correlation& x, const Phase& phase, int64_t group, float* dst) {
  const int64_t channels = x.gradient ? x.depth * x.groups : x.width * x.groups;  // of the output
  const int64_t inner = x.gradient ? x.width : x.depth;  // input channels of one group
  const int64_t all = phase.num_taps() * x.depth;
  const Taps *td = &phase.taps[0], *th = &phase.taps[1], *tw = &phase.taps[2];
  for (int64_t j = 0; j < x.width;) {
    const int64_t width = panel_vecs(x, phase.count[2], j) * kLanes;
    const int64_t cols = smaller(width, x.width - j);
    for (int64_t d = 0; d < td->count; ++d) {
      for (int64_t h = 0; h < th->count; ++h) {
        for (int64_t w = 0; w < tw->count; ++w) {
          const int64_t tap = ((td->kernel + d * td->kernel_step) * x.kernel[1] + th->kernel +
                               h * th->kernel_step) *
                                  x.kernel[2] +
                              tw->kernel + w * tw->kernel_step;
          const float* from = x.filter + tap * inner * channels;
          if (is_narrow(x)) {
            const int64_t column = x.gradient ? channels : 1, step = x.gradient ? 1 : channels;
            from += group * (x.gradient ? x.depth : x.width);
            for (int64_t i = 0; i < x.width; ++i)
              for (int64_t p = 0; p < x.depth; ++p) dst[i * all + p] = from[i * column + p * step];
            dst += x.depth;
            continue;
          }
          if (x.gradient) {
            pack_panel_transposed(from + j * channels + group * x.depth, channels, x.depth, cols,
                                  width, dst);
          } else {
            pack_panel(from + group * x.width + j, channels, x.depth, cols, width, dst);
          }
          dst += x.depth * width;
        }
      }
    }
    j += width;
  }
}

// Whether the filter is packed; narrow and odd widths have to be, few pixels do not repay it.
bool packs_filter(const Correlation& x) {
  const int64_t planes = ceil_div(x.dst_dims[0], x.dst_step[0]);
  const int64_t height = ceil_div(x.dst_dims[1], x.dst_step[1]);
  return x.gradient || is_narrow(x) || x.groups > 1 || x.width % kLanes != 0 ||
         x.batch * planes * height * x.dst_dims[2] > kUnpackedPixels;
}

void pack_filters(const Correlation& x, float* packed) {
  const int64_t parts = x.phases() * x.groups;
  const int64_t total = filter_start(x, x.phases());
  const int64_t grain = larger((int64_t{64} << 10) / larger(total / parts, 1), 1);
  parallel_for(parts, grain, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      const Phase phase = phase_of(x, part / x.groups);
      const int64_t group = part % x.groups;
      pack_filter(x, phase, group,
                  packed + filter_start(x, part / x.groups) +
                      group * phase.num_taps() * x.depth * padded_width(x));
    }
  });
}

// What tells the layouts of one filter apart: the taps of each phase, and how wide panels are.
uint64_t layout_of(const Correlation& x) {
  uint64_t id = x.gradient ? 3 : 2;
  const auto add = [&](int64_t value) {
    id = (id ^ static_cast<uint64_t>(value)) * uint64_t{0x100000001b3};
  };
  for (int64_t number = 0; number < x.phases(); ++number) {
    const Phase phase = phase_of(x, number);
    for (const Taps& taps : phase.taps) {
      add(taps.count);
      add(taps.kernel);
      add(taps.kernel_step);
    }
    add(phase.count[2] <= kWideRows ? 1 : 0);
  }
  return id;
}

// One group of output rows [begin, end) in `depth_index` of an image, of one phase. `filter` is
// packed when not null.
void run_rows(const Correlation& x, const Phase& phase, const float* filter, int64_t image,
              int64_t group, int64_t depth_index, int64_t begin, int64_t end) {
  end = smaller(end, phase.count[1]);
  if (begin >= end || depth_index >= phase.count[0] || phase.count[2] == 0) return;
  const Taps &td = phase.taps[0], &th = phase.taps[1], &tw = phase.taps[2];
  const int64_t rows = end - begin, pixels = phase.count[2];
  const int64_t src_channels = x.depth * x.groups, dst_channels = x.width * x.groups;
  const int64_t height = x.src_dims[1], row_size = x.src_dims[2] * src_channels;

  // Source rows [first, last) of each depth tap.
  const int64_t first = larger(begin * x.src_step[1] + th.offset, 0);
  const int64_t last = smaller((end - 1) * x.src_step[1] + th.offset + th.span(), height);
  const int64_t src_rows = larger(last - first, 0);
  const int64_t columns = (pixels - 1) * x.src_step[2] + tw.span();
  const bool in_place = x.groups == 1 && tw.offset >= 0 && tw.offset + columns <= x.src_dims[2];
  const float* planes = x.src + image * x.src_dims[0] * height * row_size;
  const int64_t copied_row = columns * x.depth;
  float* copied = nullptr;
  if (!in_place && phase.num_taps() > 0) {
    copied = static_cast<float*>(thread_scratch(
        static_cast<size_t>(td.count * src_rows * copied_row) * sizeof(float), kSourceRows));
    for (int64_t d = 0; d < td.count; ++d) {
      const int64_t plane = depth_index * x.src_step[0] + td.offset + d * td.offset_step;
      if (plane < 0 || plane >= x.src_dims[0]) continue;
      for (int64_t h = 0; h < src_rows; ++h)
        copy_pixels(planes + (plane * height + first + h) * row_size + group * x.depth,
                    x.src_dims[2], src_channels, x.depth, tw.offset, columns,
                    copied + (d * src_rows + h) * copied_row);
    }
  }

  // Segments of each output row: one for each source row under it, or for each tap where the taps
  // of a row are not neighbours.
  const bool joined = tw.offset_step == 1;
  const int64_t per_row = td.count * th.count * (joined ? 1 : tw.count);
  Segment* segments = static_cast<Segment*>(thread_scratch(
      static_cast<size_t>(rows * per_row) * sizeof(Segment) + static_cast<size_t>(rows) * 8,
      kSegments));
  int64_t* counts = reinterpret_cast<int64_t*>(segments + rows * per_row);
  for (int64_t r = 0; r < rows; ++r) {
    Segment* next = segments + r * per_row;
    for (int64_t d = 0; d < td.count && tw.count > 0; ++d) {
      const int64_t plane = depth_index * x.src_step[0] + td.offset + d * td.offset_step;
      if (plane < 0 || plane >= x.src_dims[0]) continue;
      for (int64_t h = 0; h < th.count; ++h) {
        const int64_t row = (begin + r) * x.src_step[1] + th.offset + h * th.offset_step;
        if (row < 0 || row >= height) continue;
        const int64_t a = in_place ? (plane * height + row) * row_size + tw.offset * x.depth
                                   : (d * src_rows + row - first) * copied_row;
        const int64_t b = (d * th.count + h) * tw.count * x.depth;
        if (joined) {
          *next++ = {a, b, tw.count * x.depth};
        } else {
          for (int64_t w = 0; w < tw.count; ++w)
            *next++ = {a + w * tw.offset_step * x.depth, b + w * x.depth, x.depth};
        }
      }
    }
    counts[r] = next - (segments + r * per_row);
  }

  Tile tile{};
  tile.lda = x.src_step[2] * x.depth;
  tile.ldc = x.dst_step[2] * dst_channels;
  tile.alpha = 1;
  tile.relu = x.relu;
  for (int64_t j = 0; j < x.width;) {
    const int vecs = panel_vecs(x, pixels, j);
    const int64_t width = vecs * kLanes;
    tile.cols = smaller(width, x.width - j);
    tile.b = filter ? filter + phase.num_taps() * x.depth * j : x.filter + j;
    tile.ldb = filter ? width : dst_channels;
    tile.bias = x.bias ? x.bias + group * x.width + j : nullptr;
    for (int64_t r = 0; r < rows; ++r) {
      tile.a = copied ? copied : planes;
      tile.segments = segments + r * per_row;
      tile.num_segments = counts[r];
      const int64_t plane = depth_index * x.dst_step[0] + phase.index[0];
      const int64_t row = (begin + r) * x.dst_step[1] + phase.index[1];
      tile.c = x.dst +
               (((image * x.dst_dims[0] + plane) * x.dst_dims[1] + row) * x.dst_dims[2] +
                phase.index[2]) *
                   dst_channels +
               group * x.width + j;
      tile.residual = x.residual ? x.residual + (tile.c - x.dst) : nullptr;
      tile.mask = x.mask ? x.mask + (tile.c - x.dst) : nullptr;
      if (is_narrow(x)) {
        run_dots(tile, phase.num_taps() * x.depth, pixels);
      } else {
        run_tiles(tile, ALayout::kRows, vecs, pixels);
      }
    }
    j += width;
  }
}

void correlate(const Correlation& x) {
  const int64_t planes = ceil_div(x.dst_dims[0], x.dst_step[0]);
  const int64_t height = ceil_div(x.dst_dims[1], x.dst_step[1]);
  if (x.batch * planes * height * x.dst_dims[2] * x.width * x.groups == 0) return;
  const int64_t phases = x.phases();
  const float* filter = x.packed;
  if (!filter && packs_filter(x)) {
    float* packed = static_cast<float*>(thread_scratch(
        static_cast<size_t>(filter_start(x, phases)) * sizeof(float), kPackedFilter));
    pack_filters(x, packed);
    filter = packed;
  }
  const int64_t wanted = tasks_for(x.flop());
  const int64_t lines = x.batch * x.groups * planes;  // of `height` rows each
  const int64_t row_bytes =
      4 * x.kernel[0] * x.src_step[1] * (x.src_dims[2] + x.kernel[2]) * x.depth;
  int64_t block =
      smaller(larger(kRowsBytes / larger(row_bytes, 1), 1), ceil_div(lines * height, wanted));
  block = ceil_div(height, ceil_div(height, block));
  const int64_t blocks = ceil_div(height, block), tasks = lines * blocks;
  parallel_for(tasks, larger(tasks / wanted, 1), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t row = task % blocks * block, line = task / blocks;
      const int64_t plane = line % planes, group = line / planes % x.groups;
      int64_t start = 0;
      for (int64_t number = 0; number < phases; ++number) {
        const Phase phase = phase_of(x, number);
        const int64_t size = phase.num_taps() * x.depth * padded_width(x);
        run_rows(x, phase, filter ? filter + start + group * size : nullptr,
                 line / planes / x.groups, group, plane, row, smaller(row + block, height));
        start += size * x.groups;
      }
    }
  });
}

// 1x1 with stride 1 and no padding: a matrix product over all pixels.
bool is_product(const ConvArgs& g) {
  for (int d = 0; d < 3; ++d)
    if (g.kernel[d] != 1 || g.stride[d] != 1 || g.pad[d] != 0 || g.in[d] != g.out[d]) return false;
  return g.groups == 1;
}

GemmArgs product_args(const ConvArgs& g) {
  GemmArgs p{};
  p.alpha = 1;
  p.batch = 1;
  p.c = g.result;
  p.m = g.batch * g.in[0] * g.in[1] * g.in[2];
  p.lda = g.in_channels;
  p.ldb = p.ldc = p.n = g.out_channels;
  p.k = g.in_channels;
  p.bias = g.bias;
  p.residual = g.residual;
  p.relu = g.relu;
  p.mask = g.mask;
  p.packed = g.packed;
  return p;
}

GemmArgs forward_product(const ConvArgs& g) {
  GemmArgs p = product_args(g);
  p.a = g.x;
  p.b = g.filter;
  return p;
}

GemmArgs data_gradient_product(const ConvArgs& g) {
  GemmArgs p = product_args(g);
  p.a = g.y;
  p.lda = p.k = g.out_channels;
  p.b = g.filter;
  p.ldb = g.out_channels;
  p.trans_b = true;
  p.ldc = p.n = g.in_channels;
  return p;
}

void run(const ConvArgs& g, const Correlation& x) {
  is_depthwise(g) ? depthwise(x) : winograd_pays(g) ? winograd(x) : correlate(x);
}

void conv_forward_f32(const ConvArgs& g) {
  is_product(g) ? gemm_f32(forward_product(g)) : run(g, forward_of(g));
}

void conv_data_grad_f32(const ConvArgs& g) {
  is_product(g) ? gemm_f32(data_gradient_product(g)) : run(g, data_gradient_of(g));
}

PackedLayout conv_packing(const ConvArgs& g, bool gradient) {
  if (is_product(g)) return gemm_packing(gradient ? data_gradient_product(g) : forward_product(g));
  if (is_depthwise(g)) return {};
  const Correlation x = gradient ? data_gradient_of(g) : forward_of(g);
  if (winograd_pays(g)) return {packed_points_floats(x), gradient ? uint64_t{1} : uint64_t{0}};
  return packs_filter(x) ? PackedLayout{filter_start(x, x.phases()), layout_of(x)} : PackedLayout{};
}

void conv_pack(const ConvArgs& g, bool gradient, float* packed) {
  if (is_product(g)) {
    return gemm_pack(gradient ? data_gradient_product(g) : forward_product(g), packed);
  }
  const Correlation x = gradient ? data_gradient_of(g) : forward_of(g);
  winograd_pays(g) ? pack_filter_points(x, packed) : pack_filters(x, packed);
}

void conv_filter_gradient_f32(const ConvArgs& g) {
  if (is_product(g)) {
    GemmArgs p = product_args(g);
    p.a = g.x;
    p.trans_a = true;
    p.b = g.y;
    p.k = p.m;
    p.m = g.in_channels;
    return gemm_f32(p);
  }
  is_depthwise(g)    ? depthwise_filter_grad(g)
  : winograd_pays(g) ? winograd_filter_grad(g)
                     : conv_filter_grad_f32(g);
}

int64_t common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

Correlation base_of(const ConvArgs& g) {
  Correlation x{};
  x.filter = g.filter;
  x.dst = g.result;
  x.bias = g.bias;
  x.residual = g.residual;
  x.relu = g.relu;
  x.mask = g.mask;
  x.packed = g.packed;
  x.batch = g.batch;
  x.groups = g.groups;
  for (int d = 0; d < 3; ++d) {
    x.kernel[d] = g.kernel[d];
    x.dilation[d] = g.dilation[d];
    x.pad[d] = g.pad[d];
  }
  return x;
}

}  // namespace

Taps Correlation::taps(int dim, int64_t phase) const {
  const int64_t size = kernel[dim], dilate = dilation[dim], padding = pad[dim];
  if (!gradient) return {size, 0, 1, -padding, dilate};
  // The taps k with (phase + pad - k * dilation) divisible by the stride: every step-th from the
  // first; the last of them reads at the lowest offset.
  const int64_t stride = dst_step[dim], divisor = common_divisor(dilate, stride);
  const int64_t step = stride / divisor;
  for (int64_t k = 0; k < smaller(step, size); ++k) {
    if ((phase + padding - k * dilate) % stride != 0) continue;
    const int64_t count = (size - 1 - k) / step + 1, end = k + (count - 1) * step;
    return {count, end, -step, (phase + padding - end * dilate) / stride, dilate / divisor};
  }
  return {0, 0, 1, 0, 1};
}

double Correlation::flop() const {
  double product = 2.0 * static_cast<double>(batch * groups * depth * width);
  // Each source or destination pixel, whichever are fewer, meets every tap about once.
  for (int d = 0; d < 3; ++d)
    product *= static_cast<double>(kernel[d] * (gradient ? src_dims[d] : dst_dims[d]));
  return product;
}

Correlation forward_of(const ConvArgs& g) {
  Correlation x = base_of(g);
  x.src = g.x;
  x.depth = g.in_channels / g.groups;
  x.width = g.out_channels / g.groups;
  for (int d = 0; d < 3; ++d) {
    x.src_dims[d] = g.in[d];
    x.dst_dims[d] = g.out[d];
    x.src_step[d] = g.stride[d];
    x.dst_step[d] = 1;
  }
  return x;
}

Correlation data_gradient_of(const ConvArgs& g) {
  Correlation x = base_of(g);
  x.gradient = true;
  x.src = g.y;
  x.depth = g.out_channels / g.groups;
  x.width = g.in_channels / g.groups;
  for (int d = 0; d < 3; ++d) {
    x.src_dims[d] = g.out[d];
    x.dst_dims[d] = g.in[d];
    x.src_step[d] = 1;
    x.dst_step[d] = g.stride[d];
  }
  return x;
}

int64_t tasks_for(double flop) {
  return static_cast<int64_t>(1.5 * __builtin_sqrt(flop / kTaskFlop)) + 1;
}

NACRE_FULL_VECTORS void copy_pixels(const float* row, int64_t size, int64_t pixel_stride,
                                    int64_t channels, int64_t first, int64_t count, float* dst) {
  const int64_t before = smaller(larger(-first, 0), count);
  const int64_t inside = larger(smaller(size - larger(first, 0), count - before), 0);
  const auto fill = [&](int64_t pixels) {
    for (int64_t i = 0; i < pixels * channels; ++i) *dst++ = 0;
  };
  fill(before);
  const float* from = row + larger(first, 0) * pixel_stride;
  const bool dense = channels == pixel_stride;
  const int64_t pieces = dense ? smaller(inside, 1) : inside;
  const int64_t length = dense ? inside * channels : channels;
  for (int64_t piece = 0; piece < pieces; ++piece, from += pixel_stride) {
    int64_t i = 0;
    for (; i + kLanes <= length; i += kLanes) store(dst + i, load(from + i));
    if (i < length) store_partial(dst + i, load_partial(from + i, length - i), length - i);
    dst += length;
  }
  fill(count - before - inside);
}

void add_parts(const float* parts, int64_t num_parts, int64_t n, float* dst) {
  const int64_t grain = round_up(larger((int64_t{64} << 10) / num_parts, 1), kLanes);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t count = smaller(end - i, kLanes);
      Vec sum = load_partial(parts + i, count);
      for (int64_t s = 1; s < num_parts; ++s) sum += load_partial(parts + s * n + i, count);
      store_partial(dst + i, sum, count);
    }
  });
}

bool is_depthwise(const ConvArgs& g) {
  return g.groups > 1 && g.groups == g.in_channels && g.groups == g.out_channels;
}

void fill_conv(KernelTable& table) {
  table.conv_forward = conv_forward_f32;
  table.conv_data_grad = conv_data_grad_f32;
  table.conv_filter_grad = conv_filter_gradient_f32;
  table.conv_packing = conv_packing;
  table.conv_pack = conv_pack;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
