// Functions that kernels need less often, computed in double lanes and rounded once: 1 ULP of the
// float32 result unless stated, over all finite inputs. Conventions as in math.h.
#pragma once

#include "simd/math.h"
#include "simd/vec_double.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

inline constexpr double kPi = 3.14159265358979324;

// Even and odd powers apart, so that two short chains of additions run beside each other.
template <int kCount>
NACRE_INLINE VecD polynomial(VecD x, const double (&c)[kCount]) {
  const VecD z = x * x;
  VecD p = c[kCount - 1], q = c[kCount - 2];
  for (int i = kCount - 3; i >= 0; i -= 2) {
    p = p * z + VecD(c[i]);
    if (i > 0) q = q * z + VecD(c[i - 1]);
  }
  return kCount % 2 ? q * x + p : p * x + q;
}

// ---- cores: relative error about 2^-45 ----

// e^(r ln 2) 2^n for t = n + r, |t| < 1000.
NACRE_INLINE VecD exp2_double(VecD t) {
  const VecD n = round_even(t), r = (t - n) * VecD(0x1.62e42fefa39efp-1);
  constexpr double c[] = {0.49999999999664269,    0.16666666667265315,   0.041666666962266757,
                          0.0083333330950687116,  0.0013888811140819212, 0.00019841539106686923,
                          2.4880811601660131e-05, 2.7493057358631111e-06};
  return (r * r * polynomial(r, c) + r + VecD(1.0)) * power_of_two(n);
}
NACRE_INLINE VecD exp_double(VecD x) {
  return exp2_double(x * VecD(0x1.71547652b82fep+0));
}

// Positive normal x.
NACRE_INLINE VecD log_double(VecD x) {
  VecD e;
  const VecD m = split_exponent(x, e);
  const VecD s = (m - VecD(1.0)) / (m + VecD(1.0)), z = s * s;
  constexpr double c[] = {0.66666666666667651, 0.3999999999913621,  0.28571428810254518,
                          0.22222191578660039, 0.18183915622638863, 0.15305524336596527,
                          0.14876137776007706};
  return e * VecD(0x1.62e42fefa39efp-1) + (s * z * polynomial(z, c) + s + s);
}

// |x| <= pi / 4.
NACRE_INLINE VecD sin_reduced(VecD x) {
  constexpr double c[] = {-0.16666666666630292, 0.0083333333250676326, -0.00019841263723090544,
                          2.7555338474152437e-06, -2.4760368589742441e-08};
  const VecD z = x * x;
  return x * z * polynomial(z, c) + x;
}
NACRE_INLINE VecD cos_reduced(VecD x) {
  constexpr double c[] = {0.041666666666596242, -0.0013888888877576497, 2.4801580692297787e-05,
                          -2.7555520410695631e-07, 2.0644945424740916e-09};
  const VecD z = x * x;
  return z * z * polynomial(z, c) + (VecD(1.0) - VecD(0.5) * z);
}

// x - n pi / 2 for |x| < 2^20: pi / 2 in three parts, n times the first two is exact.
inline constexpr float kTrigonometricRange = 0x1p20f;
NACRE_INLINE VecD quarter_turns(VecD x, VecD& n) {
  n = round_even(x * VecD(0x1.45f306dc9c883p-1));
  return ((x - n * VecD(0x1.921fb544p+0)) - n * VecD(0x1.0b4611a6p-34)) -
         n * VecD(0x1.3198a2e037073p-69);
}

// 0 <= x <= 1.
NACRE_INLINE VecD atan_unit(VecD x) {
  constexpr double c[] = {-0.33333333111107433,  0.19999984221842246,    -0.14285320885842032,
                          0.11106143430676646,   -0.090536295826988397,  0.07510511223801665,
                          -0.060569560266128399, 0.044179097202218874,   -0.026547771053550693,
                          0.011778636486649081,  -0.0033264846250909657, 0.0004406926944572819};
  const VecD z = x * x;
  return x * z * polynomial(z, c) + x;
}
// 0 <= x <= 1/2.
NACRE_INLINE VecD asin_half(VecD x) {
  constexpr double c[] = {0.16666666669636768,  0.074999995332137373,   0.044643109104467088,
                          0.030375305156062352, 0.022470451857622899,   0.016483664136937103,
                          0.018606607363077111, -0.0028069649682628838, 0.031913319712270953};
  const VecD z = x * x;
  return x * z * polynomial(z, c) + x;
}

// Lanes of y where `lanes` is set are replaced by f(x), one at a time.
template <class F>
NACRE_INLINE Vec replace_lanes(Mask lanes, Vec x, Vec y, F f) {
  const uint32_t bits = mask_bits(lanes);
  if (__builtin_expect(bits == 0, 1)) return y;
  float in[kLanes], out[kLanes];
  store(in, x);
  store(out, y);
  for (int i = 0; i < kLanes; ++i) {
    if ((bits >> i) & 1u) out[i] = f(in[i]);
  }
  return load(out);
}

// log of any x by `scale`: log2 and log10 with their factor.
NACRE_INLINE Vec log_scaled(Vec x, double scale) {
  const Mask finite = (x > Vec(0.0f)) & (x < Vec(kInf));
  const Vec y = to_float(log_double(to_double(select(finite, x, 1.0f))) * VecD(scale));
  const Vec special = select(x == Vec(0.0f), -kInf, select(x < Vec(0.0f), kNaN, x));
  return select(finite, y, special);
}
NACRE_INLINE Vec log2(Vec x) {
  return log_scaled(x, 1.44269504088896341);
}
NACRE_INLINE Vec log10(Vec x) {
  return log_scaled(x, 0.434294481903251828);
}

NACRE_INLINE Vec log1p(Vec x) {
  const Mask regular = (x > Vec(-1.0f)) & (x < Vec(kInf));
  const Vec y = to_float(log_double(to_double(select(regular, x, 0.0f)) + VecD(1.0)));
  const Vec special = select(x == Vec(-1.0f), -kInf, select(x < Vec(-1.0f), kNaN, x));
  // Below 2^-14 three terms are exact to 2^-42, and 1 + x would drop bits of a tiny x.
  const Vec series = fma(x * x, fma(x, 0.333333333f, -0.5f), x);
  return select(abs(x) < Vec(0x1p-14f), copysign(series, x), select(regular, y, special));
}

NACRE_INLINE Vec sinh(Vec x) {
  const VecD e = exp_double(to_double(clamp(x, -100.0f, 100.0f)));
  const Vec y = to_float((e - VecD(1.0) / e) * VecD(0.5));
  const Vec series = fma(x * x * x, 0.166666667f, x);
  return select(abs(x) < Vec(0x1p-6f), copysign(series, x), select(is_nan(x), x, y));
}
NACRE_INLINE Vec cosh(Vec x) {
  const VecD e = exp_double(to_double(clamp(x, -100.0f, 100.0f)));
  return select(is_nan(x), x, to_float((e + VecD(1.0) / e) * VecD(0.5)));
}

enum class Trigonometric { kSin, kCos, kTan };

// sin or cos of |x| < kNearRange in float32. r = x - n pi / 2 comes as a sum of two: the parts of
// pi / 2 have so few bits that n times each, and the differences from x, are exact.
inline constexpr float kNearRange = 6000.0f;
template <Trigonometric kFunction>
NACRE_INLINE Vec trigonometric_near(Vec x) {
  const Vec n = round_even(x * Vec(0x1.45f306p-1f));
  const Vec rest = (x - n * Vec(0x1.92p0f)) - n * Vec(0x1.fb4p-12f), third = n * Vec(0x1.444p-24f);
  const Vec r = rest - third, low = ((rest - r) - third) - n * Vec(0x1.68c234p-39f), z = r * r;
  constexpr float s[] = {-0.166666552f, 0.00833218917f, -0.000195182831f};
  constexpr float c[] = {0.0416666456f, -0.00138873095f, 2.44323273e-05f};
  const Vec sine = r + fma(r * z, polynomial(z, s), low);
  const Vec half = z * Vec(0.5f), first = Vec(1.0f) - half;
  const Vec cosine =
      first + (((Vec(1.0f) - first) - half) + fma(z * z, polynomial(z, c), -r * low));
  const VecI q = to_int(n);
  const Mask odd = (q & VecI(1)) == VecI(1);
  if constexpr (kFunction == Trigonometric::kSin) {
    const Vec y = select(odd, cosine, sine);
    return select(x == Vec(0.0f), x, float_from_bits(bits_of(y) ^ shift_left<30>(q & VecI(2))));
  } else {
    const Vec y = select(odd, sine, cosine);
    return float_from_bits(bits_of(y) ^ shift_left<30>((q + VecI(1)) & VecI(2)));
  }
}

template <Trigonometric kFunction>
NACRE_INLINE Vec trigonometric(Vec x) {
  const Mask near = abs(x) < Vec(kTrigonometricRange);
  VecD n;
  const VecD r = quarter_turns(to_double(select(near, x, 0.0f)), n);
  const VecI q = to_int(to_float(n));  // |n| < 2^20, exact
  const Mask odd = (q & VecI(1)) == VecI(1);
  const VecD s = sin_reduced(r), c = cos_reduced(r);
  if constexpr (kFunction == Trigonometric::kTan) {
    const Vec y = select(odd, to_float(-c / s), to_float(s / c));
    const Vec signed_y = select(x == Vec(0.0f), x, y);
    return replace_lanes(~near, x, signed_y, [](float v) { return __builtin_tanf(v); });
  } else if constexpr (kFunction == Trigonometric::kSin) {
    const Vec y = select(odd, to_float(c), to_float(s));
    const Vec signed_y = float_from_bits(bits_of(y) ^ shift_left<30>(q & VecI(2)));
    return replace_lanes(~near, x, select(x == Vec(0.0f), x, signed_y),
                         [](float v) { return __builtin_sinf(v); });
  } else {
    const Vec y = select(odd, to_float(s), to_float(c));
    const Vec signed_y = float_from_bits(bits_of(y) ^ shift_left<30>((q + VecI(1)) & VecI(2)));
    return replace_lanes(~near, x, signed_y, [](float v) { return __builtin_cosf(v); });
  }
}
template <Trigonometric kFunction>
NACRE_INLINE Vec sine_or_cosine(Vec x) {
  const Mask near = abs(x) < Vec(kNearRange);
  const Vec y = trigonometric_near<kFunction>(select(near, x, 0.0f));
  if (__builtin_expect(mask_bits(~near) == 0, 1)) return y;
  return select(near, y, trigonometric<kFunction>(x));
}
NACRE_INLINE Vec sin(Vec x) {
  return sine_or_cosine<Trigonometric::kSin>(x);
}
NACRE_INLINE Vec cos(Vec x) {
  return sine_or_cosine<Trigonometric::kCos>(x);
}
NACRE_INLINE Vec tan(Vec x) {
  return trigonometric<Trigonometric::kTan>(x);
}

// quarter * pi / 2 + factor * t for small integers quarter and factor, rounded once.
NACRE_INLINE Vec angle(Vec quarter, Vec factor, VecD t) {
  return to_float(to_double(quarter) * VecD(kPi / 2) + to_double(factor) * t);
}

NACRE_INLINE Vec atan(Vec x) {
  const Vec a = abs(x);
  const VecD d = to_double(a);
  const VecD t = atan_unit(min(VecD(1.0), d) / max(VecD(1.0), d));
  const Mask steep = a > Vec(1.0f);
  return copysign(angle(select(steep, 1.0f, 0.0f), select(steep, -1.0f, 1.0f), t), x);
}

// Above 1/2: asin(a) = pi / 2 - 2 asin(sqrt((1 - a) / 2)); the smaller argument is the one to use.
NACRE_INLINE VecD asin_argument(Vec a) {
  const VecD d = to_double(min(1.0f, a));
  return min(sqrt((VecD(1.0) - d) * VecD(0.5)), d);
}
NACRE_INLINE Vec asin(Vec x) {
  const Vec a = abs(x);
  const Mask big = a > Vec(0.5f);
  const Vec y =
      angle(select(big, 1.0f, 0.0f), select(big, -2.0f, 1.0f), asin_half(asin_argument(a)));
  return select(a > Vec(1.0f), kNaN, copysign(y, x));
}
NACRE_INLINE Vec acos(Vec x) {
  const Vec a = abs(x);
  const Mask big = a > Vec(0.5f), negative = x < Vec(0.0f);
  const Vec quarter = select(big, select(negative, 2.0f, 0.0f), 1.0f);
  const Vec factor = select(negative, 1.0f, -1.0f) * select(big, -2.0f, 1.0f);
  const Vec y = angle(quarter, factor, asin_half(asin_argument(a)));
  return select(a > Vec(1.0f), kNaN, y);
}

NACRE_INLINE Vec asinh(Vec x) {
  const Vec a = abs(x);
  const VecD d = to_double(select(a < Vec(kInf), a, 1.0f));
  const Vec y = to_float(log_double(d + sqrt(d * d + VecD(1.0))));
  const Vec series = fma(x * x * x, -0.166666667f, x);
  return select(a < Vec(0x1p-12f), copysign(series, x), select(a < Vec(kInf), copysign(y, x), x));
}
NACRE_INLINE Vec acosh(Vec x) {
  const Mask regular = (x >= Vec(1.0f)) & (x < Vec(kInf));
  const VecD d = to_double(select(regular, x, 1.0f));
  const Vec y = to_float(log_double(d + sqrt(d * d - VecD(1.0))));
  return select(regular, y, select(x < Vec(1.0f), kNaN, x));
}
NACRE_INLINE Vec atanh(Vec x) {
  const Vec a = abs(x);
  const VecD d = to_double(select(a < Vec(1.0f), x, 0.0f));
  const Vec y = to_float(log_double((VecD(1.0) + d) / (VecD(1.0) - d)) * VecD(0.5));
  const Vec series = fma(x * x * x, 0.333333333f, x);
  const Vec special = select(a == Vec(1.0f), copysign(kInf, x), kNaN);
  return select(a < Vec(0x1p-12f), copysign(series, x), select(a < Vec(1.0f), y, special));
}

NACRE_INLINE Vec cbrt(Vec x) {
  const Vec a = abs(x);
  const Mask regular = (a > Vec(0.0f)) & (a < Vec(kInf));
  const VecD t = log_double(to_double(select(regular, a, 1.0f)));
  const Vec y = to_float(exp2_double(t * VecD(1.44269504088896341 / 3)));
  return select(regular, copysign(y, x), x);
}

// Polynomials in w = -log(1 - x^2) and its root, as M. Giles, Approximating the erfinv function
// (2010); coefficients are our own fit. 2 ULP.
NACRE_INLINE Vec erfinv(Vec x) {
  constexpr double near[] = {
      1.5014093516925091,      0.24664027578564532,    -0.0041773246362107842,
      -0.0012527048768690727,  0.00021826355750395089, -4.9987597852158914e-06,
      -3.4260121719868473e-06, 4.7969886629789032e-07, 1.6457232255783232e-08,
      -1.1023217029613002e-08, 4.3703099895422626e-10, 1.328591977039758e-10};
  constexpr double far[] = {
      2.8329767980757952,     1.0016752601965646,      0.0094455806374753228,
      -0.0076432791447042384, 0.005684223684763786,    -0.0035634102400201101,
      0.0014901316325718129,  -0.00013266535015403721, -0.00030404932077043379,
      0.00018168186380314061, -1.2921544947008331e-05, -1.3554898889336885e-05};
  const Vec a = abs(x);
  const VecD d = to_double(select(a < Vec(1.0f), x, 0.0f));
  const VecD w = -log_double((VecD(1.0) - d) * (VecD(1.0) + d));
  const Vec y = select(to_float(w) < Vec(5.0f), to_float(d * polynomial(w - VecD(2.5), near)),
                       to_float(d * polynomial(sqrt(max(w, VecD(0.0))) - VecD(3.0), far)));
  const Vec special = select(a == Vec(1.0f), copysign(kInf, x), kNaN);
  return select(a < Vec(1.0f), y, special);
}

// One lane at a time, double inside: rare functions.
template <class F>
NACRE_INLINE Vec map_lanes(Vec x, F f) {
  float lanes[kLanes];
  store(lanes, x);
  for (int i = 0; i < kLanes; ++i) lanes[i] = f(lanes[i]);
  return load(lanes);
}

// log |gamma(x)|; poles give inf. libm's double function: its error near the zeros at 1 and 2, and
// the negative ones, stays below a float32 ULP times 4.
NACRE_INLINE Vec lgamma(Vec x) {
  return map_lanes(x, [](float v) { return static_cast<float>(__builtin_lgamma(v)); });
}

// Recurrence up to x >= 10, then the asymptotic series (Abramowitz and Stegun 6.3.18); reflection
// below 0. Absolute error 1e-7 near the zeros, 2 ULP elsewhere. Poles give NaN, as in SciPy.
NACRE_INLINE float digamma_scalar(float value) {
  double x = value, result = 0.0;
  if (x == 0.0) return -__builtin_copysignf(kInf, value);
  if (x != x || x == -static_cast<double>(kInf)) return kNaN;
  if (x < 0.0) {
    const double fraction = x - __builtin_rint(x);
    if (fraction == 0.0) return kNaN;
    // tan has period pi: the signed fraction keeps full accuracy for large and for tiny |x|.
    result = -kPi / __builtin_tan(kPi * fraction);
    x = 1.0 - x;
  }
  while (x < 10.0) {
    result -= 1.0 / x;
    x += 1.0;
  }
  const double z = 1.0 / (x * x);
  const double series =
      z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132)))));
  return static_cast<float>(result + __builtin_log(x) - 0.5 / x - series);
}
NACRE_INLINE Vec digamma(Vec x) {
  return map_lanes(x, [](float v) { return digamma_scalar(v); });
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
