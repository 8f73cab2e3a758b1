#include "nn/registry.h"

namespace nacre {

void register_schedules() {}

}  // namespace nacre
