// The micro-kernels of micro_kernel.h and the packing of their panels.
#include "kernels/cpu/micro_kernel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// Up to kLanes values; zeros where `count` ends, also at or below 0.
NACRE_INLINE Vec load_some(const float* p, int64_t count) {
  if (count >= kLanes) return load(p);
  return count > 0 ? load_partial(p, count) : Vec(0.0f);
}

// A tile of whole vectors that only needs an epilogue, whose parts are known to the compiler.
template <bool kBias, bool kResidual, bool kRelu, bool kMask>
NACRE_FULL_VECTORS __attribute__((noinline)) void store_whole(const Tile& t, const FloatVector* acc,
                                                              float* c, int rows, int vecs) {
  const int64_t first = c - t.c;
  for (int i = 0; i < rows; ++i) {
    const int64_t row = i * t.ldc;
    for (int v = 0; v < vecs; ++v) {
      const int64_t at = row + v * kLanes;
      Vec x = acc[i * vecs + v];
      if (kBias) x += load(t.bias + v * kLanes);
      if (kResidual) x += load(t.residual + first + at);
      if (kRelu) x = relu_of(x);
      if (kMask) x = select(load(t.mask + first + at) > Vec(0.0f), x, Vec(0.0f));
      store(c + at, x);
    }
  }
}

// The combinations that layers and their gradients give; null: store_tile.
using StoreFn = void (*)(const Tile& t, const FloatVector* acc, float* c, int rows, int vecs);
StoreFn whole_store(const Tile& t) {
  if (t.alpha != 1 || t.accumulate) return nullptr;
  switch ((t.bias ? 1 : 0) + (t.residual ? 2 : 0) + (t.relu ? 4 : 0) + (t.mask ? 8 : 0)) {
    case 1:
      return store_whole<true, false, false, false>;
    case 2:
      return store_whole<false, true, false, false>;
    case 4:
      return store_whole<false, false, true, false>;
    case 5:
      return store_whole<true, false, true, false>;
    case 8:
      return store_whole<false, false, false, true>;
    case 10:
      return store_whole<false, true, false, true>;
    default:
      return nullptr;
  }
}

// What does not fit the fast store: an epilogue, columns that do not fill the vectors.
NACRE_FULL_VECTORS __attribute__((noinline)) void store_tile(const Tile& t, const FloatVector* acc,
                                                             float* c, int rows, int vecs) {
  for (int i = 0; i < rows; ++i, c += t.ldc) {
    for (int v = 0; v < vecs; ++v) {
      const int64_t count = smaller(t.cols - v * kLanes, kLanes);
      if (count <= 0) break;
      const int64_t at = c - t.c + v * kLanes;
      const float* residual = t.residual ? t.residual + at : nullptr;
      const float* mask = t.mask ? t.mask + at : nullptr;
      Vec x = Vec(t.alpha) * Vec(acc[i * vecs + v]);
      if (count == kLanes) {
        if (t.accumulate) x += load(c + v * kLanes);
        if (t.bias) x += load(t.bias + v * kLanes);
        store(c + v * kLanes, finish_lanes(x, t.relu, residual, mask, kLanes));
      } else {
        if (t.accumulate) x += load_partial(c + v * kLanes, count);
        if (t.bias) x += load_partial(t.bias + v * kLanes, count);
        store_partial(c + v * kLanes, finish_lanes(x, t.relu, residual, mask, count), count);
      }
    }
  }
}

// What a step of k does with an element of A and a vector of B.
struct Floats {
  NACRE_INLINE static void add(FloatVector& acc, float x, FloatVector b) { acc += x * b; }
};
#if defined(__AVX512BF16__)
struct Pairs {
  NACRE_INLINE static void add(FloatVector& acc, float x, FloatVector b) {
    acc = (FloatVector)_mm512_dpbf16_ps((__m512)acc, (__m512bh)_mm512_set1_ps(x), (__m512bh)b);
  }
};
#endif

// All loops over rows and vectors are unrolled, so that acc lives in registers.
template <class Product, ALayout kLayout, int kVecs, int kRows, bool kFetch = false>
NACRE_FULL_VECTORS void tile_of(const Tile& t, const float* a_rows, float* c, const float* fetch) {
  FloatVector acc[kRows * kVecs];
#pragma GCC unroll 64
  for (int i = 0; i < kRows * kVecs; ++i) acc[i] = FloatVector{};
  const int64_t lda = t.lda, ldb = t.ldb;
  for (int64_t s = 0; s < t.num_segments; ++s) {
    const float* a = a_rows + t.segments[s].a;
    const float* b = t.b + t.segments[s].b * ldb;
    for (int64_t k = t.segments[s].k; k > 0; --k) {
      if constexpr (kFetch) {
        __builtin_prefetch(fetch, 0, 2);
        fetch += t.fetch_ld;
      }
      FloatVector bv[kVecs];
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) bv[v] = load(b + v * kLanes).v;
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const float x = kLayout == ALayout::kRows ? a[i * lda] : a[i];
#pragma GCC unroll 4
        for (int v = 0; v < kVecs; ++v) Product::add(acc[i * kVecs + v], x, bv[v]);
      }
      a += kLayout == ALayout::kRows ? 1 : lda;
      b += ldb;
    }
  }
  const bool plain =
      t.alpha == 1 && !t.bias && !t.relu && !t.residual && !t.mask && t.cols == kVecs * kLanes;
  if (plain && t.accumulate) {
#pragma GCC unroll 64
    for (int i = 0; i < kRows * kVecs; ++i)
      acc[i] += load(c + (i / kVecs) * t.ldc + (i % kVecs) * kLanes).v;
  }
  if (plain) {
#pragma GCC unroll 64
    for (int i = 0; i < kRows * kVecs; ++i)
      store(c + (i / kVecs) * t.ldc + (i % kVecs) * kLanes, acc[i]);
    return;
  }
  FloatVector spilled[kRows * kVecs];
#pragma GCC unroll 64
  for (int i = 0; i < kRows * kVecs; ++i) spilled[i] = acc[i];
  const StoreFn whole = t.cols == kVecs * kLanes ? whole_store(t) : nullptr;
  (whole ? whole : store_tile)(t, spilled, c, kRows, kVecs);
}

struct TileTable {
  TileFn narrow[kMaxRows], panel[kMaxRows], wide[kWideRows], fetching[kMaxRows];
};

template <class Product, ALayout kLayout, int kRows>
constexpr void fill_rows(TileTable& table) {
  table.narrow[kRows - 1] = tile_of<Product, kLayout, 1, kRows>;
  table.panel[kRows - 1] = tile_of<Product, kLayout, 2, kRows>;
  table.fetching[kRows - 1] = tile_of<Product, kLayout, 2, kRows, true>;
  if constexpr (kRows <= kWideRows) {
    table.wide[kRows - 1] = tile_of<Product, kLayout, kWideVecs, kRows>;
  }
  if constexpr (kRows < kMaxRows) fill_rows<Product, kLayout, kRows + 1>(table);
}

template <class Product, ALayout kLayout>
constexpr TileTable make_table() {
  TileTable table{};
  fill_rows<Product, kLayout, 1>(table);
  return table;
}

constexpr TileTable kTiles[] = {
    make_table<Floats, ALayout::kRows>(),
    make_table<Floats, ALayout::kColumns>(),
#if defined(__AVX512BF16__)
    make_table<Pairs, ALayout::kRows>(),
    make_table<Pairs, ALayout::kColumns>(),
#endif
};

const TileTable& tiles_of(ALayout layout, bool pairs) {
  return kTiles[static_cast<int>(layout) + (pairs ? 2 : 0)];
}

TileFn tile_in(const TileTable& table, int vecs, int rows) {
  return vecs == 1   ? table.narrow[rows - 1]
         : vecs == 2 ? table.panel[rows - 1]
                     : table.wide[rows - 1];
}

}  // namespace

TileFn tile_kernel(ALayout layout, int vecs, int rows) {
  return tile_in(tiles_of(layout, false), vecs, rows);
}

int tile_vecs(int64_t rows, int64_t cols) {
  if (cols <= kLanes) return 1;
  return cols <= 2 * kLanes || rows > kWideRows ? 2 : kWideVecs;
}

void run_tiles(const Tile& tile, ALayout layout, int vecs, int64_t rows) {
  if (rows <= 0) return;
  // Tiles of nearly equal height: 32 rows are 11 + 11 + 10, not 14 + 14 + 4.
  const int64_t count = ceil_div(rows, vecs > 2 ? kWideRows : kMaxRows);
  const int64_t height = rows / count, taller = rows % count;
  const int64_t a_step = layout == ALayout::kRows ? tile.lda : 1;
  constexpr int64_t kLine = 16;  // floats
  const int64_t fetches = tile.fetch && vecs == 2 ? vecs * kLanes : 0;
  const TileTable& table = tiles_of(layout, tile.pairs);
  const float* a = tile.a;
  float* c = tile.c;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t h = height + (i < taller);
    if (i * kLine < fetches) {
      table.fetching[h - 1](tile, a, c, tile.fetch + i * kLine);
    } else {
      tile_in(table, vecs, static_cast<int>(h))(tile, a, c, nullptr);
    }
    a += h * a_step;
    c += h * tile.ldc;
  }
}

NACRE_FULL_VECTORS void pack_panel(const float* src, int64_t ld, int64_t k, int64_t cols,
                                   int64_t width, float* dst) {
  if (cols == width && width == 2 * kLanes) {
    for (int64_t p = 0; p < k; ++p, src += ld, dst += width) {
      store(dst, load(src));
      store(dst + kLanes, load(src + kLanes));
    }
    return;
  }
  for (int64_t p = 0; p < k; ++p, src += ld, dst += width) {
    for (int64_t j = 0; j < width; j += kLanes) {
      store(dst + j, load_some(src + j, cols - j));
    }
  }
}

NACRE_FULL_VECTORS void pack_panel_transposed(const float* src, int64_t ld, int64_t k, int64_t cols,
                                              int64_t width, float* dst) {
  for (int64_t j = 0; j < width; j += kLanes) {
    const int64_t rows = smaller(cols - j, kLanes);
    for (int64_t p = 0; p < k; p += kLanes) {
      const int64_t count = smaller(k - p, kLanes);
      FloatVector block[kLanes];
      if (rows == kLanes && count == kLanes) {
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) block[i] = load(src + (j + i) * ld + p).v;
        transpose_lanes(block);
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) store(dst + (p + i) * width + j, block[i]);
      } else {
        for (int64_t i = 0; i < kLanes; ++i)
          block[i] = i < rows ? load_some(src + (j + i) * ld + p, count).v : FloatVector{};
        transpose_lanes(block);
        for (int64_t i = 0; i < count; ++i) store(dst + (p + i) * width + j, block[i]);
      }
    }
  }
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
