#include "nacre/nn/layers/augmentation_tone.h"

#include <algorithm>
#include <cmath>

#include "nacre/ops/indexing.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nacre/ops/reductions.h"
#include "nn/layers/augmentation_parts.h"
#include "nn/registry.h"

namespace nacre {

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
  const Tensor bin = ops::cast(ops::clip(x * (last / kLargestByte), 0, last), DType::kInt32);
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
  const Tensor table = ops::clip(ops::rint((sums - least) * kLargestByte / rest), 0, kLargestByte);
  const Tensor even = ops::reshape(ops::take(ops::reshape(table, {-1}), place), x.shape());
  const Tensor varies = ops::greater(all, least);  // a channel of one tone stays as it is
  const Tensor y = ops::where(ops::reshape(varies, {channels}), even, x);
  return ops::cast(from_bytes(y, value_range), images.dtype());
}

namespace {

constexpr int64_t kTones = 256;

// One axis of images cut into tiles of one size.
struct TiledAxis {
  int64_t length, tiles, tile;

  TiledAxis(int64_t size, int64_t count)
      : length(size), tiles(count), tile((size + count - 1) / count) {}

  bool fits() const { return tile * tiles == length; }
  // The pixel at each place of the whole tiles: the image reflected behind its edge.
  Tensor reflected() const {
    std::vector<int32_t> at(static_cast<size_t>(tile * tiles));
    for (int64_t i = 0; i < tile * tiles; ++i) {
      const int64_t j = i % (2 * length);
      at[i] = static_cast<int32_t>(j < length ? j : 2 * length - 1 - j);
    }
    return Tensor::from(std::move(at), {tile * tiles});
  }

  // The tiles whose middles lie around each pixel, times `stride`, and the weight of the second.
  struct Neighbours {
    std::vector<int32_t> first, second;
    std::vector<float> weight;
  };
  Neighbours neighbours(int64_t stride) const {
    Neighbours found;
    const auto size = static_cast<float>(tile);
    for (int64_t i = 0; i < length; ++i) {
      const float place = (static_cast<float>(i) - size / 2) / size;
      const float before = std::floor(place);
      const auto clamped = [&](float t) {
        const auto last = static_cast<float>(tiles - 1);
        return static_cast<int32_t>(std::clamp(t, 0.0F, last)) * static_cast<int32_t>(stride);
      };
      found.first.push_back(clamped(before));
      found.second.push_back(clamped(before + 1));
      found.weight.push_back(place - before);
    }
    return found;
  }
};

// 0, step, 2 step, ... as int32, of this shape.
Tensor steps(int64_t count, int64_t step, const Shape& shape) {
  std::vector<int32_t> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<int32_t>(i * step);
  return Tensor::from(std::move(values), shape);
}

}  // namespace

void ContrastLimitedAdaptiveHistogramEqualization::validate() {
  require_range(value_range, class_name());
  expand_to_axes(tile_grid_size, 2, 1, "tile_grid_size");
  ImageLayer::validate();
}

Tensor ContrastLimitedAdaptiveHistogramEqualization::transform_images(const Tensor& images,
                                                                      const Tensors& drawn) {
  const int64_t batch = images.shape()[0], channels = images.shape()[3];
  const TiledAxis rows(images.shape()[1], tile_grid_size[0]);
  const TiledAxis columns(images.shape()[2], tile_grid_size[1]);
  const bool wide = images.dtype() == DType::kFloat64;
  const Tensor x = to_bytes(wide ? images : ops::cast(images, DType::kFloat32), value_range);
  const Tensor tones = ops::cast(ops::clip(x, 0, kLargestByte), DType::kInt32);

  // Tables lie as (batch, tile row, tile column, channel, tone).
  const int64_t column_stride = channels * kTones, row_stride = columns.tiles * column_stride;
  const Tensor base = tones + steps(channels, kTones, {1, 1, 1, channels}) +
                      steps(batch, rows.tiles * row_stride, {batch, 1, 1, 1});
  const auto along = []<class T>(int axis, const std::vector<T>& values) {
    Shape shape{1, 1, 1, 1};
    shape[axis] = static_cast<int64_t>(values.size());
    return Tensor::from(values, shape);
  };
  const auto tile_starts = [](const TiledAxis& axis, int64_t stride) {
    std::vector<int32_t> starts;
    for (int64_t i = 0; i < axis.tile * axis.tiles; ++i) {
      starts.push_back(static_cast<int32_t>(i / axis.tile * stride));
    }
    return starts;
  };
  Tensor whole = base;
  if (!rows.fits()) whole = ops::take(whole, rows.reflected(), 1);
  if (!columns.fits()) whole = ops::take(whole, columns.reflected(), 2);
  const Tensor place = ops::reshape(whole + along(1, tile_starts(rows, row_stride)) +
                                        along(2, tile_starts(columns, column_stride)),
                                    {-1});
  const int64_t maps = batch * rows.tiles * columns.tiles * channels;
  const Tensor ones = ops::ones(place.shape(), DType::kFloat32);
  Tensor counts = ops::reshape(ops::scatter_add(ones, place, maps * kTones), {maps, kTones});

  const auto area = static_cast<double>(rows.tile * columns.tile);
  if (clip_limit > 0) {
    const Tensor cut = ops::clip(counts, 0, clip_limit * area / kTones);
    counts = cut + ops::sum(counts - cut, IntList{1}, true) / static_cast<double>(kTones);
  }
  const Tensor sums = ops::cumsum(counts, 1);
  const Tensor least = ops::slice_axis(sums, 1, 0, 1);
  const Tensor rest = area - least;
  const Tensor divisor = ops::where(ops::equal(rest, ops::scalar(0)), ops::ones_like(rest), rest);
  const Tensor table = ops::reshape(
      ops::clip((sums - least) * kLargestByte / divisor, 0, kLargestByte), {maps * kTones});

  const TiledAxis::Neighbours vertical = rows.neighbours(row_stride);
  const TiledAxis::Neighbours horizontal = columns.neighbours(column_stride);
  const Tensor down = along(1, vertical.weight), right = along(2, horizontal.weight);
  const auto between = [&](const std::vector<int32_t>& row) {
    const Tensor at = base + along(1, row);
    const Tensor first = ops::take(table, at + along(2, horizontal.first));
    const Tensor second = ops::take(table, at + along(2, horizontal.second));
    return first * (1.0 - right) + second * right;
  };
  const Tensor even = between(vertical.first) * (1.0 - down) + between(vertical.second) * down;
  return ops::cast(from_bytes(even, value_range), images.dtype());
}

void Solarization::validate() {
  normalize_factor(addition_factor, 0, 1, class_name(), "addition_factor");
  normalize_factor(threshold_factor, 0, 1, class_name(), "threshold_factor");
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors Solarization::draw(const Tensor& images, const CallContext& context) {
  const auto number = [&](const FloatList& factor) {
    const Tensor drawn = uniform(images, factor[0] * kLargestByte, factor[1] * kLargestByte, 4);
    return ops::cast(drawn, images.dtype());
  };
  const Tensor addition = number(addition_factor);
  return {addition, number(threshold_factor)};
}

Tensor Solarization::transform_images(const Tensor& images, const Tensors& drawn) {
  const Tensor x = ops::clip(to_bytes(images, value_range) + drawn[0], 0, kLargestByte);
  return from_bytes(ops::where(ops::less(x, drawn[1]), x, kLargestByte - x), value_range);
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
  const Tensor x = ops::clip(to_bytes(images, value_range), 0, kLargestByte);
  return from_bytes(ops::floor(x / step) * step, value_range);
}

void register_tone_layers() {
  register_class<AutoContrast>();
  register_class<Equalization>();
  register_class<ContrastLimitedAdaptiveHistogramEqualization>();
  register_class<Solarization>();
  register_class<RandomPosterization>();
}

}  // namespace nacre
