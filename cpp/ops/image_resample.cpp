// Resizing: each axis by itself as weighted sums of neighbouring elements.
#include <algorithm>
#include <cmath>

#include "nacre/base/parallel.h"
#include "nacre/ops/image.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/image_layout.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"

namespace nacre {
namespace {

// One axis of `in` elements to `out`: element o looks at (o + 0.5) / scale - translation / scale
// - 0.5 of the input. `transposed` is the gradient: from `out` elements back to `in`.
struct ResampleAttrs : AttrsOf<ResampleAttrs> {
  int64_t axis = 0;
  int64_t size = 1;  // of the result along the axis
  std::string method = "linear";
  bool antialias = false;
  double scale = 0;  // 0: out / in
  double translation = 0;
  bool transposed = false;
  NACRE_ATTRS(axis, size, method, antialias, scale, translation, transposed)
};

double triangle(double x) {
  return std::max(0.0, 1.0 - x);
}
// Keys 1981, with a = -0.5.
double cubic(double x) {
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
}
double lanczos(double radius, double x) {
  constexpr double pi = 3.14159265358979323846;
  if (x > radius) return 0;
  if (x <= 1e-3) return 1;
  return radius * std::sin(pi * x) * std::sin(pi * x / radius) / (pi * pi * x * x);
}

struct Filter {
  double (*weight)(double);
  double radius;
};
std::optional<Filter> filter_of(const std::string& method) {
  if (method == "linear") return Filter{triangle, 1};
  if (method == "cubic") return Filter{cubic, 2};
  if (method == "lanczos3") return Filter{[](double x) { return lanczos(3, x); }, 3};
  if (method == "lanczos5") return Filter{[](double x) { return lanczos(5, x); }, 5};
  return {};
}

// For each element of the result the elements of the source and their weights.
struct Taps {
  std::vector<int64_t> begin;  // of each element's taps, and the end
  std::vector<int64_t> source;
  std::vector<double> weight;
};

Taps forward_taps(const ResampleAttrs& a, int64_t in, int64_t out) {
  const double step =
      a.scale > 0 ? 1 / a.scale : static_cast<double>(in) / static_cast<double>(out);
  Taps taps;
  taps.begin.push_back(0);
  const std::optional<Filter> filter = filter_of(a.method);
  for (int64_t o = 0; o < out; ++o) {
    const double center = (static_cast<double>(o) + 0.5) * step - a.translation * step - 0.5;
    const size_t first_tap = taps.weight.size();
    if (!filter) {  // nearest
      const auto at = static_cast<int64_t>(std::floor((static_cast<double>(o) + 0.5) * step));
      taps.source.push_back(std::min(at, in - 1));
      taps.weight.push_back(1);
    } else if (center >= -0.5 && center <= static_cast<double>(in) - 0.5) {
      const double width = a.antialias ? std::max(step, 1.0) : 1.0;
      const auto low = static_cast<int64_t>(std::ceil(center - filter->radius * width));
      const auto high = static_cast<int64_t>(std::floor(center + filter->radius * width));
      double total = 0;
      for (int64_t i = std::max<int64_t>(low, 0); i <= std::min(high, in - 1); ++i) {
        const double weight = filter->weight(std::abs(center - static_cast<double>(i)) / width);
        if (weight == 0) continue;
        taps.source.push_back(i);
        taps.weight.push_back(weight);
        total += weight;
      }
      // Weights cut off at an edge are shared by the others.
      for (size_t t = first_tap; t < taps.weight.size(); ++t) taps.weight[t] /= total;
    }
    taps.begin.push_back(static_cast<int64_t>(taps.weight.size()));
  }
  return taps;
}

Taps transposed(const Taps& taps, int64_t sources) {
  Taps out;
  out.begin.assign(static_cast<size_t>(sources) + 1, 0);
  out.source.resize(taps.source.size());
  out.weight.resize(taps.weight.size());
  for (const int64_t source : taps.source) ++out.begin[source + 1];
  for (int64_t i = 0; i < sources; ++i) out.begin[i + 1] += out.begin[i];
  std::vector<int64_t> next(out.begin.begin(), out.begin.end() - 1);
  for (size_t o = 0; o + 1 < taps.begin.size(); ++o) {
    for (int64_t t = taps.begin[o]; t < taps.begin[o + 1]; ++t) {
      const int64_t to = next[taps.source[t]]++;
      out.source[to] = static_cast<int64_t>(o);
      out.weight[to] = taps.weight[t];
    }
  }
  return out;
}

// Rows [begin, end) of the result, each of `inner` elements; kInner is their number where it is
// small (the channels of images), so that sums stay in registers.
template <int kInner, class T, class C>
void resample_rows(const Taps& taps, const std::vector<C>& weights, const T* x, T* y, int64_t in,
                   int64_t out, int64_t inner, int64_t begin, int64_t end) {
  const int64_t n = kInner > 0 ? kInner : inner;
  std::vector<C> many(kInner > 0 ? 0 : static_cast<size_t>(inner));
  C few[kInner > 0 ? kInner : 1];
  C* const sum = kInner > 0 ? few : many.data();
  for (int64_t row = begin; row < end; ++row) {
    const T* from = x + row / out * in * n;
    T* to = y + row * n;
    const int64_t first = taps.begin[row % out], last = taps.begin[row % out + 1];
    if (last == first + 1 && weights[first] == 1) {
      std::copy_n(from + taps.source[first] * n, n, to);
      continue;
    }
    std::fill_n(sum, n, C(0));
    for (int64_t t = first; t < last; ++t) {
      const C weight = weights[t];
      const T* source = from + taps.source[t] * n;
      for (int64_t i = 0; i < n; ++i) sum[i] += weight * static_cast<C>(source[i]);
    }
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(sum[i]);
  }
}

void resample_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<ResampleAttrs>();
  const Shape &x_shape = c.in[0].shape(), &y_shape = c.out[0].shape();
  const int axis = static_cast<int>(a.axis);
  const int64_t in = x_shape[axis], out = y_shape[axis];
  const int64_t inner = x_shape.size(axis + 1, x_shape.rank());
  const int64_t rows = x_shape.size(0, axis) * out;
  if (c.out[0].size() == 0) return;
  const Taps taps =
      a.transposed ? transposed(forward_taps(a, out, in), out) : forward_taps(a, in, out);
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, inner));
  dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    // Integers are only copied (nearest).
    using C = std::conditional_t<std::is_integral_v<T>, double, reference::Compute<T>>;
    const T* x = c.in[0].as<const T>();
    T* y = c.out[0].as<T>();
    const std::vector<C> weights(taps.weight.begin(), taps.weight.end());
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      (inner == 1   ? resample_rows<1, T, C>
       : inner == 3 ? resample_rows<3, T, C>
       : inner == 4 ? resample_rows<4, T, C>
                    : resample_rows<0, T, C>)(taps, weights, x, y, in, out, inner, begin, end);
    });
  });
}

Tensor resample(const Tensor& x, const ResampleAttrs& attrs) {
  return apply_one(find_op("image_resample"), {x}, make_ref<ResampleAttrs>(attrs));
}

Tensor resample_axis(const Tensor& x, int axis, int64_t size, const std::string& method,
                     bool antialias, double scale = 0, double translation = 0) {
  if (x.shape()[axis] == size && scale == 0) return x;  // every weight would be 1
  ResampleAttrs a;
  a.axis = axis;
  a.size = size;
  a.method = method;
  a.antialias = antialias;
  a.scale = scale;
  a.translation = translation;
  return resample(x, a);
}

struct ResizeAttrs : AttrsOf<ResizeAttrs> {
  IntList size;
  std::string interpolation = "bilinear";
  bool antialias = false;
  bool crop_to_aspect_ratio = false;
  bool pad_to_aspect_ratio = false;
  std::string fill_mode = "constant";
  double fill_value = 0;
  std::optional<std::string> data_format;
  NACRE_ATTRS(size, interpolation, antialias, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_mode,
              fill_value, data_format)
};

// The part of the images, or the frame around them, that has the aspect ratio of `size`.
Tensor to_aspect_ratio(const Tensor& images, const ImageLayout& layout, const ResizeAttrs& a) {
  const int axes[2] = {layout.height_axis(), layout.width_axis()};
  const int64_t height = images.shape()[axes[0]], width = images.shape()[axes[1]];
  if (height < 0 || width < 0) {
    value_error("ops.image.resize: expected images of known height and width, received shape ",
                images.shape());
  }
  const auto ratio = [](int64_t n, int64_t to, int64_t from) {
    return static_cast<int64_t>(static_cast<double>(n * to) / static_cast<double>(from));
  };
  const int64_t wanted[2] = {ratio(width, a.size[0], a.size[1]),
                             ratio(height, a.size[1], a.size[0])};
  const int64_t own[2] = {height, width};
  Tensor y = images;
  if (a.crop_to_aspect_ratio) {
    for (int i = 0; i < 2; ++i) {
      const int64_t size = std::max<int64_t>(std::min(own[i], wanted[i]), 1);
      if (size != own[i]) y = ops::slice_axis(y, axes[i], (own[i] - size) / 2, size);
    }
    return y;
  }
  // The same on both sides; one axis at most is padded.
  for (int i = 0; i < 2; ++i) {
    const int64_t before = (std::max(own[i], wanted[i]) - own[i]) / 2;
    if (before == 0) continue;
    IntList pads(2 * static_cast<size_t>(y.rank()), 0);
    pads[2 * axes[i]] = pads[2 * axes[i] + 1] = before;
    return ops::pad(y, pads, "constant", a.fill_value);
  }
  return y;
}

Tensor resize(const Tensor& images, const ResizeAttrs& a) {
  constexpr const char* op = "ops.image.resize";
  const ImageLayout layout(op, images, a.data_format);
  const std::vector<std::string> known = {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"};
  if (std::find(known.begin(), known.end(), a.interpolation) == known.end()) {
    value_error(op, ": unknown interpolation '", a.interpolation, "'.",
                did_you_mean(a.interpolation, known));
  }
  if (a.fill_mode != "constant") {
    value_error(op, ": expected fill_mode 'constant', received '", a.fill_mode, "'");
  }
  if (a.crop_to_aspect_ratio && a.pad_to_aspect_ratio) {
    value_error(op, ": expected one of crop_to_aspect_ratio and pad_to_aspect_ratio, not both");
  }
  if (a.size.size() != 2 || a.size[0] < 1 || a.size[1] < 1) {
    value_error(op, ": expected size (height, width) of at least 1, received ",
                to_string(AttrValue(a.size)));
  }
  const int height = layout.height_axis(), width = layout.width_axis();
  if (images.shape()[height] == 0 || images.shape()[width] == 0) {
    value_error(op, ": expected images with pixels, received shape ", images.shape());
  }
  Tensor x =
      a.crop_to_aspect_ratio || a.pad_to_aspect_ratio ? to_aspect_ratio(images, layout, a) : images;
  const std::string method = a.interpolation == "bilinear"  ? "linear"
                             : a.interpolation == "bicubic" ? "cubic"
                                                            : a.interpolation;
  const DType dtype = images.dtype();
  const bool rounds = !is_floating(dtype) && method != "nearest";
  if (rounds) x = ops::cast(x, floatx());
  x = resample_axis(x, height, a.size[0], method, a.antialias);
  x = resample_axis(x, width, a.size[1], method, a.antialias);
  if (!rounds) return x;
  return dispatch(dtype, [&]<class T>(type_tag<T>) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      x = ops::clip(ops::rint(x), static_cast<double>(std::numeric_limits<T>::min()),
                    static_cast<double>(std::numeric_limits<T>::max()));
    }
    return ops::cast(x, dtype);
  });
}

struct ScaleAttrs : AttrsOf<ScaleAttrs> {
  IntList output_shape;
  FloatList scale;
  FloatList translation;
  IntList spatial_dims;
  std::string method;
  bool antialias = true;
  NACRE_ATTRS(output_shape, scale, translation, spatial_dims, method, antialias)
};

Tensor scale_and_translate(const Tensor& images, const ScaleAttrs& a) {
  constexpr const char* op = "ops.image.scale_and_translate";
  const size_t count = a.spatial_dims.size();
  if (a.scale.size() != count || a.translation.size() != count ||
      static_cast<int>(a.output_shape.size()) != images.rank()) {
    value_error(op, ": expected a scale and a translation for each of spatial_dims=",
                to_string(AttrValue(a.spatial_dims)), " and an output_shape of ", images.rank(),
                " sizes, received scale=", to_string(AttrValue(a.scale)),
                ", translation=", to_string(AttrValue(a.translation)),
                ", output_shape=", to_string(AttrValue(a.output_shape)));
  }
  std::string method = a.method;
  for (const char* name : {"linear", "cubic"}) {
    for (const char* prefix : {"bi", "tri"}) {
      if (method == str_cat(prefix, name)) method = name;
    }
  }
  if (!filter_of(method)) {
    const std::vector<std::string> known = {"linear", "cubic", "lanczos3", "lanczos5"};
    value_error(op, ": unknown method '", a.method, "'.", did_you_mean(a.method, known));
  }
  Tensor x = is_floating(images.dtype()) ? images : ops::cast(images, floatx());
  for (size_t i = 0; i < count; ++i) {
    const int axis = normalize_axis(a.spatial_dims[i], x.rank(), op);
    if (!(a.scale[i] > 0)) value_error(op, ": expected scale > 0, received ", a.scale[i]);
    x = resample_axis(x, axis, a.output_shape[axis], method, a.antialias, a.scale[i],
                      a.translation[i]);
  }
  return x;
}

}  // namespace

void register_image_resample_ops(OpRegistry& registry) {
  OpDef def;
  def.name = "image_resample";
  def.params = "x, axis, size, method, antialias, scale, translation, transposed";
  def.doc = "Weighted sums of neighbours along one axis.";
  def.make_attrs = make_attrs_of<ResampleAttrs>;
  def.infer = [](const InferContext& c) {
    const auto& a = c.attrs_as<ResampleAttrs>();
    Shape y = c.shape(0);
    y[static_cast<int>(a.axis)] = a.size;
    return std::vector<TensorSpec>{{c.dtype(0), y}};
  };
  def.kernel = resample_kernel;
  def.backward = [](const BackwardContext& c) {
    ResampleAttrs a = c.attrs_as<ResampleAttrs>();
    a.transposed = !a.transposed;
    a.size = c.inputs[0].shape()[static_cast<int>(a.axis)];
    return Tensors{resample(c.grads[0], a)};
  };
  def.internal = true;
  registry.add(std::move(def));

  add_composite(
      registry, "ops.image.resize",
      "images, size!, interpolation, antialias, crop_to_aspect_ratio, pad_to_aspect_ratio, "
      "fill_mode, fill_value, data_format",
      "Images of another height and width.\n\nArgs:\n"
      "    images: One image or a batch of them, of rank 3 or 4.\n"
      "    size: (height, width) of the result.\n"
      "    interpolation: 'nearest', 'bilinear', 'bicubic', 'lanczos3' or 'lanczos5'.\n"
      "    antialias: Whether the filter is widened where images get smaller.\n"
      "    crop_to_aspect_ratio: Whether images are cropped around their center first, so that "
      "they\n"
      "        are not distorted.\n"
      "    pad_to_aspect_ratio: Whether they are padded instead.\n"
      "    fill_mode: 'constant': what padding is filled with.\n"
      "    fill_value: The constant.\n"
      "    data_format: 'channels_last' or 'channels_first'; None is keras.config's default.\n\n"
      "Returns:\n    Images of the dtype of `images`; integers are rounded.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{resize(in[0], attrs_as<ResizeAttrs>(attrs))};
      },
      make_attrs_of<ResizeAttrs>);
  add_composite(
      registry, "ops.image.scale_and_translate",
      "images, output_shape!, scale!, translation!, spatial_dims!, method!, antialias",
      "Images scaled about the origin and moved: point x of an axis goes to scale * x + "
      "translation.\n\nArgs:\n"
      "    images: A tensor.\n"
      "    output_shape: Shape of the result.\n"
      "    scale: A factor for each of `spatial_dims`.\n"
      "    translation: A distance for each.\n"
      "    spatial_dims: The axes.\n"
      "    method: 'linear', 'cubic', 'lanczos3' or 'lanczos5'.\n"
      "    antialias: Whether the filter is widened where images get smaller.\n\n"
      "Returns:\n    A tensor of shape `output_shape`, 0 where the input has no points.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{scale_and_translate(in[0], attrs_as<ScaleAttrs>(attrs))};
      },
      make_attrs_of<ScaleAttrs>);
}

namespace ops {

Tensor resize(const Tensor& images, const IntList& size, const ResizeOptions& options,
              const DataFormat& data_format) {
  auto attrs = make_ref<ResizeAttrs>();
  attrs->size = size;
  attrs->interpolation = options.interpolation;
  attrs->antialias = options.antialias;
  attrs->crop_to_aspect_ratio = options.crop_to_aspect_ratio;
  attrs->pad_to_aspect_ratio = options.pad_to_aspect_ratio;
  attrs->fill_value = options.fill_value;
  attrs->data_format = data_format;
  return apply_one(find_op("ops.image.resize"), {images}, attrs);
}

}  // namespace ops
}  // namespace nacre
