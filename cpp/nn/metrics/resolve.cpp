#include "nn/metrics/resolve.h"

#include "nacre/nn/loss.h"

namespace nacre {

Ref<Metric> resolve_metric(const Json& item, const TensorSpec& y_true, const TensorSpec& y_pred) {
  if (item.is_string()) {
    std::string name = item.as_string();
    const bool accuracy = name == "accuracy" || name == "acc";
    if (accuracy || name == "crossentropy" || name == "ce") {
      const bool binary = y_pred.shape.rank() == 0 || y_pred.shape.back() == 1;
      const bool sparse =
          !binary && (y_true.shape.rank() < y_pred.shape.rank() || y_true.shape.back() == 1);
      const std::string kind = binary ? "Binary" : sparse ? "SparseCategorical" : "Categorical";
      auto metric =
          deserialize_as<Metric>("metrics", kind + (accuracy ? "Accuracy" : "Crossentropy"));
      metric->set_name(name);
      return metric;
    }
    // A name may be that of a loss: its mean is the metric.
    if (!ClassRegistry::of("metrics").contains_name(name) &&
        ClassRegistry::of("losses").contains_name(name)) {
      const auto loss = deserialize_as<Loss>("losses", item);
      auto metric = make_ref<FunctionMetric>(
          name, [loss](const Tensor& t, const Tensor& p) { return loss->call(t, p); });
      return metric;
    }
    auto metric = deserialize_as<Metric>("metrics", item);
    metric->set_name(name);
    return metric;
  }
  return deserialize_as<Metric>("metrics", item);
}

}  // namespace nacre
