// Normalization kernels for any floating type: rows (layer norm) and columns (batch norm).
#pragma once

#include <cmath>
#include <cstdint>

namespace nacre::reference {

// A null mean: nothing is subtracted (RMS normalization).
template <class T>
void ref_layer_norm(const T* x, const T* gamma, const T* beta, T* y, T* mean, T* rstd,
                    int64_t begin, int64_t end, int64_t cols, double epsilon) {
  for (int64_t r = begin; r < end; ++r) {
    const T* row = x + r * cols;
    double sum = 0;
    for (int64_t i = 0; mean && i < cols; ++i) sum += row[i];
    const double m = sum / static_cast<double>(cols);
    double squares = 0;
    for (int64_t i = 0; i < cols; ++i) squares += (row[i] - m) * (row[i] - m);
    const double s = 1 / std::sqrt(squares / static_cast<double>(cols) + epsilon);
    if (mean) mean[r] = static_cast<T>(m);
    rstd[r] = static_cast<T>(s);
    for (int64_t i = 0; i < cols; ++i) {
      double v = (row[i] - m) * s;
      if (gamma) v *= gamma[i];
      if (beta) v += beta[i];
      y[r * cols + i] = static_cast<T>(v);
    }
  }
}

template <class T>
void ref_layer_norm_grad(const T* x, const T* gamma, const T* mean, const T* rstd, const T* g,
                         T* dx, T* dgamma, T* dbeta, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const T* row = x + r * cols;
    const T* grad = g + r * cols;
    const double m = mean ? mean[r] : 0.0, s = rstd[r];
    double sum = 0, dot = 0;
    for (int64_t i = 0; i < cols; ++i) {
      const double normal = (row[i] - m) * s;
      const double scaled = gamma ? grad[i] * static_cast<double>(gamma[i]) : grad[i];
      if (mean) sum += scaled;
      dot += scaled * normal;
      if (dgamma) dgamma[i] += static_cast<T>(grad[i] * normal);
      if (dbeta) dbeta[i] += grad[i];
    }
    const double n = static_cast<double>(cols);
    for (int64_t i = 0; i < cols; ++i) {
      const double normal = (row[i] - m) * s;
      const double scaled = gamma ? grad[i] * static_cast<double>(gamma[i]) : grad[i];
      dx[r * cols + i] = static_cast<T>(s * (scaled - sum / n - normal * dot / n));
    }
  }
}

template <class T>
void ref_column_moments(const T* x, const T* shift, double* sum, double* sum_squares, int64_t begin,
                        int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    for (int64_t i = 0; i < cols; ++i) {
      const double deviation = static_cast<double>(x[r * cols + i]) - shift[i];
      sum[i] += x[r * cols + i];
      sum_squares[i] += deviation * deviation;
    }
  }
}

template <class T>
void ref_column_affine(const T* x, const T* scale, const T* offset, const T* residual, bool relu,
                       T* y, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    for (int64_t i = 0; i < cols; ++i) {
      T v = x[r * cols + i] * scale[i] + offset[i];
      if (residual) v = v + residual[r * cols + i];
      y[r * cols + i] = relu && v < T(0) ? T(0) : v;
    }
  }
}

template <class T>
void ref_column_grad_sums(const T* x, const T* g, const T* mean, double* sum_g, double* sum_gx,
                          int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    for (int64_t i = 0; i < cols; ++i) {
      const double grad = g[r * cols + i];
      sum_g[i] += grad;
      sum_gx[i] += grad * (static_cast<double>(x[r * cols + i]) - mean[i]);
    }
  }
}

template <class T>
void ref_column_grad(const T* x, const T* g, const T* mean, const T* by_x, const T* by_g,
                     const T* constant, T* dx, int64_t begin, int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    for (int64_t i = 0; i < cols; ++i) {
      dx[r * cols + i] =
          (x[r * cols + i] - mean[i]) * by_x[i] + g[r * cols + i] * by_g[i] + constant[i];
    }
  }
}

}  // namespace nacre::reference
