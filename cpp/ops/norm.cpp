// Normalization in terms of fused ops (norm_fused.cpp) where the layout allows, of other ops where
// it does not.
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "ops/norm_fused.h"
#include "ops/registry.h"
#include "ops/rows.h"

namespace nacre {
namespace {

struct BatchNormAttrs : AttrsOf<BatchNormAttrs> {
  int64_t axis = -1;
  double epsilon = 1e-3;
  NACRE_ATTRS(axis, epsilon)
};
struct NormAttrs : AttrsOf<NormAttrs> {
  IntList axis = {-1};
  std::optional<double> epsilon;
  NACRE_ATTRS(axis, epsilon)
};
struct MomentsAttrs : AttrsOf<MomentsAttrs> {
  IntList axes;
  bool keepdims = false;
  bool synchronized = false;
  NACRE_ATTRS(axes, keepdims, synchronized)
};
struct NormalizeAttrs : AttrsOf<NormalizeAttrs> {
  IntList axis = {-1};
  int64_t order = 2;
  std::optional<double> epsilon;
  NACRE_ATTRS(axis, order, epsilon)
};

// Half precision has too little range for statistics: float32 then, as Keras.
DType statistics_dtype(DType dtype) {
  return dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
}

Tensor to(const Tensor& x, DType dtype) {
  return !x.defined() || x.dtype() == dtype ? x : ops::cast(x, dtype);
}

// A shape of ones but for `axes` of x, which keep their size.
Shape broadcast_shape(const Shape& x, const IntList& axes) {
  Shape out;
  for (int i = 0; i < x.rank(); ++i) out.push_back(1);
  for (const int64_t axis : axes) out[static_cast<int>(axis)] = x[static_cast<int>(axis)];
  return out;
}

bool are_last(const IntList& sorted_axes, int rank) {
  return !sorted_axes.empty() &&
         sorted_axes.front() == rank - static_cast<int64_t>(sorted_axes.size());
}

Shape sizes_of(const Shape& x, const IntList& axes) {
  Shape out;
  for (const int64_t axis : axes) out.push_back(x[static_cast<int>(axis)]);
  return out;
}

void require_channels(const char* op, const char* name, const Tensor& t, const Tensor& x,
                      int axis) {
  const int64_t channels = x.shape()[axis];
  if (t.rank() == 1 && (channels == kUnknownDim || t.shape()[0] == channels)) return;
  value_error(op, ": expected ", name, " of shape ", Shape{channels}, ", received ", t.shape(),
              " (x: ", x.shape(), ", axis=", axis, ")");
}

Tensors batch_normalization_composite(std::span<const Tensor> in, const Attrs* attrs) {
  constexpr const char* op = "batch_normalization";
  const auto& a = static_cast<const BatchNormAttrs&>(*attrs);
  const Tensor& x = in[0];
  const int axis = normalize_axis(a.axis, x.rank(), op);
  const char* names[] = {"x", "mean", "variance", "offset", "scale"};
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i].defined()) require_channels(op, names[i], in[i], x, axis);
  }
  Tensor factor = ops::rsqrt(in[2] + a.epsilon);
  if (in.size() > 4 && in[4].defined()) factor = factor * in[4];
  Tensor shift = -(in[1] * factor);
  if (in.size() > 3 && in[3].defined()) shift = shift + in[3];
  if (axis == x.rank() - 1) return {ops::scale_shift(x, factor, shift)};
  const Shape shape = broadcast_shape(x.shape(), {axis});
  return {x * ops::reshape(factor, shape) + ops::reshape(shift, shape)};
}

Tensors layer_normalization_composite(std::span<const Tensor> in, const Attrs* attrs) {
  constexpr const char* op = "layer_normalization";
  const auto& a = static_cast<const NormAttrs&>(*attrs);
  const IntList axes = normalize_axes(a.axis, in[0].rank(), op);
  const double eps = a.epsilon.value_or(epsilon());
  const DType dtype = is_floating(in[0].dtype()) ? in[0].dtype() : floatx();
  const DType compute = statistics_dtype(dtype);
  const Tensor x = to(in[0], compute);
  const Shape sizes = sizes_of(x.shape(), axes);
  Tensor gamma = in.size() > 1 ? to(in[1], compute) : Tensor();
  Tensor beta = in.size() > 2 ? to(in[2], compute) : Tensor();
  const char* name = "gamma";
  for (Tensor* t : {&gamma, &beta}) {
    if (t->defined() && t->shape() != sizes) {
      if (t->rank() == x.rank() || t->size() != sizes.size()) {
        value_error(op, ": expected ", name, " of shape ", sizes, ", received ", t->shape(),
                    " (x: ", x.shape(), ", axis=", to_string(AttrValue(a.axis)), ")");
      }
      *t = ops::reshape(*t, sizes);
    }
    name = "beta";
  }
  if (are_last(axes, x.rank()) && sizes.is_known()) {
    return {to(fused_layer_norm(x, gamma, beta, static_cast<int64_t>(axes.size()), eps), dtype)};
  }
  const ops::Moments m = ops::moments(x, axes, true);
  const Shape shape = broadcast_shape(x.shape(), axes);
  Tensor y = (x - m.mean) * ops::rsqrt(m.variance + eps);
  if (gamma.defined()) y = y * ops::reshape(gamma, shape);
  if (beta.defined()) y = y + ops::reshape(beta, shape);
  return {to(y, dtype)};
}

Tensors rms_normalization_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const NormAttrs&>(*attrs);
  const IntList axes = normalize_axes(a.axis, in[0].rank(), "rms_normalization");
  const DType dtype = is_floating(in[0].dtype()) ? in[0].dtype() : floatx();
  const DType compute = statistics_dtype(dtype);
  const Tensor x = to(in[0], compute);
  const double eps = a.epsilon.value_or(epsilon());
  Tensor scale = in.size() > 1 ? to(in[1], compute) : Tensor();
  const Shape sizes = sizes_of(x.shape(), axes);
  if (are_last(axes, x.rank()) && sizes.is_known()) {
    // One value a column: shaped as the axes, with axes of size 1 before them or without.
    const bool by_column =
        !scale.defined() ||
        (scale.size() == sizes.size() &&
         broadcast_shapes(scale.shape(), sizes, "rms_normalization").size() == sizes.size());
    if (by_column) {
      if (scale.defined() && scale.shape() != sizes) scale = ops::reshape(scale, sizes);
      return {to(fused_rms_norm(x, scale, static_cast<int64_t>(axes.size()), eps), dtype)};
    }
  }
  Tensor y = x * ops::rsqrt(ops::mean(ops::square(x), axes, true) + eps);
  if (scale.defined()) y = y * scale;
  return {to(y, dtype)};
}

Tensors moments_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const MomentsAttrs&>(*attrs);
  if (a.synchronized) {
    raise(ErrorKind::kNotImplemented, "moments: synchronized=True is not supported");
  }
  const DType dtype = is_floating(in[0].dtype()) ? in[0].dtype() : floatx();
  const DType compute = statistics_dtype(dtype);
  const IntList axes = normalize_axes(a.axes, in[0].rank(), "moments");
  const Tensor x = to(in[0], compute);
  const Tensor mean = ops::mean(x, axes, true);
  const Tensor variance = ops::mean(ops::square(x - mean), axes, a.keepdims);
  const Tensor shaped = a.keepdims || axes.empty() ? mean : ops::squeeze(mean, axes);
  if (compute == dtype) return {shaped, variance};
  // What overflows in the narrow type stays finite.
  const double limit = dtype == DType::kFloat16 ? 65504.0 : 3.38e38;
  return {to(ops::clip(shaped, -limit, limit), dtype), to(ops::clip(variance, 0, limit), dtype)};
}

Tensors normalize_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const NormalizeAttrs&>(*attrs);
  if (a.order < 1) value_error("normalize: expected order >= 1, received ", a.order);
  const DType dtype = in[0].dtype();
  Tensor x = to(in[0], statistics_dtype(dtype));
  if (x.rank() == 0) x = ops::expand_dims(x, 0);
  const IntList axes = normalize_axes(a.axis, x.rank(), "normalize");
  const double eps = a.epsilon.value_or(epsilon());
  if (a.order == 2) {
    // The bound is taken before the root, so a row of zeros has gradient x / epsilon, not NaN.
    const Tensor squares = ops::sum(ops::square(x), axes, true);
    return {to(x * ops::rsqrt(ops::maximum(squares, ops::scalar(eps * eps))), dtype)};
  }
  const double p = static_cast<double>(a.order);
  const Tensor magnitude = ops::abs(x);
  if (a.order == 1) {
    return {to(x / ops::maximum(ops::sum(magnitude, axes, true), ops::scalar(eps)), dtype)};
  }
  const Tensor sums = ops::sum(ops::power(magnitude, ops::scalar(p)), axes, true);
  const Tensor positive = ops::greater(sums, ops::scalar(0));
  const Tensor root = ops::power(ops::where(positive, sums, ops::scalar(1)), ops::scalar(1 / p));
  const Tensor norm = ops::where(positive, root, ops::scalar(0));
  return {to(x / ops::maximum(norm, ops::scalar(eps)), dtype)};
}

void add(OpRegistry& registry, const char* name, const char* params, const char* doc,
         Ref<Attrs> (*make_attrs)(), CompositeFn composite, Promote promote = Promote::kNone) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs;
  def.promote = promote;
  def.composite = std::move(composite);
  registry.add(std::move(def));
}

}  // namespace

void register_norm_ops(OpRegistry& registry) {
  add(registry, "batch_normalization", "x, mean, variance, axis!, offset?, scale?, epsilon",
      "(x - mean) / sqrt(variance + epsilon) * scale + offset, one value each per index of "
      "`axis`.\n\n"
      "Args:\n    x: Input tensor.\n    mean: Mean, of shape (x.shape[axis],).\n"
      "    variance: Variance, of that shape.\n    axis: The axis that keeps its own statistics.\n"
      "    offset: Added to the result, or None.\n    scale: Multiplies the result, or None.\n"
      "    epsilon: Added to the variance.\n\nReturns:\n    A tensor shaped as `x`.",
      make_attrs_of<BatchNormAttrs>, batch_normalization_composite, Promote::kCommonFloat);
  add(registry, "layer_normalization", "x, gamma?, beta?, axis, epsilon",
      "(x - mean) / sqrt(variance + epsilon) * gamma + beta, with statistics over `axis`.\n\n"
      "Args:\n    x: Input tensor.\n    gamma: Scale, shaped as the axes, or None.\n"
      "    beta: Offset, shaped as the axes, or None.\n    axis: The axis or axes to normalize "
      "over.\n"
      "    epsilon: Added to the variance; None is keras.config.epsilon().\n\n"
      "Returns:\n    A tensor shaped as `x`.",
      make_attrs_of<NormAttrs>, layer_normalization_composite);
  add(registry, "rms_normalization", "x, scale?, axis, epsilon",
      "x / sqrt(mean(x^2) + epsilon) * scale, with the mean over `axis`.\n\n"
      "Args:\n    x: Input tensor.\n    scale: Scale, or None.\n    axis: The axis or axes of the "
      "mean.\n    epsilon: Added to the mean; None is keras.config.epsilon().\n\n"
      "Returns:\n    A tensor shaped as `x`.",
      make_attrs_of<NormAttrs>, rms_normalization_composite);
  add(registry, "moments", "x, axes!, keepdims, synchronized",
      "Mean and variance of `x` over `axes`.\n\n"
      "Args:\n    x: Input tensor.\n    axes: The axes to reduce.\n    keepdims: Keep them with "
      "size "
      "1.\n    synchronized: Not supported.\n\nReturns:\n    A tuple (mean, variance).",
      make_attrs_of<MomentsAttrs>, moments_composite);
  add(registry, "normalize", "x, axis, order, epsilon",
      "x / max(norm(x), epsilon) along `axis`.\n\n"
      "Args:\n    x: Input tensor.\n    axis: The axis or axes of the norm.\n    order: Order of "
      "the "
      "norm, at least 1.\n    epsilon: Lower bound of the norm; None is keras.config.epsilon().\n\n"
      "Returns:\n    A tensor shaped as `x`.",
      make_attrs_of<NormalizeAttrs>, normalize_composite, Promote::kCommonFloat);
  register_fused_norm_ops(registry);
  register_batch_norm_ops(registry);
}

namespace ops {

Moments moments(const Tensor& x, const IntList& axes, bool keepdims) {
  auto attrs = make_ref<MomentsAttrs>();
  attrs->axes = axes;
  attrs->keepdims = keepdims;
  Tensors out = apply(find_op("moments"), {x}, attrs);
  return {out[0], out[1]};
}

Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& variance,
                           int64_t axis, const Tensor& offset, const Tensor& scale,
                           double epsilon) {
  auto attrs = make_ref<BatchNormAttrs>();
  attrs->axis = axis;
  attrs->epsilon = epsilon;
  return apply_one(find_op("batch_normalization"), {x, mean, variance, offset, scale}, attrs);
}

BatchNormResult batch_norm_train(const Tensor& x, const Tensor& scale, const Tensor& offset,
                                 int64_t axis, double epsilon) {
  const int rank = x.rank();
  const int channel = normalize_axis(axis, rank, "batch_normalization");
  if (scale.defined()) require_channels("batch_normalization", "scale", scale, x, channel);
  if (offset.defined()) require_channels("batch_normalization", "offset", offset, x, channel);
  if (channel == rank - 1) return fused_batch_norm(x, scale, offset, epsilon);
  IntList forth, back(static_cast<size_t>(rank));
  for (int i = 0; i < rank; ++i) {
    if (i != channel) forth.push_back(i);
  }
  forth.push_back(channel);
  for (int i = 0; i < rank; ++i) back[static_cast<size_t>(forth[i])] = i;
  BatchNormResult r = fused_batch_norm(transpose(x, forth), scale, offset, epsilon);
  r.y = transpose(r.y, back);
  return r;
}

Tensor layer_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                           const IntList& axis, std::optional<double> epsilon) {
  auto attrs = make_ref<NormAttrs>();
  attrs->axis = axis;
  attrs->epsilon = epsilon;
  return apply_one(find_op("layer_normalization"), {x, gamma, beta}, attrs);
}

Tensor rms_normalization(const Tensor& x, const Tensor& scale, const IntList& axis,
                         std::optional<double> epsilon) {
  auto attrs = make_ref<NormAttrs>();
  attrs->axis = axis;
  attrs->epsilon = epsilon;
  return apply_one(find_op("rms_normalization"), {x, scale}, attrs);
}

Tensor normalize(const Tensor& x, const IntList& axis, int64_t order,
                 std::optional<double> epsilon) {
  auto attrs = make_ref<NormalizeAttrs>();
  attrs->axis = axis;
  attrs->order = order;
  attrs->epsilon = epsilon;
  return apply_one(find_op("normalize"), {x}, attrs);
}

}  // namespace ops
}  // namespace nacre
