// softmax, log_softmax and sparsemax along any axes, and their gradients.
#include "kernels/abi.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "ops/reference/rows.h"
#include "ops/registry.h"
#include "ops/rows.h"
#include "ops/widen.h"

namespace nacre {
namespace {

using kernels::table;

struct SoftmaxAttrs : AttrsOf<SoftmaxAttrs> {
  IntList axis = {-1};
  NACRE_ATTRS(axis)
};

struct SparsemaxAttrs : AttrsOf<SparsemaxAttrs> {
  int64_t axis = -1;
  NACRE_ATTRS(axis)
};

std::vector<TensorSpec> infer_softmax(const InferContext& c) {
  const auto& axis = c.attrs_as<SoftmaxAttrs>().axis;
  if (c.inputs.size() > 1 && c.shape(0) != c.shape(1)) {
    value_error(c.op, ": expected equal shapes, received ", c.shape(0), " and ", c.shape(1));
  }
  normalize_axes(axis, c.shape(0).rank(), c.op);
  if (axis.empty()) value_error(c.op, ": expected at least one axis, received axis=()");
  return {c.inputs[0].spec()};
}

// One row kernel: a member of the kernel table for float32, a reference template for the rest.
template <class Fast, class Reference>
void unary_rows(const KernelContext& c, const char* name, Fast fast, Reference reference) {
  const RowView view(c.in[0].shape(), c.attrs_as<SoftmaxAttrs>().axis, name);
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    for_each_row<T, 1>(view, {c.in[0].as<const T>()}, c.out[0].as<T>(),
                       [&](const auto& in, T* y, int64_t begin, int64_t end) {
                         if constexpr (std::is_same_v<T, float>) {
                           if (fast) return fast(in[0], y, begin, end, view.cols());
                         }
                         reference(in[0], y, begin, end, view.cols());
                       });
  });
}

template <class Fast, class Reference>
void binary_rows(const KernelContext& c, const char* name, Fast fast, Reference reference) {
  const RowView view(c.in[0].shape(), c.attrs_as<SoftmaxAttrs>().axis, name);
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    for_each_row<T, 2>(view, {c.in[0].as<const T>(), c.in[1].as<const T>()}, c.out[0].as<T>(),
                       [&](const auto& in, T* y, int64_t begin, int64_t end) {
                         if constexpr (std::is_same_v<T, float>) {
                           if (fast) return fast(in[0], in[1], y, begin, end, view.cols());
                         }
                         reference(in[0], in[1], y, begin, end, view.cols());
                       });
  });
}

Tensor call(const char* name, std::initializer_list<Tensor> inputs, const IntList& axis) {
  auto attrs = make_ref<SoftmaxAttrs>();
  attrs->axis = axis;
  return apply_one(find_op(name), inputs, attrs);
}

Tensors softmax_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const IntList& axis = static_cast<const SoftmaxAttrs&>(*attrs).axis;
  const Tensor e = ops::exp(in[0] - ops::stop_gradient(ops::max(in[0], axis, true)));
  return {e / ops::sum(e, axis, true)};
}

Tensors log_softmax_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const IntList& axis = static_cast<const SoftmaxAttrs&>(*attrs).axis;
  const Tensor shifted = in[0] - ops::stop_gradient(ops::max(in[0], axis, true));
  return {shifted - ops::log(ops::sum(ops::exp(shifted), axis, true))};
}

Tensors softmax_grad_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const IntList& axis = static_cast<const SoftmaxAttrs&>(*attrs).axis;
  return {in[0] * (in[1] - ops::sum(in[0] * in[1], axis, true))};
}

Tensors log_softmax_grad_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const IntList& axis = static_cast<const SoftmaxAttrs&>(*attrs).axis;
  return {in[1] - ops::exp(in[0]) * ops::sum(in[1], axis, true)};
}

void add_softmax(OpRegistry& registry) {
  OpDef def;
  def.name = "softmax";
  def.params = "x, axis";
  def.doc =
      "exp(x) / sum(exp(x)) along `axis`, computed without overflow.\n\n"
      "Args:\n    x: Input tensor.\n    axis: The axis, or axes, along which the result sums to "
      "1.\n\n"
      "Returns:\n    A tensor shaped as `x`.";
  def.make_attrs = make_attrs_of<SoftmaxAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = infer_softmax;
  def.kernel = [](const KernelContext& c) {
    unary_rows(c, "softmax", table().softmax, [](auto... a) { reference::ref_softmax(a...); });
  };
  def.backward = [](const BackwardContext& c) {
    return Tensors{
        call("softmax_grad", {c.outputs[0], c.grads[0]}, c.attrs_as<SoftmaxAttrs>().axis)};
  };
  def.composite = softmax_composite;
  serve_halves(def);
  registry.add(std::move(def));
}

void add_softmax_grad(OpRegistry& registry) {
  OpDef def;
  def.name = "softmax_grad";
  def.params = "y, grad, axis";
  def.doc = "Gradient of softmax from its result: y * (grad - sum(grad * y)).";
  def.make_attrs = make_attrs_of<SoftmaxAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = infer_softmax;
  def.kernel = [](const KernelContext& c) {
    binary_rows(c, "softmax", table().softmax_grad,
                [](auto... a) { reference::ref_softmax_grad(a...); });
  };
  def.backward = [](const BackwardContext& c) {
    const IntList& axis = c.attrs_as<SoftmaxAttrs>().axis;
    const Tensor &y = c.inputs[0], &g = c.inputs[1], &v = c.grads[0];
    Tensors grads(2);
    if (c.needs[0]) {
      grads[0] = v * (g - ops::sum(g * y, axis, true)) - g * ops::sum(v * y, axis, true);
    }
    if (c.needs[1]) grads[1] = call("softmax_grad", {y, v}, axis);
    return grads;
  };
  def.composite = softmax_grad_composite;
  def.internal = true;
  serve_halves(def);
  registry.add(std::move(def));
}

void add_log_softmax(OpRegistry& registry) {
  OpDef def;
  def.name = "log_softmax";
  def.params = "x, axis";
  def.doc =
      "x - logsumexp(x) along `axis`.\n\n"
      "Args:\n    x: Input tensor.\n    axis: The axis, or axes, along which exp of the result "
      "sums "
      "to 1.\n\nReturns:\n    A tensor shaped as `x`.";
  def.make_attrs = make_attrs_of<SoftmaxAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = infer_softmax;
  def.kernel = [](const KernelContext& c) {
    unary_rows(c, "log_softmax", table().log_softmax,
               [](auto... a) { reference::ref_log_softmax(a...); });
  };
  def.backward = [](const BackwardContext& c) {
    return Tensors{
        call("log_softmax_grad", {c.outputs[0], c.grads[0]}, c.attrs_as<SoftmaxAttrs>().axis)};
  };
  def.composite = log_softmax_composite;
  serve_halves(def);
  registry.add(std::move(def));
}

void add_log_softmax_grad(OpRegistry& registry) {
  OpDef def;
  def.name = "log_softmax_grad";
  def.params = "y, grad, axis";
  def.doc = "Gradient of log_softmax from its result: grad - exp(y) * sum(grad).";
  def.make_attrs = make_attrs_of<SoftmaxAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = infer_softmax;
  def.kernel = [](const KernelContext& c) {
    binary_rows(c, "log_softmax", table().log_softmax_grad,
                [](auto... a) { reference::ref_log_softmax_grad(a...); });
  };
  def.backward = [](const BackwardContext& c) {
    const IntList& axis = c.attrs_as<SoftmaxAttrs>().axis;
    const Tensor p = ops::exp(c.inputs[0]);
    const Tensor pv = p * c.grads[0];
    Tensors grads(2);
    if (c.needs[0]) grads[0] = -(pv * ops::sum(c.inputs[1], axis, true));
    if (c.needs[1]) grads[1] = c.grads[0] - ops::sum(pv, axis, true);
    return grads;
  };
  def.composite = log_softmax_grad_composite;
  def.internal = true;
  serve_halves(def);
  registry.add(std::move(def));
}

void add_sparsemax(OpRegistry& registry) {
  OpDef def;
  def.name = "sparsemax";
  def.params = "x, axis";
  def.doc =
      "The point of the probability simplex nearest to `x` along `axis`: like softmax, with exact "
      "zeros.\n\nArgs:\n    x: Input tensor.\n    axis: The axis along which the result sums to "
      "1.\n\n"
      "Returns:\n    A tensor shaped as `x`.";
  def.make_attrs = make_attrs_of<SparsemaxAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = [](const InferContext& c) {
    normalize_axis(c.attrs_as<SparsemaxAttrs>().axis, c.shape(0).rank(), c.op);
    return std::vector<TensorSpec>{c.inputs[0].spec()};
  };
  def.kernel = [](const KernelContext& c) {
    const RowView view(c.in[0].shape(), {c.attrs_as<SparsemaxAttrs>().axis}, "sparsemax");
    dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
      for_each_row<T, 1>(view, {c.in[0].as<const T>()}, c.out[0].as<T>(),
                         [&](const auto& in, T* y, int64_t begin, int64_t end) {
                           reference::ref_sparsemax(in[0], y, begin, end, view.cols());
                         });
    });
  };
  def.backward = [](const BackwardContext& c) {
    const IntList axis = {c.attrs_as<SparsemaxAttrs>().axis};
    const Tensor& g = c.grads[0];
    const Tensor support = ops::cast(ops::greater(c.outputs[0], ops::scalar(0)), g.dtype());
    const Tensor mean = ops::sum(g * support, axis, true) / ops::sum(support, axis, true);
    return Tensors{support * (g - mean)};
  };
  registry.add(std::move(def));
}

}  // namespace

void register_softmax_ops(OpRegistry& registry) {
  add_softmax(registry);
  add_softmax_grad(registry);
  add_log_softmax(registry);
  add_log_softmax_grad(registry);
  add_sparsemax(registry);
}

namespace ops {

Tensor softmax(const Tensor& x, const IntList& axis) {
  return call("softmax", {x}, axis);
}

Tensor log_softmax(const Tensor& x, const IntList& axis) {
  return call("log_softmax", {x}, axis);
}

Tensor sparsemax(const Tensor& x, int64_t axis) {
  auto attrs = make_ref<SparsemaxAttrs>();
  attrs->axis = axis;
  return apply_one(find_op("sparsemax"), {x}, attrs);
}

}  // namespace ops
}  // namespace nacre
