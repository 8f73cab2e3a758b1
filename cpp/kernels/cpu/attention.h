// What attention and its gradient share: blocks of heads, and the scores of one row.
#pragma once

#include "kernels/cpu/micro_kernel.h"
#include "kernels/cpu/philox_lanes.h"
#include "kernels/cpu/row_sums.h"
#include "simd/math.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kKeyBlock = 64;  // keys whose scores are held at a time
// The score of a key that is not seen; finite, so that a row of nothing else is an even mean.
constexpr float kUnseen = -0.7f * 3.40282347e+38f;

// c (rows x cols, whole vectors) = or += a b over k products.
inline void multiply_block(const float* a, int64_t lda, ALayout layout, const float* b, int64_t ldb,
                           float* c, int64_t ldc, int64_t rows, int64_t cols, int64_t k,
                           bool accumulate) {
  const Segment segment{0, 0, k};
  Tile tile{};
  tile.a = a;
  tile.lda = lda;
  tile.ldb = ldb;
  tile.ldc = ldc;
  tile.segments = &segment;
  tile.num_segments = 1;
  tile.alpha = 1;
  tile.accumulate = accumulate;
  for (int64_t j = 0; j < cols; j += tile.cols) {
    const int64_t left = cols - j;
    const int vecs = rows <= kWideRows && left >= kWideVecs * kLanes ? kWideVecs
                     : left >= 2 * kLanes                            ? 2
                                                                     : 1;
    tile.cols = vecs * kLanes;
    tile.b = b + j;
    tile.c = c + j;
    run_tiles(tile, layout, vecs, rows);
  }
}

// Rows of a matrix, `ld` floats apart.
struct RowsOf {
  const float* at;
  int64_t ld;
};
// Rows readable by whole vectors up to round_up(cols, kLanes), zeros beyond cols: where they lie,
// or copied where they end within a vector or compete for cache sets (rows a multiple of 1 KB
// apart).
inline RowsOf whole_rows(const float* src, int64_t ld, int64_t rows, int64_t cols, float* scratch) {
  const int64_t width = round_up(cols, kLanes);
  if (cols == width && ld % 256 != 0) return {src, ld};
  pack_panel(src, ld, rows, cols, width, scratch);
  return {scratch, width};
}

// result[i] = the sum (or maximum) of the lanes of rows[i], i < count; rows is overwritten.
template <class Combine>
NACRE_INLINE Vec fold_rows(FloatVector* rows, int64_t count, Combine combine) {
  if (count <= 3) {  // few: not worth transposing
    Vec result = 0.0f;
    for (int64_t i = 0; i < count; ++i) result.v[i] = fold(Vec(rows[i]), combine);
    return result;
  }
  transpose_lanes(rows);
#pragma GCC unroll 16
  for (int step = 1; step < kLanes; step *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i + step < kLanes; i += 2 * step) {
      rows[i] = combine(Vec(rows[i]), Vec(rows[i + step])).v;
    }
  }
  return rows[0];
}
struct LargerLanes {  // ignores NaN in the first operand
  NACRE_INLINE Vec operator()(Vec a, Vec b) const { return max(a, b); }
};

// The keys that query t sees by its position: [first, end).
struct Span {
  int64_t first, end;
};
NACRE_INLINE Span seen_by(const AttentionArgs& a, int64_t t) {
  Span span{0, a.keys};
  if (a.causal) span.end = smaller(span.end, t + 1);
  if (a.window > 0) {
    span.first = larger(span.first, t - a.window + 1);
    span.end = smaller(span.end, t + a.window);
  }
  return span;
}
// By any of the queries [t0, t1), t0 < t1.
NACRE_INLINE Span seen_by(const AttentionArgs& a, int64_t t0, int64_t t1) {
  return {seen_by(a, t0).first, seen_by(a, t1 - 1).end};
}

// Whether the mask hides all of keys [key, key + n) from query t.
NACRE_INLINE bool is_hidden(const AttentionArgs& a, int64_t b, int64_t h, int64_t t, int64_t key,
                            int64_t n) {
  if (!a.mask) return false;
  const uint8_t* mask = a.mask + b * a.mask_at[0] + h * a.mask_at[1] + t * a.mask_at[2];
  if (a.mask_at[3] == 0) return *mask == 0;
  uint8_t seen = 0;
  for (int64_t j = key; j < key + n; ++j) seen |= mask[j];
  return seen == 0;
}
// The same from all queries, for a mask of keys only (padding).
NACRE_INLINE bool is_padding(const AttentionArgs& a, int64_t b, int64_t key, int64_t n) {
  return a.mask && a.mask_at[1] == 0 && a.mask_at[2] == 0 && is_hidden(a, b, 0, 0, key, n);
}

// One row of scores against the keys from `key` on.
struct ScoreRow {
  float scale;
  Span span;            // counted from `key`
  const uint8_t* mask;  // at `key`, or null
  const float* bias;
  int64_t mask_step, bias_step;  // 0 or 1

  NACRE_INLINE ScoreRow(const AttentionArgs& a, int64_t b, int64_t h, int64_t t, int64_t key)
      : scale(a.scale), span(seen_by(a, t)), mask(nullptr), bias(nullptr) {
    span.first -= key;
    span.end -= key;
    mask_step = a.mask_at[3];
    bias_step = a.bias_at[3];
    if (a.mask) {
      mask = a.mask + b * a.mask_at[0] + h * a.mask_at[1] + t * a.mask_at[2] + key * mask_step;
    }
    if (a.bias) {
      bias = a.bias + b * a.bias_at[0] + h * a.bias_at[1] + t * a.bias_at[2] + key * bias_step;
    }
  }

  // Whether only positions hide keys and nothing is added.
  NACRE_INLINE bool is_plain() const { return !mask && !bias; }

  // The scores from the products of queries and keys j..., of which n are left.
  NACRE_INLINE Vec operator()(Vec products, int64_t j, int64_t n) const {
    Vec s = products * Vec(scale);
    if (bias) s += bias_step ? load_up_to(bias + j, n) : Vec(*bias);
    const VecI at = lane_numbers() + VecI(static_cast<int32_t>(j));
    Mask seen = VecI(static_cast<int32_t>(span.end)) > at;
    if (span.first > 0) seen = seen & ~(VecI(static_cast<int32_t>(span.first)) > at);
    if (mask) {
      if (mask_step) {
        const VecI bytes = n >= kLanes ? load_bytes(mask + j) : load_bytes_partial(mask + j, n);
        seen = seen & (bytes > VecI(0));
      } else if (*mask == 0) {
        return kUnseen;
      }
    }
    return select(seen, s, Vec(kUnseen));
  }
};

// Which weights of a row dropout keeps.
struct DropoutRow {
  int32_t words[kKeyBlock + kLanes];
  VecI threshold;
  Vec scale;

  NACRE_INLINE explicit DropoutRow(const AttentionArgs& a)
      : threshold(static_cast<int32_t>(__builtin_ceilf(a.rate * 0x1p24f)) - 1),
        scale(1.0f / (1.0f - a.rate)) {}
  // For n <= kKeyBlock keys from `key` on.
  NACRE_INLINE void draw(const AttentionArgs& a, int64_t b, int64_t h, int64_t t, int64_t key,
                         int64_t n) {
    const int64_t begin = ((b * a.heads + h) * a.queries + t) * a.keys + key;
    philox_words(a.seed, 0, begin, begin + n, words);
  }
  NACRE_INLINE Vec operator()(Vec weights, int64_t j) const {
    const Mask keep = shift_right_logical<8>(load(words + j)) > threshold;
    return select(keep, weights * scale, Vec(0.0f));
  }
};

// Takes pieces of one allocation; sizes in floats, each aligned to a vector.
struct Pieces {
  float* at;
  NACRE_INLINE float* take(int64_t floats) {
    float* piece = at;
    at += round_up(floats, 16);
    return piece;
  }
};

NACRE_INLINE const float* head(const float* p, const HeadStrides& at, int64_t b, int64_t h,
                               int64_t row) {
  return p + b * at.batch + h * at.head + row * at.row;
}
NACRE_INLINE float* head(float* p, const HeadStrides& at, int64_t b, int64_t h, int64_t row) {
  return p + b * at.batch + h * at.head + row * at.row;
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
