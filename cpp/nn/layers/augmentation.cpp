// What layers on images share, and those that change colours.
#include "nacre/nn/layers/augmentation.h"
#include "nacre/nn/layers/augmentation_boxes.h"
#include "nacre/nn/layers/augmentation_color.h"
#include "nacre/nn/layers/augmentation_policy.h"
#include "nacre/nn/layers/augmentation_tone.h"
#include "nacre/nn/layers/pipeline.h"

#include <algorithm>

#include "nacre/ops/indexing.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nacre/ops/shaping.h"
#include "nn/layers/augmentation_parts.h"
#include "nn/registry.h"

namespace nacre {

void require_range(FloatList& range, std::string_view layer) {
  if (range.size() != 2) {
    value_error(layer, ": expected value_range of two numbers, received ",
                to_string(AttrValue(range)));
  }
  std::sort(range.begin(), range.end());
}

void require_interpolation(const std::string& interpolation, std::string_view layer) {
  const std::vector<std::string> known = {"nearest", "bilinear"};
  if (std::find(known.begin(), known.end(), interpolation) == known.end()) {
    value_error(layer, ": unknown interpolation '", interpolation, "'.",
                did_you_mean(interpolation, known));
  }
}

void require_fill_mode(const std::string& fill_mode, std::string_view layer) {
  const std::vector<std::string> known = {"reflect", "wrap", "constant", "nearest", "mirror"};
  if (std::find(known.begin(), known.end(), fill_mode) == known.end()) {
    value_error(layer, ": unknown fill_mode '", fill_mode, "'.", did_you_mean(fill_mode, known));
  }
}

Tensor to_bytes(const Tensor& x, const FloatList& range) {
  if (range[0] == 0 && range[1] == kLargestByte) return x;
  return (x - range[0]) / (range[1] - range[0]) * kLargestByte;
}

Tensor from_bytes(const Tensor& x, const FloatList& range) {
  if (range[0] == 0 && range[1] == kLargestByte) return x;
  return x / kLargestByte * (range[1] - range[0]) + range[0];
}

Tensor add_brightness(const Tensor& images, const Tensor& delta, const FloatList& value_range) {
  const Tensor y = images + ops::cast(delta, images.dtype());
  return ops::clip(y, value_range[0], value_range[1]);
}

Tensor scale_contrast(const Tensor& images, const Tensor& factor, const FloatList& value_range) {
  const Tensor mean = ops::mean(images, IntList{1, 2}, true);
  const Tensor y = (images - mean) * ops::cast(factor, images.dtype()) + mean;
  return ops::clip(y, value_range[0], value_range[1]);
}

std::vector<Field> ImageLayer::fields() {
  std::vector<Field> all = Layer::fields();
  detail::append_fields(all, "data_format", std::tie(data_format));
  return all;
}

namespace {

IntList moved_channels(int rank, bool to_last) {
  IntList axes;
  const int first = rank - 3;
  for (int i = 0; i < first; ++i) axes.push_back(i);
  if (to_last) {
    for (const int i : {first + 1, first + 2, first}) axes.push_back(i);
  } else {
    for (const int i : {first + 2, first, first + 1}) axes.push_back(i);
  }
  return axes;
}

Shape permuted(const Shape& shape, const IntList& axes) {
  Shape out;
  for (const int64_t axis : axes) out.push_back(shape[static_cast<int>(axis)]);
  return out;
}

// The shape of a result for images in their own layout, from that of batches with channels last.
template <class F>
Shape shape_through(const Shape& images, bool channels_first, F output_shape) {
  const int rank = images.rank();
  Shape last = channels_first ? permuted(images, moved_channels(rank, true)) : images;
  if (rank == 3) last.insert(0, 1);
  Shape out = output_shape(last);
  if (rank == 3) out = Shape(IntList(out.begin() + 1, out.end()));
  return channels_first ? permuted(out, moved_channels(rank, false)) : out;
}

}  // namespace

Tensors ImageLayer::call(const Tensors& inputs, const CallContext& context) {
  if (inputs.empty()) value_error("expected images, received nothing");
  const int rank = inputs[0].rank();
  if (rank != 3 && rank != 4) {
    value_error("expected images of rank 3 (one image) or 4 (a batch), received shape ",
                inputs[0].shape());
  }
  const bool first = data_format.channels_first(), active = is_active(context);
  const auto cast_images = [&](const Tensor& x) {
    return keeps_dtype() || x.dtype() == compute_dtype() ? x : ops::cast(x, compute_dtype());
  };
  Tensors outputs = inputs;
  if (inputs[0].is_placeholder()) {
    const Shape shape =
        shape_through(inputs[0].shape(), first, [&](const Shape& s) { return output_shape(s); });
    outputs[0] = Tensor::placeholder({cast_images(inputs[0]).dtype(), shape});
    return outputs;
  }
  outputs[0] = cast_images(inputs[0]);
  if (!active) return outputs;
  const auto batched = [&](const Tensor& x) {
    const Tensor last = first ? ops::transpose(x, moved_channels(rank, true)) : x;
    return rank == 3 ? ops::expand_dims(last, 0) : last;
  };
  const auto unbatched = [&](const Tensor& x) {
    const Tensor y = rank == 3 ? ops::squeeze(x, IntList{0}) : x;
    return first ? ops::transpose(y, moved_channels(rank, false)) : y;
  };
  const Tensor images = batched(outputs[0]);
  if (images.size() == 0) {
    value_error("expected images with pixels, received shape ", inputs[0].shape());
  }
  const Tensors drawn = draw(images, context);
  outputs[0] = unbatched(transform_images(images, drawn));
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].rank() == rank) {
      outputs[i] = unbatched(transform_masks(batched(inputs[i]), drawn));
    } else if (rank == 3) {
      const Tensor labels = ops::expand_dims(inputs[i], 0);
      outputs[i] = ops::squeeze(transform_labels(labels, drawn), IntList{0});
    } else {
      outputs[i] = transform_labels(inputs[i], drawn);
    }
  }
  return outputs;
}

namespace {

void require_size(int64_t height, int64_t width, std::string_view layer) {
  if (height < 1 || width < 1) {
    value_error(layer, ": expected height and width of at least 1, received ", height, " and ",
                width);
  }
}

Shape with_size(Shape images, int64_t height, int64_t width) {
  images[1] = height;
  images[2] = width;
  return images;
}

// Resized without distortion: the largest part in the middle that has the aspect ratio.
Tensor smart_resized(const Tensor& x, int64_t height, int64_t width,
                     const std::string& interpolation = "bilinear") {
  ops::ResizeOptions options;
  options.interpolation = interpolation;
  options.crop_to_aspect_ratio = true;
  return ops::resize(x, {height, width}, options, "channels_last");
}

Tensor window(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width) {
  return ops::slice_axis(ops::slice_axis(x, 1, top, height), 2, left, width);
}

}  // namespace

void Resizing::validate() {
  ImageLayer::validate();
  require_size(height, width, class_name());
  if (crop_to_aspect_ratio && pad_to_aspect_ratio) {
    value_error("Resizing: expected one of crop_to_aspect_ratio and pad_to_aspect_ratio, not both");
  }
  const std::vector<std::string> known = {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"};
  if (std::find(known.begin(), known.end(), interpolation) == known.end()) {
    value_error("Resizing: unknown interpolation '", interpolation, "'.",
                did_you_mean(interpolation, known));
  }
  if (fill_mode != "constant") {
    value_error("Resizing: expected fill_mode 'constant', received '", fill_mode, "'");
  }
}

Shape Resizing::output_shape(const Shape& images) const {
  return with_size(images, height, width);
}

Tensor Resizing::resized(const Tensor& images, const std::string& how) const {
  ops::ResizeOptions options;
  options.interpolation = how;
  options.antialias = antialias;
  options.crop_to_aspect_ratio = crop_to_aspect_ratio;
  options.pad_to_aspect_ratio = pad_to_aspect_ratio;
  options.fill_value = fill_value;
  return ops::resize(images, {height, width}, options, "channels_last");
}

Tensor Resizing::transform_images(const Tensor& images, const Tensors& drawn) {
  return resized(images, interpolation);
}

Tensor Resizing::transform_masks(const Tensor& masks, const Tensors& drawn) {
  return resized(masks, "nearest");
}

void CenterCrop::validate() {
  ImageLayer::validate();
  require_size(height, width, class_name());
}

Shape CenterCrop::output_shape(const Shape& images) const {
  return with_size(images, height, width);
}

Tensor CenterCrop::transform_images(const Tensor& images, const Tensors& drawn) {
  const int64_t rows = images.shape()[1] - height, columns = images.shape()[2] - width;
  if (rows < 0 || columns < 0) return smart_resized(images, height, width);
  return window(images, rows / 2, columns / 2, height, width);
}

Tensor CenterCrop::transform_masks(const Tensor& masks, const Tensors& drawn) {
  const int64_t rows = masks.shape()[1] - height, columns = masks.shape()[2] - width;
  if (rows < 0 || columns < 0) return smart_resized(masks, height, width, "nearest");
  return window(masks, rows / 2, columns / 2, height, width);
}

std::vector<Field> RandomImageLayer::fields() {
  std::vector<Field> all = ImageLayer::fields();
  detail::append_fields(all, "seed", std::tie(seed));
  return all;
}

void RandomImageLayer::validate() {
  ImageLayer::validate();
  generator_ = make_ref<SeedGenerator>(seed);
  add_seed_generator(generator_);
}

Tensor RandomImageLayer::uniform(const Tensor& images, double low, double high, int rank) {
  Shape shape{images.shape()[0]};
  for (int i = 1; i < rank; ++i) shape.push_back(1);
  return random::uniform(shape, next_key(), low, high, DType::kFloat32);
}

void normalize_factor(FloatList& factor, double lowest, double highest, std::string_view layer,
                      std::string_view name) {
  const auto fail = [&] {
    value_error(layer, ": expected ", name, " of one number or two in [", lowest, ", ", highest,
                "], received ", to_string(AttrValue(factor)));
  };
  if (factor.size() == 1) {
    if (!(factor[0] >= lowest && factor[0] <= highest)) fail();
    const double f = std::abs(factor[0]);
    factor = {std::max(-f, lowest), f};
  }
  if (factor.size() != 2 || !(factor[0] <= highest && factor[1] >= lowest)) fail();
  std::sort(factor.begin(), factor.end());
}

void RandomCrop::validate() {
  require_size(height, width, class_name());
  RandomImageLayer::validate();
}

Shape RandomCrop::output_shape(const Shape& images) const {
  return with_size(images, height, width);
}

Tensors RandomCrop::draw(const Tensor& images, const CallContext& context) {
  const int64_t rows = images.shape()[1] - height, columns = images.shape()[2] - width;
  if (!context.training || rows <= 0 || columns <= 0) return {};
  const auto start = [&](int64_t room) { return random::randint({1}, 0, room + 1, next_key()); };
  const Tensor zero = ops::zeros({1}, DType::kInt32);
  const Tensor top = start(rows), left = start(columns);
  return {ops::concatenate({zero, top, left, zero}, 0)};
}

Tensor RandomCrop::transform_images(const Tensor& images, const Tensors& drawn) {
  if (drawn.empty()) return smart_resized(images, height, width);
  return ops::slice(images, drawn[0], with_size(images.shape(), height, width));
}

void RandomContrast::validate() {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors RandomContrast::draw(const Tensor& images, const CallContext& context) {
  return {uniform(images, 1 - factor[0], 1 + factor[1], 4)};
}

Tensor RandomContrast::transform_images(const Tensor& images, const Tensors& drawn) {
  return scale_contrast(images, drawn[0], value_range);
}

void RandomBrightness::validate() {
  normalize_factor(factor, -1, 1, class_name(), "factor");
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors RandomBrightness::draw(const Tensor& images, const CallContext& context) {
  return {uniform(images, factor[0], factor[1], 4) * (value_range[1] - value_range[0])};
}

Tensor RandomBrightness::transform_images(const Tensor& images, const Tensors& drawn) {
  return add_brightness(images, drawn[0], value_range);
}

void RandomGrayscale::validate() {
  if (!(factor >= 0 && factor <= 1)) {
    value_error("RandomGrayscale: expected 0 <= factor <= 1, received ", factor);
  }
  RandomImageLayer::validate();
}

Tensors RandomGrayscale::draw(const Tensor& images, const CallContext& context) {
  return {ops::less(uniform(images, 0, 1, 4), ops::scalar(factor))};
}

Tensor RandomGrayscale::transform_images(const Tensor& images, const Tensors& drawn) {
  return ops::where(drawn[0], ops::rgb_to_grayscale(images, "channels_last"), images);
}

void RandomInvert::validate() {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  require_range(value_range, class_name());
  RandomImageLayer::validate();
}

Tensors RandomInvert::draw(const Tensor& images, const CallContext& context) {
  const Tensor probability = uniform(images, factor[0], factor[1], 4);
  return {ops::less(uniform(images, 0, 1, 4), probability)};
}

Tensor RandomInvert::transform_images(const Tensor& images, const Tensors& drawn) {
  return ops::where(drawn[0], value_range[1] - images, images);
}

void register_augmentation_layers() {
  register_class<Resizing>();
  register_class<CenterCrop>();
  register_class<RandomFlip>();
  register_class<RandomRotation>();
  register_class<RandomZoom>();
  register_class<RandomTranslation>();
  register_class<RandomShear>();
  register_class<RandomCrop>();
  register_class<RandomContrast>();
  register_class<RandomBrightness>();
  register_class<RandomGrayscale>();
  register_class<RandomInvert>();
  register_class<RandomSaturation>();
  register_class<RandomHue>();
  register_class<RandomColorDegeneration>();
  register_class<RandomSharpness>();
  register_class<RandomGaussianBlur>();
  register_class<RandomColorJitter>();
  register_class<RandomErasing>();
  register_class<MixUp>();
  register_class<CutMix>();
  register_class<RandomPerspective>();
  register_class<RandomElasticTransform>();
  register_tone_layers();
  register_class<RandAugment>();
  register_class<AugMix>();
  register_class<MaxNumBoundingBoxes>();
  register_class<Pipeline>();
}

}  // namespace nacre
