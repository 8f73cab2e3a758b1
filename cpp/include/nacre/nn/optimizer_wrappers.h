// Optimizers that hand the update to others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nacre/nn/optimizer.h"

namespace nacre {

// Scales the loss, so that gradients of half precision do not vanish, and the gradients back. A
// step whose gradients are not finite changes nothing and halves the scale; as many finite ones as
// `dynamic_growth_steps` double it.
class LossScaleOptimizer final : public Optimizer {
 public:
  LossScaleOptimizer() { learning_rate_.value = 0; }
  std::string_view class_name() const override { return "LossScaleOptimizer"; }
  // The options of every optimizer are those of the inner one.
  std::vector<Field> fields() override;

  Ref<Optimizer> inner_optimizer;
  double initial_scale = 32768;
  int64_t dynamic_growth_steps = 2000;

  void validate() override;
  void apply(const Tensors& grads, const std::vector<VariableRef>& variables) override;
  int64_t version() const override { return version_ + inner_optimizer->version(); }
  std::vector<VariableRef> variables() const override;
  Tensor scale_loss(const Tensor& loss) override;
  void finalize_variable_values(const std::vector<VariableRef>& variables) override;
  const VariableRef& dynamic_scale() const { return scale_; }
  const VariableRef& step_counter() const { return counter_; }

 protected:
  void build_all(const std::vector<VariableRef>& variables) override;
  void update(const Tensor&, const VariableRef&, size_t, const Tensor&) override {}

 private:
  VariableRef counter_;  // finite steps since the scale changed
  VariableRef scale_;
};

// Gives each variable to the optimizer that `choose` returns for it.
class MultiOptimizer final : public Optimizer {
 public:
  using Choose = std::function<Ref<Optimizer>(const VariableRef&)>;
  // `known`: the optimizers that are saved in this order, whether a variable is theirs or not.
  MultiOptimizer(Choose choose, std::vector<Ref<Optimizer>> known);
  std::string_view class_name() const override { return "MultiOptimizer"; }

  void validate() override;
  void apply(const Tensors& grads, const std::vector<VariableRef>& variables) override;
  int64_t version() const override;
  std::vector<VariableRef> variables() const override;
  void finalize_variable_values(const std::vector<VariableRef>& variables) override;
  const std::vector<Ref<Optimizer>>& optimizers() const { return inner_; }

 protected:
  void build_all(const std::vector<VariableRef>& variables) override;
  void update(const Tensor&, const VariableRef&, size_t, const Tensor&) override {}

 private:
  Choose choose_;
  std::vector<Ref<Optimizer>> inner_;
  std::vector<size_t> owner_;  // of each trained variable, in inner_
};

}  // namespace nacre
