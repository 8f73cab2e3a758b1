// Images: keras.ops.image. Images are (batch, height, width, channels) or one without the batch;
// channels first where data_format says so.
#pragma once

#include <optional>
#include <string>

#include "nacre/ops/nn.h"

namespace nacre::ops {

struct ResizeOptions {
  std::string interpolation = "bilinear";  // "nearest", "bicubic", "lanczos3", "lanczos5"
  bool antialias = false;
  bool crop_to_aspect_ratio = false;
  bool pad_to_aspect_ratio = false;
  double fill_value = 0;
};
// `size` is (height, width). Integer images come back rounded, in their dtype.
Tensor resize(const Tensor& images, const IntList& size, const ResizeOptions& options = {},
              const DataFormat& data_format = {});

// Where a point outside the image takes its value from: "constant" (fill_value), "nearest",
// "wrap", "mirror" or "reflect".
struct SampleOptions {
  std::string interpolation = "bilinear";  // or "nearest"
  std::string fill_mode = "constant";
  double fill_value = 0;
};
// Images (batch, height, width, channels) at coordinates (batch, 2, points), y before x, a batch of
// 1 for all: (batch, points, channels).
Tensor sample_images(const Tensor& images, const Tensor& coordinates,
                     const SampleOptions& options = {});
// The coordinates (batch or 1, 2, height * width) of the pixels of an image under maps
// (batch or 1, 2, 3): (y, x) = map (y, x, 1).
Tensor mapped_grid(const Tensor& maps, int64_t height, int64_t width, DType dtype);
// Each pixel from its own place plus a displacement (batch, height, width, 2), y before x.
Tensor displace_images(const Tensor& images, const Tensor& moves, const SampleOptions& options);
// `transform` is (8,) or (batch, 8): output (x, y) reads (a0 x + a1 y + a2, b0 x + b1 y + b2).
Tensor affine_transform(const Tensor& images, const Tensor& transform,
                        const SampleOptions& options = {}, const DataFormat& data_format = {});
// Points (4, 2) or (batch, 4, 2), x before y: what is at start_points comes to end_points.
Tensor perspective_transform(const Tensor& images, const Tensor& start_points,
                             const Tensor& end_points,
                             const std::string& interpolation = "bilinear", double fill_value = 0,
                             const DataFormat& data_format = {});
Tensor map_coordinates(const Tensor& inputs, const Tensor& coordinates, int64_t order,
                       const std::string& fill_mode = "constant", double fill_value = 0);

Tensor rgb_to_grayscale(const Tensor& images, const DataFormat& data_format = {});
Tensor rgb_to_hsv(const Tensor& images, const DataFormat& data_format = {});
Tensor hsv_to_rgb(const Tensor& images, const DataFormat& data_format = {});
Tensor gaussian_blur(const Tensor& images, const IntList& kernel_size = {3, 3},
                     const FloatList& sigma = {1.0, 1.0}, const DataFormat& data_format = {});

}  // namespace nacre::ops
