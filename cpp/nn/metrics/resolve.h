// Metrics given by name: "accuracy" means the accuracy that fits the targets.
#pragma once

#include "nacre/nn/metric.h"

namespace nacre {

// `item`: a name, a serialized metric or a handle. "accuracy" and "acc" become binary, categorical
// or sparse categorical accuracy by the shapes of targets and outputs, "crossentropy" and "ce"
// likewise.
Ref<Metric> resolve_metric(const Json& item, const TensorSpec& y_true, const TensorSpec& y_pred);

}  // namespace nacre
