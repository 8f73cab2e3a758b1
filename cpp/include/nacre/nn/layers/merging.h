// Layers that make one tensor of several.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// Elementwise over its inputs, which broadcast: one of lower rank gets axes of size 1 behind the
// batch axis.
class ElementwiseMerge : public Layer {
 public:
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  // What counts in any input, where all have a mask.
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override;

 protected:
  bool passes_masks() const override { return true; }
  virtual Tensor combine(const Tensor& a, const Tensor& b) const = 0;
  virtual Tensor finish(const Tensor& y, size_t count) const { return y; }
};

class Add final : public ElementwiseMerge {
 public:
  std::string_view class_name() const override { return "Add"; }

 protected:
  Tensor combine(const Tensor& a, const Tensor& b) const override;
};

// The first of two inputs minus the second.
class Subtract final : public ElementwiseMerge {
 public:
  std::string_view class_name() const override { return "Subtract"; }
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 protected:
  Tensor combine(const Tensor& a, const Tensor& b) const override;
};

class Multiply final : public ElementwiseMerge {
 public:
  std::string_view class_name() const override { return "Multiply"; }

 protected:
  Tensor combine(const Tensor& a, const Tensor& b) const override;
};

class Average final : public ElementwiseMerge {
 public:
  std::string_view class_name() const override { return "Average"; }

 protected:
  Tensor combine(const Tensor& a, const Tensor& b) const override;
  Tensor finish(const Tensor& y, size_t count) const override;
};

class Maximum final : public ElementwiseMerge {
 public:
  std::string_view class_name() const override { return "Maximum"; }

 protected:
  Tensor combine(const Tensor& a, const Tensor& b) const override;
};

class Minimum final : public ElementwiseMerge {
 public:
  std::string_view class_name() const override { return "Minimum"; }

 protected:
  Tensor combine(const Tensor& a, const Tensor& b) const override;
};

class Concatenate final : public Layer {
 public:
  int64_t axis = -1;

  NACRE_CONFIG(Concatenate, Layer, axis)
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  // Masks joined as the inputs are, an input without one counting everywhere; then any feature.
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override;

 protected:
  bool passes_masks() const override { return true; }
};

// Sums over one axis of each of two inputs, sample by sample: (batch, a..., k) and (batch, k, b...)
// give (batch, a..., b...).
class Dot final : public Layer {
 public:
  AxisList axes;  // one for both, or one each; never the batch axis
  bool normalize = false;

  NACRE_CONFIG(Dot, Layer, axes, normalize)
  void validate() override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override { return {}; }

 protected:
  bool passes_masks() const override { return true; }
};

}  // namespace nacre
