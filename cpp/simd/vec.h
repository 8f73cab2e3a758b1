// Vectors of kLanes float32 (Vec) or int32 (VecI) over compiler vector types, and what the compiler
// cannot say through intrinsics. Width and instructions follow the flags of the including file.
//
// Everything lives in nacre::kernels::<isa> and is always inlined: objects of two instruction sets
// must never share a symbol. vec_double.h adds double lanes, math.h the functions.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
// GCC 12 warns about its own _mm512_undefined_ps (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

#ifndef NACRE_ISA_NAMESPACE
#error "define NACRE_ISA_NAMESPACE before including simd/"
#endif

#define NACRE_INLINE [[gnu::always_inline]] inline

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define NACRE_SIMD_AVX512 1
#elif defined(__AVX2__) && defined(__FMA__)
#define NACRE_SIMD_AVX2 1
#elif defined(__SSE2__)
#define NACRE_SIMD_SSE 1
#endif

// Passing 64-byte vectors by value has no ABI to keep: every function here is inlined.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

#if defined(NACRE_SIMD_AVX512)
inline constexpr int kLanes = 16;
#elif defined(NACRE_SIMD_AVX2)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif

typedef float FloatVector __attribute__((vector_size(kLanes * 4)));
typedef int32_t IntVector __attribute__((vector_size(kLanes * 4)));
typedef uint32_t UintVector __attribute__((vector_size(kLanes * 4)));

struct VecI {
  IntVector v;
  NACRE_INLINE VecI() = default;
  NACRE_INLINE VecI(IntVector value) : v(value) {}              // NOLINT: implicit by intent
  NACRE_INLINE VecI(int32_t value) : v(value - IntVector{}) {}  // NOLINT: broadcast
};

struct Vec {
  FloatVector v;
  NACRE_INLINE Vec() = default;
  NACRE_INLINE Vec(FloatVector value) : v(value) {}  // NOLINT: implicit by intent
  NACRE_INLINE Vec(float value) {                    // NOLINT: broadcast
                                                     // Not value + 0: that would turn -0 into 0.
#if defined(NACRE_SIMD_AVX512)
    v = (FloatVector)_mm512_set1_ps(value);
#elif defined(NACRE_SIMD_AVX2)
    v = (FloatVector)_mm256_set1_ps(value);
#else
    v = FloatVector{value, value, value, value};
#endif
  }
};

// One bit or one all-ones lane per element.
struct Mask {
#if defined(NACRE_SIMD_AVX512)
  __mmask16 m;
#else
  IntVector m;
#endif
};

// ---- arithmetic ----

NACRE_INLINE Vec operator+(Vec a, Vec b) {
  return a.v + b.v;
}
NACRE_INLINE Vec operator-(Vec a, Vec b) {
  return a.v - b.v;
}
NACRE_INLINE Vec operator*(Vec a, Vec b) {
  return a.v * b.v;
}
NACRE_INLINE Vec operator/(Vec a, Vec b) {
  return a.v / b.v;
}
NACRE_INLINE Vec operator-(Vec a) {
  return -a.v;
}
NACRE_INLINE Vec& operator+=(Vec& a, Vec b) {
  return a = a + b;
}

NACRE_INLINE VecI operator+(VecI a, VecI b) {
  return (IntVector)((UintVector)a.v + (UintVector)b.v);
}
NACRE_INLINE VecI operator-(VecI a, VecI b) {
  return (IntVector)((UintVector)a.v - (UintVector)b.v);
}
NACRE_INLINE VecI operator*(VecI a, VecI b) {
  return (IntVector)((UintVector)a.v * (UintVector)b.v);
}
NACRE_INLINE VecI operator&(VecI a, VecI b) {
  return a.v & b.v;
}
NACRE_INLINE VecI operator|(VecI a, VecI b) {
  return a.v | b.v;
}
NACRE_INLINE VecI operator^(VecI a, VecI b) {
  return a.v ^ b.v;
}
template <int kBits>
NACRE_INLINE VecI shift_left(VecI a) {
  return (IntVector)((UintVector)a.v << kBits);
}
template <int kBits>
NACRE_INLINE VecI shift_right(VecI a) {
  return a.v >> kBits;
}  // arithmetic
template <int kBits>
NACRE_INLINE VecI shift_right_logical(VecI a) {
  return (IntVector)((UintVector)a.v >> kBits);
}

NACRE_INLINE VecI bits_of(Vec a) {
  return (IntVector)a.v;
}
NACRE_INLINE Vec float_from_bits(VecI a) {
  return (FloatVector)a.v;
}

// a * b + c: rounded once where the instruction set has FMA, twice elsewhere.
NACRE_INLINE Vec fma(Vec a, Vec b, Vec c) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v);
#else
  return a.v * b.v + c.v;
#endif
}

NACRE_INLINE Vec sqrt(Vec a) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_sqrt_ps((__m512)a.v);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_sqrt_ps((__m256)a.v);
#elif defined(NACRE_SIMD_SSE)
  return (FloatVector)_mm_sqrt_ps((__m128)a.v);
#else
  FloatVector r;
  for (int i = 0; i < kLanes; ++i) r[i] = __builtin_sqrtf(a.v[i]);
  return r;
#endif
}

// a > b ? a : b and a < b ? a : b: the second operand where either is NaN.
NACRE_INLINE Vec max(Vec a, Vec b) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_max_ps((__m512)a.v, (__m512)b.v);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_max_ps((__m256)a.v, (__m256)b.v);
#elif defined(NACRE_SIMD_SSE)
  return (FloatVector)_mm_max_ps((__m128)a.v, (__m128)b.v);
#else
  return a.v > b.v ? a.v : b.v;
#endif
}
NACRE_INLINE Vec min(Vec a, Vec b) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_min_ps((__m512)a.v, (__m512)b.v);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_min_ps((__m256)a.v, (__m256)b.v);
#elif defined(NACRE_SIMD_SSE)
  return (FloatVector)_mm_min_ps((__m128)a.v, (__m128)b.v);
#else
  return a.v < b.v ? a.v : b.v;
#endif
}

NACRE_INLINE Vec abs(Vec a) {
  return float_from_bits(bits_of(a) & VecI(0x7fffffff));
}
// |magnitude| with the sign bit of `sign`.
NACRE_INLINE Vec copysign(Vec magnitude, Vec sign) {
  return float_from_bits((bits_of(magnitude) & VecI(0x7fffffff)) |
                         (bits_of(sign) & VecI(INT32_MIN)));
}

// ---- comparison; false where either is NaN, except != ----

#if defined(NACRE_SIMD_AVX512)
#define NACRE_COMPARE_OPERATOR(op, code)                         \
  NACRE_INLINE Mask operator op(Vec a, Vec b) {                  \
    return {_mm512_cmp_ps_mask((__m512)a.v, (__m512)b.v, code)}; \
  }
NACRE_COMPARE_OPERATOR(==, _CMP_EQ_OQ)
NACRE_COMPARE_OPERATOR(!=, _CMP_NEQ_UQ)
NACRE_COMPARE_OPERATOR(<, _CMP_LT_OQ)
NACRE_COMPARE_OPERATOR(<=, _CMP_LE_OQ)
NACRE_COMPARE_OPERATOR(>, _CMP_GT_OQ)
NACRE_COMPARE_OPERATOR(>=, _CMP_GE_OQ)
#undef NACRE_COMPARE_OPERATOR
NACRE_INLINE Mask operator==(VecI a, VecI b) {
  return {_mm512_cmpeq_epi32_mask((__m512i)a.v, (__m512i)b.v)};
}
NACRE_INLINE Mask operator>(VecI a, VecI b) {
  return {_mm512_cmpgt_epi32_mask((__m512i)a.v, (__m512i)b.v)};
}
NACRE_INLINE Mask operator&(Mask a, Mask b) {
  return {static_cast<__mmask16>(a.m & b.m)};
}
NACRE_INLINE Mask operator|(Mask a, Mask b) {
  return {static_cast<__mmask16>(a.m | b.m)};
}
NACRE_INLINE Mask operator~(Mask a) {
  return {static_cast<__mmask16>(~a.m)};
}
NACRE_INLINE Vec select(Mask m, Vec a, Vec b) {  // m ? a : b
  return (FloatVector)_mm512_mask_blend_ps(m.m, (__m512)b.v, (__m512)a.v);
}
NACRE_INLINE VecI select(Mask m, VecI a, VecI b) {
  return (IntVector)_mm512_mask_blend_epi32(m.m, (__m512i)b.v, (__m512i)a.v);
}
NACRE_INLINE uint32_t mask_bits(Mask m) {
  return m.m;
}
NACRE_INLINE bool any(Mask m) {
  return m.m != 0;
}
#else
NACRE_INLINE Mask operator==(Vec a, Vec b) {
  return {a.v == b.v};
}
NACRE_INLINE Mask operator!=(Vec a, Vec b) {
  return {a.v != b.v};
}
NACRE_INLINE Mask operator<(Vec a, Vec b) {
  return {a.v < b.v};
}
NACRE_INLINE Mask operator<=(Vec a, Vec b) {
  return {a.v <= b.v};
}
NACRE_INLINE Mask operator>(Vec a, Vec b) {
  return {a.v > b.v};
}
NACRE_INLINE Mask operator>=(Vec a, Vec b) {
  return {a.v >= b.v};
}
NACRE_INLINE Mask operator==(VecI a, VecI b) {
  return {a.v == b.v};
}
NACRE_INLINE Mask operator>(VecI a, VecI b) {
  return {a.v > b.v};
}
NACRE_INLINE Mask operator&(Mask a, Mask b) {
  return {a.m & b.m};
}
NACRE_INLINE Mask operator|(Mask a, Mask b) {
  return {a.m | b.m};
}
NACRE_INLINE Mask operator~(Mask a) {
  return {~a.m};
}
NACRE_INLINE VecI select(Mask m, VecI a, VecI b) {
#if defined(NACRE_SIMD_AVX2)
  return (IntVector)_mm256_blendv_epi8((__m256i)b.v, (__m256i)a.v, (__m256i)m.m);
#else
  return (a.v & m.m) | (b.v & ~m.m);
#endif
}
NACRE_INLINE Vec select(Mask m, Vec a, Vec b) {
  return float_from_bits(select(m, bits_of(a), bits_of(b)));
}
NACRE_INLINE uint32_t mask_bits(Mask m) {
#if defined(NACRE_SIMD_AVX2)
  return static_cast<uint32_t>(_mm256_movemask_ps((__m256)m.m));
#elif defined(NACRE_SIMD_SSE)
  return static_cast<uint32_t>(_mm_movemask_ps((__m128)m.m));
#else
  uint32_t r = 0;
  for (int i = 0; i < kLanes; ++i) r |= (m.m[i] ? 1u : 0u) << i;
  return r;
#endif
}
NACRE_INLINE bool any(Mask m) {
  return mask_bits(m) != 0;
}
#endif

NACRE_INLINE Vec select(Mask m, float a, float b) {
  return select(m, Vec(a), Vec(b));
}
NACRE_INLINE Mask is_nan(Vec a) {
  return a != a;
}
// NaN where either operand is; otherwise the larger or smaller.
NACRE_INLINE Vec max_nan(Vec a, Vec b) {
  return select(is_nan(a), a, max(a, b));
}
NACRE_INLINE Vec min_nan(Vec a, Vec b) {
  return select(is_nan(a), a, min(a, b));
}

// ---- conversion and rounding ----

NACRE_INLINE Vec to_float(VecI a) {
  return __builtin_convertvector(a.v, FloatVector);
}
// Truncates; lanes outside int32 are unspecified.
NACRE_INLINE VecI to_int(Vec a) {
#if defined(NACRE_SIMD_AVX512)
  return (IntVector)_mm512_cvttps_epi32((__m512)a.v);
#elif defined(NACRE_SIMD_AVX2)
  return (IntVector)_mm256_cvttps_epi32((__m256)a.v);
#elif defined(NACRE_SIMD_SSE)
  return (IntVector)_mm_cvttps_epi32((__m128)a.v);
#else
  IntVector r;
  for (int i = 0; i < kLanes; ++i) {
    r[i] = a.v[i] > -2147483648.0f && a.v[i] < 2147483648.0f ? static_cast<int32_t>(a.v[i])
                                                             : INT32_MIN;
  }
  return r;
#endif
}

// Half to even. Without a rounding instruction, adding 2^23 rounds; larger values are integers.
NACRE_INLINE Vec round_even(Vec a) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_roundscale_ps((__m512)a.v,
                                           _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_round_ps((__m256)a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__SSE4_1__)
  return (FloatVector)_mm_round_ps((__m128)a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  const Vec magnitude = abs(a), big = 0x1p23f;
  return select(magnitude < big, copysign((magnitude + big) - big, a), a);
#endif
}
NACRE_INLINE Vec floor(Vec a) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_roundscale_ps((__m512)a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_floor_ps((__m256)a.v);
#elif defined(__SSE4_1__)
  return (FloatVector)_mm_floor_ps((__m128)a.v);
#else
  const Vec r = round_even(a);
  return copysign(select(r > a, r - Vec(1.0f), r), a);
#endif
}
NACRE_INLINE Vec ceil(Vec a) {
  return -floor(-a);
}
NACRE_INLINE Vec trunc(Vec a) {
  return copysign(floor(abs(a)), a);
}

// ---- memory ----

NACRE_INLINE Vec load(const float* p) {
  Vec r;
  __builtin_memcpy(&r.v, p, sizeof r.v);
  return r;
}
NACRE_INLINE void store(float* p, Vec a) {
  __builtin_memcpy(p, &a.v, sizeof a.v);
}
NACRE_INLINE VecI load(const int32_t* p) {
  VecI r;
  __builtin_memcpy(&r.v, p, sizeof r.v);
  return r;
}
NACRE_INLINE void store(int32_t* p, VecI a) {
  __builtin_memcpy(p, &a.v, sizeof a.v);
}

#if defined(NACRE_SIMD_AVX512)
NACRE_INLINE __mmask16 tail_mask(int64_t n) {
  return static_cast<__mmask16>((1u << n) - 1u);
}
#elif defined(NACRE_SIMD_AVX2)
NACRE_INLINE __m256i tail_mask(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

// The first n elements, 0 < n <= kLanes; the other lanes are 0. No other memory is touched.
NACRE_INLINE Vec load_partial(const float* p, int64_t n) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_maskz_loadu_ps(tail_mask(n), p);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_maskload_ps(p, tail_mask(n));
#else
  FloatVector r = {};
  for (int64_t i = 0; i < n; ++i) r[i] = p[i];
  return r;
#endif
}
// The same with `fill` in the other lanes.
NACRE_INLINE Vec load_partial(const float* p, int64_t n, float fill) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_mask_loadu_ps((__m512)Vec(fill).v, tail_mask(n), p);
#elif defined(NACRE_SIMD_AVX2)
  const __m256i mask = tail_mask(n);
  return (FloatVector)_mm256_blendv_ps((__m256)Vec(fill).v, _mm256_maskload_ps(p, mask),
                                       (__m256)mask);
#else
  FloatVector r = Vec(fill).v;
  for (int64_t i = 0; i < n; ++i) r[i] = p[i];
  return r;
#endif
}
NACRE_INLINE void store_partial(float* p, Vec a, int64_t n) {
#if defined(NACRE_SIMD_AVX512)
  _mm512_mask_storeu_ps(p, tail_mask(n), (__m512)a.v);
#elif defined(NACRE_SIMD_AVX2)
  _mm256_maskstore_ps(p, tail_mask(n), (__m256)a.v);
#else
  for (int64_t i = 0; i < n; ++i) p[i] = a.v[i];
#endif
}
// `other` in the lanes from n on.
NACRE_INLINE Vec keep_first(Vec a, int64_t n, Vec other) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_mask_blend_ps(tail_mask(n), (__m512)other.v, (__m512)a.v);
#elif defined(NACRE_SIMD_AVX2)
  return (FloatVector)_mm256_blendv_ps((__m256)other.v, (__m256)a.v, (__m256)tail_mask(n));
#else
  return select(Mask{(IntVector{0, 1, 2, 3} < VecI(static_cast<int32_t>(n)).v)}, a, other);
#endif
}

// 0 or 1 bytes, kLanes of them.
NACRE_INLINE void store_bytes(uint8_t* p, Mask m) {
#if defined(NACRE_SIMD_AVX512)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_maskz_set1_epi8(m.m, 1));
#elif defined(NACRE_SIMD_AVX2)
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)m.m),
                                        _mm256_extracti128_si256((__m256i)m.m, 1));
  const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
#elif defined(NACRE_SIMD_SSE)
  const __m128i words = _mm_packs_epi32((__m128i)m.m, (__m128i)m.m);
  const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
  const int packed = _mm_cvtsi128_si32(bytes);
  __builtin_memcpy(p, &packed, 4);
#else
  for (int i = 0; i < kLanes; ++i) p[i] = m.m[i] ? 1 : 0;
#endif
}
NACRE_INLINE void store_bytes_partial(uint8_t* p, Mask m, int64_t n) {
  const uint32_t bits = mask_bits(m);
  for (int64_t i = 0; i < n; ++i) p[i] = (bits >> i) & 1u;
}
// Bytes widened to int32.
NACRE_INLINE VecI load_bytes(const uint8_t* p) {
#if defined(NACRE_SIMD_AVX512)
  return (IntVector)_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#elif defined(NACRE_SIMD_AVX2)
  return (IntVector)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
#else
  return IntVector{p[0], p[1], p[2], p[3]};
#endif
}
NACRE_INLINE VecI load_bytes_partial(const uint8_t* p, int64_t n) {
  uint8_t buffer[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) buffer[i] = p[i];
  return load_bytes(buffer);
}

// ---- horizontal: lane i with lane i + kLanes / 2, and so on, always in this order ----

// Lane i receives lane i ^ kDistance.
template <int kDistance>
NACRE_INLINE Vec exchange(Vec a) {
#define NACRE_LANE(i) (i) ^ kDistance
#define NACRE_LANES4(i) NACRE_LANE(i), NACRE_LANE(i + 1), NACRE_LANE(i + 2), NACRE_LANE(i + 3)
#if defined(NACRE_SIMD_AVX512)
  return __builtin_shufflevector(a.v, a.v, NACRE_LANES4(0), NACRE_LANES4(4), NACRE_LANES4(8),
                                 NACRE_LANES4(12));
#elif defined(NACRE_SIMD_AVX2)
  return __builtin_shufflevector(a.v, a.v, NACRE_LANES4(0), NACRE_LANES4(4));
#else
  return __builtin_shufflevector(a.v, a.v, NACRE_LANES4(0));
#endif
#undef NACRE_LANES4
#undef NACRE_LANE
}
template <class Combine>
NACRE_INLINE float fold(Vec a, Combine combine) {
#if defined(NACRE_SIMD_AVX512)
  a = combine(a, exchange<8>(a));
#endif
#if defined(NACRE_SIMD_AVX512) || defined(NACRE_SIMD_AVX2)
  a = combine(a, exchange<4>(a));
#endif
  a = combine(a, exchange<2>(a));
  a = combine(a, exchange<1>(a));
  return a.v[0];
}
struct AddLanes {
  NACRE_INLINE Vec operator()(Vec a, Vec b) const { return a + b; }
};
struct MaxLanes {
  NACRE_INLINE Vec operator()(Vec a, Vec b) const { return max_nan(a, b); }
};
struct MinLanes {
  NACRE_INLINE Vec operator()(Vec a, Vec b) const { return min_nan(a, b); }
};
NACRE_INLINE float sum_of(Vec a) {
  return fold(a, AddLanes{});
}
NACRE_INLINE float max_of(Vec a) {
  return fold(a, MaxLanes{});
}  // NaN if any lane is
NACRE_INLINE float min_of(Vec a) {
  return fold(a, MinLanes{});
}  // NaN if any lane is

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
