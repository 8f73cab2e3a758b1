// Optimizers that divide by the root of a running sum of squared gradients.
#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// Tieleman and Hinton 2012; centered: Graves 2013.
class RMSprop final : public Optimizer {
 public:
  NACRE_CONFIG(RMSprop, Optimizer, rho, momentum, epsilon, centered)

  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
  bool centered = false;

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) square_.push_back(add_slot(variable, "velocity"));
    for (const auto& variable : variables) {
      if (momentum > 0) momentum_.push_back(add_slot(variable, "momentum"));
    }
    for (const auto& variable : variables) {
      if (centered) mean_.push_back(add_slot(variable, "average_gradient"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor square = rho * square_[index]->value() + (1 - rho) * ops::square(grad);
    square_[index]->assign(square);
    Tensor variance = square;
    if (centered) {
      const Tensor mean = rho * mean_[index]->value() + (1 - rho) * grad;
      mean_[index]->assign(mean);
      variance = square - ops::square(mean);
    }
    Tensor change = rate * grad / ops::sqrt(variance + epsilon);
    if (momentum > 0) {
      change = momentum * momentum_[index]->value() + change;
      momentum_[index]->assign(change);
    }
    variable->assign(variable->value() - change);
  }

 private:
  std::vector<VariableRef> square_, momentum_, mean_;
};

// Duchi, Hazan and Singer 2011.
class Adagrad final : public Optimizer {
 public:
  NACRE_CONFIG(Adagrad, Optimizer, initial_accumulator_value, epsilon)

  double initial_accumulator_value = 0.1;
  double epsilon = 1e-7;

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      sum_.push_back(add_slot(variable, "accumulator", initial_accumulator_value));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor sum = sum_[index]->value() + ops::square(grad);
    sum_[index]->assign(sum);
    variable->assign(variable->value() - rate * grad / ops::sqrt(sum + epsilon));
  }

 private:
  std::vector<VariableRef> sum_;
};

}  // namespace

void register_adaptive_optimizers() {
  register_class<RMSprop>();
  register_class<Adagrad>();
}

}  // namespace nacre
