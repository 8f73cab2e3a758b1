// Running sums and products, and the linear recurrence that gives their gradients.
#include <algorithm>

#include "nacre/ops/indexing.h"
#include "nacre/ops/reductions.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reduction.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct ScanAttrs : AttrsOf<ScanAttrs> {
  int64_t axis = 0;
  bool reverse = false;
  NACRE_ATTRS(axis, reverse)
};
struct CumulativeAttrs : AttrsOf<CumulativeAttrs> {
  std::optional<int64_t> axis;
  std::optional<DType> dtype;
  NACRE_ATTRS(axis, dtype)
};

// Walks each line along the axis from its start (or its end): f(index of the element, index of the
// one before, first).
template <class F>
void scan_lines(const Shape& shape, const ScanAttrs& a, F f) {
  const int axis = normalize_axis(a.axis, shape.rank(), "scan");
  const int64_t length = shape[axis];
  const int64_t inner = shape.size(axis + 1, shape.rank());
  const int64_t outer = shape.size(0, axis);
  if (shape.size() == 0) return;
  // Strips of up to 64 lines side by side, so that memory is read in order.
  constexpr int64_t kStrip = 64;
  const int64_t strips = (inner + kStrip - 1) / kStrip;
  const int64_t work = length * std::min(inner, kStrip);
  parallel_for(outer * strips, std::max<int64_t>(1, kElementwiseGrain / work),
               [=](int64_t begin, int64_t end) {
                 for (int64_t item = begin; item < end; ++item) {
                   const int64_t base = item / strips * length * inner;
                   const int64_t i0 = item % strips * kStrip;
                   const int64_t i1 = std::min(inner, i0 + kStrip);
                   const int64_t step = a.reverse ? -inner : inner;
                   int64_t row = base + (a.reverse ? (length - 1) * inner : 0);
                   for (int64_t t = 0; t < length; ++t, row += step) {
                     for (int64_t i = i0; i < i1; ++i) f(row + i, row + i - step, t == 0);
                   }
                 }
               });
}

template <class Op>
void cumulative_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<ScanAttrs>();
  dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* x = c.in[0].as<const T>();
    T* y = c.out[0].as<T>();
    scan_lines(c.in[0].shape(), a, [=](int64_t at, int64_t before, bool first) {
      y[at] =
          first ? x[at] : static_cast<T>(Op{}(static_cast<C>(y[before]), static_cast<C>(x[at])));
    });
  });
}

// h[t] = a[t] * h[t - 1] + b[t].
void recurrence_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<ScanAttrs>();
  dispatch_floating(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* a = c.in[0].as<const T>();
    const T* b = c.in[1].as<const T>();
    T* h = c.out[0].as<T>();
    scan_lines(c.out[0].shape(), attrs, [=](int64_t at, int64_t before, bool first) {
      const C start = static_cast<C>(b[at]);
      h[at] =
          static_cast<T>(first ? start : static_cast<C>(a[at]) * static_cast<C>(h[before]) + start);
    });
  });
}

Tensor scan(const char* name, const Tensor& x, int64_t axis, bool reverse) {
  auto attrs = make_ref<ScanAttrs>();
  attrs->axis = axis;
  attrs->reverse = reverse;
  return apply_one(find_op(name), {x}, std::move(attrs));
}

Tensor recurrence(const Tensor& a, const Tensor& b, int64_t axis, bool reverse) {
  static const OpDef& op = find_op("linear_recurrence");
  auto attrs = make_ref<ScanAttrs>();
  attrs->axis = axis;
  attrs->reverse = reverse;
  return apply_one(op, {a, b}, std::move(attrs));
}

// x moved by one along the axis in the direction of the scan (or against it), `fill` entering.
Tensor shifted(const Tensor& x, int64_t axis, bool reverse, double fill) {
  const int a = normalize_axis(axis, x.rank(), "scan");
  const int64_t length = x.shape()[a];
  if (length == 0) return x;
  Shape edge = x.shape();
  edge[a] = 1;
  const Tensor entering = ops::full(edge, fill, x.dtype());
  const Tensor rest = ops::slice_axis(x, a, reverse ? 1 : 0, length - 1);
  return reverse ? ops::concatenate({rest, entering}, a) : ops::concatenate({entering, rest}, a);
}

// With P[t] the product before t, dx[t] = P[t] * R[t] where R[t] = g[t] + x[t + 1] R[t + 1]: exact
// where elements are 0 too.
Tensors cumprod_backward(const BackwardContext& c) {
  const auto& a = c.attrs_as<ScanAttrs>();
  const Tensor& x = c.inputs[0];
  const Tensor before = shifted(c.outputs[0], a.axis, a.reverse, 1);
  const Tensor next = shifted(x, a.axis, !a.reverse, 0);
  return {before * recurrence(next, c.grads[0], a.axis, !a.reverse)};
}

// h[t] = a[t] h[t-1] + b[t]: db is the reverse recurrence of g with a[t + 1], da = db h[t - 1].
Tensors recurrence_backward(const BackwardContext& c) {
  const auto& attrs = c.attrs_as<ScanAttrs>();
  const Tensor next = shifted(c.inputs[0], attrs.axis, !attrs.reverse, 0);
  const Tensor db = recurrence(next, c.grads[0], attrs.axis, !attrs.reverse);
  Tensors grads{Tensor(), db};
  if (c.needs[0]) grads[0] = db * shifted(c.outputs[0], attrs.axis, attrs.reverse, 0);
  return grads;
}

DType cumulative_dtype(DType dtype, const std::optional<DType>& wanted) {
  if (wanted) return *wanted == DType::kBool ? DType::kInt32 : *wanted;
  return dtype == DType::kBool ? DType::kInt32 : dtype;
}

Tensor cumulative(const char* name, const Tensor& x, std::optional<int64_t> axis,
                  std::optional<DType> dtype) {
  const Tensor y = ops::cast(x, cumulative_dtype(x.dtype(), dtype));
  if (!axis || x.rank() == 0) return scan(name, ops::reshape(y, {-1}), 0, false);
  return scan(name, y, normalize_axis(*axis, x.rank(), name), false);
}

}  // namespace

// The product of all the others for each element, along one flattened axis: what is before it times
// what is after it.
Tensors product_backward(const BackwardContext& c) {
  const Tensor& x = c.inputs[0];
  if (!is_floating(x.dtype())) return {Tensor()};
  const auto& axis = c.attrs_as<ReduceAttrs>().axis;
  const auto reduced = reduced_axes(axis, x.rank(), "prod");
  IntList order, rest;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) order.push_back(i);
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (reduced[i]) rest.push_back(i);
  }
  if (rest.empty()) return {c.grads[0]};
  order.insert(order.end(), rest.begin(), rest.end());
  const Tensor moved = ops::transpose(x, order);
  const int64_t count = reduced_count(x.shape(), axis, "prod");
  if (x.size() == 0) return {ops::zeros_like(x)};
  const Tensor lines = ops::reshape(moved, {x.size() / count, count});
  const Tensor before = shifted(scan("cumprod_axis", lines, 1, false), 1, false, 1);
  const Tensor after = shifted(scan("cumprod_axis", lines, 1, true), 1, true, 1);
  const Tensor others = ops::reshape(before * after, moved.shape());
  IntList inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) inverse[order[i]] = static_cast<int64_t>(i);
  return {ops::transpose(others, inverse) * keep_axes(c.grads[0], x, axis, "prod")};
}

void register_scan_ops(OpRegistry& registry) {
  const auto add = [&](const char* name, const char* doc, KernelFn kernel, BackwardFn backward) {
    OpDef def;
    def.name = name;
    def.params = "x, axis, reverse";
    def.doc = doc;
    def.make_attrs = make_attrs_of<ScanAttrs>;
    def.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0].spec()}; };
    def.kernel = std::move(kernel);
    def.backward = std::move(backward);
    def.internal = true;
    registry.add(std::move(def));
  };
  add("cumsum_axis", "Running sum of `x` along `axis`.", cumulative_kernel<reference::Add>,
      [](const BackwardContext& c) {
        const auto& a = c.attrs_as<ScanAttrs>();
        return Tensors{scan("cumsum_axis", c.grads[0], a.axis, !a.reverse)};
      });
  add("cumprod_axis", "Running product of `x` along `axis`.", cumulative_kernel<reference::Mul>,
      cumprod_backward);

  OpDef def;
  def.name = "linear_recurrence";
  def.params = "a, b, axis, reverse";
  def.doc = "h[t] = a[t] h[t - 1] + b[t] along `axis`, from h = 0; `reverse` runs from the end.";
  def.make_attrs = make_attrs_of<ScanAttrs>;
  def.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[1].spec()}; };
  def.kernel = recurrence_kernel;
  def.backward = recurrence_backward;
  def.internal = true;
  registry.add(std::move(def));

  const auto add_public = [&](const char* name, const char* axis_op, const char* what, bool nan,
                              double fill) {
    add_composite(
        registry, name, "x, axis, dtype",
        std::string("Running ") + what + " of `x` along `axis` (flattened for None), in `dtype`" +
            (nan ? ", NaN left out." : "."),
        [axis_op, nan, fill](Inputs in, const Attrs* attrs) {
          const auto& a = attrs_as<CumulativeAttrs>(attrs);
          const Tensor x = nan ? ops::where(ops::isnan(in[0]), ops::scalar(fill), in[0]) : in[0];
          return Tensors{cumulative(axis_op, x, a.axis, a.dtype)};
        },
        make_attrs_of<CumulativeAttrs>);
  };
  add_public("cumsum", "cumsum_axis", "sum", false, 0);
  add_public("cumprod", "cumprod_axis", "product", false, 1);
  add_public("nancumsum", "cumsum_axis", "sum", true, 0);
  add_public("nancumprod", "cumprod_axis", "product", true, 1);
}

namespace ops {

Tensor cumsum(const Tensor& x, std::optional<int64_t> axis, std::optional<DType> dtype) {
  return cumulative("cumsum_axis", x, axis, dtype);
}

Tensor cumprod(const Tensor& x, std::optional<int64_t> axis, std::optional<DType> dtype) {
  return cumulative("cumprod_axis", x, axis, dtype);
}

}  // namespace ops
}  // namespace nacre
