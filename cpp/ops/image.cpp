// Images: colours, padding and cropping, patches.
#include <algorithm>
#include <cmath>

#include "nacre/ops/image.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/image_layout.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct FormatAttrs : AttrsOf<FormatAttrs> {
  std::optional<std::string> data_format;
  NACRE_ATTRS(data_format)
};
struct FrameAttrs : AttrsOf<FrameAttrs> {
  std::optional<int64_t> top_padding, left_padding, bottom_padding, right_padding;
  std::optional<int64_t> target_height, target_width;
  std::optional<std::string> data_format;
  NACRE_ATTRS(top_padding, left_padding, bottom_padding, right_padding, target_height, target_width,
              data_format)
};
struct CropAttrs : AttrsOf<CropAttrs> {
  std::optional<int64_t> top_cropping, left_cropping, bottom_cropping, right_cropping;
  std::optional<int64_t> target_height, target_width;
  std::optional<std::string> data_format;
  NACRE_ATTRS(top_cropping, left_cropping, bottom_cropping, right_cropping, target_height,
              target_width, data_format)
};
struct PatchAttrs : AttrsOf<PatchAttrs> {
  IntList size;
  std::optional<IntList> strides;
  IntList dilation_rate = {1};
  std::string padding = "valid";
  std::optional<std::string> data_format;
  NACRE_ATTRS(size, strides, dilation_rate, padding, data_format)
};
// ---- colours

int64_t require_channels(const char* op, const Tensor& images, const ImageLayout& layout,
                         std::initializer_list<int64_t> allowed) {
  const int64_t channels = images.shape()[layout.channel_axis()];
  if (std::find(allowed.begin(), allowed.end(), channels) == allowed.end()) {
    value_error(op, ": expected images of ", allowed.size() > 1 ? "1 or 3" : "3",
                " channels, received shape ", images.shape(), " (data_format='",
                layout.channels_first() ? "channels_first" : "channels_last", "')");
  }
  return channels;
}

Tensor rgb_to_grayscale(const Tensor& images, const FormatAttrs& a) {
  constexpr const char* op = "ops.image.rgb_to_grayscale";
  const ImageLayout layout(op, images, a.data_format);
  if (require_channels(op, images, layout, {1, 3}) == 1) return images;
  const DType dtype = images.dtype();
  const Tensor x = is_floating(dtype) ? images : ops::cast(images, floatx());
  // ITU-R BT.601.
  const double weights[] = {0.2989, 0.5870, 0.1140};
  const Tensors planes = ops::split(x, 3, layout.channel_axis());
  const Tensor y = planes[0] * weights[0] + planes[1] * weights[1] + planes[2] * weights[2];
  return dtype == y.dtype() ? y : ops::cast(y, dtype);
}

double machine_epsilon(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return 0x1p-10;
    case DType::kBFloat16:
      return 0x1p-7;
    case DType::kFloat64:
      return 0x1p-52;
    default:
      return 0x1p-23;
  }
}

Tensor rgb_to_hsv(const Tensor& images, const FormatAttrs& a) {
  constexpr const char* op = "ops.image.rgb_to_hsv";
  const ImageLayout layout(op, images, a.data_format);
  require_channels(op, images, layout, {3});
  require_floating_images(op, images);
  const Tensor zero = ops::zeros_like(images);
  const Tensor tiny = ops::less(ops::abs(images), ops::scalar(machine_epsilon(images.dtype())));
  const Tensors rgb = ops::split(ops::where(tiny, zero, images), 3, layout.channel_axis());
  const Tensor &r = rgb[0], &g = rgb[1], &b = rgb[2];
  const Tensor value = ops::maximum(ops::maximum(r, g), b);
  const Tensor range = value - ops::minimum(ops::minimum(r, g), b);
  const Tensor none = ops::zeros_like(value), one = ops::ones_like(value);
  const Tensor has_value = ops::greater(value, none), has_range = ops::greater(range, none);
  const Tensor saturation = ops::where(has_value, range / ops::where(has_value, value, one), none);
  const Tensor sixth = 1.0 / (ops::where(has_range, range, one) * 6.0);
  Tensor hue =
      ops::where(ops::equal(value, g), sixth * (b - r) + 2.0 / 6.0, sixth * (r - g) + 4.0 / 6.0);
  hue = ops::where(ops::equal(value, r), sixth * (g - b), hue);
  const Tensor turn = ops::cast(ops::less(hue, none), hue.dtype());
  hue = ops::where(has_range, hue, none) + turn;
  return ops::concatenate({hue, saturation, value}, layout.channel_axis());
}

Tensor hsv_to_rgb(const Tensor& images, const FormatAttrs& a) {
  constexpr const char* op = "ops.image.hsv_to_rgb";
  const ImageLayout layout(op, images, a.data_format);
  require_channels(op, images, layout, {3});
  require_floating_images(op, images);
  const Tensors hsv = ops::split(images, 3, layout.channel_axis());
  const Tensor sixths = ops::mod(hsv[0], ops::scalar(1.0)) * 6.0;
  const auto ramp = [&](const Tensor& x) { return ops::clip(x, 0, 1); };
  const Tensor red = ramp(ops::abs(sixths - 3.0) - 1.0);
  const Tensor green = ramp(2.0 - ops::abs(sixths - 2.0));
  const Tensor blue = ramp(2.0 - ops::abs(sixths - 4.0));
  const Tensor base = 1.0 - hsv[1];
  Tensors rgb;
  for (const Tensor* share : {&red, &green, &blue}) {
    rgb.push_back(hsv[2] * (base + hsv[1] * *share));
  }
  return ops::concatenate(rgb, layout.channel_axis());
}

// ---- frames

// Of three numbers that add up to `total`, two are given: `before`, `after` and `inside`.
void complete(const char* op, const char* names, int64_t total, std::optional<int64_t>& before,
              std::optional<int64_t>& inside, std::optional<int64_t>& after) {
  if (before.has_value() + inside.has_value() + after.has_value() != 2) {
    value_error(op, ": expected exactly two of ", names, ", received ",
                to_string(attr_value(before)), ", ", to_string(attr_value(after)), " and ",
                to_string(attr_value(inside)));
  }
  if (!before) before = total - *inside - *after;
  if (!after) after = total - *inside - *before;
  if (!inside) inside = total - *before - *after;
  if (*before < 0 || *after < 0 || *inside < 0) {
    value_error(op, ": expected sizes of at least 0, received (", names, ") = (", *before, ", ",
                *after, ", ", *inside, ") for images of size ", total);
  }
}

int64_t known_size(const char* op, const Tensor& images, int axis) {
  const int64_t size = images.shape()[axis];
  if (size < 0) {
    value_error(op, ": expected images of known height and width, received shape ", images.shape());
  }
  return size;
}

Tensor pad_images(const Tensor& images, const FrameAttrs& a) {
  constexpr const char* op = "ops.image.pad_images";
  const ImageLayout layout(op, images, a.data_format);
  IntList width(2 * static_cast<size_t>(images.rank()), 0);
  const auto pad = [&](int axis, const char* names, std::optional<int64_t> before,
                       std::optional<int64_t> after, const std::optional<int64_t>& target) {
    // The image lies inside: total = before + image + after.
    const int64_t image = known_size(op, images, axis);
    if (before.has_value() + after.has_value() + target.has_value() != 2) {
      value_error(op, ": expected exactly two of ", names, ", received ",
                  to_string(attr_value(before)), ", ", to_string(attr_value(after)), " and ",
                  to_string(attr_value(target)));
    }
    if (!before) before = *target - *after - image;
    if (!after) after = *target - *before - image;
    if (*before < 0 || *after < 0) {
      value_error(op, ": expected padding of at least 0, received (", *before, ", ", *after,
                  ") for ", names, " (images: ", images.shape(), ")");
    }
    width[2 * axis] = *before;
    width[2 * axis + 1] = *after;
  };
  pad(layout.height_axis(), "top_padding, bottom_padding, target_height", a.top_padding,
      a.bottom_padding, a.target_height);
  pad(layout.width_axis(), "left_padding, right_padding, target_width", a.left_padding,
      a.right_padding, a.target_width);
  return ops::pad(images, width);
}

Tensor crop_images(const Tensor& images, const CropAttrs& a) {
  constexpr const char* op = "ops.image.crop_images";
  const ImageLayout layout(op, images, a.data_format);
  Tensor y = images;
  const auto crop = [&](int axis, const char* names, std::optional<int64_t> before,
                        std::optional<int64_t> after, std::optional<int64_t> target) {
    complete(op, names, known_size(op, images, axis), before, target, after);
    y = ops::slice_axis(y, axis, *before, *target);
  };
  crop(layout.height_axis(), "top_cropping, bottom_cropping, target_height", a.top_cropping,
       a.bottom_cropping, a.target_height);
  crop(layout.width_axis(), "left_cropping, right_cropping, target_width", a.left_cropping,
       a.right_cropping, a.target_width);
  return y;
}

// ---- patches

// x[:, start::step] of `count` elements along an axis.
Tensor every(const Tensor& x, int axis, int64_t start, int64_t step, int64_t count) {
  std::vector<ops::Index> items;
  for (int i = 0; i < x.rank(); ++i) {
    ops::IndexSlice slice;
    if (i == axis) slice = {start, start + (count - 1) * step + 1, step};
    items.emplace_back(slice);
  }
  return ops::getitem(x, items);
}

Tensor extract_patches(const char* op, const Tensor& images, const PatchAttrs& a, int axes) {
  const bool channels_first = is_channels_first(a.data_format, op);
  if (images.rank() != axes + 1 && images.rank() != axes + 2) {
    value_error(op, ": expected images of rank ", axes + 1, " or ", axes + 2, ", received shape ",
                images.shape());
  }
  const bool single = images.rank() == axes + 1;
  Tensor x = single ? ops::expand_dims(images, 0) : images;
  if (channels_first) x = to_channels_last(x);
  const IntList size = spatial_list(a.size, axes, op, "size");
  const IntList strides = a.strides ? spatial_list(*a.strides, axes, op, "strides") : size;
  const IntList dilation = spatial_list(a.dilation_rate, axes, op, "dilation_rate");
  check_padding(a.padding, op);
  IntList width(2 * static_cast<size_t>(axes + 2), 0), out;
  int64_t taps = 1;
  for (int i = 0; i < axes; ++i) {
    const int64_t in = x.shape()[i + 1], span = (size[i] - 1) * dilation[i] + 1;
    const WindowAxis axis = window_axis(in, size[i], strides[i], dilation[i], a.padding);
    if (axis.out == 0) {
      value_error(op, ": expected images of at least ", span, " along spatial axis ", i,
                  ", received ", in, " (images: ", images.shape(), ")");
    }
    out.push_back(axis.out);
    taps *= size[i];
    if (in < 0) continue;
    width[2 * (i + 1)] = axis.pad;
    width[2 * (i + 1) + 1] =
        std::max<int64_t>(0, (axis.out - 1) * strides[i] + span - in - axis.pad);
  }
  Shape shape{x.shape()[0]};
  for (const int64_t n : out) shape.push_back(n);
  const int64_t channels = x.shape().back();
  shape.push_back(channels < 0 ? kUnknownDim : taps * channels);
  Tensor y;
  if (std::find(out.begin(), out.end(), kUnknownDim) != out.end()) {
    y = Tensor::placeholder({x.dtype(), shape});
  } else {
    x = ops::pad(x, width);
    Tensors parts;
    for (int64_t tap = 0; tap < taps; ++tap) {
      Tensor part = x;
      int64_t rest = tap;
      for (int i = axes - 1; i >= 0; --i) {
        part = every(part, i + 1, rest % size[i] * dilation[i], strides[i], out[i]);
        rest /= size[i];
      }
      parts.push_back(part);
    }
    y = ops::concatenate(parts, -1);
  }
  if (channels_first) y = to_channels_first(y);
  return single ? ops::squeeze(y, IntList{0}) : y;
}

void add_patches(OpRegistry& registry, const char* name, const char* params, int axes) {
  add_composite(
      registry, name, params,
      str_cat("Windows of images, each flattened into channels.\n\nArgs:\n    ",
              axes == 3 ? "volumes" : "images",
              ": A batch, or one without the batch axis.\n"
              "    size: Size of the window: an int, or one for each spatial axis.\n"
              "    strides: Steps of the window; None is `size`.\n"
              "    dilation_rate: Distance of the window's elements.\n"
              "    padding: 'valid' or 'same'.\n",
              kFormatDoc,
              "Returns:\n    A tensor of shape (batch, ..., window size * channels), or channels "
              "first."),
      [name, axes](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<PatchAttrs>(attrs);
        const int n = a.size.size() == 3 ? 3 : axes;
        return Tensors{extract_patches(name, in[0], a, n)};
      },
      make_attrs_of<PatchAttrs>);
}

}  // namespace

void register_image_ops(OpRegistry& registry) {
  add_image_op<FormatAttrs, rgb_to_grayscale>(
      registry, "ops.image.rgb_to_grayscale", "images, data_format",
      "The brightness of colour images.", "", "Images of one channel.");
  add_image_op<FormatAttrs, rgb_to_hsv>(
      registry, "ops.image.rgb_to_hsv", "images, data_format",
      "Hue, saturation and value of red, green and blue in [0, 1].", "",
      "Images of the same shape.");
  add_image_op<FormatAttrs, hsv_to_rgb>(
      registry, "ops.image.hsv_to_rgb", "images, data_format",
      "Red, green and blue of hue, saturation and value in [0, 1].", "",
      "Images of the same shape.");
  add_image_op<FrameAttrs, pad_images>(
      registry, "ops.image.pad_images",
      "images, top_padding, left_padding, bottom_padding, right_padding, target_height, "
      "target_width, data_format",
      "Images with zeros around them; two numbers are given for each axis.",
      "    top_padding: Rows above.\n    left_padding: Columns on the left.\n"
      "    bottom_padding: Rows below.\n    right_padding: Columns on the right.\n"
      "    target_height: Height of the result.\n    target_width: Width of the result.\n",
      "Larger images.");
  add_image_op<CropAttrs, crop_images>(
      registry, "ops.image.crop_images",
      "images, top_cropping, left_cropping, bottom_cropping, right_cropping, target_height, "
      "target_width, data_format",
      "A part of images; two numbers are given for each axis.",
      "    top_cropping: Rows left out above.\n    left_cropping: Columns left out on the left.\n"
      "    bottom_cropping: Rows left out below.\n    right_cropping: Columns left out on the "
      "right.\n"
      "    target_height: Height of the result.\n    target_width: Width of the result.\n",
      "Smaller images.");
  add_patches(registry, "ops.image.extract_patches",
              "images, size!, strides, dilation_rate, padding, data_format", 2);
  register_image_filter_ops(registry);
  add_patches(registry, "ops.image.extract_patches_3d",
              "volumes, size!, strides, dilation_rate, padding, data_format", 3);
}

namespace ops {
namespace {

Tensor call_format(const char* name, const Tensor& images, const DataFormat& data_format) {
  auto attrs = make_ref<FormatAttrs>();
  attrs->data_format = data_format;
  return apply_one(find_op(name), {images}, attrs);
}

}  // namespace

Tensor rgb_to_grayscale(const Tensor& images, const DataFormat& data_format) {
  return call_format("ops.image.rgb_to_grayscale", images, data_format);
}
Tensor rgb_to_hsv(const Tensor& images, const DataFormat& data_format) {
  return call_format("ops.image.rgb_to_hsv", images, data_format);
}
Tensor hsv_to_rgb(const Tensor& images, const DataFormat& data_format) {
  return call_format("ops.image.hsv_to_rgb", images, data_format);
}
}  // namespace ops
}  // namespace nacre
