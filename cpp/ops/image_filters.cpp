// Filters on images: blur, edges, smooth displacements, structural similarity.
#include <cmath>

#include "nacre/ops/image.h"
#include "nacre/ops/random.h"
#include "ops/image_layout.h"

namespace nacre {
namespace {

struct FormatAttrs : AttrsOf<FormatAttrs> {
  std::optional<std::string> data_format;
  NACRE_ATTRS(data_format)
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
  require_floating_images(op, images);
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
  require_floating_images(op, images);
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
  return layout.from_batch(
      ops::displace_images(x, moves, {a.interpolation, a.fill_mode, a.fill_value}));
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

}  // namespace

void register_image_filter_ops(OpRegistry& registry) {
  add_image_op<BlurAttrs, gaussian_blur>(
      registry, "ops.image.gaussian_blur", "images, kernel_size, sigma, data_format",
      "Images blurred by a normal bell; zeros lie outside.",
      "    kernel_size: Width and height of the bell, in pixels.\n"
      "    sigma: Its standard deviations.\n",
      "Images of the same shape.");
  add_image_op<FormatAttrs, sobel_edges>(
      registry, "ops.image.sobel_edges", "images, data_format",
      "Sobel's estimates of the slopes of images.", "",
      "A tensor of shape (*images.shape, 2): along y, then along x.");
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

Tensor displace_images(const Tensor& images, const Tensor& moves, const SampleOptions& options) {
  const int64_t batch = images.shape()[0], height = images.shape()[1], width = images.shape()[2];
  const Tensor flat = transpose(reshape(moves, {batch, height * width, 2}), {0, 2, 1});
  static const Tensor still = Tensor::from<float>({1, 0, 0, 0, 1, 0}, {1, 2, 3});
  const Tensor at = flat + mapped_grid(still, height, width, DType::kFloat32);
  return reshape(sample_images(images, at, options), images.shape());
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
