// The shapes of convolution and pooling, in channels-last layout with one to three spatial axes.
#pragma once

#include <string>
#include <string_view>

#include "kernels/abi.h"
#include "nacre/ops/attrs.h"
#include "nacre/ops/opdef.h"

namespace nacre {

// One spatial axis of a window that slides over an input.
struct WindowAxis {
  int64_t out;  // kUnknownDim for an unknown input size
  int64_t pad;  // zeros before the input
};

// `padding` is 'valid' or 'same' (TensorFlow's: out = ceil(in / stride), the odd zero at the end).
WindowAxis window_axis(int64_t in, int64_t window, int64_t stride, int64_t dilation,
                       const std::string& padding);

// Size of a transposed convolution's result along one axis (Keras: 'valid' covers
// max(window, stride) a step, 'same' gives in * stride; output_padding replaces either's default).
WindowAxis transposed_axis(int64_t in, int64_t window, int64_t stride, int64_t dilation,
                           const std::string& padding, const int64_t* output_padding);

// `value` repeated to `count` numbers; ValueError when it has neither 1 nor `count`, or any is < 1.
IntList spatial_list(const IntList& value, int count, std::string_view op, std::string_view name,
                     int64_t smallest = 1);

void check_padding(const std::string& padding, std::string_view op);

// True for 'channels_first'; None is the process's default.
bool is_channels_first(const std::optional<std::string>& data_format, std::string_view op);
// Between the two layouts.
Tensor to_channels_last(const Tensor& x);
Tensor to_channels_first(const Tensor& x);

}  // namespace nacre
