// Matrix times vector. Every element of the matrix is read once, so this is bound by memory: long
// sequential streams, several at a time.
#include "kernels/cpu/gemm.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int kStreams = 8;
constexpr int64_t kChunk = 2048;              // floats of y that stay in L1
constexpr int64_t kTaskElements = 128 << 10;  // of the matrix: about 5 us from L3
constexpr int64_t kMaxTasks = 16;             // of one vector

// y[j] (+)= sum_s x[s] * rows[s * ld + j] for j < n.
template <bool kAdd>
NACRE_FULL_VECTORS void add_rows(const float* rows, int64_t ld, const float* x, int count, float* y,
                                 int64_t n) {
  int64_t j = 0;
  if (count == kStreams) {
    Vec factor[kStreams];
#pragma GCC unroll 8
    for (int s = 0; s < kStreams; ++s) factor[s] = Vec(x[s]);
    for (; j + kLanes <= n; j += kLanes) {
      Vec sum = factor[0] * load(rows + j);
#pragma GCC unroll 8
      for (int s = 1; s < kStreams; ++s) sum = fma(factor[s], load(rows + s * ld + j), sum);
      if (kAdd) sum += load(y + j);
      store(y + j, sum);
    }
  }
  for (; j < n; j += kLanes) {
    const int64_t lanes = smaller(n - j, kLanes);
    Vec sum = kAdd ? load_partial(y + j, lanes) : Vec(0.0f);
    for (int s = 0; s < count; ++s)
      sum = fma(Vec(x[s]), load_partial(rows + s * ld + j, lanes), sum);
    store_partial(y + j, sum, lanes);
  }
}

// y (cols) = x (rows) times the matrix (rows x cols).
void multiply_columns(const float* matrix, int64_t ld, int64_t rows, int64_t cols, const float* x,
                      float* y) {
  for (int64_t j = 0; j < cols; j += kChunk) {
    const int64_t n = smaller(kChunk, cols - j);
    if (rows == 0) add_rows<false>(matrix, ld, x, 0, y + j, n);
    for (int64_t i = 0; i < rows; i += kStreams) {
      const int count = static_cast<int>(smaller(kStreams, rows - i));
      (i == 0 ? add_rows<false> : add_rows<true>)(matrix + i * ld + j, ld, x + i, count, y + j, n);
    }
  }
}

// y[s] = the dot product of row s and x, for kRows rows at once.
template <int kRows>
NACRE_FULL_VECTORS void dot_rows(const float* rows, int64_t ld, const float* x, int64_t n,
                                 float* y) {
  constexpr int kParts = kRows == 1 ? 4 : 2;  // accumulators of a row, to hide the latency of FMA
  Vec sum[kRows * kParts];
#pragma GCC unroll 16
  for (int i = 0; i < kRows * kParts; ++i) sum[i] = Vec(0.0f);
  int64_t j = 0;
  for (; j + kParts * kLanes <= n; j += kParts * kLanes) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const Vec factor = load(x + j + p * kLanes);
#pragma GCC unroll 8
      for (int s = 0; s < kRows; ++s)
        sum[s * kParts + p] =
            fma(factor, load(rows + s * ld + j + p * kLanes), sum[s * kParts + p]);
    }
  }
  for (; j < n; j += kLanes) {
    const int64_t lanes = smaller(n - j, kLanes);
    const Vec factor = load_partial(x + j, lanes);
#pragma GCC unroll 8
    for (int s = 0; s < kRows; ++s)
      sum[s * kParts] = fma(factor, load_partial(rows + s * ld + j, lanes), sum[s * kParts]);
  }
#pragma GCC unroll 8
  for (int s = 0; s < kRows; ++s) {
    Vec total = sum[s * kParts];
#pragma GCC unroll 4
    for (int p = 1; p < kParts; ++p) total += sum[s * kParts + p];
    y[s] = sum_of(total);
  }
}

// y (rows) = the matrix (rows x cols) times x (cols).
void multiply_rows(const float* matrix, int64_t ld, int64_t rows, int64_t cols, const float* x,
                   float* y) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) dot_rows<4>(matrix + i * ld, ld, x, cols, y + i);
  for (; i < rows; ++i) dot_rows<1>(matrix + i * ld, ld, x, cols, y + i);
}

}  // namespace

void gemv_f32(const GemmArgs& g) {
  const bool row = g.m == 1;  // C is one row: y = op(B)^T x; else one column: y = op(A) x
  const bool by_columns = row ? !g.trans_b : g.trans_a;  // x, not y, walks the rows of the matrix
  const int64_t ld = row ? g.ldb : g.lda;
  const int64_t length = row ? g.n : g.m;
  const int64_t x_step = row ? (g.trans_a ? g.lda : 1) : (g.trans_b ? 1 : g.ldb);
  const int64_t y_step = row ? 1 : g.ldc;
  // A task has whole rows of the matrix, which lie one after the other. By columns, each task has
  // a partial y, and these are added in order.
  const int64_t rows = by_columns ? g.k : length;
  const int64_t elements = length * g.k;
  const int64_t wanted = smaller(elements / kTaskElements + 1, kMaxTasks);
  const int64_t step = larger(round_up(ceil_div(rows, wanted), kStreams), 1);
  const int64_t tasks = larger(ceil_div(rows, step), 1), parts = by_columns ? tasks : 1;
  const int64_t floats = round_up(g.k, kLanes) + parts * length;  // x and y of one product
  float* buffers =
      static_cast<float*>(thread_scratch(static_cast<size_t>(g.batch * floats) * sizeof(float), 0));
  const int64_t grain = tasks > 1 ? 1 : larger(kTaskElements / larger(elements, 1), 1);
  for (int64_t index = 0; x_step != 1 && index < g.batch; ++index) {
    const float* x = (row ? g.a : g.b) + index * (row ? g.stride_a : g.stride_b);
    for (int64_t p = 0; p < g.k; ++p) buffers[index * floats + p] = x[p * x_step];
  }
  parallel_for(g.batch * tasks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t index = task / tasks, part = task % tasks;
      const int64_t first = part * step, count = smaller(step, rows - first);
      const float* x = x_step != 1 ? buffers + index * floats
                                   : (row ? g.a : g.b) + index * (row ? g.stride_a : g.stride_b);
      float* y = buffers + index * floats + round_up(g.k, kLanes);
      const float* matrix = (row ? g.b : g.a) + index * (row ? g.stride_b : g.stride_a);
      if (by_columns) {
        multiply_columns(matrix + first * ld, ld, count, length, x + first, y + part * length);
      } else {
        multiply_rows(matrix + first * ld, ld, count, g.k, x, y + first);
      }
    }
  });
  for (int64_t index = 0; index < g.batch; ++index) {
    const float* y = buffers + index * floats + round_up(g.k, kLanes);
    float* c = g.c + index * g.stride_c;
    for (int64_t i = 0; i < length; ++i) {
      float sum = y[i];
      for (int64_t s = 1; s < parts; ++s) sum += y[s * length + i];
      float value = g.alpha * sum;
      const int64_t at = i * y_step, from_first = index * g.stride_c + at;
      if (g.beta != 0) value += c[at];
      if (g.bias) value += g.bias[row ? i : 0];
      c[at] = finish_value(value, g.relu, g.residual ? g.residual + from_first : nullptr,
                           g.mask ? g.mask + from_first : nullptr);
    }
  }
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
