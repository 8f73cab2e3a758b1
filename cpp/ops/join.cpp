// Putting tensors together along an axis and taking them apart.
#include <cstring>

#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/promote.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"

namespace nacre {
namespace {

struct AxisAttrs : AttrsOf<AxisAttrs> {
  int64_t axis = 0;
  NACRE_ATTRS(axis)
};
struct SliceAxisAttrs : AttrsOf<SliceAxisAttrs> {
  int64_t axis = 0;
  int64_t start = 0;
  int64_t size = 0;
  NACRE_ATTRS(axis, start, size)
};
struct PadAxisAttrs : AttrsOf<PadAxisAttrs> {
  int64_t axis = 0;
  int64_t before = 0;
  int64_t after = 0;
  NACRE_ATTRS(axis, before, after)
};

std::vector<TensorSpec> infer_concatenate(const InferContext& c) {
  if (c.inputs.empty()) value_error(c.op, ": expected at least one tensor, received none");
  Shape out = c.shape(0);
  const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, out.rank(), c.op);
  for (size_t k = 1; k < c.inputs.size(); ++k) {
    const Shape& s = c.shape(k);
    bool fits = s.rank() == out.rank();
    for (int i = 0; fits && i < s.rank(); ++i) {
      if (i == axis) {
        out[i] = out[i] == kUnknownDim || s[i] == kUnknownDim ? kUnknownDim : out[i] + s[i];
      } else if (out[i] == kUnknownDim) {
        out[i] = s[i];
      } else {
        fits = s[i] == out[i] || s[i] == kUnknownDim;
      }
    }
    if (!fits) {
      value_error(c.op, ": expected shapes that differ along axis ", axis, " only, received ",
                  c.shape(0), " and ", s);
    }
  }
  return {{c.dtype(0), out}};
}

// Both joins: input k fills rows of `width` elements at its offset inside each row of the output.
void join_rows(const KernelContext& c, int axis) {
  const Shape& out = c.out[0].shape();
  const int64_t outer = out.size(0, axis);
  const int64_t row = out.size(axis, out.rank());
  int64_t at = 0;
  const size_t element = size_of(c.out[0].dtype());
  for (const Buffer& in : c.in) {
    const int64_t width = outer == 0 ? 0 : in.size() / outer;
    StridedCopy copy;
    copy.add_axis(outer, width, row);
    copy.add_axis(width, 1, 1);
    copy.run(in.data, c.out[0].as<char>() + static_cast<size_t>(at) * element, element);
    at += width;
  }
}

void concatenate_kernel(const KernelContext& c) {
  const Shape& out = c.out[0].shape();
  const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, out.rank(), "concatenate");
  join_rows(c, axis);
}

Tensors concatenate_backward(const BackwardContext& c) {
  const int64_t axis = c.attrs_as<AxisAttrs>().axis;
  Tensors grads(c.inputs.size());
  int64_t start = 0;
  for (size_t k = 0; k < c.inputs.size(); ++k) {
    const int64_t size = c.inputs[k].dim(axis);
    if (c.needs[k]) grads[k] = ops::slice_axis(c.grads[0], axis, start, size);
    start += size;
  }
  return grads;
}

std::vector<TensorSpec> infer_stack(const InferContext& c) {
  if (c.inputs.empty()) value_error(c.op, ": expected at least one tensor, received none");
  Shape out = c.shape(0);
  for (size_t k = 1; k < c.inputs.size(); ++k) {
    const Shape& s = c.shape(k);
    bool fits = s.rank() == out.rank();
    for (int i = 0; fits && i < s.rank(); ++i) {
      if (out[i] == kUnknownDim) out[i] = s[i];
      fits = s[i] == out[i] || s[i] == kUnknownDim;
    }
    if (!fits) {
      value_error(c.op, ": expected tensors of one shape, received ", c.shape(0), " and ", s);
    }
  }
  const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, out.rank() + 1, c.op);
  out.insert(axis, static_cast<int64_t>(c.inputs.size()));
  return {{c.dtype(0), out}};
}

void stack_kernel(const KernelContext& c) {
  const Shape& out = c.out[0].shape();
  const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, out.rank(), "stack");
  join_rows(c, axis);
}

Tensors stack_backward(const BackwardContext& c) {
  const Tensor& grad = c.grads[0];
  const int axis = normalize_axis(c.attrs_as<AxisAttrs>().axis, grad.rank(), "stack");
  Tensors grads(c.inputs.size());
  for (size_t k = 0; k < grads.size(); ++k) {
    if (!c.needs[k]) continue;
    grads[k] = ops::squeeze(ops::slice_axis(grad, axis, static_cast<int64_t>(k), 1), IntList{axis});
  }
  return grads;
}

std::vector<TensorSpec> infer_slice_axis(const InferContext& c) {
  const auto& a = c.attrs_as<SliceAxisAttrs>();
  Shape out = c.shape(0);
  const int axis = normalize_axis(a.axis, out.rank(), c.op);
  const bool known = out[axis] != kUnknownDim;
  if (a.start < 0 || a.size < 0 || (known && a.start + a.size > out[axis])) {
    value_error(c.op, ": expected a range inside [0, ", out[axis], "), received [", a.start, ", ",
                a.start + a.size, ")");
  }
  out[axis] = a.size;
  return {{c.dtype(0), out}};
}

void slice_axis_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<SliceAxisAttrs>();
  const Shape& in = c.in[0].shape();
  const int axis = normalize_axis(a.axis, in.rank(), "slice_axis");
  const int64_t inner = in.size(axis + 1, in.rank());
  const size_t element = size_of(c.in[0].dtype());
  StridedCopy copy;
  copy.add_axis(in.size(0, axis), in[axis] * inner, a.size * inner);
  copy.add_axis(a.size * inner, 1, 1);
  copy.run(c.in[0].as<const char>() + static_cast<size_t>(a.start * inner) * element, c.out[0].data,
           element);
}

int64_t slice_axis_view(const Attrs* attrs, const TensorSpec& in, const TensorSpec&) {
  const auto& a = *static_cast<const SliceAxisAttrs*>(attrs);
  const int axis = normalize_axis(a.axis, in.shape.rank(), "slice_axis");
  if (in.shape.size(0, axis) != 1) return -1;
  const int64_t inner = in.shape.size(axis + 1, in.shape.rank());
  return a.start * inner * static_cast<int64_t>(size_of(in.dtype));
}

std::vector<TensorSpec> infer_pad_axis(const InferContext& c) {
  const auto& a = c.attrs_as<PadAxisAttrs>();
  Shape out = c.shape(0);
  const int axis = normalize_axis(a.axis, out.rank(), c.op);
  if (out[axis] != kUnknownDim) out[axis] += a.before + a.after;
  return {{c.dtype(0), out}};
}

void pad_axis_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<PadAxisAttrs>();
  const Shape& in = c.in[0].shape();
  const Shape& out = c.out[0].shape();
  const int axis = normalize_axis(a.axis, in.rank(), "pad_axis");
  const int64_t inner = in.size(axis + 1, in.rank());
  const size_t element = size_of(c.in[0].dtype());
  std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
  StridedCopy copy;
  copy.add_axis(in.size(0, axis), in[axis] * inner, out[axis] * inner);
  copy.add_axis(in[axis] * inner, 1, 1);
  copy.run(c.in[0].data, c.out[0].as<char>() + static_cast<size_t>(a.before * inner) * element,
           element);
}

Tensor pad_axis(const Tensor& x, int64_t axis, int64_t before, int64_t after) {
  static const OpDef& op = find_op("pad_axis");
  auto attrs = make_ref<PadAxisAttrs>();
  attrs->axis = axis;
  attrs->before = before;
  attrs->after = after;
  return apply_one(op, {x}, std::move(attrs));
}

}  // namespace

void register_join_ops(OpRegistry& registry) {
  OpDef concatenate;
  concatenate.name = "concatenate";
  concatenate.params = "*xs, axis";
  concatenate.doc = "The tensors of `xs` one after the other along `axis`.";
  concatenate.make_attrs = make_attrs_of<AxisAttrs>;
  concatenate.promote = Promote::kCommon;
  concatenate.infer = infer_concatenate;
  concatenate.kernel = concatenate_kernel;
  concatenate.backward = concatenate_backward;
  registry.add(std::move(concatenate));

  OpDef stack;
  stack.name = "stack";
  stack.params = "*x, axis";
  stack.doc = "The tensors of `x`, all of one shape, side by side along a new axis.";
  stack.make_attrs = make_attrs_of<AxisAttrs>;
  stack.promote = Promote::kCommon;
  stack.infer = infer_stack;
  stack.kernel = stack_kernel;
  stack.backward = stack_backward;
  registry.add(std::move(stack));

  OpDef slice;
  slice.name = "slice_axis";
  slice.params = "x, axis, start, size";
  slice.doc = "`size` elements of `x` along `axis`, from `start`.";
  slice.make_attrs = make_attrs_of<SliceAxisAttrs>;
  slice.infer = infer_slice_axis;
  slice.kernel = slice_axis_kernel;
  slice.view = slice_axis_view;
  slice.internal = true;
  slice.backward = [](const BackwardContext& c) {
    const auto& a = c.attrs_as<SliceAxisAttrs>();
    const int64_t length = c.inputs[0].dim(a.axis);
    return Tensors{pad_axis(c.grads[0], a.axis, a.start, length - a.start - a.size)};
  };
  registry.add(std::move(slice));

  OpDef pad;
  pad.name = "pad_axis";
  pad.params = "x, axis, before, after";
  pad.doc = "`x` with zeros before and after it along `axis`.";
  pad.make_attrs = make_attrs_of<PadAxisAttrs>;
  pad.infer = infer_pad_axis;
  pad.kernel = pad_axis_kernel;
  pad.internal = true;
  pad.backward = [](const BackwardContext& c) {
    const auto& a = c.attrs_as<PadAxisAttrs>();
    return Tensors{ops::slice_axis(c.grads[0], a.axis, a.before, c.inputs[0].dim(a.axis))};
  };
  registry.add(std::move(pad));
}

namespace ops {

Tensor slice_axis(const Tensor& x, int64_t axis, int64_t start, int64_t size) {
  static const OpDef& op = find_op("slice_axis");
  auto attrs = make_ref<SliceAxisAttrs>();
  attrs->axis = axis;
  attrs->start = start;
  attrs->size = size;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor concatenate(const Tensors& xs, int64_t axis) {
  static const OpDef& op = find_op("concatenate");
  auto attrs = make_ref<AxisAttrs>();
  attrs->axis = axis;
  return apply_one(op, std::span<const Tensor>(xs), std::move(attrs));
}

Tensor stack(const Tensors& xs, int64_t axis) {
  static const OpDef& op = find_op("stack");
  auto attrs = make_ref<AxisAttrs>();
  attrs->axis = axis;
  return apply_one(op, std::span<const Tensor>(xs), std::move(attrs));
}

}  // namespace ops
}  // namespace nacre
