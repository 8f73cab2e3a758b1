#include "nacre/nn/layers/preprocessing.h"

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

void gather_numbers(const Json& json, FloatList& out, std::string_view what) {
  if (json.is_array()) {
    for (const Json& item : json.as_array()) gather_numbers(item, out, what);
  } else {
    out.push_back(json.as_double(what));
  }
}

// The numbers of a (nested) list, or one number.
FloatList numbers_of(const Json& json, std::string_view what) {
  FloatList out;
  gather_numbers(json, out, what);
  if (out.empty()) value_error("expected ", what, " of at least one number");
  return out;
}

Tensor tensor_of(const FloatList& values, const Shape& shape) {
  return Tensor::from(std::vector<float>(values.begin(), values.end()), shape);
}

// A number becomes a weak scalar, a list a vector over the last axis.
Tensor factor_of(const Json& json, std::string_view what) {
  if (!json.is_array()) return ops::scalar(json.as_double(what));
  const FloatList values = numbers_of(json, what);
  return tensor_of(values, {static_cast<int64_t>(values.size())});
}

Tensor to(const Tensor& x, DType dtype) {
  return x.is_weak() || x.dtype() == dtype ? x : ops::cast(x, dtype);
}

}  // namespace

void Rescaling::validate() {
  UnaryLayer::validate();
  scale_ = factor_of(scale, "scale");
  offset_ = factor_of(offset, "offset");
}

Tensor Rescaling::call(const Tensor& x, const CallContext& context) {
  const DType dtype = compute_dtype();
  return to(x, dtype) * to(scale_, dtype) + to(offset_, dtype);
}

void Normalization::validate() {
  UnaryLayer::validate();
  if (mean.is_null() != variance.is_null()) {
    value_error("Normalization: expected both of mean and variance, or neither");
  }
  if (axis) axis->single = false;
}

void Normalization::build(const Shape& input_shape) {
  const int rank = input_shape.rank();
  const IntList kept = axis ? axis->normalized(rank) : IntList();
  kept_shape_ = broadcast_shape_ = {};
  for (int i = 0; i < rank; ++i) broadcast_shape_.push_back(1);
  for (const int64_t i : kept) {
    const int64_t size = input_shape[static_cast<int>(i)];
    if (size < 0) {
      value_error("expected an input whose axis ", i, " is known, received shape ", input_shape);
    }
    kept_shape_.push_back(size);
    broadcast_shape_[static_cast<int>(i)] = size;
  }
  if (mean.is_null()) {
    const auto zeros = deserialize_as<Initializer>("initializers", "Zeros");
    const auto ones = deserialize_as<Initializer>("initializers", "Ones");
    const WeightOptions fixed{.trainable = false};
    mean_variable_ = add_weight("mean", kept_shape_, zeros, fixed);
    variance_variable_ = add_weight("variance", kept_shape_, ones, fixed);
    count_ = add_weight("count", {}, zeros, {.dtype = DType::kInt32, .trainable = false});
    return;
  }
  const auto given = [&](const Json& json, const char* what) {
    const FloatList values = numbers_of(json, what);
    const auto count = static_cast<int64_t>(values.size());
    if (count == broadcast_shape_.size()) return tensor_of(values, broadcast_shape_);
    if (count == 1) return ops::broadcast_to(tensor_of(values, {1}), broadcast_shape_);
    value_error("expected ", what, " of ", broadcast_shape_.size(),
                " numbers (input: ", input_shape, "), received ", count);
  };
  given_mean_ = given(mean, "mean");
  given_variance_ = given(variance, "variance");
}

Tensor Normalization::call(const Tensor& input, const CallContext& context) {
  const DType dtype = compute_dtype();
  const Tensor x = to(input, dtype);
  if (x.rank() != broadcast_shape_.rank()) {
    value_error("expected an input of rank ", broadcast_shape_.rank(), ", received shape ",
                x.shape());
  }
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t size = broadcast_shape_[i];
    if (size != 1 && x.shape()[i] != size && x.shape()[i] >= 0) {
      value_error("expected an input of size ", size, " along axis ", i, ", received shape ",
                  x.shape());
    }
  }
  const auto shaped = [&](const Tensor& given, const VariableRef& variable) {
    return to(given.defined() ? given : ops::reshape(variable->value(), broadcast_shape_), dtype);
  };
  const Tensor center = shaped(given_mean_, mean_variable_);
  const Tensor deviation =
      ops::maximum(ops::sqrt(shaped(given_variance_, variance_variable_)), ops::scalar(epsilon()));
  return invert ? center + x * deviation : (x - center) / deviation;
}

void register_preprocessing_layers() {
  register_class<Rescaling>();
  register_class<Normalization>();
}

}  // namespace nacre
