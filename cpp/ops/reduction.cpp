// Reductions along axes: sum, mean, max, min, prod and their arg forms.
#include "ops/reduction.h"

#include <algorithm>
#include <cmath>

#include "kernels/abi.h"
#include "nacre/ops/ops.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/reduce.h"
#include "ops/registry.h"
#include "ops/widen.h"

namespace nacre {

std::vector<bool> reduced_axes(const std::optional<IntList>& axis, int rank, std::string_view op) {
  std::vector<bool> reduced(rank, !axis.has_value());
  if (!axis) return reduced;
  for (const int64_t a : *axis) {
    const int i = normalize_axis(a, rank, op);
    if (reduced[i]) {
      value_error(op, ": expected distinct axes, received ", to_string(AttrValue(*axis)));
    }
    reduced[i] = true;
  }
  return reduced;
}

Shape reduced_shape(const Shape& in, const std::optional<IntList>& axis, bool keepdims,
                    std::string_view op) {
  const auto reduced = reduced_axes(axis, in.rank(), op);
  Shape out;
  for (int i = 0; i < in.rank(); ++i) {
    if (!reduced[i]) {
      out.push_back(in[i]);
    } else if (keepdims) {
      out.push_back(1);
    }
  }
  return out;
}

Tensor keep_axes(const Tensor& reduced, const Tensor& x, const std::optional<IntList>& axis,
                 std::string_view op) {
  const Shape kept = reduced_shape(x.shape(), axis, true, op);
  return reduced.shape() == kept ? reduced : ops::reshape(reduced, kept);
}

int64_t reduced_count(const Shape& in, const std::optional<IntList>& axis, std::string_view op) {
  const auto reduced = reduced_axes(axis, in.rank(), op);
  int64_t count = 1;
  for (int i = 0; i < in.rank(); ++i) {
    if (reduced[i]) count *= in[i];
  }
  return count;
}

bool reduces_whole_rows(int64_t rows, int64_t length) {
  return rows >= 32 || rows * length <= 2 * kElementwiseGrain;
}

namespace {

using kernels::Reduce;

// One pass over a block of adjacent axes.
struct Pass {
  int64_t outer, reduce, inner;
};

// The passes that reduce the given axes, innermost block first: each pass's output is the next
// one's input.
std::vector<Pass> reduction_passes(const Shape& in, const std::vector<bool>& reduced) {
  std::vector<Pass> passes;
  int64_t inner = 1;
  for (int axis = in.rank() - 1; axis >= 0;) {
    if (!reduced[axis]) {
      inner *= in[axis--];
      continue;
    }
    int64_t length = 1;
    for (; axis >= 0 && (reduced[axis] || in[axis] == 1); --axis) length *= in[axis];
    passes.push_back({in.size(0, axis + 1), length, inner});
  }
  if (passes.empty()) passes.push_back({in.size(), 1, 1});
  return passes;
}

constexpr int kPartialSlot = 3;  // of thread_scratch
constexpr int kPassSlot = 2;
constexpr int kOtherPassSlot = 1;
constexpr int kWideSlot = 0;
constexpr int kWidenedSlot = 4;

// Runs one pass in parallel. The split depends on the shape only. `rows` reduces S to A, `again`
// reduces the partial results.
template <class S, class A, class Rows, class Again>
void run_pass(const S* x, A* y, const Pass& p, Rows rows, Again again) {
  const int64_t total = p.outer * p.reduce * p.inner;
  if (total <= 2 * kElementwiseGrain) return rows(x, y, 0, p.outer, p.reduce, p.inner);
  if (reduces_whole_rows(p.outer, p.reduce * p.inner)) {
    const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / (p.reduce * p.inner));
    return parallel_for(p.outer, grain, [=](int64_t begin, int64_t end) {
      rows(x, y, begin, end, p.reduce, p.inner);
    });
  }
  const int64_t wanted = std::clamp<int64_t>(total / kElementwiseGrain / p.outer, 1, 64);
  const int64_t length = (p.reduce + wanted - 1) / wanted;
  const int64_t parts = (p.reduce + length - 1) / length;
  if (parts < 2) return rows(x, y, 0, p.outer, p.reduce, p.inner);
  A* partial = static_cast<A*>(
      thread_scratch(static_cast<size_t>(p.outer * parts * p.inner) * sizeof(A), kPartialSlot));
  parallel_for(p.outer * parts, 1, [=](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t o = item / parts;
      const int64_t first = item % parts * length;
      rows(x + (o * p.reduce + first) * p.inner, partial + item * p.inner, 0, 1,
           std::min(length, p.reduce - first), p.inner);
    }
  });
  again(partial, y, 0, p.outer, parts, p.inner);
}

template <class Op>
constexpr Reduce kernel_of() {
  if constexpr (std::is_same_v<Op, reference::SumOp>) return Reduce::kSum;
  if constexpr (std::is_same_v<Op, reference::ProdOp>) return Reduce::kProd;
  if constexpr (std::is_same_v<Op, reference::MaxOp>) return Reduce::kMax;
  return Reduce::kMin;
}

// The rows of a 16-bit float, widened a few at a time, while they are in cache.
void reduce_widened(kernels::ReduceFn rows, const HalfConversion& half, const uint16_t* x, float* y,
                    int64_t begin, int64_t end, int64_t reduce, int64_t inner) {
  const int64_t row = reduce * inner;
  const int64_t most = std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(1, row));
  float* wide = static_cast<float*>(thread_scratch(
      static_cast<size_t>(std::min(most, end - begin) * row) * sizeof(float), kWidenedSlot));
  for (int64_t o = begin; o < end; o += most) {
    const int64_t count = std::min(most, end - o);
    half.widen(x + o * row, wide, count * row);
    rows(wide, y + o * inner, 0, count, reduce, inner);
  }
}

// The accumulation type: float for the half types, the result's own otherwise.
template <class Op, class S, class A>
void reduce_as(const S* x, A* y, const std::vector<Pass>& passes) {
  kernels::ReduceFn fast = nullptr;
  if constexpr (std::is_same_v<A, float>) {
    fast = kernels::table().reduce[static_cast<int>(kernel_of<Op>())];
  }
  const auto again = [&](const A* from, A* to, int64_t begin, int64_t end, int64_t reduce,
                         int64_t inner) {
    if constexpr (std::is_same_v<A, float>) {
      if (fast) return fast(from, to, begin, end, reduce, inner);
    }
    reference::reduce_rows<Op>(from, to, begin, end, reduce, inner);
  };
  const auto first = [&](const S* from, A* to, int64_t begin, int64_t end, int64_t reduce,
                         int64_t inner) {
    if constexpr (std::is_same_v<S, float> && std::is_same_v<A, float>) {
      if (fast) return fast(from, to, begin, end, reduce, inner);
    }
    if constexpr (std::is_same_v<S, bfloat16> || std::is_same_v<S, float16>) {
      const HalfConversion half =
          half_conversion(std::is_same_v<S, bfloat16> ? DType::kBFloat16 : DType::kFloat16);
      if (fast && half) {
        return reduce_widened(fast, half, reinterpret_cast<const uint16_t*>(from), to, begin, end,
                              reduce, inner);
      }
    }
    reference::reduce_rows<Op>(from, to, begin, end, reduce, inner);
  };
  if (passes.size() == 1) return run_pass(x, y, passes[0], first, again);
  const auto buffer = [](const Pass& p, int slot) {
    return static_cast<A*>(
        thread_scratch(static_cast<size_t>(p.outer * p.inner) * sizeof(A), slot));
  };
  A* side[2] = {buffer(passes[0], kPassSlot), buffer(passes[1], kOtherPassSlot)};
  run_pass(x, side[0], passes[0], first, again);
  for (size_t i = 1; i < passes.size(); ++i) {
    A* to = i + 1 == passes.size() ? y : side[i % 2];
    run_pass(side[(i - 1) % 2], to, passes[i], again, again);
  }
}

// Small integers are summed in 32 bits; every other result has the operand's dtype.
template <class Op, class S, class D>
constexpr bool kSupported =
    std::is_same_v<S, D> ||
    ((std::is_same_v<Op, reference::SumOp> || std::is_same_v<Op, reference::ProdOp>) &&
     sizeof(S) < 4 && std::is_integral_v<S> &&
     (std::is_same_v<D, int32_t> || std::is_same_v<D, uint32_t>));

template <class Op>
void reduce_kernel(const KernelContext& c, const std::optional<IntList>& axis, double divisor) {
  const Shape& in = c.in[0].shape();
  const auto passes = reduction_passes(in, reduced_axes(axis, in.rank(), "reduce"));
  dispatch(c.in[0].dtype(), [&]<class S>(type_tag<S>) {
    dispatch(c.out[0].dtype(), [&]<class D>(type_tag<D>) {
      if constexpr (kSupported<Op, S, D>) {
        using A = reference::Compute<D>;
        const int64_t n = c.out[0].size();
        D* y = c.out[0].as<D>();
        const S* x = c.in[0].as<const S>();
        if constexpr (std::is_same_v<A, D>) {
          reduce_as<Op>(x, y, passes);
          if constexpr (std::is_floating_point_v<D>) {
            if (divisor != 1) {
              for (int64_t i = 0; i < n; ++i) y[i] /= static_cast<D>(divisor);
            }
          }
        } else {
          A* wide = static_cast<A*>(thread_scratch(static_cast<size_t>(n) * sizeof(A), kWideSlot));
          reduce_as<Op>(x, wide, passes);
          for (int64_t i = 0; i < n; ++i) y[i] = static_cast<D>(wide[i] / static_cast<A>(divisor));
        }
      }
    });
  });
}

template <bool kMax>
void arg_kernel(const KernelContext& c, const Pass& p) {
  int32_t* y = c.out[0].as<int32_t>();
  const int64_t grain =
      std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(1, p.reduce * p.inner));
  const auto fast = kMax ? kernels::table().argmax : kernels::table().argmin;
  if (c.in[0].dtype() == DType::kFloat32 && fast) {
    const float* x = c.in[0].as<const float>();
    return parallel_for(p.outer, grain, [=](int64_t begin, int64_t end) {
      fast(x, y, begin, end, p.reduce, p.inner);
    });
  }
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T* x = c.in[0].as<const T>();
    parallel_for(p.outer, grain, [=](int64_t begin, int64_t end) {
      reference::arg_rows<kMax>(x, y, begin, end, p.reduce, p.inner);
    });
  });
}

struct ExtremumAttrs : AttrsOf<ExtremumAttrs> {
  std::optional<IntList> axis;
  bool keepdims = false;
  std::optional<double> initial;
  NACRE_ATTRS(axis, keepdims, initial)
};
struct ProdAttrs : AttrsOf<ProdAttrs> {
  std::optional<IntList> axis;
  bool keepdims = false;
  std::optional<DType> dtype;
  NACRE_ATTRS(axis, keepdims, dtype)
};
struct ArgAttrs : AttrsOf<ArgAttrs> {
  std::optional<int64_t> axis;
  bool keepdims = false;
  NACRE_ATTRS(axis, keepdims)
};

// Keras 3 on JAX: bool and small integers are summed in 32 bits.
DType sum_dtype(DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kInt8:
    case DType::kInt16:
      return DType::kInt32;
    case DType::kUInt8:
    case DType::kUInt16:
      return DType::kUInt32;
    default:
      return dtype;
  }
}

Tensors sum_backward(const BackwardContext& c) {
  const Tensor& x = c.inputs[0];
  if (!is_floating(x.dtype())) return {Tensor()};
  const auto& axis = c.attrs_as<ReduceAttrs>().axis;
  return {ops::broadcast_to(keep_axes(c.grads[0], x, axis, "sum"), x.shape())};
}

Tensors mean_backward(const BackwardContext& c) {
  const Tensor& x = c.inputs[0];
  const auto& axis = c.attrs_as<ReduceAttrs>().axis;
  const double count = static_cast<double>(reduced_count(x.shape(), axis, "mean"));
  const Tensor share = c.grads[0] / count;
  return {ops::broadcast_to(keep_axes(share, x, axis, "mean"), x.shape())};
}

// Equal elements share the gradient.
Tensors extremum_backward(const BackwardContext& c) {
  const Tensor& x = c.inputs[0];
  if (!is_floating(x.dtype())) return {Tensor()};
  const auto& axis = c.attrs_as<ExtremumAttrs>().axis;
  const Tensor y = keep_axes(c.outputs[0], x, axis, "max");
  const Tensor g = keep_axes(c.grads[0], x, axis, "max");
  const Tensor hit = ops::cast(ops::equal(x, y), x.dtype());
  const Tensor count = ops::maximum(ops::sum(hit, axis, true), ops::scalar(1));
  return {hit * (g / count)};
}

template <class Op>
std::vector<TensorSpec> infer_extremum(const InferContext& c) {
  const auto& a = c.attrs_as<ExtremumAttrs>();
  const Shape& in = c.shape(0);
  if (!a.initial && reduced_count(in, a.axis, c.op) == 0) {
    value_error(c.op, ": expected at least one element to reduce, received shape ", in);
  }
  return {{c.dtype(0), reduced_shape(in, a.axis, a.keepdims, c.op)}};
}

template <class Op>
void extremum_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<ExtremumAttrs>();
  reduce_kernel<Op>(c, a.axis, 1);
  if (!a.initial) return;
  dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    using A = reference::Compute<T>;
    T* y = c.out[0].as<T>();
    const A start = reference::convert<A>(*a.initial);
    for (int64_t i = 0; i < c.out[0].size(); ++i) {
      y[i] = static_cast<T>(Op::combine(static_cast<A>(y[i]), start));
    }
  });
}

template <class Op>
void add_extremum(OpRegistry& registry, const char* name, const char* doc) {
  OpDef def;
  def.name = name;
  def.params = "x, axis, keepdims, initial";
  def.doc = doc;
  def.make_attrs = make_attrs_of<ExtremumAttrs>;
  def.infer = infer_extremum<Op>;
  def.kernel = extremum_kernel<Op>;
  def.backward = extremum_backward;
  serve_halves(def);
  registry.add(std::move(def));
}

Pass arg_pass(const Shape& in, const std::optional<int64_t>& axis, std::string_view op) {
  if (!axis) return {1, in.size(), 1};
  const int a = normalize_axis(*axis, in.rank(), op);
  return {in.size(0, a), in[a], in.size(a + 1, in.rank())};
}

template <bool kMax>
void add_arg(OpRegistry& registry, const char* name, const char* doc) {
  OpDef def;
  def.name = name;
  def.params = "x, axis, keepdims";
  def.doc = doc;
  def.make_attrs = make_attrs_of<ArgAttrs>;
  def.infer = [](const InferContext& c) {
    const auto& a = c.attrs_as<ArgAttrs>();
    std::optional<IntList> axes;
    if (a.axis) axes = IntList{*a.axis};
    const Shape out = reduced_shape(c.shape(0), axes, a.keepdims, c.op);
    if (reduced_count(c.shape(0), axes, c.op) == 0) {
      value_error(c.op, ": expected at least one element, received shape ", c.shape(0));
    }
    return std::vector<TensorSpec>{{DType::kInt32, out}};
  };
  def.kernel = [](const KernelContext& c) {
    arg_kernel<kMax>(c, arg_pass(c.in[0].shape(), c.attrs_as<ArgAttrs>().axis, "argmax"));
  };
  serve_halves(def);
  def.differentiable = false;
  registry.add(std::move(def));
}

std::vector<TensorSpec> infer_sum(const InferContext& c) {
  const auto& a = c.attrs_as<ReduceAttrs>();
  return {{sum_dtype(c.dtype(0)), reduced_shape(c.shape(0), a.axis, a.keepdims, c.op)}};
}

std::vector<TensorSpec> infer_mean(const InferContext& c) {
  const auto& a = c.attrs_as<ReduceAttrs>();
  return {{c.dtype(0), reduced_shape(c.shape(0), a.axis, a.keepdims, c.op)}};
}

// float16 and bfloat16 lose the small differences that a variance is made of.
Tensor var_of(const Tensor& x, const std::optional<IntList>& axis, bool keepdims) {
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : floatx();
  const bool half = dtype == DType::kFloat16 || dtype == DType::kBFloat16;
  const Tensor wide = ops::cast(x, half ? DType::kFloat32 : dtype);
  const Tensor deviation = wide - ops::mean(wide, axis, true);
  return ops::cast(ops::mean(ops::square(deviation), axis, keepdims), dtype);
}

Tensor logsumexp_of(const Tensor& x, const std::optional<IntList>& axis, bool keepdims) {
  const Tensor wide = is_floating(x.dtype()) ? x : ops::cast(x, floatx());
  Tensor high = ops::stop_gradient(ops::max(wide, axis, true));
  high = ops::where(ops::isfinite(high), high, ops::scalar(0));
  const Tensor total = ops::log(ops::sum(ops::exp(wide - high), axis, true)) + high;
  if (keepdims) return total;
  if (!axis) return ops::reshape(total, Shape{});
  return axis->empty() ? total : ops::squeeze(total, axis);
}

void add_composite(OpRegistry& registry, const char* name, const char* doc,
                   Tensor (*f)(const Tensor&, const std::optional<IntList>&, bool),
                   bool differentiable = true) {
  OpDef def;
  def.name = name;
  def.params = "x, axis, keepdims";
  def.doc = doc;
  def.make_attrs = make_attrs_of<ReduceAttrs>;
  def.composite = [f](std::span<const Tensor> inputs, const Attrs* attrs) {
    const auto& a = *static_cast<const ReduceAttrs*>(attrs);
    return Tensors{f(inputs[0], a.axis, a.keepdims)};
  };
  def.differentiable = differentiable;
  registry.add(std::move(def));
}

Tensor any_of(const Tensor& x, const std::optional<IntList>& axis, bool keepdims) {
  static const OpDef& op = find_op("max");
  auto attrs = make_ref<ExtremumAttrs>();
  attrs->axis = axis;
  attrs->keepdims = keepdims;
  attrs->initial = 0;
  return apply_one(op, {ops::cast(x, DType::kBool)}, std::move(attrs));
}

Tensor all_of(const Tensor& x, const std::optional<IntList>& axis, bool keepdims) {
  static const OpDef& op = find_op("min");
  auto attrs = make_ref<ExtremumAttrs>();
  attrs->axis = axis;
  attrs->keepdims = keepdims;
  attrs->initial = 1;
  return apply_one(op, {ops::cast(x, DType::kBool)}, std::move(attrs));
}

}  // namespace

void register_reduction_ops(OpRegistry& registry) {
  const auto add = [&](const char* name, const char* doc, InferFn infer, KernelFn kernel,
                       BackwardFn backward, Promote promote, bool internal = false) {
    OpDef def;
    def.name = name;
    def.params = "x, axis, keepdims";
    def.doc = doc;
    def.make_attrs = make_attrs_of<ReduceAttrs>;
    def.promote = promote;
    def.infer = std::move(infer);
    def.kernel = std::move(kernel);
    // Taken as they are: widened row by row.
    serve_halves(
        def, [](const Attrs*, std::span<const Buffer>, std::span<const Buffer>) { return true; });
    def.backward = std::move(backward);
    def.internal = internal;
    registry.add(std::move(def));
  };
  add(
      "sum", "Sum of `x` over `axis`; bool and integers below 32 bits are summed in 32 bits.",
      infer_sum,
      [](const KernelContext& c) {
        reduce_kernel<reference::SumOp>(c, c.attrs_as<ReduceAttrs>().axis, 1);
      },
      sum_backward, Promote::kNone);
  add(
      "mean", "Arithmetic mean of `x` over `axis`; of integers in floatx.", infer_mean,
      [](const KernelContext& c) {
        const auto& axis = c.attrs_as<ReduceAttrs>().axis;
        const int64_t count = reduced_count(c.in[0].shape(), axis, "mean");
        reduce_kernel<reference::SumOp>(c, axis, static_cast<double>(count));
      },
      mean_backward, Promote::kCommonFloat);
  add_extremum<reference::MaxOp>(
      registry, "max", "Largest element of `x` over `axis`, at least `initial`; NaN if one is.");
  add_extremum<reference::MinOp>(
      registry, "min", "Smallest element of `x` over `axis`, at most `initial`; NaN if one is.");
  add_arg<true>(registry, "argmax", "Index of the first maximum of `x` along `axis`, int32.");
  add_arg<false>(registry, "argmin", "Index of the first minimum of `x` along `axis`, int32.");

  OpDef prod;
  prod.name = "prod";
  prod.params = "x, axis, keepdims, dtype";
  prod.doc = "Product of `x` over `axis`, computed in `dtype`.";
  prod.make_attrs = make_attrs_of<ProdAttrs>;
  prod.composite = [](std::span<const Tensor> inputs, const Attrs* attrs) {
    const auto& a = *static_cast<const ProdAttrs*>(attrs);
    const Tensor x = a.dtype ? ops::cast(inputs[0], *a.dtype) : inputs[0];
    const Tensor y = ops::prod(x, a.axis, a.keepdims);
    return Tensors{a.dtype ? ops::cast(y, *a.dtype) : y};
  };
  registry.add(std::move(prod));
  add(
      "reduce_prod", "Product of `x` over `axis`.", infer_sum,
      [](const KernelContext& c) {
        reduce_kernel<reference::ProdOp>(c, c.attrs_as<ReduceAttrs>().axis, 1);
      },
      product_backward, Promote::kNone, true);

  add_composite(registry, "var", "Variance of `x` over `axis`, about its mean.", var_of);
  add_composite(registry, "std", "Standard deviation of `x` over `axis`.",
                [](const Tensor& x, const std::optional<IntList>& axis, bool keepdims) {
                  return ops::sqrt(var_of(x, axis, keepdims));
                });
  add_composite(registry, "logsumexp", "log(sum(exp(`x`))) over `axis`, without overflow.",
                logsumexp_of);
  add_composite(registry, "any", "Whether any element of `x` over `axis` is true.", any_of, false);
  add_composite(registry, "all", "Whether all elements of `x` over `axis` are true.", all_of,
                false);
}

namespace ops {
namespace {

template <class A>
Tensor reduce(const OpDef& op, const Tensor& x, const Axes& axis, bool keepdims) {
  auto attrs = make_ref<A>();
  attrs->axis = axis;
  attrs->keepdims = keepdims;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor reduce_arg(const OpDef& op, const Tensor& x, std::optional<int64_t> axis, bool keepdims) {
  auto attrs = make_ref<ArgAttrs>();
  attrs->axis = axis;
  attrs->keepdims = keepdims;
  return apply_one(op, {x}, std::move(attrs));
}

}  // namespace

#define NACRE_DEFINE_REDUCTION(function, name, AttrsType)             \
  Tensor function(const Tensor& x, const Axes& axis, bool keepdims) { \
    static const OpDef& op = find_op(name);                           \
    return reduce<AttrsType>(op, x, axis, keepdims);                  \
  }
NACRE_DEFINE_REDUCTION(sum, "sum", ReduceAttrs)
NACRE_DEFINE_REDUCTION(mean, "mean", ReduceAttrs)
NACRE_DEFINE_REDUCTION(var, "var", ReduceAttrs)
NACRE_DEFINE_REDUCTION(prod, "reduce_prod", ReduceAttrs)
NACRE_DEFINE_REDUCTION(logsumexp, "logsumexp", ReduceAttrs)
NACRE_DEFINE_REDUCTION(any, "any", ReduceAttrs)
NACRE_DEFINE_REDUCTION(all, "all", ReduceAttrs)
NACRE_DEFINE_REDUCTION(max, "max", ExtremumAttrs)
NACRE_DEFINE_REDUCTION(min, "min", ExtremumAttrs)
#undef NACRE_DEFINE_REDUCTION

Tensor argmax(const Tensor& x, std::optional<int64_t> axis, bool keepdims) {
  static const OpDef& op = find_op("argmax");
  return reduce_arg(op, x, axis, keepdims);
}

Tensor argmin(const Tensor& x, std::optional<int64_t> axis, bool keepdims) {
  static const OpDef& op = find_op("argmin");
  return reduce_arg(op, x, axis, keepdims);
}

}  // namespace ops
}  // namespace nacre
