// Indexing, gathering and scattering.
#pragma once

#include <optional>
#include <variant>

#include "nacre/ops/ops.h"

namespace nacre::ops {

// One item of x[...], as NumPy's: an int, a slice, None (new axis), an ellipsis, an array of ints
// or of bools.
struct IndexSlice {
  std::optional<int64_t> start, stop, step;
};
struct NewAxis {};
struct Ellipsis {};
using Index = std::variant<int64_t, IndexSlice, NewAxis, Ellipsis, Tensor>;

// x[items] with NumPy's rules for basic and advanced indexing. IndexError for an index out of
// range.
Tensor getitem(const Tensor& x, const std::vector<Index>& items);

// Elements of x along `axis` (of the flattened x without one) at `indices`; negative ones count
// from the end; IndexError for one out of range.
Tensor take(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis = {});
Tensor take_along_axis(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis);
// Zeros of (rows, ...) to which the leading rows of `values` are added at `indices`: the gradient
// of take along axis 0. The order of additions is that of `indices`, for any number of threads.
Tensor scatter_add(const Tensor& values, const Tensor& indices, int64_t rows);
Tensor one_hot(const Tensor& x, int64_t num_classes, int64_t axis = -1,
               DType dtype = DType::kFloat32);
Tensor slice(const Tensor& inputs, const Tensor& start_indices, const Shape& shape);
Tensor slice_update(const Tensor& inputs, const Tensor& start_indices, const Tensor& updates);
Tensor sort(const Tensor& x, std::optional<int64_t> axis = -1);
Tensor argsort(const Tensor& x, std::optional<int64_t> axis = -1);
// The k largest elements along the last axis and their int32 indices.
std::pair<Tensor, Tensor> top_k(const Tensor& x, int64_t k);
// Whether targets[i] is among the k largest of predictions[i]; ties count.
Tensor in_top_k(const Tensor& targets, const Tensor& predictions, int64_t k);
// The indices of the elements that are not zero, one int32 tensor an axis. Reads the data.
Tensors nonzero(const Tensor& x);

}  // namespace nacre::ops
