#include "nn/registry.h"

namespace nacre {

void register_regularizers() {}

}  // namespace nacre
