// Per-column statistics and affine maps of a (rows x cols) matrix: batch normalization with the
// channels last. Sums: float32 within 64 rows, double across.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_sums.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int64_t kTile = 512;     // columns whose accumulators stay in L1
constexpr int64_t kRowBlock = 64;  // rows added in float32 before double

// Calls pair(row, column, n, first, second) for every vector of columns; what it returns in `first`
// and `second` is summed per column and added to sum_first and sum_second.
template <class Pair>
NACRE_INLINE void sum_column_pairs(double* sum_first, double* sum_second, int64_t begin,
                                   int64_t end, int64_t cols, const Pair& pair) {
  float first[kTile], second[kTile];
  for (int64_t start = 0; start < cols; start += kTile) {
    const int64_t width = cols - start < kTile ? cols - start : kTile;
    for (int64_t block = begin; block < end; block += kRowBlock) {
      const int64_t stop = end - block < kRowBlock ? end : block + kRowBlock;
      __builtin_memset(first, 0, static_cast<size_t>(width) * sizeof(float));
      __builtin_memset(second, 0, static_cast<size_t>(width) * sizeof(float));
      int64_t r = block;
      for (; r + 4 <= stop; r += 4) {
        for (int64_t i = 0; i < width; i += kLanes) {
          const int64_t n = width - i;
          Vec p[4], q[4];
          for (int k = 0; k < 4; ++k) pair(r + k, start + i, n, p[k], q[k]);
          store_up_to(first + i, load_up_to(first + i, n) + ((p[0] + p[1]) + (p[2] + p[3])), n);
          store_up_to(second + i, load_up_to(second + i, n) + ((q[0] + q[1]) + (q[2] + q[3])), n);
        }
      }
      for (; r < stop; ++r) {
        for (int64_t i = 0; i < width; i += kLanes) {
          const int64_t n = width - i;
          Vec p, q;
          pair(r, start + i, n, p, q);
          store_up_to(first + i, load_up_to(first + i, n) + p, n);
          store_up_to(second + i, load_up_to(second + i, n) + q, n);
        }
      }
      for (int64_t i = 0; i < width; ++i) sum_first[start + i] += static_cast<double>(first[i]);
      for (int64_t i = 0; i < width; ++i) sum_second[start + i] += static_cast<double>(second[i]);
    }
  }
}

void column_moments(const float* x, const float* shift, double* sum, double* sum_squares,
                    int64_t begin, int64_t end, int64_t cols) {
  const auto deviation = [=](int64_t r, int64_t c, int64_t n, Vec & d, Vec & square)
      __attribute__((always_inline)) {
    d = load_up_to(x + r * cols + c, n) - load_up_to(shift + c, n);
    square = d * d;
  };
  sum_column_pairs(sum, sum_squares, begin, end, cols, deviation);
  // The deviations were summed, which loses less than summing x.
  const double rows = static_cast<double>(end - begin);
  for (int64_t i = 0; i < cols; ++i) sum[i] += rows * static_cast<double>(shift[i]);
}

void column_grad_sums(const float* x, const float* g, const float* mean, double* sum_g,
                      double* sum_gx, int64_t begin, int64_t end, int64_t cols) {
  const auto products = [=](int64_t r, int64_t c, int64_t n, Vec & grad, Vec & product)
      __attribute__((always_inline)) {
    grad = load_up_to(g + r * cols + c, n);
    product = grad * (load_up_to(x + r * cols + c, n) - load_up_to(mean + c, n));
  };
  sum_column_pairs(sum_g, sum_gx, begin, end, cols, products);
}

// Calls step(r * cols + c, c, lanes) for every vector of rows [begin, end): step is made once a
// column of vectors, with its coefficients in registers, where a row is few vectors.
constexpr int64_t kFewVectors = 4;

template <class MakeStep>
NACRE_INLINE void walk_columns(int64_t begin, int64_t end, int64_t cols, const MakeStep& make) {
  if (cols <= kLanes) {
    const auto step = make(int64_t{0}, cols);
    if (cols == kLanes) {
      for (int64_t r = begin; r < end; ++r) step(r * cols, kLanes);
    } else {
      for (int64_t r = begin; r < end; ++r) step(r * cols, cols);
    }
    return;
  }
  if (cols <= kFewVectors * kLanes) {
    // A block of rows stays in L1 while its columns are walked.
    constexpr int64_t kRows = 64;
    for (int64_t block = begin; block < end; block += kRows) {
      const int64_t stop = end - block < kRows ? end : block + kRows;
      for (int64_t c = 0; c < cols; c += kLanes) {
        const int64_t lanes = cols - c < kLanes ? cols - c : kLanes;
        const auto step = make(c, lanes);
        if (lanes == kLanes) {
          for (int64_t r = block; r < stop; ++r) step(r * cols + c, kLanes);
        } else {
          for (int64_t r = block; r < stop; ++r) step(r * cols + c, lanes);
        }
      }
    }
    return;
  }
  for (int64_t r = begin; r < end; ++r) {
    int64_t c = 0;
    for (; c + kLanes <= cols; c += kLanes) make(c, kLanes)(r * cols + c, kLanes);
    if (c < cols) make(c, cols - c)(r * cols + c, cols - c);
  }
}

template <bool kResidual, bool kRelu>
void affine_rows(const float* x, const float* scale, const float* offset, const float* residual,
                 float* y, int64_t begin, int64_t end, int64_t cols) {
  walk_columns(
      begin, end, cols, [=](int64_t c, int64_t n) __attribute__((always_inline)) {
        const Vec a = load_up_to(scale + c, n), b = load_up_to(offset + c, n);
        return [=](int64_t at, int64_t lanes) __attribute__((always_inline)) {
          Vec v = fma(load_up_to(x + at, lanes), a, b);
          if (kResidual) v += load_up_to(residual + at, lanes);
          if (kRelu) v = max(0.0f, v);  // keeps NaN
          store_up_to(y + at, v, lanes);
        };
      });
}

void column_affine(const float* x, const float* scale, const float* offset, const float* residual,
                   bool relu, float* y, int64_t begin, int64_t end, int64_t cols) {
  const auto rows = residual ? (relu ? affine_rows<true, true> : affine_rows<true, false>)
                             : (relu ? affine_rows<false, true> : affine_rows<false, false>);
  rows(x, scale, offset, residual, y, begin, end, cols);
}

void column_grad(const float* x, const float* g, const float* mean, const float* by_x,
                 const float* by_g, const float* constant, float* dx, int64_t begin, int64_t end,
                 int64_t cols) {
  walk_columns(
      begin, end, cols, [=](int64_t c, int64_t n) __attribute__((always_inline)) {
        const Vec m = load_up_to(mean + c, n), a = load_up_to(by_x + c, n);
        const Vec b = load_up_to(by_g + c, n), d = load_up_to(constant + c, n);
        return [=](int64_t at, int64_t lanes) __attribute__((always_inline)) {
          const Vec line = fma(load_up_to(x + at, lanes) - m, a, d);
          store_up_to(dx + at, fma(load_up_to(g + at, lanes), b, line), lanes);
        };
      });
}

}  // namespace

void fill_batch_norm(KernelTable& table) {
  table.column_moments = column_moments;
  table.column_affine = column_affine;
  table.column_grad_sums = column_grad_sums;
  table.column_grad = column_grad;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
