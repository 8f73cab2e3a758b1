// The gradient of attention: weights are computed again block by block from the scores and each
// row's log of its sum (Dao et al. 2022). A task has some of the keys of one batch entry and key
// head; where tasks share queries, each has a gradient of q of its own, added in order at the end.
#include "kernels/cpu/attention.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kQueryRows = 32;  // queries of a block: causal blocks end where these see
constexpr int64_t kTasks = 16;      // batch entries times heads that need no parts of keys
constexpr double kTaskWork = 1e6;   // multiply-adds: less is not worth a thread

struct GradTask {
  const AttentionArgs& a;
  int64_t batch, kv_head;
  int64_t key_begin, key_end;
  float* dq;  // of this part of the keys, laid out as q
  int64_t group, key_ld, value_ld;
  float *q, *grad, *keys, *keys_t, *values_t, *dk, *dv, *weights, *dscores;

  // weights and dscores (n wide, kKeyBlock apart) of query t of head h, row i of the block, from
  // the products with keys and values.
  NACRE_INLINE void row_gradients(int64_t h, int64_t t, int64_t i, int64_t key, int64_t n,
                                  const RowsOf& grad_rows, DropoutRow& dropout) {
    const ScoreRow score(a, batch, h, t, key);
    float *p = weights + i * kKeyBlock, *ds = dscores + i * kKeyBlock;
    const float* y = head(a.y, a.y_at, batch, h, t);
    const float* g = grad_rows.at + i * grad_rows.ld;
    Vec dot = 0.0f;
    for (int64_t j = 0; j < a.value_size; j += kLanes) {
      dot = fma(load(g + j), load_up_to(y + j, a.value_size - j), dot);
    }
    const Vec delta = sum_of(dot), scale = a.scale;
    const float lse = a.lse[(batch * a.heads + h) * a.queries + t];
    if (a.rate > 0) dropout.draw(a, batch, h, t, key, n);
    const bool even = lse == kUnseen;
    const bool flows = !even || a.unseen == Unseen::kShift;
    const float weight = !even                       ? 0.0f
                         : a.unseen == Unseen::kZero ? 0.0f
                                                     : 1.0f / static_cast<float>(a.keys);
    if (!even && score.is_plain() && a.rate == 0) {
      const int64_t first = larger(score.span.first, 0), end = smaller(score.span.end, n);
      for (int64_t j = 0; j < n; j += kLanes) {
        Vec w = exp(load(p + j) * scale - Vec(lse));
        if (end - j < kLanes) w = end > j ? keep_first(w, end - j, 0.0f) : Vec(0.0f);
        if (first > j) w = first - j < kLanes ? keep_first(Vec(0.0f), first - j, w) : Vec(0.0f);
        store(p + j, w);
        store(ds + j, w * (load(ds + j) - delta) * scale);
      }
      return;
    }
    for (int64_t j = 0; j < n; j += kLanes) {
      Vec w = weight;
      if (!even) w = exp(score(load(p + j), j, n - j) - Vec(lse));
      if (n - j < kLanes) w = keep_first(w, n - j, 0.0f);
      Vec dw = load(ds + j), kept = w;
      if (a.rate > 0) {
        kept = dropout(w, j);
        dw = dropout(dw, j);
      }
      store(p + j, kept);
      store(ds + j, flows ? w * (dw - delta) * scale : Vec(0.0f));
    }
  }

  // Queries [t, t + rows) of head h against keys [key, key + n).
  NACRE_FULL_VECTORS void block(int64_t h, int64_t t, int64_t rows, int64_t key, int64_t n,
                                int64_t width, const RowsOf& key_rows, DropoutRow& dropout) {
    const RowsOf query =
        whole_rows(head(a.q, a.q_at, batch, h, t), a.q_at.row, rows, a.key_size, q);
    const RowsOf grad_rows =
        whole_rows(head(a.grad, a.y_at, batch, h, t), a.y_at.row, rows, a.value_size, grad);
    const int64_t cols = round_up(n, kLanes);
    multiply_block(query.at, query.ld, ALayout::kRows, keys_t, width, weights, kKeyBlock, rows,
                   cols, a.key_size, false);
    multiply_block(grad_rows.at, grad_rows.ld, ALayout::kRows, values_t, width, dscores, kKeyBlock,
                   rows, cols, a.value_size, false);
    for (int64_t i = 0; i < rows; ++i) row_gradients(h, t + i, i, key, n, grad_rows, dropout);
    multiply_block(weights, kKeyBlock, ALayout::kColumns, grad_rows.at, grad_rows.ld, dv, value_ld,
                   n, value_ld, rows, true);
    multiply_block(dscores, kKeyBlock, ALayout::kColumns, query.at, query.ld, dk, key_ld, n, key_ld,
                   rows, true);
    float* out = head(dq, a.q_at, batch, h, t);
    if (a.key_size == key_ld) {
      multiply_block(dscores, kKeyBlock, ALayout::kRows, key_rows.at, key_rows.ld, out, a.q_at.row,
                     rows, key_ld, n, true);
      return;
    }
    multiply_block(dscores, kKeyBlock, ALayout::kRows, key_rows.at, key_rows.ld, q, key_ld, rows,
                   key_ld, n, false);
    for (int64_t i = 0; i < rows; ++i, out += a.q_at.row) {
      for (int64_t j = 0; j < a.key_size; j += kLanes) {
        const int64_t left = a.key_size - j;
        store_up_to(out + j, load_up_to(out + j, left) + load(q + i * key_ld + j), left);
      }
    }
  }

  // Whether a query of [t, t + rows) has a weight for every key because it sees none.
  NACRE_INLINE bool any_even(int64_t h, int64_t t, int64_t rows) const {
    if (a.unseen == Unseen::kZero) return false;
    const float* lse = a.lse + (batch * a.heads + h) * a.queries + t;
    bool even = false;
    for (int64_t i = 0; i < rows; ++i) even |= lse[i] == kUnseen;
    return even;
  }

  NACRE_FULL_VECTORS void run() {
    for (int64_t h = kv_head * group; h < (kv_head + 1) * group; ++h) {
      for (int64_t t = 0; t < a.queries; ++t) {
        float* row = head(dq, a.q_at, batch, h, t);
        for (int64_t j = 0; j < a.key_size; j += kLanes) {
          store_up_to(row + j, Vec(0.0f), a.key_size - j);
        }
      }
    }
    DropoutRow dropout(a);
    for (int64_t key = key_begin; key < key_end; key += kKeyBlock) {
      const int64_t n = smaller(kKeyBlock, key_end - key), width = round_up(n, kLanes);
      const float* k = head(a.k, a.k_at, batch, kv_head, key);
      const RowsOf key_rows = whole_rows(k, a.k_at.row, n, a.key_size, keys);
      pack_panel_transposed(k, a.k_at.row, a.key_size, n, width, keys_t);
      pack_panel_transposed(head(a.v, a.v_at, batch, kv_head, key), a.v_at.row, a.value_size, n,
                            width, values_t);
      for (int64_t i = 0; i < n * key_ld; i += kLanes) store(dk + i, Vec(0.0f));
      for (int64_t i = 0; i < n * value_ld; i += kLanes) store(dv + i, Vec(0.0f));
      const bool padding = is_padding(a, batch, key, n);
      for (int64_t h = kv_head * group; h < (kv_head + 1) * group; ++h) {
        for (int64_t t = 0; t < a.queries; t += kQueryRows) {
          const int64_t rows = smaller(kQueryRows, a.queries - t);
          Span span = seen_by(a, t, t + rows);
          if (any_even(h, t, rows)) {
            span = {0, a.keys};
          } else if (padding) {
            continue;
          }
          if (span.end <= key || span.first >= key + n) continue;
          block(h, t, rows, key, smaller(n, span.end - key), width, key_rows, dropout);
        }
      }
      store_block(dk, key_ld, a.dk, a.k_at, a.key_size, key, n);
      store_block(dv, value_ld, a.dv, a.v_at, a.value_size, key, n);
    }
  }

  NACRE_INLINE void store_block(const float* src, int64_t ld, float* dst, const HeadStrides& at,
                                int64_t size, int64_t key, int64_t n) const {
    for (int64_t i = 0; i < n; ++i) {
      float* row = head(dst, at, batch, kv_head, key + i);
      for (int64_t j = 0; j < size; j += kLanes) {
        store_up_to(row + j, load(src + i * ld + j), size - j);
      }
    }
  }
};

// dq = the sum of `parts` gradients, in order.
void add_parts(const AttentionArgs& a, const float* partials, int64_t parts, int64_t part_size) {
  parallel_for(a.batch * a.queries, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t h = 0; h < a.heads; ++h) {
        const int64_t b = row / a.queries, t = row % a.queries;
        const float* from = head(partials, a.q_at, b, h, t);
        float* to = head(a.dq, a.q_at, b, h, t);
        for (int64_t j = 0; j < a.key_size; j += kLanes) {
          const int64_t left = a.key_size - j;
          Vec sum = load_up_to(from + j, left);
          for (int64_t p = 1; p < parts; ++p) sum += load_up_to(from + p * part_size + j, left);
          store_up_to(to + j, sum, left);
        }
      }
    }
  });
}

void attention_grad(const AttentionArgs& a) {
  if (a.batch * a.heads == 0) return;
  const int64_t pairs = a.batch * a.kv_heads, group = a.heads / a.kv_heads;
  const int64_t blocks = larger(ceil_div(a.keys, kKeyBlock), 1);
  const int64_t parts = smaller(ceil_div(kTasks, pairs), blocks);
  const int64_t step = ceil_div(blocks, parts) * kKeyBlock;
  const int64_t count = larger(ceil_div(a.keys, step), 1);
  const int64_t part_size = a.batch * a.q_at.batch;
  float* partials = count > 1 ? static_cast<float*>(thread_scratch(
                                    static_cast<size_t>(count * part_size) * sizeof(float), 1))
                              : nullptr;
  const double work = static_cast<double>(group * a.queries) *
                      static_cast<double>(smaller(step, a.keys)) *
                      static_cast<double>(3 * a.key_size + 2 * a.value_size);
  const int64_t grain = larger(static_cast<int64_t>(kTaskWork / (work + 1)), 1);
  parallel_for(pairs * count, grain, [&](int64_t begin, int64_t end) {
    const int64_t key_ld = round_up(a.key_size, kLanes);
    const int64_t value_ld = round_up(a.value_size, kLanes);
    const int64_t floats = kQueryRows * (key_ld + value_ld + 2 * kKeyBlock) +
                           kKeyBlock * (3 * key_ld + 2 * value_ld) + 9 * 16;
    Pieces pieces{
        static_cast<float*>(thread_scratch(static_cast<size_t>(floats) * sizeof(float), 0))};
    GradTask task{a,  0,  0,  0,  0,  nullptr, group, key_ld, value_ld,
                  {}, {}, {}, {}, {}, {},      {},    {},     {}};
    task.q = pieces.take(kQueryRows * key_ld);
    task.grad = pieces.take(kQueryRows * value_ld);
    task.weights = pieces.take(kQueryRows * kKeyBlock);
    task.dscores = pieces.take(kQueryRows * kKeyBlock);
    task.keys = pieces.take(kKeyBlock * key_ld);
    task.keys_t = pieces.take(kKeyBlock * key_ld);
    task.values_t = pieces.take(kKeyBlock * value_ld);
    task.dk = pieces.take(kKeyBlock * key_ld);
    task.dv = pieces.take(kKeyBlock * value_ld);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t part = i % count, pair = i / count;
      task.batch = pair / a.kv_heads;
      task.kv_head = pair % a.kv_heads;
      task.key_begin = part * step;
      task.key_end = smaller(a.keys, (part + 1) * step);
      task.dq = partials ? partials + part * part_size : a.dq;
      task.run();
    }
  });
  if (partials) add_parts(a, partials, count, part_size);
}

}  // namespace

void fill_attention_grad(KernelTable& table) {
  table.attention_grad = attention_grad;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
