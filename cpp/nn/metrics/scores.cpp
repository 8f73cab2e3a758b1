// F-scores and the coefficient of determination.
#include "nacre/nn/metric.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

void require_matrices(std::string_view metric, const Tensor& y_true, const Tensor& y_pred) {
  if (y_true.rank() != 2 || !(y_true.shape() == y_pred.shape())) {
    value_error(metric,
                ": expected y_true and y_pred of the same shape (batch, outputs), received ",
                "y_true: ", y_true.shape(), ", y_pred: ", y_pred.shape());
  }
}

class FBetaScore : public Metric {
 public:
  FBetaScore() { name_ = "fbeta_score"; }
  std::string_view class_name() const override { return "FBetaScore"; }
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "average, beta, threshold", std::tie(average, beta, threshold));
    return all;
  }
  std::optional<std::string> average;
  double beta = 1;
  std::optional<double> threshold;

  void validate() override {
    Metric::validate();
    if (average && *average != "micro" && *average != "macro" && *average != "weighted") {
      value_error(class_name(),
                  ": expected average None, 'micro', 'macro' or 'weighted', received '", *average,
                  "'");
    }
    if (!(beta > 0)) value_error(class_name(), ": expected beta > 0, received ", beta);
    if (threshold && !(*threshold > 0 && *threshold <= 1)) {
      value_error(class_name(), ": expected threshold in (0, 1] or None, received ", *threshold);
    }
  }

  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override {
    require_matrices(class_name(), y_true, y_pred);
    if (!right_) {
      const Shape shape = average == "micro" ? Shape{} : Shape{y_pred.shape()[1]};
      right_ = add_variable("true_positives", shape, DType::kFloat64);
      extra_ = add_variable("false_positives", shape, DType::kFloat64);
      missed_ = add_variable("false_negatives", shape, DType::kFloat64);
      support_ = add_variable("intermediate_weights", shape, DType::kFloat64);
    }
    Tensor decided;
    if (threshold) {
      decided = ops::greater(y_pred, ops::scalar(*threshold));
    } else {
      // The largest is the prediction, except in a row of zeros.
      decided = ops::logical_and(ops::greater_equal(y_pred, ops::max(y_pred, IntList{-1}, true)),
                                 ops::greater(ops::abs(y_pred), ops::scalar(1e-9)));
    }
    const Tensor p = ops::cast(decided, DType::kFloat32);
    const Tensor t = ops::cast(y_true, DType::kFloat32);
    const auto add = [&](const VariableRef& variable, const Tensor& values) {
      Tensor v = values;
      if (sample_weight.defined()) {
        Tensor w = ops::cast(sample_weight, v.dtype());
        if (w.rank() == 1) w = ops::expand_dims(w, 1);
        v = v * w;
      }
      const Tensor sum = average == "micro" ? ops::sum(v) : ops::sum(v, IntList{0});
      variable->assign(variable->value() + ops::cast(sum, DType::kFloat64));
    };
    add(right_, p * t);
    add(extra_, p * (1.0 - t));
    add(missed_, (1.0 - p) * t);
    add(support_, t);
  }

  Tensor result() override {
    if (!right_) return ops::zeros({}, dtype());
    const Tensor right = right_->value();
    const Tensor precision = right / (right + extra_->value() + epsilon());
    const Tensor recall = right / (right + missed_->value() + epsilon());
    const double square = beta * beta;
    Tensor score = precision * recall / (square * precision + recall + epsilon()) * (1 + square);
    if (average == "weighted") {
      const Tensor support = support_->value();
      score = ops::sum(score * (support / (ops::sum(support) + epsilon())));
    } else if (average) {
      score = ops::mean(score);
    }
    return ops::cast(score, dtype());
  }

 private:
  VariableRef right_, extra_, missed_, support_;
};

class F1Score final : public FBetaScore {
 public:
  F1Score() { name_ = "f1_score"; }
  std::string_view class_name() const override { return "F1Score"; }
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "average, threshold", std::tie(average, threshold));
    return all;
  }
};

class R2Score final : public Metric {
 public:
  R2Score() { name_ = "r2_score"; }
  NACRE_CONFIG(R2Score, Metric, class_aggregation, num_regressors)
  std::optional<std::string> class_aggregation = "uniform_average";
  int64_t num_regressors = 0;

  void validate() override {
    Metric::validate();
    if (class_aggregation && *class_aggregation != "uniform_average" &&
        *class_aggregation != "variance_weighted_average") {
      value_error(
          "R2Score: expected class_aggregation None, 'uniform_average' or "
          "'variance_weighted_average', received '",
          *class_aggregation, "'");
    }
    if (num_regressors < 0) {
      value_error("R2Score: expected num_regressors >= 0, received ", num_regressors);
    }
  }

  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override {
    require_matrices("R2Score", y_true, y_pred);
    if (!sum_) {
      const Shape shape{y_pred.shape()[1]};
      squares_ = add_variable("squared_sum", shape, DType::kFloat64);
      sum_ = add_variable("sum", shape, DType::kFloat64);
      errors_ = add_variable("residual", shape, DType::kFloat64);
      weight_ = add_variable("count", shape, DType::kFloat64);
      samples_ = add_variable("num_samples", {}, DType::kFloat64);
    }
    // In double: the difference of sums of squares would lose its digits.
    const Tensor t = ops::cast(y_true, DType::kFloat64), p = ops::cast(y_pred, DType::kFloat64);
    Tensor w =
        sample_weight.defined() ? ops::cast(sample_weight, DType::kFloat64) : Tensor::scalar(1.0);
    if (w.rank() == 1) w = ops::expand_dims(w, 1);
    if (!(w.shape() == t.shape())) w = ops::broadcast_to(w, t.shape());
    const auto add = [](const VariableRef& variable, const Tensor& values) {
      variable->assign(variable->value() + ops::sum(values, IntList{0}));
    };
    add(sum_, t * w);
    add(squares_, t * t * w);
    add(errors_, ops::square(t - p) * w);
    add(weight_, w);
    samples_->assign(samples_->value() + static_cast<double>(t.size()));
  }

  Tensor result() override {
    if (!sum_) return ops::zeros({}, dtype());
    const Tensor mean = sum_->value() / weight_->value();
    const Tensor total = squares_->value() - sum_->value() * mean;
    Tensor score = 1.0 - errors_->value() / total;
    score = ops::where(ops::isinf(score), ops::zeros_like(score), score);
    if (class_aggregation == "uniform_average") {
      score = ops::mean(score);
    } else if (class_aggregation) {
      score = ops::sum(total * score) / ops::sum(total);
    }
    if (num_regressors != 0) {
      // Adjusted for the number of predictors, where there are enough samples.
      const Tensor n = samples_->value();
      const Tensor rest = n - static_cast<double>(num_regressors) - 1.0;
      const Tensor adjusted = 1.0 - (1.0 - score) * (n - 1.0) / rest;
      score = ops::where(ops::greater(rest, ops::scalar(0)), adjusted, score);
    }
    return ops::cast(score, dtype());
  }

 private:
  VariableRef squares_, sum_, errors_, weight_, samples_;
};

}  // namespace

void register_score_metrics() {
  register_class<FBetaScore>();
  register_class<F1Score>();
  register_class<R2Score>();
}

}  // namespace nacre
