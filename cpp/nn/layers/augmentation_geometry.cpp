// Random flips, affine maps, erased and exchanged rectangles, mixed images.
#include <algorithm>
#include <cmath>

#include "nacre/nn/layers/augmentation.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nacre/ops/shaping.h"
#include "nn/layers/augmentation_parts.h"

namespace nacre {
namespace {

constexpr double kPi = 3.14159265358979323846;

// One row of 8 numbers an image: output (x, y) reads (a0 x + a1 y + a2, b0 x + b1 y + b2).
Tensor affine_rows(const Tensor& a0, const Tensor& a1, const Tensor& a2, const Tensor& b0,
                   const Tensor& b1, const Tensor& b2) {
  const Tensor zero = ops::zeros_like(a0);
  return ops::stack({a0, a1, a2, b0, b1, b2, zero, zero}, 1);
}

// The same about the center of the images.
Tensor centered_rows(const Tensor& images, const Tensor& a0, const Tensor& a1, const Tensor& b0,
                     const Tensor& b1) {
  const double x = static_cast<double>(images.shape()[2] - 1) / 2;
  const double y = static_cast<double>(images.shape()[1] - 1) / 2;
  return affine_rows(a0, a1, x - (a0 * x + a1 * y), b0, b1, y - (b0 * x + b1 * y));
}

// (low, high) of a factor that is kept as given.
FloatList factor_of(const Json& json, bool open_below, std::string_view layer,
                    std::string_view name) {
  FloatList factor;
  read_field(factor, json, name);
  for (const double f : factor) {
    if (!(f <= 1 && f >= -1) || (open_below && f == -1)) {
      value_error(layer, ": expected ", name, " of one number or two in ", open_below ? "(" : "[",
                  "-1, 1], received ", to_string(AttrValue(factor)));
    }
  }
  if (factor.size() == 1) factor = {-std::abs(factor[0]), std::abs(factor[0])};
  normalize_factor(factor, -1, 1, layer, name);
  return factor;
}

// Where a point (y, x) lies in rectangles [x0, x1) x [y0, y1), one an image: (batch, H, W, 1).
Tensor rectangles(const Tensor& images, const Tensor& x0, const Tensor& x1, const Tensor& y0,
                  const Tensor& y1) {
  const auto ramp = [](int64_t n, const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) values[i] = static_cast<float>(i);
    return Tensor::from(std::move(values), shape);
  };
  const int64_t height = images.shape()[1], width = images.shape()[2];
  const Tensor y = ramp(height, {1, height, 1, 1}), x = ramp(width, {1, 1, width, 1});
  const auto corner = [](const Tensor& v) { return ops::reshape(v, {-1, 1, 1, 1}); };
  const Tensor columns =
      ops::logical_and(ops::greater_equal(x, corner(x0)), ops::less(x, corner(x1)));
  const Tensor rows = ops::logical_and(ops::greater_equal(y, corner(y0)), ops::less(y, corner(y1)));
  return ops::logical_and(rows, columns);
}

Tensor at_order(const Tensor& x, const Tensor& order) {
  return ops::take(x, order, 0);
}

Tensor mixed(const Tensor& x, const Tensor& order, const Tensor& weight) {
  return weight * x + (1.0 - weight) * at_order(x, order);
}

Tensor mixed_labels(const Tensor& labels, const Tensor& order, const Tensor& weight) {
  Shape shape{labels.shape()[0]};
  for (int i = 1; i < labels.rank(); ++i) shape.push_back(1);
  const DType dtype = is_floating(labels.dtype()) ? labels.dtype() : floatx();
  return mixed(ops::cast(labels, dtype), order, ops::cast(ops::reshape(weight, shape), dtype));
}

Tensor shuffled_indices(int64_t count, const Tensor& key) {
  std::vector<int32_t> order(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) order[i] = static_cast<int32_t>(i);
  return random::shuffle(Tensor::from(std::move(order), {count}), key, 0);
}

}  // namespace

void RandomFlip::validate() {
  const std::vector<std::string> known = {"horizontal", "vertical", "horizontal_and_vertical"};
  if (std::find(known.begin(), known.end(), mode) == known.end()) {
    value_error("RandomFlip: unknown mode '", mode, "'.", did_you_mean(mode, known));
  }
  RandomImageLayer::validate();
}

Tensors RandomFlip::draw(const Tensor& images, const CallContext& context) {
  return {ops::less_equal(uniform(images, 0, 1, 4), ops::scalar(0.5))};
}

Tensor RandomFlip::transform_images(const Tensor& images, const Tensors& drawn) {
  IntList axes;
  if (mode != "vertical") axes.push_back(2);
  if (mode != "horizontal") axes.push_back(1);
  return ops::where(drawn[0], ops::flip(images, axes), images);
}

std::vector<Field> RandomAffineLayer::fields() {
  std::vector<Field> all = RandomImageLayer::fields();
  detail::append_fields(all, "fill_mode, interpolation, fill_value",
                        std::tie(fill_mode, interpolation, fill_value));
  return all;
}

void RandomAffineLayer::validate() {
  require_fill_mode(fill_mode, class_name());
  require_interpolation(interpolation, class_name());
  RandomImageLayer::validate();
}

Tensor RandomAffineLayer::transform_images(const Tensor& images, const Tensors& drawn) {
  return ops::affine_transform(images, drawn[0], {interpolation, fill_mode, fill_value},
                               "channels_last");
}

Tensor RandomAffineLayer::transform_masks(const Tensor& masks, const Tensors& drawn) {
  return ops::affine_transform(masks, drawn[0], {"nearest", fill_mode, fill_value},
                               "channels_last");
}

void RandomRotation::validate() {
  normalize_factor(factor, -1, 1, class_name(), "factor");
  RandomAffineLayer::validate();
}

Tensors RandomRotation::draw(const Tensor& images, const CallContext& context) {
  const Tensor angle = uniform(images, 2 * kPi * factor[0], 2 * kPi * factor[1]);
  const Tensor cosine = ops::cos(angle), sine = ops::sin(angle);
  return {centered_rows(images, cosine, -sine, sine, cosine)};
}

void RandomZoom::validate() {
  height_ = factor_of(height_factor, true, class_name(), "height_factor");
  if (!width_factor.is_null()) {
    width_ = factor_of(width_factor, true, class_name(), "width_factor");
  }
  RandomAffineLayer::validate();
}

Tensors RandomZoom::draw(const Tensor& images, const CallContext& context) {
  const Tensor y = uniform(images, 1 + height_[0], 1 + height_[1]);
  const Tensor x = width_.empty() ? y : uniform(images, 1 + width_[0], 1 + width_[1]);
  const Tensor zero = ops::zeros_like(x);
  return {centered_rows(images, x, zero, zero, y)};
}

void RandomTranslation::validate() {
  height_ = factor_of(height_factor, false, class_name(), "height_factor");
  width_ = factor_of(width_factor, false, class_name(), "width_factor");
  RandomAffineLayer::validate();
}

Tensors RandomTranslation::draw(const Tensor& images, const CallContext& context) {
  const Tensor y = uniform(images, height_[0], height_[1]) * static_cast<double>(images.shape()[1]);
  const Tensor x = uniform(images, width_[0], width_[1]) * static_cast<double>(images.shape()[2]);
  const Tensor zero = ops::zeros_like(x), one = ops::ones_like(x);
  return {affine_rows(one, zero, -x, zero, one, -y)};
}

void RandomShear::validate() {
  normalize_factor(x_factor, -1, 1, class_name(), "x_factor");
  normalize_factor(y_factor, -1, 1, class_name(), "y_factor");
  RandomAffineLayer::validate();
}

Tensors RandomShear::draw(const Tensor& images, const CallContext& context) {
  const Tensor turned = ops::greater(uniform(images, 0, 1), ops::scalar(0.5));
  const auto slope = [&](const FloatList& factor) {
    const Tensor s = uniform(images, factor[0], factor[1]);
    return ops::where(turned, -s, s);
  };
  const Tensor y = slope(y_factor), x = slope(x_factor);
  const Tensor zero = ops::zeros_like(x), one = ops::ones_like(x);
  return {affine_rows(one, x, zero, y, one, zero)};
}

void RandomErasing::validate() {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  normalize_factor(scale, 0, 1, class_name(), "scale");
  if (value_range.size() != 2) {
    value_error("RandomErasing: expected value_range of two numbers, received ",
                to_string(AttrValue(value_range)));
  }
  if (fill_value.is_array() && fill_value.size() != 3) {
    value_error("RandomErasing: expected fill_value of one number or three, received ",
                fill_value.size());
  }
  RandomImageLayer::validate();
}

Tensor RandomErasing::filling(const Tensor& images) {
  Tensor fill;
  if (fill_value.is_null()) {
    fill = random::normal(images.shape(), next_key(), 0, 1, DType::kFloat32) * value_range[1];
  } else {
    FloatList values;
    read_field(values, fill_value, "fill_value");
    fill = Tensor::from(std::vector<float>(values.begin(), values.end()),
                        {static_cast<int64_t>(values.size())});
  }
  return ops::cast(ops::clip(fill, value_range[0], value_range[1]), images.dtype());
}

Tensors RandomErasing::draw(const Tensor& images, const CallContext& context) {
  const auto interval = [&](int axis) {
    const auto length = static_cast<double>(images.shape()[axis]);
    const Tensor size = ops::sqrt(uniform(images, scale[0], scale[1])) * length;
    const Tensor start = uniform(images, 0, 1) * (length - size);
    return std::pair(start, start + size);
  };
  const auto [x0, x1] = interval(2);
  const auto [y0, y1] = interval(1);
  const Tensor probability = uniform(images, factor[0], factor[1], 4);
  const Tensor erases = ops::less(uniform(images, 0, 1, 4), probability);
  return {ops::logical_and(rectangles(images, x0, x1, y0, y1), erases), filling(images)};
}

Tensor RandomErasing::transform_images(const Tensor& images, const Tensors& drawn) {
  return ops::where(drawn[0], drawn[1], images);
}

void MixUp::validate() {
  if (!(alpha > 0)) value_error("MixUp: expected alpha > 0, received ", alpha);
  RandomImageLayer::validate();
}

Tensors MixUp::draw(const Tensor& images, const CallContext& context) {
  const int64_t batch = images.shape()[0];
  const Tensor order = shuffled_indices(batch, next_key());
  const Tensor a = ops::full({}, alpha);
  return {order, random::beta({batch}, a, a, next_key(), DType::kFloat32)};
}

Tensor MixUp::transform_images(const Tensor& images, const Tensors& drawn) {
  const Tensor weight = ops::reshape(drawn[1], {-1, 1, 1, 1});
  return mixed(images, drawn[0], ops::cast(weight, images.dtype()));
}

Tensor MixUp::transform_labels(const Tensor& labels, const Tensors& drawn) {
  return mixed_labels(labels, drawn[0], drawn[1]);
}

void CutMix::validate() {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  RandomImageLayer::validate();
}

Tensors CutMix::draw(const Tensor& images, const CallContext& context) {
  const int64_t batch = images.shape()[0];
  // The shape of the distribution of areas: uniform for 1.
  const Tensor alpha = ops::clip(
      random::uniform({}, next_key(), factor[0], factor[1], DType::kFloat32) + 1e-6, 1e-6, 2);
  const Tensor share = random::beta({batch}, alpha, alpha, next_key(), DType::kFloat32);
  const Tensor ratio = ops::sqrt(1.0 - share);
  const auto interval = [&](int axis) {
    const auto length = static_cast<double>(images.shape()[axis]);
    const Tensor size = ratio * length;
    const Tensor start = uniform(images, 0, 1) * (length - size);
    return std::pair(start, start + size);
  };
  const auto [x0, x1] = interval(2);
  const auto [y0, y1] = interval(1);
  const double area = static_cast<double>(images.shape()[1] * images.shape()[2]);
  const Tensor weight = 1.0 - (x1 - x0) * (y1 - y0) / area;
  return {shuffled_indices(batch, next_key()), rectangles(images, x0, x1, y0, y1), weight};
}

Tensor CutMix::transform_images(const Tensor& images, const Tensors& drawn) {
  return ops::where(drawn[1], at_order(images, drawn[0]), images);
}

Tensor CutMix::transform_labels(const Tensor& labels, const Tensors& drawn) {
  return mixed_labels(labels, drawn[0], drawn[2]);
}

void RandomPerspective::validate() {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  if (!(scale >= 0 && scale <= 1)) value_error("expected 0 <= scale <= 1, received ", scale);
  require_interpolation(interpolation, class_name());
  RandomImageLayer::validate();
}

Tensors RandomPerspective::draw(const Tensor& images, const CallContext& context) {
  const Tensor probability = uniform(images, factor[0], factor[1], 4);
  const Tensor moves = ops::less(uniform(images, 0, 1, 4), probability);
  const Tensor shares = random::uniform({images.shape()[0], 4, 2}, next_key(), -0.5 * scale,
                                        0.5 * scale, DType::kFloat32);
  const auto bottom = static_cast<float>(images.shape()[1] - 1);
  const auto right = static_cast<float>(images.shape()[2] - 1);
  const Tensor corners = Tensor::from<float>({0, 0, right, 0, 0, bottom, right, bottom}, {1, 4, 2});
  const Tensor start = ops::broadcast_to(corners, shares.shape());
  return {moves, start, start + start * shares};
}

Tensor RandomPerspective::transform_images(const Tensor& images, const Tensors& drawn) {
  return ops::where(drawn[0],
                    ops::perspective_transform(images, drawn[1], drawn[2], interpolation,
                                               fill_value, "channels_last"),
                    images);
}

Tensor RandomPerspective::transform_masks(const Tensor& masks, const Tensors& drawn) {
  return ops::where(
      drawn[0],
      ops::perspective_transform(masks, drawn[1], drawn[2], "nearest", fill_value, "channels_last"),
      masks);
}

namespace {

// The largest displacement is a tenth of the longer side before it is blurred, and the blur's
// deviation a twentieth of the shorter one, both times the strength.
constexpr double kElasticShare = 0.1;
constexpr double kElasticBlurShare = 0.05;

// A vector field (batch, height, width, 2) blurred along rows and columns by a normal bell that is
// cut at three times its deviation, `sigma`, at most `largest`.
Tensor blurred_field(const Tensor& field, const Tensor& sigma, double largest) {
  // As in Keras a bell has 2 floor(3 sigma) + 1 taps. Sigma is drawn, so that a recorded step has
  // room for the longest one.
  const auto reach = static_cast<int64_t>(std::floor(3 * largest));
  const int64_t n = 2 * reach + 1;
  std::vector<float> at(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) at[i] = static_cast<float>(i - reach);
  const Tensor x = Tensor::from(std::move(at), {n});
  const Tensor bell = ops::exp(ops::square(x / sigma) * -0.5);
  const Tensor inside = ops::less_equal(ops::abs(x), ops::floor(sigma * 3.0));
  const Tensor cut = ops::where(inside, bell, ops::zeros_like(bell));
  const Tensor taps = cut / ops::sum(cut);
  Tensor y = field;
  for (const Shape& shape : {Shape{n, 1, 1, 1}, Shape{1, n, 1, 1}}) {
    const Tensor kernel = ops::broadcast_to(ops::reshape(taps, shape), {shape[0], shape[1], 2, 1});
    y = ops::depthwise_conv(y, kernel, {1}, "same", "channels_last");
  }
  return y;
}

}  // namespace

void RandomElasticTransform::validate() {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  normalize_factor(scale, 0, 1, class_name(), "scale");
  require_interpolation(interpolation, class_name());
  require_fill_mode(fill_mode, class_name());
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors RandomElasticTransform::draw(const Tensor& images, const CallContext& context) {
  if (factor[1] == 0 || scale[1] == 0) return {};
  const Tensor probability = uniform(images, factor[0], factor[1], 4);
  const Tensor moves = ops::less(uniform(images, 0, 1, 4), probability);
  const Tensor strength = random::uniform({}, next_key(), scale[0], scale[1], DType::kFloat32);
  const int64_t height = images.shape()[1], width = images.shape()[2];
  const double blur = kElasticBlurShare * static_cast<double>(std::min(height, width));
  const Tensor sigma = ops::maximum(strength * blur, ops::scalar(1e-6));
  const Tensor noise =
      random::normal({images.shape()[0], height, width, 2}, next_key(), 0, 1, DType::kFloat32);
  const double share = kElasticShare * static_cast<double>(std::max(height, width));
  const Tensor field = blurred_field(noise * sigma, sigma, blur * scale[1]);
  return {moves, field * (strength * share)};
}

Tensor RandomElasticTransform::moved(const Tensor& images, const Tensors& drawn,
                                     const std::string& how) const {
  return ops::where(drawn[0], ops::displace_images(images, drawn[1], {how, fill_mode, fill_value}),
                    images);
}

Tensor RandomElasticTransform::transform_images(const Tensor& images, const Tensors& drawn) {
  if (drawn.empty()) return images;
  return ops::clip(moved(images, drawn, interpolation), value_range[0], value_range[1]);
}

Tensor RandomElasticTransform::transform_masks(const Tensor& masks, const Tensors& drawn) {
  return drawn.empty() ? masks : moved(masks, drawn, "nearest");
}

}  // namespace nacre
