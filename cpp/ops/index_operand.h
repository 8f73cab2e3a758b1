// Tensors that serve as indices.
#pragma once

#include <string_view>

#include "nacre/ops/opdef.h"

namespace nacre {

// `indices` as int32, or as int64 where they are; TypeError unless they are integers.
Tensor index_operand(const Tensor& indices, std::string_view op);

// Calls f with the elements of an int32 or int64 buffer.
template <class F>
void with_indices(const Buffer& indices, F&& f) {
  if (indices.dtype() == DType::kInt64) {
    f(indices.as<const int64_t>());
  } else {
    f(indices.as<const int32_t>());
  }
}

// An index in [-length, length) as one in [0, length); IndexError otherwise.
inline int64_t wrap_index(int64_t index, int64_t length, const char* op) {
  const int64_t wrapped = index < 0 ? index + length : index;
  if (wrapped < 0 || wrapped >= length) {
    raise(ErrorKind::kIndex, op, ": expected indices in [0, ", length, "), received ", index);
  }
  return wrapped;
}

// Row-major positions in an array of shape `dims` of the elements at (arrays[0][i], arrays[1][i],
// ...); the arrays broadcast. IndexError for one out of range.
Tensor ravel_indices(const Tensors& arrays, const IntList& dims);

}  // namespace nacre
