// Sampling: images at points between their pixels, and what is built on it.
#include <algorithm>
#include <cmath>

#include "nacre/base/parallel.h"
#include "nacre/ops/image.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/linalg.h"
#include "ops/define.h"
#include "ops/image_layout.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"

namespace nacre {
namespace {

// Inputs (batch, spatial..., channels) at coordinates (batch, axes, points). Bit i of `slopes` asks
// for the derivative along axis i. The gradient scatters (batch, points, channels) back into
// `spatial` sizes.
struct SampleAttrs : AttrsOf<SampleAttrs> {
  int64_t order = 1;
  std::string fill_mode = "constant";
  double fill_value = 0;
  int64_t slopes = 0;
  IntList spatial;
  NACRE_ATTRS(order, fill_mode, fill_value, slopes, spatial)
};

enum class Fill { kConstant, kNearest, kWrap, kMirror, kReflect };

const std::vector<std::string>& fill_modes() {
  static const std::vector<std::string> modes = {"constant", "nearest", "wrap", "mirror",
                                                 "reflect"};
  return modes;
}

Fill fill_of(const std::string& mode) {
  const auto found = std::find(fill_modes().begin(), fill_modes().end(), mode);
  return static_cast<Fill>(found - fill_modes().begin());
}

int64_t modulo(int64_t a, int64_t n) {
  return (a % n + n) % n;
}
// 0 1 2 1 0 1 ...: the edges once.
int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  return std::abs(modulo(i + n - 1, 2 * (n - 1)) - (n - 1));
}

// The element that index i stands for; -1 for the fill value.
int64_t source_of(int64_t i, int64_t n, Fill fill) {
  switch (fill) {
    case Fill::kConstant:
      return i >= 0 && i < n ? i : -1;
    case Fill::kNearest:
      return std::clamp<int64_t>(i, 0, n - 1);
    case Fill::kWrap:
      return modulo(i, n);
    case Fill::kMirror:
      return mirrored(i, n);
    default: {  // reflect: the edges twice
      const int64_t at = modulo(i, 2 * n);
      return at < n ? at : 2 * n - 1 - at;
    }
  }
}

// The neighbours of one point along one axis.
struct Neighbours {
  int count;
  int64_t source[2];
  double weight[2];
};

template <class C>
Neighbours neighbours_of(C at, int64_t n, const SampleAttrs& a, Fill fill, bool slope) {
  // What is far outside, or no number, is one fill value away.
  constexpr double far = 1e9;
  const double x =
      std::isnan(static_cast<double>(at)) ? -far : std::clamp(static_cast<double>(at), -far, far);
  if (a.order == 0) {
    const auto i = static_cast<int64_t>(std::round(x));
    return {1, {source_of(i, n, fill), 0}, {slope ? 0.0 : 1.0, 0}};
  }
  const double low = std::floor(x), share = x - low;
  const auto i = static_cast<int64_t>(low);
  return {2,
          {source_of(i, n, fill), source_of(i + 1, n, fill)},
          {slope ? -1.0 : 1 - share, slope ? 1.0 : share}};
}

// Calls visit(pixel, weight) for each corner around a point; pixel -1 is the fill value.
template <class T, class Visit>
void for_each_corner(const SampleAttrs& a, const Shape& image, const T* coordinates, int64_t points,
                     Fill fill, Visit visit) {
  const int axes = image.rank() - 2;
  Neighbours near[kMaxRank];
  for (int d = 0; d < axes; ++d) {
    near[d] = neighbours_of(static_cast<reference::Compute<T>>(coordinates[d * points]),
                            image[d + 1], a, fill, (a.slopes >> d & 1) != 0);
  }
  const int corners = a.order == 0 ? 1 : 1 << axes;
  for (int corner = 0; corner < corners; ++corner) {
    int64_t pixel = 0;
    double weight = 1;
    for (int d = 0; d < axes; ++d) {
      const int side = corner >> (axes - 1 - d) & 1;
      const int64_t source = near[d].source[side];
      weight *= near[d].weight[side];
      pixel = source < 0 || pixel < 0 ? -1 : pixel * image[d + 1] + source;
    }
    if (weight != 0) visit(pixel, weight);
  }
}

void sample_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<SampleAttrs>();
  const Shape& image = c.in[0].shape();
  const int64_t points = c.out[0].shape()[1], channels = image.back();
  const int64_t pixels = image.size(1, image.rank() - 1);
  const Fill fill = fill_of(a.fill_mode);
  const int64_t grain = std::max<int64_t>(1, 2048 / std::max<int64_t>(1, channels));
  dispatch_floating(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* x = c.in[0].as<const T>();
    const T* at = c.in[1].as<const T>();
    T* y = c.out[0].as<T>();
    const int64_t axes = image.rank() - 2;
    parallel_for(image[0] * points, grain, [&](int64_t begin, int64_t end) {
      std::vector<C> sum(static_cast<size_t>(channels));
      for (int64_t p = begin; p < end; ++p) {
        const int64_t b = p / points;
        std::fill(sum.begin(), sum.end(), C(0));
        for_each_corner(a, image, at + b * axes * points + p % points, points, fill,
                        [&](int64_t pixel, double weight) {
                          const C w = static_cast<C>(weight);
                          if (pixel < 0) {
                            for (C& s : sum) s += w * static_cast<C>(a.fill_value);
                            return;
                          }
                          const T* from = x + (b * pixels + pixel) * channels;
                          for (int64_t i = 0; i < channels; ++i)
                            sum[i] += w * static_cast<C>(from[i]);
                        });
        for (int64_t i = 0; i < channels; ++i) y[p * channels + i] = static_cast<T>(sum[i]);
      }
    });
  });
}

void sample_grad_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<SampleAttrs>();
  const Shape& image = c.out[0].shape();
  const int64_t points = c.in[0].shape()[1], channels = image.back();
  const int64_t pixels = image.size(1, image.rank() - 1);
  const Fill fill = fill_of(a.fill_mode);
  dispatch_floating(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* g = c.in[0].as<const T>();
    const T* at = c.in[1].as<const T>();
    T* dx = c.out[0].as<T>();
    const int64_t axes = image.rank() - 2;
    // One image a task: several points may add to one pixel.
    parallel_for(image[0], 1, [&](int64_t begin, int64_t end) {
      std::vector<C> sum(static_cast<size_t>(pixels * channels));
      for (int64_t b = begin; b < end; ++b) {
        std::fill(sum.begin(), sum.end(), C(0));
        for (int64_t p = 0; p < points; ++p) {
          const T* from = g + (b * points + p) * channels;
          for_each_corner(a, image, at + b * axes * points + p, points, fill,
                          [&](int64_t pixel, double weight) {
                            if (pixel < 0) return;
                            const C w = static_cast<C>(weight);
                            C* to = sum.data() + pixel * channels;
                            for (int64_t i = 0; i < channels; ++i)
                              to[i] += w * static_cast<C>(from[i]);
                          });
        }
        T* to = dx + b * pixels * channels;
        for (size_t i = 0; i < sum.size(); ++i) to[i] = static_cast<T>(sum[i]);
      }
    });
  });
}

Tensor call(const char* name, const Tensor& first, const Tensor& coordinates,
            const SampleAttrs& attrs) {
  return apply_one(find_op(name), {first, coordinates}, make_ref<SampleAttrs>(attrs));
}

// sum over channels of g times the slopes of `image` along each axis: the gradient of coordinates.
Tensor coordinates_grad(const Tensor& image, const Tensor& coordinates, const Tensor& g,
                        const SampleAttrs& attrs) {
  Tensors slopes;
  for (int64_t axis = 0; axis < coordinates.shape()[1]; ++axis) {
    SampleAttrs a = attrs;
    a.slopes |= int64_t{1} << axis;
    if (a.order == 0 || a.slopes == attrs.slopes) {  // piecewise linear: no second slope
      slopes.push_back(ops::zeros({g.shape()[0], g.shape()[1]}, g.dtype()));
    } else {
      slopes.push_back(ops::sum(g * call("image_sample", image, coordinates, a), IntList{2}));
    }
  }
  return ops::stack(slopes, 1);
}

IntList spatial_sizes(const Shape& image) {
  return IntList(image.begin() + 1, image.end() - 1);
}

void add_primitives(OpRegistry& registry) {
  OpDef def;
  def.name = "image_sample";
  def.params = "x, coordinates, order, fill_mode, fill_value, slopes, spatial";
  def.doc = "Images at points between their pixels.";
  def.make_attrs = make_attrs_of<SampleAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{
        {c.dtype(0), {c.shape(0)[0], c.shape(1).back(), c.shape(0).back()}}};
  };
  def.kernel = sample_kernel;
  def.backward = [](const BackwardContext& c) {
    const Tensor &x = c.inputs[0], &at = c.inputs[1], &g = c.grads[0];
    const auto& a = c.attrs_as<SampleAttrs>();
    SampleAttrs scatter = a;
    scatter.spatial = spatial_sizes(x.shape());
    return Tensors{c.needs[0] ? call("image_sample_grad", g, at, scatter) : Tensor(),
                   c.needs[1] ? coordinates_grad(x, at, g, a) : Tensor()};
  };
  def.internal = true;
  registry.add(std::move(def));

  OpDef grad;
  grad.name = "image_sample_grad";
  grad.params = "grad, coordinates, order, fill_mode, fill_value, slopes, spatial";
  grad.doc = "Gradient of image_sample with respect to x.";
  grad.make_attrs = make_attrs_of<SampleAttrs>;
  grad.promote = Promote::kCommonFloat;
  grad.infer = [](const InferContext& c) {
    Shape x{c.shape(0)[0]};
    for (const int64_t size : c.attrs_as<SampleAttrs>().spatial) x.push_back(size);
    x.push_back(c.shape(0).back());
    return std::vector<TensorSpec>{{c.dtype(0), x}};
  };
  grad.kernel = sample_grad_kernel;
  grad.backward = [](const BackwardContext& c) {
    SampleAttrs a = c.attrs_as<SampleAttrs>();
    a.fill_value = 0;  // no part of what is linear in the gradient
    const Tensor &g = c.inputs[0], &at = c.inputs[1], &v = c.grads[0];
    return Tensors{c.needs[0] ? call("image_sample", v, at, a) : Tensor(),
                   c.needs[1] ? coordinates_grad(v, at, g, a) : Tensor()};
  };
  grad.internal = true;
  registry.add(std::move(grad));
}

// ---- public ops

struct MapAttrs : AttrsOf<MapAttrs> {
  int64_t order = 1;
  std::string fill_mode = "constant";
  double fill_value = 0;
  NACRE_ATTRS(order, fill_mode, fill_value)
};
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

SampleAttrs sample_attrs(const char* op, int64_t order, const std::string& fill_mode,
                         double fill_value) {
  if (std::find(fill_modes().begin(), fill_modes().end(), fill_mode) == fill_modes().end()) {
    value_error(op, ": unknown fill_mode '", fill_mode, "'.",
                did_you_mean(fill_mode, fill_modes()));
  }
  SampleAttrs a;
  a.order = order;
  a.fill_mode = fill_mode;
  a.fill_value = fill_value;
  return a;
}

int64_t order_of(const char* op, const std::string& interpolation) {
  if (interpolation == "bilinear") return 1;
  if (interpolation == "nearest") return 0;
  const std::vector<std::string> known = {"nearest", "bilinear"};
  value_error(op, ": unknown interpolation '", interpolation, "'.",
              did_you_mean(interpolation, known));
}

// Samples; integers through floats, rounded half away from zero.
Tensor sample_any(const Tensor& x, const Tensor& coordinates, const SampleAttrs& a) {
  const bool whole = !is_floating(x.dtype());
  // Coordinates need more bits than half precision has.
  const DType dtype = x.dtype() == DType::kFloat64 ? x.dtype() : DType::kFloat32;
  for (int i = 1; i + 1 < x.rank(); ++i) {
    if (x.shape()[i] == 0) {
      value_error("image_sample: expected images with pixels, received shape ", x.shape());
    }
  }
  Tensor at = ops::cast(coordinates, dtype);
  if (at.shape()[0] == 1 && x.shape()[0] != 1 && !x.is_placeholder()) {
    at = ops::broadcast_to(at, {x.shape()[0], at.shape()[1], at.shape()[2]});
  }
  Tensor y = call("image_sample", x.dtype() == dtype ? x : ops::cast(x, dtype), at, a);
  if (whole) y = ops::sign(y) * ops::floor(ops::abs(y) + 0.5);
  return y.dtype() == x.dtype() ? y : ops::cast(y, x.dtype());
}

Tensor map_coordinates(const Tensor& x, const Tensor& coordinates, const MapAttrs& a) {
  constexpr const char* op = "ops.image.map_coordinates";
  if (coordinates.rank() < 2 || coordinates.shape()[0] != x.rank()) {
    value_error(op, ": expected coordinates of shape (", x.rank(), ", ...), one row an axis of ",
                "inputs, received ", coordinates.shape(), " (inputs: ", x.shape(), ")");
  }
  if (x.rank() > kMaxRank - 2) {
    value_error(op, ": expected inputs of rank at most ", kMaxRank - 2, ", received ", x.rank());
  }
  if (a.order != 0 && a.order != 1) {
    value_error(op, ": expected order 0 or 1, received ", a.order);
  }
  Shape image{1};
  for (const int64_t size : x.shape()) image.push_back(size);
  image.push_back(1);
  Shape out;
  for (int i = 1; i < coordinates.rank(); ++i) out.push_back(coordinates.shape()[i]);
  const Tensor y = sample_any(ops::reshape(x, image), ops::reshape(coordinates, {1, x.rank(), -1}),
                              sample_attrs(op, a.order, a.fill_mode, a.fill_value));
  return ops::reshape(y, out);
}

// Samples images at maps (batch or 1, 2, 3) of their own pixels.
Tensor warp(const Tensor& images, const Tensor& maps, const SampleAttrs& attrs) {
  const Shape& shape = images.shape();
  if (shape[1] < 0 || shape[2] < 0) return Tensor::placeholder({images.dtype(), shape});
  const DType dtype = images.dtype() == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  const Tensor at = ops::mapped_grid(maps, shape[1], shape[2], dtype);
  const Tensor y = sample_any(images, at, attrs);
  return ops::reshape(y, {-1, shape[1], shape[2], shape[3]});
}

Tensor affine_transform(const Tensor& images, const Tensor& transform, const AffineAttrs& a) {
  constexpr const char* op = "ops.image.affine_transform";
  const ImageLayout layout(op, images, a.data_format);
  const SampleAttrs attrs =
      sample_attrs(op, order_of(op, a.interpolation), a.fill_mode, a.fill_value);
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
  return layout.from_batch(warp(x, maps, attrs));
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
  const SampleAttrs attrs =
      sample_attrs(op, order_of(op, a.interpolation), "constant", a.fill_value);
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
  const Tensor y = sample_any(x, numerator / denominator, attrs);
  return layout.from_batch(ops::reshape(y, {-1, height, width, x.shape()[3]}));
}

constexpr const char* kSampleDoc =
    "    fill_mode: What is outside: 'constant' (`fill_value`), 'nearest', 'wrap', 'mirror' (edges "
    "once)\n        or 'reflect' (edges twice).\n    fill_value: The constant.\n";
constexpr const char* kImagesDoc = "    images: One image or a batch of them, of rank 3 or 4.\n";
constexpr const char* kFormatDoc =
    "    data_format: 'channels_last' or 'channels_first'; None is keras.config's default.\n\n";

}  // namespace

void register_image_sample_ops(OpRegistry& registry) {
  add_primitives(registry);
  add_composite(
      registry, "ops.image.map_coordinates", "inputs, coordinates, order!, fill_mode, fill_value",
      str_cat("The values of `inputs` at points between its elements.\n\nArgs:\n"
              "    inputs: A tensor.\n"
              "    coordinates: Tensor of shape (rank of inputs, ...): the points.\n"
              "    order: 0 (the nearest element) or 1 (linear interpolation).\n",
              kSampleDoc,
              "\nReturns:\n    A tensor of the shape of `coordinates` without its first axis."),
      [](Inputs in, const Attrs* attrs) {
        return Tensors{map_coordinates(in[0], in[1], attrs_as<MapAttrs>(attrs))};
      },
      make_attrs_of<MapAttrs>);
  add_composite(
      registry, "ops.image.affine_transform",
      "images, transform, interpolation, fill_mode, fill_value, data_format",
      str_cat("Images under affine maps of the plane.\n\nArgs:\n", kImagesDoc,
              "    transform: Tensor of shape (8,) or (batch, 8): numbers (a0, a1, a2, b0, b1, b2, "
              "0, 0), by\n        which output (x, y) reads input (a0 x + a1 y + a2, b0 x + b1 y + "
              "b2).\n    interpolation: 'nearest' or 'bilinear'.\n",
              kSampleDoc, kFormatDoc, "Returns:\n    Images of the shape of `images`."),
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

Tensor mapped_grid(const Tensor& maps, int64_t height, int64_t width, DType dtype) {
  std::vector<float> grid(static_cast<size_t>(3 * height * width), 1.0F);
  const int64_t points = height * width;
  for (int64_t i = 0; i < points; ++i) {
    grid[i] = static_cast<float>(i / width);
    grid[points + i] = static_cast<float>(i % width);
  }
  const Tensor constant = cast(Tensor::from(std::move(grid), {3, points}), dtype);
  return matmul(cast(maps, dtype), constant);
}

Tensor sample_images(const Tensor& images, const Tensor& coordinates,
                     const SampleOptions& options) {
  constexpr const char* op = "sample_images";
  return sample_any(
      images, coordinates,
      sample_attrs(op, order_of(op, options.interpolation), options.fill_mode, options.fill_value));
}

Tensor affine_transform(const Tensor& images, const Tensor& transform, const SampleOptions& options,
                        const DataFormat& data_format) {
  auto attrs = make_ref<AffineAttrs>();
  attrs->interpolation = options.interpolation;
  attrs->fill_mode = options.fill_mode;
  attrs->fill_value = options.fill_value;
  attrs->data_format = data_format;
  return apply_one(find_op("ops.image.affine_transform"), {images, transform}, attrs);
}

Tensor map_coordinates(const Tensor& inputs, const Tensor& coordinates, int64_t order,
                       const std::string& fill_mode, double fill_value) {
  auto attrs = make_ref<MapAttrs>();
  attrs->order = order;
  attrs->fill_mode = fill_mode;
  attrs->fill_value = fill_value;
  return apply_one(find_op("ops.image.map_coordinates"), {inputs, coordinates}, attrs);
}

}  // namespace ops
}  // namespace nacre
