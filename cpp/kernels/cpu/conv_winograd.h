// Winograd's F(2x2, 3x3) for 3x3 convolution with stride 1: a tile of 2x2 outputs of a 4x4 patch of
// the source takes 16 products of channels instead of 36 (Lavin & Gray 2016, section 4.1). In one
// dimension, with the points 0, 1, -1 and infinity:
//   output (2) = A^T [(G filter (3)) * (B^T source (4))], in two dimensions applied to both.
// All constants are 0, 1, -1 and 1/2, so the transforms only add.
#pragma once

#include "kernels/cpu/conv.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int kPatch = 4;  // of the source; a tile of outputs is 2x2
constexpr int kPoints = kPatch * kPatch;
constexpr int kTaps = 9;

struct SourcePoints {  // B^T
  static constexpr int kIn = 4, kOut = 4;
  NACRE_INLINE static void apply(const Vec* in, Vec* out) {
    out[0] = in[0] - in[2];
    out[1] = in[1] + in[2];
    out[2] = in[2] - in[1];
    out[3] = in[3] - in[1];
  }
};
struct FilterPoints {  // G
  static constexpr int kIn = 3, kOut = 4;
  NACRE_INLINE static void apply(const Vec* in, Vec* out) {
    const Vec outer = Vec(0.5f) * (in[0] + in[2]), inner = Vec(0.5f) * in[1];
    out[0] = in[0];
    out[1] = outer + inner;
    out[2] = outer - inner;
    out[3] = in[2];
  }
};
struct OutputOfPoints {  // A^T
  static constexpr int kIn = 4, kOut = 2;
  NACRE_INLINE static void apply(const Vec* in, Vec* out) {
    out[0] = in[0] + in[1] + in[2];
    out[1] = in[1] - in[2] + in[3];
  }
};
struct OutputPoints {  // A
  static constexpr int kIn = 2, kOut = 4;
  NACRE_INLINE static void apply(const Vec* in, Vec* out) {
    out[0] = in[0];
    out[1] = in[0] + in[1];
    out[2] = in[0] - in[1];
    out[3] = in[1];
  }
};
struct FilterOfPoints {  // G^T
  static constexpr int kIn = 4, kOut = 3;
  NACRE_INLINE static void apply(const Vec* in, Vec* out) {
    const Vec even = Vec(0.5f) * (in[1] + in[2]);
    out[0] = in[0] + even;
    out[1] = Vec(0.5f) * (in[1] - in[2]);
    out[2] = even + in[3];
  }
};

// Map on both dimensions: load(row, column) gives the kIn x kIn operands, put(row, column, value)
// takes the kOut x kOut results.
template <class Map, class Load, class Put>
NACRE_INLINE void transform(Load&& load_at, Put&& put) {
  constexpr int kIn = Map::kIn, kOut = Map::kOut;
  Vec columns[kIn][kOut];
#pragma GCC unroll 4
  for (int j = 0; j < kIn; ++j) {
    Vec in[kIn];
#pragma GCC unroll 4
    for (int i = 0; i < kIn; ++i) in[i] = load_at(i, j);
    Map::apply(in, columns[j]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kOut; ++i) {
    Vec in[kIn], out[kOut];
#pragma GCC unroll 4
    for (int j = 0; j < kIn; ++j) in[j] = columns[j][i];
    Map::apply(in, out);
#pragma GCC unroll 4
    for (int j = 0; j < kOut; ++j) put(i, j, out[j]);
  }
}

NACRE_INLINE Vec load_lanes(const float* p, int64_t lanes) {
  return lanes == kLanes ? load(p) : load_partial(p, lanes);
}
NACRE_INLINE void store_lanes(float* p, Vec v, int64_t lanes) {
  lanes == kLanes ? store(p, v) : store_partial(p, v, lanes);
}

// A stack of matrices, one for each point, with rows of whole vectors. Planes are no multiple of
// 4 KB apart, so that the points of a tile do not compete for cache sets.
struct Planes {
  float* data;
  int64_t ld, size;  // of a row, and from plane to plane
  static int64_t row_size(int64_t channels) { return round_up(channels, kLanes); }
  static int64_t plane_size(int64_t rows, int64_t channels) {
    return round_up(rows * row_size(channels) * 4, 4096) / 4 + 5 * kLanes;
  }
  static int64_t floats(int64_t rows, int64_t channels) {
    return kPoints * plane_size(rows, channels);
  }
  static Planes at(float* data, int64_t rows, int64_t channels) {
    return {data, row_size(channels), plane_size(rows, channels)};
  }
};

// Images of `rows` x `cols` pixels of `channels`, read in patches of kSize x kSize pixels from
// (row, col) on; there are zeros outside. The transformed patch is row `index` of the planes.
template <class Map>
NACRE_FULL_VECTORS void transform_patch(const float* image, int64_t rows, int64_t cols,
                                        int64_t channels, int64_t row, int64_t col,
                                        const float* zeros, const Planes& planes, int64_t index) {
  constexpr int kSize = Map::kIn;
  const int64_t line = cols * channels;
  float* dst = planes.data + index * planes.ld;
  const auto put_at = [&](int64_t c) {
    return [&planes, dst, c](int i, int j, Vec v) {
      store(dst + (i * kPatch + j) * planes.size + c, v);
    };
  };
  // What the patches of the next row of tiles need beyond these.
  const float* below = image + (row + kSize) * line + (col + kSize - 2) * channels;
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t c = 0; c < 2 * channels; c += kLanes) __builtin_prefetch(below + i * line + c);
  if (row >= 0 && col >= 0 && row + kSize <= rows && col + kSize <= cols) {
    const float* src = image + row * line + col * channels;
    int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes)
      transform<Map>([&](int i, int j) { return load(src + i * line + j * channels + c); },
                     put_at(c));
    if (c < channels)
      transform<Map>(
          [&](int i, int j) {
            return load_partial(src + i * line + j * channels + c, channels - c);
          },
          put_at(c));
    return;
  }
  const float* pixels[kSize][kSize];
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      const int64_t r = row + i, q = col + j;
      pixels[i][j] =
          r >= 0 && r < rows && q >= 0 && q < cols ? image + r * line + q * channels : zeros;
    }
  }
  for (int64_t c = 0; c < channels; c += kLanes) {
    const int64_t lanes = smaller(channels - c, kLanes);
    transform<Map>([&](int i, int j) { return load_lanes(pixels[i][j] + c, lanes); }, put_at(c));
  }
}

// The tiles of images, numbered one image after the other.
struct TileGrid {
  int64_t rows, cols, images;
  int64_t per_image() const { return rows * cols; }
  int64_t count() const { return images * per_image(); }
  struct Place {
    int64_t image, row, col;
  };
  Place place(int64_t tile) const { return {tile / per_image(), tile / cols % rows, tile % cols}; }
};

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
