// Images under affine and projective maps of the plane.
#include "nacre/ops/image.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/linalg.h"
#include "ops/image_layout.h"

namespace nacre {
namespace {

struct AffineAttrs : AttrsOf<AffineAttrs> {
  std::string interpolation = "bilinear";
  std::string fill_mode = "constant";
  double fill_value = 0;
  std::optional<std::string> data_format;
  NACRE_ATTRS(interpolation, fill_mode, fill_value, data_format)
};
struct PerspectiveAttrs : AttrsOf<PerspectiveAttrs> {
  std::string interpolation = "bilinear";
  double fill_value = 0;
  std::optional<std::string> data_format;
  NACRE_ATTRS(interpolation, fill_value, data_format)
};

// Samples images at maps (batch or 1, 2, 3) of their own pixels.
Tensor warp(const Tensor& images, const Tensor& maps, const ops::SampleOptions& options) {
  const Shape& shape = images.shape();
  if (shape[1] < 0 || shape[2] < 0) return Tensor::placeholder({images.dtype(), shape});
  const DType dtype = images.dtype() == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  const Tensor at = ops::mapped_grid(maps, shape[1], shape[2], dtype);
  const Tensor y = ops::sample_images(images, at, options);
  return ops::reshape(y, {-1, shape[1], shape[2], shape[3]});
}

Tensor affine_transform(const Tensor& images, const Tensor& transform, const AffineAttrs& a) {
  constexpr const char* op = "ops.image.affine_transform";
  const ImageLayout layout(op, images, a.data_format);
  const ops::SampleOptions options{a.interpolation, a.fill_mode, a.fill_value};
  check_sample_options(op, options);
  const int rank = transform.rank();
  if ((rank != 1 && rank != 2) || transform.shape().back() != 8) {
    value_error(op, ": expected transform of shape (8,) or (batch, 8), received ",
                transform.shape());
  }
  const Tensor x = layout.to_batch(images);
  const int64_t count = rank == 1 ? 1 : transform.shape()[0];
  if (count != 1 && count >= 0 && x.shape()[0] >= 0 && count != x.shape()[0]) {
    value_error(op, ": expected one transform or one an image, received transform of shape ",
                transform.shape(), " (images: ", images.shape(), ")");
  }
  const Tensor rows = rank == 1 ? ops::expand_dims(transform, 0) : transform;
  static const Tensor order = Tensor::from<int32_t>({4, 3, 5, 1, 0, 2}, {6});
  const Tensor maps = ops::reshape(ops::take(rows, order, 1), {-1, 2, 3});
  return layout.from_batch(warp(x, maps, options));
}

// The 8 numbers of the map that takes each of four end points to its start point.
Tensor homography(const Tensor& start, const Tensor& end) {
  const auto column = [](const Tensor& points, int64_t i) {
    return ops::squeeze(ops::slice_axis(points, 2, i, 1), IntList{2});
  };
  const Tensor sx = column(start, 0), sy = column(start, 1);
  const Tensor ex = column(end, 0), ey = column(end, 1);
  const Tensor one = ops::ones_like(ex), zero = ops::zeros_like(ex);
  const Tensor x_rows = ops::stack({ex, ey, one, zero, zero, zero, -(sx * ex), -(sx * ey)}, -1);
  const Tensor y_rows = ops::stack({zero, zero, zero, ex, ey, one, -(sy * ex), -(sy * ey)}, -1);
  const Tensor matrix = ops::concatenate({x_rows, y_rows}, 1);
  const Tensor target = ops::expand_dims(ops::concatenate({sx, sy}, 1), -1);
  return ops::squeeze(ops::solve(matrix, target), IntList{-1});
}

Tensor perspective_transform(const Tensor& images, const Tensor& start_points,
                             const Tensor& end_points, const PerspectiveAttrs& a) {
  constexpr const char* op = "ops.image.perspective_transform";
  const ImageLayout layout(op, images, a.data_format);
  const ops::SampleOptions options{a.interpolation, "constant", a.fill_value};
  check_sample_options(op, options);
  for (const Tensor* points : {&start_points, &end_points}) {
    const Shape& shape = points->shape();
    const int rank = shape.rank();
    if ((rank != 2 && rank != 3) || shape[rank - 2] != 4 || shape[rank - 1] != 2) {
      value_error(op, ": expected points of shape (4, 2) or (batch, 4, 2), received ", shape);
    }
  }
  if (!(start_points.shape() == end_points.shape())) {
    value_error(op, ": expected start_points and end_points of one shape, received ",
                start_points.shape(), " and ", end_points.shape());
  }
  const Tensor x = layout.to_batch(images);
  const auto batched = [](const Tensor& points) {
    return ops::cast(points.rank() == 2 ? ops::expand_dims(points, 0) : points, DType::kFloat32);
  };
  const int64_t height = x.shape()[1], width = x.shape()[2];
  if (height < 0 || width < 0) return images;
  const Tensor h = homography(batched(start_points), batched(end_points));
  // Rows y and x of the numerator, and the denominator, of each pixel (y, x, 1).
  static const Tensor order = Tensor::from<int32_t>({4, 3, 5, 1, 0, 2}, {6});
  const Tensor numerator = ops::mapped_grid(ops::reshape(ops::take(h, order, 1), {-1, 2, 3}),
                                            height, width, DType::kFloat32);
  static const Tensor below = Tensor::from<int32_t>({7, 6}, {2});
  const Tensor weights = ops::take(h, below, 1);
  const Tensor ones = ops::ones_like(ops::slice_axis(weights, 1, 0, 1));
  const Tensor row = ops::expand_dims(ops::concatenate({weights, ones}, 1), 1);
  const Tensor denominator = ops::mapped_grid(row, height, width, DType::kFloat32);
  const Tensor y = ops::sample_images(x, numerator / denominator, options);
  return layout.from_batch(ops::reshape(y, {-1, height, width, x.shape()[3]}));
}

}  // namespace

void register_image_warp_ops(OpRegistry& registry) {
  add_composite(
      registry, "ops.image.affine_transform",
      "images, transform, interpolation, fill_mode, fill_value, data_format",
      str_cat("Images under affine maps of the plane.\n\nArgs:\n", kImagesDoc,
              "    transform: Tensor of shape (8,) or (batch, 8): numbers (a0, a1, a2, b0, b1, b2, "
              "0, 0), by\n        which output (x, y) reads input (a0 x + a1 y + a2, b0 x + b1 y + "
              "b2).\n    interpolation: 'nearest' or 'bilinear'.\n",
              kFillDoc, kFormatDoc, "Returns:\n    Images of the shape of `images`."),
      [](Inputs in, const Attrs* attrs) {
        return Tensors{affine_transform(in[0], in[1], attrs_as<AffineAttrs>(attrs))};
      },
      make_attrs_of<AffineAttrs>);
  add_composite(
      registry, "ops.image.perspective_transform",
      "images, start_points, end_points, interpolation, fill_value, data_format",
      str_cat("Images under the projective maps that take four points to four others.\n\nArgs:\n",
              kImagesDoc,
              "    start_points: Tensor of shape (4, 2) or (batch, 4, 2): corners (x, y) in "
              "`images`.\n    end_points: Where they are in the result.\n    interpolation: "
              "'nearest' or 'bilinear'.\n    fill_value: What is outside.\n",
              kFormatDoc, "Returns:\n    Images of the shape of `images`."),
      [](Inputs in, const Attrs* attrs) {
        return Tensors{
            perspective_transform(in[0], in[1], in[2], attrs_as<PerspectiveAttrs>(attrs))};
      },
      make_attrs_of<PerspectiveAttrs>);
}

namespace ops {

Tensor affine_transform(const Tensor& images, const Tensor& transform, const SampleOptions& options,
                        const DataFormat& data_format) {
  auto attrs = make_ref<AffineAttrs>();
  attrs->interpolation = options.interpolation;
  attrs->fill_mode = options.fill_mode;
  attrs->fill_value = options.fill_value;
  attrs->data_format = data_format;
  return apply_one(find_op("ops.image.affine_transform"), {images, transform}, attrs);
}

Tensor perspective_transform(const Tensor& images, const Tensor& start_points,
                             const Tensor& end_points, const std::string& interpolation,
                             double fill_value, const DataFormat& data_format) {
  auto attrs = make_ref<PerspectiveAttrs>();
  attrs->interpolation = interpolation;
  attrs->fill_value = fill_value;
  attrs->data_format = data_format;
  return apply_one(find_op("ops.image.perspective_transform"), {images, start_points, end_points},
                   attrs);
}

}  // namespace ops
}  // namespace nacre
