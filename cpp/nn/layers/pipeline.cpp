#include "nacre/nn/layers/pipeline.h"

namespace nacre {

void Pipeline::validate() {
  Layer::validate();
  for (const Ref<Layer>& layer : layers) add_sublayer(layer);
}

Tensors Pipeline::call(const Tensors& inputs, const CallContext& context) {
  Tensors x = inputs;
  for (const Ref<Layer>& layer : layers) x = (*layer)(x, context.training);
  return x;
}

}  // namespace nacre
