// Fused optimizer updates: internal ops whose outputs replace their inputs in place in a plan.
#pragma once

#include "nacre/tensor/tensor.h"

namespace nacre::ops {

// {param, m, v} (and v_max when given) after one Adam step; step: finished steps + 1, int64 scalar.
// decay: param *= 1 - decay * learning_rate first.
Tensors adam_update(const Tensor& param, const Tensor& m, const Tensor& v, const Tensor& v_max,
                    const Tensor& grad, const Tensor& learning_rate, const Tensor& step,
                    double beta_1, double beta_2, double epsilon, double decay);

// {param} or {param, momentum_buffer} after one step of SGD.
Tensors sgd_update(const Tensor& param, const Tensor& momentum_buffer, const Tensor& grad,
                   const Tensor& learning_rate, double momentum, bool nesterov, double decay);

}  // namespace nacre::ops
