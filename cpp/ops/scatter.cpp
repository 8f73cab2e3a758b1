// Writing rows at positions that are data: scatter, scatter_update, segment reductions.
#include <algorithm>
#include <cstring>

#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/index_operand.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/reduce.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct ReductionAttrs : AttrsOf<ReductionAttrs> {
  std::optional<std::string> reduction;
  NACRE_ATTRS(reduction)
};
struct ShapeAttrs : AttrsOf<ShapeAttrs> {
  IntList shape;
  NACRE_ATTRS(shape)
};
struct SegmentAttrs : AttrsOf<SegmentAttrs> {
  std::optional<int64_t> num_segments;
  bool sorted = false;
  NACRE_ATTRS(num_segments, sorted)
};

// What a repeated index does to the row that is there.
enum class Mode : uint8_t { kSet, kAdd, kMul, kMax, kMin };

Mode mode_of(const std::optional<std::string>& reduction) {
  if (!reduction) return Mode::kSet;
  if (*reduction == "add") return Mode::kAdd;
  if (*reduction == "mul") return Mode::kMul;
  if (*reduction == "max") return Mode::kMax;
  if (*reduction == "min") return Mode::kMin;
  value_error("scatter_update: expected reduction None, 'add', 'max', 'min' or 'mul', received '",
              *reduction, "'");
}

template <class T, class I, class Combine>
void scatter_rows(const I* indices, const T* updates, T* y, int64_t count, int64_t rows,
                  int64_t inner, Combine combine) {
  using C = reference::Compute<T>;
  // Columns are spread over threads, so that the rows are met in the order of the indices.
  const int64_t columns = std::max<int64_t>(16, kElementwiseGrain / std::max<int64_t>(1, count));
  parallel_for(inner, columns, [=](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = wrap_index(static_cast<int64_t>(indices[i]), rows, "scatter_update");
      T* d = y + at * inner;
      const T* s = updates + i * inner;
      for (int64_t j = begin; j < end; ++j) {
        d[j] = static_cast<T>(combine(static_cast<C>(d[j]), static_cast<C>(s[j])));
      }
    }
  });
}

// inputs (rows, ...), indices (n), updates (n, ...).
void scatter_kernel(const KernelContext& c) {
  const Mode mode = mode_of(c.attrs_as<ReductionAttrs>().reduction);
  if (c.out[0].size() == 0) return;
  if (c.out[0].data != c.in[0].data) {
    std::memcpy(c.out[0].data, c.in[0].data, c.out[0].spec->bytes());
  }
  const int64_t rows = c.out[0].shape()[0];
  const int64_t inner = c.out[0].size() / rows;
  with_indices(c.in[1], [&](const auto* indices) {
    dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
      const T* updates = c.in[2].as<const T>();
      const auto run = [&](auto combine) {
        scatter_rows(indices, updates, c.out[0].as<T>(), c.in[1].size(), rows, inner, combine);
      };
      switch (mode) {
        case Mode::kSet:
          return run([](auto, auto b) { return b; });
        case Mode::kAdd:
          return run(reference::Add{});
        case Mode::kMul:
          return run(reference::Mul{});
        case Mode::kMax:
          return run(reference::Maximum{});
        case Mode::kMin:
          return run(reference::Minimum{});
      }
    });
  });
}

Tensor scatter_into(const Tensor& inputs, const Tensor& indices, const Tensor& updates,
                    const std::optional<std::string>& reduction) {
  static const OpDef& op = find_op("scatter_rows");
  auto attrs = make_ref<ReductionAttrs>();
  attrs->reduction = reduction;
  return apply_one(op, {inputs, indices, updates}, std::move(attrs));
}

Tensors scatter_backward(const BackwardContext& c) {
  const auto& reduction = c.attrs_as<ReductionAttrs>().reduction;
  const Tensor& g = c.grads[0];
  const Tensor& x = c.inputs[0];
  const Tensor& at = c.inputs[1];
  const Tensor& updates = c.inputs[2];
  const Tensor& y = c.outputs[0];
  const auto rows = [&](const Tensor& t) { return ops::take(t, at, 0); };
  Tensors grads(3);
  switch (mode_of(reduction)) {
    case Mode::kSet:
      if (c.needs[0]) grads[0] = scatter_into(g, at, ops::zeros_like(updates), std::nullopt);
      if (c.needs[2]) grads[2] = rows(g);
      break;
    case Mode::kAdd:
      grads[0] = g;
      if (c.needs[2]) grads[2] = rows(g);
      break;
    case Mode::kMul:
      if (c.needs[0]) grads[0] = g * scatter_into(ops::ones_like(x), at, updates, "mul");
      if (c.needs[2]) grads[2] = rows(g * y) / updates;
      break;
    case Mode::kMax:
    case Mode::kMin: {
      // Equal candidates share, as in max.
      const Tensor old_wins = ops::cast(ops::equal(x, y), g.dtype());
      const Tensor new_wins = ops::cast(ops::equal(updates, rows(y)), g.dtype());
      const Tensor share =
          g / ops::maximum(scatter_into(old_wins, at, new_wins, "add"), ops::scalar(1));
      if (c.needs[0]) grads[0] = share * old_wins;
      if (c.needs[2]) grads[2] = rows(share) * new_wins;
      break;
    }
  }
  return grads;
}

// `indices` (..., k) over the first k axes of an array of `shape`: the row-major positions, flat.
Tensor flat_positions(const Tensor& indices, const Shape& shape, int64_t k) {
  Tensors columns;
  IntList dims;
  for (int64_t i = 0; i < k; ++i) {
    columns.push_back(ops::reshape(ops::slice_axis(indices, -1, i, 1), {-1}));
    dims.push_back(shape[static_cast<int>(i)]);
  }
  return ravel_indices(columns, dims);
}

Tensor scatter_nd(const Tensor& inputs, const Tensor& raw_indices, const Tensor& raw_updates,
                  const std::optional<std::string>& reduction, const char* op) {
  mode_of(reduction);
  const Tensor indices = index_operand(raw_indices, op);
  const Tensor updates = to_dtype(raw_updates, inputs.dtype());
  const Shape& shape = inputs.shape();
  const int64_t k = indices.rank() ? indices.shape().back() : 0;
  if (k < 1 || k > shape.rank()) {
    value_error(op, ": expected indices whose last axis is 1 to ", shape.rank(),
                " long, received shape ", indices.shape());
  }
  Shape expected;
  for (int i = 0; i + 1 < indices.rank(); ++i) expected.push_back(indices.shape()[i]);
  for (int i = static_cast<int>(k); i < shape.rank(); ++i) expected.push_back(shape[i]);
  if (updates.shape().is_known() && expected.is_known() && !(updates.shape() == expected)) {
    broadcast_shapes(updates.shape(), expected, op);
  }
  const Tensor wide = updates.shape() == expected || !expected.is_known()
                          ? updates
                          : ops::broadcast_to(updates, expected);
  Shape rows{-1};
  for (int i = static_cast<int>(k); i < shape.rank(); ++i) rows.push_back(shape[i]);
  const Tensor y =
      scatter_into(k == 1 ? inputs : ops::reshape(inputs, rows), flat_positions(indices, shape, k),
                   ops::reshape(wide, rows), reduction);
  return k == 1 ? y : ops::reshape(y, shape);
}

// The value that leaves the others as they are, for segments without elements.
double identity_of(Mode mode, DType dtype) {
  const auto limit = [&](bool lowest) {
    return dispatch(dtype, [&]<class T>(type_tag<T>) {
      using C = reference::Compute<T>;
      return static_cast<double>(lowest ? reference::MaxOp::identity<C>()
                                        : reference::MinOp::identity<C>());
    });
  };
  switch (mode) {
    case Mode::kMul:
      return 1;
    case Mode::kMax:
      return limit(true);
    case Mode::kMin:
      return limit(false);
    default:
      return 0;
  }
}

void add_segment(OpRegistry& registry, const char* name, const char* what, const char* reduction) {
  add_composite(
      registry, name, "data, segment_ids, num_segments, sorted",
      std::string(what) +
          " of the rows of `data` with the same id in `segment_ids` (1-D); without "
          "`num_segments` there are as many as the largest id asks for.",
      [name, reduction](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<SegmentAttrs>(attrs);
        const Tensor& data = in[0];
        const Tensor ids = index_operand(in[1], name);
        if (ids.rank() != 1 || data.rank() < 1) {
          value_error(name, ": expected segment_ids of rank 1, received shape ", ids.shape());
        }
        Shape shape = data.shape();
        if (a.num_segments) {
          shape[0] = *a.num_segments;
        } else {
          const Tensor last = ops::max(ids);
          observe_value(last, name);
          shape[0] = last.item_int() + 1;
        }
        const Mode mode = mode_of(std::string(reduction));
        const Tensor start = ops::full(shape, identity_of(mode, data.dtype()), data.dtype());
        return Tensors{scatter_into(start, ids, data, std::string(reduction))};
      },
      make_attrs_of<SegmentAttrs>);
}

}  // namespace

void register_scatter_ops(OpRegistry& registry) {
  OpDef rows;
  rows.name = "scatter_rows";
  rows.params = "inputs, indices, updates, reduction";
  rows.doc = "`inputs` with the rows at `indices` (1-D) set to, or combined with, `updates`.";
  rows.make_attrs = make_attrs_of<ReductionAttrs>;
  rows.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0].spec()}; };
  rows.kernel = scatter_kernel;
  rows.backward = scatter_backward;
  rows.internal = true;
  registry.add(std::move(rows));

  add_composite(
      registry, "scatter_update", "inputs, indices, updates, reduction",
      "`inputs` with the elements (or slices) at `indices` (..., k) set to `updates`; `reduction` "
      "'add', 'max', 'min' or 'mul' combines instead.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<ReductionAttrs>(attrs);
        return Tensors{scatter_nd(in[0], in[1], in[2], a.reduction, "scatter_update")};
      },
      make_attrs_of<ReductionAttrs>);
  add_composite(
      registry, "scatter", "indices, values, shape!",
      "Zeros of `shape` to which `values` are added at `indices` (..., k).",
      [](Inputs in, const Attrs* attrs) {
        const Shape shape(attrs_as<ShapeAttrs>(attrs).shape);
        const Tensor zeros = ops::full(shape, 0, in[1].dtype());
        return Tensors{scatter_nd(zeros, in[0], in[1], std::string("add"), "scatter")};
      },
      make_attrs_of<ShapeAttrs>);
  add_segment(registry, "segment_sum", "Sum", "add");
  add_segment(registry, "segment_prod", "Product", "mul");
  add_segment(registry, "segment_max", "Maximum", "max");
  add_segment(registry, "segment_min", "Minimum", "min");
}

}  // namespace nacre
