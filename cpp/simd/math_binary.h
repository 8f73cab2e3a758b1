// Functions of two float32 vectors: 1 ULP unless stated. IEEE 754 special cases as in C's math.h,
// and NumPy's for mod and floor_divide.
#pragma once

#include "simd/math_double.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

// x^y for any x, y.
NACRE_INLINE Vec pow_any(Vec x, Vec y) {
  const Vec a = abs(x);
  const Mask regular = (a > Vec(0.0f)) & (a < Vec(kInf));
  const VecD log2_a = log_double(to_double(select(regular, a, 2.0f))) * VecD(1.44269504088896341);
  // min and max return their second operand for NaN: an infinite y at a = 1 is repaired below.
  const VecD t = max(VecD(-900.0), min(VecD(900.0), to_double(y) * log2_a));
  const Vec at_zero = select(y > Vec(0.0f), 0.0f, kInf);
  const Vec at_inf = select(y > Vec(0.0f), kInf, 0.0f);
  Vec r = select(regular, to_float(exp2_double(t)), select(a == Vec(0.0f), at_zero, at_inf));
  const Vec half = y * Vec(0.5f);
  const Mask integral = round_even(y) == y, even = round_even(half) == half;
  const Mask negative = Mask(bits_of(x) == (bits_of(x) | VecI(INT32_MIN)));
  r = select(a == Vec(1.0f), 1.0f, r);
  r = select(negative & integral & ~even, -r, r);
  r = select((x < Vec(0.0f)) & (a < Vec(kInf)) & ~integral, kNaN, r);
  r = select(is_nan(x) | is_nan(y), kNaN, r);
  return select((x == Vec(1.0f)) | (y == Vec(0.0f)), 1.0f, r);
}

NACRE_INLINE VecD root_of(Vec x) {  // x^(1/2): of -0 it is 0, of -inf inf
  return sqrt(to_double(select(x == Vec(-kInf), kInf, x + Vec(0.0f))));
}

// x^y by multiplying, dividing and rooting, to half an ULP, for the exponents that programs write
// most and those of their derivatives; x^2 for others.
NACRE_INLINE Vec pow_few(Vec x, Vec y) {
  const VecD one = 1.0, d = to_double(x);
  Vec r = x * x;
  const auto where = [&](float exponent, auto f) __attribute__((always_inline)) {
    const Mask equal = y == Vec(exponent);
    if (mask_bits(equal) != 0) r = select(equal, f(), r);
  };
  where(1.0f, [&]() __attribute__((always_inline)) { return x; });
  where(3.0f, [&]() __attribute__((always_inline)) { return to_float(d * d * d); });
  where(-1.0f, [&]() __attribute__((always_inline)) { return Vec(1.0f) / x; });
  where(-2.0f, [&]() __attribute__((always_inline)) { return to_float(one / (d * d)); });
  where(0.5f, [&]() __attribute__((always_inline)) { return to_float(root_of(x)); });
  where(-0.5f, [&]() __attribute__((always_inline)) { return to_float(one / root_of(x)); });
  return r;
}
NACRE_INLINE Vec pow(Vec x, Vec y) {
  const Mask two = y == Vec(2.0f), half = abs(y) == Vec(0.5f), one = abs(y) == Vec(1.0f);
  const Mask few = two | half | one | (y == Vec(-2.0f)) | (y == Vec(3.0f));
  if (__builtin_expect(mask_bits(few) == 0, 1)) return pow_any(x, y);
  if (mask_bits(~two) == 0) return x * x;
  const Vec r = pow_few(x, y);
  return mask_bits(~few) == 0 ? r : select(few, r, pow_any(x, y));
}

NACRE_INLINE Vec atan2(Vec y, Vec x) {
  const Vec inf = kInf, ay = abs(y), ax = abs(x);
  const Mask both_infinite = (ay == inf) & (ax == inf);
  const VecD dy = to_double(select(both_infinite, 1.0f, ay));
  const VecD dx = to_double(select(both_infinite, 1.0f, ax));
  // 0 / 0 is an angle of 0.
  const VecD t = atan_unit(min(dx, dy) / max(max(dx, dy), VecD(1e-300)));
  const Mask steep = ay > ax;
  const Mask left = Mask(bits_of(x) == (bits_of(x) | VecI(INT32_MIN)));
  // Right half: t or 1 - t quarters; left half: 2 - t or 1 + t.
  const Vec quarter = select(steep, 1.0f, select(left, 2.0f, 0.0f));
  const Vec factor = select(steep, -1.0f, 1.0f) * select(left, -1.0f, 1.0f);
  const Vec r = copysign(angle(quarter, factor, t), y);
  return select(is_nan(x) | is_nan(y), kNaN, r);
}

NACRE_INLINE Vec hypot(Vec x, Vec y) {
  const VecD a = to_double(x), b = to_double(y);
  const Vec inf = kInf, r = to_float(sqrt(a * a + b * b));
  return select((abs(x) == inf) | (abs(y) == inf), inf, r);
}

// log(e^x + e^y): absolute error 2^-23 max(|result|, log 2).
NACRE_INLINE Vec log_add_exp(Vec x, Vec y) {
  const Vec r = max_nan(x, y) + log1p_unit(exp(-abs(x - y)));
  return select(x == y, x + Vec(0.693147181f), r);  // equal infinities differ by NaN
}

// Lanes of r where `lanes` is set are replaced by f(x, y), one at a time.
template <class F>
NACRE_INLINE Vec replace_lanes(Mask lanes, Vec x, Vec y, Vec r, F f) {
  const uint32_t bits = mask_bits(lanes);
  if (__builtin_expect(bits == 0, 1)) return r;
  float in_x[kLanes], in_y[kLanes], out[kLanes];
  store(in_x, x);
  store(in_y, y);
  store(out, r);
  for (int i = 0; i < kLanes; ++i) {
    if ((bits >> i) & 1u) out[i] = f(in_x[i], in_y[i]);
  }
  return load(out);
}

// floor(x / y) in double. Exact where |x / y| < 2^27: there the quotient of two float32 values that
// is not an integer differs from one by more than a double's rounding.
NACRE_INLINE VecD floor_quotient(Vec x, Vec y, Mask& exact) {
  const VecD q = to_double(x) / to_double(y);
  exact = (abs(to_float(q)) < Vec(0x1p27f)) & (abs(y) < Vec(kInf));
  const VecD k = round_even(q);
  return {k.lo > q.lo ? k.lo - 1.0 : k.lo, k.hi > q.hi ? k.hi - 1.0 : k.hi};
}

// Python's x % y: the sign of y.
NACRE_INLINE float mod_scalar(float x, float y) {
  const float r = __builtin_fmodf(x, y);
  if (r == 0.0f) return __builtin_copysignf(0.0f, y);
  return (y < 0.0f) != (r < 0.0f) ? r + y : r;
}
NACRE_INLINE Vec mod(Vec x, Vec y) {
  Mask exact;
  const VecD k = floor_quotient(x, y, exact);
  const Vec r = to_float(to_double(x) - k * to_double(y));
  return replace_lanes(~exact, x, y, select(r == Vec(0.0f), copysign(0.0f, y), r),
                       [](float a, float b) { return mod_scalar(a, b); });
}

// NumPy's npy_divmod: the quotient that belongs to mod, so that it is integral for huge quotients.
NACRE_INLINE float floor_divide_scalar(float x, float y) {
  if (y == 0.0f) return x / y;
  const float r = __builtin_fmodf(x, y);
  float q = (x - r) / y;
  if (r != 0.0f && (y < 0.0f) != (r < 0.0f)) q -= 1.0f;
  if (q == 0.0f) return __builtin_copysignf(0.0f, x / y);
  const float whole = __builtin_floorf(q);
  return q - whole > 0.5f ? whole + 1.0f : whole;
}
NACRE_INLINE Vec floor_divide(Vec x, Vec y) {
  Mask exact;
  const Vec k = to_float(floor_quotient(x, y, exact));
  return replace_lanes(~exact, x, y, select(k == Vec(0.0f), copysign(0.0f, x / y), k),
                       [](float a, float b) { return floor_divide_scalar(a, b); });
}

NACRE_INLINE Vec next_after(Vec x, Vec y) {
  return replace_lanes(x == x, x, y, select(is_nan(x), x, y),
                       [](float a, float b) { return __builtin_nextafterf(a, b); });
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
