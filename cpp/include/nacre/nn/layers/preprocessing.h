// Preprocessing of numbers.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// x * scale + offset; each a number, or one a channel.
class Rescaling final : public UnaryLayer {
 public:
  Json scale = Json(1.0);
  Json offset = Json(0.0);

  NACRE_CONFIG(Rescaling, UnaryLayer, scale, offset)
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  Tensor scale_;
  Tensor offset_;
};

// (x - mean) / sqrt(variance), with statistics given, or those of data (Python's adapt()).
class Normalization final : public UnaryLayer {
 public:
  std::optional<AxisList> axis =
      AxisList{-1};  // axes that keep statistics of their own; none: one for all
  Json mean;
  Json variance;
  bool invert = false;

  NACRE_CONFIG(Normalization, UnaryLayer, axis, mean, variance, invert)
  void validate() override;
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  Shape kept_shape_;       // of the statistics
  Shape broadcast_shape_;  // the same with ones for the other axes of the input
  VariableRef mean_variable_, variance_variable_, count_;
  Tensor given_mean_, given_variance_;
};

}  // namespace nacre
