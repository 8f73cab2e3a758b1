#include "nacre/nn/optimizer.h"

#include <algorithm>
#include <utility>

#include "nacre/graph/plan.h"
#include "nacre/graph/scope.h"
#include "nacre/nn/layer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre {

void read_field(LearningRate& field, const Json& json, std::string_view what) {
  field = LearningRate();
  if (json.is_number()) {
    field.value = json.as_double(what);
  } else {
    field.schedule = deserialize_as<LearningRateSchedule>(LearningRateSchedule::kModule, json);
  }
}

Json write_field(const LearningRate& field) {
  return field.schedule ? field.schedule->serialize() : Json(field.value);
}

std::vector<Field> Optimizer::fields() {
  std::vector<Field> all;
  detail::append_fields(
      all,
      "name, learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, "
      "use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, "
      "gradient_accumulation_steps",
      std::tie(name_, learning_rate_, weight_decay_, clipnorm_, clipvalue_, global_clipnorm_,
               use_ema_, ema_momentum_, ema_overwrite_frequency_, loss_scale_factor_,
               gradient_accumulation_steps_));
  return all;
}

void Optimizer::validate() {
  if (name_.empty()) name_ = unique_name(to_snake_case(class_name()));
  const int clips = (clipnorm_ ? 1 : 0) + (clipvalue_ ? 1 : 0) + (global_clipnorm_ ? 1 : 0);
  if (clips > 1) {
    value_error(class_name(), ": expected at most one of clipnorm, clipvalue, global_clipnorm");
  }
  for (const auto& [what, value] : {std::pair("clipnorm", clipnorm_),
                                    {"clipvalue", clipvalue_},
                                    {"global_clipnorm", global_clipnorm_}}) {
    if (value && *value < 0)
      value_error(class_name(), ": expected ", what, " >= 0, received ", *value);
  }
  if (use_ema_ && (ema_momentum_ < 0 || ema_momentum_ > 1)) {
    value_error(class_name(), ": expected ema_momentum in [0, 1], received ", ema_momentum_);
  }
  if (ema_overwrite_frequency_ && *ema_overwrite_frequency_ < 1) {
    value_error(class_name(), ": expected ema_overwrite_frequency >= 1 or None, received ",
                *ema_overwrite_frequency_);
  }
  if (gradient_accumulation_steps_ && *gradient_accumulation_steps_ < 2) {
    value_error(class_name(), ": expected gradient_accumulation_steps >= 2 or None, received ",
                *gradient_accumulation_steps_);
  }
  iterations();
  if (!learning_rate_.schedule) make_rate_variable();
}

void Optimizer::make_rate_variable() {
  if (rate_) return;
  const PauseRecording pause;
  rate_ = make_ref<Variable>(Tensor::scalar(static_cast<float>(learning_rate_.value)),
                             "learning_rate", false);
  rate_->path = name_ + "/learning_rate";
  variables_.insert(variables_.begin() + 1, rate_);
}

const VariableRef& Optimizer::iterations() {
  if (!iterations_) {
    const PauseRecording pause;
    iterations_ = make_ref<Variable>(Tensor::scalar(int64_t{0}), "iteration", false);
    iterations_->path = name_ + "/iteration";
    variables_.insert(variables_.begin(), iterations_);
  }
  return iterations_;
}

Tensor Optimizer::update_count() {
  const Tensor steps = iterations()->value();
  if (!gradient_accumulation_steps_) return steps;
  return ops::floor_divide(steps, Tensor::scalar(*gradient_accumulation_steps_));
}

Tensor Optimizer::learning_rate() {
  if (!learning_rate_.schedule) return rate_->value();
  return ops::cast((*learning_rate_.schedule)(iterations()->value()), DType::kFloat32);
}

void Optimizer::set_learning_rate(double value) {
  if (learning_rate_.schedule) {
    type_error(class_name(), ": the learning rate is a schedule and cannot be set to a number");
  }
  learning_rate_.value = value;
  rate_->assign(Tensor::scalar(static_cast<float>(value)));
}

void Optimizer::set_learning_rate(Ref<LearningRateSchedule> schedule) {
  learning_rate_.schedule = std::move(schedule);
  std::erase(variables_, rate_);
  rate_ = nullptr;
  ++version_;
}

size_t Optimizer::index_of(const Variable& variable) const {
  const auto found = index_by_id_.find(variable.id());
  if (found == index_by_id_.end()) {
    value_error(class_name(), ": the variable '", variable.path,
                "' was not among those the optimizer was built with");
  }
  return found->second;
}

void Optimizer::build(const std::vector<VariableRef>& variables) {
  if (built_) {
    for (const auto& variable : variables) index_of(*variable);
    return;
  }
  const PauseRecording pause;
  build_all(variables);
  begin_build(variables);  // where a Python subclass has not called it
  built_ = true;
}

void Optimizer::build_all(const std::vector<VariableRef>& variables) {
  begin_build(variables);
  make_slots(variables);
}

void Optimizer::begin_build(const std::vector<VariableRef>& variables) {
  if (begun_) return;
  begun_ = true;
  trained_ = variables;
  for (size_t i = 0; i < variables.size(); ++i) index_by_id_[variables[i]->id()] = i;
  if (use_ema_) {
    for (const auto& variable : variables) averages_.push_back(add_slot(variable, "average"));
  }
  if (gradient_accumulation_steps_) {
    for (const auto& variable : variables) {
      accumulators_.push_back(add_slot(variable, "gradient_accumulator"));
    }
  }
}

VariableRef Optimizer::add_slot(const VariableRef& variable, const std::string& name,
                                double value) {
  const PauseRecording pause;
  std::string owner = variable->path;
  for (char& c : owner) {
    if (c == '/') c = '_';
  }
  auto slot = make_ref<Variable>(ops::full(variable->shape(), value, variable->dtype()),
                                 owner + "_" + name, false);
  slot->path = name_ + "/" + slot->name;
  variables_.push_back(slot);
  return slot;
}

VariableRef Optimizer::add_variable(const std::string& name, const Shape& shape, DType dtype,
                                    const Ref<Initializer>& initializer) {
  const PauseRecording pause;
  const Tensor value = initializer ? (*initializer)(shape, dtype) : ops::zeros(shape, dtype);
  auto variable = make_ref<Variable>(value, name, false);
  variable->path = name_ + "/" + name;
  variables_.push_back(variable);
  return variable;
}

bool Optimizer::is_excluded_from_decay(const Variable& variable) const {
  return undecayed_ids_.contains(variable.id()) || matches_any(undecayed_patterns_, variable.name);
}

double Optimizer::decay_of(const Variable& variable) const {
  return weight_decay_ && !is_excluded_from_decay(variable) ? *weight_decay_ : 0;
}

Tensor Optimizer::step_in(DType dtype) {
  static const Tensor one = Tensor::scalar(int64_t{1});
  return ops::cast(ops::add(update_count(), one), dtype);
}

void Optimizer::exclude_from_weight_decay(const std::vector<VariableRef>& variables,
                                          const std::vector<std::string>& patterns) {
  if (built_) {
    value_error(class_name(), ": exclude_from_weight_decay must be called before build");
  }
  std::vector<std::regex> compiled = compile_patterns(class_name(), "var_names", patterns);
  undecayed_ids_.clear();
  for (const auto& variable : variables) undecayed_ids_.insert(variable->id());
  undecayed_patterns_ = std::move(compiled);
}

Tensor Optimizer::scale_loss(const Tensor& loss) {
  return loss_scale_factor_ ? loss * *loss_scale_factor_ : loss;
}

void Optimizer::set_loss_scale_factor(std::optional<double> factor) {
  loss_scale_factor_ = factor;
  ++version_;
}

void Optimizer::set_option(std::string_view name, const Json& value) {
  if (name == "name" || name == "learning_rate") {
    value_error(class_name(), ": '", name, "' is not an option that can be set");
  }
  if (built_ && (name == "use_ema" || name == "gradient_accumulation_steps")) {
    value_error(class_name(), ": ", name, " must be set before build");
  }
  for (const Field& field : fields()) {
    if (field.name != name) continue;
    const Json before = field.get();
    field.set(value);
    try {
      validate();
    } catch (...) {
      field.set(before);
      throw;
    }
    ++version_;
    return;
  }
  value_error(class_name(), ": there is no option '", name, "'");
}

void Optimizer::clip(Tensors& grads) const {
  if (clipvalue_) {
    for (Tensor& g : grads) g = ops::clip(g, -*clipvalue_, *clipvalue_);
  }
  // g * limit / max(norm, limit): unchanged within the limit.
  if (clipnorm_ && *clipnorm_ > 0) {
    for (Tensor& g : grads) {
      const Tensor norm = ops::sqrt(ops::sum(ops::square(g)));
      g = g * (*clipnorm_ / ops::maximum(norm, ops::scalar(*clipnorm_)));
    }
  }
  if (global_clipnorm_ && *global_clipnorm_ > 0) {
    Tensor total;
    for (const Tensor& g : grads) {
      const Tensor squares = ops::cast(ops::sum(ops::square(g)), DType::kFloat32);
      total = total.defined() ? total + squares : squares;
    }
    const Tensor norm = ops::sqrt(total);
    // Not finite in one gradient: NaN in all, so that no step is taken with a part of them.
    const Tensor scale =
        *global_clipnorm_ / ops::maximum(norm, ops::scalar(*global_clipnorm_)) + (norm - norm);
    for (Tensor& g : grads) g = g * ops::cast(scale, g.dtype());
  }
}

void Optimizer::apply(const Tensors& grads, const std::vector<VariableRef>& variables) {
  if (grads.size() != variables.size()) {
    value_error(class_name(), ": expected one gradient a variable, received ", grads.size(),
                " gradients for ", variables.size(), " variables");
  }
  if (grads.empty()) return;
  const NameScope scope(class_name());
  build(variables);
  Tensors given;
  std::vector<VariableRef> targets;
  std::string without;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined()) {
      without += (without.empty() ? "'" : ", '") + variables[i]->path + "'";
      continue;
    }
    if (!(grads[i].shape() == variables[i]->shape())) {
      value_error(class_name(), ": expected a gradient of shape ", variables[i]->shape(), " for '",
                  variables[i]->path, "', received ", grads[i].shape());
    }
    if (variables[i]->overwrite_with_gradient) {
      variables[i]->assign(grads[i]);
      continue;
    }
    Tensor g = grads[i];
    if (g.dtype() != variables[i]->dtype()) g = ops::cast(g, variables[i]->dtype());
    given.push_back(loss_scale_factor_ ? g / *loss_scale_factor_ : g);
    targets.push_back(variables[i]);
  }
  if (given.empty() && !without.empty()) {
    value_error(class_name(), ": no gradients provided for any variable");
  }
  if (!without.empty() && !std::exchange(warned_, true)) {
    warn(str_cat(class_name(), ": the loss does not depend on ", without, "; not updated"));
  }
  if (gradient_accumulation_steps_) {
    accumulate(given, targets);
  } else {
    update_all(std::move(given), targets);
  }
  if (use_ema_) update_averages();
  for (const auto& target : targets) {
    if (target->constraint) target->assign(target->constraint(target->value()));
  }
  static const Tensor one = Tensor::scalar(int64_t{1});
  iterations_->assign(ops::add(iterations_->value(), one));
}

void Optimizer::update_all(Tensors grads, const std::vector<VariableRef>& targets) {
  clip(grads);
  const Tensor rate = learning_rate();
  begin_update();
  for (size_t i = 0; i < grads.size(); ++i) {
    const VariableRef& target = targets[i];
    const double decay = decays_in_update() ? 0 : decay_of(*target);
    if (decay != 0) {
      const Tensor value = target->value();
      target->assign(value - value * (ops::cast(rate, target->dtype()) * decay));
    }
    update(grads[i], target, index_of(*target), rate);
  }
}

// Every step adds to the accumulators and computes the update; only the last of each group keeps
// it.
void Optimizer::accumulate(const Tensors& grads, const std::vector<VariableRef>& targets) {
  const int64_t group = *gradient_accumulation_steps_;
  static const Tensor one = Tensor::scalar(int64_t{1});
  const Tensor at = ops::mod(ops::add(iterations_->value(), one), Tensor::scalar(group));
  const Tensor last = ops::equal(at, Tensor::scalar(int64_t{0}));
  Tensors means;
  for (size_t i = 0; i < grads.size(); ++i) {
    const VariableRef& sum = accumulators_[index_of(*targets[i])];
    const Tensor total = sum->value() + grads[i];
    means.push_back(total / static_cast<double>(group));
    sum->assign(ops::where(last, ops::zeros_like(total), total));
  }
  std::vector<VariableRef> changing = targets;
  for (const auto& variable : variables_) {
    const auto is = [&](const VariableRef& other) { return other == variable; };
    if (variable == iterations_ || (rate_ && variable == rate_)) continue;
    if (std::any_of(accumulators_.begin(), accumulators_.end(), is)) continue;
    if (std::any_of(averages_.begin(), averages_.end(), is)) continue;
    changing.push_back(variable);
  }
  keep_where(last, changing, [&] { update_all(std::move(means), targets); });
}

void Optimizer::update_averages() {
  const Tensor count = update_count();
  // The first average is the value itself.
  const Tensor first = ops::equal(count, Tensor::scalar(int64_t{0}));
  Tensor overwrite;
  if (ema_overwrite_frequency_) {
    static const Tensor one = Tensor::scalar(int64_t{1});
    const Tensor at = ops::mod(ops::add(count, one), Tensor::scalar(*ema_overwrite_frequency_));
    overwrite = ops::equal(at, Tensor::scalar(int64_t{0}));
  }
  for (size_t i = 0; i < trained_.size(); ++i) {
    const Tensor value = trained_[i]->value();
    const Tensor mixed = averages_[i]->value() * ema_momentum_ + value * (1 - ema_momentum_);
    const Tensor average = ops::where(first, value, mixed);
    averages_[i]->assign(average);
    if (overwrite.defined()) trained_[i]->assign(ops::where(overwrite, average, value));
  }
}

void Optimizer::finalize_variable_values(const std::vector<VariableRef>& variables) {
  if (!use_ema_ || !built_) return;
  for (const auto& variable : variables) {
    variable->assign(averages_[index_of(*variable)]->raw());
  }
}

void keep_where(const Tensor& condition, const std::vector<VariableRef>& variables,
                const std::function<void()>& update) {
  Tensors before;
  for (const auto& variable : variables) before.push_back(variable->value());
  update();
  for (size_t i = 0; i < variables.size(); ++i) {
    variables[i]->assign(ops::where(condition, variables[i]->value(), before[i]));
  }
}

std::vector<std::regex> compile_patterns(std::string_view owner, std::string_view argument,
                                         const std::vector<std::string>& patterns) {
  std::vector<std::regex> compiled;
  for (const std::string& pattern : patterns) {
    try {
      compiled.emplace_back(pattern);
    } catch (const std::regex_error&) {
      value_error(owner, ": expected a regular expression in ", argument, ", received '", pattern,
                  "'");
    }
  }
  return compiled;
}

bool matches_any(const std::vector<std::regex>& patterns, const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::regex& pattern) { return std::regex_search(text, pattern); });
}

}  // namespace nacre
