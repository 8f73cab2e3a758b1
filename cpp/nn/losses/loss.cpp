#include "nacre/nn/loss.h"

#include "nacre/ops/ops.h"

namespace nacre {

std::vector<Field> Loss::fields() {
  std::vector<Field> all;
  detail::append_fields(all, "name, reduction, dtype", std::tie(name_, reduction_, dtype_));
  return all;
}

void Loss::validate() {
  if (name_.empty()) name_ = to_snake_case(class_name());
  const std::string reduction = reduction_.value_or("none");
  if (reduction != "sum_over_batch_size" && reduction != "sum" && reduction != "none" &&
      reduction != "mean" && reduction != "mean_with_sample_weight") {
    value_error(class_name(),
                ": expected reduction 'sum_over_batch_size', 'sum', 'mean', "
                "'mean_with_sample_weight' or None, received '",
                reduction, "'");
  }
}

void squeeze_or_expand(Tensor& a, Tensor& b) {
  const auto match = [](Tensor& longer, Tensor& shorter) {
    if (longer.shape().back() != 1) return;
    if (shorter.rank() == 1) {
      shorter = ops::expand_dims(shorter, -1);
    } else {
      longer = ops::squeeze(longer, IntList{-1});
    }
  };
  if (a.rank() == b.rank() + 1) {
    match(a, b);
  } else if (b.rank() == a.rank() + 1) {
    match(b, a);
  }
}

namespace {

// A weight shaped as the leading axes of `values`, with axes of one behind them.
Tensor weight_like(const Tensor& sample_weight, const Tensor& values) {
  Tensor weight = ops::cast(sample_weight, values.dtype());
  while (weight.rank() > values.rank() && weight.shape().back() == 1) {
    weight = ops::squeeze(weight, IntList{-1});
  }
  bool fits = weight.rank() <= values.rank();
  for (int i = 0; fits && i < weight.rank(); ++i) {
    const int64_t a = weight.shape()[i], b = values.shape()[i];
    fits = a == b || a == 1 || b == 1 || a < 0 || b < 0;
  }
  if (!fits) {
    value_error("expected sample_weight to fit losses of shape ", values.shape(), ", received ",
                sample_weight.shape());
  }
  while (weight.rank() < values.rank()) weight = ops::expand_dims(weight, -1);
  return weight;
}

}  // namespace

Tensor reduce_weighted(const Tensor& values, const Tensor& sample_weight,
                       const std::string& reduction) {
  Tensor weighted = values;
  Tensor weight = sample_weight;
  if (weight.defined()) {
    squeeze_or_expand(weighted, weight);
    weight = weight_like(weight, weighted);
    weighted = weighted * weight;
  }
  if (reduction == "none" || weighted.rank() == 0) return weighted;
  if (reduction == "sum" || weighted.size() == 0) return ops::sum(weighted);
  if (reduction == "mean_with_sample_weight" && weight.defined()) {
    const Tensor total = ops::sum(weight);
    // No weight at all is no loss, not NaN.
    return ops::sum(weighted) /
           ops::where(ops::equal(total, ops::scalar(0)), ops::ones_like(total), total);
  }
  return ops::mean(weighted);
}

Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) {
  const DType dtype = dtype_.value_or(is_floating(y_pred.dtype()) ? y_pred.dtype() : floatx());
  // Losses add up many terms: half precision is widened first.
  const DType wide =
      dtype == DType::kFloat16 || dtype == DType::kBFloat16 ? DType::kFloat32 : dtype;
  Tensor prediction = y_pred.dtype() == wide ? y_pred : ops::cast(y_pred, wide);
  Tensor target = y_true;
  squeeze_or_expand(target, prediction);
  const std::string reduction = reduction_.value_or("none");
  const Tensor values = call(target, prediction);
  Tensor mask = y_pred.mask();
  if (const Tensor counted = this->counted(target, prediction); counted.defined()) {
    mask = mask.defined() ? ops::logical_and(mask, counted) : counted;
  }
  const bool for_mean = reduction == "sum_over_batch_size" || reduction == "mean";
  return reduce_weighted(values, apply_mask(sample_weight, mask, values.dtype(), for_mean),
                         reduction);
}

Tensor apply_mask(const Tensor& sample_weight, const Tensor& mask, DType dtype, bool for_mean) {
  if (!mask.defined()) return sample_weight;
  Tensor counts = ops::cast(mask, dtype);
  if (for_mean) {
    // Without any sample that counts the loss is 0.
    const Tensor valid = ops::maximum(ops::sum(counts), ops::scalar(1));
    counts = counts * (static_cast<double>(counts.size()) / valid);
  }
  if (!sample_weight.defined()) return counts;
  Tensor weight = ops::cast(sample_weight, dtype);
  squeeze_or_expand(counts, weight);
  return counts * weight_like(weight, counts);
}

Tensor FunctionLoss::call(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor target =
      y_true.dtype() == y_pred.dtype() ? y_true : ops::cast(y_true, y_pred.dtype());
  return function_(target, y_pred);
}

}  // namespace nacre
