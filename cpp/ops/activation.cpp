// Activations that are no micro-op of their own, in terms of other ops. Where a branch of where()
// would overflow, its input is made harmless first, so no NaN reaches the gradient.
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct ReluAttrs : AttrsOf<ReluAttrs> {
  double negative_slope = 0;
  std::optional<double> max_value;
  double threshold = 0;
  NACRE_ATTRS(negative_slope, max_value, threshold)
};
struct SlopeAttrs : AttrsOf<SlopeAttrs> {
  double negative_slope = 0.2;
  NACRE_ATTRS(negative_slope)
};
struct AlphaAttrs : AttrsOf<AlphaAttrs> {
  double alpha = 1;
  NACRE_ATTRS(alpha)
};
struct GeluAttrs : AttrsOf<GeluAttrs> {
  bool approximate = true;
  NACRE_ATTRS(approximate)
};
struct GluAttrs : AttrsOf<GluAttrs> {
  int64_t axis = -1;
  NACRE_ATTRS(axis)
};
struct ShrinkAttrs : AttrsOf<ShrinkAttrs> {
  double threshold = 0.5;
  NACRE_ATTRS(threshold)
};
struct ThresholdAttrs : AttrsOf<ThresholdAttrs> {
  double threshold = 0;
  double default_value = 0;
  NACRE_ATTRS(threshold, default_value)
};
struct SquareplusAttrs : AttrsOf<SquareplusAttrs> {
  double b = 4;
  NACRE_ATTRS(b)
};

// Klambauer et al. 2017, equation 14.
constexpr double kSeluAlpha = 1.6732632423543772848;
constexpr double kSeluScale = 1.0507009873554804934;

Tensor zero() {
  return ops::scalar(0);
}

// alpha * expm1(x / width) for x <= 0, 0 elsewhere.
Tensor expm1_of_negative(const Tensor& x, const Tensor& positive, double alpha, double width) {
  const Tensor safe = ops::where(positive, zero(), x);
  return ops::expm1(width == 1 ? safe : safe / width) * alpha;
}

using Unary = Tensor (*)(const Tensor& x, const Attrs* attrs);

template <class A>
const A& as(const Attrs* attrs) {
  return static_cast<const A&>(*attrs);
}

Tensor relu_variant(const Tensor& x, const Attrs* attrs) {
  const auto& a = as<ReluAttrs>(attrs);
  return ops::relu_with(x, a.negative_slope, a.max_value, a.threshold);
}

Tensor glu_of(const Tensor& x, const Attrs* attrs) {
  const int axis = normalize_axis(as<GluAttrs>(attrs).axis, x.rank(), "glu");
  const int64_t size = x.shape()[axis];
  if (size == kUnknownDim || size % 2 != 0) {
    value_error("glu: expected an even size along axis ", as<GluAttrs>(attrs).axis, ", received ",
                size == kUnknownDim ? "None" : std::to_string(size), " (x: ", x.shape(), ")");
  }
  return ops::slice_axis(x, axis, 0, size / 2) *
         ops::sigmoid(ops::slice_axis(x, axis, size / 2, size / 2));
}

Tensor hard_shrink_of(const Tensor& x, const Attrs* attrs) {
  const Tensor t = ops::scalar(as<ShrinkAttrs>(attrs).threshold);
  return ops::where(ops::greater(ops::abs(x), t), x, zero());
}

Tensor soft_shrink_of(const Tensor& x, const Attrs* attrs) {
  const double t = as<ShrinkAttrs>(attrs).threshold;
  return ops::where(ops::greater(x, ops::scalar(t)), x - t,
                    ops::where(ops::less(x, ops::scalar(-t)), x + t, zero()));
}

Tensor elu_of(const Tensor& x, const Attrs* attrs) {
  const Tensor positive = ops::greater(x, zero());
  return ops::where(positive, x, expm1_of_negative(x, positive, as<AlphaAttrs>(attrs).alpha, 1));
}

Tensor celu_of(const Tensor& x, const Attrs* attrs) {
  const double alpha = as<AlphaAttrs>(attrs).alpha;
  const Tensor positive = ops::greater(x, zero());
  return ops::where(positive, x, expm1_of_negative(x, positive, alpha, alpha));
}

Tensor selu_of(const Tensor& x, const Attrs*) {
  const Tensor positive = ops::greater(x, zero());
  return ops::where(positive, x, expm1_of_negative(x, positive, kSeluAlpha, 1)) * kSeluScale;
}

Tensor sparse_plus_of(const Tensor& x, const Attrs*) {
  // The square is taken inside (-1, 1) only, so it cannot overflow.
  const Tensor inside = ops::less(ops::abs(x), ops::scalar(1));
  const Tensor middle = ops::square(ops::where(inside, x, zero()) + 1.0) * 0.25;
  return ops::where(inside, middle, ops::relu(x));
}

void add(OpRegistry& registry, const char* name, const char* params, const char* doc,
         Ref<Attrs> (*make_attrs)(), Unary f, bool floating = true, bool internal = false) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs;
  def.promote = floating ? Promote::kCommonFloat : Promote::kNone;
  def.composite = [f](std::span<const Tensor> in, const Attrs* attrs) {
    return Tensors{f(in[0], attrs)};
  };
  def.internal = internal;
  registry.add(std::move(def));
}

template <class A>
Tensor call(const char* name, const Tensor& x, void (*fill)(A&, double), double value) {
  auto attrs = make_ref<A>();
  fill(*attrs, value);
  return apply_one(find_op(name), {x}, attrs);
}

}  // namespace

void register_activation_ops(OpRegistry& registry) {
  add(registry, "activations.relu", "x, negative_slope, max_value, threshold",
      "max(x, 0), with a slope below `threshold` and an upper bound.\n\nArgs:\n    x: Input "
      "tensor.\n"
      "    negative_slope: Slope below `threshold`.\n    max_value: Largest value of the result, "
      "or "
      "None.\n    threshold: Values at or below it are damped.\n\nReturns:\n    A tensor shaped as "
      "`x`.",
      make_attrs_of<ReluAttrs>, relu_variant, false, true);
  add(registry, "leaky_relu", "x, negative_slope",
      "x where x is at least 0, negative_slope * x below.", make_attrs_of<SlopeAttrs>,
      [](const Tensor& x, const Attrs* attrs) {
        return ops::where(ops::greater_equal(x, zero()), x,
                          x * as<SlopeAttrs>(attrs).negative_slope);
      });
  add(registry, "elu", "x, alpha", "x where x is positive, alpha * (exp(x) - 1) below.",
      make_attrs_of<AlphaAttrs>, elu_of);
  add(registry, "celu", "x, alpha",
      "max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0): elu with a continuous derivative.",
      make_attrs_of<AlphaAttrs>, celu_of);
  add(registry, "selu", "x",
      "The scaled exponential linear unit, which keeps mean 0 and variance 1.", nullptr, selu_of);
  add(registry, "gelu", "x, approximate",
      "x * P(X <= x) for a standard normal X.\n\nArgs:\n    x: Input tensor.\n    approximate: Use "
      "the tanh approximation.\n\nReturns:\n    A tensor shaped as `x`.",
      make_attrs_of<GeluAttrs>, [](const Tensor& x, const Attrs* attrs) {
        return as<GeluAttrs>(attrs).approximate ? ops::gelu_tanh(x) : ops::gelu_exact(x);
      });
  add(registry, "glu", "x, axis",
      "The first half of `x` along `axis` times the sigmoid of the second.",
      make_attrs_of<GluAttrs>, glu_of);
  add(registry, "hard_sigmoid", "x", "clip((x + 3) / 6, 0, 1).", nullptr,
      [](const Tensor& x, const Attrs*) { return ops::relu6(x + 3.0) / 6.0; });
  add(registry, "hard_silu", "x", "x * hard_sigmoid(x).", nullptr,
      [](const Tensor& x, const Attrs*) { return x * ops::hard_sigmoid(x); });
  add(registry, "hard_tanh", "x", "clip(x, -1, 1).", nullptr,
      [](const Tensor& x, const Attrs*) { return ops::clip(x, -1, 1); });
  add(registry, "hard_shrink", "x, threshold", "x where |x| exceeds `threshold`, else 0.",
      make_attrs_of<ShrinkAttrs>, hard_shrink_of);
  add(registry, "soft_shrink", "x, threshold", "sign(x) * max(|x| - threshold, 0).",
      make_attrs_of<ShrinkAttrs>, soft_shrink_of);
  add(registry, "tanh_shrink", "x", "x - tanh(x).", nullptr,
      [](const Tensor& x, const Attrs*) { return x - ops::tanh(x); });
  add(
      registry, "threshold", "x, threshold!, default_value!",
      "x where x exceeds `threshold`, else `default_value`.", make_attrs_of<ThresholdAttrs>,
      [](const Tensor& x, const Attrs* attrs) {
        const auto& a = as<ThresholdAttrs>(attrs);
        return ops::where(ops::greater(x, ops::scalar(a.threshold)), x,
                          ops::scalar(a.default_value));
      },
      false);
  add(registry, "squareplus", "x, b", "(x + sqrt(x^2 + b)) / 2.", make_attrs_of<SquareplusAttrs>,
      [](const Tensor& x, const Attrs* attrs) {
        return (x + ops::sqrt(ops::square(x) + as<SquareplusAttrs>(attrs).b)) * 0.5;
      });
  add(registry, "sparse_plus", "x", "0 up to -1, (x + 1)^2 / 4 up to 1, x beyond.", nullptr,
      sparse_plus_of);
  add(registry, "sparse_sigmoid", "x", "0 up to -1, (x + 1) / 2 up to 1, 1 beyond.", nullptr,
      [](const Tensor& x, const Attrs*) { return ops::clip(x, -1, 1) * 0.5 + 0.5; });
}

namespace ops {

Tensor relu_with(const Tensor& x, double negative_slope, std::optional<double> max_value,
                 double threshold) {
  if (negative_slope == 0 && threshold == 0) {
    if (!max_value) return relu(x);
    return *max_value == 6 ? relu6(x) : clip(x, 0, *max_value);
  }
  if (negative_slope != 0 && threshold == 0 && !max_value) return leaky_relu(x, negative_slope);
  Tensor y = threshold == 0 ? relu(x) : where(greater(x, scalar(threshold)), x, scalar(0));
  if (max_value) y = clip(y, 0, *max_value);
  if (negative_slope != 0) y = y - relu(threshold - x) * negative_slope;
  return y;
}

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  return call<SlopeAttrs>(
      "leaky_relu", x, [](auto& a, double v) { a.negative_slope = v; }, negative_slope);
}

Tensor elu(const Tensor& x, double alpha) {
  return call<AlphaAttrs>("elu", x, [](auto& a, double v) { a.alpha = v; }, alpha);
}

Tensor celu(const Tensor& x, double alpha) {
  return call<AlphaAttrs>("celu", x, [](auto& a, double v) { a.alpha = v; }, alpha);
}

Tensor selu(const Tensor& x) {
  return apply_one(find_op("selu"), {x});
}

Tensor gelu(const Tensor& x, bool approximate) {
  return approximate ? gelu_tanh(x) : gelu_exact(x);
}

Tensor glu(const Tensor& x, int64_t axis) {
  auto attrs = make_ref<GluAttrs>();
  attrs->axis = axis;
  return apply_one(find_op("glu"), {x}, attrs);
}

Tensor hard_sigmoid(const Tensor& x) {
  return apply_one(find_op("hard_sigmoid"), {x});
}

Tensor hard_silu(const Tensor& x) {
  return apply_one(find_op("hard_silu"), {x});
}

Tensor hard_tanh(const Tensor& x) {
  return apply_one(find_op("hard_tanh"), {x});
}

Tensor hard_shrink(const Tensor& x, double threshold) {
  return call<ShrinkAttrs>("hard_shrink", x, [](auto& a, double v) { a.threshold = v; }, threshold);
}

Tensor soft_shrink(const Tensor& x, double threshold) {
  return call<ShrinkAttrs>("soft_shrink", x, [](auto& a, double v) { a.threshold = v; }, threshold);
}

Tensor tanh_shrink(const Tensor& x) {
  return apply_one(find_op("tanh_shrink"), {x});
}

Tensor threshold(const Tensor& x, double threshold, double default_value) {
  auto attrs = make_ref<ThresholdAttrs>();
  attrs->threshold = threshold;
  attrs->default_value = default_value;
  return apply_one(find_op("threshold"), {x}, attrs);
}

Tensor squareplus(const Tensor& x, double b) {
  return call<SquareplusAttrs>("squareplus", x, [](auto& a, double v) { a.b = v; }, b);
}

Tensor sparse_plus(const Tensor& x) {
  return apply_one(find_op("sparse_plus"), {x});
}

Tensor sparse_sigmoid(const Tensor& x) {
  return apply_one(find_op("sparse_sigmoid"), {x});
}

}  // namespace ops
}  // namespace nacre
