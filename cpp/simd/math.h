// Elementary functions of float32 vectors: the ones kernels use in bulk. math_double.h has the
// rest.
//
// Each states its largest error in ULP of the float32 result over all finite inputs (gradual
// underflow included), tested in tests/cpp/kernels_math_test.cpp on every instruction set. NaN in
// gives NaN out, infinities give the limit. Coefficients: fit_polynomials.py.
#pragma once

#include "simd/vec.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

inline constexpr float kInf = __builtin_inff();
inline constexpr float kNaN = __builtin_nanf("");

// c[0] + c[1] x + ... by Horner's rule.
template <int kCount>
NACRE_INLINE Vec polynomial(Vec x, const float (&c)[kCount]) {
  Vec p = c[kCount - 1];
  for (int i = kCount - 2; i >= 0; --i) p = fma(p, x, c[i]);
  return p;
}

// low <= x <= high, NaN kept (the second operand of min and max wins).
NACRE_INLINE Vec clamp(Vec x, float low, float high) {
  return max(low, min(high, x));
}

// a * 2^n for integral n in [-252, 254], rounded once where the result is subnormal.
NACRE_INLINE Vec scale_by_power_of_two(Vec a, Vec n) {
#if defined(NACRE_SIMD_AVX512)
  return (FloatVector)_mm512_scalef_ps((__m512)a.v, (__m512)n.v);
#else
  const VecI whole = to_int(n), half = shift_right<1>(whole), bias = 127;
  return a * float_from_bits(shift_left<23>(half + bias)) *
         float_from_bits(shift_left<23>(whole - half + bias));
#endif
}

// x = n ln 2 + r, |r| <= ln(2) / 2; returns e^r - 1 with its full relative accuracy.
NACRE_INLINE Vec exp_reduced(Vec x, Vec& n) {
  n = round_even(x * Vec(1.44269504f));
  // ln 2 in two parts; the first has 9 bits, so n times it is exact.
  const Vec r = fma(n, 2.12194440e-4f, fma(n, -0.693359375f, x));
  constexpr float c[] = {0.49999994f, 0.166665211f, 0.0416682549f, 0.00836866256f, 0.00138214696f};
  return fma(r * r, polynomial(r, c), r);
}

// 1 ULP.
NACRE_INLINE Vec exp(Vec x) {
  Vec n;
  const Vec p = exp_reduced(clamp(x, -104.0f, 89.0f), n);
  return scale_by_power_of_two(p + Vec(1.0f), n);
}

// 1 ULP.
NACRE_INLINE Vec exp2(Vec x) {
  x = clamp(x, -151.0f, 129.0f);
  const Vec n = round_even(x), r = (x - n) * Vec(0.693147181f);
  constexpr float c[] = {0.49999994f, 0.166665211f, 0.0416682549f, 0.00836866256f, 0.00138214696f};
  return scale_by_power_of_two(fma(r * r, polynomial(r, c), r) + Vec(1.0f), n);
}

// 2 ULP.
NACRE_INLINE Vec expm1(Vec x) {
  Vec n;
  const Vec p = exp_reduced(clamp(x, -18.0f, 89.0f), n);
  const VecI exponent = to_int(min(n, 100.0f));
  const Vec inverse = float_from_bits(shift_left<23>(VecI(127) - exponent));  // 2^-n
  return copysign(scale_by_power_of_two(p + (Vec(1.0f) - inverse), n), x);
}

// log of positive normal x.
NACRE_INLINE Vec log_normal(Vec x, Vec exponent_offset) {
  const VecI ix = bits_of(x) - VecI(0x3f3504f3);  // sqrt(1/2): m is in [sqrt(1/2), sqrt(2))
  const VecI e = shift_right<23>(ix);
  const Vec f = float_from_bits(bits_of(x) - shift_left<23>(e)) - Vec(1.0f);
  const Vec n = to_float(e) + exponent_offset;
  constexpr float c[] = {0.333333135f,  -0.250000089f, 0.200020716f,  -0.166679889f, 0.142203584f,
                         -0.124062337f, 0.118835486f,  -0.116700977f, 0.0674926788f};
  const Vec f2 = f * f;
  const Vec tail = fma(f2 * f, polynomial(f, c), n * Vec(-2.12194440e-4f));
  return fma(n, 0.693359375f, f + fma(f2, -0.5f, tail));
}

// 1 ULP.
NACRE_INLINE Vec log(Vec x) {
  const Mask tiny = x < Vec(0x1p-126f);
  const Vec y = log_normal(select(tiny, x * Vec(0x1p23f), x), select(tiny, Vec(-23.0f), Vec(0.0f)));
  const Vec special = select(x == Vec(0.0f), -kInf, select(x < Vec(0.0f), kNaN, x));
  return select((x > Vec(0.0f)) & (x < Vec(kInf)), y, special);
}

// log(1 + z) for 0 <= z <= 1, 2 ULP.
NACRE_INLINE Vec log1p_unit(Vec z) {
  constexpr float c[] = {-0.499999315f,  0.333304644f,  -0.249580204f,
                         0.196921214f,   -0.153449774f, 0.106613711f,
                         -0.0574604832f, 0.0200884603f, -0.00329107419f};
  return fma(z * z, polynomial(z, c), z);
}

// 3 ULP.
NACRE_INLINE Vec tanh(Vec x) {
  Vec n;
  const Vec p = exp_reduced(min(20.0f, abs(x) + abs(x)), n);
  const Vec scale = float_from_bits(shift_left<23>(to_int(n) + VecI(127)));  // 0 <= n <= 29
  const Vec e = fma(scale, p, scale - Vec(1.0f));                            // e^(2|x|) - 1
  return copysign(e / (e + Vec(2.0f)), x);
}

// 3 ULP. e^-|x| cannot overflow, and keeps the relative accuracy of the left tail.
NACRE_INLINE Vec sigmoid(Vec x) {
  const Vec e = exp(-abs(x));
  return select(x >= Vec(0.0f), 1.0f, e) / (e + Vec(1.0f));
}

// sigmoid(x) and sigmoid(-x), each to 4 ULP, for one exponential and one division.
NACRE_INLINE void sigmoid_both(Vec x, Vec& s, Vec& complement) {
  const Vec e = exp(-abs(x)), large = Vec(1.0f) / (e + Vec(1.0f)), small = e * large;
  const Mask positive = x >= Vec(0.0f);
  s = select(positive, large, small);
  complement = select(positive, small, large);
}

// log(1 + e^x), 3 ULP.
NACRE_INLINE Vec softplus(Vec x) {
  return max(0.0f, x) + log1p_unit(exp(-abs(x)));
}

// 5 ULP.
NACRE_INLINE Vec erf(Vec x) {
  constexpr float p[] = {1.12837917f,    0.19249079f,     0.0555935225f,
                         0.00419674803f, 0.000406089138f, 6.60130587e-06f};
  constexpr float q[] = {1.0f,           0.503923943f,    0.117242546f,   0.0162187307f,
                         0.00140843367f, 7.12016558e-05f, 2.49724137e-07f};
  const Vec a = min(3.93f, abs(x)), z = a * a;  // erf(3.93) rounds to 1
  return copysign(min(1.0f, a * polynomial(z, p) / polynomial(z, q)), x);
}

// x Phi(x): absolute error 2^-22 |x| (the left tail is a difference of two numbers near 1).
NACRE_INLINE Vec gelu(Vec x) {
  const Vec half = Vec(0.5f) * x;
  return fma(half, erf(x * Vec(0.707106781f)), half);
}

// 0.5 x (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3), as x sigmoid(2 u): 5 ULP for x >= -1;
// in the left tail the rounding of u counts |u| times, 128 ULP while the result is above 1e-30.
NACRE_INLINE Vec gelu_tanh(Vec x) {
  const Vec u = x * fma(x * x, 1.59576912f * 0.044715f, 1.59576912f);
  return x * sigmoid(u);
}

// 4 ULP.
NACRE_INLINE Vec silu(Vec x) {
  return x * sigmoid(x);
}

// x tanh(log(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2): 6 ULP.
NACRE_INLINE Vec mish(Vec x) {
  const Vec e = exp(min(20.0f, x)), n = e * (e + Vec(2.0f));
  return x * (n / (n + Vec(2.0f)));
}

// sin and cos of 2 pi t for |t| <= 1/2, absolute error 2^-23 (Box-Muller).
NACRE_INLINE void sincos_turns(Vec t, Vec& sine, Vec& cosine) {
  const Vec quadrant = round_even(t * Vec(4.0f));
  const Vec r = fma(quadrant, -0.25f, t), z = r * r;
  constexpr float cs[] = {6.28318548f, -41.3420525f, 81.7157898f, -87.9189987f, 398.208893f};
  constexpr float cc[] = {1.0f, -19.7392082f, 64.9391479f, -85.4245071f, 58.6193733f};
  const Vec s = r * polynomial(z, cs), c = polynomial(z, cc);
  const VecI q = to_int(quadrant);
  const Mask odd = (q & VecI(1)) == VecI(1);
  const VecI sign_s = shift_left<30>(q & VecI(2));
  const VecI sign_c = shift_left<30>((q + VecI(1)) & VecI(2));
  sine = float_from_bits(bits_of(select(odd, c, s)) ^ sign_s);
  cosine = float_from_bits(bits_of(select(odd, s, c)) ^ sign_c);
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
