// Classes and counts: one_hot, multi_hot, nonzero, bincount, histogram.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/index_operand.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct OneHotAttrs : AttrsOf<OneHotAttrs> {
  int64_t num_classes = 0;
  int64_t axis = -1;
  std::optional<DType> dtype;
  bool sparse = false;
  NACRE_ATTRS(num_classes, axis, dtype, sparse)
};
struct MultiHotAttrs : AttrsOf<MultiHotAttrs> {
  std::optional<int64_t> num_classes;
  int64_t axis = -1;
  std::optional<DType> dtype;
  bool sparse = false;
  NACRE_ATTRS(num_classes, axis, dtype, sparse)
};
struct BincountAttrs : AttrsOf<BincountAttrs> {
  int64_t minlength = 0;
  bool sparse = false;
  NACRE_ATTRS(minlength, sparse)
};
struct HistogramAttrs : AttrsOf<HistogramAttrs> {
  int64_t bins = 10;
  std::optional<FloatList> range;
  NACRE_ATTRS(bins, range)
};
struct UnravelAttrs : AttrsOf<UnravelAttrs> {
  IntList shape;
  NACRE_ATTRS(shape)
};

void refuse_sparse(bool sparse, const char* op) {
  if (sparse)
    value_error(op, ": expected sparse=False, received True: there are no sparse tensors");
}

void one_hot_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<OneHotAttrs>();
  const Shape& out = c.out[0].shape();
  if (c.out[0].size() == 0) return;
  const int axis = normalize_axis(a.axis, out.rank(), "one_hot");
  const int64_t inner = out.size(axis + 1, out.rank());
  std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
  with_indices(c.in[0], [&](const auto* x) {
    dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
      T* y = c.out[0].as<T>();
      for (int64_t i = 0; i < c.in[0].size(); ++i) {
        const auto label = static_cast<int64_t>(x[i]);
        if (label < 0 || label >= a.num_classes) continue;
        y[(i / inner * a.num_classes + label) * inner + i % inner] = static_cast<T>(1.0F);
      }
    });
  });
}

Tensor histogram_counts(const Tensor& x, int64_t bins, double low, double high) {
  std::vector<int32_t> counts(static_cast<size_t>(bins), 0);
  dispatch(x.dtype(), [&]<class T>(type_tag<T>) {
    const T* data = x.data<T>();
    for (int64_t i = 0; i < x.size(); ++i) {
      const auto v = static_cast<double>(data[i]);
      if (!(v >= low && v <= high)) continue;
      const auto bin = static_cast<int64_t>((v - low) / (high - low) * static_cast<double>(bins));
      ++counts[static_cast<size_t>(std::min(bin, bins - 1))];
    }
  });
  return Tensor::from(counts, {bins});
}

Tensors histogram(const Tensor& x, const HistogramAttrs& a) {
  if (a.bins < 1) value_error("histogram: expected bins of at least 1, received ", a.bins);
  double low = 0;
  double high = 1;
  observe_value(x, "histogram");
  if (a.range) {
    if (a.range->size() != 2 || !((*a.range)[0] < (*a.range)[1])) {
      value_error("histogram: expected range (low, high) with low < high, received ",
                  to_string(AttrValue(*a.range)));
    }
    low = (*a.range)[0];
    high = (*a.range)[1];
  } else if (x.size() > 0) {
    low = ops::min(x).item();
    high = ops::max(x).item();
    if (low == high) {
      low -= 0.5;
      high += 0.5;
    }
  }
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : floatx();
  std::vector<double> edges;
  for (int64_t i = 0; i <= a.bins; ++i) {
    edges.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(a.bins));
  }
  return {ops::cast(histogram_counts(x, a.bins, low, high), dtype),
          ops::cast(Tensor::from(edges, {a.bins + 1}), dtype)};
}

Tensor bincount(const Tensor& raw, const Tensor& weights, int64_t minlength) {
  const Tensor x = index_operand(raw, "bincount");
  if (x.rank() < 1 || x.rank() > 2) {
    value_error("bincount: expected x of rank 1 or 2, received shape ", x.shape());
  }
  observe_value(x, "bincount");
  int64_t length = minlength;
  if (x.size() > 0) {
    if (const int64_t low = ops::min(x).item_int(); low < 0) {
      value_error("bincount: expected values of at least 0, received ", low);
    }
    length = std::max(length, ops::max(x).item_int() + 1);
  }
  if (weights.defined() && !(weights.shape() == x.shape())) {
    value_error("bincount: expected weights of shape ", x.shape(), ", received ", weights.shape());
  }
  const Tensor amount = weights.defined() ? weights : ops::full(x.shape(), 1, DType::kInt32);
  if (x.rank() == 1) return ops::scatter_add(amount, x, length);
  // Each row counts into its own segment of one long line.
  const int64_t rows = x.shape()[0];
  std::vector<int32_t> starts;
  for (int64_t r = 0; r < rows; ++r) starts.push_back(static_cast<int32_t>(r * length));
  const Tensor at = ops::add(x, Tensor::from(starts, {rows, 1}));
  const Tensor flat =
      ops::scatter_add(ops::reshape(amount, {-1}), ops::reshape(at, {-1}), rows * length);
  return ops::reshape(flat, {rows, length});
}

}  // namespace

void register_one_hot_ops(OpRegistry& registry) {
  OpDef def;
  def.name = "one_hot_classes";
  def.params = "x, num_classes!, axis, dtype, sparse";
  def.doc = "One-hot vectors of integer classes.";
  def.make_attrs = make_attrs_of<OneHotAttrs>;
  def.infer = [](const InferContext& c) {
    const auto& a = c.attrs_as<OneHotAttrs>();
    if (a.num_classes < 0) {
      value_error("one_hot: expected num_classes of at least 0, received ", a.num_classes);
    }
    Shape out = c.shape(0);
    out.insert(normalize_axis(a.axis, out.rank() + 1, "one_hot"), a.num_classes);
    return std::vector<TensorSpec>{{a.dtype.value_or(floatx()), out}};
  };
  def.kernel = one_hot_kernel;
  def.differentiable = false;
  def.internal = true;
  registry.add(std::move(def));

  add_composite(
      registry, "one_hot", "x, num_classes!, axis, dtype, sparse",
      "Vectors of `num_classes` along a new `axis`, 1 at the class in `x` and 0 elsewhere; all 0 "
      "for "
      "a class out of range.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<OneHotAttrs>(attrs);
        refuse_sparse(a.sparse, "one_hot");
        return Tensors{ops::one_hot(in[0], a.num_classes, a.axis, a.dtype.value_or(floatx()))};
      },
      make_attrs_of<OneHotAttrs>);
  add_composite(
      registry, "multi_hot", "inputs, num_classes, axis, dtype, sparse",
      "Vectors of `num_classes`, 1 at every class that the row of `inputs` names and 0 elsewhere.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<MultiHotAttrs>(attrs);
        refuse_sparse(a.sparse, "multi_hot");
        if (!a.num_classes) value_error("multi_hot: expected num_classes, received None");
        const Tensor hot = ops::one_hot(in[0], *a.num_classes, a.axis, a.dtype.value_or(floatx()));
        return Tensors{ops::max(hot, IntList{in[0].rank() > 1 ? 1 : 0})};
      },
      make_attrs_of<MultiHotAttrs>);
  add_composite(
      registry, "nonzero", "x",
      "The indices of the elements of `x` that are not zero: one int32 tensor an axis, in "
      "row-major order. Reads the data.",
      [](Inputs in, const Attrs*) { return ops::nonzero(in[0]); });
  add_composite(
      registry, "bincount", "x, weights?, minlength, sparse",
      "How often each integer from 0 occurs in `x` (in each row of a 2-D `x`), or the sum of the "
      "`weights` there; at least `minlength` long. Reads the data.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<BincountAttrs>(attrs);
        refuse_sparse(a.sparse, "bincount");
        return Tensors{bincount(in[0], in[1], a.minlength)};
      },
      make_attrs_of<BincountAttrs>);
  add_composite(
      registry, "histogram", "x, bins, range",
      "How many elements of `x` lie in each of `bins` equal intervals of `range` (from the "
      "smallest "
      "to the largest for None), and the edges of the intervals. Reads the data.",
      [](Inputs in, const Attrs* attrs) {
        return histogram(in[0], attrs_as<HistogramAttrs>(attrs));
      },
      make_attrs_of<HistogramAttrs>);
  add_composite(
      registry, "unravel_index", "indices, shape!",
      "The index along each axis of an array of `shape` of the elements at the row-major "
      "`indices`.",
      [](Inputs in, const Attrs* attrs) {
        const Shape shape(attrs_as<UnravelAttrs>(attrs).shape);
        Tensor rest = index_operand(in[0], "unravel_index");
        Tensors result(static_cast<size_t>(shape.rank()));
        for (int axis = shape.rank() - 1; axis >= 0; --axis) {
          const Tensor dim = ops::cast(Tensor::scalar(shape[axis]), rest.dtype());
          result[static_cast<size_t>(axis)] = ops::mod(rest, dim);
          rest = ops::floor_divide(rest, dim);
        }
        return result;
      },
      make_attrs_of<UnravelAttrs>);
}

namespace ops {

Tensor one_hot(const Tensor& x, int64_t num_classes, int64_t axis, DType dtype) {
  static const OpDef& op = find_op("one_hot_classes");
  auto attrs = make_ref<OneHotAttrs>();
  attrs->num_classes = num_classes;
  attrs->axis = axis;
  attrs->dtype = dtype;
  // Keras takes labels of any dtype.
  const Tensor labels = x.dtype() == DType::kInt64 && !x.is_weak() ? x : cast(x, DType::kInt32);
  return apply_one(op, {labels}, std::move(attrs));
}

Tensors nonzero(const Tensor& x) {
  observe_value(x, "nonzero");
  const Tensor mask = cast(x, DType::kBool);
  const bool* data = mask.data<bool>();
  const int rank = std::max(1, x.rank());
  const Shape shape = x.rank() ? x.shape() : Shape{1};
  std::vector<std::vector<int32_t>> found(static_cast<size_t>(rank));
  for (int64_t i = 0; i < x.size(); ++i) {
    if (!data[i]) continue;
    int64_t rest = i;
    for (int axis = rank - 1; axis >= 0; --axis) {
      found[static_cast<size_t>(axis)].push_back(static_cast<int32_t>(rest % shape[axis]));
      rest /= shape[axis];
    }
  }
  Tensors result;
  for (const auto& indices : found) {
    result.push_back(Tensor::from(indices, {static_cast<int64_t>(indices.size())}));
  }
  return result;
}

}  // namespace ops
}  // namespace nacre
