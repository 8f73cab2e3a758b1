// Filter gradient: for each row of the kernel, dfilter (kernel width x channels, outputs) is a
// product of A^T, the source pixels, and B, the gradient, summed over all output rows. A tile stays
// in registers over a block of rows; where the filter is small, parts of the batch have sums of
// their own, added in order.
#include "kernels/cpu/conv.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kBlockPixels = 320;  // summed before a tile goes back to memory
constexpr int64_t kBlockBytes = 384 << 10;
constexpr int64_t kPartBytes = int64_t{16} << 20;

enum Slot { kParts, kSource, kSegments, kGradient, kZeros };  // of thread_scratch

// A block: output rows [row, row + rows) of planes [plane, plane + planes) of (image, depth) pairs.
struct Blocks {
  int64_t planes, rows;  // of one block
  int64_t plane_blocks, row_blocks;
  int64_t count() const { return plane_blocks * row_blocks; }
};

struct Problem {
  const ConvArgs& g;          // of half as many images where they go by in pairs
  const ConvBf16Args* pairs;  // null: x and y are float32
  int64_t depth, width;       // input and output channels of one group
  int64_t columns, first;     // source pixels of an output row, and the first of them
  bool in_place, joined;      // source read where it lies; taps of a row are neighbours
  bool few;                   // products of a kernel row: run_filter_rows
  bool whole;                 // the gradient is read where it lies: outputs fill vectors

  Problem(const ConvArgs& args, const ConvBf16Args* halves)
      : g(args),
        pairs(halves),
        depth(args.in_channels / args.groups),
        width(args.out_channels / args.groups),
        columns((args.out[2] - 1) * args.stride[2] + (args.kernel[2] - 1) * args.dilation[2] + 1),
        first(-args.pad[2]),
        in_place(!pairs && args.groups == 1 && args.pad[2] <= 0 && first + columns <= args.in[2]),
        joined(args.dilation[2] == 1),
        few(!pairs && joined && has_filter_rows(args.kernel[2] * depth)),
        whole(few || (!pairs && width % kLanes == 0)) {}

  Blocks blocks() const {
    const int64_t row_bytes = 4 * (g.kernel[0] * g.stride[1] * columns * depth + g.out[2] * width);
    const int64_t most = larger(kBlockBytes / row_bytes, 1);
    const int64_t rows = smaller(ceil_div(kBlockPixels, g.out[2]), most);
    const int64_t planes = g.batch * g.out[0];
    Blocks b{};
    b.row_blocks = ceil_div(g.out[1], rows);
    b.rows = ceil_div(g.out[1], b.row_blocks);
    b.planes = b.row_blocks > 1 ? 1 : smaller(larger(rows / g.out[1], 1), planes);
    b.plane_blocks = ceil_div(planes, b.planes);
    return b;
  }
};

// The kernel rows a task sums: `number` counts (group, kernel depth, kernel height).
struct KernelRow {
  int64_t group, d, h;
};
KernelRow kernel_row(const ConvArgs& g, int64_t number) {
  return {number / (g.kernel[0] * g.kernel[1]), number / g.kernel[1] % g.kernel[0],
          number % g.kernel[1]};
}

// One block's source and gradient for one group.
struct BlockData {
  int64_t plane, planes, row, rows;
  const float* source;
  int64_t source_first, source_rows;  // rows held of each plane and kernel depth
  const float* gradient;
  int64_t gradient_ld;
};

// A place in the first of two images, and the same in the second, `step` behind it; null where
// there is none.
const uint16_t* second_of(const Problem& x, int64_t pair, const uint16_t* first, int64_t step) {
  return 2 * pair + 1 < x.pairs->batch ? first + step : nullptr;
}

// One row of source pixels; `at` counts rows of all images.
void gather_source(const Problem& x, int64_t image, int64_t at, int64_t group, float* dst) {
  const ConvArgs& g = x.g;
  const int64_t line = g.in[2] * g.in_channels, channel = group * x.depth;
  if (!x.pairs) {
    return copy_pixels(g.x + at * line + channel, g.in[2], g.in_channels, x.depth, x.first,
                       x.columns, dst);
  }
  const int64_t size = g.in[0] * g.in[1] * line;
  const uint16_t* row = x.pairs->x + at * line + image * size + channel;
  copy_pixel_pairs(row, second_of(x, image, row, size), g.in[2], g.in_channels, x.depth, x.first,
                   x.columns, dst);
}

// The gradient's pixels from `at` on, counted over all images.
void gather_gradient(const Problem& x, int64_t image, int64_t at, int64_t pixels, int64_t group,
                     int64_t ld, float* dst) {
  const ConvArgs& g = x.g;
  const int64_t channel = group * x.width;
  if (!x.pairs) {
    return pack_panel(g.y + at * g.out_channels + channel, g.out_channels, pixels, x.width, ld,
                      dst);
  }
  const int64_t size = g.out[0] * g.out[1] * g.out[2] * g.out_channels;
  const uint16_t* from = x.pairs->y + at * g.out_channels + image * size + channel;
  pack_pairs(from, second_of(x, image, from, size), g.out_channels, pixels, x.width, ld, dst);
}

BlockData gather(const Problem& x, const Blocks& blocks, int64_t index, int64_t group) {
  const ConvArgs& g = x.g;
  BlockData b{};
  b.plane = index / blocks.row_blocks * blocks.planes;
  b.planes = smaller(blocks.planes, g.batch * g.out[0] - b.plane);
  b.row = index % blocks.row_blocks * blocks.rows;
  b.rows = smaller(blocks.rows, g.out[1] - b.row);
  b.source = g.x;
  b.gradient = g.y;
  b.gradient_ld = g.out_channels;
  if (!x.in_place) {
    const int64_t span = (g.kernel[1] - 1) * g.dilation[1] + 1;
    b.source_first = larger(b.row * g.stride[1] - g.pad[1], 0);
    const int64_t last = smaller((b.row + b.rows - 1) * g.stride[1] - g.pad[1] + span, g.in[1]);
    b.source_rows = larger(last - b.source_first, 0);
    const int64_t floats = b.planes * g.kernel[0] * b.source_rows * x.columns * x.depth;
    float* dst =
        static_cast<float*>(thread_scratch(static_cast<size_t>(floats) * sizeof(float), kSource));
    b.source = dst;
    for (int64_t p = 0; p < b.planes; ++p) {
      const int64_t image = (b.plane + p) / g.out[0], out_d = (b.plane + p) % g.out[0];
      for (int64_t d = 0; d < g.kernel[0]; ++d) {
        const int64_t in_d = out_d * g.stride[0] + d * g.dilation[0] - g.pad[0];
        for (int64_t h = 0; h < b.source_rows; ++h, dst += x.columns * x.depth) {
          if (in_d < 0 || in_d >= g.in[0]) continue;
          gather_source(x, image, (image * g.in[0] + in_d) * g.in[1] + b.source_first + h, group,
                        dst);
        }
      }
    }
  }
  if (!x.whole) {
    b.gradient_ld = round_up(x.width, kLanes);
    const int64_t pixels = b.rows * g.out[2];
    float* dst = static_cast<float*>(thread_scratch(
        static_cast<size_t>(b.planes * pixels * b.gradient_ld) * sizeof(float), kGradient));
    b.gradient = dst;
    for (int64_t p = 0; p < b.planes; ++p) {
      const int64_t start = ((b.plane + p) * g.out[1] + b.row) * g.out[2];
      gather_gradient(x, (b.plane + p) / g.out[0], start, pixels, group, b.gradient_ld,
                      dst + p * pixels * b.gradient_ld);
    }
  }
  return b;
}

// Adds one block to the rows of dfilter that belong to `at`.
void add_block(const Problem& x, const BlockData& b, const KernelRow& at, bool accumulate,
               float* dfilter) {
  const ConvArgs& g = x.g;
  Segment* segments = static_cast<Segment*>(
      thread_scratch(static_cast<size_t>(b.planes * b.rows) * sizeof(Segment), kSegments));
  int64_t count = 0;
  for (int64_t p = 0; p < b.planes; ++p) {
    const int64_t image = (b.plane + p) / g.out[0], out_d = (b.plane + p) % g.out[0];
    const int64_t in_d = out_d * g.stride[0] + at.d * g.dilation[0] - g.pad[0];
    if (in_d < 0 || in_d >= g.in[0]) continue;
    for (int64_t r = 0; r < b.rows; ++r) {
      const int64_t in_h = (b.row + r) * g.stride[1] + at.h * g.dilation[1] - g.pad[1];
      if (in_h < 0 || in_h >= g.in[1]) continue;
      const int64_t line =
          x.in_place
              ? (((image * g.in[0] + in_d) * g.in[1] + in_h) * g.in[2] + x.first)
              : ((p * g.kernel[0] + at.d) * b.source_rows + in_h - b.source_first) * x.columns;
      const int64_t pixel =
          x.whole ? ((b.plane + p) * g.out[1] + b.row + r) * g.out[2] : (p * b.rows + r) * g.out[2];
      segments[count++] = {line * x.depth, pixel, g.out[2]};
    }
  }
  if (count == 0 && accumulate) return;
  Tile tile{};
  tile.lda = g.stride[2] * x.depth;
  tile.ldb = b.gradient_ld;
  tile.ldc = g.out_channels;
  tile.segments = segments;
  tile.num_segments = count;
  tile.alpha = 1;
  tile.pairs = x.pairs != nullptr;
  tile.accumulate = accumulate;
  const int64_t rows = x.joined ? g.kernel[2] * x.depth : x.depth;
  const int64_t first = (at.d * g.kernel[1] + at.h) * g.kernel[2];
  for (int64_t w = 0; w < (x.joined ? 1 : g.kernel[2]); ++w) {
    for (int64_t j = 0; j < x.width;) {
      const int64_t left = ceil_div(x.width - j, kLanes);
      const int vecs = rows <= kWideRows && left >= kWideVecs ? kWideVecs : left >= 2 ? 2 : 1;
      tile.a = b.source + w * g.dilation[2] * x.depth;
      tile.b = b.gradient + (x.whole ? at.group * x.width : 0) + j;
      tile.cols = smaller(vecs * kLanes, x.width - j);
      tile.c = dfilter + (first + w) * x.depth * g.out_channels + at.group * x.width + j;
      run_tiles(tile, ALayout::kColumns, vecs, rows);
      j += vecs * kLanes;
    }
  }
}

// The same for kernel rows [first, last), all of one group, where they have few products.
void add_rows(const Problem& x, const BlockData& b, int64_t first, int64_t last, bool accumulate,
              float* dfilter) {
  const ConvArgs& g = x.g;
  const int64_t length = g.kernel[2] * x.depth, zeros = x.columns * x.depth;
  FilterRow* rows = static_cast<FilterRow*>(
      thread_scratch(static_cast<size_t>(b.planes * b.rows) * sizeof(FilterRow), kSegments));
  float* zero =
      static_cast<float*>(thread_scratch(static_cast<size_t>(zeros) * sizeof(float), kZeros));
  for (int64_t i = 0; i < zeros; ++i) zero[i] = 0;
  FilterRows filter{};
  filter.rows = rows;
  filter.num_rows = b.planes * b.rows;
  filter.pixels = g.out[2];
  filter.src_step = g.stride[2] * x.depth;
  filter.grad_step = filter.dst_step = g.out_channels;
  filter.cols = x.width;
  filter.accumulate = accumulate;
  while (first < last) {
    const KernelRow at = kernel_row(g, first);
    const int64_t runs = smaller(smaller(last - first, g.kernel[1] - at.h), kMostRuns);
    FilterRow* row = rows;
    for (int64_t p = 0; p < b.planes; ++p) {
      const int64_t image = (b.plane + p) / g.out[0], out_d = (b.plane + p) % g.out[0];
      const int64_t in_d = out_d * g.stride[0] + at.d * g.dilation[0] - g.pad[0];
      for (int64_t r = 0; r < b.rows; ++r, ++row) {
        row->grad = b.gradient + at.group * x.width +
                    ((b.plane + p) * g.out[1] + b.row + r) * g.out[2] * g.out_channels;
        for (int64_t h = 0; h < runs; ++h) {
          const int64_t in_h = (b.row + r) * g.stride[1] + (at.h + h) * g.dilation[1] - g.pad[1];
          const bool inside = in_d >= 0 && in_d < g.in[0] && in_h >= 0 && in_h < g.in[1];
          const int64_t line =
              x.in_place
                  ? (((image * g.in[0] + in_d) * g.in[1] + in_h) * g.in[2] + x.first)
                  : ((p * g.kernel[0] + at.d) * b.source_rows + in_h - b.source_first) * x.columns;
          row->src[h] = inside ? b.source + line * x.depth : zero;
        }
      }
    }
    run_filter_rows(
        filter, length, static_cast<int>(runs),
        dfilter + (at.d * g.kernel[1] + at.h) * length * g.out_channels + at.group * x.width);
    first += runs;
  }
}

}  // namespace

void conv_filter_grad(const ConvArgs& g, const ConvBf16Args* pairs) {
  const int64_t depth = g.in_channels / g.groups;
  const int64_t kernel_size = g.kernel[0] * g.kernel[1] * g.kernel[2];
  const int64_t elements = kernel_size * depth * g.out_channels;
  const int64_t pixels = g.batch * g.out[0] * g.out[1] * g.out[2];
  if (elements == 0) return;
  if (pixels == 0) {
    for (int64_t i = 0; i < elements; ++i) g.result[i] = 0;
    return;
  }
  const Problem x(g, pairs);
  const Blocks blocks = x.blocks();
  const int64_t wanted =
      tasks_for(2.0 * static_cast<double>(elements) * static_cast<double>(pixels));
  const int64_t kernel_rows = g.groups * g.kernel[0] * g.kernel[1];
  const int64_t parts =
      smaller(smaller(blocks.count(), wanted), larger(kPartBytes / (4 * elements), 1));
  const int64_t pieces = smaller(ceil_div(wanted, parts), kernel_rows);
  float* sums = g.result;
  if (parts > 1)
    sums = static_cast<float*>(
        thread_scratch(static_cast<size_t>(parts * elements) * sizeof(float), kParts));
  parallel_for(parts * pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t part = task / pieces, piece = task % pieces;
      const int64_t first = kernel_rows * piece / pieces, last = kernel_rows * (piece + 1) / pieces;
      const int64_t first_block = blocks.count() * part / parts;
      const int64_t last_block = blocks.count() * (part + 1) / parts;
      for (int64_t number = first; number < last;) {
        const int64_t group = kernel_row(g, number).group;
        const int64_t stop = smaller(last, (group + 1) * g.kernel[0] * g.kernel[1]);
        for (int64_t index = first_block; index < last_block; ++index) {
          const BlockData b = gather(x, blocks, index, group);
          if (x.few) {
            add_rows(x, b, number, stop, index > first_block, sums + part * elements);
            continue;
          }
          for (int64_t i = number; i < stop; ++i)
            add_block(x, b, kernel_row(g, i), index > first_block, sums + part * elements);
        }
        number = stop;
      }
    }
  });
  if (parts > 1) add_parts(sums, parts, elements, g.result);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
