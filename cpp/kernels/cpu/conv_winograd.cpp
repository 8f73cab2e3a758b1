// 3x3 convolution with stride 1, forward and both gradients, by Winograd's transforms: products of
// channels at each of 16 points, over blocks of tiles that stay in cache.
#include "kernels/cpu/conv_winograd.h"

#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kLeastChannels = 16;             // fewer do not repay the transforms
constexpr int64_t kMostProducts = 256 * 256;       // of channels: a larger filter leaves the cache
constexpr int64_t kBlockFloats = 96 << 10;         // of a block's points
constexpr int64_t kPartFloats = int64_t{1} << 20;  // of all parts' filter gradients

enum Slot { kFilterOrSums, kPoint, kUnpacked };  // of thread_scratch

TileGrid grid_of(int64_t images, const int64_t* dims) {
  return {ceil_div(dims[1], 2), ceil_div(dims[2], 2), images};
}

// Decided by one image: its result does not depend on the batch it is in.
bool tiles_pay(const int64_t* dims, int64_t depth, int64_t width) {
  const TileGrid grid = grid_of(1, dims);
  return depth >= kLeastChannels && width >= kLeastChannels && depth * width <= kMostProducts &&
         20 * grid.count() <= 9 * dims[1] * dims[2];
}

// How many tiles a block has, where each has `channels` in all of its points.
int64_t block_tiles(int64_t channels) {
  const int64_t fit = kBlockFloats / (kPoints * channels);
  return larger(fit / kMaxRows, 1) * kMaxRows;
}

// Outputs of the tile at `place` from row `index` of the products.
NACRE_FULL_VECTORS void store_tile(const Correlation& x, const TileGrid::Place& place,
                                   const Planes& products, int64_t index) {
  const int64_t rows = smaller(x.dst_dims[1] - 2 * place.row, 2);
  const int64_t cols = smaller(x.dst_dims[2] - 2 * place.col, 2);
  const float* src = products.data + index * products.ld;
  const int64_t start =
      ((place.image * x.dst_dims[1] + 2 * place.row) * x.dst_dims[2] + 2 * place.col) * x.width;
  for (int64_t c = 0; c < x.width; c += kLanes) {
    const int64_t lanes = smaller(x.width - c, kLanes);
    const Vec bias = x.bias ? load_lanes(x.bias + c, lanes) : Vec(0.0f);
    transform<OutputOfPoints>(
        [&](int i, int j) { return load(src + (i * kPatch + j) * products.size + c); },
        [&](int i, int j, Vec v) {
          if (i >= rows || j >= cols) return;
          const int64_t at = start + (i * x.dst_dims[2] + j) * x.width + c;
          store_lanes(
              x.dst + at,
              finish_lanes(x.bias ? v + bias : v, x.relu, x.residual ? x.residual + at : nullptr,
                           x.mask ? x.mask + at : nullptr, lanes),
              lanes);
        });
  }
}

}  // namespace

bool winograd_pays(const ConvArgs& g) {
  if (g.groups != 1 || g.kernel[0] != 1 || g.pad[0] != 0 || g.in[0] != g.out[0]) return false;
  for (int d = 0; d < 3; ++d)
    if (g.stride[d] != 1 || g.dilation[d] != 1 || (d > 0 && g.kernel[d] != 3)) return false;
  return tiles_pay(g.out, g.in_channels, g.out_channels);
}

int64_t packed_points_floats(const Correlation& x) {
  return kPoints * x.depth * round_up(x.width, kLanes);
}

// The points of the filter, for each point panels of depth rows.
void pack_filter_points(const Correlation& x, float* packed) {
  const int64_t inner = x.gradient ? x.width : x.depth, outer = x.gradient ? x.depth : x.width;
  const int64_t size = inner * outer, padded = round_up(x.width, kLanes);
  float* points = static_cast<float*>(
      thread_scratch(static_cast<size_t>(kPoints * size) * sizeof(float), kUnpacked));
  parallel_for(size, int64_t{16} << 10, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t lanes = smaller(end - i, kLanes);
      transform<FilterPoints>(
          [&](int r, int q) {
            const int tap = r * 3 + q;
            return load_lanes(x.filter + (x.gradient ? kTaps - 1 - tap : tap) * size + i, lanes);
          },
          [&](int r, int q, Vec v) {
            store_lanes(points + (r * kPatch + q) * size + i, v, lanes);
          });
    }
  });
  parallel_for(kPoints, larger((int64_t{64} << 10) / size, 1), [&](int64_t begin, int64_t end) {
    for (int64_t point = begin; point < end; ++point) {
      const float* src = points + point * size;
      float* dst = packed + point * x.depth * padded;
      for (int64_t j = 0; j < x.width; j += kPanel) {
        const int64_t width = smaller(padded - j, kPanel), cols = smaller(x.width - j, width);
        if (x.gradient) {
          pack_panel_transposed(src + j * outer, outer, x.depth, cols, width, dst);
        } else {
          pack_panel(src + j, outer, x.depth, cols, width, dst);
        }
        dst += x.depth * width;
      }
    }
  });
}

void winograd(const Correlation& x) {
  const TileGrid grid = grid_of(x.batch * x.dst_dims[0], x.dst_dims);
  if (grid.count() == 0) return;
  const float* filter = x.packed;
  if (!filter) {
    float* packed = static_cast<float*>(thread_scratch(
        static_cast<size_t>(packed_points_floats(x)) * sizeof(float), kFilterOrSums));
    pack_filter_points(x, packed);
    filter = packed;
  }
  const int64_t most = block_tiles(x.depth + x.width);
  const int64_t blocks = ceil_div(grid.count(), most);
  const int64_t offset[] = {x.taps(1, 0).offset, x.taps(2, 0).offset};
  const int64_t image_size = x.src_dims[1] * x.src_dims[2] * x.depth;
  const int64_t source_floats = Planes::floats(most, x.depth);
  const int64_t product_floats = Planes::floats(most, x.width);
  parallel_for(
      blocks, larger(blocks / tasks_for(x.flop() / 2), 1), [&](int64_t begin, int64_t end) {
        float* scratch = static_cast<float*>(thread_scratch(
            static_cast<size_t>(source_floats + product_floats + x.depth) * sizeof(float), kPoint));
        const Planes source = Planes::at(scratch, most, x.depth);
        const Planes products = Planes::at(scratch + source_floats, most, x.width);
        float* zeros = scratch + source_floats + product_floats;
        for (int64_t i = 0; i < x.depth; ++i) zeros[i] = 0;
        for (int64_t block = begin; block < end; ++block) {
          const int64_t first = block * most, count = smaller(most, grid.count() - first);
          for (int64_t i = 0; i < count; ++i) {
            const TileGrid::Place at = grid.place(first + i);
            transform_patch<SourcePoints>(x.src + at.image * image_size, x.src_dims[1],
                                          x.src_dims[2], x.depth, 2 * at.row + offset[0],
                                          2 * at.col + offset[1], zeros, source, i);
          }
          const Segment segment{0, 0, x.depth};
          Tile tile{};
          tile.segments = &segment;
          tile.num_segments = 1;
          tile.alpha = 1;
          tile.lda = source.ld;
          tile.ldc = products.ld;
          const float* panel = filter;
          for (int64_t point = 0; point < kPoints; ++point) {
            for (int64_t j = 0; j < products.ld; j += tile.cols, panel += x.depth * tile.cols) {
              tile.cols = smaller(products.ld - j, kPanel);
              tile.a = source.data + point * source.size;
              tile.b = panel;
              tile.ldb = tile.cols;
              tile.c = products.data + point * products.size + j;
              run_tiles(tile, ALayout::kRows, static_cast<int>(tile.cols / kLanes), count);
            }
          }
          for (int64_t i = 0; i < count; ++i) store_tile(x, grid.place(first + i), products, i);
        }
      });
}

// dfilter = G^T [sum over tiles of (B^T source B) * (A gradient A^T)] G. Parts of the tiles have
// sums of their own, added in order.
void winograd_filter_grad(const ConvArgs& g) {
  const int64_t depth = g.in_channels, width = g.out_channels;
  const TileGrid grid = grid_of(g.batch * g.out[0], g.out);
  const int64_t most = block_tiles(depth + width);
  const int64_t blocks = ceil_div(grid.count(), most);
  const int64_t ld = Planes::row_size(width), sums_size = kPoints * depth * ld;
  const double flop = 2.0 * kTaps * static_cast<double>(depth * width) *
                      static_cast<double>(g.batch * g.out[0] * g.out[1] * g.out[2]);
  const int64_t parts =
      larger(smaller(smaller(blocks, tasks_for(flop)), kPartFloats / sums_size), 1);
  float* sums = static_cast<float*>(
      thread_scratch(static_cast<size_t>(parts * sums_size) * sizeof(float), kFilterOrSums));
  const int64_t source_floats = Planes::floats(most, depth);
  const int64_t gradient_floats = Planes::floats(most, width);
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    const int64_t channels = larger(depth, width);
    float* scratch = static_cast<float*>(thread_scratch(
        static_cast<size_t>(source_floats + gradient_floats + channels) * sizeof(float), kPoint));
    const Planes source = Planes::at(scratch, most, depth);
    const Planes gradient = Planes::at(scratch + source_floats, most, width);
    float* zeros = scratch + source_floats + gradient_floats;
    for (int64_t i = 0; i < channels; ++i) zeros[i] = 0;
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first_block = blocks * part / parts, last_block = blocks * (part + 1) / parts;
      for (int64_t block = first_block; block < last_block; ++block) {
        const int64_t first = block * most, count = smaller(most, grid.count() - first);
        for (int64_t i = 0; i < count; ++i) {
          const TileGrid::Place at = grid.place(first + i);
          transform_patch<SourcePoints>(g.x + at.image * g.in[1] * g.in[2] * depth, g.in[1],
                                        g.in[2], depth, 2 * at.row - g.pad[1],
                                        2 * at.col - g.pad[2], zeros, source, i);
          transform_patch<OutputPoints>(g.y + at.image * g.out[1] * g.out[2] * width, g.out[1],
                                        g.out[2], width, 2 * at.row, 2 * at.col, zeros, gradient,
                                        i);
        }
        const Segment segment{0, 0, count};
        Tile tile{};
        tile.segments = &segment;
        tile.num_segments = 1;
        tile.alpha = 1;
        tile.accumulate = block > first_block;
        tile.lda = source.ld;
        tile.ldb = gradient.ld;
        tile.ldc = ld;
        for (int64_t point = 0; point < kPoints; ++point) {
          for (int64_t j = 0; j < ld; j += tile.cols) {
            tile.cols = smaller(ld - j, kPanel);
            tile.a = source.data + point * source.size;
            tile.b = gradient.data + point * gradient.size + j;
            tile.c = sums + part * sums_size + point * depth * ld + j;
            run_tiles(tile, ALayout::kColumns, static_cast<int>(tile.cols / kLanes), depth);
          }
        }
      }
    }
  });
  parallel_for(
      depth, larger((int64_t{16} << 10) / (parts * ld), 1), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          for (int64_t j = 0; j < width; j += kLanes) {
            const int64_t lanes = smaller(width - j, kLanes);
            transform<FilterOfPoints>(
                [&](int r, int q) {
                  const float* src = sums + ((r * kPatch + q) * depth + row) * ld + j;
                  Vec sum = load(src);
                  for (int64_t part = 1; part < parts; ++part) sum += load(src + part * sums_size);
                  return sum;
                },
                [&](int r, int q, Vec v) {
                  store_lanes(g.result + ((r * 3 + q) * depth + row) * width + j, v, lanes);
                });
          }
        }
      });
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
