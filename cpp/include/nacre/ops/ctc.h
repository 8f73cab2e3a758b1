// Connectionist temporal classification.
#pragma once

#include "nacre/tensor/tensor.h"

namespace nacre::ops {

// -log p(target) of each sample: target (batch, labels), logits `output` (batch, steps, classes),
// lengths (batch,).
Tensor ctc_loss(const Tensor& target, const Tensor& output, const Tensor& target_length,
                const Tensor& output_length, int64_t mask_index = 0);

}  // namespace nacre::ops
