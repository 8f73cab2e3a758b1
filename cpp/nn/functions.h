// Functions of the caller's own as initializers, regularizers and constraints.
#pragma once

#include "nacre/nn/activation.h"
#include "nacre/nn/configurable.h"

namespace nacre {

// An object of `module` that calls the function; ValueError where the module takes none.
Ref<Configurable> wrap_function(std::string_view module, Ref<FunctionHandle> handle);

}  // namespace nacre
