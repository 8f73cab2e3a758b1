#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/optimizer.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// Kingma and Ba 2015; amsgrad: Reddi, Kale and Kumar 2018.
class Adam : public Optimizer {
 public:
  NACRE_CONFIG(Adam, Optimizer, beta_1, beta_2, epsilon, amsgrad, lazy_rows)

  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
  bool lazy_rows = false;

 protected:
  bool decays_in_update() const override { return true; }

  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      m_.push_back(add_slot(variable, "momentum"));
      v_.push_back(add_slot(variable, "velocity"));
    }
    for (const auto& variable : variables) {
      if (amsgrad) v_max_.push_back(add_slot(variable, "velocity_hat"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor step = step_in(DType::kInt64);
    const Tensors next =
        ops::adam_update(variable->value(), m_[index]->value(), v_[index]->value(),
                         amsgrad ? v_max_[index]->value() : Tensor(), grad, learning_rate, step,
                         beta_1, beta_2, epsilon, decay_of(*variable), lazy_rows);
    variable->assign(next[0]);
    m_[index]->assign(next[1]);
    v_[index]->assign(next[2]);
    if (amsgrad) v_max_[index]->assign(next[3]);
  }

 private:
  std::vector<VariableRef> m_, v_, v_max_;
};

// Loshchilov and Hutter 2019: the same with decoupled weight decay.
class AdamW final : public Adam {
 public:
  AdamW() { weight_decay_ = 0.004; }
  std::string_view class_name() const override { return "AdamW"; }
  void validate() override {
    if (!weight_decay_) value_error("AdamW: expected weight_decay to be a number, received None");
    Adam::validate();
  }
};

}  // namespace

void register_adam() {
  register_class<Adam>();
  register_class<AdamW>();
}

}  // namespace nacre
