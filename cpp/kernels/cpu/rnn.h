// What the recurrent kernels share: the packed recurrent weights, the state of some rows, a step's
// product.
//
// A chunk of the batch runs through all steps on one thread: its state stays in that thread's cache
// and no step waits for another thread. Rows do not depend on each other, so neither do bits on the
// chunks. A step multiplies the state by panels of the weights, one a gate, of the same columns
// (the tiles of micro_kernel.h), and the gates follow while the products are in L1.
#pragma once

#include "kernels/cpu/micro_kernel.h"
#include "nacre/base/parallel.h"
#include "simd/math.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

void lstm_f32(const RecurrentArgs& args);
void lstm_grad_f32(const RecurrentArgs& args);
void gru_f32(const RecurrentArgs& args);
void gru_grad_f32(const RecurrentArgs& args);
void simple_rnn_f32(const RecurrentArgs& args);
void simple_rnn_grad_f32(const RecurrentArgs& args);

namespace {

// Rows of a chunk: fewer read the weights too often, more leave threads idle. Weights that leave
// the L2 cache are read for more rows at once.
NACRE_INLINE int64_t chunk_rows(const RecurrentArgs& args, int64_t gates) {
  constexpr int64_t kCachedWeights = int64_t{1} << 18;
  return gates * args.units * args.units <= kCachedWeights ? 8 : 16;
}

enum RnnSlot { kRnnWeights, kRnnState };  // of thread_scratch

NACRE_INLINE Vec load_units(const float* p, int64_t count) {
  return count >= kLanes ? load(p) : load_partial(p, count);
}
NACRE_INLINE void store_units(float* p, Vec v, int64_t count) {
  count >= kLanes ? store(p, v) : store_partial(p, v, count);
}
NACRE_INLINE Vec load_optional(const float* p, int64_t at, int64_t count) {
  return p ? load_units(p + at, count) : Vec(0.0f);
}

// A matrix (k x n, or its transpose as stored) in panels of `width` columns, zero beyond n.
struct Panels {
  const float* data;
  int64_t k, width;
  int vecs;
  const float* panel(int64_t index) const { return data + index * k * width; }
};

// How many vectors wide the panels for chunks of this many rows are.
NACRE_INLINE int panel_vecs(int64_t batch) {
  return batch <= kWideRows ? kWideVecs : 2;
}

NACRE_INLINE int64_t panel_count(int64_t n, int vecs) {
  return ceil_div(n, vecs * kLanes);
}

// Columns [column, column + n) of src (k x ld).
NACRE_INLINE void pack(const float* src, int64_t ld, int64_t k, int64_t column, int64_t n,
                       int64_t width, float* dst) {
  for (int64_t j = 0; j < n; j += width, dst += k * width) {
    pack_panel(src + column + j, ld, k, smaller(width, n - j), width, dst);
  }
}

// The transpose of columns [column, column + k) of src (n x ld).
NACRE_INLINE void pack_transposed(const float* src, int64_t ld, int64_t k, int64_t column,
                                  int64_t n, int64_t width, float* dst) {
  for (int64_t j = 0; j < n; j += width, dst += k * width) {
    pack_panel_transposed(src + j * ld + column, ld, k, smaller(width, n - j), width, dst);
  }
}

// c (rows x width, row stride ldc) = or += a (rows x k) times one panel.
NACRE_INLINE void multiply(const float* a, int64_t lda, const float* panel, int64_t k, int vecs,
                           float* c, int64_t ldc, int64_t rows, bool accumulate) {
  const Segment segment{0, 0, k};
  Tile tile{};
  tile.a = a;
  tile.lda = lda;
  tile.b = panel;
  tile.ldb = tile.cols = vecs * kLanes;
  tile.c = c;
  tile.ldc = ldc;
  tile.segments = &segment;
  tile.num_segments = 1;
  tile.alpha = 1;
  tile.accumulate = accumulate;
  run_tiles(tile, ALayout::kRows, vecs, rows);
}

// Panels of which a chunk's products with all gates stay in L1.
NACRE_INLINE int64_t panels_at_once(int64_t gates, int64_t rows, int64_t panels, int64_t width) {
  constexpr int64_t kFloats = 4096;
  return smaller(larger(kFloats / (gates * rows * width), 1), panels);
}

// The row stride of a chunk's state: whole panels fit, and rows do not compete for cache sets.
NACRE_INLINE int64_t state_stride(int64_t n, int64_t width) {
  return round_up(n, width) + kLanes;
}

NACRE_INLINE void prefetch(const float* p) {
  __builtin_prefetch(p);
}
NACRE_INLINE void prefetch_for_write(float* p) {
  __builtin_prefetch(p, 1);
}
NACRE_INLINE void copy_floats(float* dst, const float* src, int64_t n) {
  __builtin_memcpy(dst, src, static_cast<size_t>(n) * sizeof(float));
}
NACRE_INLINE void clear_floats(float* dst, int64_t n) {
  __builtin_memset(dst, 0, static_cast<size_t>(n) * sizeof(float));
}

// Where step s of the recurrence reads and writes.
struct Steps {
  const RecurrentArgs& args;
  // The place of step s of sample b in arrays that follow the input's order.
  NACRE_INLINE int64_t input(int64_t b, int64_t s) const {
    return b * args.steps + (args.backwards ? args.steps - 1 - s : s);
  }
  // From a row of `size` to that of the step that runs next, forward (s + 1) and in a gradient
  // (s - 1); 0 at the end.
  NACRE_INLINE int64_t offset_ahead(int64_t size, int64_t s) const {
    return s + 1 == args.steps ? 0 : args.backwards ? -size : size;
  }
  NACRE_INLINE int64_t offset_behind(int64_t size, int64_t s) const {
    return s == 0 ? 0 : args.backwards ? size : -size;
  }
  NACRE_INLINE const float* row_ahead(const float* row, int64_t size, int64_t s) const {
    return row + offset_ahead(size, s);
  }
  NACRE_INLINE const float* row_behind(const float* row, int64_t size, int64_t s) const {
    return row + offset_behind(size, s);
  }
  // And in arrays in the order of the steps.
  NACRE_INLINE int64_t output(int64_t b, int64_t s) const { return b * args.steps + s; }
  NACRE_INLINE bool counts(int64_t b, int64_t s) const {
    return !args.mask || args.mask[input(b, s)];
  }
  // The state before step s.
  NACRE_INLINE const float* before(const float* states, const float* first, int64_t b,
                                   int64_t s) const {
    return s > 0 ? states + output(b, s - 1) * args.units : first + b * args.units;
  }
};

template <class Body>
void each_chunk(const RecurrentArgs& args, int64_t gates, Body body) {
  parallel_for(args.batch, chunk_rows(args, gates),
               [&](int64_t begin, int64_t end) { body(begin, end - begin); });
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
