// Convolution forward and data gradient, directly on NHWC: rows of a tile are output pixels along
// the width, and a tile sums over the kernel's taps. Source rows are copied once with their
// padding; there is no im2col buffer. Neighbouring taps of a row are one long product, because the
// pixels under them lie one after the other: with few channels this is what makes products long
// enough.
#include "kernels/cpu/conv.h"

#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kRowsBytes = 128 << 10;  // source rows a task holds: with a filter panel, in L2
constexpr int64_t kUnpackedPixels = 256;   // fewer do not repay packing the filter
constexpr int64_t kSlideDepth = 15;  // channels up to which run_slide is faster than run_tiles

enum Slot { kPackedFilter, kSourceRows, kSegments, kSums };  // of thread_scratch

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

// Whether the outputs of a row are computed by run_slide.
bool slides(const Correlation& x, const Phase& phase) {
  const Taps& taps = phase.taps[2];
  return !x.rounded && x.src_step[2] == 1 && taps.offset_step == 1 && has_slide(taps.count) &&
         !is_narrow(x) && (x.width <= kLanes || x.depth <= kSlideDepth);
}

// Whether a phase's panels have kWideVecs vectors where there are as many.
bool is_wide(const Correlation& x, const Phase& phase) {
  return phase.count[2] <= kWideRows && !slides(x, phase);
}

// The vectors of the panel at column j; panels fill padded_width, so none is wider than what is
// left.
int panel_vecs(const Correlation& x, bool wide, int64_t j) {
  const int64_t left = ceil_div(x.width - j, kLanes);
  return wide && left >= kWideVecs ? kWideVecs : left >= 2 ? 2 : 1;
}

void pack_filter(const Correlation& x, const Phase& phase, int64_t group, float* dst) {
  const int64_t channels = x.gradient ? x.depth * x.groups : x.width * x.groups;  // of the output
  const int64_t inner = x.gradient ? x.width : x.depth;  // input channels of one group
  const int64_t all = phase.num_taps() * x.depth;
  const Taps *td = &phase.taps[0], *th = &phase.taps[1], *tw = &phase.taps[2];
  const bool wide = is_wide(x, phase);
  for (int64_t j = 0; j < x.width;) {
    const int64_t width = panel_vecs(x, wide, j) * kLanes;
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
    add(is_wide(x, phase) ? 1 : 0);
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
  tile.pairs = x.rounded != nullptr;
  const bool wide = is_wide(x, phase), slide = slides(x, phase);
  const float* source = copied ? copied : planes;
  for (int64_t j = 0; j < x.width;) {
    const int vecs = panel_vecs(x, wide, j);
    const int64_t width = vecs * kLanes;
    tile.cols = smaller(width, x.width - j);
    tile.b = filter ? filter + phase.num_taps() * x.depth * j : x.filter + j;
    tile.ldb = filter ? width : dst_channels;
    tile.bias = x.bias ? x.bias + group * x.width + j : nullptr;
    const SlideRow sliding{tile.lda,  x.depth, tile.b,     tile.ldb, tile.ldc, tile.cols,
                           tile.bias, x.dst,   x.residual, x.mask,   x.relu};
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t plane = depth_index * x.dst_step[0] + phase.index[0];
      const int64_t row = (begin + r) * x.dst_step[1] + phase.index[1];
      float* dst = x.dst +
                   (((image * x.dst_dims[0] + plane) * x.dst_dims[1] + row) * x.dst_dims[2] +
                    phase.index[2]) *
                       dst_channels +
                   group * x.width + j;
      if (slide) {
        run_slide(sliding, tw.count, vecs, segments + r * per_row, counts[r], source, dst, pixels);
        continue;
      }
      tile.a = source;
      tile.segments = segments + r * per_row;
      tile.num_segments = counts[r];
      tile.c = dst;
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

// The rows of one plane that a task computes, where they are rounded to bfloat16: their sums are in
// scratch memory, which takes the place of dst.
struct RoundedRows {
  const Correlation& x;
  int64_t first, pixels;
  float* sums = nullptr;

  RoundedRows(Correlation& part, int64_t plane, int64_t row, int64_t rows)
      : x(part),
        first((plane * part.dst_dims[1] + row) * part.dst_dims[2]),
        pixels(smaller(rows, part.dst_dims[1] - row) * part.dst_dims[2]) {
    if (!part.rounded) return;
    const int64_t channels = part.width * part.groups;
    sums = static_cast<float*>(
        thread_scratch(static_cast<size_t>(pixels * channels) * sizeof(float), kSums));
    part.dst = sums - first * channels;
  }
  void store(int64_t group) const {
    const int64_t channels = x.width * x.groups;
    if (sums)
      store_rounded(*x.rounded, sums, first * channels, pixels, channels, group * x.width, x.width);
  }
};

}  // namespace

bool is_narrow(const Correlation& x) {
  return x.width <= smaller(kMaxDots, kLanes / 2) && x.depth * x.kernel[2] >= 2 * kLanes;
}

PackedLayout filter_packing(const Correlation& x) {
  return packs_filter(x) ? PackedLayout{filter_start(x, x.phases()), layout_of(x)} : PackedLayout{};
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
      Correlation part = x;
      const RoundedRows rounded(part, line / planes / x.groups * planes + plane,
                                row * x.dst_step[1], block * x.dst_step[1]);
      int64_t start = 0;
      for (int64_t number = 0; number < phases; ++number) {
        const Phase phase = phase_of(x, number);
        const int64_t size = phase.num_taps() * x.depth * padded_width(x);
        run_rows(part, phase, filter ? filter + start + group * size : nullptr,
                 line / planes / x.groups, group, plane, row, smaller(row + block, height));
        start += size * x.groups;
      }
      rounded.store(group);
    }
  });
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
