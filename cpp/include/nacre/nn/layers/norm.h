// Normalization over the batch and over the features of a sample.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"
#include "nacre/ops/nn.h"

namespace nacre {

// By the statistics of the batch in training, by their moving averages otherwise (and when frozen).
class BatchNormalization final : public UnaryLayer {
 public:
  int64_t axis = -1;
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Ref<Initializer> beta_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Initializer> gamma_initializer = deserialize_as<Initializer>("initializers", "Ones");
  Ref<Initializer> moving_mean_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Initializer> moving_variance_initializer =
      deserialize_as<Initializer>("initializers", "Ones");
  Ref<Regularizer> beta_regularizer;
  Ref<Regularizer> gamma_regularizer;
  Ref<Constraint> beta_constraint;
  Ref<Constraint> gamma_constraint;
  // Batch renormalization (Ioffe 2017): training too corrects by moving averages; the correction is
  // clipped to "rmin", "rmax" and "dmax" of renorm_clipping.
  bool renorm = false;
  Json renorm_clipping;
  double renorm_momentum = 0.99;
  bool synchronized = false;  // one device: nothing to synchronize

  NACRE_CONFIG(BatchNormalization, UnaryLayer, axis, momentum, epsilon, center, scale,
               beta_initializer, gamma_initializer, moving_mean_initializer,
               moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
               gamma_constraint, renorm, renorm_clipping, renorm_momentum, synchronized)
  void validate() override;
  bool takes_mask() const override { return true; }
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  // A limit of renorm_clipping, if it is set.
  std::optional<double> clipping(const char* name) const;
  Tensor renormalized(const Tensor& normal, const ops::Moments& batch, const Tensor& gamma,
                      const Tensor& beta);
  // moving = moving * rate + now * (1 - rate)
  void follow(const VariableRef& moving, const Tensor& now, double rate) const;

  VariableRef gamma_, beta_, moving_mean_, moving_variance_;
  VariableRef moving_stddev_, renorm_mean_, renorm_stddev_;  // of renorm
};

class LayerNormalization final : public UnaryLayer {
 public:
  AxisList axis = {-1};
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Ref<Initializer> beta_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Initializer> gamma_initializer = deserialize_as<Initializer>("initializers", "Ones");
  Ref<Regularizer> beta_regularizer;
  Ref<Regularizer> gamma_regularizer;
  Ref<Constraint> beta_constraint;
  Ref<Constraint> gamma_constraint;

  NACRE_CONFIG(LayerNormalization, UnaryLayer, axis, epsilon, center, scale, beta_initializer,
               gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
               gamma_constraint)
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  VariableRef gamma_, beta_;
};

// Each group of channels of a sample to mean 0 and variance 1.
class GroupNormalization final : public UnaryLayer {
 public:
  int64_t groups = 32;  // -1: as many as channels
  int64_t axis = -1;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Ref<Initializer> beta_initializer = deserialize_as<Initializer>("initializers", "Zeros");
  Ref<Initializer> gamma_initializer = deserialize_as<Initializer>("initializers", "Ones");
  Ref<Regularizer> beta_regularizer;
  Ref<Regularizer> gamma_regularizer;
  Ref<Constraint> beta_constraint;
  Ref<Constraint> gamma_constraint;

  NACRE_CONFIG(GroupNormalization, UnaryLayer, groups, axis, epsilon, center, scale,
               beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
               beta_constraint, gamma_constraint)
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  VariableRef gamma_, beta_;
};

// x / sqrt(mean(x^2) + epsilon) * scale
class RMSNormalization final : public UnaryLayer {
 public:
  AxisList axis = {-1};
  double epsilon = 1e-6;

  NACRE_CONFIG(RMSNormalization, UnaryLayer, axis, epsilon)
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 private:
  VariableRef scale_;
};

// Each sample to length 1 along the axes.
class UnitNormalization final : public UnaryLayer {
 public:
  AxisList axis = {-1};

  NACRE_CONFIG(UnitNormalization, UnaryLayer, axis)
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

// A layer whose kernel (or embeddings) is divided by its largest singular value in training, which
// is followed by power iteration.
class SpectralNormalization final : public UnaryLayer {
 public:
  Ref<Layer> layer;
  int64_t power_iterations = 1;

  NACRE_CONFIG(SpectralNormalization, UnaryLayer, layer, power_iterations)
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 private:
  void normalize();

  VariableRef kernel_, vector_u_;
};

}  // namespace nacre
