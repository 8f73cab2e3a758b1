// Attention without its matrix of weights: blocks of keys go by, and each row keeps the largest
// score seen, the sum of its exponentials and the weighted values (online softmax: Milakov and
// Gimelshein 2018; tiled: Dao et al. 2022). The queries of all heads that share a key head are rows
// of one matrix, so that keys are read once for them.
#include "kernels/cpu/attention.h"

#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kQueryBlock = 128;  // rows of a task
constexpr int64_t kFewRows = 3;       // for so few, keys are read where they lie
constexpr double kTaskWork = 1e6;     // multiply-adds: less is not worth a thread

// The rows [begin, end) of one batch entry and key head: row r is query r % queries of head
// r / queries of the group.
struct Rows {
  int64_t batch, kv_head, begin, end;
};

struct ForwardTask {
  const AttentionArgs& a;
  Rows rows;
  int64_t group, key_ld, value_ld;
  float *q, *keys, *values, *scores, *sums;  // sums: rows x value_ld
  float* top;                                // of each row
  double* total;

  NACRE_INLINE int64_t head_of(int64_t row) const { return rows.kv_head * group + row / a.queries; }

  // The positions of rows [r0, r1) as a range; all of them where the rows are of two heads.
  NACRE_INLINE Span seen(int64_t r0, int64_t r1) const {
    if (r0 / a.queries != (r1 - 1) / a.queries) return seen_by(a, 0, a.queries);
    return seen_by(a, r0 % a.queries, (r1 - 1) % a.queries + 1);
  }

  void gather_queries() {
    for (int64_t r = rows.begin; r < rows.end;) {
      const int64_t t = r % a.queries, n = smaller(a.queries - t, rows.end - r);
      pack_panel(head(a.q, a.q_at, rows.batch, head_of(r), t), a.q_at.row, n, a.key_size, key_ld,
                 q + (r - rows.begin) * key_ld);
      r += n;
    }
  }

  // Turns one row's products with n keys into weights relative to its largest score so far.
  NACRE_INLINE void soften(int64_t row, float* s, int64_t key, int64_t n, DropoutRow& dropout) {
    const int64_t at = row - rows.begin, t = row % a.queries;
    const ScoreRow score(a, rows.batch, head_of(row), t, key);
    Vec high = -kInf;
    if (score.is_plain(n)) {
      for (int64_t j = 0; j < n; j += kLanes) {
        const Vec v = load(s + j) * Vec(score.scale);
        store(s + j, v);
        high = max(n - j >= kLanes ? v : keep_first(v, n - j, -kInf), high);
      }
    } else {
      for (int64_t j = 0; j < n; j += kLanes) {
        const Vec v = score(load(s + j), j, n - j);
        store(s + j, v);
        high = max(n - j >= kLanes ? v : keep_first(v, n - j, -kInf), high);
      }
    }
    const float before = top[at];
    const float now =
        fold(high, [](Vec x, Vec y) __attribute__((always_inline)) { return max(x, y); });
    const float largest = now > before ? now : before;
    if (largest > before) {
      if (total[at] != 0) {
        const Vec shrink = exp(Vec(before - largest));
        total[at] *= static_cast<double>(shrink.v[0]);
        float* sum = sums + at * value_ld;
        for (int64_t j = 0; j < value_ld; j += kLanes) store(sum + j, load(sum + j) * shrink);
      }
      top[at] = largest;
    }
    // A row of -inf has no largest score to subtract: its weights are 0 so far.
    const Vec offset = largest == -kInf ? 0.0f : largest;
    Vec sum = 0.0f;
    for (int64_t j = 0; j < n; j += kLanes) {
      Vec p = exp(load(s + j) - offset);
      if (n - j < kLanes) p = keep_first(p, n - j, 0.0f);
      sum += p;
      store(s + j, p);
    }
    total[at] += static_cast<double>(sum_of(sum));
    if (a.rate > 0) {
      dropout.draw(a, rows.batch, head_of(row), t, key, n);
      for (int64_t j = 0; j < n; j += kLanes) store(s + j, dropout(load(s + j), j));
    }
  }

  // Notes keys that a row does not see and that are skipped.
  NACRE_INLINE void hide(int64_t row) {
    float& high = top[row - rows.begin];
    if (high == -kInf) high = kUnseen;
  }

  // Rows of a few queries against keys [key, key + n), read in place.
  NACRE_FULL_VECTORS void few(int64_t key, int64_t n, DropoutRow& dropout) {
    const float* k = head(a.k, a.k_at, rows.batch, rows.kv_head, key);
    const float* v = head(a.v, a.v_at, rows.batch, rows.kv_head, key);
    int64_t v_ld = a.v_at.row;
    if (a.value_size % kLanes != 0) {
      pack_panel(v, v_ld, n, a.value_size, value_ld, values);
      v = values;
      v_ld = value_ld;
    }
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const Span span = seen(r, r + 1);
      if (span.end <= key || span.first >= key + n) continue;
      if (is_hidden(a, rows.batch, head_of(r), r % a.queries, key, n)) {
        hide(r);
        continue;
      }
      const Segment segment{0, 0, a.key_size};
      Tile tile{};
      tile.a = k;
      tile.lda = a.k_at.row;
      tile.b = q + (r - rows.begin) * key_ld;
      tile.c = scores;
      tile.ldc = 1;
      tile.segments = &segment;
      tile.num_segments = 1;
      tile.cols = 1;
      tile.alpha = 1;
      run_dots(tile, key_ld, n);
      soften(r, scores, key, n, dropout);
      multiply_block(scores, kKeyBlock, ALayout::kRows, v, v_ld, sums + (r - rows.begin) * value_ld,
                     value_ld, 1, value_ld, n, true);
    }
  }

  // The same for many queries, in row blocks that fill the register tile.
  NACRE_FULL_VECTORS void many(int64_t key, int64_t n, DropoutRow& dropout) {
    if (is_padding(a, rows.batch, key, n)) {
      for (int64_t r = rows.begin; r < rows.end; ++r) hide(r);
      return;
    }
    bool packed = false;
    const int64_t width = round_up(n, kLanes);
    for (int64_t r = rows.begin; r < rows.end; r += kMaxRows) {
      const int64_t height = smaller(kMaxRows, rows.end - r);
      const Span span = seen(r, r + height);
      if (span.end <= key || span.first >= key + n) continue;
      if (!packed) {
        pack_panel_transposed(head(a.k, a.k_at, rows.batch, rows.kv_head, key), a.k_at.row,
                              a.key_size, n, width, keys);
        pack_panel(head(a.v, a.v_at, rows.batch, rows.kv_head, key), a.v_at.row, n, a.value_size,
                   value_ld, values);
        packed = true;
      }
      const int64_t seen_keys = smaller(n, span.end - key);
      multiply_block(q + (r - rows.begin) * key_ld, key_ld, ALayout::kRows, keys, width, scores,
                     kKeyBlock, height, round_up(seen_keys, kLanes), a.key_size, false);
      for (int64_t i = 0; i < height; ++i) {
        soften(r + i, scores + i * kKeyBlock, key, seen_keys, dropout);
      }
      multiply_block(scores, kKeyBlock, ALayout::kRows, values, value_ld,
                     sums + (r - rows.begin) * value_ld, value_ld, height, value_ld, seen_keys,
                     true);
    }
  }

  // The mean of all values (with dropout), for a row that sees nothing.
  NACRE_FULL_VECTORS void mean_row(int64_t row, DropoutRow& dropout) {
    float* sum = sums + (row - rows.begin) * value_ld;
    const Vec weight = 1.0f / static_cast<float>(a.keys);
    for (int64_t j = 0; j < value_ld; j += kLanes) store(sum + j, Vec(0.0f));
    for (int64_t key = 0; key < a.keys; key += kKeyBlock) {
      const int64_t n = smaller(kKeyBlock, a.keys - key);
      for (int64_t j = 0; j < n; j += kLanes) store(scores + j, weight);
      if (a.rate > 0) {
        dropout.draw(a, rows.batch, head_of(row), row % a.queries, key, n);
        for (int64_t j = 0; j < n; j += kLanes) store(scores + j, dropout(load(scores + j), j));
      }
      pack_panel(head(a.v, a.v_at, rows.batch, rows.kv_head, key), a.v_at.row, n, a.value_size,
                 value_ld, values);
      multiply_block(scores, kKeyBlock, ALayout::kRows, values, value_ld, sum, value_ld, 1,
                     value_ld, n, true);
    }
  }

  NACRE_FULL_VECTORS void finish_row(int64_t row, DropoutRow& dropout) {
    const int64_t at = row - rows.begin, t = row % a.queries, h = head_of(row);
    const Span span = seen_by(a, t);
    const bool unseen = top[at] == kUnseen || (span.end <= span.first && a.keys > 0);
    Vec factor = static_cast<float>(1.0 / total[at]);
    if (a.keys == 0) factor = 0.0f;
    if (unseen) {
      factor = a.unseen == Unseen::kZero ? 0.0f : 1.0f;
      if (a.unseen != Unseen::kZero) mean_row(row, dropout);
    }
    const float* sum = sums + at * value_ld;
    float* y = head(a.y, a.y_at, rows.batch, h, t);
    for (int64_t j = 0; j < a.value_size; j += kLanes) {
      store_up_to(y + j, load(sum + j) * factor, a.value_size - j);
    }
    if (a.lse) {
      const float log_total = log(Vec(static_cast<float>(total[at]))).v[0];
      a.lse[(rows.batch * a.heads + h) * a.queries + t] = unseen ? kUnseen : top[at] + log_total;
    }
  }

  NACRE_FULL_VECTORS void run() {
    const int64_t count = rows.end - rows.begin;
    gather_queries();
    for (int64_t i = 0; i < count; ++i) {
      top[i] = -kInf;
      total[i] = 0;
    }
    for (int64_t i = 0; i < count * value_ld; i += kLanes) store(sums + i, Vec(0.0f));
    DropoutRow dropout(a);
    const Span span = seen(rows.begin, rows.end);
    for (int64_t key = span.first / kKeyBlock * kKeyBlock; key < span.end; key += kKeyBlock) {
      const int64_t n = smaller(kKeyBlock, a.keys - key);
      if (count <= kFewRows) {
        few(key, smaller(n, span.end - key), dropout);
      } else {
        many(key, n, dropout);
      }
    }
    for (int64_t r = rows.begin; r < rows.end; ++r) finish_row(r, dropout);
  }
};

NACRE_FULL_VECTORS void attention(const AttentionArgs& a) {
  const int64_t group = a.heads / a.kv_heads;
  const int64_t rows = group * a.queries;
  if (a.batch * rows * a.value_size == 0) return;
  const int64_t blocks = ceil_div(rows, kQueryBlock), step = ceil_div(rows, blocks);
  const double work = static_cast<double>(step) * static_cast<double>(a.keys) *
                      static_cast<double>(a.key_size + a.value_size);
  const int64_t grain = larger(static_cast<int64_t>(kTaskWork / (work + 1)), 1);
  parallel_for(a.batch * a.kv_heads * blocks, grain, [&](int64_t begin, int64_t end) {
    const int64_t key_ld = round_up(a.key_size, kLanes);
    const int64_t value_ld = round_up(a.value_size, kLanes);
    const int64_t floats = step * (key_ld + value_ld + 4) + kKeyBlock * (key_ld + value_ld) +
                           kMaxRows * kKeyBlock + 8 * 16;
    Pieces pieces{
        static_cast<float*>(thread_scratch(static_cast<size_t>(floats) * sizeof(float), 0))};
    ForwardTask task{a, {}, group, key_ld, value_ld, {}, {}, {}, {}, {}, {}, {}};
    task.total = reinterpret_cast<double*>(pieces.take(2 * step));
    task.top = pieces.take(step);
    task.q = pieces.take(step * key_ld);
    task.sums = pieces.take(step * value_ld);
    task.keys = pieces.take(kKeyBlock * key_ld);
    task.values = pieces.take(kKeyBlock * value_ld);
    task.scores = pieces.take(kMaxRows * kKeyBlock);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i % blocks, pair = i / blocks;
      task.rows = {pair / a.kv_heads, pair % a.kv_heads, block * step,
                   smaller(rows, (block + 1) * step)};
      task.run();
    }
  });
}

}  // namespace

void fill_attention(KernelTable& table) {
  table.attention = attention;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
