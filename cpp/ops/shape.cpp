// Ops that change the shape or the order of axes.
#include <algorithm>
#include <cstring>

#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/symbolic.h"
#include "ops/promote.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"

namespace nacre {
namespace {

struct ReshapeAttrs : AttrsOf<ReshapeAttrs> {
  IntList newshape;
  NACRE_ATTRS(newshape)
};
struct AxesAttrs : AttrsOf<AxesAttrs> {
  std::optional<IntList> axes;
  NACRE_ATTRS(axes)
};
struct ShapeAttrs : AttrsOf<ShapeAttrs> {
  IntList shape;
  NACRE_ATTRS(shape)
};
struct ExpandDimsAttrs : AttrsOf<ExpandDimsAttrs> {
  IntList axis;
  NACRE_ATTRS(axis)
};
struct SqueezeAttrs : AttrsOf<SqueezeAttrs> {
  std::optional<IntList> axis;
  NACRE_ATTRS(axis)
};

int64_t same_data(const Attrs*, const TensorSpec&, const TensorSpec&) {
  return 0;
}

void copy_all(const KernelContext& c) {
  if (const size_t bytes = c.out[0].spec->bytes()) std::memcpy(c.out[0].data, c.in[0].data, bytes);
}

Tensors reshape_back(const BackwardContext& c) {
  return {ops::reshape(c.grads[0], c.inputs[0].shape())};
}

std::vector<TensorSpec> infer_reshape(const InferContext& c) {
  const auto& newshape = c.attrs_as<ReshapeAttrs>().newshape;
  Shape out(newshape);
  const Shape& in = c.shape(0);
  int free_axis = -1;
  int64_t rest = 1;
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] == -1 && free_axis < 0) {
      free_axis = i;
    } else if (out[i] < 0) {
      value_error(c.op, ": expected newshape with at most one -1, received ",
                  to_string(AttrValue(newshape)));
    } else {
      rest *= out[i];
    }
  }
  if (in.is_known()) {
    const int64_t size = in.size();
    if (free_axis >= 0 && rest > 0 && size % rest == 0) {
      out[free_axis] = size / rest;
    } else if (free_axis >= 0 || size != rest) {
      value_error(c.op, ": expected newshape of ", size, " elements, received ",
                  to_string(AttrValue(newshape)), " (x: ", in, ")");
    }
  } else if (free_axis >= 0) {
    out[free_axis] = kUnknownDim;
  }
  return {{c.dtype(0), out}};
}

std::vector<int> permutation(const std::optional<IntList>& axes, int rank, std::string_view op) {
  std::vector<int> order(rank);
  if (!axes) {
    for (int i = 0; i < rank; ++i) order[i] = rank - 1 - i;
    return order;
  }
  std::vector<bool> seen(rank);
  bool valid = static_cast<int>(axes->size()) == rank;
  for (int i = 0; valid && i < rank; ++i) {
    order[i] = normalize_axis((*axes)[i], rank, op);
    valid = !seen[order[i]];
    seen[order[i]] = true;
  }
  if (!valid) {
    value_error(op, ": expected axes to be a permutation of ", rank, " axes, received ",
                to_string(AttrValue(*axes)));
  }
  return order;
}

std::vector<TensorSpec> infer_transpose(const InferContext& c) {
  const Shape& in = c.shape(0);
  Shape out = in;
  const auto order = permutation(c.attrs_as<AxesAttrs>().axes, in.rank(), c.op);
  for (int i = 0; i < in.rank(); ++i) out[i] = in[order[i]];
  return {{c.dtype(0), out}};
}

void transpose_kernel(const KernelContext& c) {
  const Shape& in = c.in[0].shape();
  const Shape& out = c.out[0].shape();
  const auto order = permutation(c.attrs_as<AxesAttrs>().axes, in.rank(), "transpose");
  const auto from = dense_strides(in);
  const auto to = dense_strides(out);
  StridedCopy copy;
  for (int i = 0; i < in.rank(); ++i) copy.add_axis(out[i], from[order[i]], to[i]);
  copy.run(c.in[0].data, c.out[0].data, size_of(c.in[0].dtype()));
}

// A permutation that leaves the axes longer than 1 in order moves nothing.
int64_t transpose_view(const Attrs* attrs, const TensorSpec& in, const TensorSpec&) {
  const auto& axes = static_cast<const AxesAttrs*>(attrs)->axes;
  int before = -1;
  for (const int axis : permutation(axes, in.shape.rank(), "transpose")) {
    if (in.shape[axis] == 1) continue;
    if (axis < before) return -1;
    before = axis;
  }
  return 0;
}

Tensors transpose_backward(const BackwardContext& c) {
  const int rank = c.inputs[0].rank();
  const auto order = permutation(c.attrs_as<AxesAttrs>().axes, rank, "transpose");
  IntList inverse(rank);
  for (int i = 0; i < rank; ++i) inverse[order[i]] = i;
  return {ops::transpose(c.grads[0], inverse)};
}

std::vector<TensorSpec> infer_broadcast_to(const InferContext& c) {
  const auto& target = c.attrs_as<ShapeAttrs>().shape;
  const Shape out(target);
  const Shape& in = c.shape(0);
  bool fits = in.rank() <= out.rank();
  for (int i = 0; fits && i < in.rank(); ++i) {
    const int64_t from = in[i];
    const int64_t to = out[i + out.rank() - in.rank()];
    fits = from == to || from == 1 || from == kUnknownDim;
  }
  if (!fits || (!out.is_known() && !inferring_call())) {
    value_error(c.op, ": expected a shape that x broadcasts to, received ",
                to_string(AttrValue(target)), " (x: ", in, ")");
  }
  return {{c.dtype(0), out}};
}

void broadcast_kernel(const KernelContext& c) {
  const Shape& in = c.in[0].shape();
  const Shape& out = c.out[0].shape();
  const auto from = dense_strides(in);
  const auto to = dense_strides(out);
  const int lead = out.rank() - in.rank();
  StridedCopy copy;
  for (int i = 0; i < out.rank(); ++i) {
    const bool repeats = i < lead || in[i - lead] == 1;
    copy.add_axis(out[i], repeats ? 0 : from[i - lead], to[i]);
  }
  copy.run(c.in[0].data, c.out[0].data, size_of(c.in[0].dtype()));
}

std::vector<TensorSpec> infer_expand_dims(const InferContext& c) {
  const auto& axis = c.attrs_as<ExpandDimsAttrs>().axis;
  Shape out = c.shape(0);
  const int rank = out.rank() + static_cast<int>(axis.size());
  std::vector<int> at;
  for (const int64_t a : axis) at.push_back(normalize_axis(a, rank, c.op));
  std::sort(at.begin(), at.end());
  if (std::adjacent_find(at.begin(), at.end()) != at.end()) {
    value_error(c.op, ": expected distinct axes, received ", to_string(AttrValue(axis)));
  }
  for (const int a : at) out.insert(a, 1);
  return {{c.dtype(0), out}};
}

std::vector<TensorSpec> infer_squeeze(const InferContext& c) {
  const auto& axis = c.attrs_as<SqueezeAttrs>().axis;
  const Shape& in = c.shape(0);
  std::vector<bool> drop(in.rank());
  if (axis) {
    for (const int64_t a : *axis) {
      const int i = normalize_axis(a, in.rank(), c.op);
      if (in[i] != 1 && in[i] != kUnknownDim) {
        value_error(c.op, ": expected size 1 along axis ", a, ", received ", in[i], " (x: ", in,
                    ")");
      }
      drop[i] = true;
    }
  } else {
    for (int i = 0; i < in.rank(); ++i) drop[i] = in[i] == 1;
  }
  Shape out;
  for (int i = 0; i < in.rank(); ++i) {
    if (!drop[i]) out.push_back(in[i]);
  }
  return {{c.dtype(0), out}};
}

void add_view(OpRegistry& registry, const char* name, const char* params, const char* doc,
              Ref<Attrs> (*make_attrs)(), InferFn infer) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs;
  def.infer = std::move(infer);
  def.kernel = copy_all;
  def.view = same_data;
  def.backward = reshape_back;
  registry.add(std::move(def));
}

}  // namespace

void register_shape_ops(OpRegistry& registry) {
  add_view(registry, "reshape", "x, newshape!",
           "`x` with another shape of the same size; one dimension may be -1: what is left.",
           make_attrs_of<ReshapeAttrs>, infer_reshape);
  add_view(registry, "expand_dims", "x, axis!", "`x` with an axis of length 1 inserted at `axis`.",
           make_attrs_of<ExpandDimsAttrs>, infer_expand_dims);
  add_view(registry, "squeeze", "x, axis", "`x` without its axes of length 1, or without `axis`.",
           make_attrs_of<SqueezeAttrs>, infer_squeeze);

  OpDef transpose;
  transpose.name = "transpose";
  transpose.params = "x, axes";
  transpose.doc = "`x` with its axes in the order `axes`; reversed when that is None.";
  transpose.make_attrs = make_attrs_of<AxesAttrs>;
  transpose.infer = infer_transpose;
  transpose.kernel = transpose_kernel;
  transpose.view = transpose_view;
  transpose.backward = transpose_backward;
  registry.add(std::move(transpose));

  OpDef broadcast;
  broadcast.name = "broadcast_to";
  broadcast.params = "x, shape!";
  broadcast.doc = "`x` repeated to `shape` by NumPy's broadcasting rules.";
  broadcast.make_attrs = make_attrs_of<ShapeAttrs>;
  broadcast.infer = infer_broadcast_to;
  broadcast.kernel = broadcast_kernel;
  broadcast.view = [](const Attrs*, const TensorSpec& in, const TensorSpec& out) -> int64_t {
    return in.shape.size() == out.shape.size() ? 0 : -1;
  };
  broadcast.backward = [](const BackwardContext& c) {
    return Tensors{ops::reduce_to_shape(c.grads[0], c.inputs[0].shape())};
  };
  registry.add(std::move(broadcast));
}

namespace ops {

Tensor reshape(const Tensor& x, const Shape& shape) {
  static const OpDef& op = find_op("reshape");
  auto attrs = make_ref<ReshapeAttrs>();
  attrs->newshape = shape.vector();
  return apply_one(op, {x}, std::move(attrs));
}

Tensor transpose(const Tensor& x, const IntList& axes) {
  static const OpDef& op = find_op("transpose");
  auto attrs = make_ref<AxesAttrs>();
  if (!axes.empty()) attrs->axes = axes;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  static const OpDef& op = find_op("broadcast_to");
  auto attrs = make_ref<ShapeAttrs>();
  attrs->shape = shape.vector();
  return apply_one(op, {x}, std::move(attrs));
}

Tensor expand_dims(const Tensor& x, int64_t axis) {
  static const OpDef& op = find_op("expand_dims");
  auto attrs = make_ref<ExpandDimsAttrs>();
  attrs->axis = {axis};
  return apply_one(op, {x}, std::move(attrs));
}

Tensor squeeze(const Tensor& x, const std::optional<IntList>& axis) {
  static const OpDef& op = find_op("squeeze");
  auto attrs = make_ref<SqueezeAttrs>();
  attrs->axis = axis;
  return apply_one(op, {x}, std::move(attrs));
}

}  // namespace ops
}  // namespace nacre
