#include "nn/registry.h"

namespace nacre {

void register_builtin_classes() {
  register_initializers();
  register_regularizers();
  register_constraints();
  register_core_layers();
  register_losses();
  register_metrics();
  register_schedules();
  register_optimizers();
  register_models();
}

}  // namespace nacre
