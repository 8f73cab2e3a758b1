#include "nacre/nn/optimizer.h"

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
  detail::append_fields(all,
                        "name, learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, "
                        "use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, "
                        "gradient_accumulation_steps",
                        std::tie(name_, learning_rate_, weight_decay_, clipnorm_, clipvalue_,
                                 global_clipnorm_, use_ema_, ema_momentum_,
                                 ema_overwrite_frequency_, loss_scale_factor_,
                                 gradient_accumulation_steps_));
  return all;
}

void Optimizer::validate() {
  if (name_.empty()) name_ = to_snake_case(class_name());
  const int clips = (clipnorm_ ? 1 : 0) + (clipvalue_ ? 1 : 0) + (global_clipnorm_ ? 1 : 0);
  if (clips > 1) {
    value_error(class_name(), ": expected at most one of clipnorm, clipvalue, global_clipnorm");
  }
  for (const auto& [what, value] : {std::pair("clipnorm", clipnorm_), {"clipvalue", clipvalue_},
                                    {"global_clipnorm", global_clipnorm_}}) {
    if (value && *value < 0) value_error(class_name(), ": expected ", what, " >= 0, received ", *value);
  }
  if (use_ema_ && (ema_momentum_ < 0 || ema_momentum_ > 1)) {
    value_error(class_name(), ": expected ema_momentum in [0, 1], received ", ema_momentum_);
  }
  if (gradient_accumulation_steps_ && *gradient_accumulation_steps_ < 2) {
    value_error(class_name(), ": expected gradient_accumulation_steps >= 2 or None, received ",
                *gradient_accumulation_steps_);
  }
  iterations();
  if (!learning_rate_.schedule && !rate_) {
    const PauseRecording pause;
    rate_ = make_ref<Variable>(Tensor::scalar(static_cast<float>(learning_rate_.value)),
                               "learning_rate", false);
    rate_->path = name_ + "/learning_rate";
    variables_.push_back(rate_);
  }
}

const VariableRef& Optimizer::iterations() {
  if (!iterations_) {
    iterations_ = make_ref<Variable>(Tensor::scalar(int64_t{0}), "iteration", false);
    iterations_->path = name_ + "/iteration";
    variables_.insert(variables_.begin(), iterations_);
  }
  return iterations_;
}

Tensor Optimizer::learning_rate() {
  if (learning_rate_.schedule) return (*learning_rate_.schedule)(iterations_->value());
  return rate_->value();
}

void Optimizer::set_learning_rate(double value) {
  if (learning_rate_.schedule) {
    type_error(class_name(), ": the learning rate is a schedule and cannot be set");
  }
  rate_->assign(Tensor::scalar(static_cast<float>(value)));
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
  for (size_t i = 0; i < variables.size(); ++i) {
    index_by_id_[variables[i]->id()] = i;
    make_slots(variables[i], i);
  }
  if (use_ema_) {
    for (const auto& variable : variables) {
      averages_.push_back(add_slot(variable, "average"));
      averages_.back()->assign(variable->raw());
    }
  }
  built_ = true;
}

VariableRef Optimizer::add_slot(const VariableRef& variable, const std::string& name, double value) {
  const PauseRecording pause;
  auto slot = make_ref<Variable>(ops::full(variable->shape(), value, variable->dtype()),
                                 variable->name + "_" + name, false);
  std::string owner = variable->path;
  for (char& c : owner) {
    if (c == '/') c = '_';
  }
  slot->path = name_ + "/" + owner + "_" + name;
  variables_.push_back(slot);
  return slot;
}

double Optimizer::decay_of(const Variable& variable) const {
  if (!weight_decay_) return 0;
  for (const std::string& name : undecayed_names_) {
    if (variable.path.find(name) != std::string::npos) return 0;
  }
  return *weight_decay_;
}

void Optimizer::exclude_from_weight_decay(const std::vector<std::string>& names) {
  undecayed_names_.insert(undecayed_names_.end(), names.begin(), names.end());
}

void Optimizer::clip(Tensors& grads) const {
  if (clipvalue_) {
    for (Tensor& g : grads) g = ops::clip(g, -*clipvalue_, *clipvalue_);
  }
  // g * limit / max(norm, limit): unchanged within the limit.
  if (clipnorm_) {
    for (Tensor& g : grads) {
      const Tensor norm = ops::sqrt(ops::sum(ops::square(g)));
      g = g * (*clipnorm_ / ops::maximum(norm, ops::scalar(*clipnorm_)));
    }
  }
  if (global_clipnorm_) {
    Tensor total;
    for (const Tensor& g : grads) {
      const Tensor squares = ops::cast(ops::sum(ops::square(g)), DType::kFloat32);
      total = total.defined() ? total + squares : squares;
    }
    const Tensor scale =
        *global_clipnorm_ / ops::maximum(ops::sqrt(total), ops::scalar(*global_clipnorm_));
    for (Tensor& g : grads) g = g * ops::cast(scale, g.dtype());
  }
}

void Optimizer::apply(const Tensors& grads, const std::vector<VariableRef>& variables) {
  if (grads.size() != variables.size()) {
    value_error(class_name(), ": expected one gradient a variable, received ", grads.size(),
                " gradients for ", variables.size(), " variables");
  }
  build(variables);
  Tensors given;
  std::vector<VariableRef> targets;
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined()) continue;
    if (!(grads[i].shape() == variables[i]->shape())) {
      value_error(class_name(), ": expected a gradient of shape ", variables[i]->shape(), " for '",
                  variables[i]->path, "', received ", grads[i].shape());
    }
    given.push_back(grads[i]);
    targets.push_back(variables[i]);
  }
  if (given.empty() && !grads.empty()) {
    value_error(class_name(), ": no gradients provided for any variable");
  }
  if (loss_scale_factor_) {
    for (Tensor& g : given) g = g / *loss_scale_factor_;
  }
  clip(given);
  const Tensor rate = learning_rate();
  for (size_t i = 0; i < given.size(); ++i) {
    const Tensor g = given[i].dtype() == targets[i]->dtype()
                         ? given[i]
                         : ops::cast(given[i], targets[i]->dtype());
    update(g, targets[i], index_of(*targets[i]), rate);
    if (targets[i]->constraint) targets[i]->assign(targets[i]->constraint(targets[i]->value()));
  }
  static const Tensor one = Tensor::scalar(int64_t{1});
  iterations_->assign(ops::add(iterations_->value(), one));
  for (size_t i = 0; use_ema_ && i < targets.size(); ++i) {
    const VariableRef& average = averages_[index_of(*targets[i])];
    average->assign(average->value() * ema_momentum_ +
                    targets[i]->value() * (1 - ema_momentum_));
  }
}

void Optimizer::finalize_variable_values(const std::vector<VariableRef>& variables) {
  if (!use_ema_ || !built_) return;
  for (const auto& variable : variables) {
    variable->assign(averages_[index_of(*variable)]->raw());
  }
}

}  // namespace nacre
