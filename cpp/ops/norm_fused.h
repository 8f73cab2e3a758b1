// Fused normalization ops, for float32 and float64 (narrower types are cast by the callers).
#pragma once

#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"

namespace nacre {

void register_fused_norm_ops(OpRegistry& registry);
void register_fused_rms_norm(OpRegistry& registry);  // in ops/norm_rms.cpp
void register_batch_norm_ops(OpRegistry& registry);  // in ops/batch_norm.cpp

// Layer normalization over the last `axes` axes; gamma and beta are shaped as these, or undefined.
Tensor fused_layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, int64_t axes,
                        double epsilon);
// x / sqrt(mean(x^2) + epsilon) * scale over the last `axes` axes; scale is shaped as these, or
// undefined.
Tensor fused_rms_norm(const Tensor& x, const Tensor& scale, int64_t axes, double epsilon);
// Batch normalization of each index of the last axis by its own statistics.
ops::BatchNormResult fused_batch_norm(const Tensor& x, const Tensor& scale, const Tensor& offset,
                                      double epsilon);

}  // namespace nacre
