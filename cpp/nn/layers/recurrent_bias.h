// The bias of LSTM gates.
#pragma once

#include "nacre/nn/initializer.h"

namespace nacre {

// Ones for the forget gate (Jozefowicz et al. 2015), what `others` gives for the other gates.
Ref<Initializer> forget_bias_initializer(const Ref<Initializer>& others);

}  // namespace nacre
