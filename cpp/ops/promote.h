// How the inputs of an op come to one dtype.
#pragma once

#include <span>

#include "nacre/ops/opdef.h"

namespace nacre {

// The dtype of a Python scalar that meets no tensor: bool, int32 or floatx.
DType weak_default(DType dtype);
DType common_dtype(std::span<const Tensor> inputs, Promote rule);
// `t` with another dtype: a weak scalar is remade (it is a constant nobody else holds), anything
// else goes through the recorded op cast. The result is never weak.
Tensor to_dtype(const Tensor& t, DType dtype);
// Brings the defined tensors to their common dtype.
void promote_all(std::span<Tensor> tensors, Promote rule = Promote::kCommon);

}  // namespace nacre
