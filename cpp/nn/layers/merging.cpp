#include "nacre/nn/layers/merging.h"

#include <algorithm>

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/shaping.h"
#include "nn/registry.h"

namespace nacre {
namespace {

std::string shapes_of(const Tensors& inputs) {
  std::string text;
  for (const Tensor& x : inputs) text += str_cat(text.empty() ? "" : " and ", x.shape());
  return text;
}

void require_inputs(const Tensors& inputs, size_t count, std::string_view words) {
  if (count ? inputs.size() != count : inputs.empty()) {
    value_error("expected a list of ", words, ", received ", inputs.size());
  }
}

// Different batches would broadcast sample by sample: never what was meant.
void require_one_batch(const Tensors& inputs) {
  int64_t batch = kUnknownDim;
  for (const Tensor& x : inputs) {
    if (x.rank() == 0) value_error("expected inputs with a batch axis, received a scalar");
    const int64_t size = x.shape()[0];
    if (batch >= 0 && size >= 0 && size != batch) {
      value_error("expected inputs of one batch size, received shapes ", shapes_of(inputs));
    }
    batch = std::max(batch, size);
  }
}

}  // namespace

Tensors ElementwiseMerge::call(const Tensors& inputs, const CallContext& context) {
  require_inputs(inputs, 0, "at least one input");
  require_one_batch(inputs);
  int rank = 0;
  for (const Tensor& x : inputs) rank = std::max(rank, x.rank());
  const auto aligned = [&](Tensor x) {
    while (x.rank() < rank) x = ops::expand_dims(x, 1);
    return x;
  };
  Tensor y = aligned(inputs[0]);
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Tensor x = aligned(inputs[i]);
    try {
      broadcast_shapes(y.shape(), x.shape(), "");
    } catch (const Error&) {
      value_error("expected inputs whose shapes broadcast together, received ", shapes_of(inputs));
    }
    y = combine(y, x);
  }
  return {finish(y, inputs.size())};
}

Tensors ElementwiseMerge::compute_mask(const Tensors& inputs, const Tensors& masks) {
  Tensor any;
  for (const Tensor& mask : masks) {
    if (!mask.defined()) return {};
    any = any.defined() ? ops::logical_or(any, mask) : mask;
  }
  return {any};
}

Tensor Add::combine(const Tensor& a, const Tensor& b) const {
  return a + b;
}

Tensors Subtract::call(const Tensors& inputs, const CallContext& context) {
  require_inputs(inputs, 2, "two inputs");
  return ElementwiseMerge::call(inputs, context);
}

Tensor Subtract::combine(const Tensor& a, const Tensor& b) const {
  return a - b;
}

Tensor Multiply::combine(const Tensor& a, const Tensor& b) const {
  return a * b;
}

Tensor Average::combine(const Tensor& a, const Tensor& b) const {
  return a + b;
}

Tensor Average::finish(const Tensor& y, size_t count) const {
  return y / static_cast<double>(count);
}

Tensor Maximum::combine(const Tensor& a, const Tensor& b) const {
  return ops::maximum(a, b);
}

Tensor Minimum::combine(const Tensor& a, const Tensor& b) const {
  return ops::minimum(a, b);
}

Tensors Concatenate::call(const Tensors& inputs, const CallContext& context) {
  require_inputs(inputs, 0, "at least one input");
  const Shape& first = inputs[0].shape();
  const int at = normalize_axis(axis, first.rank(), "Concatenate");
  for (const Tensor& x : inputs) {
    bool fits = x.rank() == first.rank();
    for (int i = 0; fits && i < x.rank(); ++i) {
      fits = i == at || x.shape()[i] == first[i] || x.shape()[i] < 0 || first[i] < 0;
    }
    if (!fits) {
      value_error("expected inputs that have the same shape except along axis ", axis,
                  ", received ", shapes_of(inputs));
    }
  }
  return {ops::concatenate(inputs, axis)};
}

Tensors Concatenate::compute_mask(const Tensors& inputs, const Tensors& masks) {
  if (masks.empty()) return {};
  Tensors wide;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = inputs[i];
    const Tensor all = ops::cast(ops::ones_like(x), DType::kBool);
    if (!masks[i].defined()) {
      wide.push_back(all);
    } else if (masks[i].rank() < x.rank()) {
      wide.push_back(ops::logical_and(ops::expand_dims(masks[i], -1), all));
    } else {
      wide.push_back(masks[i]);
    }
  }
  return {ops::any(ops::concatenate(wide, axis), IntList{-1})};
}

void Dot::validate() {
  Layer::validate();
  if (axes.axes.empty() || axes.axes.size() > 2 || (!axes.single && axes.axes.size() != 2)) {
    value_error("Dot: expected axes to be one axis or two, received ", write_field(axes).dump());
  }
}

Tensors Dot::call(const Tensors& inputs, const CallContext& context) {
  require_inputs(inputs, 2, "two inputs");
  require_one_batch(inputs);
  Tensors sides;
  Shape out{std::max(inputs[0].shape()[0], inputs[1].shape()[0])};
  int64_t sizes[2];
  for (size_t i = 0; i < 2; ++i) {
    const Tensor& x = inputs[i];
    if (x.rank() < 2) {
      value_error("expected inputs of rank 2 or more, received shapes ", shapes_of(inputs));
    }
    const int axis = normalize_axis(axes.axes[axes.single ? 0 : i], x.rank(), "Dot");
    if (axis == 0) value_error("expected axes other than the batch axis 0");
    sizes[i] = x.shape()[axis];
    for (int d = 1; d < x.rank(); ++d) {
      if (d != axis) out.push_back(x.shape()[d]);
    }
    Tensor side = normalize ? ops::normalize(x, {axis}) : x;
    if (axis != x.rank() - 1) side = ops::moveaxis(side, {axis}, {-1});
    sides.push_back(side);
  }
  if (sizes[0] >= 0 && sizes[1] >= 0 && sizes[0] != sizes[1]) {
    value_error("expected inputs of one size along axes=", write_field(axes).dump(),
                ", received shapes ", shapes_of(inputs));
  }
  if (out.rank() == 1) out.push_back(1);
  if (inputs[0].is_placeholder() || inputs[1].is_placeholder()) {
    return {Tensor::placeholder({sides[0].dtype(), out})};
  }
  for (Tensor& side : sides) {
    const int64_t rows = side.shape().size(1, side.rank() - 1);
    if (side.rank() != 3) side = ops::reshape(side, {out[0], rows, sizes[0]});
  }
  return {ops::reshape(ops::matmul(sides[0], sides[1], false, true), out)};
}

void register_merging_layers() {
  register_class<Add>();
  register_class<Subtract>();
  register_class<Multiply>();
  register_class<Average>();
  register_class<Maximum>();
  register_class<Minimum>();
  register_class<Concatenate>();
  register_class<Dot>();
}

}  // namespace nacre
