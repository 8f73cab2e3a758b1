// Steps that several layers on images take; images are batches with the channels last.
#pragma once

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

// ValueError unless there are two numbers; then in order.
void require_range(FloatList& range, std::string_view layer);

Tensor add_brightness(const Tensor& images, const Tensor& delta, const FloatList& value_range);
// The distance from each image's mean, times a factor.
Tensor scale_contrast(const Tensor& images, const Tensor& factor, const FloatList& value_range);

}  // namespace nacre
