// Elementwise functions made of others, under Keras's names.
#include <cmath>
#include <limits>

#include "nacre/ops/indexing.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/promote.h"
#include "ops/registry.h"

namespace nacre {
namespace {

using T = const Tensor&;

struct DecimalsAttrs : AttrsOf<DecimalsAttrs> {
  int64_t decimals = 0;
  NACRE_ATTRS(decimals)
};
struct CloseAttrs : AttrsOf<CloseAttrs> {
  double rtol = 1e-5;
  double atol = 1e-8;
  bool equal_nan = false;
  NACRE_ATTRS(rtol, atol, equal_nan)
};
struct NanToNumAttrs : AttrsOf<NanToNumAttrs> {
  double nan = 0;
  std::optional<double> posinf, neginf;
  NACRE_ATTRS(nan, posinf, neginf)
};
struct DiffAttrs : AttrsOf<DiffAttrs> {
  int64_t n = 1;
  int64_t axis = -1;
  NACRE_ATTRS(n, axis)
};
struct IsinAttrs : AttrsOf<IsinAttrs> {
  bool assume_unique = false;
  bool invert = false;
  NACRE_ATTRS(assume_unique, invert)
};
struct TrapezoidAttrs : AttrsOf<TrapezoidAttrs> {
  double dx = 1;
  int64_t axis = -1;
  NACRE_ATTRS(dx, axis)
};

Tensor as_float(T x) {
  return x.is_weak() || !is_floating(x.dtype()) ? to_dtype(x, floatx()) : x;
}

bool floating(T x) {
  return is_floating(x.dtype());
}

Tensor constant_like(T x, double value) {
  return ops::full_like(x, value);
}

Tensor clip_of(T x, T low, T high) {
  if (low.is_weak() && high.is_weak()) {
    const Tensor all[3] = {x, low, high};
    DType dtype = common_dtype(all, Promote::kCommon);
    if (dtype == DType::kBool) dtype = DType::kInt32;
    return ops::clip(to_dtype(x, dtype), low.item(), high.item());
  }
  return ops::minimum(ops::maximum(x, low), high);
}

Tensor round_of(T x, int64_t decimals) {
  if (decimals == 0 || (!floating(x) && decimals > 0)) return ops::rint(x);
  const Tensor scale = ops::scalar(std::pow(10.0, static_cast<double>(std::abs(decimals))));
  if (decimals > 0) return ops::rint(x * scale) / scale;
  const Tensor y = ops::rint(as_float(x) / scale) * scale;
  return y.dtype() == x.dtype() ? y : ops::cast(y, x.dtype());
}

Tensor isclose_of(T raw1, T raw2, const CloseAttrs& a) {
  Tensor both[2] = {raw1, raw2};
  promote_all(both, Promote::kCommonFloat);
  const Tensor& x1 = both[0];
  const Tensor& x2 = both[1];
  const Tensor near = ops::less_equal(ops::abs(x1 - x2), ops::abs(x2) * a.rtol + a.atol);
  const Tensor finite = ops::logical_and(ops::isfinite(x1), ops::isfinite(x2));
  Tensor close = ops::logical_or(ops::logical_and(near, finite), ops::equal(x1, x2));
  if (a.equal_nan) close = ops::logical_or(close, ops::logical_and(ops::isnan(x1), ops::isnan(x2)));
  return close;
}

Tensor nan_to_num_of(T x, const NanToNumAttrs& a) {
  if (!floating(x)) return x;
  const double highest = dispatch_floating(x.dtype(), []<class D>(type_tag<D>) {
    if constexpr (std::is_same_v<D, float16>) return 65504.0;
    if constexpr (std::is_same_v<D, bfloat16>) return 0x1.fep127;
    if constexpr (std::is_floating_point_v<D>) return double{std::numeric_limits<D>::max()};
    return 0.0;
  });
  Tensor y = ops::where(ops::isnan(x), ops::scalar(a.nan), x);
  y = ops::where(ops::equal(y, ops::scalar(INFINITY)), ops::scalar(a.posinf.value_or(highest)), y);
  return ops::where(ops::equal(y, ops::scalar(-INFINITY)), ops::scalar(a.neginf.value_or(-highest)),
                    y);
}

Tensor heaviside_of(T x1, T x2) {
  Tensor both[2] = {x1, x2};
  promote_all(both, Promote::kCommonFloat);
  const Tensor step = ops::where(ops::less(both[0], ops::scalar(0)), constant_like(both[0], 0),
                                 constant_like(both[0], 1));
  const Tensor y = ops::where(ops::equal(both[0], ops::scalar(0)), both[1], step);
  return ops::where(ops::isnan(both[0]), both[0], y);
}

Tensor divide_no_nan_of(T x1, T x2) {
  Tensor both[2] = {x1, x2};
  promote_all(both, Promote::kCommonFloat);
  const Tensor zero = ops::equal(both[1], ops::scalar(0));
  const Tensor safe = ops::where(zero, ops::scalar(1), both[1]);
  return ops::where(zero, ops::scalar(0), both[0] / safe);
}

// The sign of the dividend, as C's fmod.
Tensor fmod_of(T x1, T x2) {
  Tensor both[2] = {x1, x2};
  promote_all(both);
  const Tensor r = ops::mod(ops::abs(both[0]), ops::abs(both[1]));
  return ops::where(ops::less(both[0], ops::scalar(0)), -r, r);
}

Tensor diff_of(T x, int64_t n, int64_t axis) {
  if (n < 0) value_error("diff: expected n of at least 0, received ", n);
  const int a = normalize_axis(axis, x.rank(), "diff");
  std::vector<ops::Index> items(static_cast<size_t>(a) + 1, ops::IndexSlice{});
  Tensor y = x;
  for (int64_t i = 0; i < n; ++i) {
    items.back() = ops::IndexSlice{1, std::nullopt, std::nullopt};
    const Tensor later = ops::getitem(y, items);
    items.back() = ops::IndexSlice{std::nullopt, -1, std::nullopt};
    const Tensor earlier = ops::getitem(y, items);
    y = y.dtype() == DType::kBool ? ops::not_equal(later, earlier) : later - earlier;
  }
  return y;
}

Tensor sinc_of(T raw) {
  const Tensor x = as_float(raw);
  const Tensor zero = ops::equal(x, ops::scalar(0));
  const Tensor angle = ops::where(zero, ops::scalar(1), x) * M_PI;
  return ops::where(zero, constant_like(x, 1), ops::sin(angle) / angle);
}

Tensor logaddexp2_of(T x1, T x2) {
  return ops::logaddexp(as_float(x1) * M_LN2, as_float(x2) * M_LN2) / M_LN2;
}

// The one that is not NaN.
Tensor ignore_nan(T x1, T x2, bool largest) {
  Tensor both[2] = {x1, x2};
  promote_all(both);
  const Tensor y = largest ? ops::maximum(both[0], both[1]) : ops::minimum(both[0], both[1]);
  if (!floating(y)) return y;
  return ops::where(ops::isnan(both[0]), both[1], ops::where(ops::isnan(both[1]), both[0], y));
}

Tensor signbit_of(T x) {
  if (!floating(x)) return ops::less(x, ops::scalar(0));
  return ops::less(ops::copysign(constant_like(x, 1), x), ops::scalar(0));
}

Tensor isin_of(T x, T values, bool invert) {
  const Tensor hits = ops::equal(ops::expand_dims(x, -1), ops::reshape(values, {-1}));
  const Tensor found = ops::any(hits, IntList{-1});
  return invert ? ops::logical_not(found) : found;
}

Tensor trapezoid_of(T raw, T x, const TrapezoidAttrs& a) {
  const Tensor y = as_float(raw);
  const int axis = normalize_axis(a.axis, y.rank(), "trapezoid");
  std::vector<ops::Index> items(static_cast<size_t>(axis) + 1, ops::IndexSlice{});
  items.back() = ops::IndexSlice{1, std::nullopt, std::nullopt};
  const Tensor later = ops::getitem(y, items);
  items.back() = ops::IndexSlice{std::nullopt, -1, std::nullopt};
  const Tensor means = (later + ops::getitem(y, items)) * 0.5;
  if (!x.defined()) return ops::sum(means, IntList{axis}) * a.dx;
  Tensor width = diff_of(as_float(x), 1, x.rank() == 1 ? 0 : axis);
  if (x.rank() == 1) {
    IntList dims(static_cast<size_t>(y.rank()), 1);
    dims[static_cast<size_t>(axis)] = -1;
    width = ops::reshape(width, Shape(dims));
  }
  return ops::sum(means * width, IntList{axis});
}

template <class F>
void add_unary(OpRegistry& registry, const char* name, const char* doc, F f) {
  add_composite(registry, name, "x", doc,
                [f](Inputs in, const Attrs*) { return Tensors{f(in[0])}; });
}

template <class F>
void add_binary(OpRegistry& registry, const char* name, const char* doc, F f) {
  add_composite(registry, name, "x1, x2", doc,
                [f](Inputs in, const Attrs*) { return Tensors{f(in[0], in[1])}; });
}

void register_with_attributes(OpRegistry& registry) {
  add_composite(
      registry, "round", "x, decimals",
      "`x` rounded to `decimals` digits after the point (before it when negative); halves to even.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{round_of(in[0], attrs_as<DecimalsAttrs>(attrs).decimals)};
      },
      make_attrs_of<DecimalsAttrs>);
  add_composite(
      registry, "isclose", "x1, x2, rtol, atol, equal_nan",
      "Whether |`x1` - `x2`| <= `atol` + `rtol` |`x2`|; equal infinities are close, NaN with "
      "`equal_nan`.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{isclose_of(in[0], in[1], attrs_as<CloseAttrs>(attrs))};
      },
      make_attrs_of<CloseAttrs>);
  add_composite(
      registry, "allclose", "x1, x2, rtol, atol, equal_nan",
      "Whether isclose holds for all elements.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::all(isclose_of(in[0], in[1], attrs_as<CloseAttrs>(attrs)))};
      },
      make_attrs_of<CloseAttrs>);
  add_composite(
      registry, "nan_to_num", "x, nan, posinf, neginf",
      "`x` with NaN replaced by `nan` and the infinities by `posinf` and `neginf` (the largest and "
      "smallest finite numbers for None).",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{nan_to_num_of(in[0], attrs_as<NanToNumAttrs>(attrs))};
      },
      make_attrs_of<NanToNumAttrs>);
  add_composite(
      registry, "diff", "a, n, axis",
      "Differences of neighbours in `a` along `axis`, `n` times over.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<DiffAttrs>(attrs);
        return Tensors{diff_of(in[0], a.n, a.axis)};
      },
      make_attrs_of<DiffAttrs>);
  add_composite(
      registry, "isin", "x1, x2, assume_unique, invert",
      "Whether each element of `x1` occurs in `x2` (or, with `invert`, does not).",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{isin_of(in[0], in[1], attrs_as<IsinAttrs>(attrs).invert)};
      },
      make_attrs_of<IsinAttrs>);
  add_composite(
      registry, "trapezoid", "y, x?, dx, axis",
      "Integral of `y` along `axis` by the trapezoidal rule, at the points `x` or `dx` apart.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{trapezoid_of(in[0], in[1], attrs_as<TrapezoidAttrs>(attrs))};
      },
      make_attrs_of<TrapezoidAttrs>);
}

}  // namespace

void register_numeric_ops(OpRegistry& registry) {
  register_with_attributes(registry);
  add_composite(
      registry, "where", "condition, x1?, x2?",
      "`x1` where `condition` is true, else `x2`; with the condition alone, the indices where "
      "it is true, as nonzero.",
      [](Inputs in, const Attrs*) {
        if (in[1].defined() != in[2].defined()) {
          value_error("where: expected both x1 and x2 or neither");
        }
        if (!in[1].defined()) return ops::nonzero(in[0]);
        return Tensors{ops::where(in[0], in[1], in[2])};
      });
  add_composite(registry, "clip", "x, x_min, x_max", "`x` limited to [`x_min`, `x_max`].",
                [](Inputs in, const Attrs*) { return Tensors{clip_of(in[0], in[1], in[2])}; });
  add_binary(registry, "divide_no_nan", "`x1` / `x2`, and 0 where `x2` is 0.", divide_no_nan_of);
  add_binary(registry, "fmod", "Remainder of `x1` / `x2` with the sign of `x1`.", fmod_of);
  add_binary(registry, "heaviside", "0 where `x1` is negative, 1 where positive, `x2` where 0.",
             heaviside_of);
  add_binary(registry, "logaddexp2", "log2(2^`x1` + 2^`x2`), without overflow.", logaddexp2_of);
  add_binary(registry, "ldexp", "`x1` times 2 to the power `x2`.",
             [](T x1, T x2) { return as_float(x1) * ops::exp2(x2); });
  add_binary(registry, "fmax", "Elementwise maximum; of NaN and a number the number.",
             [](T x1, T x2) { return ignore_nan(x1, x2, true); });
  add_binary(registry, "fmin", "Elementwise minimum; of NaN and a number the number.",
             [](T x1, T x2) { return ignore_nan(x1, x2, false); });

  add_unary(registry, "fabs", "Absolute value of `x`, in floating point.",
            [](T x) { return ops::abs(as_float(x)); });
  add_unary(registry, "erfc", "Complementary error function: 1 - erf(`x`).",
            [](T x) { return 1.0 - ops::erf(x); });
  add_unary(registry, "deg2rad", "Degrees in radians: `x` pi / 180.",
            [](T x) { return as_float(x) * (M_PI / 180); });
  add_unary(registry, "rad2deg", "Radians in degrees: `x` 180 / pi.",
            [](T x) { return as_float(x) * (180 / M_PI); });
  add_unary(registry, "sinc", "sin(pi `x`) / (pi `x`), 1 at 0.", sinc_of);
  add_unary(registry, "signbit", "Whether the sign bit of `x` is set: negative, or -0.",
            signbit_of);
  add_unary(registry, "isreal",
            "Whether `x` has no imaginary part: always, as all dtypes are real.",
            [](T x) { return ops::cast(ops::ones_like(x), DType::kBool); });
  for (const char* name : {"real", "conjugate"}) {
    add_unary(registry, name, "`x` itself: all dtypes are real.", ops::identity);
  }
  add_unary(registry, "imag", "Zeros: all dtypes are real.",
            [](T x) { return ops::zeros_like(x); });
  add_unary(registry, "copy", "A copy of `x`; tensors never change, so it shares the data.",
            ops::identity);
}

}  // namespace nacre
