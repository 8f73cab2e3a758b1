#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/optimizer.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class SGD final : public Optimizer {
 public:
  SGD() { learning_rate_.value = 0.01; }
  NACRE_CONFIG(SGD, Optimizer, momentum, nesterov, lazy_rows)

  double momentum = 0;
  bool nesterov = false;
  bool lazy_rows = false;

  void validate() override {
    if (momentum < 0 || momentum > 1) {
      value_error("SGD: expected momentum in [0, 1], received ", momentum);
    }
    Optimizer::validate();
  }

 protected:
  bool decays_in_update() const override { return true; }

  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      if (momentum != 0) velocity_.push_back(add_slot(variable, "momentum"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const bool moving = momentum != 0;
    const Tensors next =
        ops::sgd_update(variable->value(), moving ? velocity_[index]->value() : Tensor(), grad,
                        learning_rate, momentum, nesterov, decay_of(*variable), lazy_rows);
    variable->assign(next[0]);
    if (moving) velocity_[index]->assign(next[1]);
  }

 private:
  std::vector<VariableRef> velocity_;
};

// Chen et al. 2023: only the sign of the change counts.
class Lion final : public Optimizer {
 public:
  NACRE_CONFIG(Lion, Optimizer, beta_1, beta_2)

  double beta_1 = 0.9;
  double beta_2 = 0.99;

  void validate() override {
    if (beta_1 <= 0 || beta_1 > 1) {
      value_error("Lion: expected beta_1 in (0, 1], received ", beta_1);
    }
    Optimizer::validate();
  }

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) momentum_.push_back(add_slot(variable, "momentum"));
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor momentum = momentum_[index]->value();
    const Tensor direction = ops::sign(momentum * beta_1 + grad * (1 - beta_1));
    variable->assign(variable->value() - rate * direction);
    momentum_[index]->assign(momentum * beta_2 + grad * (1 - beta_2));
  }

 private:
  std::vector<VariableRef> momentum_;
};

}  // namespace

void register_adam();
void register_adam_variants();
void register_adaptive_optimizers();
void register_adafactor();
void register_muon();
void register_loss_scale_optimizer();

void register_optimizers() {
  register_class<SGD>();
  register_class<Lion>();
  register_adam();
  register_adam_variants();
  register_adaptive_optimizers();
  register_adafactor();
  register_muon();
  register_loss_scale_optimizer();
}

}  // namespace nacre
