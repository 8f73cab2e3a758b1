#include "ops/norm_fused.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/abi.h"
#include "ops/norm_parts.h"
#include "ops/reference/columns.h"

namespace nacre {
namespace {

using kernels::table;

struct LayerNormAttrs : AttrsOf<LayerNormAttrs> {
  int64_t axes = 1;
  double epsilon = 1e-7;
  NACRE_ATTRS(axes, epsilon)
};

// ---- layer normalization

std::vector<TensorSpec> infer_layer_norm(const InferContext& c) {
  require_wide(c);
  const int64_t axes = c.attrs_as<LayerNormAttrs>().axes;
  const Shape rows = leading(c.shape(0), axes);
  return {c.inputs[0].spec(), {c.dtype(0), rows}, {c.dtype(0), rows}};
}

void layer_norm_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<LayerNormAttrs>();
  const int64_t cols = trailing(c.in[0].shape(), attrs.axes).size();
  const int64_t rows = c.out[1].size();
  if (cols == 0) return;
  dispatch_wide(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T *x = c.in[0].as<T>(), *gamma = c.in[1].as<T>(), *beta = c.in[2].as<T>();
    T *y = c.out[0].as<T>(), *mean = c.out[1].as<T>(), *rstd = c.out[2].as<T>();
    parallel_for(rows, std::max<int64_t>(1, kRowWork / cols), [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<T, float>) {
        if (const auto fn = table().layer_norm) {
          return fn(x, gamma, beta, y, mean, rstd, begin, end, cols,
                    static_cast<float>(attrs.epsilon));
        }
      }
      reference::ref_layer_norm(x, gamma, beta, y, mean, rstd, begin, end, cols, attrs.epsilon);
    });
  });
}

Tensors layer_norm_composite(std::span<const Tensor> in, const Attrs* a) {
  const auto& attrs = static_cast<const LayerNormAttrs&>(*a);
  const Tensor& x = in[0];
  const IntList axes = last_axes(x.rank(), attrs.axes);
  const Tensor mean = ops::mean(x, axes, true);
  const Tensor centered = x - mean;
  const Tensor rstd = ops::rsqrt(ops::mean(ops::square(centered), axes, true) + attrs.epsilon);
  Tensor y = centered * rstd;
  if (in[1].defined()) y = y * in[1];
  if (in[2].defined()) y = y + in[2];
  return {y, ops::squeeze(mean, axes), ops::squeeze(rstd, axes)};
}

std::vector<TensorSpec> infer_layer_norm_grad(const InferContext& c) {
  const Shape cols = trailing(c.shape(0), c.attrs_as<LayerNormAttrs>().axes);
  return {c.inputs[0].spec(), {c.dtype(0), cols}, {c.dtype(0), cols}};
}

void layer_norm_grad_kernel(const KernelContext& c) {
  const int64_t cols = c.out[1].size();
  const int64_t rows = c.in[2].size();
  dispatch_wide(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T *x = c.in[0].as<T>(), *gamma = c.in[1].as<T>(), *mean = c.in[2].as<T>();
    const T *rstd = c.in[3].as<T>(), *g = c.in[4].as<T>();
    T* dx = c.out[0].as<T>();
    column_sums<T>(rows, cols, c.out[1].as<T>(), c.out[2].as<T>(),
                   [&](T* dgamma, T* dbeta, int64_t begin, int64_t end) {
                     if constexpr (std::is_same_v<T, float>) {
                       if (const auto fn = table().layer_norm_grad) {
                         return fn(x, gamma, mean, rstd, g, dx, dgamma, dbeta, begin, end, cols);
                       }
                     }
                     reference::ref_layer_norm_grad(x, gamma, mean, rstd, g, dx, dgamma, dbeta,
                                                    begin, end, cols);
                   });
  });
}

// In terms of x, gamma and grad only: mean and rstd are functions of x, and the derivative of this
// one with respect to x is the whole.
Tensors layer_norm_grad_composite(std::span<const Tensor> in, const Attrs* a) {
  const auto& attrs = static_cast<const LayerNormAttrs&>(*a);
  const Tensor &x = in[0], &gamma = in[1], &g = in[4];
  const IntList axes = last_axes(x.rank(), attrs.axes);
  IntList rows;
  for (int64_t i = 0; i < x.rank() - attrs.axes; ++i) rows.push_back(i);
  const Tensor centered = x - ops::mean(x, axes, true);
  const Tensor rstd = ops::rsqrt(ops::mean(ops::square(centered), axes, true) + attrs.epsilon);
  const Tensor normal = centered * rstd;
  const Tensor scaled = gamma.defined() ? g * gamma : g;
  const Tensor dx = rstd * (scaled - ops::mean(scaled, axes, true) -
                            normal * ops::mean(scaled * normal, axes, true));
  const Shape shape = trailing(x.shape(), attrs.axes);
  return {dx, ops::reduce_to_shape(g * normal, shape), ops::reduce_to_shape(g, shape)};
}

void add_layer_norm(OpRegistry& registry) {
  OpDef def;
  def.name = "fused_layer_norm";
  def.params = "x, gamma?, beta?, axes, epsilon";
  def.doc = "Layer normalization over the last `axes` axes; also the mean and 1 / deviation.";
  def.make_attrs = make_attrs_of<LayerNormAttrs>;
  def.infer = infer_layer_norm;
  def.kernel = layer_norm_kernel;
  def.composite = layer_norm_composite;
  def.backward = [](const BackwardContext& c) {
    Tensors grads = apply(find_op("fused_layer_norm_grad"),
                          {c.inputs[0], c.inputs[1], c.outputs[1], c.outputs[2],
                           c.grads[0].defined() ? c.grads[0] : ops::zeros_like(c.outputs[0])},
                          Ref<Attrs>(const_cast<Attrs*>(c.attrs)));
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!c.needs[i]) grads[i] = Tensor();
    }
    return grads;
  };
  def.internal = true;
  registry.add(std::move(def));

  OpDef grad;
  grad.name = "fused_layer_norm_grad";
  grad.params = "x, gamma?, mean, rstd, grad, axes, epsilon";
  grad.doc = "Gradients of fused_layer_norm with respect to x, gamma and beta.";
  grad.make_attrs = make_attrs_of<LayerNormAttrs>;
  grad.infer = infer_layer_norm_grad;
  grad.kernel = layer_norm_grad_kernel;
  grad.composite = layer_norm_grad_composite;
  grad.internal = true;
  registry.add(std::move(grad));
}

// ---- columns

std::vector<TensorSpec> infer_scale_shift(const InferContext& c) {
  const int64_t cols = c.shape(0).rank() ? c.shape(0).back() : 1;
  for (size_t i = 1; i < 3; ++i) {
    if (c.shape(i).rank() != 1 || (cols != kUnknownDim && c.shape(i)[0] != cols)) {
      value_error(c.op, ": expected ", i == 1 ? "scale" : "offset", " of shape ", Shape{cols},
                  ", received ", c.shape(i), " (x: ", c.shape(0), ")");
    }
  }
  return {c.inputs[0].spec()};
}

void scale_shift_kernel(const KernelContext& c) {
  const int64_t cols = c.in[1].size();
  if (c.out[0].size() == 0) return;
  const int64_t rows = c.out[0].size() / cols;
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T *x = c.in[0].as<T>(), *scale = c.in[1].as<T>(), *offset = c.in[2].as<T>();
    T* y = c.out[0].as<T>();
    parallel_for(rows, std::max<int64_t>(1, 2 * kRowWork / cols), [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<T, float>) {
        if (const auto fn = table().column_affine) {
          return fn(x, scale, offset, nullptr, false, y, begin, end, cols);
        }
      }
      reference::ref_column_affine(x, scale, offset, static_cast<const T*>(nullptr), false, y,
                                   begin, end, cols);
    });
  });
}

void add_scale_shift(OpRegistry& registry) {
  OpDef def;
  def.name = "scale_shift";
  def.params = "x, scale, offset";
  def.doc = "x * scale + offset for each index of the last axis.";
  def.promote = Promote::kCommonFloat;
  def.infer = infer_scale_shift;
  def.kernel = scale_shift_kernel;
  def.composite = [](std::span<const Tensor> in, const Attrs*) {
    return Tensors{in[0] * in[1] + in[2]};
  };
  def.backward = [](const BackwardContext& c) {
    const Tensor& g = c.grads[0];
    const Shape& cols = c.inputs[1].shape();
    return Tensors{c.needs[0] ? g * c.inputs[1] : Tensor(),
                   c.needs[1] ? ops::reduce_to_shape(g * c.inputs[0], cols) : Tensor(),
                   c.needs[2] ? ops::reduce_to_shape(g, cols) : Tensor()};
  };
  def.internal = true;
  registry.add(std::move(def));
}

}  // namespace

void register_fused_norm_ops(OpRegistry& registry) {
  add_layer_norm(registry);
  register_fused_rms_norm(registry);
  add_scale_shift(registry);
}

Tensor fused_layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, int64_t axes,
                        double epsilon) {
  auto attrs = make_ref<LayerNormAttrs>();
  attrs->axes = axes;
  attrs->epsilon = epsilon;
  return apply_one(find_op("fused_layer_norm"), {x, gamma, beta}, attrs);
}

Tensor ops::scale_shift(const Tensor& x, const Tensor& scale, const Tensor& offset) {
  return apply_one(find_op("scale_shift"), {x, scale, offset});
}

}  // namespace nacre
