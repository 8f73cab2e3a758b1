#include "nacre/nn/metric.h"

#include "nacre/nn/layer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre {

std::vector<Field> Metric::fields() {
  std::vector<Field> all;
  detail::append_fields(all, "name, dtype", std::tie(name_, dtype_));
  return all;
}

void Metric::validate() {
  if (name_.empty()) name_ = unique_name(to_snake_case(class_name()));
}

VariableRef Metric::add_variable(const std::string& name, const Shape& shape, DType dtype) {
  const PauseRecording pause;
  auto variable = make_ref<Variable>(ops::zeros(shape, dtype), name, false);
  variable->path = name_ + "/" + name;
  variables_.push_back(variable);
  return variable;
}

void Metric::reset_state() {
  for (const auto& variable : variables_) {
    variable->assign(ops::zeros(variable->shape(), variable->dtype()));
  }
}

void Mean::validate() {
  Metric::validate();
  if (total_) return;
  total_ = add_variable("total", {});
  count_ = add_variable("count", {});
}

void Mean::add(const Tensor& values, const Tensor& sample_weight) {
  Tensor v = ops::cast(values, DType::kFloat32);
  if (sample_weight.defined()) {
    Tensor w = ops::cast(sample_weight, DType::kFloat32);
    while (w.rank() > v.rank() && w.shape().back() == 1) w = ops::squeeze(w, IntList{-1});
    while (w.rank() < v.rank()) w = ops::expand_dims(w, -1);
    w = w.shape() == v.shape() ? w : ops::broadcast_to(w, v.shape());
    total_->assign(total_->value() + ops::sum(v * w));
    count_->assign(count_->value() + ops::sum(w));
  } else {
    total_->assign(total_->value() + ops::sum(v));
    count_->assign(count_->value() + static_cast<double>(v.size()));
  }
}

void Mean::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) {
  add(y_true, sample_weight);
}

Tensor Mean::result() {
  const Tensor count = count_->value();
  // 0 / 0 is 0 by convention: a metric before its first batch.
  return total_->value() / ops::where(ops::equal(count, ops::scalar(0)), ops::ones_like(count), count);
}

void MeanMetricWrapper::update_state(const Tensor& y_true, const Tensor& y_pred,
                                     const Tensor& sample_weight) {
  add(call(y_true, y_pred), sample_weight);
}

}  // namespace nacre
