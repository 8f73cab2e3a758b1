// Layer and RMS normalization over the rows of a matrix, and their gradients.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_sums.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

struct SquaredDeviation {
  const float* x;
  Vec mean;
  NACRE_INLINE Vec operator()(int64_t i) const {
    const Vec d = load(x + i) - mean;
    return d * d;
  }
  NACRE_INLINE Vec operator()(int64_t i, int64_t n) const {
    const Vec d = keep_first(load_partial(x + i, n) - mean, n, 0.0f);
    return d * d;
  }
};

// An operand that may be missing.
NACRE_INLINE Vec load_or(const float* p, int64_t i, int64_t n, float missing) {
  if (p == nullptr) return missing;
  return n >= kLanes ? load(p + i) : load_partial(p + i, n);
}

// kCentered: the mean is subtracted (layer normalization), else not (RMS normalization).
template <bool kCentered>
NACRE_INLINE void normalize_rows(const float* x, const float* gamma, const float* beta, float* y,
                                 float* mean, float* rstd, int64_t begin, int64_t end, int64_t cols,
                                 float epsilon) {
  for (int64_t r = begin; r < end; ++r) {
    const float* row = x + r * cols;
    float* out = y + r * cols;
    float m = 0.0f;
    if constexpr (kCentered) {
      m = static_cast<float>(
          sum_row(row, cols, [](Vec v) __attribute__((always_inline)) { return v; }) / cols);
      mean[r] = m;
    }
    const double variance = sum_terms(cols, SquaredDeviation{row, m}) / cols;
    const float inverse = static_cast<float>(1.0 / __builtin_sqrt(variance + epsilon));
    rstd[r] = inverse;
    const Vec center = m, scale = inverse;
    for (int64_t i = 0; i < cols; i += kLanes) {
      const int64_t n = cols - i;
      const Vec normal = (load_up_to(row + i, n) - center) * scale;
      const Vec v = fma(normal, load_or(gamma, i, n, 1.0f), load_or(beta, i, n, 0.0f));
      store_up_to(out + i, v, n);
    }
  }
}

void layer_norm(const float* x, const float* gamma, const float* beta, float* y, float* mean,
                float* rstd, int64_t begin, int64_t end, int64_t cols, float epsilon) {
  if (mean != nullptr) {
    normalize_rows<true>(x, gamma, beta, y, mean, rstd, begin, end, cols, epsilon);
  } else {
    normalize_rows<false>(x, gamma, beta, y, mean, rstd, begin, end, cols, epsilon);
  }
}

// The sums over a row of h and of h * normal, h = g * gamma.
struct GradientSums {
  double h, weighted;
};
NACRE_INLINE GradientSums gradient_sums(const float* x, const float* g, const float* gamma,
                                        Vec mean, Vec rstd, int64_t cols) {
  GradientSums sums{0, 0};
  for (int64_t start = 0; start < cols; start += 32 * kLanes) {
    const int64_t stop = cols - start < 32 * kLanes ? cols : start + 32 * kLanes;
    Vec a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
    int64_t i = start;
    for (; i + 2 * kLanes <= stop; i += 2 * kLanes) {
      const Vec h = load(g + i) * load_or(gamma, i, kLanes, 1.0f);
      const Vec k = load(g + i + kLanes) * load_or(gamma, i + kLanes, kLanes, 1.0f);
      a += h;
      b += k;
      c = fma(h, (load(x + i) - mean) * rstd, c);
      d = fma(k, (load(x + i + kLanes) - mean) * rstd, d);
    }
    for (; i < stop; i += kLanes) {
      const int64_t n = stop - i;
      const Vec h = load_up_to(g + i, n) * load_or(gamma, i, n, 1.0f);  // 0 beyond n
      a += n >= kLanes ? h : keep_first(h, n, 0.0f);
      const Vec weighted = h * ((load_up_to(x + i, n) - mean) * rstd);
      c += n >= kLanes ? weighted : keep_first(weighted, n, 0.0f);
    }
    sums.h += sum_of(a + b);
    sums.weighted += sum_of(c + d);
  }
  return sums;
}

void layer_norm_grad(const float* x, const float* gamma, const float* mean, const float* rstd,
                     const float* g, float* dx, float* dgamma, float* dbeta, int64_t begin,
                     int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const float *row = x + r * cols, *grad = g + r * cols;
    const Vec center = mean != nullptr ? mean[r] : 0.0f, scale = rstd[r];
    const GradientSums sums = gradient_sums(row, grad, gamma, center, scale, cols);
    const Vec mean_h = mean != nullptr ? static_cast<float>(sums.h / cols) : 0.0f;
    const Vec mean_hn = static_cast<float>(sums.weighted / cols);
    for (int64_t i = 0; i < cols; i += kLanes) {
      const int64_t n = cols - i;
      const Vec normal = (load_up_to(row + i, n) - center) * scale, v = load_up_to(grad + i, n);
      const Vec h = v * load_or(gamma, i, n, 1.0f);
      store_up_to(dx + r * cols + i, scale * (h - mean_h - normal * mean_hn), n);
      if (dgamma != nullptr) {
        store_up_to(dgamma + i, fma(v, normal, load_up_to(dgamma + i, n)), n);
      }
      if (dbeta != nullptr) store_up_to(dbeta + i, v + load_up_to(dbeta + i, n), n);
    }
  }
}

}  // namespace

void fill_layer_norm(KernelTable& table) {
  table.layer_norm = layer_norm;
  table.layer_norm_grad = layer_norm_grad;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
