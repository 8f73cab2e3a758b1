// Muon (Jordan et al. 2024): the momentum of a matrix, made orthogonal; AdamW for all else.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/optimizer.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class Muon final : public Optimizer {
 public:
  Muon() { weight_decay_ = 0.004; }
  NACRE_CONFIG(Muon, Optimizer, adam_beta_1, adam_beta_2, adam_weight_decay, epsilon,
               exclude_layers, exclude_embeddings, muon_a, muon_b, muon_c, adam_lr_ratio, momentum,
               ns_steps, nesterov, rms_rate)

  double adam_beta_1 = 0.9;
  double adam_beta_2 = 0.999;
  std::optional<double> adam_weight_decay = 0.004;
  double epsilon = 1e-7;
  std::optional<std::vector<std::string>> exclude_layers;
  bool exclude_embeddings = true;
  double muon_a = 3.4445;
  double muon_b = -4.7750;
  double muon_c = 2.0315;
  double adam_lr_ratio = 1;
  double momentum = 0.95;
  int64_t ns_steps = 5;
  bool nesterov = true;
  std::optional<double> rms_rate = 0.2;

  void validate() override {
    if (ns_steps < 0) value_error("Muon: expected ns_steps >= 0, received ", ns_steps);
    excluded_ = compile_patterns(class_name(), "exclude_layers",
                                 exclude_layers.value_or(std::vector<std::string>()));
    Optimizer::validate();
  }

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      momentum_.push_back(add_slot(variable, "momentum"));
      velocity_.push_back(uses_adam(*variable) ? add_slot(variable, "velocity") : nullptr);
    }
  }

  double decay_of(const Variable& variable) const override {
    if (!weight_decay_ || is_excluded_from_decay(variable)) return 0;
    return uses_adam(variable) ? adam_weight_decay.value_or(0) : *weight_decay_;
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const VariableRef& moving = momentum_[index];
    if (const VariableRef& velocity = velocity_[index]) {
      const Tensors next =
          ops::adam_update(variable->value(), moving->value(), velocity->value(), Tensor(), grad,
                           learning_rate * adam_lr_ratio, step_in(DType::kInt64), adam_beta_1,
                           adam_beta_2, epsilon, 0);
      variable->assign(next[0]);
      moving->assign(next[1]);
      velocity->assign(next[2]);
      return;
    }
    const Tensor m = moving->value() * momentum + grad;
    moving->assign(m);
    const Tensor change = ops::cast(learning_rate, variable->dtype()) *
                          orthogonal(nesterov ? grad + momentum * m : m);
    // The size of Adam's changes, so that its rates fit (Liu et al. 2025, section 2.2).
    const Shape& shape = variable->shape();
    const double scale =
        rms_rate ? std::sqrt(static_cast<double>(std::max(shape[0], shape[1]))) * *rms_rate : 1;
    variable->assign(variable->value() - change * scale);
  }

 private:
  bool uses_adam(const Variable& variable) const {
    if (variable.shape().rank() != 2) return true;
    std::string path = variable.path;
    if (matches_any(excluded_, path)) return true;
    std::transform(path.begin(), path.end(), path.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return exclude_embeddings && path.find("embedding") != path.npos;
  }

  // Newton-Schulz iterations of degree five: U V^T of the singular value decomposition, roughly.
  Tensor orthogonal(Tensor x) const {
    const bool tall = x.shape()[0] > x.shape()[1];
    if (tall) x = ops::transpose(x);
    x = x / (ops::sqrt(ops::sum(ops::square(x))) + 1e-7);
    for (int64_t i = 0; i < ns_steps; ++i) {
      const Tensor square = ops::matmul(x, x, false, true);
      const Tensor sum = muon_b * square + muon_c * ops::matmul(square, square);
      x = muon_a * x + ops::matmul(sum, x);
    }
    return tall ? ops::transpose(x) : x;
  }

  std::vector<std::regex> excluded_;
  std::vector<VariableRef> momentum_, velocity_;
};

}  // namespace

void register_muon() {
  register_class<Muon>();
}

}  // namespace nacre
