// Layer normalization over the rows of a matrix, and its gradients.
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
void layer_norm(const float* x, const float* gamma, const float* beta, float* y, float* mean,
                float* rstd, int64_t begin, int64_t end, int64_t cols, float epsilon) {
  for (int64_t r = begin; r < end; ++r) {
    const float* row = x + r * cols;
    float* out = y + r * cols;
    const float m = static_cast<float>(
        sum_row(row, cols, [](Vec v) __attribute__((always_inline)) { return v; }) / cols);
    const double variance = sum_terms(cols, SquaredDeviation{row, m}) / cols;
    const float inverse = static_cast<float>(1.0 / __builtin_sqrt(variance + epsilon));
    mean[r] = m;
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

// Sums over the row of h and h * normal, h = g * gamma.
struct GradientTerm {
  const float *x, *g, *gamma;
  Vec mean, rstd;
  bool weighted;  // times normal
  NACRE_INLINE Vec term(int64_t i, int64_t n) const {
    const Vec h = load_up_to(g + i, n) * load_or(gamma, i, n, 1.0f);  // 0 beyond n
    if (!weighted) return h;
    return h * ((load_up_to(x + i, n) - mean) * rstd);
  }
  NACRE_INLINE Vec operator()(int64_t i) const { return term(i, kLanes); }
  NACRE_INLINE Vec operator()(int64_t i, int64_t n) const {
    return keep_first(term(i, n), n, 0.0f);
  }
};

void layer_norm_grad(const float* x, const float* gamma, const float* mean, const float* rstd,
                     const float* g, float* dx, float* dgamma, float* dbeta, int64_t begin,
                     int64_t end, int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const float *row = x + r * cols, *grad = g + r * cols;
    const Vec center = mean[r], scale = rstd[r];
    GradientTerm term{row, grad, gamma, center, scale, false};
    const Vec mean_h = static_cast<float>(sum_terms(cols, term) / cols);
    term.weighted = true;
    const Vec mean_hn = static_cast<float>(sum_terms(cols, term) / cols);
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
