// Softmax and its logarithm over the rows of a matrix, and their gradients.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/softmax_row.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

void softmax(const float* x, float* y, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) softmax_row(x + r * cols, y + r * cols, cols, 1.0f);
}

void log_softmax(const float* x, float* y, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const float* row = x + r * cols;
    const float top = row_max(row, cols);
    const Vec high = top, log_total = log_sum_exp_above(row, cols, top);
    map_row(
        row, y + r * cols,
        cols, [=](Vec v) __attribute__((always_inline)) { return (v - high) - log_total; });
  }
}

void softmax_grad(const float* y, const float* g, float* dx, int64_t begin, int64_t end,
                  int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const float *row = y + r * cols, *grad = g + r * cols;
    const Vec dot = static_cast<float>(sum_row(
        row, grad, cols, [](Vec a, Vec b) __attribute__((always_inline)) { return a * b; }));
    map_row(
        row, grad, dx + r * cols,
        cols, [=](Vec a, Vec b) __attribute__((always_inline)) { return a * (b - dot); });
  }
}

void log_softmax_grad(const float* y, const float* g, float* dx, int64_t begin, int64_t end,
                      int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const float *row = y + r * cols, *grad = g + r * cols;
    const Vec total = static_cast<float>(
        sum_row(grad, cols, [](Vec a) __attribute__((always_inline)) { return a; }));
    map_row(
        row, grad, dx + r * cols,
        cols, [=](Vec a, Vec b) __attribute__((always_inline)) { return b - exp(a) * total; });
  }
}

}  // namespace

void fill_softmax(KernelTable& table) {
  table.softmax = softmax;
  table.log_softmax = log_softmax;
  table.softmax_grad = softmax_grad;
  table.log_softmax_grad = log_softmax_grad;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
