// Optimizers that divide by the root of a running sum of squared gradients.
#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/optimizer.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// Tieleman and Hinton 2012; centered: Graves 2013.
class RMSprop final : public Optimizer {
 public:
  NACRE_CONFIG(RMSprop, Optimizer, rho, momentum, epsilon, centered, lazy_rows)

  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
  bool centered = false;
  bool lazy_rows = false;

 protected:
  bool decays_in_update() const override { return true; }

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
    const bool moving = momentum > 0;
    const Tensors next = ops::rmsprop_update(
        variable->value(), square_[index]->value(), moving ? momentum_[index]->value() : Tensor(),
        centered ? mean_[index]->value() : Tensor(), grad, learning_rate, rho, momentum, epsilon,
        decay_of(*variable), lazy_rows);
    variable->assign(next[0]);
    square_[index]->assign(next[1]);
    if (moving) momentum_[index]->assign(next[2]);
    if (centered) mean_[index]->assign(next.back());
  }

 private:
  std::vector<VariableRef> square_, momentum_, mean_;
};

// Duchi, Hazan and Singer 2011.
class Adagrad final : public Optimizer {
 public:
  NACRE_CONFIG(Adagrad, Optimizer, initial_accumulator_value, epsilon, lazy_rows)

  double initial_accumulator_value = 0.1;
  double epsilon = 1e-7;
  bool lazy_rows = false;

 protected:
  bool decays_in_update() const override { return true; }

  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      sum_.push_back(add_slot(variable, "accumulator", initial_accumulator_value));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensors next =
        ops::adagrad_update(variable->value(), sum_[index]->value(), grad, learning_rate, epsilon,
                            decay_of(*variable), lazy_rows);
    variable->assign(next[0]);
    sum_[index]->assign(next[1]);
  }

 private:
  std::vector<VariableRef> sum_;
};

// Zeiler 2012: the running size of past changes takes the place of a rate.
class Adadelta final : public Optimizer {
 public:
  NACRE_CONFIG(Adadelta, Optimizer, rho, epsilon)

  double rho = 0.95;
  double epsilon = 1e-7;

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      square_.push_back(add_slot(variable, "accumulated_grad"));
      change_.push_back(add_slot(variable, "accumulated_delta_var"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor square = rho * square_[index]->value() + (1 - rho) * ops::square(grad);
    square_[index]->assign(square);
    const Tensor past = change_[index]->value();
    const Tensor change = ops::sqrt(past + epsilon) * grad / ops::sqrt(square + epsilon);
    change_[index]->assign(rho * past + (1 - rho) * ops::square(change));
    variable->assign(variable->value() - rate * change);
  }

 private:
  std::vector<VariableRef> square_, change_;
};

// McMahan et al. 2013, with the shrinkage of TensorFlow's.
class Ftrl final : public Optimizer {
 public:
  NACRE_CONFIG(Ftrl, Optimizer, learning_rate_power, initial_accumulator_value,
               l1_regularization_strength, l2_regularization_strength,
               l2_shrinkage_regularization_strength, beta)

  double learning_rate_power = -0.5;
  double initial_accumulator_value = 0.1;
  double l1_regularization_strength = 0;
  double l2_regularization_strength = 0;
  double l2_shrinkage_regularization_strength = 0;
  double beta = 0;

  void validate() override {
    if (learning_rate_power > 0) {
      value_error("Ftrl: expected learning_rate_power <= 0, received ", learning_rate_power);
    }
    for (const auto& [what, value] :
         {std::pair("initial_accumulator_value", initial_accumulator_value),
          {"l1_regularization_strength", l1_regularization_strength},
          {"l2_regularization_strength", l2_regularization_strength},
          {"l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength}}) {
      if (value < 0) value_error("Ftrl: expected ", what, " >= 0, received ", value);
    }
    Optimizer::validate();
  }

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      sum_.push_back(add_slot(variable, "accumulator", initial_accumulator_value));
      linear_.push_back(add_slot(variable, "linear"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor weight = variable->value();
    const Tensor power = ops::scalar(-learning_rate_power);
    const Tensor sum = sum_[index]->value();
    const Tensor next_sum = sum + ops::square(grad);
    const Tensor root = ops::power(next_sum, power);
    const Tensor shrunk = grad + (2 * l2_shrinkage_regularization_strength) * weight;
    const Tensor linear =
        linear_[index]->value() + shrunk - (root - ops::power(sum, power)) / rate * weight;
    const Tensor l2 = l2_regularization_strength + beta / (2.0 * rate);
    const Tensor quadratic = root / rate + 2.0 * l2;
    const Tensor clipped =
        ops::clip(linear, -l1_regularization_strength, l1_regularization_strength);
    linear_[index]->assign(linear);
    variable->assign((clipped - linear) / quadratic);
    sum_[index]->assign(next_sum);
  }

 private:
  std::vector<VariableRef> sum_, linear_;
};

}  // namespace

void register_adaptive_optimizers() {
  register_class<RMSprop>();
  register_class<Adagrad>();
  register_class<Adadelta>();
  register_class<Ftrl>();
}

}  // namespace nacre
