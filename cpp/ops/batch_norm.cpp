// Batch normalization by the batch's own statistics, and its gradient.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/abi.h"
#include "ops/norm_fused.h"
#include "ops/norm_parts.h"
#include "ops/reference/columns.h"
#include "ops/rows.h"

namespace nacre {
namespace {

using kernels::table;

struct FusedBatchNormAttrs : AttrsOf<FusedBatchNormAttrs> {
  double epsilon = 1e-3;
  bool relu = false;  // of the forward: set by the epilogue pass
  NACRE_ATTRS(epsilon, relu)
};

// Two sums a column in double, then up to three coefficients.
size_t batch_norm_workspace(const Attrs*, std::span<const Buffer>, std::span<const Buffer> out) {
  return static_cast<size_t>(out[1].size()) * 5 * sizeof(double);
}

std::vector<TensorSpec> infer_batch_norm(const InferContext& c) {
  require_wide(c);
  if (c.shape(0).rank() < 1) value_error(c.op, ": expected x of rank 1 or more, received ()");
  const TensorSpec columns{c.dtype(0), {c.shape(0).back()}};
  return {c.inputs[0].spec(), columns, columns};
}

void batch_norm_kernel(const KernelContext& c) {
  const int64_t cols = c.out[1].size();
  if (cols == 0) return;
  const int64_t rows = c.out[0].size() / cols;
  const auto& attrs = c.attrs_as<FusedBatchNormAttrs>();
  dispatch_wide(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T *x = c.in[0].as<T>(), *gamma = c.in[1].as<T>(), *beta = c.in[2].as<T>();
    const T* residual = c.in.size() > 3 ? c.in[3].as<T>() : nullptr;
    T *y = c.out[0].as<T>(), *mean = c.out[1].as<T>(), *variance = c.out[2].as<T>();
    double* sums = static_cast<double*>(c.workspace);
    // The first row is as near to the mean as any: deviations from it do not cancel.
    column_sums<double>(rows, cols, sums, sums + cols,
                        [&](double* sum, double* squares, int64_t begin, int64_t end) {
                          if constexpr (std::is_same_v<T, float>) {
                            if (const auto fn = table().column_moments) {
                              return fn(x, x, sum, squares, begin, end, cols);
                            }
                          }
                          reference::ref_column_moments(x, x, sum, squares, begin, end, cols);
                        });
    T *scale = reinterpret_cast<T*>(sums + 2 * cols), *offset = scale + cols;
    const double n = static_cast<double>(rows);
    for (int64_t i = 0; i < cols; ++i) {
      const double m = sums[i] / n;
      const double deviation = rows ? m - static_cast<double>(x[i]) : m;
      const double v = std::max(0.0, sums[cols + i] / n - deviation * deviation);
      // NaN must not become 0 in max().
      const double var = std::isnan(m) ? m : v;
      mean[i] = static_cast<T>(m);
      variance[i] = static_cast<T>(var);
      const double s =
          (gamma ? static_cast<double>(gamma[i]) : 1.0) / std::sqrt(var + attrs.epsilon);
      scale[i] = static_cast<T>(s);
      offset[i] = static_cast<T>((beta ? static_cast<double>(beta[i]) : 0.0) - m * s);
    }
    parallel_for(rows, std::max<int64_t>(1, 2 * kRowWork / cols), [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<T, float>) {
        if (const auto fn = table().column_affine) {
          return fn(x, scale, offset, residual, attrs.relu, y, begin, end, cols);
        }
      }
      reference::ref_column_affine(x, scale, offset, residual, attrs.relu, y, begin, end, cols);
    });
  });
}

IntList all_but_last(int rank) {
  IntList axes;
  for (int i = 0; i + 1 < rank; ++i) axes.push_back(i);
  return axes;
}

Tensors batch_norm_composite(std::span<const Tensor> in, const Attrs* a) {
  const IntList axes = all_but_last(in[0].rank());
  const Tensor mean = ops::mean(in[0], axes);
  const Tensor centered = in[0] - mean;
  const Tensor variance = ops::mean(ops::square(centered), axes);
  const auto& attrs = static_cast<const FusedBatchNormAttrs&>(*a);
  Tensor y = centered * ops::rsqrt(variance + attrs.epsilon);
  if (in[1].defined()) y = y * in[1];
  if (in[2].defined()) y = y + in[2];
  if (in.size() > 3 && in[3].defined()) y = y + in[3];
  if (attrs.relu) y = ops::relu(y);
  return {y, mean, variance};
}

// dx = a * grad + b * x + c per column.
void batch_norm_grad_kernel(const KernelContext& c) {
  const int64_t cols = c.out[1].size();
  if (c.out[0].size() == 0) {
    for (int o = 1; o < 3; ++o) std::memset(c.out[o].data, 0, c.out[o].spec->bytes());
    return;
  }
  const int64_t rows = c.out[0].size() / cols;
  const double epsilon = c.attrs_as<FusedBatchNormAttrs>().epsilon;
  dispatch_wide(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T *x = c.in[0].as<T>(), *gamma = c.in[1].as<T>(), *mean = c.in[2].as<T>();
    const T *variance = c.in[3].as<T>(), *g = c.in[4].as<T>();
    T *dx = c.out[0].as<T>(), *dgamma = c.out[1].as<T>(), *dbeta = c.out[2].as<T>();
    double* sums = static_cast<double*>(c.workspace);
    column_sums<double>(rows, cols, sums, sums + cols,
                        [&](double* sum_g, double* sum_gx, int64_t begin, int64_t end) {
                          if constexpr (std::is_same_v<T, float>) {
                            if (const auto fn = table().column_grad_sums) {
                              return fn(x, g, mean, sum_g, sum_gx, begin, end, cols);
                            }
                          }
                          reference::ref_column_grad_sums(x, g, mean, sum_g, sum_gx, begin, end,
                                                          cols);
                        });
    T *by_grad = reinterpret_cast<T*>(sums + 2 * cols), *by_x = by_grad + cols;
    T* constant = by_x + cols;
    const double n = static_cast<double>(rows);
    for (int64_t i = 0; i < cols; ++i) {
      const double rstd = 1 / std::sqrt(static_cast<double>(variance[i]) + epsilon);
      const double s = rstd * (gamma ? static_cast<double>(gamma[i]) : 1.0);
      const double slope = -s * rstd * rstd * sums[cols + i] / n;
      dbeta[i] = static_cast<T>(sums[i]);
      dgamma[i] = static_cast<T>(sums[cols + i] * rstd);
      by_grad[i] = static_cast<T>(s);
      by_x[i] = static_cast<T>(slope);
      constant[i] = static_cast<T>(-s * sums[i] / n);
    }
    parallel_for(rows, std::max<int64_t>(1, 2 * kRowWork / cols), [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<T, float>) {
        if (const auto fn = table().column_grad) {
          return fn(x, g, mean, by_x, by_grad, constant, dx, begin, end, cols);
        }
      }
      reference::ref_column_grad(x, g, mean, by_x, by_grad, constant, dx, begin, end, cols);
    });
  });
}

// In terms of x, scale and grad only, as for layer norm.
Tensors batch_norm_grad_composite(std::span<const Tensor> in, const Attrs* a) {
  const Tensor &x = in[0], &gamma = in[1], &g = in[4];
  const IntList axes = all_but_last(x.rank());
  const Tensor centered = x - ops::mean(x, axes);
  const Tensor rstd = ops::rsqrt(ops::mean(ops::square(centered), axes) +
                                 static_cast<const FusedBatchNormAttrs&>(*a).epsilon);
  const Tensor normal = centered * rstd;
  const Tensor scaled = gamma.defined() ? g * gamma : g;
  const Tensor dx =
      rstd * (scaled - ops::mean(scaled, axes) - normal * ops::mean(scaled * normal, axes));
  return {dx, ops::sum(g * normal, axes), ops::sum(g, axes)};
}

Tensors batch_norm_backward(const BackwardContext& c) {
  Tensors grads(3);
  const Tensor& x = c.inputs[0];
  if (c.grads[0].defined()) {
    const bool relu = c.attrs_as<FusedBatchNormAttrs>().relu;
    const Tensor g = relu ? ops::relu_grad(c.grads[0], c.outputs[0]) : c.grads[0];
    grads = apply(find_op("fused_batch_norm_grad"), {x, c.inputs[1], c.outputs[1], c.outputs[2], g},
                  Ref<Attrs>(const_cast<Attrs*>(c.attrs)));
    if (c.inputs.size() > 3) grads.push_back(g);
  }
  if (c.needs[0] && (c.grads[1].defined() || c.grads[2].defined())) {
    const double n =
        std::max(1.0, static_cast<double>(x.size()) / static_cast<double>(x.shape().back()));
    Tensor extra = ops::zeros_like(x);
    if (c.grads[1].defined()) extra = extra + c.grads[1] / n;
    if (c.grads[2].defined()) {
      // The mean as a function of x: this term is differentiated too.
      const Tensor centered = x - ops::mean(x, all_but_last(x.rank()));
      extra = extra + centered * c.grads[2] * (2 / n);
    }
    grads[0] = grads[0].defined() ? grads[0] + extra : extra;
  }
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!c.needs[i]) grads[i] = Tensor();
  }
  return grads;
}

void add_batch_norm(OpRegistry& registry) {
  OpDef def;
  def.name = "fused_batch_norm";
  def.params = "x, scale?, offset?, residual?, epsilon, relu";
  def.doc =
      "Each index of the last axis normalized by its own statistics, plus `residual`, then ReLU; "
      "also the mean and the biased variance.";
  def.make_attrs = make_attrs_of<FusedBatchNormAttrs>;
  def.infer = infer_batch_norm;
  def.kernel = batch_norm_kernel;
  def.workspace = batch_norm_workspace;
  def.composite = batch_norm_composite;
  def.backward = batch_norm_backward;
  def.internal = true;
  registry.add(std::move(def));

  OpDef grad;
  grad.name = "fused_batch_norm_grad";
  grad.params = "x, scale?, mean, variance, grad, epsilon, relu";
  grad.doc = "Gradients of fused_batch_norm with respect to x, scale and offset.";
  grad.make_attrs = make_attrs_of<FusedBatchNormAttrs>;
  grad.infer = infer_batch_norm;
  grad.kernel = batch_norm_grad_kernel;
  grad.workspace = batch_norm_workspace;
  grad.in_place = {4};
  grad.composite = batch_norm_grad_composite;
  grad.internal = true;
  registry.add(std::move(grad));
}

}  // namespace

void register_batch_norm_ops(OpRegistry& registry) {
  add_batch_norm(registry);
}

ops::BatchNormResult fused_batch_norm(const Tensor& x, const Tensor& scale, const Tensor& offset,
                                      double epsilon) {
  auto attrs = make_ref<FusedBatchNormAttrs>();
  attrs->epsilon = epsilon;
  Tensors out = apply(find_op("fused_batch_norm"), {x, scale, offset}, attrs);
  return {out[0], out[1], out[2]};
}

}  // namespace nacre
