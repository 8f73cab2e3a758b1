#include "nacre/nn/layers/dense.h"
#include "nacre/nn/sequential.h"
#include "nn/registry.h"

namespace nacre {

void register_core_layers() {
  register_class<InputLayer>();
  register_class<Dense>();
}

}  // namespace nacre
