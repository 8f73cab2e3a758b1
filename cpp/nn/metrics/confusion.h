// Counts of right and wrong decisions at one or several thresholds.
#pragma once

#include <optional>

#include "nacre/nn/metric.h"

namespace nacre {

enum class Count : uint8_t { kTruePositives, kFalsePositives, kTrueNegatives, kFalseNegatives };

// null: {standard}; a number; a list of numbers. ValueError outside [0, 1].
FloatList parse_thresholds(std::string_view metric, const Json& thresholds, double standard);
// n values from 0 to 1.
FloatList even_thresholds(int64_t n);

// Which decisions are counted, and how.
struct ConfusionOptions {
  FloatList thresholds;
  std::optional<int64_t> top_k;     // only the k likeliest classes can be positive
  std::optional<int64_t> class_id;  // only this class counts
  bool multi_label = false;         // one count a label: (thresholds, labels)
  bool clip = false;                // probabilities are brought into [0, 1]
  Tensor label_weights;             // of each label, where labels are counted together
};

// Weighted counts of a batch, (thresholds,) or (thresholds, labels), in float64: exact past 2^24
// samples. One a kind asked for, in their order.
Tensors count_decisions(std::string_view metric, const ConfusionOptions& options,
                        const std::vector<Count>& kinds, const Tensor& y_true, const Tensor& y_pred,
                        const Tensor& sample_weight);

// A metric with some of the four counts as its state.
class ConfusionMetric : public Metric {
 public:
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override;

 protected:
  // Makes the variables, named after the kinds.
  void make_counts(std::vector<Count> kinds, const Shape& shape);
  Tensor count(Count kind) const;
  // A value a threshold, or a scalar where there is one threshold.
  Tensor one_or_all(const Tensor& values) const;

  ConfusionOptions options_;

 private:
  std::vector<Count> kinds_;
  std::vector<VariableRef> counts_;
};

}  // namespace nacre
