// Layers around layers over time: Bidirectional and TimeDistributed.
#pragma once

#include "nacre/nn/layers/recurrent.h"

namespace nacre {

// A recurrent layer and its mirror image, which begins at the last step; their outputs are merged.
class Bidirectional final : public Layer {
 public:
  Ref<Layer> layer;
  std::optional<std::string> merge_mode = "concat";  // "sum", "mul", "ave", none: both outputs
  Json weights;                                      // taken by the Python class
  Ref<Layer> backward_layer;                         // none: made of `layer`'s configuration

  std::string_view class_name() const override { return "Bidirectional"; }
  std::vector<Field> fields() override;
  void validate() override;
  bool takes_mask() const override { return true; }
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  void reset_state() override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  RecurrentLayer& side(bool backward) const;
};

// A layer applied to each step of its input on its own.
class TimeDistributed final : public UnaryLayer {
 public:
  Ref<Layer> layer;

  std::string_view class_name() const override { return "TimeDistributed"; }
  std::vector<Field> fields() override;
  void validate() override;
  bool takes_mask() const override { return true; }
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

}  // namespace nacre
