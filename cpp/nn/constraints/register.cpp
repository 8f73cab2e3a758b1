#include "nn/registry.h"

namespace nacre {

void register_constraints() {}

}  // namespace nacre
