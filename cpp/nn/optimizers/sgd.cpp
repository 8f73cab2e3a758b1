#include "nacre/nn/optimizer.h"
#include "nacre/ops/optimizer.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class SGD final : public Optimizer {
 public:
  SGD() { learning_rate_.value = 0.01; }
  NACRE_CONFIG(SGD, Optimizer, momentum, nesterov)

  double momentum = 0;
  bool nesterov = false;

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
                        learning_rate, momentum, nesterov, decay_of(*variable));
    variable->assign(next[0]);
    if (moving) velocity_[index]->assign(next[1]);
  }

 private:
  std::vector<VariableRef> velocity_;
};

}  // namespace

void register_adam();
void register_adaptive_optimizers();

void register_optimizers() {
  register_class<SGD>();
  register_adam();
  register_adaptive_optimizers();
}

}  // namespace nacre
