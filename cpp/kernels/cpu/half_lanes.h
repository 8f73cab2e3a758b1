// Lanes of 16-bit values, and bfloat16 to and from float32.
#pragma once

#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

typedef uint16_t ShortVector __attribute__((vector_size(kLanes * 2)));

NACRE_INLINE VecI load_shorts(const uint16_t* p) {
  ShortVector v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, IntVector);
}
// The low 16 bits of each lane.
NACRE_INLINE void store_shorts(uint16_t* p, VecI a) {
  const ShortVector v = __builtin_convertvector(a.v, ShortVector);
  __builtin_memcpy(p, &v, sizeof v);
}

NACRE_INLINE Vec float_from_bf16(VecI x) {
  return float_from_bits(shift_left<16>(x));
}

// Not vcvtneps2bf16: it flushes subnormals to zero.
NACRE_INLINE VecI bf16_from_float(Vec x) {
  const VecI u = bits_of(x), high = shift_right_logical<16>(u);
  const VecI rounded = shift_right_logical<16>(u + VecI(0x7fff) + (high & VecI(1)));
  return select(is_nan(x), high | VecI(0x40), rounded);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
