// The area under the ROC or precision-recall curve.
#include <algorithm>

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/metrics/confusion.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class AUC final : public ConfusionMetric {
 public:
  NACRE_CONFIG(AUC, Metric, num_thresholds, curve, summation_method, thresholds, multi_label,
               num_labels, label_weights, from_logits)
  int64_t num_thresholds = 200;
  std::string curve = "ROC";
  std::string summation_method = "interpolation";
  std::optional<FloatList> thresholds;
  bool multi_label = false;
  std::optional<int64_t> num_labels;
  std::optional<FloatList> label_weights;
  bool from_logits = false;

  void validate() override {
    Metric::validate();
    check_names();
    // Slightly below 0 and above 1, so that every probability is decided both ways.
    options_.thresholds = inner_thresholds();
    options_.thresholds.insert(options_.thresholds.begin(), -epsilon());
    options_.thresholds.push_back(1 + epsilon());
    options_.clip = true;
    options_.multi_label = multi_label;
    if (label_weights) {
      const Tensor weights = ops::cast(
          Tensor::from<double>(*label_weights, {static_cast<int64_t>(label_weights->size())}),
          DType::kFloat32);
      (multi_label ? label_weights_ : options_.label_weights) = weights;
    }
    if (!multi_label) {
      make({count_of_thresholds()});
    } else if (num_labels) {
      make({count_of_thresholds(), *num_labels});
    }
  }

  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override {
    if (multi_label) {
      if (y_pred.rank() != 2) {
        value_error("AUC: expected y_pred of rank 2 with multi_label=True, received shape ",
                    y_pred.shape());
      }
      make({count_of_thresholds(), y_pred.shape()[1]});  // once
    }
    ConfusionMetric::update_state(y_true, from_logits ? ops::sigmoid(y_pred) : y_pred,
                                  sample_weight);
  }

  Tensor result() override {
    if (!made_) return ops::zeros({}, dtype());
    const Tensor tp = count(Count::kTruePositives), fp = count(Count::kFalsePositives);
    const Tensor tn = count(Count::kTrueNegatives), fn = count(Count::kFalseNegatives);
    if (curve == "PR" && summation_method == "interpolation")
      return total(precision_recall(tp, fp, fn));
    const Tensor recall = safe_divide(tp, tp + fn);
    const Tensor x = curve == "ROC" ? safe_divide(fp, fp + tn) : recall;
    const Tensor y = curve == "ROC" ? recall : safe_divide(tp, tp + fp);
    const Tensor left = but_last(y), right = but_first(y);
    const Tensor height = summation_method == "minoring"   ? ops::minimum(left, right)
                          : summation_method == "majoring" ? ops::maximum(left, right)
                                                           : (left + right) / 2.0;
    return total((but_last(x) - but_first(x)) * height);
  }

 private:
  void check_names() {
    std::string lower = curve;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower != "roc" && lower != "pr") {
      value_error("AUC: expected curve 'ROC' or 'PR', received '", curve, "'");
    }
    curve = lower == "roc" ? "ROC" : "PR";
    if (summation_method != "interpolation" && summation_method != "minoring" &&
        summation_method != "majoring") {
      value_error(
          "AUC: expected summation_method 'interpolation', 'minoring' or 'majoring', received '",
          summation_method, "'");
    }
  }

  FloatList inner_thresholds() {
    FloatList inner;
    if (thresholds) {
      inner = *thresholds;
      std::sort(inner.begin(), inner.end());
      for (const double t : inner) {
        if (!(t >= 0 && t <= 1)) value_error("AUC: expected thresholds in [0, 1], received ", t);
      }
      num_thresholds = static_cast<int64_t>(inner.size()) + 2;
      return inner;
    }
    if (num_thresholds <= 1) {
      value_error("AUC: expected num_thresholds > 1, received ", num_thresholds);
    }
    inner = even_thresholds(num_thresholds);
    inner.pop_back();
    inner.erase(inner.begin());
    return inner;
  }

  int64_t count_of_thresholds() const { return static_cast<int64_t>(options_.thresholds.size()); }

  void make(const Shape& shape) {
    if (std::exchange(made_, true)) return;
    make_counts({Count::kTruePositives, Count::kFalsePositives, Count::kTrueNegatives,
                 Count::kFalseNegatives},
                shape);
  }

  Tensor but_last(const Tensor& x) const {
    return ops::slice_axis(x, 0, 0, count_of_thresholds() - 1);
  }
  Tensor but_first(const Tensor& x) const {
    return ops::slice_axis(x, 0, 1, count_of_thresholds() - 1);
  }
  // In float64; 0 / 0 is 0.
  static Tensor safe_divide(const Tensor& x, const Tensor& y) {
    const Tensor none = ops::equal(y, ops::scalar(0));
    return ops::where(none, ops::zeros_like(x), x / ops::where(none, ops::ones_like(y), y));
  }

  // Between two thresholds true positives are linear in positives (Davis and Goadrich 2006).
  Tensor precision_recall(const Tensor& tp, const Tensor& fp, const Tensor& fn) const {
    const Tensor steps = but_last(tp) - but_first(tp);
    const Tensor positives = tp + fp;
    const Tensor upper = but_last(positives), lower = but_first(positives);
    const Tensor slope = safe_divide(steps, ops::relu(upper - lower));
    const Tensor intercept = but_first(tp) - slope * lower;
    const Tensor both =
        ops::logical_and(ops::greater(upper, ops::scalar(0)), ops::greater(lower, ops::scalar(0)));
    const Tensor ratio =
        ops::where(both, safe_divide(upper, ops::relu(lower)), ops::ones_like(upper));
    return safe_divide(slope * (steps + intercept * ops::log(ratio)),
                       ops::relu(but_first(tp) + but_first(fn)));
  }

  Tensor total(const Tensor& areas) const {
    if (!multi_label) return ops::cast(ops::sum(areas), dtype());
    const Tensor by_label = ops::sum(areas, IntList{0});
    if (!label_weights_.defined()) return ops::cast(ops::mean(by_label), dtype());
    const Tensor weights = ops::cast(label_weights_, by_label.dtype());
    return divide_no_nan(ops::sum(by_label * weights), ops::sum(weights));
  }

  bool made_ = false;
  Tensor label_weights_;
};

}  // namespace

void register_auc_metric() {
  register_class<AUC>();
}

}  // namespace nacre
