#include "ops/conv_geometry.h"

#include <algorithm>

#include <array>

#include "nacre/ops/nn.h"

namespace nacre {

WindowAxis window_axis(int64_t in, int64_t window, int64_t stride, int64_t dilation,
                       const std::string& padding) {
  if (in == kUnknownDim) return {kUnknownDim, 0};
  const int64_t span = (window - 1) * dilation + 1;
  if (padding == "valid") return {in < span ? 0 : (in - span) / stride + 1, 0};
  const int64_t out = (in + stride - 1) / stride;
  return {out, std::max<int64_t>(0, (out - 1) * stride + span - in) / 2};
}

WindowAxis transposed_axis(int64_t in, int64_t window, int64_t stride, int64_t dilation,
                           const std::string& padding, const int64_t* output_padding) {
  const int64_t span = (window - 1) * dilation + 1;
  int64_t out = kUnknownDim;
  if (padding == "valid") {
    const int64_t extra = output_padding ? *output_padding : std::max(span, stride) - span;
    if (in != kUnknownDim) out = (in - 1) * stride + span + extra;
    return {out, 0};
  }
  // Zeros put around the input that is spread by the stride: the result starts span - 1 - left in.
  int64_t zeros;
  if (output_padding) {
    zeros = span + span % 2 - 2 + *output_padding;
    if (in != kUnknownDim) out = (in - 1) * stride + span % 2 + *output_padding;
  } else {
    zeros = stride + span - 2;
    if (in != kUnknownDim) out = in * stride;
  }
  const int64_t left = std::min(zeros / 2 + zeros % 2, span - 1);
  return {out, span - 1 - left};
}

IntList spatial_list(const IntList& value, int count, std::string_view op, std::string_view name,
                     int64_t smallest) {
  IntList out = value.size() == 1 ? IntList(static_cast<size_t>(count), value[0]) : value;
  if (static_cast<int>(out.size()) != count) {
    value_error(op, ": expected ", name, " of 1 or ", count, " numbers, received ", name, "=",
                to_string(AttrValue(value)));
  }
  for (const int64_t v : out) {
    if (v < smallest) {
      value_error(op, ": expected ", name, " of at least ", smallest, ", received ", name, "=",
                  to_string(AttrValue(value)));
    }
  }
  return out;
}

void check_padding(const std::string& padding, std::string_view op) {
  if (padding != "valid" && padding != "same") {
    value_error(op, ": expected padding 'valid' or 'same', received padding='", padding, "'.",
                did_you_mean(padding, std::array<std::string, 2>{"valid", "same"}));
  }
}

bool is_channels_first(const std::optional<std::string>& data_format, std::string_view op) {
  const std::string& format = data_format ? *data_format : image_data_format();
  if (format == "channels_first") return true;
  if (format != "channels_last") {
    value_error(
        op,
        ": expected data_format 'channels_last' or 'channels_first', received "
        "data_format='",
        format, "'.",
        did_you_mean(format, std::array<std::string, 2>{"channels_last", "channels_first"}));
  }
  return false;
}

Tensor to_channels_last(const Tensor& x) {
  IntList axes = {0};
  for (int64_t i = 2; i < x.rank(); ++i) axes.push_back(i);
  axes.push_back(1);
  return ops::transpose(x, axes);
}

Tensor to_channels_first(const Tensor& x) {
  IntList axes = {0, x.rank() - 1};
  for (int64_t i = 1; i + 1 < x.rank(); ++i) axes.push_back(i);
  return ops::transpose(x, axes);
}

}  // namespace nacre
