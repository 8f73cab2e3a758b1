#include "nacre/nn/layers/augmentation_color.h"

#include <algorithm>

#include "nacre/ops/nn.h"
#include "nacre/ops/random.h"
#include "nacre/ops/shaping.h"
#include "nn/layers/augmentation_parts.h"

namespace nacre {
namespace {

Tensors hsv_of(const Tensor& images) {
  return ops::split(ops::rgb_to_hsv(images, "channels_last"), 3, 3);
}

Tensor rgb_of(const Tensor& hue, const Tensor& saturation, const Tensor& value) {
  return ops::hsv_to_rgb(ops::concatenate({hue, saturation, value}, 3), "channels_last");
}

Tensor scale_saturation(const Tensor& images, const Tensor& drawn, const FloatList& range) {
  // 0 takes the colours out, 0.5 leaves them, 1 makes them full.
  const Tensor factor = ops::cast(drawn / (1.0 - drawn + 1e-7), images.dtype());
  const Tensors hsv = hsv_of(images);
  return rgb_of(hsv[0], ops::clip(hsv[1] * factor, range[0], range[1]), hsv[2]);
}

Tensor turn_hue(const Tensor& images, const Tensor& turn, const FloatList& range) {
  const double size = range[1] - range[0];
  const Tensors hsv = hsv_of((images - range[0]) / size);
  Tensor hue = hsv[0] + ops::cast(turn, images.dtype());
  hue = ops::where(ops::greater(hue, ops::scalar(1.0)), hue - 1.0, hue);
  hue = ops::where(ops::less(hue, ops::scalar(0.0)), hue + 1.0, hue);
  return ops::clip(rgb_of(hue, hsv[1], hsv[2]), 0, 1) * size + range[0];
}

FloatList factor_or_none(const Json& json, double lowest, std::string_view name) {
  FloatList factor;
  if (json.is_null()) return factor;
  read_field(factor, json, name);
  normalize_factor(factor, lowest, 1, "RandomColorJitter", name);
  return factor;
}

}  // namespace

std::vector<Field> RandomColorLayer::fields() {
  std::vector<Field> all = RandomImageLayer::fields();
  detail::append_fields(all, "factor, value_range", std::tie(factor, value_range));
  return all;
}

void RandomColorLayer::validate() {
  normalize_factor(factor, lowest(), 1, class_name(), "factor");
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors RandomColorLayer::draw(const Tensor& images, const CallContext& context) {
  return {uniform(images, factor[0], factor[1], 4)};
}

Tensor RandomSaturation::transform_images(const Tensor& images, const Tensors& drawn) {
  return scale_saturation(images, drawn[0], value_range);
}

Tensors RandomHue::draw(const Tensor& images, const CallContext& context) {
  const Tensor turned = ops::greater(uniform(images, 0, 1, 4), ops::scalar(0.5));
  const Tensor turn = uniform(images, factor[0], factor[1], 4) * 0.5;
  return {ops::where(turned, -turn, turn)};
}

Tensor RandomHue::transform_images(const Tensor& images, const Tensors& drawn) {
  return turn_hue(images, drawn[0], value_range);
}

Tensor RandomColorDegeneration::transform_images(const Tensor& images, const Tensors& drawn) {
  const Tensor gray = ops::rgb_to_grayscale(images, "channels_last");
  const Tensor y = images + ops::cast(drawn[0], images.dtype()) * (gray - images);
  return ops::clip(y, value_range[0], value_range[1]);
}

Tensor RandomSharpness::transform_images(const Tensor& images, const Tensors& drawn) {
  const int64_t channels = images.shape()[3];
  constexpr float side = 1.0F / 13.0F, middle = 5.0F / 13.0F;
  const Tensor taps =
      Tensor::from<float>({side, side, side, side, middle, side, side, side, side}, {3, 3, 1, 1});
  const Tensor kernel = ops::broadcast_to(ops::cast(taps, images.dtype()), {3, 3, channels, 1});
  const Tensor smooth = ops::depthwise_conv(images, kernel, {1}, "same", "channels_last");
  const Tensor share = ops::cast(1.0 - drawn[0] * 2.0, images.dtype());
  return ops::clip(images + share * (smooth - images), value_range[0], value_range[1]);
}

void RandomGaussianBlur::validate() {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  normalize_factor(sigma, 0, 1, class_name(), "sigma");
  require_range(value_range, class_name());
  expand_to_axes(kernel_size, 2, 1, "kernel_size");
  for (const int64_t size : kernel_size) {
    if (size % 2 == 0) {
      value_error("RandomGaussianBlur: expected odd numbers for kernel_size, received ",
                  to_string(AttrValue(kernel_size)));
    }
  }
  RandomImageLayer::validate();
}

Tensors RandomGaussianBlur::draw(const Tensor& images, const CallContext& context) {
  const Tensor probability = uniform(images, factor[0], factor[1], 4);
  const Tensor blurs = ops::less(uniform(images, 0, 1, 4), probability);
  const Tensor widths =
      random::uniform({2}, next_key(), sigma[0], sigma[1], DType::kFloat32) + 1e-6;
  return {blurs, widths};
}

Tensor RandomGaussianBlur::transform_images(const Tensor& images, const Tensors& drawn) {
  const int64_t channels = images.shape()[3];
  Tensor y = images;
  for (const int axis : {1, 0}) {  // the second size is that of the rows, as in gaussian_blur
    const int64_t n = kernel_size[axis];
    std::vector<float> at(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      at[i] = static_cast<float>(i) - static_cast<float>(n - 1) / 2;
    }
    const Tensor x = Tensor::from(std::move(at), {n}) / ops::slice_axis(drawn[1], 0, axis, 1);
    const Tensor bell = ops::exp(ops::square(x) * -0.5);
    const Shape one = axis == 1 ? Shape{n, 1, 1, 1} : Shape{1, n, 1, 1};
    const Tensor taps = ops::cast(ops::reshape(bell / ops::sum(bell), one), images.dtype());
    const Tensor kernel = ops::broadcast_to(taps, {one[0], one[1], channels, 1});
    y = ops::depthwise_conv(y, kernel, {1}, "same", "channels_last");
  }
  return ops::clip(ops::where(drawn[0], y, images), value_range[0], value_range[1]);
}

void RandomColorJitter::validate() {
  require_range(value_range, class_name());
  brightness_ = factor_or_none(brightness_factor, -1, "brightness_factor");
  contrast_ = factor_or_none(contrast_factor, 0, "contrast_factor");
  saturation_ = factor_or_none(saturation_factor, -1, "saturation_factor");
  hue_ = factor_or_none(hue_factor, 0, "hue_factor");
  RandomImageLayer::validate();
}

Tensors RandomColorJitter::draw(const Tensor& images, const CallContext& context) {
  Tensors drawn(4);
  const auto number = [&](double low, double high) { return uniform(images, low, high, 4); };
  if (!brightness_.empty()) {
    drawn[0] = number(brightness_[0], brightness_[1]) * (value_range[1] - value_range[0]);
  }
  if (!contrast_.empty()) drawn[1] = number(1 - contrast_[0], 1 + contrast_[1]);
  if (!saturation_.empty()) drawn[2] = number(saturation_[0], saturation_[1]);
  if (!hue_.empty()) {
    const Tensor turned = ops::greater(number(0, 1), ops::scalar(0.5));
    const Tensor turn = number(hue_[0], hue_[1]) * 0.5;
    drawn[3] = ops::where(turned, -turn, turn);
  }
  return drawn;
}

Tensor RandomColorJitter::transform_images(const Tensor& images, const Tensors& drawn) {
  Tensor y = images;
  if (drawn[0].defined()) y = add_brightness(y, drawn[0], value_range);
  if (drawn[1].defined()) y = scale_contrast(y, drawn[1], value_range);
  if (drawn[2].defined()) y = scale_saturation(y, drawn[2], value_range);
  if (drawn[3].defined()) y = turn_hue(y, drawn[3], value_range);
  return y;
}

}  // namespace nacre
