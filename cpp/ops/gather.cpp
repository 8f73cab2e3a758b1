// Gathering by arrays of indices.
#include <algorithm>
#include <array>
#include <cstring>

#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/embedding.h"
#include "ops/index_operand.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"

namespace nacre {

Tensor index_operand(const Tensor& indices, std::string_view op) {
  const DType dtype = indices.dtype();
  if (is_floating(dtype) || (dtype == DType::kBool && !indices.is_weak())) {
    type_error(op, ": expected integer indices, received dtype ", dtype);
  }
  if (indices.is_weak()) return to_dtype(indices, DType::kInt32);
  const bool wide = dtype == DType::kInt64 || dtype == DType::kUInt32;
  return ops::cast(indices, wide ? DType::kInt64 : DType::kInt32);
}

namespace {

struct AxisAttrs : AttrsOf<AxisAttrs> {
  int64_t axis = 0;
  NACRE_ATTRS(axis)
};
struct GradAttrs : AttrsOf<GradAttrs> {
  int64_t axis = 0;
  int64_t length = 0;
  NACRE_ATTRS(axis, length)
};
struct DimsAttrs : AttrsOf<DimsAttrs> {
  IntList dims;
  NACRE_ATTRS(dims)
};

std::vector<TensorSpec> infer_take(const InferContext& c) {
  const Shape& x = c.shape(0);
  const Shape& indices = c.shape(1);
  const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, x.rank(), "take");
  Shape out;
  for (int i = 0; i < axis; ++i) out.push_back(x[i]);
  for (const int64_t dim : indices) out.push_back(dim);
  for (int i = axis + 1; i < x.rank(); ++i) out.push_back(x[i]);
  return {{c.dtype(0), out}};
}

void take_kernel(const KernelContext& c) {
  const Shape& x = c.in[0].shape();
  const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, x.rank(), "take");
  const int64_t outer = x.size(0, axis);
  const int64_t length = x[axis];
  const size_t row = static_cast<size_t>(x.size(axis + 1, x.rank())) * size_of(c.in[0].dtype());
  const int64_t count = c.in[1].size();
  if (c.out[0].size() == 0) return;
  const char* from = c.in[0].as<const char>();
  char* to = c.out[0].as<char>();
  const int64_t grain = std::max<int64_t>(1, 4 * kElementwiseGrain / static_cast<int64_t>(row));
  with_indices(c.in[1], [&](const auto* indices) {
    const auto rows = [&](auto copy) {
      parallel_for(outer * count, grain, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t at = wrap_index(static_cast<int64_t>(indices[i % count]), length, "take");
          copy(to + static_cast<size_t>(i) * row,
               from + static_cast<size_t>(i / count * length + at) * row);
        }
      });
    };
    if (row == 4) return rows([](char* d, const char* s) { std::memcpy(d, s, 4); });
    rows([row](char* d, const char* s) { std::memcpy(d, s, row); });
  });
}

template <class T, class I>
void add_rows(const T* g, const I* indices, T* y, int64_t outer, int64_t count, int64_t length,
              int64_t inner) {
  using C = reference::Compute<T>;
  const auto add = [=](T* d, const T* s) {
    for (int64_t i = 0; i < inner; ++i) {
      d[i] = static_cast<T>(reference::Add{}(static_cast<C>(d[i]), static_cast<C>(s[i])));
    }
  };
  if (outer > 1 || count * inner < kElementwiseGrain) {
    parallel_for(
        outer, std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(1, count * inner)),
        [=](int64_t begin, int64_t end) {
          for (int64_t o = begin; o < end; ++o) {
            for (int64_t i = 0; i < count; ++i) {
              const int64_t at = wrap_index(static_cast<int64_t>(indices[i]), length, "take");
              add(y + (o * length + at) * inner, g + (o * count + i) * inner);
            }
          }
        });
    return;
  }
  // A stable counting sort of the positions by row: each row is then summed by one thread, in the
  // order of the indices.
  const auto scratch_bytes = static_cast<size_t>(length + 1 + count) * sizeof(int64_t);
  auto* first = static_cast<int64_t*>(thread_scratch(scratch_bytes, 2));
  int64_t* order = first + length + 1;
  std::fill(first, first + length + 1, 0);
  for (int64_t i = 0; i < count; ++i) {
    ++first[wrap_index(static_cast<int64_t>(indices[i]), length, "take") + 1];
  }
  for (int64_t r = 0; r < length; ++r) first[r + 1] += first[r];
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<int64_t>(indices[i]);
    order[first[at < 0 ? at + length : at]++] = i;  // first[r] ends at the start of row r + 1
  }
  const int64_t work = std::max<int64_t>(1, count * inner / length);
  parallel_for(length, std::max<int64_t>(1, kElementwiseGrain / work),
               [=](int64_t begin, int64_t end) {
                 for (int64_t r = begin; r < end; ++r) {
                   for (int64_t k = r ? first[r - 1] : 0; k < first[r]; ++k) {
                     add(y + r * inner, g + order[k] * inner);
                   }
                 }
               });
}

void take_grad_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<GradAttrs>();
  const Shape& out = c.out[0].shape();
  const int axis = static_cast<int>(a.axis);
  const int64_t inner = out.size(axis + 1, out.rank());
  if (c.out[0].size() == 0) return;
  std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
  with_indices(c.in[1], [&](const auto* indices) {
    dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
      add_rows(c.in[0].as<const T>(), indices, c.out[0].as<T>(), out.size(0, axis), c.in[1].size(),
               a.length, inner);
    });
  });
}

std::vector<TensorSpec> infer_take_grad(const InferContext& c) {
  const auto& a = c.attrs_as<GradAttrs>();
  const Shape& g = c.shape(0);
  Shape out;
  for (int i = 0; i < a.axis; ++i) out.push_back(g[i]);
  out.push_back(a.length);
  for (int i = static_cast<int>(a.axis) + c.shape(1).rank(); i < g.rank(); ++i) out.push_back(g[i]);
  return {{c.dtype(0), out}};
}

Tensor take_axis(const Tensor& x, const Tensor& indices, int64_t axis) {
  static const OpDef& op = find_op("take_axis");
  auto attrs = make_ref<AxisAttrs>();
  attrs->axis = axis;
  return apply_one(op, {x, indices}, std::move(attrs));
}

Tensor take_grad(const Tensor& g, const Tensor& indices, int64_t axis, int64_t length) {
  static const OpDef& op = find_op("take_grad");
  auto attrs = make_ref<GradAttrs>();
  attrs->axis = axis;
  attrs->length = length;
  return apply_one(op, {g, indices}, std::move(attrs));
}

// x and indices have the same shape but for `axis`: lines of `length` and `count` elements.
std::vector<TensorSpec> infer_take_along(const InferContext& c) {
  const Shape& x = c.shape(0);
  const Shape& indices = c.shape(1);
  const auto axis = static_cast<int>(c.attrs_as<AxisAttrs>().axis);
  bool fits = x.rank() == indices.rank();
  for (int i = 0; fits && i < x.rank(); ++i) {
    fits = i == axis || x[i] == indices[i] || x[i] == kUnknownDim || indices[i] == kUnknownDim;
  }
  if (!fits) {
    value_error("take_along_axis: expected shapes that differ along axis ", axis,
                " only, received ", x, " and ", indices);
  }
  return {{c.dtype(0), indices}};
}

// f(line of x, line of indices, line of the result, steps) in parallel over lines.
template <class F>
void each_line(const Shape& x, const Shape& indices, int axis, F f) {
  const int64_t inner = x.size(axis + 1, x.rank());
  const int64_t length = x[axis];
  const int64_t count = indices[axis];
  const int64_t lines = x.size(0, axis) * inner;
  const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(1, count));
  parallel_for(lines, grain, [=](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t o = line / inner;
      const int64_t i = line % inner;
      f(o * length * inner + i, o * count * inner + i, inner, length, count);
    }
  });
}

void take_along_kernel(const KernelContext& c) {
  const auto axis = static_cast<int>(c.attrs_as<AxisAttrs>().axis);
  if (c.out[0].size() == 0) return;
  with_indices(c.in[1], [&](const auto* indices) {
    dispatch_size(size_of(c.in[0].dtype()), [&]<class T>(T) {
      const T* x = c.in[0].as<const T>();
      T* y = c.out[0].as<T>();
      each_line(c.in[0].shape(), c.in[1].shape(), axis,
                [=](int64_t from, int64_t to, int64_t step, int64_t length, int64_t count) {
                  for (int64_t k = 0; k < count; ++k) {
                    const int64_t at = wrap_index(static_cast<int64_t>(indices[to + k * step]),
                                                  length, "take_along_axis");
                    y[to + k * step] = x[from + at * step];
                  }
                });
    });
  });
}

void take_along_grad_kernel(const KernelContext& c) {
  const auto axis = static_cast<int>(c.attrs_as<GradAttrs>().axis);
  if (c.out[0].size() == 0) return;
  std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
  with_indices(c.in[1], [&](const auto* indices) {
    dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
      using C = reference::Compute<T>;
      const T* g = c.in[0].as<const T>();
      T* y = c.out[0].as<T>();
      each_line(c.out[0].shape(), c.in[1].shape(), axis,
                [=](int64_t to, int64_t from, int64_t step, int64_t length, int64_t count) {
                  for (int64_t k = 0; k < count; ++k) {
                    const int64_t at = wrap_index(static_cast<int64_t>(indices[from + k * step]),
                                                  length, "take_along_axis");
                    T& d = y[to + at * step];
                    d = static_cast<T>(
                        reference::Add{}(static_cast<C>(d), static_cast<C>(g[from + k * step])));
                  }
                });
    });
  });
}

Tensor along(const char* name, const Tensor& x, const Tensor& indices, int64_t axis) {
  const OpDef& op = find_op(name);
  auto attrs = make_ref<AxisAttrs>();
  attrs->axis = axis;
  return apply_one(op, {x, indices}, std::move(attrs));
}

Tensor along_grad(const Tensor& g, const Tensor& indices, int64_t axis, int64_t length) {
  static const OpDef& op = find_op("take_along_grad");
  auto attrs = make_ref<GradAttrs>();
  attrs->axis = axis;
  attrs->length = length;
  return apply_one(op, {g, indices}, std::move(attrs));
}

void ravel_kernel(const KernelContext& c) {
  const auto& dims = c.attrs_as<DimsAttrs>().dims;
  int32_t* y = c.out[0].as<int32_t>();
  std::fill(y, y + c.out[0].size(), 0);
  for (size_t k = 0; k < dims.size(); ++k) {
    const int64_t length = dims[k];
    const BroadcastLoop<1> loop(c.out[0].shape(), {&c.in[k].shape()});
    with_indices(c.in[k], [&](const auto* indices) {
      loop([=](int64_t at, const std::array<int64_t, 1>& offset, int64_t n,
               const std::array<int, 1>& step) {
        for (int64_t i = 0; i < n; ++i) {
          const auto index = static_cast<int64_t>(indices[offset[0] + i * step[0]]);
          y[at + i] =
              static_cast<int32_t>(y[at + i] * length + wrap_index(index, length, "getitem"));
        }
      });
    });
  }
}

}  // namespace

Tensor ravel_indices(const Tensors& arrays, const IntList& dims) {
  if (arrays.size() == 1) return arrays[0];
  static const OpDef& op = find_op("ravel_indices");
  auto attrs = make_ref<DimsAttrs>();
  attrs->dims = dims;
  return apply_one(op, std::span<const Tensor>(arrays), std::move(attrs));
}

void register_gather_ops(OpRegistry& registry) {
  register_embedding_ops(registry);
  const auto add = [&](const char* name, const char* params, const char* doc, MakeAttrs make,
                       InferFn infer, KernelFn kernel, BackwardFn backward) {
    OpDef def;
    def.name = name;
    def.params = params;
    def.doc = doc;
    def.make_attrs = make;
    def.infer = std::move(infer);
    def.kernel = std::move(kernel);
    def.differentiable = static_cast<bool>(backward);
    def.backward = std::move(backward);
    def.internal = true;
    registry.add(std::move(def));
  };
  add("take_axis", "x, indices, axis", "The elements of `x` along `axis` at `indices`.",
      make_attrs_of<AxisAttrs>, infer_take, take_kernel, [](const BackwardContext& c) {
        const Tensor& x = c.inputs[0];
        const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, x.rank(), "take");
        return Tensors{take_grad(c.grads[0], c.inputs[1], axis, x.shape()[axis]), Tensor()};
      });
  add("take_grad", "grad, indices, axis, length", "The gradient of take_axis: rows added up.",
      make_attrs_of<GradAttrs>, infer_take_grad, take_grad_kernel, [](const BackwardContext& c) {
        return Tensors{take_axis(c.grads[0], c.inputs[1], c.attrs_as<GradAttrs>().axis), Tensor()};
      });
  add("take_along", "x, indices, axis", "take_along_axis of operands that match but for `axis`.",
      make_attrs_of<AxisAttrs>, infer_take_along, take_along_kernel, [](const BackwardContext& c) {
        const int64_t axis = c.attrs_as<AxisAttrs>().axis;
        return Tensors{along_grad(c.grads[0], c.inputs[1], axis, c.inputs[0].dim(axis)), Tensor()};
      });
  add(
      "take_along_grad", "grad, indices, axis, length", "The gradient of take_along.",
      make_attrs_of<GradAttrs>,
      [](const InferContext& c) {
        const auto& a = c.attrs_as<GradAttrs>();
        Shape out = c.shape(0);
        out[static_cast<int>(a.axis)] = a.length;
        return std::vector<TensorSpec>{{c.dtype(0), out}};
      },
      take_along_grad_kernel,
      [](const BackwardContext& c) {
        return Tensors{along("take_along", c.grads[0], c.inputs[1], c.attrs_as<GradAttrs>().axis),
                       Tensor()};
      });
  add(
      "ravel_indices", "*indices, dims", "Row-major positions of multi-dimensional indices.",
      make_attrs_of<DimsAttrs>,
      [](const InferContext& c) {
        Shape out = c.shape(0);
        for (size_t k = 1; k < c.inputs.size(); ++k) {
          out = broadcast_shapes(out, c.shape(k), "getitem");
        }
        return std::vector<TensorSpec>{{DType::kInt32, out}};
      },
      ravel_kernel, nullptr);

  add_composite(
      registry, "take", "x, indices, axis",
      "Elements of `x` along `axis` (of the flattened `x` when that is None) at `indices`; "
      "negative "
      "ones count from the end, IndexError for one out of range.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::take(in[0], in[1], attrs_as<OptionalAxisAttrs>(attrs).axis)};
      },
      make_attrs_of<OptionalAxisAttrs>);
  add_composite(
      registry, "take_along_axis", "x, indices, axis",
      "The element of each line of `x` along `axis` at the index in the same place of `indices`.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::take_along_axis(in[0], in[1], attrs_as<OptionalAxisAttrs>(attrs).axis)};
      },
      make_attrs_of<OptionalAxisAttrs>);
}

namespace ops {

Tensor take(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis) {
  const Tensor at = index_operand(indices, "take");
  if (!axis) return take_axis(reshape(x, {-1}), at, 0);
  return take_axis(x, at, *axis);
}

Tensor take_along_axis(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis) {
  const Tensor at = index_operand(indices, "take_along_axis");
  if (!axis) return along("take_along", reshape(x, {-1}), reshape(at, {-1}), 0);
  const int a = normalize_axis(*axis, x.rank(), "take_along_axis");
  if (at.rank() != x.rank()) {
    value_error("take_along_axis: expected indices of rank ", x.rank(), ", received shape ",
                at.shape());
  }
  Shape wide_x = x.shape();
  Shape wide_at = at.shape();
  for (int i = 0; i < x.rank(); ++i) {  // the other axes broadcast
    if (i == a) continue;
    if (wide_x[i] == 1) wide_x[i] = wide_at[i];
    if (wide_at[i] == 1) wide_at[i] = wide_x[i];
  }
  return along("take_along", wide_x == x.shape() ? x : broadcast_to(x, wide_x),
               wide_at == at.shape() ? at : broadcast_to(at, wide_at), a);
}

Tensor scatter_add(const Tensor& values, const Tensor& indices, int64_t rows) {
  return take_grad(values, index_operand(indices, "scatter_add"), 0, rows);
}

}  // namespace ops
}  // namespace nacre
