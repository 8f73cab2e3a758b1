// Correlation of predictions with targets along an axis.
#include "nacre/nn/loss.h"
#include "nacre/nn/metric.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/metrics/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace metrics {
namespace {

Tensor centered(const Tensor& x, const IntList& axis) {
  return x - ops::mean(x, axis, true);
}

}  // namespace

Tensor pearson_correlation(const Tensor& y_true, const Tensor& y_pred, const IntList& axis) {
  Tensor t = y_true, p = y_pred;
  losses::match("pearson_correlation", t, p);
  t = centered(t, axis);
  p = centered(p, axis);
  return ops::mean(
      t / ops::sqrt(ops::var(t, axis, true)) * (p / ops::sqrt(ops::var(p, axis, true))), axis);
}

Tensor concordance_correlation(const Tensor& y_true, const Tensor& y_pred, const IntList& axis) {
  Tensor t = y_true, p = y_pred;
  losses::match("concordance_correlation", t, p);
  const Tensor t_mean = ops::mean(t, axis, true), p_mean = ops::mean(p, axis, true);
  const Tensor covariance = (t - p_mean) * (p - p_mean);
  const Tensor norm =
      ops::var(t, axis, true) + ops::var(p, axis, true) + ops::square(t_mean - p_mean);
  return ops::mean(2.0 * covariance / (norm + epsilon()), axis);
}

}  // namespace metrics

namespace {

class PearsonCorrelation final : public MeanMetricWrapper {
 public:
  PearsonCorrelation() { name_ = "pearson_correlation"; }
  NACRE_CONFIG(PearsonCorrelation, MeanMetricWrapper, axis)
  IntList axis{-1};
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::pearson_correlation(y_true, y_pred, axis);
  }
};

class ConcordanceCorrelation final : public MeanMetricWrapper {
 public:
  ConcordanceCorrelation() { name_ = "concordance_correlation"; }
  NACRE_CONFIG(ConcordanceCorrelation, MeanMetricWrapper, axis)
  IntList axis{-1};
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::concordance_correlation(y_true, y_pred, axis);
  }
};

}  // namespace

void register_correlation_metrics() {
  register_class<PearsonCorrelation>();
  register_class<ConcordanceCorrelation>();
}

}  // namespace nacre
