// Sampling: images at points between their pixels.
#include <algorithm>
#include <cmath>

#include "nacre/base/parallel.h"
#include "nacre/ops/image.h"
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
  if (i >= 0 && i < n) return i;
  switch (fill) {
    case Fill::kConstant:
      return -1;
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
  // Truncation and a comparison: the library's floor and round are calls on older CPUs.
  if (a.order == 0) {
    const auto i = static_cast<int64_t>(x < 0 ? x - 0.5 : x + 0.5);
    return {1, {source_of(i, n, fill), 0}, {slope ? 0.0 : 1.0, 0}};
  }
  auto i = static_cast<int64_t>(x);
  if (x < static_cast<double>(i)) --i;
  const double share = x - static_cast<double>(i);
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
  if (axes == 2) {  // images
    for (int i = 0; i < near[0].count; ++i) {
      for (int j = 0; j < near[1].count; ++j) {
        const int64_t row = near[0].source[i], column = near[1].source[j];
        const double weight = near[0].weight[i] * near[1].weight[j];
        if (weight != 0) visit(row < 0 || column < 0 ? -1 : row * image[2] + column, weight);
      }
    }
    return;
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

// Points [begin, end) of all images; kChannels is the number of channels where it is small, so that
// sums stay in registers.
template <int kChannels, class T>
void sample_points(const SampleAttrs& a, const Shape& image, const T* x, const T* at, T* y,
                   int64_t points, Fill fill, int64_t begin, int64_t end) {
  using C = reference::Compute<T>;
  const int64_t channels = kChannels > 0 ? kChannels : image.back();
  const int64_t pixels = image.size(1, image.rank() - 1), axes = image.rank() - 2;
  std::vector<C> many(kChannels > 0 ? 0 : static_cast<size_t>(channels));
  C few[kChannels > 0 ? kChannels : 1];
  C* const sum = kChannels > 0 ? few : many.data();
  const C outside = static_cast<C>(a.fill_value);
  for (int64_t p = begin; p < end; ++p) {
    const int64_t b = p / points;
    std::fill_n(sum, channels, C(0));
    for_each_corner(a, image, at + b * axes * points + p % points, points, fill,
                    [&](int64_t pixel, double weight) {
                      const C w = static_cast<C>(weight);
                      if (pixel < 0) {
                        for (int64_t i = 0; i < channels; ++i) sum[i] += w * outside;
                        return;
                      }
                      const T* from = x + (b * pixels + pixel) * channels;
                      for (int64_t i = 0; i < channels; ++i) sum[i] += w * static_cast<C>(from[i]);
                    });
    for (int64_t i = 0; i < channels; ++i) y[p * channels + i] = static_cast<T>(sum[i]);
  }
}

void sample_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<SampleAttrs>();
  const Shape& image = c.in[0].shape();
  const int64_t points = c.out[0].shape()[1], channels = image.back();
  const Fill fill = fill_of(a.fill_mode);
  const int64_t grain = std::max<int64_t>(1, 2048 / std::max<int64_t>(1, channels));
  dispatch_floating(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    const T* x = c.in[0].as<const T>();
    const T* at = c.in[1].as<const T>();
    T* y = c.out[0].as<T>();
    parallel_for(image[0] * points, grain, [&](int64_t begin, int64_t end) {
      (channels == 1   ? sample_points<1, T>
       : channels == 3 ? sample_points<3, T>
                       : sample_points<0, T>)(a, image, x, at, y, points, fill, begin, end);
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
void check_fill_mode(const char* op, const std::string& fill_mode) {
  if (std::find(fill_modes().begin(), fill_modes().end(), fill_mode) == fill_modes().end()) {
    value_error(op, ": unknown fill_mode '", fill_mode, "'.",
                did_you_mean(fill_mode, fill_modes()));
  }
}

SampleAttrs sample_attrs(const char* op, int64_t order, const std::string& fill_mode,
                         double fill_value) {
  check_fill_mode(op, fill_mode);
  SampleAttrs a;
  a.order = order;
  a.fill_mode = fill_mode;
  a.fill_value = fill_value;
  return a;
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

}  // namespace

void check_sample_options(const char* op, const ops::SampleOptions& options) {
  if (options.interpolation != "bilinear" && options.interpolation != "nearest") {
    const std::vector<std::string> known = {"nearest", "bilinear"};
    value_error(op, ": unknown interpolation '", options.interpolation, "'.",
                did_you_mean(options.interpolation, known));
  }
  check_fill_mode(op, options.fill_mode);
}

void register_image_sample_ops(OpRegistry& registry) {
  add_primitives(registry);
  register_image_warp_ops(registry);
  add_composite(
      registry, "ops.image.map_coordinates", "inputs, coordinates, order!, fill_mode, fill_value",
      str_cat("The values of `inputs` at points between its elements.\n\nArgs:\n"
              "    inputs: A tensor.\n"
              "    coordinates: Tensor of shape (rank of inputs, ...): the points.\n"
              "    order: 0 (the nearest element) or 1 (linear interpolation).\n",
              kFillDoc,
              "\nReturns:\n    A tensor of the shape of `coordinates` without its first axis."),
      [](Inputs in, const Attrs* attrs) {
        return Tensors{map_coordinates(in[0], in[1], attrs_as<MapAttrs>(attrs))};
      },
      make_attrs_of<MapAttrs>);
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
  check_sample_options(op, options);
  const int64_t order = options.interpolation == "bilinear" ? 1 : 0;
  return sample_any(images, coordinates,
                    sample_attrs(op, order, options.fill_mode, options.fill_value));
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
