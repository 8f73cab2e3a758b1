#include <algorithm>
#include <utility>

#include "nacre/nn/optimizer_wrappers.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"
#include "nn/registry.h"

namespace nacre {

std::vector<Field> LossScaleOptimizer::fields() {
  std::vector<Field> all;
  detail::append_fields(all, "name, inner_optimizer, initial_scale, dynamic_growth_steps",
                        std::tie(name_, inner_optimizer, initial_scale, dynamic_growth_steps));
  return all;
}

void LossScaleOptimizer::validate() {
  if (!inner_optimizer) value_error("LossScaleOptimizer: expected inner_optimizer, received None");
  if (dynamic_growth_steps < 1) {
    value_error("LossScaleOptimizer: expected dynamic_growth_steps >= 1, received ",
                dynamic_growth_steps);
  }
  if (!(initial_scale > 0)) {
    value_error("LossScaleOptimizer: expected initial_scale > 0, received ", initial_scale);
  }
  Optimizer::validate();
  inner_optimizer->set_loss_scale_factor({});  // else gradients are scaled twice
  if (scale_) return;
  // Before build(): the first recorded step scales its loss before there are gradients.
  const PauseRecording pause;
  counter_ = add_variable("step_counter", Shape(), DType::kInt32);
  scale_ = add_variable("dynamic_scale", Shape(), DType::kFloat32);
  scale_->assign(ops::full(Shape(), initial_scale));
}

void LossScaleOptimizer::build_all(const std::vector<VariableRef>& variables) {
  begin_build(variables);
  inner_optimizer->build(variables);
}

std::vector<VariableRef> LossScaleOptimizer::variables() const {
  std::vector<VariableRef> all = Optimizer::variables();
  const std::vector<VariableRef> inner = inner_optimizer->variables();
  all.insert(all.end(), inner.begin(), inner.end());
  return all;
}

Tensor LossScaleOptimizer::scale_loss(const Tensor& loss) {
  return loss * ops::cast(scale_->value(), loss.dtype());
}

void LossScaleOptimizer::apply(const Tensors& grads, const std::vector<VariableRef>& variables) {
  build(variables);
  const Tensor scale = scale_->value();
  Tensor finite;
  Tensors unscaled = grads;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined()) continue;
    const Tensor all = ops::all(ops::isfinite(grads[i]));
    finite = finite.defined() ? ops::logical_and(finite, all) : all;
    if (i < variables.size() && variables[i]->overwrite_with_gradient) continue;
    unscaled[i] = grads[i] / ops::cast(scale, grads[i].dtype());
  }
  if (!finite.defined()) return inner_optimizer->apply(grads, variables);  // says what is missing
  std::vector<VariableRef> changing = variables;
  for (const auto& variable : inner_optimizer->variables()) {
    // Rates change only by assignment from outside.
    if (variable != inner_optimizer->learning_rate_variable()) changing.push_back(variable);
  }
  keep_where(finite, changing, [&] { inner_optimizer->apply(unscaled, variables); });

  static const Tensor one = Tensor::scalar(int32_t{1});
  static const Tensor none = Tensor::scalar(int32_t{0});
  const Tensor count = ops::add(counter_->value(), one);
  const Tensor grows =
      ops::greater_equal(count, Tensor::scalar(static_cast<int32_t>(dynamic_growth_steps)));
  const Tensor after_finite = ops::where(grows, scale * 2.0, scale);
  scale_->assign(ops::where(finite, after_finite, scale * 0.5));
  const Tensor restarts = ops::logical_or(grows, ops::logical_not(finite));
  counter_->assign(ops::where(restarts, none, count));
}

void LossScaleOptimizer::finalize_variable_values(const std::vector<VariableRef>& variables) {
  inner_optimizer->finalize_variable_values(variables);
}

MultiOptimizer::MultiOptimizer(Choose choose, std::vector<Ref<Optimizer>> known)
    : choose_(std::move(choose)), inner_(std::move(known)) {
  learning_rate_.value = 0;
}

void MultiOptimizer::validate() {
  Optimizer::validate();
  for (const auto& inner : inner_) inner->set_loss_scale_factor(loss_scale_factor_);
}

void MultiOptimizer::build_all(const std::vector<VariableRef>& variables) {
  std::vector<std::vector<VariableRef>> groups(inner_.size());
  std::vector<size_t> owner;
  for (const auto& variable : variables) {
    const Ref<Optimizer> chosen = choose_(variable);
    auto at = std::find(inner_.begin(), inner_.end(), chosen);
    if (at == inner_.end()) {
      chosen->set_loss_scale_factor(loss_scale_factor_);
      at = inner_.insert(inner_.end(), chosen);
      groups.emplace_back();
    }
    owner.push_back(static_cast<size_t>(at - inner_.begin()));
    groups[owner.back()].push_back(variable);
  }
  begin_build(variables);
  for (size_t i = 0; i < inner_.size(); ++i) {
    if (!groups[i].empty()) inner_[i]->build(groups[i]);
  }
  owner_ = std::move(owner);
}

int64_t MultiOptimizer::version() const {
  int64_t sum = version_;
  for (const auto& inner : inner_) sum += inner->version();
  return sum;
}

std::vector<VariableRef> MultiOptimizer::variables() const {
  std::vector<VariableRef> all = Optimizer::variables();
  for (const auto& inner : inner_) {
    const std::vector<VariableRef> of_inner = inner->variables();
    all.insert(all.end(), of_inner.begin(), of_inner.end());
  }
  return all;
}

void MultiOptimizer::apply(const Tensors& grads, const std::vector<VariableRef>& variables) {
  if (grads.size() != variables.size()) {
    value_error(class_name(), ": expected one gradient a variable, received ", grads.size(),
                " gradients for ", variables.size(), " variables");
  }
  if (grads.empty()) return;
  build(variables);
  std::vector<Tensors> group_grads(inner_.size());
  std::vector<std::vector<VariableRef>> groups(inner_.size());
  for (size_t i = 0; i < grads.size(); ++i) {
    const size_t owner = owner_[index_of(*variables[i])];
    group_grads[owner].push_back(grads[i]);
    groups[owner].push_back(variables[i]);
  }
  for (size_t i = 0; i < inner_.size(); ++i) {
    if (!groups[i].empty()) inner_[i]->apply(group_grads[i], groups[i]);
  }
  static const Tensor one = Tensor::scalar(int64_t{1});
  iterations_->assign(ops::add(iterations_->value(), one));
}

void MultiOptimizer::finalize_variable_values(const std::vector<VariableRef>& variables) {
  if (!built()) return;
  std::vector<std::vector<VariableRef>> groups(inner_.size());
  for (const auto& variable : variables) {
    groups[owner_[index_of(*variable)]].push_back(variable);
  }
  for (size_t i = 0; i < inner_.size(); ++i) {
    if (!groups[i].empty()) inner_[i]->finalize_variable_values(groups[i]);
  }
}

void register_loss_scale_optimizer() {
  register_class<LossScaleOptimizer>();
}

}  // namespace nacre
