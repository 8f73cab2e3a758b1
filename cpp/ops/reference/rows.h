// Row kernels for any floating type: the path of dtypes without a fast kernel, and its oracle.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/reference/scalar.h"

namespace nacre::reference {

// max and log(sum(exp(x - max))) of a row, computed in double.
template <class T>
std::pair<double, double> log_sum_exp(const T* x, int64_t cols) {
  double high = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < cols; ++i) {
    const double v = static_cast<double>(x[i]);
    if (std::isnan(v)) return {v, v};
    high = std::max(high, v);
  }
  double sum = 0;
  for (int64_t i = 0; i < cols; ++i) sum += std::exp(static_cast<double>(x[i]) - high);
  return {high, std::log(sum)};
}

template <class T>
void ref_softmax(const T* x, T* y, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const auto [high, log_sum] = log_sum_exp(x + r * cols, cols);
    for (int64_t i = r * cols; i < (r + 1) * cols; ++i) {
      y[i] = static_cast<T>(std::exp((static_cast<double>(x[i]) - high) - log_sum));
    }
  }
}

template <class T>
void ref_log_softmax(const T* x, T* y, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const auto [high, log_sum] = log_sum_exp(x + r * cols, cols);
    for (int64_t i = r * cols; i < (r + 1) * cols; ++i) {
      y[i] = static_cast<T>((static_cast<double>(x[i]) - high) - log_sum);
    }
  }
}

template <class T>
void ref_softmax_grad(const T* y, const T* g, T* dx, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    double dot = 0;
    for (int64_t i = r * cols; i < (r + 1) * cols; ++i) {
      dot += static_cast<double>(g[i]) * static_cast<double>(y[i]);
    }
    for (int64_t i = r * cols; i < (r + 1) * cols; ++i) {
      dx[i] = static_cast<T>(static_cast<double>(y[i]) * (static_cast<double>(g[i]) - dot));
    }
  }
}

template <class T>
void ref_log_softmax_grad(const T* y, const T* g, T* dx, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    double sum = 0;
    for (int64_t i = r * cols; i < (r + 1) * cols; ++i) sum += static_cast<double>(g[i]);
    for (int64_t i = r * cols; i < (r + 1) * cols; ++i) {
      dx[i] = static_cast<T>(static_cast<double>(g[i]) - std::exp(static_cast<double>(y[i])) * sum);
    }
  }
}

// Martins and Astudillo 2016, algorithm 1: the projection of a row onto the simplex.
template <class T>
void ref_sparsemax(const T* x, T* y, int64_t begin, int64_t end, int64_t cols) {
  std::vector<double> sorted(static_cast<size_t>(cols));
  for (int64_t r = begin; r < end; ++r) {
    const T* row = x + r * cols;
    for (int64_t i = 0; i < cols; ++i) sorted[i] = static_cast<double>(row[i]);
    // NaN has no order to sort by; it spreads over its row as in softmax.
    const bool nan =
        std::any_of(sorted.begin(), sorted.end(), [](double v) { return std::isnan(v); });
    double tau = std::numeric_limits<double>::quiet_NaN();
    if (!nan) {
      std::sort(sorted.begin(), sorted.end(), std::greater<>());
      double sum = 0;
      for (int64_t k = 0; k < cols; ++k) {
        sum += sorted[k];
        if (1 + static_cast<double>(k + 1) * sorted[k] <= sum) break;
        tau = (sum - 1) / static_cast<double>(k + 1);
      }
    }
    for (int64_t i = 0; i < cols; ++i) {
      const double v = static_cast<double>(row[i]) - tau;
      y[r * cols + i] = static_cast<T>(v < 0 ? 0 : v);
    }
  }
}

template <class T>
void ref_sparse_cross_entropy(const T* x, const int32_t* label, T* loss, int64_t begin, int64_t end,
                              int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const auto [high, log_sum] = log_sum_exp(x + r * cols, cols);
    loss[r] = static_cast<T>(log_sum - (static_cast<double>(x[r * cols + label[r]]) - high));
  }
}

template <class T>
void ref_sparse_cross_entropy_grad(const T* x, const int32_t* label, const T* g, T* dx,
                                   int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const auto [high, log_sum] = log_sum_exp(x + r * cols, cols);
    for (int64_t i = 0; i < cols; ++i) {
      const double p = std::exp((static_cast<double>(x[r * cols + i]) - high) - log_sum);
      dx[r * cols + i] = static_cast<T>((p - (i == label[r])) * static_cast<double>(g[r]));
    }
  }
}

}  // namespace nacre::reference
