// Means of errors and losses: regression, margins, cross-entropies.
#include "nacre/nn/loss.h"
#include "nacre/nn/metric.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class MeanSquaredError final : public MeanMetricWrapper {
 public:
  MeanSquaredError() { name_ = "mean_squared_error"; }
  std::string_view class_name() const override { return "MeanSquaredError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_squared_error(y_true, y_pred);
  }
};

class RootMeanSquaredError final : public Mean {
 public:
  RootMeanSquaredError() { name_ = "root_mean_squared_error"; }
  std::string_view class_name() const override { return "RootMeanSquaredError"; }
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override {
    Tensor t = y_true, p = y_pred;
    losses::match("root_mean_squared_error", t, p);
    add(ops::square(p - t), sample_weight);
  }
  Tensor result() override { return ops::sqrt(Mean::result()); }
};

class MeanAbsoluteError final : public MeanMetricWrapper {
 public:
  MeanAbsoluteError() { name_ = "mean_absolute_error"; }
  std::string_view class_name() const override { return "MeanAbsoluteError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_absolute_error(y_true, y_pred);
  }
};

class MeanAbsolutePercentageError final : public MeanMetricWrapper {
 public:
  MeanAbsolutePercentageError() { name_ = "mean_absolute_percentage_error"; }
  std::string_view class_name() const override { return "MeanAbsolutePercentageError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_absolute_percentage_error(y_true, y_pred);
  }
};

class MeanSquaredLogarithmicError final : public MeanMetricWrapper {
 public:
  MeanSquaredLogarithmicError() { name_ = "mean_squared_logarithmic_error"; }
  std::string_view class_name() const override { return "MeanSquaredLogarithmicError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_squared_logarithmic_error(y_true, y_pred);
  }
};

class LogCoshError final : public MeanMetricWrapper {
 public:
  LogCoshError() { name_ = "logcosh"; }
  std::string_view class_name() const override { return "LogCoshError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::log_cosh(y_true, y_pred);
  }
};

// The cosine itself: 1 for the same direction.
class CosineSimilarity final : public MeanMetricWrapper {
 public:
  CosineSimilarity() { name_ = "cosine_similarity"; }
  NACRE_CONFIG(CosineSimilarity, MeanMetricWrapper, axis)
  int64_t axis = -1;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return -losses::cosine_similarity(y_true, y_pred, axis);
  }
};

class Hinge final : public MeanMetricWrapper {
 public:
  Hinge() { name_ = "hinge"; }
  std::string_view class_name() const override { return "Hinge"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::hinge(y_true, y_pred);
  }
};

class SquaredHinge final : public MeanMetricWrapper {
 public:
  SquaredHinge() { name_ = "squared_hinge"; }
  std::string_view class_name() const override { return "SquaredHinge"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::squared_hinge(y_true, y_pred);
  }
};

class CategoricalHinge final : public MeanMetricWrapper {
 public:
  CategoricalHinge() { name_ = "categorical_hinge"; }
  std::string_view class_name() const override { return "CategoricalHinge"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::categorical_hinge(y_true, y_pred);
  }
};

class KLDivergence final : public MeanMetricWrapper {
 public:
  KLDivergence() { name_ = "kl_divergence"; }
  std::string_view class_name() const override { return "KLDivergence"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::kl_divergence(y_true, y_pred);
  }
};

class Poisson final : public MeanMetricWrapper {
 public:
  Poisson() { name_ = "poisson"; }
  std::string_view class_name() const override { return "Poisson"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::poisson(y_true, y_pred);
  }
};

class BinaryCrossentropy final : public MeanMetricWrapper {
 public:
  BinaryCrossentropy() { name_ = "binary_crossentropy"; }
  NACRE_CONFIG(BinaryCrossentropy, MeanMetricWrapper, from_logits, label_smoothing)
  bool from_logits = false;
  double label_smoothing = 0;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::binary_crossentropy(y_true, y_pred, {from_logits, label_smoothing, -1});
  }
};

class CategoricalCrossentropy final : public MeanMetricWrapper {
 public:
  CategoricalCrossentropy() { name_ = "categorical_crossentropy"; }
  NACRE_CONFIG(CategoricalCrossentropy, MeanMetricWrapper, from_logits, label_smoothing, axis)
  bool from_logits = false;
  double label_smoothing = 0;
  int64_t axis = -1;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::categorical_crossentropy(y_true, y_pred, {from_logits, label_smoothing, axis});
  }
};

class SparseCategoricalCrossentropy final : public MeanMetricWrapper {
 public:
  SparseCategoricalCrossentropy() { name_ = "sparse_categorical_crossentropy"; }
  NACRE_CONFIG(SparseCategoricalCrossentropy, MeanMetricWrapper, from_logits, ignore_class, axis)
  bool from_logits = false;
  std::optional<int64_t> ignore_class;
  int64_t axis = -1;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::sparse_categorical_crossentropy(y_true, y_pred, from_logits, ignore_class, axis);
  }
};

}  // namespace

void register_error_metrics() {
  register_class<MeanSquaredError>();
  register_class<RootMeanSquaredError>();
  register_class<MeanAbsoluteError>();
  register_class<MeanAbsolutePercentageError>();
  register_class<MeanSquaredLogarithmicError>();
  register_class<LogCoshError>();
  register_class<CosineSimilarity>();
  register_class<Hinge>();
  register_class<SquaredHinge>();
  register_class<CategoricalHinge>();
  register_class<KLDivergence>();
  register_class<Poisson>();
  register_class<BinaryCrossentropy>();
  register_class<CategoricalCrossentropy>();
  register_class<SparseCategoricalCrossentropy>();
}

}  // namespace nacre
