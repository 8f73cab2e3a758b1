// Products of tensors beyond matmul.
#pragma once

#include "nacre/ops/ops.h"

namespace nacre::ops {

// NumPy's dot: the last axis of x1 with the last but one of x2.
Tensor dot(const Tensor& x1, const Tensor& x2);
// Sums over pairs of axes; the others of x1 come first in the result.
Tensor tensordot(const Tensor& x1, const Tensor& x2, const IntList& axes1, const IntList& axes2);
Tensor outer(const Tensor& x1, const Tensor& x2);
// Any einsum equation ("bij,bjk->bik", "...ii->...i"), as transposes, reshapes and matmuls.
Tensor einsum(const std::string& subscripts, const Tensors& operands);

}  // namespace nacre::ops
