// Projections of weights.
#include "nacre/nn/initializer.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

Tensor norms(const Tensor& weight, const IntList& axis) {
  return ops::sqrt(ops::sum(ops::square(weight), axis, true));
}

class NonNeg final : public Constraint {
 public:
  std::string_view class_name() const override { return "NonNeg"; }
  Tensor operator()(const Tensor& weight) override { return ops::relu(weight); }
};

class MaxNorm final : public Constraint {
 public:
  NACRE_CONFIG(MaxNorm, Constraint, max_value, axis)
  double max_value = 2;
  IntList axis{0};
  Tensor operator()(const Tensor& weight) override {
    const Tensor norm = norms(weight, axis);
    return weight * (ops::clip(norm, 0, max_value) / (norm + epsilon()));
  }
};

class UnitNorm final : public Constraint {
 public:
  NACRE_CONFIG(UnitNorm, Constraint, axis)
  IntList axis{0};
  Tensor operator()(const Tensor& weight) override {
    return weight / (norms(weight, axis) + epsilon());
  }
};

class MinMaxNorm final : public Constraint {
 public:
  NACRE_CONFIG(MinMaxNorm, Constraint, min_value, max_value, rate, axis)
  double min_value = 0;
  double max_value = 1;
  double rate = 1;
  IntList axis{0};
  Tensor operator()(const Tensor& weight) override {
    const Tensor norm = norms(weight, axis);
    const Tensor wanted = rate * ops::clip(norm, min_value, max_value) + (1 - rate) * norm;
    return weight * (wanted / (norm + epsilon()));
  }
};

}  // namespace

void register_constraints() {
  register_class<NonNeg>();
  register_class<MaxNorm>();
  register_class<UnitNorm>();
  register_class<MinMaxNorm>();
}

}  // namespace nacre
