// Optimizer updates as jobs: what a rule does to one tensor, ready to run over any of its elements.
#pragma once

#include <span>
#include <variant>

#include "kernels/abi.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/optimizer.h"

namespace nacre {

// One float32 tensor's step.
struct UpdateJob {
  int64_t size = 0;
  int64_t row = 0;  // its length where rows whose gradient is all zeros are left alone
  std::variant<kernels::AdamArgs, kernels::SgdArgs, kernels::RmspropArgs, kernels::AdagradArgs>
      args;

  kernels::GradientEdit& edit();
  void run(int64_t begin, int64_t end) const;
  // The job of `count` elements from `begin` on, with a gradient of their own.
  UpdateJob part(int64_t begin, int64_t count, const float* grad) const;
};

// The job of a rule's op with these operands. Outputs that have places of their own are given
// copies of the inputs they continue.
UpdateJob make_update_job(const OpDef& rule, const KernelContext& context);

class OpRegistry;
void register_update_all(OpRegistry& registry);
void register_update_rows(OpRegistry& registry);

}  // namespace nacre
