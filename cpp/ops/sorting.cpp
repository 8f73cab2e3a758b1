// Order: sort, argsort, top_k, searchsorted, and what is found by sorting. NaN comes last, as the
// largest value; equal elements keep their order.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/index_operand.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct SortAttrs : AttrsOf<SortAttrs> {
  std::optional<int64_t> axis = -1;
  NACRE_ATTRS(axis)
};
struct PartitionAttrs : AttrsOf<PartitionAttrs> {
  int64_t kth = 0;
  std::optional<int64_t> axis = -1;
  NACRE_ATTRS(kth, axis)
};
struct TopKAttrs : AttrsOf<TopKAttrs> {
  int64_t k = 1;
  bool sorted = true;
  NACRE_ATTRS(k, sorted)
};
struct InTopKAttrs : AttrsOf<InTopKAttrs> {
  int64_t k = 1;
  NACRE_ATTRS(k)
};
struct SideAttrs : AttrsOf<SideAttrs> {
  std::string side = "left";
  NACRE_ATTRS(side)
};
struct UniqueAttrs : AttrsOf<UniqueAttrs> {
  bool sorted = true;
  bool return_index = false;
  bool return_inverse = false;
  bool return_counts = false;
  std::optional<int64_t> axis;
  std::optional<int64_t> size;
  std::optional<double> fill_value;
  NACRE_ATTRS(sorted, return_index, return_inverse, return_counts, axis, size, fill_value)
};

// a < b with NaN above everything.
template <class C>
bool before(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) {
    if (std::isnan(b)) return !std::isnan(a);
  }
  return a < b;
}

// Runs f(line start, step, length, scratch of `length` items of type E) over the lines along axis.
template <class E, class F>
void each_line(const Shape& x, int axis, F f) {
  const int64_t length = x[axis];
  const int64_t inner = x.size(axis + 1, x.rank());
  const int64_t lines = length ? x.size() / length : 0;
  const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / 8 / std::max<int64_t>(1, length));
  parallel_for(lines, grain, [=](int64_t begin, int64_t end) {
    auto* scratch = static_cast<E*>(thread_scratch(static_cast<size_t>(length) * sizeof(E), 2));
    for (int64_t line = begin; line < end; ++line) {
      f(line / inner * length * inner + line % inner, inner, length, scratch);
    }
  });
}

int axis_of(const KernelContext& c) {
  return normalize_axis(*c.attrs_as<SortAttrs>().axis, c.in[0].shape().rank(), "sort");
}

void sort_kernel(const KernelContext& c) {
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* x = c.in[0].as<const T>();
    T* y = c.out[0].as<T>();
    each_line<C>(c.in[0].shape(), axis_of(c), [=](int64_t at, int64_t step, int64_t n, C* line) {
      for (int64_t i = 0; i < n; ++i) line[i] = static_cast<C>(x[at + i * step]);
      std::stable_sort(line, line + n, before<C>);
      for (int64_t i = 0; i < n; ++i) y[at + i * step] = static_cast<T>(line[i]);
    });
  });
}

void argsort_kernel(const KernelContext& c) {
  int32_t* y = c.out[0].as<int32_t>();
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* x = c.in[0].as<const T>();
    each_line<int32_t>(
        c.in[0].shape(), axis_of(c), [=](int64_t at, int64_t step, int64_t n, int32_t* order) {
          std::iota(order, order + n, 0);
          std::stable_sort(order, order + n, [=](int32_t a, int32_t b) {
            return before(static_cast<C>(x[at + a * step]), static_cast<C>(x[at + b * step]));
          });
          for (int64_t i = 0; i < n; ++i) y[at + i * step] = order[i];
        });
  });
}

void top_k_kernel(const KernelContext& c) {
  const int64_t k = c.attrs_as<TopKAttrs>().k;
  int32_t* indices = c.out[1].as<int32_t>();
  const Shape& shape = c.in[0].shape();
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* x = c.in[0].as<const T>();
    T* y = c.out[0].as<T>();
    each_line<int32_t>(shape, shape.rank() - 1,
                       [=](int64_t at, int64_t, int64_t n, int32_t* order) {
                         const T* row = x + at;
                         std::iota(order, order + n, 0);
                         std::partial_sort(order, order + k, order + n, [=](int32_t a, int32_t b) {
                           const C va = static_cast<C>(row[a]);
                           const C vb = static_cast<C>(row[b]);
                           if (before(vb, va)) return true;
                           return !before(va, vb) && a < b;
                         });
                         for (int64_t i = 0; i < k; ++i) {
                           y[at / n * k + i] = row[order[i]];
                           indices[at / n * k + i] = order[i];
                         }
                       });
  });
}

std::vector<TensorSpec> infer_top_k(const InferContext& c) {
  const int64_t k = c.attrs_as<TopKAttrs>().k;
  Shape out = c.shape(0);
  if (out.rank() == 0) value_error(c.op, ": expected x of rank 1 or more, received a scalar");
  const int64_t length = out.back();
  if (k < 0 || (length != kUnknownDim && k > length)) {
    value_error(c.op, ": expected k in [0, ", length, "], received ", k, " (x: ", out, ")");
  }
  out[out.rank() - 1] = k;
  return {{c.dtype(0), out}, {DType::kInt32, out}};
}

std::vector<TensorSpec> infer_searchsorted(const InferContext& c) {
  if (c.shape(0).rank() != 1) {
    value_error(c.op, ": expected sorted_sequence of rank 1, received shape ", c.shape(0));
  }
  const auto& side = c.attrs_as<SideAttrs>().side;
  if (side != "left" && side != "right") {
    value_error(c.op, ": expected side 'left' or 'right', received '", side, "'");
  }
  return {{DType::kInt32, c.shape(1)}};
}

void searchsorted_kernel(const KernelContext& c) {
  const bool right = c.attrs_as<SideAttrs>().side == "right";
  const int64_t n = c.in[0].size();
  int32_t* y = c.out[0].as<int32_t>();
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* x = c.in[0].as<const T>();
    const T* values = c.in[1].as<const T>();
    parallel_for(c.out[0].size(), kElementwiseGrain / 8, [=](int64_t begin, int64_t end) {
      const auto less = [](const T& a, const T& b) {
        return before(static_cast<C>(a), static_cast<C>(b));
      };
      for (int64_t i = begin; i < end; ++i) {
        const T* found = right ? std::upper_bound(x, x + n, values[i], less)
                               : std::lower_bound(x, x + n, values[i], less);
        y[i] = static_cast<int32_t>(found - x);
      }
    });
  });
}

Tensors unique_of(const Tensor& x, const UniqueAttrs& a) {
  if (a.axis && x.rank() != 1) {
    raise(ErrorKind::kNotImplemented, "unique: expected axis None for an x of rank ", x.rank(),
          ", received ", *a.axis);
  }
  observe_value(x, "unique");
  const int64_t n = x.size();
  std::vector<int32_t> first, counts, inverse(static_cast<size_t>(n));
  dispatch(x.dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* data = x.data<T>();
    std::vector<int32_t> order(static_cast<size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    const auto less = [=](int32_t i, int32_t j) {
      return before(static_cast<C>(data[i]), static_cast<C>(data[j]));
    };
    std::stable_sort(order.begin(), order.end(), less);
    for (const int32_t i : order) {
      if (first.empty() || less(first.back(), i)) {
        first.push_back(i);
        counts.push_back(0);
      }
      ++counts.back();
      inverse[static_cast<size_t>(i)] = static_cast<int32_t>(first.size()) - 1;
    }
  });
  const auto found = static_cast<int64_t>(first.size());
  const int64_t size = a.size.value_or(found);
  first.resize(static_cast<size_t>(size), first.empty() ? 0 : first[0]);
  counts.resize(static_cast<size_t>(size), 0);
  const Tensor index = Tensor::from(first, {size});
  Tensor values = ops::take(ops::reshape(x, {-1}), index, 0);
  if (a.fill_value && size > found) {
    values = ops::concatenate({ops::slice_axis(values, 0, 0, found),
                               ops::full({size - found}, *a.fill_value, x.dtype())});
  }
  Tensors result{values};
  if (a.return_index) result.push_back(index);
  if (a.return_inverse) result.push_back(Tensor::from(inverse, x.shape()));
  if (a.return_counts) result.push_back(Tensor::from(counts, {size}));
  return result;
}

}  // namespace

void register_sorting_ops(OpRegistry& registry) {
  OpDef sort;
  sort.name = "sort_axis";
  sort.params = "x, axis";
  sort.doc = "`x` sorted along `axis`.";
  sort.make_attrs = make_attrs_of<SortAttrs>;
  sort.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0].spec()}; };
  sort.kernel = sort_kernel;
  sort.backward = [](const BackwardContext& c) {
    const Tensor& x = c.inputs[0];
    const int64_t axis = *c.attrs_as<SortAttrs>().axis;
    // The gradient goes back to where each element came from: the inverse permutation.
    const Tensor origin = ops::argsort(ops::argsort(x, axis), axis);
    return Tensors{ops::take_along_axis(c.grads[0], origin, axis)};
  };
  sort.internal = true;
  registry.add(std::move(sort));

  OpDef argsort;
  argsort.name = "argsort_axis";
  argsort.params = "x, axis";
  argsort.doc = "The order of the elements of `x` along `axis`.";
  argsort.make_attrs = make_attrs_of<SortAttrs>;
  argsort.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{{DType::kInt32, c.shape(0)}};
  };
  argsort.kernel = argsort_kernel;
  argsort.differentiable = false;
  argsort.internal = true;
  registry.add(std::move(argsort));

  add_composite(
      registry, "sort", "x, axis",
      "`x` in ascending order along `axis` (flattened for None), NaN last.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::sort(in[0], attrs_as<SortAttrs>(attrs).axis)};
      },
      make_attrs_of<SortAttrs>);
  add_composite(
      registry, "argsort", "x, axis",
      "The int32 indices that sort `x` along `axis` (flattened for None); equal elements keep "
      "their "
      "order, NaN comes last.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::argsort(in[0], attrs_as<SortAttrs>(attrs).axis)};
      },
      make_attrs_of<SortAttrs>);
  add_composite(
      registry, "argpartition", "x, kth!, axis",
      "int32 indices that put the `kth` smallest element of `x` along `axis` in its sorted place, "
      "smaller ones before it.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::argsort(in[0], attrs_as<PartitionAttrs>(attrs).axis)};
      },
      make_attrs_of<PartitionAttrs>);

  OpDef top_k;
  top_k.name = "top_k";
  top_k.params = "x, k!, sorted";
  top_k.doc =
      "The `k` largest elements along the last axis, in descending order, and their int32 indices.";
  top_k.make_attrs = make_attrs_of<TopKAttrs>;
  top_k.infer = infer_top_k;
  top_k.kernel = top_k_kernel;
  top_k.backward = [](const BackwardContext& c) {
    if (!c.grads[0].defined()) return Tensors{Tensor()};
    static const OpDef& op = find_op("take_along_grad");
    auto attrs = op.make_attrs();
    attrs->set(0, c.inputs[0].rank() - 1);
    attrs->set(1, c.inputs[0].shape().back());
    return Tensors{apply_one(op, {c.grads[0], c.outputs[1]}, std::move(attrs))};
  };
  registry.add(std::move(top_k));

  add_composite(
      registry, "in_top_k", "targets, predictions, k!",
      "Whether predictions[i, targets[i]] is among the `k` largest of predictions[i]; ties count.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::in_top_k(in[0], in[1], attrs_as<InTopKAttrs>(attrs).k)};
      },
      make_attrs_of<InTopKAttrs>);

  OpDef search;
  search.name = "searchsorted";
  search.params = "sorted_sequence, values, side";
  search.doc =
      "The int32 index in the ascending 1-D `sorted_sequence` before which each of `values` "
      "belongs; "
      "of equal elements before the first (side 'left') or after the last ('right').";
  search.make_attrs = make_attrs_of<SideAttrs>;
  search.promote = Promote::kCommon;
  search.infer = infer_searchsorted;
  search.kernel = searchsorted_kernel;
  search.differentiable = false;
  registry.add(std::move(search));

  add_composite(registry, "digitize", "x, bins",
                "The index of the bin, between the ascending edges `bins`, that holds each of `x`.",
                [](Inputs in, const Attrs*) {
                  static const OpDef& op = find_op("searchsorted");
                  auto attrs = make_ref<SideAttrs>();
                  attrs->side = "right";
                  return apply(op, {in[1], in[0]}, std::move(attrs));
                });
  add_composite(
      registry, "unique",
      "x, sorted, return_index, return_inverse, return_counts, axis, size, fill_value",
      "The different elements of `x` in ascending order; on request where each first is, the index "
      "among them of each element, and how often each occurs. Reads the data.",
      [](Inputs in, const Attrs* attrs) { return unique_of(in[0], attrs_as<UniqueAttrs>(attrs)); },
      make_attrs_of<UniqueAttrs>);
}

namespace ops {
namespace {

Tensor ordered(const char* name, const Tensor& x, std::optional<int64_t> axis) {
  const OpDef& op = find_op(name);
  auto attrs = make_ref<SortAttrs>();
  const bool flat = !axis || x.rank() == 0;
  attrs->axis = flat ? 0 : normalize_axis(*axis, x.rank(), "sort");
  return apply_one(op, {flat ? reshape(x, {-1}) : x}, std::move(attrs));
}

}  // namespace

Tensor sort(const Tensor& x, std::optional<int64_t> axis) {
  return ordered("sort_axis", x, axis);
}

Tensor argsort(const Tensor& x, std::optional<int64_t> axis) {
  return ordered("argsort_axis", x, axis);
}

std::pair<Tensor, Tensor> top_k(const Tensor& x, int64_t k) {
  static const OpDef& op = find_op("top_k");
  auto attrs = make_ref<TopKAttrs>();
  attrs->k = k;
  const Tensors both = apply(op, {x}, std::move(attrs));
  return {both[0], both[1]};
}

Tensor in_top_k(const Tensor& targets, const Tensor& predictions, int64_t k) {
  const Tensor mine =
      take_along_axis(predictions, expand_dims(index_operand(targets, "in_top_k"), -1), -1);
  const Tensor larger = sum(cast(greater(predictions, mine), DType::kInt32), IntList{-1});
  return logical_and(less(larger, scalar(static_cast<double>(k))),
                     isfinite(squeeze(mine, IntList{-1})));
}

}  // namespace ops
}  // namespace nacre
