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

  // The queries as rows: where they lie if they are of one head.
  RowsOf queries() const {
    const int64_t count = rows.end - rows.begin;
    if (group == 1 && a.q_at.row % 256 != 0) {
      return {head(a.q, a.q_at, rows.batch, rows.kv_head, rows.begin), a.q_at.row};
    }
    for (int64_t r = rows.begin; r < rows.end;) {
      const int64_t t = r % a.queries, n = smaller(a.queries - t, rows.end - r);
      pack_panel(head(a.q, a.q_at, rows.batch, head_of(r), t), a.q_at.row, n, a.key_size, key_ld,
                 q + (r - rows.begin) * key_ld);
      r += n;
    }
    return {q, count == 0 ? 0 : key_ld};
  }

  // The scores of one row from its products with n keys, in place, and the largest of each lane.
  NACRE_INLINE Vec score_row(int64_t row, float* s, int64_t key, int64_t n) const {
    const ScoreRow score(a, rows.batch, head_of(row), row % a.queries, key);
    Vec high = -kInf;
    if (score.is_plain()) {
      const int64_t first = larger(score.span.first, 0), end = smaller(score.span.end, n);
      for (int64_t j = 0; j < n; j += kLanes) {
        Vec v = load(s + j) * Vec(score.scale);
        if (end - j < kLanes) v = end > j ? keep_first(v, end - j, kUnseen) : Vec(kUnseen);
        if (first > j) v = first - j < kLanes ? keep_last(v, first - j) : Vec(kUnseen);
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
    return high;
  }
  // kUnseen in the first n lanes.
  NACRE_INLINE static Vec keep_last(Vec v, int64_t n) { return keep_first(Vec(kUnseen), n, v); }

  // Turns products of rows [row, row + count), count <= kLanes, with n keys (`ld` apart) into
  // weights relative to each row's largest score so far.
  NACRE_INLINE void soften(int64_t row, int64_t count, float* s, int64_t ld, int64_t key, int64_t n,
                           DropoutRow& dropout) {
    const int64_t at = row - rows.begin;
    FloatVector lanes[kLanes];
    for (int64_t i = 0; i < count; ++i) lanes[i] = score_row(row + i, s + i * ld, key, n).v;
    for (int64_t i = count; i < kLanes; ++i) lanes[i] = FloatVector{};
    const Vec now = fold_rows(lanes, count, LargerLanes{}), before = load(top + at);
    const Vec largest = max(now, before);
    if (any(before != largest) && key > 0) shrink(at, count, before, largest);
    store_up_to(top + at, largest, count);
    // A row of -inf has no largest score to subtract: its weights are 0 so far.
    float offset[kLanes];
    store(offset, select(largest == Vec(-kInf), Vec(0.0f), largest));
    for (int64_t i = 0; i < count; ++i) {
      float* p = s + i * ld;
      const Vec high = offset[i];
      Vec sum = 0.0f;
      int64_t j = 0;
      for (; j + kLanes <= n; j += kLanes) {
        const Vec w = exp(load(p + j) - high);
        sum += w;
        store(p + j, w);
      }
      if (j < n) {
        const Vec w = keep_first(exp(load(p + j) - high), n - j, 0.0f);
        sum += w;
        store(p + j, w);
      }
      lanes[i] = sum.v;
    }
    for (int64_t i = count; i < kLanes; ++i) lanes[i] = FloatVector{};
    float sums_of[kLanes];
    store(sums_of, fold_rows(lanes, count, AddLanes{}));
    for (int64_t i = 0; i < count; ++i) total[at + i] += static_cast<double>(sums_of[i]);
    if (a.rate > 0) {
      for (int64_t i = 0; i < count; ++i) {
        dropout.draw(a, rows.batch, head_of(row + i), (row + i) % a.queries, key, n);
        float* p = s + i * ld;
        for (int64_t j = 0; j < n; j += kLanes) store(p + j, dropout(load(p + j), j));
      }
    }
  }

  // What was summed relative to the scores `before`, relative to `largest`.
  NACRE_INLINE void shrink(int64_t at, int64_t count, Vec before, Vec largest) {
    float factors[kLanes];
    store(factors, select(before == Vec(-kInf), Vec(0.0f), exp(before - largest)));
    for (int64_t i = 0; i < count; ++i) {
      if (total[at + i] == 0 || factors[i] == 1) continue;
      total[at + i] *= static_cast<double>(factors[i]);
      float* sum = sums + (at + i) * value_ld;
      const Vec factor = factors[i];
      for (int64_t j = 0; j < value_ld; j += kLanes) store(sum + j, load(sum + j) * factor);
    }
  }

  // Notes keys that a row does not see and that are skipped.
  NACRE_INLINE void hide(int64_t row) {
    float& high = top[row - rows.begin];
    if (high == -kInf) high = kUnseen;
  }

  // Rows of a few queries against keys [key, key + n), read in place.
  NACRE_FULL_VECTORS void few(const RowsOf& query, int64_t key, int64_t n, DropoutRow& dropout) {
    const float* k = head(a.k, a.k_at, rows.batch, rows.kv_head, key);
    const RowsOf v = whole_rows(head(a.v, a.v_at, rows.batch, rows.kv_head, key), a.v_at.row, n,
                                a.value_size, values);
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
      tile.b = query.at + (r - rows.begin) * query.ld;
      tile.c = scores;
      tile.ldc = 1;
      tile.segments = &segment;
      tile.num_segments = 1;
      tile.cols = 1;
      tile.alpha = 1;
      run_dots(tile, query.ld, n);
      soften(r, 1, scores, kKeyBlock, key, n, dropout);
      multiply_block(scores, kKeyBlock, ALayout::kRows, v.at, v.ld,
                     sums + (r - rows.begin) * value_ld, value_ld, 1, value_ld, n, true);
    }
  }

  // The same for many queries, in blocks of as many rows as a vector has lanes.
  NACRE_FULL_VECTORS void many(const RowsOf& query, int64_t key, int64_t n, DropoutRow& dropout) {
    if (is_padding(a, rows.batch, key, n)) {
      for (int64_t r = rows.begin; r < rows.end; ++r) hide(r);
      return;
    }
    RowsOf v{};
    const int64_t width = round_up(n, kLanes);
    for (int64_t r = rows.begin; r < rows.end; r += kLanes) {
      const int64_t height = smaller(kLanes, rows.end - r);
      const Span span = seen(r, r + height);
      if (span.end <= key || span.first >= key + n) continue;
      if (!v.at) {
        pack_panel_transposed(head(a.k, a.k_at, rows.batch, rows.kv_head, key), a.k_at.row,
                              a.key_size, n, width, keys);
        v = whole_rows(head(a.v, a.v_at, rows.batch, rows.kv_head, key), a.v_at.row, n,
                       a.value_size, values);
      }
      const int64_t seen_keys = smaller(n, span.end - key);
      multiply_block(query.at + (r - rows.begin) * query.ld, query.ld, ALayout::kRows, keys, width,
                     scores, kKeyBlock, height, round_up(seen_keys, kLanes), a.key_size, false);
      soften(r, height, scores, kKeyBlock, key, seen_keys, dropout);
      multiply_block(scores, kKeyBlock, ALayout::kRows, v.at, v.ld,
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

  NACRE_INLINE void begin() {
    const int64_t count = rows.end - rows.begin;
    for (int64_t i = 0; i < count; ++i) {
      top[i] = -kInf;
      total[i] = 0;
    }
    for (int64_t i = 0; i < count * value_ld; i += kLanes) store(sums + i, Vec(0.0f));
  }

  NACRE_FULL_VECTORS void run() {
    const RowsOf query = queries();
    begin();
    DropoutRow dropout(a);
    const Span span = seen(rows.begin, rows.end);
    for (int64_t key = span.first / kKeyBlock * kKeyBlock; key < span.end; key += kKeyBlock) {
      many(query, key, smaller(kKeyBlock, a.keys - key), dropout);
    }
    for (int64_t r = rows.begin; r < rows.end; ++r) finish_row(r, dropout);
  }

  // The few rows of each key head in [first, end), all heads of a block of keys before the next
  // block: neighbouring heads lie side by side.
  NACRE_FULL_VECTORS void run_few(int64_t batch, int64_t first, int64_t end) {
    const int64_t count = group * a.queries;
    float *all_sums = sums, *all_top = top;
    double* all_total = total;
    const auto select_head = [&](int64_t h) {
      rows = {batch, h, 0, count};
      sums = all_sums + (h - first) * count * value_ld;
      top = all_top + (h - first) * count;
      total = all_total + (h - first) * count;
    };
    for (int64_t h = first; h < end; ++h) {
      select_head(h);
      begin();
    }
    DropoutRow dropout(a);
    const Span span = seen(0, count);
    for (int64_t key = span.first / kKeyBlock * kKeyBlock; key < span.end; key += kKeyBlock) {
      const int64_t n = smaller(smaller(kKeyBlock, a.keys - key), span.end - key);
      for (int64_t h = first; h < end; ++h) {
        select_head(h);
        few(queries(), key, n, dropout);
      }
    }
    for (int64_t h = first; h < end; ++h) {
      select_head(h);
      for (int64_t r = 0; r < count; ++r) finish_row(r, dropout);
    }
    sums = all_sums;
    top = all_top;
    total = all_total;
  }
};

NACRE_FULL_VECTORS void attention(const AttentionArgs& a) {
  const int64_t group = a.heads / a.kv_heads;
  const int64_t rows = group * a.queries;
  if (a.batch * rows * a.value_size == 0) return;
  const bool few = rows <= kFewRows;
  const int64_t blocks = ceil_div(rows, kQueryBlock), step = ceil_div(rows, blocks);
  const double work = static_cast<double>(step) * static_cast<double>(a.keys) *
                      static_cast<double>(a.key_size + a.value_size);
  const int64_t together = larger(static_cast<int64_t>(kTaskWork / (work + 1)), 1);
  // Few rows: a task has several key heads of one batch entry; else blocks of rows of a head.
  const int64_t heads = few ? smaller(together, a.kv_heads) : 1;
  const int64_t parts = few ? ceil_div(a.kv_heads, heads) : a.kv_heads * blocks;
  const int64_t grain = few ? larger(together / a.kv_heads, 1) : together;
  parallel_for(a.batch * parts, grain, [&](int64_t begin, int64_t end) {
    const int64_t key_ld = round_up(a.key_size, kLanes);
    const int64_t value_ld = round_up(a.value_size, kLanes);
    const int64_t held = step * heads;
    const int64_t floats = step * key_ld + held * (value_ld + 4) + kKeyBlock * (key_ld + value_ld) +
                           kLanes * kKeyBlock + kLanes + 8 * 16;
    Pieces pieces{
        static_cast<float*>(thread_scratch(static_cast<size_t>(floats) * sizeof(float), 0))};
    ForwardTask task{a, {}, group, key_ld, value_ld, {}, {}, {}, {}, {}, {}, {}};
    task.total = reinterpret_cast<double*>(pieces.take(2 * held));
    task.top = pieces.take(held + kLanes);  // read by whole vectors
    task.q = pieces.take(step * key_ld);
    task.sums = pieces.take(held * value_ld);
    task.keys = pieces.take(kKeyBlock * key_ld);
    task.values = pieces.take(kKeyBlock * value_ld);
    task.scores = pieces.take(kLanes * kKeyBlock);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t batch = i / parts, part = i % parts;
      if (few) {
        task.run_few(batch, part * heads, smaller(a.kv_heads, (part + 1) * heads));
        continue;
      }
      const int64_t block = part % blocks;
      task.rows = {batch, part / blocks, block * step, smaller(rows, (block + 1) * step)};
      task.run();
    }
  });
}

}  // namespace

void fill_attention(KernelTable& table) {
  table.attention = attention;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
