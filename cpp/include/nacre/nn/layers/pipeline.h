// Layers in a row as one layer: steps of preparing data.
#pragma once

#include "nacre/nn/layer.h"
#include "nacre/nn/sequential.h"

namespace nacre {

class Pipeline final : public Layer {
 public:
  std::vector<Ref<Layer>> layers;

  Pipeline() { set_autocast(false); }  // each layer casts for itself
  NACRE_CONFIG(Pipeline, Layer, layers)
  void validate() override;
  // Images, and labels and masks behind them, as the layers take and give them.
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 protected:
  void attach_masks(const Tensors& inputs, Tensors& outputs, const Tensors& masks) override {}
};

}  // namespace nacre
