#include "nacre/nn/layers/norm.h"

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
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

void BatchNormalization::validate() {
  UnaryLayer::validate();
  if (renorm) {
    raise(ErrorKind::kNotImplemented, "BatchNormalization: renorm=True is not supported");
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
    ops::BatchNormResult result;
    if (mask.defined()) {
      const ops::Moments m = masked_moments(x, mask, axis);
      result = {ops::batch_normalization(x, m.mean, m.variance, axis, beta, gamma, epsilon), m.mean,
                m.variance};
    } else {
      result = ops::batch_norm_train(x, gamma, beta, axis, epsilon);
    }
    y = result.y;
    if (!x.is_placeholder()) {
      const auto follow = [&](const VariableRef& variable, const Tensor& moving,
                              const Tensor& now) {
        const Tensor batch = ops::stop_gradient(now);
        variable->assign(moving * momentum + ops::cast(batch, moving.dtype()) * (1 - momentum));
      };
      follow(moving_mean_, moving_mean, result.mean);
      follow(moving_variance_, moving_variance, result.variance);
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

void register_norm_layers() {
  register_class<BatchNormalization>();
  register_class<LayerNormalization>();
  register_class<RMSNormalization>();
  register_class<UnitNormalization>();
}

}  // namespace nacre
