#include "nacre/nn/layers/norm.h"

#include <algorithm>
#include <cmath>

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// Sizes of the axes, which must be known.
Shape sizes_of(const Shape& input_shape, const AxisList& axis) {
  Shape out;
  for (const int64_t i : axis.normalized(input_shape.rank())) {
    const int64_t size = input_shape[static_cast<int>(i)];
    if (size < 0) {
      value_error("expected an input whose axis ", i, " is known, received shape ", input_shape);
    }
    out.push_back(size);
  }
  return out;
}

// ValueError unless x still has the sizes along `axis` that the weights were made for.
void require_sizes(const Tensor& x, const AxisList& axis, const VariableRef& weight) {
  if (!weight) return;
  bool fits = true;
  Shape sizes;
  for (const int64_t i : axis.normalized(x.rank())) {
    sizes.push_back(x.shape()[static_cast<int>(i)]);
    const int at = sizes.rank() - 1;
    fits =
        fits && at < weight->shape().rank() && (sizes[at] < 0 || sizes[at] == weight->shape()[at]);
  }
  if (!fits) {
    value_error("expected an input with sizes ", weight->shape(), " along axis ",
                write_field(axis).dump(), ", received shape ", x.shape());
  }
}

bool is_half(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

// Mean and variance over the steps that count, along all axes but one.
ops::Moments masked_moments(const Tensor& x, const Tensor& mask, int64_t axis) {
  IntList axes;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != normalize_axis(axis, x.rank(), "axis")) axes.push_back(i);
  }
  // Keras 3 adds its epsilon to the number of steps.
  constexpr double kEpsilon = 1e-7;
  const Tensor counts =
      ops::broadcast_to(ops::cast(ops::expand_dims(mask, -1), DType::kBool), x.shape());
  const Tensor zeros = ops::zeros_like(x);
  const Tensor total = ops::sum(ops::cast(counts, x.dtype()), axes, true) + kEpsilon;
  const Tensor mean = ops::sum(ops::where(counts, x, zeros), axes, true) / total;
  const Tensor difference = ops::where(counts, x - mean, zeros);
  const Tensor variance = ops::sum(ops::square(difference), axes, true) / total;
  return {ops::squeeze(mean, axes), ops::squeeze(variance, axes)};
}

}  // namespace

std::optional<double> BatchNormalization::clipping(const char* name) const {
  const Json* limit = renorm_clipping.is_object() ? renorm_clipping.find(name) : nullptr;
  if (!limit || limit->is_null()) return {};
  return limit->as_double(name);
}

void BatchNormalization::validate() {
  UnaryLayer::validate();
  if (!renorm) return;
  if (renorm_clipping.is_null()) renorm_clipping = Json::object();
  for (const auto& [name, limit] : renorm_clipping.as_object("renorm_clipping")) {
    if (name != "rmin" && name != "rmax" && name != "dmax") {
      value_error("BatchNormalization: expected renorm_clipping with keys 'rmin', 'rmax', 'dmax', ",
                  "received '", name, "'");
    }
  }
  const auto low = clipping("rmin"), high = clipping("rmax"), shift = clipping("dmax");
  if (low && high && *high < *low) {
    value_error("BatchNormalization: expected rmin <= rmax in renorm_clipping, received ", *low,
                " and ", *high);
  }
  if (shift && *shift < 0) {
    value_error("BatchNormalization: expected dmax >= 0 in renorm_clipping, received ", *shift);
  }
}

void BatchNormalization::build(const Shape& input_shape) {
  const Shape shape = sizes_of(input_shape, {axis});
  if (scale) {
    gamma_ = add_weight("gamma", shape, gamma_initializer,
                        {.regularizer = gamma_regularizer, .constraint = gamma_constraint});
  }
  if (center) {
    beta_ = add_weight("beta", shape, beta_initializer,
                       {.regularizer = beta_regularizer, .constraint = beta_constraint});
  }
  moving_mean_ = add_weight("moving_mean", shape, moving_mean_initializer, {.trainable = false});
  moving_variance_ =
      add_weight("moving_variance", shape, moving_variance_initializer, {.trainable = false});
  if (!renorm) return;
  const auto deviation = [&](const char* name) {
    const VariableRef v =
        add_weight(name, shape, moving_variance_initializer, {.trainable = false});
    v->assign(ops::sqrt(v->value()));
    return v;
  };
  moving_stddev_ = deviation("moving_stddev");
  renorm_mean_ = add_weight("renorm_mean", shape, moving_mean_initializer, {.trainable = false});
  renorm_stddev_ = deviation("renorm_stddev");
}

void BatchNormalization::follow(const VariableRef& moving, const Tensor& now, double rate) const {
  const Tensor batch = ops::stop_gradient(now);
  moving->assign(moving->value() * rate + ops::cast(batch, moving->dtype()) * (1 - rate));
}

// (normal * r + d) * gamma + beta, with the correction (r, d) from the batch's moments to the
// moving ones; all averages are updated.
Tensor BatchNormalization::renormalized(const Tensor& normal, const ops::Moments& batch,
                                        const Tensor& gamma, const Tensor& beta) {
  const DType dtype = normal.dtype();
  const Tensor mean = ops::stop_gradient(batch.mean);
  const Tensor stddev = ops::sqrt(ops::stop_gradient(batch.variance) + epsilon);
  const Tensor usual =
      ops::maximum(ops::cast(renorm_stddev_->value(), dtype), ops::scalar(std::sqrt(epsilon)));
  Tensor r = stddev / usual;
  Tensor d = (mean - ops::cast(renorm_mean_->value(), dtype)) / usual;
  if (const auto low = clipping("rmin")) r = ops::maximum(r, ops::scalar(*low));
  if (const auto high = clipping("rmax")) r = ops::minimum(r, ops::scalar(*high));
  if (const auto shift = clipping("dmax")) d = ops::clip(d, -*shift, *shift);
  Tensor factor = gamma.defined() ? r * gamma : r;
  Tensor offset = gamma.defined() ? d * gamma : d;
  if (beta.defined()) offset = offset + beta;
  follow(renorm_mean_, mean, renorm_momentum);
  follow(renorm_stddev_, stddev, renorm_momentum);
  follow(moving_mean_, mean, momentum);
  follow(moving_stddev_, stddev, momentum);
  const Tensor deviation = moving_stddev_->value();
  moving_variance_->assign(ops::relu(ops::square(deviation) - epsilon));
  const int at = normalize_axis(axis, normal.rank(), "axis");
  if (at == normal.rank() - 1) return ops::scale_shift(normal, factor, offset);
  Shape shape;
  for (int i = 0; i < normal.rank(); ++i) shape.push_back(i == at ? normal.shape()[i] : 1);
  return normal * ops::reshape(factor, shape) + ops::reshape(offset, shape);
}

Tensor BatchNormalization::call(const Tensor& input, const CallContext& context) {
  require_sizes(input, {axis}, moving_mean_);
  if (const Tensor mask = context.mask(); mask.defined() && mask.rank() != input.rank() - 1) {
    value_error("expected a mask of rank ", input.rank() - 1, ", received shape ", mask.shape(),
                " (x: ", input.shape(), ")");
  }
  // Half precision has too little range for statistics.
  const DType compute = compute_dtype();
  const DType dtype = is_half(compute) ? DType::kFloat32 : compute;
  const auto to = [&](const Tensor& t) { return t.dtype() == dtype ? t : ops::cast(t, dtype); };
  const Tensor x = to(input);
  const Tensor gamma = gamma_ ? to(gamma_->value()) : Tensor();
  const Tensor beta = beta_ ? to(beta_->value()) : Tensor();
  const Tensor moving_mean = moving_mean_->value();
  const Tensor moving_variance = moving_variance_->value();
  Tensor y;
  if (context.training && trainable()) {
    const Tensor mask = context.mask();
    const Tensor factor = renorm ? Tensor() : gamma, offset = renorm ? Tensor() : beta;
    ops::BatchNormResult result;
    if (mask.defined()) {
      const ops::Moments m = masked_moments(x, mask, axis);
      result = {ops::batch_normalization(x, m.mean, m.variance, axis, offset, factor, epsilon),
                m.mean, m.variance};
    } else {
      result = ops::batch_norm_train(x, factor, offset, axis, epsilon);
    }
    y = result.y;
    if (x.is_placeholder()) {
      // Only the shape is asked for.
    } else if (renorm) {
      y = renormalized(y, {result.mean, result.variance}, gamma, beta);
    } else {
      follow(moving_mean_, result.mean, momentum);
      follow(moving_variance_, result.variance, momentum);
    }
  } else {
    y = ops::batch_normalization(x, to(moving_mean), to(moving_variance), axis, beta, gamma,
                                 epsilon);
  }
  return y.dtype() == compute ? y : ops::cast(y, compute);
}

void LayerNormalization::build(const Shape& input_shape) {
  const Shape shape = sizes_of(input_shape, axis);
  if (scale) {
    gamma_ = add_weight("gamma", shape, gamma_initializer,
                        {.regularizer = gamma_regularizer, .constraint = gamma_constraint});
  }
  if (center) {
    beta_ = add_weight("beta", shape, beta_initializer,
                       {.regularizer = beta_regularizer, .constraint = beta_constraint});
  }
}

Tensor LayerNormalization::call(const Tensor& x, const CallContext& context) {
  require_sizes(x, axis, gamma_ ? gamma_ : beta_);
  const Tensor gamma = gamma_ ? gamma_->value() : Tensor();
  const Tensor beta = beta_ ? beta_->value() : Tensor();
  const Tensor y = ops::layer_normalization(x, gamma, beta, axis.normalized(x.rank()), epsilon);
  return y.dtype() == compute_dtype() ? y : ops::cast(y, compute_dtype());
}

void GroupNormalization::validate() {
  UnaryLayer::validate();
  if (groups <= 0 && groups != -1) {
    value_error("GroupNormalization: expected groups > 0, or -1 for one a channel, received ",
                groups);
  }
}

void GroupNormalization::build(const Shape& input_shape) {
  const Shape shape = sizes_of(input_shape, {axis});
  if (normalize_axis(axis, input_shape.rank(), "axis") == 0) {
    value_error("expected an axis other than the batch axis 0");
  }
  if (groups == -1) groups = shape[0];
  if (shape[0] % groups != 0) {
    value_error("expected channels in multiples of groups ", groups, ", received input shape ",
                input_shape);
  }
  if (scale) {
    gamma_ = add_weight("gamma", shape, gamma_initializer,
                        {.regularizer = gamma_regularizer, .constraint = gamma_constraint});
  }
  if (center) {
    beta_ = add_weight("beta", shape, beta_initializer,
                       {.regularizer = beta_regularizer, .constraint = beta_constraint});
  }
}

Tensor GroupNormalization::call(const Tensor& input, const CallContext& context) {
  require_sizes(input, {axis}, gamma_ ? gamma_ : beta_);
  const DType compute = compute_dtype();
  if (input.is_placeholder()) return Tensor::placeholder({compute, input.shape()});
  const DType dtype = is_half(compute) ? DType::kFloat32 : compute;
  const auto to = [&](const Tensor& t) { return t.dtype() == dtype ? t : ops::cast(t, dtype); };
  const int at = normalize_axis(axis, input.rank(), "axis");
  Shape shape, weight_shape;  // with the channels as (groups, channels of a group)
  IntList axes;
  for (int i = 0; i < input.rank(); ++i) {
    if (i == at) {
      for (const int64_t size : {groups, input.shape()[i] / groups}) {
        shape.push_back(size);
        weight_shape.push_back(size);
      }
      axes.push_back(i + 1);
    } else {
      shape.push_back(input.shape()[i]);
      weight_shape.push_back(1);
      if (i > 0) axes.push_back(i > at ? i + 1 : i);
    }
  }
  const Tensor x = ops::reshape(to(input), shape);
  const ops::Moments m = ops::moments(x, axes, true);
  Tensor factor = ops::rsqrt(m.variance + epsilon);
  if (gamma_) factor = factor * ops::reshape(to(gamma_->value()), weight_shape);
  Tensor offset = -(m.mean * factor);
  if (beta_) offset = offset + ops::reshape(to(beta_->value()), weight_shape);
  const Tensor y = ops::reshape(x * factor + offset, input.shape());
  return y.dtype() == compute ? y : ops::cast(y, compute);
}

void RMSNormalization::build(const Shape& input_shape) {
  scale_ = add_weight("scale", sizes_of(input_shape, axis),
                      deserialize_as<Initializer>("initializers", "Ones"));
}

Tensor RMSNormalization::call(const Tensor& x, const CallContext& context) {
  require_sizes(x, axis, scale_);
  const IntList axes = axis.normalized(x.rank());
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) shape.push_back(1);
  for (size_t i = 0; i < axes.size(); ++i)
    shape[static_cast<int>(axes[i])] = scale_->shape()[static_cast<int>(i)];
  const Tensor y = ops::rms_normalization(x, ops::reshape(scale_->value(), shape), axes, epsilon);
  return y.dtype() == compute_dtype() ? y : ops::cast(y, compute_dtype());
}

Tensor UnitNormalization::call(const Tensor& x, const CallContext& context) {
  return ops::normalize(x, axis.normalized(x.rank()), 2, 1e-12);
}

void SpectralNormalization::validate() {
  UnaryLayer::validate();
  if (power_iterations <= 0) {
    value_error("SpectralNormalization: expected power_iterations > 0, received ",
                power_iterations);
  }
  if (!layer) value_error("SpectralNormalization: expected a layer, received None");
  add_sublayer(layer);
}

void SpectralNormalization::build(const Shape& input_shape) {
  layer->ensure_built({input_shape});
  for (const VariableRef& variable : layer->own_variables()) {
    if (variable->name == "kernel" || variable->name == "embeddings") kernel_ = variable;
  }
  if (!kernel_) {
    value_error("expected a layer with a kernel or embeddings, received ", layer->class_name(),
                " '", layer->name(), "'");
  }
  share_variable(kernel_);  // as Keras: among the wrapper's own, before vector_u
  vector_u_ =
      add_weight("vector_u", {1, kernel_->shape().back()},
                 deserialize_as<Initializer>(
                     "initializers", Json::object({{"class_name", "TruncatedNormal"},
                                                   {"config", Json::object({{"stddev", 0.02}})}})),
                 {.dtype = kernel_->dtype(), .trainable = false});
}

void SpectralNormalization::normalize() {
  const PauseGradients pause;  // the gradient is that of the normalized kernel
  const Tensor kernel = kernel_->value(), old_u = vector_u_->value();
  const int64_t units = kernel.shape().back();
  const Tensor w = ops::reshape(kernel, {kernel.size() / std::max<int64_t>(units, 1), units});
  Tensor u = old_u, v;
  for (int64_t i = 0; i < power_iterations; ++i) {
    v = ops::normalize(ops::matmul(u, w, false, true));
    u = ops::normalize(ops::matmul(v, w));
  }
  const Tensor sigma = ops::matmul(ops::matmul(v, w), u, false, true);
  const Tensor zero = ops::all(ops::equal(kernel, ops::scalar(0)));
  vector_u_->assign(ops::where(zero, old_u, u));
  kernel_->assign(ops::where(zero, kernel, ops::reshape(w / sigma, kernel.shape())));
}

Tensor SpectralNormalization::call(const Tensor& x, const CallContext& context) {
  if (context.training && !x.is_placeholder()) normalize();
  const Tensor y = (*layer)(x);
  return y.dtype() == x.dtype() || !is_floating(x.dtype()) ? y : ops::cast(y, x.dtype());
}

void register_norm_layers() {
  register_class<GroupNormalization>();
  register_class<SpectralNormalization>();
  register_class<BatchNormalization>();
  register_class<LayerNormalization>();
  register_class<RMSNormalization>();
  register_class<UnitNormalization>();
}

}  // namespace nacre
