#include "nn/metrics/confusion.h"

#include <limits>

#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/metrics/functions.h"
#include "nn/registry.h"

namespace nacre {

FloatList parse_thresholds(std::string_view metric, const Json& thresholds, double standard) {
  FloatList list;
  if (thresholds.is_null()) {
    list.push_back(standard);
    return list;
  }
  read_field(list, thresholds, "thresholds");
  if (list.empty()) value_error(metric, ": expected at least one threshold");
  for (const double t : list) {
    if (!(t >= 0 && t <= 1)) value_error(metric, ": expected thresholds in [0, 1], received ", t);
  }
  return list;
}

FloatList even_thresholds(int64_t n) {
  FloatList list;
  for (int64_t i = 0; i < n; ++i) {
    list.push_back(static_cast<double>(i) / static_cast<double>(n - 1));
  }
  return list;
}

namespace {

// Minus infinity where a value is not among the k largest of the last axis; of equal ones the first
// count.
Tensor keep_top_k(const Tensor& x, int64_t k) {
  const Tensor ids = metrics::class_ids(x.shape().back());
  const Tensor lowest = ops::scalar(-std::numeric_limits<double>::infinity());
  Tensor rest = x, kept;
  for (int64_t i = 0; i < std::min(k, x.shape().back()); ++i) {
    const Tensor best = ops::equal(ops::argmax(rest, -1, true), ids);
    kept = kept.defined() ? ops::logical_or(kept, best) : best;
    rest = ops::where(best, lowest, rest);
  }
  return ops::where(kept, x, lowest);
}

Tensor pick(const Tensor& x, std::string_view metric, int64_t class_id) {
  const int64_t classes = x.rank() ? x.shape().back() : 0;
  if (class_id < 0 || class_id >= classes) {
    value_error(metric, ": expected class_id from 0 to ", classes - 1, ", received ", class_id);
  }
  return ops::slice_axis(x, -1, class_id, 1);
}

}  // namespace

Tensors count_decisions(std::string_view metric, const ConfusionOptions& options,
                        const std::vector<Count>& kinds, const Tensor& y_true, const Tensor& y_pred,
                        const Tensor& sample_weight) {
  Tensor t = y_true;
  Tensor p = is_floating(y_pred.dtype()) ? y_pred : ops::cast(y_pred, floatx());
  if (p.dtype() != DType::kFloat32 && p.dtype() != DType::kFloat64) {
    p = ops::cast(p, DType::kFloat32);
  }
  losses::match(metric, t, p);
  if (options.top_k) p = keep_top_k(p, *options.top_k);
  if (options.class_id) {
    t = pick(t, metric, *options.class_id);
    p = pick(p, metric, *options.class_id);
  }
  if (options.clip) p = ops::clip(p, 0, 1);
  Tensor positive = ops::cast(ops::not_equal(t, ops::scalar(0)), p.dtype());
  Tensor weight;
  if (sample_weight.defined()) {
    weight = ops::cast(sample_weight, p.dtype());
    while (weight.rank() < p.rank()) weight = ops::expand_dims(weight, -1);
    bool fits = weight.rank() == p.rank();
    for (int i = 0; fits && i < p.rank(); ++i) {
      fits = weight.shape()[i] == p.shape()[i] || weight.shape()[i] == 1;
    }
    if (!fits) {
      value_error(metric, ": expected sample_weight to fit predictions of shape ", p.shape(),
                  ", received ", sample_weight.shape());
    }
  }
  if (options.label_weights.defined()) {
    const Tensor labels = ops::cast(options.label_weights, p.dtype());
    weight = weight.defined() ? weight * labels : labels;
  }
  Tensor negative = 1.0 - positive;
  if (weight.defined()) {
    positive = positive * weight;
    negative = negative * weight;
  }
  // Rows are samples (or samples and labels), columns thresholds.
  const auto num = static_cast<int64_t>(options.thresholds.size());
  const Tensor limits = ops::cast(Tensor::from<double>(options.thresholds, {num}), p.dtype());
  const int64_t labels = options.multi_label && p.rank() > 1 ? p.shape().back() : 1;
  const auto rows = [&](const Tensor& x) { return ops::reshape(x, {-1, labels}); };
  const Tensor decided =
      ops::greater(ops::expand_dims(rows(p), 0), ops::reshape(limits, {num, 1, 1}));  // (T, N, L)
  const Tensor yes = ops::cast(decided, p.dtype());
  const Tensor no = ops::cast(ops::logical_not(decided), p.dtype());
  Tensors counts;
  for (const Count kind : kinds) {
    const bool said_yes = kind == Count::kTruePositives || kind == Count::kFalsePositives;
    const bool is_yes = kind == Count::kTruePositives || kind == Count::kFalseNegatives;
    const Tensor& of = is_yes ? positive : negative;
    Tensor total = ops::sum((said_yes ? yes : no) * ops::expand_dims(rows(of), 0), IntList{1});
    if (!options.multi_label) total = ops::reshape(total, {num});
    counts.push_back(ops::cast(total, DType::kFloat64));
  }
  return counts;
}

void ConfusionMetric::make_counts(std::vector<Count> kinds, const Shape& shape) {
  static constexpr const char* kNames[] = {"true_positives", "false_positives", "true_negatives",
                                           "false_negatives"};
  if (!counts_.empty()) return;
  kinds_ = std::move(kinds);
  for (const Count kind : kinds_) {
    counts_.push_back(add_variable(kNames[static_cast<int>(kind)], shape, DType::kFloat64));
  }
}

void ConfusionMetric::update_state(const Tensor& y_true, const Tensor& y_pred,
                                   const Tensor& sample_weight) {
  const Tensors batch =
      count_decisions(class_name(), options_, kinds_, y_true, y_pred, sample_weight);
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i]->assign(counts_[i]->value() + batch[i]);
}

Tensor ConfusionMetric::count(Count kind) const {
  for (size_t i = 0; i < kinds_.size(); ++i) {
    if (kinds_[i] == kind) return counts_[i]->value();
  }
  runtime_error("a count that the metric does not keep was asked for");
}

Tensor ConfusionMetric::one_or_all(const Tensor& values) const {
  const Tensor all = ops::cast(values, dtype());
  return options_.thresholds.size() == 1 ? ops::reshape(all, {}) : all;
}

namespace {

template <Count kKind>
class CountMetric : public ConfusionMetric {
 public:
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "thresholds", std::tie(thresholds_));
    return all;
  }
  void validate() override {
    Metric::validate();
    options_.thresholds = parse_thresholds(class_name(), thresholds_, 0.5);
    make_counts({kKind}, {static_cast<int64_t>(options_.thresholds.size())});
  }
  Tensor result() override { return one_or_all(count(kKind)); }

 private:
  Json thresholds_;
};

class TruePositives final : public CountMetric<Count::kTruePositives> {
 public:
  std::string_view class_name() const override { return "TruePositives"; }
};
class FalsePositives final : public CountMetric<Count::kFalsePositives> {
 public:
  std::string_view class_name() const override { return "FalsePositives"; }
};
class TrueNegatives final : public CountMetric<Count::kTrueNegatives> {
 public:
  std::string_view class_name() const override { return "TrueNegatives"; }
};
class FalseNegatives final : public CountMetric<Count::kFalseNegatives> {
 public:
  std::string_view class_name() const override { return "FalseNegatives"; }
};

// True positives among what is positive by decision (precision) or in truth (recall).
template <Count kOther>
class RateMetric : public ConfusionMetric {
 public:
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "thresholds, top_k, class_id",
                          std::tie(thresholds_, options_.top_k, options_.class_id));
    return all;
  }
  void validate() override {
    Metric::validate();
    if (options_.top_k && *options_.top_k < 1) {
      value_error(class_name(), ": expected top_k >= 1 or None, received ", *options_.top_k);
    }
    // Among the top k every class is positive unless a threshold says otherwise.
    options_.thresholds = parse_thresholds(
        class_name(), thresholds_, options_.top_k ? std::numeric_limits<float>::lowest() : 0.5);
    make_counts({Count::kTruePositives, kOther},
                {static_cast<int64_t>(options_.thresholds.size())});
  }
  Tensor result() override {
    const Tensor right = count(Count::kTruePositives);
    return one_or_all(divide_no_nan(right, right + count(kOther)));
  }

 private:
  Json thresholds_;
};

class Precision final : public RateMetric<Count::kFalsePositives> {
 public:
  std::string_view class_name() const override { return "Precision"; }
};
class Recall final : public RateMetric<Count::kFalseNegatives> {
 public:
  std::string_view class_name() const override { return "Recall"; }
};

// The largest of one rate where another reaches a value.
class RateAtRate : public ConfusionMetric {
 public:
  void validate() override {
    Metric::validate();
    if (!(value_ >= 0 && value_ <= 1)) {
      value_error(class_name(), ": expected ", value_name(), " in [0, 1], received ", value_);
    }
    if (num_thresholds_ < 1) {
      value_error(class_name(), ": expected num_thresholds >= 1, received ", num_thresholds_);
    }
    options_.thresholds = num_thresholds_ == 1 ? FloatList{0.5} : even_thresholds(num_thresholds_);
    if (num_thresholds_ > 1) {
      options_.thresholds.front() = -1e-7;  // 0 counts as reached
      options_.clip = true;
    }
    make_counts({Count::kTruePositives, Count::kFalsePositives, Count::kTrueNegatives,
                 Count::kFalseNegatives},
                {num_thresholds_});
  }

 protected:
  virtual std::string_view value_name() const = 0;
  Tensor rate(Count right, Count wrong) const {
    return divide_no_nan(count(right), count(right) + count(wrong));
  }
  Tensor sensitivity() const { return rate(Count::kTruePositives, Count::kFalseNegatives); }
  Tensor specificity() const { return rate(Count::kTrueNegatives, Count::kFalsePositives); }
  Tensor precision() const { return rate(Count::kTruePositives, Count::kFalsePositives); }
  Tensor largest(const Tensor& rate, const Tensor& where_this_reaches) const {
    const Tensor reached = ops::greater_equal(where_this_reaches, ops::scalar(value_));
    return ops::max(ops::where(reached, rate, ops::zeros_like(rate)));
  }

  double value_ = 0.5;
  int64_t num_thresholds_ = 200;
};

class SensitivityAtSpecificity final : public RateAtRate {
 public:
  std::string_view class_name() const override { return "SensitivityAtSpecificity"; }
  std::string_view value_name() const override { return "specificity"; }
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "specificity, num_thresholds, class_id",
                          std::tie(value_, num_thresholds_, options_.class_id));
    return all;
  }
  Tensor result() override { return largest(sensitivity(), specificity()); }
};

class SpecificityAtSensitivity final : public RateAtRate {
 public:
  std::string_view class_name() const override { return "SpecificityAtSensitivity"; }
  std::string_view value_name() const override { return "sensitivity"; }
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "sensitivity, num_thresholds, class_id",
                          std::tie(value_, num_thresholds_, options_.class_id));
    return all;
  }
  Tensor result() override { return largest(specificity(), sensitivity()); }
};

class PrecisionAtRecall final : public RateAtRate {
 public:
  std::string_view class_name() const override { return "PrecisionAtRecall"; }
  std::string_view value_name() const override { return "recall"; }
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "recall, num_thresholds, class_id",
                          std::tie(value_, num_thresholds_, options_.class_id));
    return all;
  }
  Tensor result() override { return largest(precision(), sensitivity()); }
};

class RecallAtPrecision final : public RateAtRate {
 public:
  std::string_view class_name() const override { return "RecallAtPrecision"; }
  std::string_view value_name() const override { return "precision"; }
  std::vector<Field> fields() override {
    std::vector<Field> all = Metric::fields();
    detail::append_fields(all, "precision, num_thresholds, class_id",
                          std::tie(value_, num_thresholds_, options_.class_id));
    return all;
  }
  Tensor result() override { return largest(sensitivity(), precision()); }
};

}  // namespace

void register_confusion_metrics() {
  register_class<TruePositives>();
  register_class<FalsePositives>();
  register_class<TrueNegatives>();
  register_class<FalseNegatives>();
  register_class<Precision>();
  register_class<Recall>();
  register_class<SensitivityAtSpecificity>();
  register_class<SpecificityAtSensitivity>();
  register_class<PrecisionAtRecall>();
  register_class<RecallAtPrecision>();
}

}  // namespace nacre
