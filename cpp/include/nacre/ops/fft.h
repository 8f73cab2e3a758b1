// Fourier transforms that C++ code calls.
#pragma once

#include "nacre/ops/ops.h"

namespace nacre::ops {

// The transforms of real sequences of `sequence_length` that begin every `sequence_stride` elements
// of the last axis, times `window` (undefined: ones), in the middle of `fft_length` zeros: real and
// imaginary parts of shape (..., sequences, fft_length / 2 + 1). centered: x is continued by its
// reflection on both sides, so that sequence t is around t * sequence_stride.
Tensors framed_fft(const Tensor& x, const Tensor& window, int64_t sequence_length,
                   int64_t sequence_stride, int64_t fft_length, bool centered);

}  // namespace nacre::ops
