// Steps that several layers on images take; images are batches with the channels last.
#pragma once

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

// ValueError unless there are two numbers; then in order.
void require_range(FloatList& range, std::string_view layer);
// ValueError unless images can be read between their pixels, and outside, in these ways.
void require_interpolation(const std::string& interpolation, std::string_view layer);
void require_fill_mode(const std::string& fill_mode, std::string_view layer);

constexpr double kLargestByte = 255;
// Values of a range as 0 to 255, and back.
Tensor to_bytes(const Tensor& x, const FloatList& range);
Tensor from_bytes(const Tensor& x, const FloatList& range);

Tensor add_brightness(const Tensor& images, const Tensor& delta, const FloatList& value_range);
// The distance from each image's mean, times a factor.
Tensor scale_contrast(const Tensor& images, const Tensor& factor, const FloatList& value_range);

}  // namespace nacre
