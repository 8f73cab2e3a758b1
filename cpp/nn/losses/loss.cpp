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
  if (reduction_ != "sum_over_batch_size" && reduction_ != "sum" && reduction_ != "none" &&
      reduction_ != "mean" && reduction_ != "mean_with_sample_weight") {
    value_error(class_name(),
                ": expected reduction 'sum_over_batch_size', 'sum', 'mean', "
                "'mean_with_sample_weight' or None, received '",
                reduction_, "'");
  }
}

void squeeze_or_expand(Tensor& y_true, const Tensor& y_pred) {
  const int rank = y_pred.rank();
  if (y_true.rank() == rank + 1 && y_true.shape().back() == 1) {
    y_true = ops::squeeze(y_true, IntList{-1});
  } else if (y_true.rank() + 1 == rank && y_pred.shape().back() == 1) {
    y_true = ops::expand_dims(y_true, -1);
  }
}

Tensor reduce_weighted(const Tensor& values, const Tensor& sample_weight,
                       const std::string& reduction) {
  Tensor weighted = values;
  Tensor weight;
  if (sample_weight.defined()) {
    weight = ops::cast(sample_weight, values.dtype());
    while (weight.rank() > values.rank() && weight.shape().back() == 1) {
      weight = ops::squeeze(weight, IntList{-1});
    }
    while (weight.rank() < values.rank()) weight = ops::expand_dims(weight, -1);
    weighted = ops::multiply(values, weight);
  }
  if (reduction == "none") return weighted;
  if (reduction == "sum") return ops::sum(weighted);
  if (reduction == "mean_with_sample_weight" && weight.defined()) {
    return ops::sum(weighted) / ops::sum(ops::broadcast_to(weight, values.shape()));
  }
  return ops::mean(weighted);
}

Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) {
  const DType dtype = dtype_.value_or(is_floating(y_pred.dtype()) ? y_pred.dtype() : floatx());
  // Losses add up many terms: half precision is widened first.
  const DType wide =
      dtype == DType::kFloat16 || dtype == DType::kBFloat16 ? DType::kFloat32 : dtype;
  const Tensor prediction = y_pred.dtype() == wide ? y_pred : ops::cast(y_pred, wide);
  Tensor values = call(y_true, prediction);
  return reduce_weighted(values, sample_weight, reduction_);
}

}  // namespace nacre
