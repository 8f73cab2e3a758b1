// Rearranging, padding and splitting tensors.
#pragma once

#include "nacre/ops/ops.h"

namespace nacre::ops {

Tensor moveaxis(const Tensor& x, const IntList& source, const IntList& destination);
Tensor swapaxes(const Tensor& x, int64_t axis1, int64_t axis2);
Tensor flip(const Tensor& x, const std::optional<IntList>& axis = {});
// x laid out `repeats` times along each axis; each element `repeats` times in a row.
Tensor tile(const Tensor& x, const IntList& repeats);
Tensor repeat(const Tensor& x, int64_t repeats, std::optional<int64_t> axis = {});
// `width` is (before, after) for each axis in turn; `mode` "constant", "reflect" or "symmetric".
Tensor pad(const Tensor& x, const IntList& width, const std::string& mode = "constant",
           double value = 0);
// Parts along `axis`: equal ones, or cut before each index.
Tensors split(const Tensor& x, int64_t sections, int64_t axis = 0);
Tensors split_at(const Tensor& x, const IntList& indices, int64_t axis = 0);
Tensor diagonal(const Tensor& x, int64_t offset = 0, int64_t axis1 = 0, int64_t axis2 = 1);
// The lower (upper) triangle of the last two axes: zeros above (below) diagonal k.
Tensor tril(const Tensor& x, int64_t k = 0);
Tensor triu(const Tensor& x, int64_t k = 0);

}  // namespace nacre::ops
