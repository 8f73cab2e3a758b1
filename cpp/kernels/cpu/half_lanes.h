// Lanes of 16-bit values, and bfloat16 to and from float32.
#pragma once

#include "kernels/abi.h"
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

NACRE_INLINE Vec load_bf16(const uint16_t* p, int64_t lanes = kLanes) {
#if defined(NACRE_SIMD_AVX512)
  if (lanes < kLanes) {
    const __m512i x = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(tail_mask(lanes), p));
    return float_from_bf16(VecI((IntVector)x));
  }
#else
  if (lanes < kLanes) {
    uint16_t some[kLanes] = {};
    for (int64_t i = 0; i < kLanes; ++i)
      if (i < lanes) some[i] = p[i];
    return float_from_bf16(load_shorts(some));
  }
#endif
  return float_from_bf16(load_shorts(p));
}
// Stores the low 16 bits of the first lanes.
NACRE_INLINE void store_shorts(uint16_t* p, VecI a, int64_t lanes) {
  if (lanes == kLanes) return store_shorts(p, a);
#if defined(NACRE_SIMD_AVX512)
  _mm256_mask_storeu_epi16(p, tail_mask(lanes), _mm512_cvtepi32_epi16((__m512i)a.v));
#else
  uint16_t all[kLanes];
  store_shorts(all, a);
  for (int64_t i = 0; i < kLanes; ++i)
    if (i < lanes) p[i] = all[i];
#endif
}
// Values that are bfloat16 already.
NACRE_INLINE void store_exact_bf16(uint16_t* p, Vec a, int64_t lanes = kLanes) {
  store_shorts(p, shift_right_logical<16>(bits_of(a)), lanes);
}

NACRE_INLINE Vec round_to_bf16(Vec x) {
  return float_from_bf16(bf16_from_float(x));
}

// What an epilogue has; kAnyParts: what is not null, seen at run time.
enum Bf16Parts { kBiasPart = 1, kResidualPart = 2, kReluPart = 4, kMaskPart = 8, kAnyParts = 16 };

// A sum of float32 as the result of a product in bfloat16: rounded, and again after each step of
// the epilogue. `at` counts elements of the result, `column` its columns.
template <int kParts = kAnyParts>
NACRE_INLINE void store_finished(const Bf16Epilogue& e, Vec sum, uint16_t* y, int64_t at,
                                 int64_t column, int64_t lanes) {
  constexpr bool kAny = (kParts & kAnyParts) != 0;
  Vec v = round_to_bf16(sum);
  if (kAny ? e.bias != nullptr : (kParts & kBiasPart) != 0)
    v = round_to_bf16(v + load_bf16(e.bias + column, lanes));
  if (kAny ? e.residual != nullptr : (kParts & kResidualPart) != 0)
    v = round_to_bf16(v + load_bf16(e.residual + at, lanes));
  if (kAny ? e.relu : (kParts & kReluPart) != 0) v = select(v < Vec(0.0f), Vec(0.0f), v);
  if (kAny ? e.mask != nullptr : (kParts & kMaskPart) != 0)
    v = select(load_bf16(e.mask + at, lanes) > Vec(0.0f), v, Vec(0.0f));
  store_exact_bf16(y + at, v, lanes);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
