#include "nacre/nn/layers/position.h"

#include <cmath>

#include "nacre/ops/indexing.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/shaping.h"
#include "nn/layers/call_arguments.h"
#include "nn/registry.h"

namespace nacre {
namespace {

const std::vector<std::string> kNames = {"inputs", "start_index"};

// The positions [start, start + length) as float32; start may be a tensor.
Tensor positions(const CallArguments& given, int64_t length) {
  const Tensor start = given.tensor("start_index");
  const auto first = static_cast<double>(given.integer("start_index", 0));
  Tensor at(TensorSpec{DType::kFloat32, {length}});
  for (int64_t i = 0; i < length; ++i) {
    at.mutable_data<float>()[i] = static_cast<float>(first + static_cast<double>(i));
  }
  return start.defined() ? at + ops::cast(start, DType::kFloat32) : at;
}

// position / wavelength^(2 i / size) for i in [0, count).
Tensor angles(const Tensor& at, int64_t count, int64_t size, double wavelength) {
  Tensor frequency(TensorSpec{DType::kFloat32, {count}});
  for (int64_t i = 0; i < count; ++i) {
    const double power = 2.0 * static_cast<double>(i) / static_cast<double>(size);
    frequency.mutable_data<float>()[i] = static_cast<float>(std::pow(wavelength, -power));
  }
  return ops::expand_dims(at, 1) * frequency;
}

void require_sequence(const Tensors& inputs) {
  if (inputs.empty() || inputs[0].rank() < 2) {
    value_error("expected an input of rank 2 or more, received ",
                inputs.empty() ? std::string("none") : str_cat("shape ", inputs[0].shape()));
  }
}

}  // namespace

void PositionEmbedding::validate() {
  Layer::validate();
  if (sequence_length <= 0) {
    value_error("PositionEmbedding: expected sequence_length > 0, received ", sequence_length);
  }
}

void PositionEmbedding::build(const std::vector<Shape>& input_shapes) {
  const Shape& shape = input_shapes.at(0);
  if (shape.rank() < 2 || shape.back() < 0) {
    value_error(
        "expected an input of rank 2 or more whose last axis is known, "
        "received shape ",
        shape);
  }
  embeddings_ = add_weight("embeddings", {sequence_length, shape.back()}, initializer);
}

Tensors PositionEmbedding::call(const Tensors& inputs, const CallContext& context) {
  require_sequence(inputs);
  const Tensor& x = inputs[0];
  const Shape& shape = x.shape();
  const int64_t length = shape[shape.rank() - 2];
  if (shape.back() >= 0 && shape.back() != embeddings_->shape()[1]) {
    value_error("expected an input whose last dimension is ", embeddings_->shape()[1],
                ", received shape ", shape);
  }
  const CallArguments given(inputs, context, kNames);
  const int64_t first = given.integer("start_index", 0);
  if (length >= 0 && (first < 0 || first + length > sequence_length)) {
    value_error("expected positions in [0, sequence_length=", sequence_length, "), received ",
                length, " from start_index ", first, " on");
  }
  if (x.is_placeholder()) return {Tensor::placeholder({compute_dtype(), shape})};
  Tensor rows = value(embeddings_);
  if (const Tensor start = given.tensor("start_index"); start.defined()) {
    rows = ops::take(rows, ops::cast(positions(given, length), DType::kInt32), 0);
  } else if (first != 0 || length != sequence_length) {
    rows = ops::slice_axis(rows, 0, first, length);
  }
  return {ops::broadcast_to(rows, shape)};
}

Tensors SinePositionEncoding::call(const Tensors& inputs, const CallContext& context) {
  require_sequence(inputs);
  const Tensor& x = inputs[0];
  if (x.is_placeholder()) return {Tensor::placeholder({compute_dtype(), x.shape()})};
  const int64_t length = x.shape()[x.rank() - 2], size = x.shape().back();
  const CallArguments given(inputs, context, kNames);
  // Even features are sines, odd ones the cosines of the same angle.
  const Tensor angle = angles(positions(given, length), (size + 1) / 2, size, max_wavelength);
  Tensor rows =
      ops::reshape(ops::stack({ops::sin(angle), ops::cos(angle)}, 2), {length, (size + 1) / 2 * 2});
  if (size % 2 != 0) rows = ops::slice_axis(rows, 1, 0, size);
  if (compute_dtype() != DType::kFloat32) rows = ops::cast(rows, compute_dtype());
  return {ops::broadcast_to(rows, x.shape())};
}

void RotaryEmbedding::validate() {
  Layer::validate();
  if (!(max_wavelength > 0) || !(scaling_factor > 0)) {
    value_error(
        "RotaryEmbedding: expected max_wavelength > 0 and "
        "scaling_factor > 0, received ",
        max_wavelength, " and ", scaling_factor);
  }
}

Tensors RotaryEmbedding::call(const Tensors& inputs, const CallContext& context) {
  require_sequence(inputs);
  Tensor x = inputs[0];
  const int feature = normalize_axis(feature_axis, x.rank(), "feature_axis");
  const int sequence = normalize_axis(sequence_axis, x.rank(), "sequence_axis");
  if (feature == sequence) {
    value_error("expected sequence_axis and feature_axis to differ, received ", sequence_axis,
                " and ", feature_axis, " (x: ", x.shape(), ")");
  }
  const int64_t size = x.shape()[feature], length = x.shape()[sequence];
  if (size >= 0 && size % 2 != 0) {
    value_error("expected an even number of features, received shape ", x.shape());
  }
  if (x.is_placeholder()) return {Tensor::placeholder({x.dtype(), x.shape()})};
  const CallArguments given(inputs, context, kNames);
  const Tensor at = positions(given, length) * (1 / scaling_factor);
  const Tensor angle = angles(at, size / 2, size, max_wavelength);
  // (length, half) with axes of size 1 where x has others.
  const bool moved = feature != x.rank() - 1;
  if (moved) x = ops::moveaxis(x, {feature}, {-1});
  const int where = sequence > feature ? sequence - 1 : sequence;
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) shape.push_back(1);
  shape[where] = length;
  shape[x.rank() - 1] = size / 2;
  const auto table = [&](const Tensor& t) {
    const Tensor shaped = ops::reshape(t, shape);
    return shaped.dtype() == x.dtype() ? shaped : ops::cast(shaped, x.dtype());
  };
  const Tensor cosine = table(ops::cos(angle)), sine = table(ops::sin(angle));
  const Tensors halves = ops::split(x, 2, -1);
  Tensor y = ops::concatenate(
      {halves[0] * cosine - halves[1] * sine, halves[1] * cosine + halves[0] * sine}, -1);
  if (moved) y = ops::moveaxis(y, {-1}, {feature});
  return {y};
}

void register_position_layers() {
  register_class<PositionEmbedding>();
  register_class<SinePositionEncoding>();
  register_class<RotaryEmbedding>();
}

}  // namespace nacre
