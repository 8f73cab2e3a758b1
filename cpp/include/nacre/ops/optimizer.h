// Fused optimizer updates: internal ops whose outputs replace their first inputs in place in a
// plan.
#pragma once

#include <limits>
#include <vector>

#include "nacre/ops/opdef.h"
#include "nacre/tensor/tensor.h"

namespace nacre::ops {

// {param, m, v} (and v_max when given) after one Adam step; step: finished steps + 1, int64 scalar.
// decay: param *= 1 - decay * learning_rate first, as in all of these. lazy_rows: where param is a
// matrix, nothing changes in the rows whose gradient is all zeros.
Tensors adam_update(const Tensor& param, const Tensor& m, const Tensor& v, const Tensor& v_max,
                    const Tensor& grad, const Tensor& learning_rate, const Tensor& step,
                    double beta_1, double beta_2, double epsilon, double decay,
                    bool lazy_rows = false);

// {param} or {param, momentum_buffer} after one step of SGD.
Tensors sgd_update(const Tensor& param, const Tensor& momentum_buffer, const Tensor& grad,
                   const Tensor& learning_rate, double momentum, bool nesterov, double decay,
                   bool lazy_rows = false);

// {param, square}, then momentum_buffer and mean where they are given, after one step of RMSprop.
Tensors rmsprop_update(const Tensor& param, const Tensor& square, const Tensor& momentum_buffer,
                       const Tensor& mean, const Tensor& grad, const Tensor& learning_rate,
                       double rho, double momentum, double epsilon, double decay,
                       bool lazy_rows = false);

// {param, sum} after one step of Adagrad.
Tensors adagrad_update(const Tensor& param, const Tensor& sum, const Tensor& grad,
                       const Tensor& learning_rate, double epsilon, double decay,
                       bool lazy_rows = false);

}  // namespace nacre::ops

namespace nacre {

// Whether an op is one of the above.
bool is_update_rule(const OpDef& op);
// The position of a rule's gradient among its inputs.
int update_gradient_input(const OpDef& rule);

// One tensor's update within the op "update_all", which does those of many float32 tensors at once.
struct UpdateGroup {
  const OpDef* rule;
  Ref<Attrs> attrs;
  // For each input of the rule, its position among update_all's; -1: absent. The outputs of all
  // groups, in order, continue update_all's first inputs.
  std::vector<int> inputs;
  int first_output = 0, num_outputs = 0;
  // What is done to the gradient first: times the scalar at this position (-1: none), then clipped.
  int scale = -1;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

// The op "update_rows": a rule's update of a table whose gradient is given as rows; its inputs are
// the rule's, and the ids of the rows. touched_only: rows without an id stay as they are.
Ref<Attrs> update_rows_attrs(const OpDef& rule, Ref<Attrs> rule_attrs, int num_outputs,
                             bool touched_only);

inline constexpr int kMaxUpdateOutputs = 4096;  // of one update_all
Ref<Attrs> update_all_attrs(std::vector<UpdateGroup> groups);

}  // namespace nacre
