// Reductions made of others: ptp, count_nonzero, average, quantiles, the nan family.
#include <algorithm>
#include <cmath>

#include "nacre/ops/indexing.h"
#include "nacre/ops/reductions.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/promote.h"
#include "ops/reduction.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct CountAttrs : AttrsOf<CountAttrs> {
  std::optional<IntList> axis;
  NACRE_ATTRS(axis)
};
struct QuantileAttrs : AttrsOf<QuantileAttrs> {
  std::optional<IntList> axis;
  std::string method = "linear";
  bool keepdims = false;
  NACRE_ATTRS(axis, method, keepdims)
};
struct ArgReduceAttrs : AttrsOf<ArgReduceAttrs> {
  std::optional<int64_t> axis;
  bool keepdims = false;
  NACRE_ATTRS(axis, keepdims)
};

using ops::Axes;

Tensor as_float(const Tensor& x) {
  return x.is_weak() || !is_floating(x.dtype()) ? to_dtype(x, floatx()) : x;
}

// The reduced axes as one, last; the length of the others' product is left open.
Tensor gather_lines(const Tensor& x, const Axes& axis, std::string_view op) {
  const auto reduced = reduced_axes(axis, x.rank(), op);
  IntList order, dims;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) {
      order.push_back(i);
      dims.push_back(x.shape()[i]);
    }
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (reduced[i]) order.push_back(i);
  }
  dims.push_back(reduced_count(x.shape(), axis, op));
  return ops::reshape(x.rank() ? ops::transpose(x, order) : x, Shape(dims));
}

// The element between two neighbours of each sorted line at the fractional position `at`, one a
// line (..., 1) or the same for all.
Tensor interpolate(const Tensor& sorted, const Tensor& at, const std::string& method) {
  const Tensor low = ops::floor(at);
  const Tensor high = ops::ceil(at);
  const auto pick = [&](const Tensor& index) {
    return ops::take_along_axis(sorted, ops::cast(index, DType::kInt32), -1);
  };
  if (method == "lower") return pick(low);
  if (method == "higher") return pick(high);
  if (method == "nearest") return pick(ops::rint(at));
  if (method == "midpoint") return (pick(low) + pick(high)) * 0.5;
  if (method != "linear") {
    value_error(
        "quantile: expected method 'linear', 'lower', 'higher', 'midpoint' or 'nearest', "
        "received '",
        method, "'");
  }
  const Tensor weight = at - low;
  return pick(low) * (1.0 - weight) + pick(high) * weight;
}

// q in [0, 1]. A line with NaN has NaN quantiles, or leaves its NaN out (`skip_nan`).
Tensor quantile_of(const Tensor& raw, const Tensor& raw_q, const Axes& axis,
                   const std::string& method, bool keepdims, bool skip_nan) {
  const Tensor x = as_float(raw);
  const Tensor q = to_dtype(raw_q, x.dtype());
  const Tensor lines = ops::sort(gather_lines(x, axis, "quantile"), -1);
  const int64_t length = lines.shape().back();
  if (length == 0)
    value_error("quantile: expected at least one element, received shape ", x.shape());
  const Tensor flat_q = ops::reshape(q, {-1});
  Tensor at;
  Tensor y;
  const Tensor nan_here = ops::isnan(lines);
  if (skip_nan) {
    const Tensor count =
        ops::sum(ops::cast(ops::logical_not(nan_here), x.dtype()), IntList{-1}, true);
    at = flat_q * ops::maximum(count - 1.0, ops::scalar(0));
    y = interpolate(lines, at, method);
    // Only a line of nothing but NaN has a NaN result.
  } else {
    at = flat_q * static_cast<double>(length - 1);
    IntList dims(static_cast<size_t>(lines.rank()), 1);
    dims.back() = -1;
    y = interpolate(lines, ops::reshape(at, Shape(dims)), method);
    y = ops::where(ops::any(nan_here, IntList{-1}, true), ops::scalar(NAN), y);
  }
  // (..., q) -> (q, ...), then the reduced axes back as 1.
  y = ops::moveaxis(y, {-1}, {0});
  Shape out = q.shape();
  const Shape rest = reduced_shape(x.shape(), axis, keepdims, "quantile");
  for (const int64_t dim : rest) out.push_back(dim);
  return ops::reshape(y, out);
}

void add_quantile(OpRegistry& registry, const char* name, double scale, bool skip_nan) {
  add_composite(
      registry, name, "x, q, axis, method, keepdims",
      std::string("The value below which ") + (scale == 1 ? "the fraction" : "the percentage") +
          " `q` of the elements of `x` over `axis` lies" + (skip_nan ? ", NaN left out" : "") +
          "; `method` says what holds between two elements: 'linear', 'lower', 'higher', "
          "'midpoint' "
          "or 'nearest'. An array `q` puts its axes first.",
      [scale, skip_nan](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<QuantileAttrs>(attrs);
        const Tensor q = scale == 1 ? in[1] : as_float(in[1]) * scale;
        return Tensors{quantile_of(in[0], q, a.axis, a.method, a.keepdims, skip_nan)};
      },
      make_attrs_of<QuantileAttrs>);
}

// The nan family: NaN replaced by what changes nothing, or left out of the count.
Tensor without_nan(const Tensor& x, double fill) {
  return is_floating(x.dtype()) ? ops::where(ops::isnan(x), ops::scalar(fill), x) : x;
}

Tensor valid_count(const Tensor& x, const Axes& axis, bool keepdims) {
  const Tensor valid = ops::cast(ops::logical_not(ops::isnan(x)), as_float(x).dtype());
  return ops::sum(valid, axis, keepdims);
}

Tensor nan_mean(const Tensor& x, const Axes& axis, bool keepdims) {
  return ops::sum(as_float(without_nan(x, 0)), axis, keepdims) / valid_count(x, axis, keepdims);
}

Tensor nan_var(const Tensor& x, const Axes& axis, bool keepdims) {
  const Tensor deviation = x - nan_mean(x, axis, true);
  return nan_mean(ops::square(deviation), axis, keepdims);
}

// NaN where a line has nothing else.
Tensor nan_extremum(const Tensor& x, const Axes& axis, bool keepdims, bool largest) {
  if (!is_floating(x.dtype())) {
    return largest ? ops::max(x, axis, keepdims) : ops::min(x, axis, keepdims);
  }
  const Tensor filled = without_nan(x, largest ? -INFINITY : INFINITY);
  const Tensor y = largest ? ops::max(filled, axis, keepdims) : ops::min(filled, axis, keepdims);
  return ops::where(ops::all(ops::isnan(x), axis, keepdims), ops::scalar(NAN), y);
}

Tensor nan_arg(const Tensor& x, std::optional<int64_t> axis, bool keepdims, bool largest) {
  if (!is_floating(x.dtype())) {
    return largest ? ops::argmax(x, axis, keepdims) : ops::argmin(x, axis, keepdims);
  }
  const Tensor filled = without_nan(x, largest ? -INFINITY : INFINITY);
  const Tensor y =
      largest ? ops::argmax(filled, axis, keepdims) : ops::argmin(filled, axis, keepdims);
  const Axes axes = axis ? Axes(IntList{*axis}) : Axes();
  const Tensor none = ops::all(ops::isnan(x), axes, keepdims);
  return ops::where(none, Tensor::scalar(int32_t{-1}), y);
}

Tensor average_of(const Tensor& x, const Tensor& weights, const Axes& axis) {
  if (!weights.defined()) return ops::mean(x, axis);
  Tensor both[2] = {x, weights};
  promote_all(both, Promote::kCommonFloat);
  Tensor w = both[1];
  if (!(w.shape() == x.shape())) {
    if (!axis || axis->size() != 1 || w.rank() != 1) {
      value_error("average: expected weights of shape ", x.shape(),
                  " or, along one axis, of its length, received ", w.shape());
    }
    IntList dims(static_cast<size_t>(x.rank()), 1);
    dims[normalize_axis((*axis)[0], x.rank(), "average")] = w.shape()[0];
    w = ops::broadcast_to(ops::reshape(w, Shape(dims)), x.shape());
  }
  return ops::sum(both[0] * w, axis) / ops::sum(w, axis);
}

using ReduceFunction = Tensor (*)(const Tensor&, const Axes&, bool);

void add_reduction(OpRegistry& registry, const char* name, const char* doc, ReduceFunction f) {
  add_composite(
      registry, name, "x, axis, keepdims", doc,
      [f](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<ReduceAttrs>(attrs);
        return Tensors{f(in[0], a.axis, a.keepdims)};
      },
      make_attrs_of<ReduceAttrs>);
}

void register_nan_reductions(OpRegistry& registry) {
  using T = const Tensor&;
  using A = const Axes&;
  add_reduction(registry, "nansum", "Sum of `x` over `axis`, NaN left out.",
                [](T x, A axis, bool keep) { return ops::sum(without_nan(x, 0), axis, keep); });
  add_reduction(registry, "nanprod", "Product of `x` over `axis`, NaN left out.",
                [](T x, A axis, bool keep) { return ops::prod(without_nan(x, 1), axis, keep); });
  add_reduction(registry, "nanmean", "Mean of `x` over `axis`, NaN left out.", nan_mean);
  add_reduction(registry, "nanvar", "Variance of `x` over `axis`, NaN left out.", nan_var);
  add_reduction(registry, "nanstd", "Standard deviation of `x` over `axis`, NaN left out.",
                [](T x, A axis, bool keep) { return ops::sqrt(nan_var(x, axis, keep)); });
  add_reduction(registry, "nanmax", "Largest element of `x` over `axis`, NaN left out.",
                [](T x, A axis, bool keep) { return nan_extremum(x, axis, keep, true); });
  add_reduction(registry, "nanmin", "Smallest element of `x` over `axis`, NaN left out.",
                [](T x, A axis, bool keep) { return nan_extremum(x, axis, keep, false); });
  add_reduction(registry, "nanmedian", "Median of `x` over `axis`, NaN left out.",
                [](T x, A axis, bool keep) {
                  return quantile_of(x, ops::scalar(0.5), axis, "linear", keep, true);
                });
  const auto add_arg = [&](const char* name, const char* doc, bool largest) {
    add_composite(
        registry, name, "x, axis, keepdims", doc,
        [largest](Inputs in, const Attrs* attrs) {
          const auto& a = attrs_as<ArgReduceAttrs>(attrs);
          return Tensors{nan_arg(in[0], a.axis, a.keepdims, largest)};
        },
        make_attrs_of<ArgReduceAttrs>);
  };
  add_arg("nanargmax", "argmax with NaN left out; -1 where there is nothing else.", true);
  add_arg("nanargmin", "argmin with NaN left out; -1 where there is nothing else.", false);
}

}  // namespace

void register_statistics_ops(OpRegistry& registry) {
  using T = const Tensor&;
  using A = const Axes&;
  add_reduction(
      registry, "ptp", "Largest minus smallest element of `x` over `axis`.",
      [](T x, A axis, bool keep) { return ops::max(x, axis, keep) - ops::min(x, axis, keep); });
  add_reduction(registry, "median", "Median of `x` over `axis`.",
                [](T x, A axis, bool keep) { return ops::median(x, axis, keep); });
  add_composite(
      registry, "count_nonzero", "x, axis",
      "How many elements of `x` over `axis` are not zero, int32.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::count_nonzero(in[0], attrs_as<CountAttrs>(attrs).axis)};
      },
      make_attrs_of<CountAttrs>);
  add_composite(
      registry, "average", "x, axis, weights?",
      "Mean of `x` over `axis`, each element weighted by `weights` (of its shape, or 1-D along one "
      "axis).",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{average_of(in[0], in[1], attrs_as<CountAttrs>(attrs).axis)};
      },
      make_attrs_of<CountAttrs>);
  add_quantile(registry, "quantile", 1, false);
  add_quantile(registry, "percentile", 0.01, false);
  add_quantile(registry, "nanquantile", 1, true);
  add_quantile(registry, "nanpercentile", 0.01, true);
  register_nan_reductions(registry);
}

namespace ops {

Tensor std(const Tensor& x, const Axes& axis, bool keepdims) {
  return sqrt(var(x, axis, keepdims));
}

Tensor count_nonzero(const Tensor& x, const Axes& axis) {
  return sum(cast(cast(x, DType::kBool), DType::kInt32), axis);
}

Tensor quantile(const Tensor& x, const Tensor& q, const Axes& axis, const std::string& method,
                bool keepdims) {
  return quantile_of(x, q, axis, method, keepdims, false);
}

Tensor median(const Tensor& x, const Axes& axis, bool keepdims) {
  return quantile_of(x, scalar(0.5), axis, "linear", keepdims, false);
}

Tensor l2_norm(const Tensor& x, const Axes& axis, bool keepdims) {
  return sqrt(sum(square(x), axis, keepdims));
}

}  // namespace ops
}  // namespace nacre
