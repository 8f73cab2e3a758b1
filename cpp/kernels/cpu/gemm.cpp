// GEMM: C is cut into tasks (and, where it is small and k is long, k into parts whose sums are
// added in order); a task runs columns of register tiles over panels of B, which all tasks share
// where several would pack the same. What is cut depends on the shape only, so the bits do not
// depend on the threads.
#include "kernels/cpu/gemm.h"

#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// Blocking, measured (README.md). A panel of kPanelDepth rows and a tile of A stay in L1; a block
// of kBlockRows x kPanelDepth of A stays in L2.
constexpr int64_t kPanelDepth = 256;
constexpr int64_t kDirectDepth = 1024;         // of k, where B is read where it lies
constexpr int64_t kDirectRows = 3 * kMaxRows;  // fewer tiles do not repay packing B
constexpr int64_t kBlockRows = 16 * kMaxRows;
constexpr int64_t kBlockCols = 512;
constexpr int64_t kCopyCols = 8 * kPanel;       // fewer columns do not repay copying A,
constexpr int64_t kCopyDenseCols = 2 * kPanel;  // or a dense block of it
constexpr int64_t kFlipRows = 3 * 16;
constexpr int64_t kSplitDepth = 512;  // the least of a part of k
constexpr int64_t kLongDepth = 4 * kSplitDepth;
constexpr int64_t kMaxPartialBytes = int64_t{8} << 20;
constexpr int64_t kMaxSharedFloats = int64_t{4} << 20;
constexpr int64_t kPackGrain = int64_t{1} << 16;  // floats; about 5 us
constexpr double kTaskFlop = 2e6;                 // below about 8 us a thread is not worth waking

enum Slot { kPartials, kPanelOfB, kBlockOfA, kFlipped, kSharedPanels };  // of thread_scratch

float* scratch(int64_t floats, Slot slot) {
  return static_cast<float*>(thread_scratch(static_cast<size_t>(floats) * sizeof(float), slot));
}

// One matrix product with the transpositions resolved into roles. Where `flipped`, it is
// C^T = B^T A^T that is computed: element (i, j) belongs to c[j * ldc + i].
struct Product {
  const float* a;
  int64_t lda;
  ALayout a_layout;
  const float* b;
  int64_t ldb;
  bool b_transposed;
  float* c;
  int64_t ldc;
  bool flipped;
  int64_t m, n, k;
  float alpha;
  bool accumulate, relu;
  const float* bias;
  const float* residual;  // laid out as c; so is mask
  const float* mask;
  const float* panels;  // all of B, packed by pack_panels, or null
  float* sums;          // of the columns of B, by blocks of rows (block_sums), or null
};

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// Part `index` of [0, n) cut into pieces of `step`.
Range piece(int64_t n, int64_t step, int64_t index) {
  return {index * step, smaller(n, (index + 1) * step)};
}

// Whether what a tile reads of A competes for the same cache sets: a few rows a multiple of 1 KB
// apart or, where it goes down columns, many rows a multiple of 256 bytes apart.
bool reads_collide(ALayout layout, int64_t ld, int64_t k) {
  return ld % 256 == 0 || (layout == ALayout::kColumns && ld % 64 == 0 && k >= 128);
}

// C rows [0, rows) and columns [0, cols) of the tile results `src` (row stride kPanel), transposed.
NACRE_FULL_VECTORS void store_flipped(const float* src, int64_t rows, int64_t cols, const Tile& t) {
  for (int64_t i = 0; i < rows; i += kLanes) {
    const int64_t count = smaller(rows - i, kLanes);
    const Vec bias = !t.bias           ? Vec(0.0f)
                     : count == kLanes ? load(t.bias + i)
                                       : load_partial(t.bias + i, count);
    for (int64_t j = 0; j < cols; j += kLanes) {
      FloatVector block[kLanes];
#pragma GCC unroll 16
      for (int r = 0; r < kLanes; ++r) block[r] = load(src + (i + r) * kPanel + j).v;
      transpose_lanes(block);
      const int64_t columns = smaller(cols - j, kLanes);
      for (int64_t q = 0; q < columns; ++q) {
        const int64_t at = (j + q) * t.ldc + i;
        float* c = t.c + at;
        Vec x = Vec(t.alpha) * Vec(block[q]);
        if (t.accumulate) x += count == kLanes ? load(c) : load_partial(c, count);
        if (t.bias) x += bias;
        x = finish_lanes(x, t.relu, t.residual ? t.residual + at : nullptr,
                         t.mask ? t.mask + at : nullptr, count);
        count == kLanes ? store(c, x) : store_partial(c, x, count);
      }
    }
  }
}

void run_flipped(Tile tile, ALayout layout, int vecs, int64_t rows) {
  float* results = scratch(kFlipRows * kPanel, kFlipped);
  Tile part = tile;
  part.c = results;
  part.ldc = kPanel;
  part.cols = vecs * kLanes;
  part.alpha = 1;
  part.accumulate = part.relu = false;
  part.bias = part.residual = part.mask = nullptr;
  for (int64_t i = 0; i < rows; i += kFlipRows) {
    const int64_t height = smaller(rows - i, kFlipRows);
    part.a = tile.a + (layout == ALayout::kRows ? i * tile.lda : i);
    run_tiles(part, layout, vecs, height);
    Tile out = tile;
    out.advance(0, i);
    if (tile.bias) out.bias = tile.bias + i;
    store_flipped(results, height, tile.cols, out);
  }
}

// A block of A, copied so that its rows are dense.
const float* copy_block(const float* src, int64_t ld, int64_t rows, int64_t cols, int64_t dst_ld) {
  float* dst = scratch(rows * dst_ld, kBlockOfA);
  for (int64_t i = 0; i < rows; ++i) {
    const float* from = src + i * ld;
    float* to = dst + i * dst_ld;
    int64_t j = 0;
    for (; j + kLanes <= cols; j += kLanes) store(to + j, load(from + j));
    for (; j < cols; ++j) to[j] = from[j];
  }
  return dst;
}

// The depth of a panel where `depth` is cut evenly into parts of at most `deepest`.
int64_t panel_depth(int64_t depth, int64_t deepest) {
  return depth <= deepest ? larger(depth, 1)
                          : round_up(ceil_div(depth, ceil_div(depth, deepest)), kSumRows);
}

// Rows [p, p + k) of `cols` columns of B, from column j on, in `width` columns.
void pack_b(const Product& x, int64_t p, int64_t k, int64_t j, int64_t cols, int64_t width,
            float* panel) {
  float* sums = x.sums ? x.sums + p / kSumRows * x.n + j : nullptr;
  if (x.b_transposed) {
    pack_panel_transposed(x.b + j * x.ldb + p, x.ldb, k, cols, width, panel);
    if (sums) block_sums(panel, width, k, cols, sums, x.n);
  } else if (sums) {
    pack_panel_and_sum(x.b + p * x.ldb + j, x.ldb, k, cols, width, panel, sums, x.n);
  } else {
    pack_panel(x.b + p * x.ldb + j, x.ldb, k, cols, width, panel);
  }
}

// The deepest panel of B, where it is packed.
int64_t deepest_panel(const Product& x) {
  return x.flipped && x.m > kFlipRows ? kDirectDepth : kPanelDepth;
}

int64_t panel_floats(const Product& x) {
  return x.k * round_up(x.n, kPanel);
}

// Packs all of B, for tasks that would each pack the same panels: panel j / kPanel of the part of k
// from p on lies at p * round_up(n, kPanel) + j * (depth of the part).
void pack_panels(const Product& x, float* packed) {
  const int64_t width = round_up(x.n, kPanel), step = panel_depth(x.k, deepest_panel(x));
  const int64_t panels = width / kPanel, parts = ceil_div(x.k, step);
  const int64_t grain = larger(kPackGrain / (step * kPanel), 1);
  parallel_for(panels * parts, grain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t p = index / panels * step, j = index % panels * kPanel;
      const int64_t k = smaller(step, x.k - p);
      pack_b(x, p, k, j, smaller(kPanel, x.n - j), kPanel, packed + p * width + j * k);
    }
  });
}

// B is read by vectors where it lies: rows [0, rows) of a task are too few to repay packing it.
bool reads_in_place(const Product& x, int64_t rows) {
  return !x.b_transposed && !x.panels && rows <= kDirectRows;
}

// Rows `r`, columns `q` and the part `depth` of k.
void run_block(const Product& x, Range r, Range q, Range depth) {
  const int64_t rows = r.size();
  const bool direct = reads_in_place(x, rows);
  const int64_t step = panel_depth(depth.size(), direct ? kDirectDepth : deepest_panel(x));
  int64_t p = depth.begin;
  do {
    const int64_t k = smaller(step, depth.end - p);
    const bool last = p + k >= x.k;
    const Segment segment{0, 0, k};
    Tile tile{};
    tile.segments = &segment;
    tile.num_segments = 1;
    tile.lda = x.lda;
    tile.alpha = x.alpha;
    tile.accumulate = x.accumulate || p > depth.begin;
    tile.relu = x.relu && last;
    const float* a =
        x.a_layout == ALayout::kRows ? x.a + r.begin * x.lda + p : x.a + p * x.lda + r.begin;
    const bool by_rows = x.a_layout == ALayout::kRows;
    const bool dense = (by_rows ? k : rows) == x.lda;
    if (reads_collide(x.a_layout, x.lda, k) && rows > kMaxRows &&
        q.size() >= (dense ? kCopyDenseCols : kCopyCols)) {
      tile.lda = round_up(by_rows ? k : rows, kLanes) + kLanes;
      a = copy_block(a, x.lda, by_rows ? rows : k, by_rows ? k : rows, tile.lda);
    }
    for (int64_t j = q.begin; j < q.end;) {
      const int vecs =
          x.flipped || x.panels ? (q.end - j <= kLanes ? 1 : 2) : tile_vecs(rows, q.end - j);
      const int64_t width = vecs * kLanes, cols = smaller(width, q.end - j);
      tile.cols = cols;
      tile.a = a;
      if (x.panels) {
        tile.b = x.panels + p * round_up(x.n, kPanel) + j * k;
        tile.ldb = kPanel;
      } else if (direct && cols == width) {
        tile.b = x.b + p * x.ldb + j;
        tile.ldb = x.ldb;
      } else {
        float* panel = scratch(width * k, kPanelOfB);
        pack_b(x, p, k, j, cols, width, panel);
        tile.b = panel;
        tile.ldb = width;
        const bool wrap = j + width >= q.end;
        const int64_t next = wrap ? p + step : p;
        const bool more = !x.b_transposed && next < depth.end;
        tile.fetch = more ? x.b + next * x.ldb + (wrap ? q.begin : j + width) : nullptr;
        tile.fetch_ld = x.ldb;
      }
      tile.ldc = x.ldc;
      const int64_t at = x.flipped ? j * x.ldc + r.begin : r.begin * x.ldc + j;
      tile.c = x.c + at;
      tile.bias = x.bias && last ? x.bias + (x.flipped ? r.begin : j) : nullptr;
      tile.residual = x.residual && last ? x.residual + at : nullptr;
      tile.mask = x.mask && last ? x.mask + at : nullptr;
      if (x.flipped) {
        run_flipped(tile, x.a_layout, vecs, rows);
      } else {
        run_tiles(tile, x.a_layout, vecs, rows);
      }
      j += width;
    }
    p += step;
  } while (p < depth.end);
}

// Whether computing C^T is cheaper, in multiply-adds: packing a transposed operand and storing a
// transposed result each cost about kFlipCost multiply-adds an element.
bool flip_pays(const GemmArgs& g) {
  constexpr double kFlipCost = 10 * kLanes / 16.0;
  const double m = static_cast<double>(g.m), n = static_cast<double>(g.n);
  const double k = static_cast<double>(g.k);
  const double packs = static_cast<double>(ceil_div(g.m, kBlockRows));
  const double plain = m * k * static_cast<double>(round_up(g.n, kLanes)) +
                       (g.trans_b ? kFlipCost * n * k * packs : 0);
  const double flipped =
      n * k * static_cast<double>(round_up(g.m, kLanes)) + kFlipCost * m * n +
      (g.trans_a ? 0 : kFlipCost * m * k * static_cast<double>(ceil_div(g.n, kBlockRows)));
  return flipped < plain;
}

Product product_of(const GemmArgs& g) {
  Product x{};
  x.c = g.c;
  x.ldc = g.ldc;
  x.k = g.k;
  x.alpha = g.alpha;
  x.accumulate = g.beta != 0;
  x.relu = g.relu;
  x.bias = g.bias;
  x.residual = g.residual;
  x.mask = g.mask;
  x.flipped = g.trans_b && flip_pays(g);
  if (x.flipped) {
    x.m = g.n;
    x.n = g.m;
    x.a = g.b;
    x.lda = g.ldb;
    x.a_layout = g.trans_b ? ALayout::kRows : ALayout::kColumns;
    x.b = g.a;
    x.ldb = g.lda;
    x.b_transposed = !g.trans_a;
  } else {
    x.m = g.m;
    x.n = g.n;
    x.a = g.a;
    x.lda = g.lda;
    x.a_layout = g.trans_a ? ALayout::kColumns : ALayout::kRows;
    x.b = g.b;
    x.ldb = g.ldb;
    x.b_transposed = g.trans_b;
  }
  if (g.k <= 0) x.a = x.b = g.c;  // empty operands may be null; nothing is read
  return x;
}

// How one matrix is cut; steps in rows, columns and depth.
struct Cut {
  int64_t row_step, col_step, depth_step;
  int64_t rows, cols, depths;  // number of pieces
  int64_t tasks() const { return rows * cols * depths; }
};

Cut cut_of(const Product& x, int64_t wanted, int64_t batch) {
  const auto split_rows = [&](int64_t pieces, int64_t least) {
    return smaller(larger(pieces, ceil_div(x.m, kBlockRows)), larger(x.m / least, 1));
  };
  const int64_t panels = ceil_div(x.n, kPanel);
  const auto split_cols = [&](int64_t pieces, int64_t least) {
    return smaller(larger(pieces, ceil_div(x.n, kBlockCols)), larger(panels / least, 1));
  };
  // Wide pieces first: each piece copies its block of A for itself. Narrow ones, and parts of k,
  // only where few threads would be busy otherwise.
  const int64_t few = (wanted + 1) / 2;
  int64_t cols = split_cols(wanted, 8);
  int64_t rows = split_rows(ceil_div(wanted, cols), 16 * kMaxRows);
  int64_t depths = 1;
  const auto split_depth = [&](int64_t pieces, int64_t most) {
    depths = larger(smaller(smaller(pieces, x.k / kSplitDepth), most), 1);
    depths = smaller(depths, larger(kMaxPartialBytes / (4 * x.m * x.n * batch), 1));
  };
  // Not so along a long k: parts of it read A and B once, narrow pieces once each. The sums of the
  // parts may be half as much to write and read.
  if (rows * cols < few && x.k >= kLongDepth) {
    split_depth(ceil_div(few, rows * cols), x.k * (x.m + x.n) / (4 * x.m * x.n));
  }
  const int64_t enough = depths > 1 ? ceil_div(few, depths) : wanted;
  if (rows * cols < enough) cols = split_cols(ceil_div(enough, rows), 4);
  if (rows * cols < enough) rows = split_rows(ceil_div(enough, cols), 8 * kMaxRows);
  const int64_t least = ceil_div(few, depths);
  if (rows * cols < least) cols = split_cols(ceil_div(least, rows), 2);
  if (rows * cols < least) rows = split_rows(ceil_div(least, cols), 4 * kMaxRows);
  if (rows * cols * depths < few) split_depth(ceil_div(wanted, rows * cols), x.k);
  if (rows * cols * depths < few) cols = split_cols(ceil_div(few, rows * depths), 1);
  Cut cut{};
  cut.row_step = ceil_div(x.m, rows);
  cut.col_step = ceil_div(panels, cols) * kPanel;
  cut.depth_step = depths == 1 ? larger(x.k, 1) : round_up(ceil_div(x.k, depths), kSumRows);
  cut.rows = ceil_div(x.m, cut.row_step);
  cut.cols = ceil_div(x.n, cut.col_step);
  cut.depths = larger(ceil_div(x.k, cut.depth_step), 1);
  return cut;
}

// C = epilogue of the sum of `parts` matrices m x n, in order.
void add_partials(const GemmArgs& g, const float* partials, int64_t parts) {
  const int64_t grain = larger((int64_t{1} << 16) / larger(g.n * parts, 1), 1);
  parallel_for(g.batch * g.m, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t matrix = row / g.m, i = row % g.m;
      const float* part = partials + (matrix * parts * g.m + i) * g.n;
      const int64_t start = matrix * g.stride_c + i * g.ldc;
      float* c = g.c + start;
      for (int64_t j = 0; j < g.n; j += kLanes) {
        const int64_t count = smaller(g.n - j, kLanes);
        Vec sum = load_partial(part + j, count);
        for (int64_t s = 1; s < parts; ++s) sum += load_partial(part + s * g.m * g.n + j, count);
        sum = Vec(g.alpha) * sum;
        if (g.beta != 0) sum += load_partial(c + j, count);
        if (g.bias) sum += load_partial(g.bias + j, count);
        sum = finish_lanes(sum, g.relu, g.residual ? g.residual + start + j : nullptr,
                           g.mask ? g.mask + start + j : nullptr, count);
        store_partial(c + j, sum, count);
      }
    }
  });
}

int64_t wanted_tasks(const GemmArgs& g) {
  const double flop = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) *
                      static_cast<double>(g.k) * static_cast<double>(g.batch);
  return static_cast<int64_t>(1.5 * __builtin_sqrt(flop / kTaskFlop)) + 1;
}

// Several tasks of one matrix would pack the same panels.
bool shares_panels(const GemmArgs& g, const Product& x, const Cut& cut) {
  return cut.rows > 1 && cut.depths == 1 && g.batch == 1 && g.k > 0 &&
         panel_floats(x) <= kMaxSharedFloats;
}

}  // namespace

PackedLayout gemm_packing(const GemmArgs& g) {
  if (g.m <= 1 || g.n <= 1 || g.k <= 0 || g.batch != 1) return {};
  const Product x = product_of(g);
  if (x.flipped) return {};
  const int64_t wanted = wanted_tasks(g);
  const Cut cut = cut_of(x, wanted, 1);
  const bool one_row = wanted == 1 || cut.rows == 1;
  const bool packs = one_row && cut.depths == 1 && !reads_in_place(x, x.m);
  if (!packs && !shares_panels(g, x, cut)) return {};
  return {panel_floats(x), g.trans_b ? uint64_t{1} : uint64_t{0}};
}

void gemm_pack(const GemmArgs& g, float* packed) {
  pack_panels(product_of(g), packed);
}

void gemm_f32(const GemmArgs& g) {
  if (g.n <= 0 || g.batch <= 0) return;
  const bool by_panels = g.m > 1 && g.n > 1;
  const Product whole = by_panels ? product_of(g) : Product{};
  // Few rows read B where it lies.
  const bool sums = g.sums && g.n > 1 && g.m > kDirectRows && !whole.flipped;
  if (g.sums && !sums) sum_where_stored(g);
  if (g.m <= 0) return;
  if (!by_panels) return gemv_f32(g);
  const int64_t sums_floats = sums ? block_sums_floats(g.k, g.n) : 0;
  const bool one_block = sums_floats == g.n;
  const int64_t wanted = wanted_tasks(g);
  const auto matrix = [&](int64_t index) {
    Product x = whole;
    x.a += index * (x.flipped ? g.stride_b : g.stride_a);
    x.b += index * (x.flipped ? g.stride_a : g.stride_b);
    x.c += index * g.stride_c;
    if (x.residual) x.residual += index * g.stride_c;
    if (x.mask) x.mask += index * g.stride_c;
    return x;
  };
  if (g.batch >= wanted) {
    const Range all_cols{0, whole.n}, depth{0, whole.k};
    parallel_for(g.batch, ceil_div(g.batch, wanted), [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) {
        Product x = matrix(index);
        x.panels = g.packed;
        float* blocks = !sums       ? nullptr
                        : one_block ? g.sums + index * g.n
                                    : scratch(sums_floats, kPartials);
        x.sums = blocks;
        const int64_t step = ceil_div(x.m, ceil_div(x.m, kBlockRows));
        for (int64_t i = 0; i < x.m; i += step) {
          run_block(x, {i, smaller(i + step, x.m)}, all_cols, depth);
          x.sums = nullptr;  // are there
        }
        if (sums) finish_sums(blocks, g.k, g.n, g.sums + index * g.n);
      }
    });
    return;
  }
  const Cut cut = cut_of(whole, ceil_div(wanted, g.batch), g.batch);
  const int64_t elements = g.m * g.n;
  const int64_t partial_floats = cut.depths > 1 ? cut.depths * elements * g.batch : 0;
  float* blocks = scratch(partial_floats + sums_floats * g.batch, kPartials);
  float* partials = cut.depths > 1 ? blocks : nullptr;
  blocks = one_block ? g.sums : blocks + partial_floats;
  const float* panels = g.packed;
  if (!panels && shares_panels(g, whole, cut)) {
    float* shared = scratch(panel_floats(whole), kSharedPanels);
    Product x = whole;
    if (sums) x.sums = blocks;
    pack_panels(x, shared);
    panels = shared;
  }
  parallel_for(g.batch * cut.tasks(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t index = task / cut.tasks();
      int64_t rest = task % cut.tasks();
      Product x = matrix(index);
      x.panels = panels;
      const Range r = piece(x.m, cut.row_step, rest % cut.rows);
      if (sums && r.begin == 0) x.sums = blocks + index * sums_floats;
      rest /= cut.rows;
      const Range q = piece(x.n, cut.col_step, rest % cut.cols);
      rest /= cut.cols;
      const Range depth = piece(x.k, cut.depth_step, rest);
      if (partials) {
        x.c = partials + (index * cut.depths + rest) * elements;
        x.ldc = g.n;
        x.alpha = 1;
        x.accumulate = x.relu = false;
        x.bias = x.residual = x.mask = nullptr;
      }
      run_block(x, r, q, depth);
    }
  });
  if (partials) add_partials(g, partials, cut.depths);
  for (int64_t index = 0; sums && index < g.batch; ++index) {
    finish_sums(blocks + index * sums_floats, g.k, g.n, g.sums + index * g.n);
  }
}

void fill_gemm(KernelTable& table) {
  table.gemm = gemm_f32;
  table.gemm_packing = gemm_packing;
  table.gemm_pack = gemm_pack;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
