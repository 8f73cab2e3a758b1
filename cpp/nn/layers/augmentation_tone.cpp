#include "nacre/nn/layers/augmentation_tone.h"

#include <cmath>

#include "nacre/ops/indexing.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nacre/ops/reductions.h"
#include "nn/layers/augmentation_parts.h"
#include "nn/registry.h"

namespace nacre {
namespace {

constexpr double kLargest = 255;

// Values of a range as 0 to 255, and back.
Tensor to_bytes(const Tensor& x, const FloatList& range) {
  if (range[0] == 0 && range[1] == kLargest) return x;
  return (x - range[0]) * (kLargest / (range[1] - range[0]));
}

Tensor from_bytes(const Tensor& x, const FloatList& range) {
  if (range[0] == 0 && range[1] == kLargest) return x;
  return x * ((range[1] - range[0]) / kLargest) + range[0];
}

}  // namespace

void AutoContrast::validate() {
  require_range(value_range, class_name());
  ImageLayer::validate();
}

Tensor AutoContrast::transform_images(const Tensor& images, const Tensors& drawn) {
  // Half-precision differences of near tones would be stretched with the tones.
  const bool wide = images.dtype() == DType::kFloat64;
  const Tensor x = ops::cast(images, wide ? DType::kFloat64 : DType::kFloat32);
  const Tensor low = ops::min(x, IntList{1, 2}, true), high = ops::max(x, IntList{1, 2}, true);
  const Tensor varies = ops::greater(high, low);  // a channel of one tone stays as it is
  const Tensor spread = ops::where(varies, high - low, ops::ones_like(low));
  const Tensor y = (x - low) * ((value_range[1] - value_range[0]) / spread) + value_range[0];
  const Tensor inside = ops::clip(y, value_range[0], value_range[1]);
  return ops::where(varies, ops::cast(inside, images.dtype()), images);
}

void Equalization::validate() {
  require_range(value_range, class_name());
  if (bins < 1) value_error("expected bins of at least 1, received ", bins);
  ImageLayer::validate();
}

Tensor Equalization::transform_images(const Tensor& images, const Tensors& drawn) {
  const int64_t channels = images.shape()[3];
  const Tensor x = ops::cast(to_bytes(images, value_range), DType::kFloat32);
  const auto last = static_cast<double>(bins - 1);
  const Tensor bin = ops::cast(ops::clip(x * (last / kLargest), 0, last), DType::kInt32);
  std::vector<int32_t> first(static_cast<size_t>(channels));
  for (int64_t c = 0; c < channels; ++c) first[c] = static_cast<int32_t>(c * bins);
  const Tensor place =
      ops::reshape(bin + Tensor::from<int32_t>(std::move(first), {channels}), {-1});
  const Tensor ones = ops::ones(place.shape(), DType::kFloat32);
  const Tensor counts =
      ops::reshape(ops::scatter_add(ones, place, bins * channels), {channels, bins});
  const Tensor sums = ops::cumsum(counts, 1);
  const Tensor all = ops::max(sums, IntList{1}, true);
  const Tensor least =
      ops::min(ops::where(ops::greater(sums, ops::scalar(0)), sums, all), IntList{1}, true);
  const Tensor rest = ops::maximum(all - least, ops::ones_like(all));
  const Tensor table = ops::clip(ops::rint((sums - least) * kLargest / rest), 0, kLargest);
  const Tensor even = ops::reshape(ops::take(ops::reshape(table, {-1}), place), x.shape());
  const Tensor varies = ops::greater(all, least);  // a channel of one tone stays as it is
  const Tensor y = ops::where(ops::reshape(varies, {channels}), even, x);
  return ops::cast(from_bytes(y, value_range), images.dtype());
}

void Solarization::validate() {
  normalize_factor(addition_factor, 0, 1, class_name(), "addition_factor");
  normalize_factor(threshold_factor, 0, 1, class_name(), "threshold_factor");
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors Solarization::draw(const Tensor& images, const CallContext& context) {
  const auto number = [&](const FloatList& factor) {
    const Tensor drawn = uniform(images, factor[0] * kLargest, factor[1] * kLargest, 4);
    return ops::cast(drawn, images.dtype());
  };
  const Tensor addition = number(addition_factor);
  return {addition, number(threshold_factor)};
}

Tensor Solarization::transform_images(const Tensor& images, const Tensors& drawn) {
  const Tensor x = ops::clip(to_bytes(images, value_range) + drawn[0], 0, kLargest);
  return from_bytes(ops::where(ops::less(x, drawn[1]), x, kLargest - x), value_range);
}

void RandomPosterization::validate() {
  normalize_factor(factor, 1, 8, class_name(), "factor");
  for (const double bits : factor) {
    if (bits != std::floor(bits)) {
      value_error("expected factor of whole numbers of bits, received ",
                  to_string(AttrValue(factor)));
    }
  }
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors RandomPosterization::draw(const Tensor& images, const CallContext& context) {
  // As in Keras the larger number is drawn only where it is the only one.
  return {ops::floor(uniform(images, factor[0], factor[1], 4))};
}

Tensor RandomPosterization::transform_images(const Tensor& images, const Tensors& drawn) {
  const Tensor step = ops::cast(ops::exp2(8.0 - drawn[0]), images.dtype());
  const Tensor x = ops::clip(to_bytes(images, value_range), 0, kLargest);
  return from_bytes(ops::floor(x / step) * step, value_range);
}

void register_tone_layers() {
  register_class<AutoContrast>();
  register_class<Equalization>();
  register_class<Solarization>();
  register_class<RandomPosterization>();
}

}  // namespace nacre
