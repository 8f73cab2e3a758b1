// What the files of random ops share.
#pragma once

#include "nacre/ops/opdef.h"

namespace nacre {

// The Philox key of a seed tensor.
uint64_t seed_key(const Buffer& seed);
// ValueError unless the input is a uint32 pair.
void check_seed(const InferContext& c, size_t input);

// By what dropout multiplies the elements it keeps.
float dropout_scale(double rate);

// shuffle, dropout, gamma, beta, binomial.
void register_random_draw_ops(OpRegistry& registry);

}  // namespace nacre
