// RMS normalization over the trailing axes: the kernels of layer normalization without a mean.
#include <algorithm>

#include "kernels/abi.h"
#include "ops/norm_fused.h"
#include "ops/norm_parts.h"
#include "ops/reference/columns.h"

namespace nacre {
namespace {

struct RmsNormAttrs : AttrsOf<RmsNormAttrs> {
  int64_t axes = 1;
  double epsilon = 1e-7;
  NACRE_ATTRS(axes, epsilon)
};

void rms_norm_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<RmsNormAttrs>();
  const int64_t cols = trailing(c.in[0].shape(), attrs.axes).size();
  if (cols == 0) return;
  dispatch_wide(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T *x = c.in[0].as<T>(), *scale = c.in[1].as<T>();
    T *y = c.out[0].as<T>(), *rstd = c.out[1].as<T>();
    const int64_t grain = std::max<int64_t>(1, kRowWork / cols);
    parallel_for(c.out[1].size(), grain, [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<T, float>) {
        kernels::table().layer_norm(x, scale, nullptr, y, nullptr, rstd, begin, end, cols,
                                    static_cast<float>(attrs.epsilon));
      } else {
        reference::ref_layer_norm<T>(x, scale, nullptr, y, nullptr, rstd, begin, end, cols,
                                     attrs.epsilon);
      }
    });
  });
}

void rms_norm_grad_kernel(const KernelContext& c) {
  const int64_t cols = c.out[1].size();
  dispatch_wide(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T *x = c.in[0].as<T>(), *scale = c.in[1].as<T>(), *rstd = c.in[2].as<T>();
    const T* g = c.in[3].as<T>();
    T* dx = c.out[0].as<T>();
    column_sums<T>(c.in[2].size(), cols, c.out[1].as<T>(), nullptr,
                   [&](T* dscale, T*, int64_t begin, int64_t end) {
                     if constexpr (std::is_same_v<T, float>) {
                       kernels::table().layer_norm_grad(x, scale, nullptr, rstd, g, dx, dscale,
                                                        nullptr, begin, end, cols);
                     } else {
                       reference::ref_layer_norm_grad<T>(x, scale, nullptr, rstd, g, dx, dscale,
                                                         nullptr, begin, end, cols);
                     }
                   });
  });
}

Tensor rstd_of(const Tensor& x, const IntList& axes, double epsilon) {
  return ops::rsqrt(ops::mean(ops::square(x), axes, true) + epsilon);
}

const RmsNormAttrs& attrs_of(const Attrs* attrs) {
  return static_cast<const RmsNormAttrs&>(*attrs);
}

}  // namespace

void register_fused_rms_norm(OpRegistry& registry) {
  OpDef def;
  def.name = "fused_rms_norm";
  def.params = "x, scale?, axes, epsilon";
  def.doc = "RMS normalization over the last `axes` axes; also 1 / root mean square.";
  def.make_attrs = make_attrs_of<RmsNormAttrs>;
  def.infer = [](const InferContext& c) {
    require_wide(c);
    const Shape rows = leading(c.shape(0), c.attrs_as<RmsNormAttrs>().axes);
    return std::vector<TensorSpec>{c.inputs[0].spec(), {c.dtype(0), rows}};
  };
  def.kernel = rms_norm_kernel;
  def.composite = [](std::span<const Tensor> in, const Attrs* raw) {
    const IntList axes = last_axes(in[0].rank(), attrs_of(raw).axes);
    const Tensor rstd = rstd_of(in[0], axes, attrs_of(raw).epsilon);
    const Tensor y = in[0] * rstd;
    return Tensors{in[1].defined() ? y * in[1] : y, ops::squeeze(rstd, axes)};
  };
  def.backward = [](const BackwardContext& c) {
    Tensors grads =
        apply(find_op("fused_rms_norm_grad"), {c.inputs[0], c.inputs[1], c.outputs[1], c.grads[0]},
              Ref<Attrs>(const_cast<Attrs*>(c.attrs)));
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!c.needs[i]) grads[i] = Tensor();
    }
    return grads;
  };
  def.internal = true;
  registry.add(std::move(def));

  OpDef grad;
  grad.name = "fused_rms_norm_grad";
  grad.params = "x, scale?, rstd, grad, axes, epsilon";
  grad.doc = "Gradients of fused_rms_norm with respect to x and scale.";
  grad.make_attrs = make_attrs_of<RmsNormAttrs>;
  grad.infer = [](const InferContext& c) {
    const Shape cols = trailing(c.shape(0), c.attrs_as<RmsNormAttrs>().axes);
    return std::vector<TensorSpec>{c.inputs[0].spec(), {c.dtype(0), cols}};
  };
  grad.kernel = rms_norm_grad_kernel;
  // In terms of x, scale and grad only: rstd is a function of x.
  grad.composite = [](std::span<const Tensor> in, const Attrs* raw) {
    const Tensor &x = in[0], &g = in[3];
    const IntList axes = last_axes(x.rank(), attrs_of(raw).axes);
    const Tensor rstd = rstd_of(x, axes, attrs_of(raw).epsilon);
    const Tensor normal = x * rstd;
    const Tensor scaled = in[1].defined() ? g * in[1] : g;
    const Tensor dx = rstd * (scaled - normal * ops::mean(scaled * normal, axes, true));
    return Tensors{dx, ops::reduce_to_shape(g * normal, trailing(x.shape(), attrs_of(raw).axes))};
  };
  grad.internal = true;
  registry.add(std::move(grad));
}

Tensor fused_rms_norm(const Tensor& x, const Tensor& scale, int64_t axes, double epsilon) {
  auto attrs = make_ref<RmsNormAttrs>();
  attrs->axes = axes;
  attrs->epsilon = epsilon;
  return apply_one(find_op("fused_rms_norm"), {x, scale}, attrs);
}

}  // namespace nacre
