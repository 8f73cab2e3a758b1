// kLanes doubles as two native vectors: where float32 would need error-free transformations, the
// functions of math_double.h compute here and round once.
#pragma once

#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

inline constexpr int kHalfLanes = kLanes / 2;
typedef double DoubleVector __attribute__((vector_size(kHalfLanes * 8)));
typedef int64_t LongVector __attribute__((vector_size(kHalfLanes * 8)));
typedef uint64_t UlongVector __attribute__((vector_size(kHalfLanes * 8)));
typedef float HalfVector __attribute__((vector_size(kHalfLanes * 4)));

struct VecD {
  DoubleVector lo, hi;
  NACRE_INLINE VecD() = default;
  NACRE_INLINE VecD(DoubleVector l, DoubleVector h) : lo(l), hi(h) {}
  NACRE_INLINE VecD(double value)  // NOLINT: broadcast
      : lo(value - DoubleVector{}), hi(value - DoubleVector{}) {}
};
struct VecU64 {
  UlongVector lo, hi;
};

NACRE_INLINE VecD operator+(VecD a, VecD b) {
  return {a.lo + b.lo, a.hi + b.hi};
}
NACRE_INLINE VecD operator-(VecD a, VecD b) {
  return {a.lo - b.lo, a.hi - b.hi};
}
NACRE_INLINE VecD operator*(VecD a, VecD b) {
  return {a.lo * b.lo, a.hi * b.hi};
}
NACRE_INLINE VecD operator/(VecD a, VecD b) {
  return {a.lo / b.lo, a.hi / b.hi};
}
NACRE_INLINE VecD operator-(VecD a) {
  return {-a.lo, -a.hi};
}

// The second operand where either is NaN, as min and max of Vec.
NACRE_INLINE VecD max(VecD a, VecD b) {
  return {a.lo > b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
}
NACRE_INLINE VecD min(VecD a, VecD b) {
  return {a.lo < b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi};
}

NACRE_INLINE DoubleVector sqrt_native(DoubleVector a) {
#if defined(NACRE_SIMD_AVX512)
  return (DoubleVector)_mm512_sqrt_pd((__m512d)a);
#elif defined(NACRE_SIMD_AVX2)
  return (DoubleVector)_mm256_sqrt_pd((__m256d)a);
#elif defined(NACRE_SIMD_SSE)
  return (DoubleVector)_mm_sqrt_pd((__m128d)a);
#else
  DoubleVector r;
  for (int i = 0; i < kHalfLanes; ++i) r[i] = __builtin_sqrt(a[i]);
  return r;
#endif
}
NACRE_INLINE VecD sqrt(VecD a) {
  return {sqrt_native(a.lo), sqrt_native(a.hi)};
}

NACRE_INLINE VecU64 bits_of(VecD a) {
  return {(UlongVector)a.lo, (UlongVector)a.hi};
}
NACRE_INLINE VecD double_from_bits(VecU64 a) {
  return {(DoubleVector)a.lo, (DoubleVector)a.hi};
}

NACRE_INLINE VecD to_double(Vec a) {
#if defined(NACRE_SIMD_AVX512)
  return {(DoubleVector)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)a.v)),
          (DoubleVector)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)a.v, 1))};
#elif defined(NACRE_SIMD_AVX2)
  return {(DoubleVector)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)a.v)),
          (DoubleVector)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)a.v, 1))};
#elif defined(NACRE_SIMD_SSE)
  return {(DoubleVector)_mm_cvtps_pd((__m128)a.v),
          (DoubleVector)_mm_cvtps_pd(_mm_movehl_ps((__m128)a.v, (__m128)a.v))};
#else
  return {__builtin_convertvector(__builtin_shufflevector(a.v, a.v, 0, 1), DoubleVector),
          __builtin_convertvector(__builtin_shufflevector(a.v, a.v, 2, 3), DoubleVector)};
#endif
}
NACRE_INLINE Vec to_float(VecD a) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)a.lo)),
                                         _mm512_cvtpd_ps((__m512d)a.hi), 1);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps((__m256d)a.lo)),
                                           _mm256_cvtpd_ps((__m256d)a.hi), 1);
#elif defined(NACRE_SIMD_SSE)
  return (FloatVector)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)a.lo), _mm_cvtpd_ps((__m128d)a.hi));
#else
  return __builtin_shufflevector(__builtin_convertvector(a.lo, HalfVector),
                                 __builtin_convertvector(a.hi, HalfVector), 0, 1, 2, 3);
#endif
}

// Half to even for |a| < 2^51: adding 1.5 * 2^52 leaves no fraction bits.
NACRE_INLINE VecD round_even(VecD a) {
  const VecD magic = 0x1.8p52;
  return (a + magic) - magic;
}
// 2^n for integral n in [-1022, 1023]: the sum's low mantissa bits are the biased exponent.
NACRE_INLINE VecD power_of_two(VecD n) {
  const VecU64 u = bits_of(n + VecD(0x1p52 + 1023.0));
  return double_from_bits({u.lo << 52, u.hi << 52});
}
// a = m * 2^e for positive normal a, with m in [sqrt(1/2), sqrt(2)).
NACRE_INLINE VecD split_exponent(VecD a, VecD& e) {
  constexpr uint64_t kOne = 0x3ff0000000000000u, kSqrtHalf = 0x3fe6a09e667f3bcdu;
  const VecU64 u = bits_of(a);
  const UlongVector lo = (u.lo + (kOne - kSqrtHalf)) >> 52, hi = (u.hi + (kOne - kSqrtHalf)) >> 52;
  e = double_from_bits({lo | 0x4330000000000000u, hi | 0x4330000000000000u}) -
      VecD(0x1p52 + 1023.0);
  return double_from_bits({u.lo - ((lo - 1023u) << 52), u.hi - ((hi - 1023u) << 52)});
}

// Lane i with lane i + kHalfLanes / 2, and so on, after hi was added to lo.
NACRE_INLINE double sum_of(VecD a) {
  double lanes[kHalfLanes];
  const DoubleVector sum = a.lo + a.hi;
  __builtin_memcpy(lanes, &sum, sizeof lanes);
  for (int width = kHalfLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}
NACRE_INLINE double product_of(VecD a) {
  double lanes[kHalfLanes];
  const DoubleVector product = a.lo * a.hi;
  __builtin_memcpy(lanes, &product, sizeof lanes);
  for (int width = kHalfLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] *= lanes[i + width];
  }
  return lanes[0];
}

NACRE_INLINE void store(double* p, VecD a) {
  __builtin_memcpy(p, &a.lo, sizeof a.lo);
  __builtin_memcpy(p + kHalfLanes, &a.hi, sizeof a.hi);
}
NACRE_INLINE VecD load(const double* p) {
  VecD r;
  __builtin_memcpy(&r.lo, p, sizeof r.lo);
  __builtin_memcpy(&r.hi, p + kHalfLanes, sizeof r.hi);
  return r;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
