// NACRE_CHECK_PLANS: every replay beside the eager step.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "nacre/graph/plan.h"

namespace nacre {

// Set to "1" or "bits" when a plan runs. A product of a transposed matrix may add in another order
// in a plan, so "1" allows 1e-4 of the largest element; "bits" allows nothing but another NaN.
enum class PlanCheck : uint8_t { kOff, kClose, kBits };
PlanCheck plan_check();

// The plan's outputs. f(arguments) has run before on the same variables; RuntimeError naming `what`
// where an output or an assigned variable differs. Costs an eager step and is not thread-safe.
Tensors run_checked(Plan& plan, std::span<const Tensor> arguments,
                    const std::function<Tensors(std::span<const Tensor>)>& f, PlanCheck check,
                    const std::string& what);

}  // namespace nacre
