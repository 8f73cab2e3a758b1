#include "nn/registry.h"

namespace nacre {

void register_metrics() {}

}  // namespace nacre
