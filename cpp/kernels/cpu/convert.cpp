// Conversions between float32 and the 16-bit floats, to nearest even, and from bytes. The integer
// arithmetic is that of base/half.h, lane by lane, so both give the same bits.
#include "kernels/cpu/half_lanes.h"
#include "kernels/cpu/isa.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

[[maybe_unused]] NACRE_INLINE Vec float_from_f16(VecI x) {
  const VecI sign = shift_left<16>(x & VecI(0x8000)), magnitude = shift_left<13>(x & VecI(0x7fff));
  const VecI exponent = x & VecI(0x7c00);
  const Vec subnormal = to_float(x & VecI(0x3ff)) * Vec(0x1p-24f);
  VecI bits = magnitude + VecI(112 << 23);
  bits = select(exponent == VecI(0x7c00), bits + VecI(112 << 23), bits);
  bits = select(exponent == VecI(0), bits_of(subnormal), bits);
  return float_from_bits(bits | sign);
}

[[maybe_unused]] NACRE_INLINE VecI f16_from_float(Vec x) {
  const VecI u = bits_of(x), magnitude = u & VecI(0x7fffffff);
  const VecI sign = shift_right_logical<16>(u) & VecI(0x8000);
  const VecI mantissa = shift_right_logical<13>(magnitude);
  VecI y = shift_right_logical<13>(magnitude + VecI(static_cast<int32_t>(0xc8000fffu)) +
                                   (mantissa & VecI(1)));
  const VecI subnormal = bits_of(abs(x) + Vec(0.5f)) - VecI(0x3f000000);
  y = select(VecI(0x38800000) > magnitude, subnormal, y);
  y = select(magnitude > VecI(0x477fefff), VecI(0x7c00), y);
  y = select(is_nan(x), (mantissa & VecI(0x3ff)) | VecI(0x7e00), y);
  return y | sign;
}

struct FloatFromBf16 {
  NACRE_INLINE static void apply(const uint16_t* x, float* y) {
    store(y, float_from_bf16(load_shorts(x)));
  }
};
struct Bf16FromFloat {
  NACRE_INLINE static void apply(const float* x, uint16_t* y) {
    store_shorts(y, bf16_from_float(load(x)));
  }
};
struct FloatFromF16 {
  NACRE_INLINE static void apply(const uint16_t* x, float* y) {
#if defined(NACRE_SIMD_AVX512)
    _mm512_storeu_ps(y, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x))));
#elif defined(NACRE_SIMD_AVX2) && defined(__F16C__)
    _mm256_storeu_ps(y, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x))));
#else
    store(y, float_from_f16(load_shorts(x)));
#endif
  }
};
struct F16FromFloat {
  NACRE_INLINE static void apply(const float* x, uint16_t* y) {
#if defined(NACRE_SIMD_AVX512)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y),
                        _mm512_cvtps_ph(_mm512_loadu_ps(x), _MM_FROUND_TO_NEAREST_INT));
#elif defined(NACRE_SIMD_AVX2) && defined(__F16C__)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x), _MM_FROUND_TO_NEAREST_INT));
#else
    store_shorts(y, f16_from_float(load(x)));
#endif
  }
};
struct FloatFromU8 {
  NACRE_INLINE static void apply(const uint8_t* x, float* y) { store(y, to_float(load_bytes(x))); }
};

template <class Op, class X, class Y>
void convert(const X* x, Y* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Op::apply(x + i, y + i);
  if (i < n) {
    X in[kLanes] = {};
    Y out[kLanes];
    for (int64_t k = i; k < n; ++k) in[k - i] = x[k];
    Op::apply(in, out);
    for (int64_t k = i; k < n; ++k) y[k] = out[k - i];
  }
}

}  // namespace

void fill_convert(KernelTable& table) {
  table.float_from_bf16 = convert<FloatFromBf16, uint16_t, float>;
  table.bf16_from_float = convert<Bf16FromFloat, float, uint16_t>;
  table.float_from_f16 = convert<FloatFromF16, uint16_t, float>;
  table.f16_from_float = convert<F16FromFloat, float, uint16_t>;
  table.float_from_u8 = convert<FloatFromU8, uint8_t, float>;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
