// Images: colours, padding and cropping, patches, blur, edges.
#include <algorithm>
#include <cmath>

#include "nacre/ops/image.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/random.h"
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
struct BlurAttrs : AttrsOf<BlurAttrs> {
  IntList kernel_size = {3, 3};
  FloatList sigma = {1.0, 1.0};
  std::optional<std::string> data_format;
  NACRE_ATTRS(kernel_size, sigma, data_format)
};
struct ElasticAttrs : AttrsOf<ElasticAttrs> {
  double alpha = 20;
  double sigma = 5;
  std::string interpolation = "bilinear";
  std::string fill_mode = "reflect";
  double fill_value = 0;
  std::optional<std::string> data_format;
  NACRE_ATTRS(alpha, sigma, interpolation, fill_mode, fill_value, data_format)
};
struct SsimAttrs : AttrsOf<SsimAttrs> {
  double max_val = 1;
  int64_t filter_size = 11;
  double filter_sigma = 1.5;
  double k1 = 0.01;
  double k2 = 0.03;
  std::optional<std::string> data_format;
  NACRE_ATTRS(max_val, filter_size, filter_sigma, k1, k2, data_format)
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

void require_floats(const char* op, const Tensor& images) {
  if (!is_floating(images.dtype())) {
    value_error(op, ": expected images of a floating dtype, received '", images.dtype(), "'");
  }
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
  require_floats(op, images);
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
  require_floats(op, images);
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

// ---- filters

// A normal bell over `size` elements, with sum 1.
std::vector<double> bell(int64_t size, double sigma) {
  std::vector<double> out;
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    const double x = (static_cast<double>(i) - static_cast<double>(size - 1) / 2) / sigma;
    out.push_back(std::exp(-0.5 * x * x));
    sum += out.back();
  }
  for (double& v : out) v /= sum;
  return out;
}

// One filter over rows, then one over columns, for each channel by itself.
Tensor filter_planes(const Tensor& x, const std::vector<double>& rows,
                     const std::vector<double>& columns, const std::string& padding) {
  const int64_t channels = x.shape()[3];
  Tensor y = x;
  for (const bool vertical : {true, false}) {
    const std::vector<double>& taps = vertical ? rows : columns;
    const auto n = static_cast<int64_t>(taps.size());
    const Shape shape = vertical ? Shape{n, 1, 1, 1} : Shape{1, n, 1, 1};
    const Tensor one = ops::cast(Tensor::from(taps, shape), x.dtype());
    const Tensor kernel = ops::broadcast_to(one, {shape[0], shape[1], channels, 1});
    y = ops::depthwise_conv(y, kernel, {1}, padding, "channels_last");
  }
  return y;
}

Tensor gaussian_blur(const Tensor& images, const BlurAttrs& a) {
  constexpr const char* op = "ops.image.gaussian_blur";
  const ImageLayout layout(op, images, a.data_format);
  require_floats(op, images);
  const IntList size = spatial_list(a.kernel_size, 2, op, "kernel_size");
  FloatList sigma = a.sigma;
  if (sigma.size() == 1) sigma.push_back(sigma[0]);
  if (sigma.size() != 2 || !(sigma[0] > 0) || !(sigma[1] > 0)) {
    value_error(op, ": expected sigma of one or two numbers > 0, received ",
                to_string(AttrValue(a.sigma)));
  }
  // Keras builds its kernel as (size[1], size[0]).
  return layout.from_batch(filter_planes(layout.to_batch(images), bell(size[1], sigma[1]),
                                         bell(size[0], sigma[0]), "same"));
}

Tensor sobel_edges(const Tensor& images, const FormatAttrs& a) {
  constexpr const char* op = "ops.image.sobel_edges";
  const ImageLayout layout(op, images, a.data_format);
  require_floats(op, images);
  const Tensor x = layout.to_batch(images);
  const std::vector<double> slope = {-1, 0, 1}, smooth = {1, 2, 1};
  const Tensor dy = layout.from_batch(filter_planes(x, slope, smooth, "same"));
  const Tensor dx = layout.from_batch(filter_planes(x, smooth, slope, "same"));
  return ops::stack({dy, dx}, -1);
}

Tensor elastic_transform(const Tensor& images, const Tensor& seed, const ElasticAttrs& a) {
  constexpr const char* op = "ops.image.elastic_transform";
  const ImageLayout layout(op, images, a.data_format);
  if (!(a.sigma > 0)) value_error(op, ": expected sigma > 0, received ", a.sigma);
  const Tensor x = layout.to_batch(images);
  if (x.is_placeholder()) return images;
  const int64_t batch = x.shape()[0], height = x.shape()[1], width = x.shape()[2];
  // Displacements (y, x) of each pixel, blurred so that neighbours move together.
  const Tensor noise = random::normal({batch, height, width, 2}, seed, 0, a.sigma, DType::kFloat32);
  const int64_t size = static_cast<int64_t>(6 * a.sigma) | 1;
  const std::vector<double> taps = bell(size, a.sigma);
  const Tensor moves = filter_planes(noise, taps, taps, "same") * a.alpha;
  const Tensor flat = ops::transpose(ops::reshape(moves, {batch, height * width, 2}), {0, 2, 1});
  static const Tensor still = Tensor::from<float>({1, 0, 0, 0, 1, 0}, {1, 2, 3});
  const Tensor at = flat + ops::mapped_grid(still, height, width, DType::kFloat32);
  ops::SampleOptions options;
  options.interpolation = a.interpolation;
  options.fill_mode = a.fill_mode;
  options.fill_value = a.fill_value;
  return layout.from_batch(ops::reshape(ops::sample_images(x, at, options), x.shape()));
}

Tensor ssim(const Tensor& image1, const Tensor& image2, const SsimAttrs& a) {
  constexpr const char* op = "ops.image.ssim";
  const ImageLayout layout(op, image1, a.data_format);
  if (!(image1.shape() == image2.shape())) {
    value_error(op, ": expected images of one shape, received ", image1.shape(), " and ",
                image2.shape());
  }
  if (a.filter_size < 1 || !(a.filter_sigma > 0)) {
    value_error(op, ": expected filter_size >= 1 and filter_sigma > 0, received ", a.filter_size,
                " and ", a.filter_sigma);
  }
  const DType dtype = is_floating(image1.dtype()) ? image1.dtype() : floatx();
  const Tensor x = ops::cast(layout.to_batch(image1), dtype);
  const Tensor y = ops::cast(layout.to_batch(image2), dtype);
  const std::vector<double> taps = bell(a.filter_size, a.filter_sigma);
  const auto local = [&](const Tensor& t) { return filter_planes(t, taps, taps, "valid"); };
  const Tensor mx = local(x), my = local(y);
  const Tensor vx = local(x * x) - mx * mx, vy = local(y * y) - my * my;
  const Tensor cov = local(x * y) - mx * my;
  const double c1 = (a.k1 * a.max_val) * (a.k1 * a.max_val);
  const double c2 = (a.k2 * a.max_val) * (a.k2 * a.max_val);
  const Tensor map =
      ((mx * my) * 2.0 + c1) * (cov * 2.0 + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
  Tensor result = ops::mean(map, IntList{1, 2, 3});
  if (layout.single()) result = ops::squeeze(result, IntList{0});
  return ops::cast(result, image1.dtype());
}

constexpr const char* kImagesDoc = "    images: One image or a batch of them, of rank 3 or 4.\n";
constexpr const char* kFormatDoc =
    "    data_format: 'channels_last' or 'channels_first'; None is keras.config's default.\n\n";

template <class A, Tensor (*kFunction)(const Tensor&, const A&)>
void add(OpRegistry& registry, const char* name, const char* params, const char* what,
         const char* arguments, const char* returns) {
  add_composite(
      registry, name, params,
      str_cat(what, "\n\nArgs:\n", kImagesDoc, arguments, kFormatDoc, "Returns:\n    ", returns),
      [](Inputs in, const Attrs* attrs) { return Tensors{kFunction(in[0], attrs_as<A>(attrs))}; },
      make_attrs_of<A>);
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
  add<FormatAttrs, rgb_to_grayscale>(registry, "ops.image.rgb_to_grayscale", "images, data_format",
                                     "The brightness of colour images.", "",
                                     "Images of one channel.");
  add<FormatAttrs, rgb_to_hsv>(registry, "ops.image.rgb_to_hsv", "images, data_format",
                               "Hue, saturation and value of red, green and blue in [0, 1].", "",
                               "Images of the same shape.");
  add<FormatAttrs, hsv_to_rgb>(registry, "ops.image.hsv_to_rgb", "images, data_format",
                               "Red, green and blue of hue, saturation and value in [0, 1].", "",
                               "Images of the same shape.");
  add<FrameAttrs, pad_images>(
      registry, "ops.image.pad_images",
      "images, top_padding, left_padding, bottom_padding, right_padding, target_height, "
      "target_width, data_format",
      "Images with zeros around them; two numbers are given for each axis.",
      "    top_padding: Rows above.\n    left_padding: Columns on the left.\n"
      "    bottom_padding: Rows below.\n    right_padding: Columns on the right.\n"
      "    target_height: Height of the result.\n    target_width: Width of the result.\n",
      "Larger images.");
  add<CropAttrs, crop_images>(
      registry, "ops.image.crop_images",
      "images, top_cropping, left_cropping, bottom_cropping, right_cropping, target_height, "
      "target_width, data_format",
      "A part of images; two numbers are given for each axis.",
      "    top_cropping: Rows left out above.\n    left_cropping: Columns left out on the left.\n"
      "    bottom_cropping: Rows left out below.\n    right_cropping: Columns left out on the "
      "right.\n"
      "    target_height: Height of the result.\n    target_width: Width of the result.\n",
      "Smaller images.");
  add<BlurAttrs, gaussian_blur>(registry, "ops.image.gaussian_blur",
                                "images, kernel_size, sigma, data_format",
                                "Images blurred by a normal bell; zeros lie outside.",
                                "    kernel_size: Width and height of the bell, in pixels.\n"
                                "    sigma: Its standard deviations.\n",
                                "Images of the same shape.");
  add<FormatAttrs, sobel_edges>(registry, "ops.image.sobel_edges", "images, data_format",
                                "Sobel's estimates of the slopes of images.", "",
                                "A tensor of shape (*images.shape, 2): along y, then along x.");
  add_patches(registry, "ops.image.extract_patches",
              "images, size!, strides, dilation_rate, padding, data_format", 2);
  add_patches(registry, "ops.image.extract_patches_3d",
              "volumes, size!, strides, dilation_rate, padding, data_format", 3);
  add_composite(
      registry, "ops.image.elastic_transform",
      "images, alpha, sigma, interpolation, fill_mode, fill_value, seed, data_format",
      str_cat("Images whose pixels are moved at random, neighbours alike.\n\nArgs:\n", kImagesDoc,
              "    alpha: Strength of the displacement.\n"
              "    sigma: Standard deviation of the blur that makes it smooth.\n"
              "    interpolation: 'nearest' or 'bilinear'.\n"
              "    fill_mode: What is outside: 'constant', 'nearest', 'wrap', 'mirror' or "
              "'reflect'.\n    fill_value: The constant.\n"
              "    seed: An int, a SeedGenerator, or None.\n",
              kFormatDoc, "Returns:\n    Images of the same shape."),
      [](Inputs in, const Attrs* attrs) {
        return Tensors{elastic_transform(in[0], in[1], attrs_as<ElasticAttrs>(attrs))};
      },
      make_attrs_of<ElasticAttrs>);
  add_composite(
      registry, "ops.image.ssim",
      "image1, image2, max_val, filter_size, filter_sigma, k1, k2, data_format",
      str_cat("The structural similarity of images (Wang et al. 2004): 1 for equal ones.\n\nArgs:\n"
              "    image1: One image or a batch of them.\n    image2: Images of the same shape.\n"
              "    max_val: The largest value of a pixel.\n"
              "    filter_size: Size of the window.\n    filter_sigma: Its standard deviation.\n"
              "    k1: First stabilizing constant.\n    k2: Second.\n",
              kFormatDoc, "Returns:\n    One number an image."),
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ssim(in[0], in[1], attrs_as<SsimAttrs>(attrs))};
      },
      make_attrs_of<SsimAttrs>);
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
Tensor gaussian_blur(const Tensor& images, const IntList& kernel_size, const FloatList& sigma,
                     const DataFormat& data_format) {
  auto attrs = make_ref<BlurAttrs>();
  attrs->kernel_size = kernel_size;
  attrs->sigma = sigma;
  attrs->data_format = data_format;
  return apply_one(find_op("ops.image.gaussian_blur"), {images}, attrs);
}

}  // namespace ops
}  // namespace nacre
