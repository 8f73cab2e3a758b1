// What the reduction families share: axes, result shapes, and the walk over several axes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "nacre/ops/opdef.h"

namespace nacre {

struct ReduceAttrs : AttrsOf<ReduceAttrs> {
  std::optional<IntList> axis;
  bool keepdims = false;
  NACRE_ATTRS(axis, keepdims)
};

// For each axis whether it is reduced; ValueError for an axis out of range or given twice.
std::vector<bool> reduced_axes(const std::optional<IntList>& axis, int rank, std::string_view op);
Shape reduced_shape(const Shape& in, const std::optional<IntList>& axis, bool keepdims,
                    std::string_view op);
// A result or its gradient with the reduced axes kept as 1, so that it broadcasts against x.
Tensor keep_axes(const Tensor& reduced, const Tensor& x, const std::optional<IntList>& axis,
                 std::string_view op);
// How many elements each result is made of.
int64_t reduced_count(const Shape& in, const std::optional<IntList>& axis, std::string_view op);

// Whether float32 rows of a dense matrix are each reduced in one go, and not in parts by several
// threads: the order of additions is that of kernels::KernelTable::reduce.
bool reduces_whole_rows(int64_t rows, int64_t length);

// The backward of a product over `axis` (scan.cpp), exact where elements are 0.
Tensors product_backward(const BackwardContext& c);

}  // namespace nacre
