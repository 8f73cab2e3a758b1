#include "nacre/nn/metric.h"

#include "nacre/nn/layer.h"
#include "nacre/nn/loss.h"
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

VariableRef Metric::add_variable(const std::string& name, const Shape& shape, DType dtype,
                                 const Ref<Initializer>& initializer) {
  const PauseRecording pause;
  const Tensor value = initializer ? (*initializer)(shape, dtype) : ops::zeros(shape, dtype);
  auto variable = make_ref<Variable>(value, name, false);
  variable->path = name_ + "/" + name;
  variables_.push_back(variable);
  return variable;
}

void Metric::reset_state() {
  for (const auto& variable : variables_) {
    variable->assign(ops::zeros(variable->shape(), variable->dtype()));
  }
}

Tensor Metric::divide_no_nan(const Tensor& x, const Tensor& y) const {
  const Tensor none = ops::equal(y, ops::scalar(0));
  const Tensor quotient = x / ops::where(none, ops::ones_like(y), y);
  return ops::cast(ops::where(none, ops::zeros_like(quotient), quotient), dtype());
}

WeightedValues to_samples(const Tensor& values, const Tensor& sample_weight, ReduceFn reduce) {
  const auto axes_from = [](int first, int end) {
    IntList axes;
    for (int i = first; i < end; ++i) axes.push_back(i);
    return axes;
  };
  Tensor v = is_floating(values.dtype()) ? values : ops::cast(values, floatx());
  Tensor w;
  if (sample_weight.defined()) {
    w = ops::cast(apply_mask(sample_weight, values.mask(), v.dtype(), false), v.dtype());
    squeeze_or_expand(v, w);
    if (v.rank() > w.rank()) v = reduce(v, axes_from(w.rank(), v.rank()), false);
    bool fits = v.rank() == w.rank();
    for (int i = 0; fits && i < v.rank(); ++i) {
      fits = w.shape()[i] == v.shape()[i] || w.shape()[i] == 1;
    }
    if (!fits) {
      value_error("expected sample_weight to fit values of shape ", values.shape(), ", received ",
                  sample_weight.shape());
    }
    if (!(w.shape() == v.shape())) w = ops::broadcast_to(w, v.shape());
    v = v * w;
    if (w.rank() > 1) w = reduce(w, axes_from(1, w.rank()), false);
  }
  if (v.rank() > 1) v = reduce(v, axes_from(1, v.rank()), false);
  return {v, w};
}

void Sum::validate() {
  Metric::validate();
  if (!total_) total_ = add_variable("total", {}, DType::kFloat64);
}

void Sum::update_state(const Tensor& y_true, const Tensor&, const Tensor& sample_weight) {
  const Tensor values = to_samples(y_true, sample_weight, &ops::sum).values;
  total_->assign(total_->value() + ops::cast(ops::sum(values), DType::kFloat64));
}

Tensor Sum::result() {
  return ops::cast(total_->value(), dtype());
}

void Mean::validate() {
  Metric::validate();
  if (total_) return;
  total_ = add_variable("total", {}, DType::kFloat64);
  count_ = add_variable("count", {}, DType::kFloat64);
}

void Mean::add(const Tensor& values, const Tensor& sample_weight) {
  const WeightedValues samples = to_samples(values, sample_weight, &ops::mean);
  total_->assign(total_->value() + ops::cast(ops::sum(samples.values), DType::kFloat64));
  if (samples.weight.defined()) {
    count_->assign(count_->value() + ops::cast(ops::sum(samples.weight), DType::kFloat64));
  } else {
    const int64_t rows = samples.values.rank() ? samples.values.shape()[0] : 1;
    count_->assign(count_->value() + static_cast<double>(rows));
  }
}

void Mean::update_state(const Tensor& y_true, const Tensor&, const Tensor& sample_weight) {
  add(y_true, sample_weight);
}

Tensor Mean::result() {
  return divide_no_nan(total_->value(), count_->value());
}

void MeanMetricWrapper::update_state(const Tensor& y_true, const Tensor& y_pred,
                                     const Tensor& sample_weight) {
  if (!y_pred.defined()) value_error(class_name(), ": expected y_true and y_pred, received one");
  const Tensor values = call(y_true, y_pred);
  add(values, apply_mask(sample_weight, y_pred.mask(), dtype(), false));
}

}  // namespace nacre
