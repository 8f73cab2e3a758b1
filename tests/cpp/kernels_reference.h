// What the kernel tests share: errors in ULP, samples of the whole float32 range, and double
// precision references of the unary micro-ops that libm lacks.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"

namespace nacre::testing {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();

// |got - exact| in units of the float32 spacing at `exact` (2^-149 in the subnormal range); 0 where
// both are NaN or the same infinity, 1e30 where only one is.
inline double ulp_error(float got, double exact) {
  if (std::isnan(exact) || std::isnan(got)) {
    return std::isnan(exact) && std::isnan(got) ? 0.0 : 1e30;
  }
  const double limit = 0x1.ffffffp127;  // from here on float32 rounds to infinity
  if (std::isinf(got)) {
    return std::signbit(got) == std::signbit(exact) && std::abs(exact) >= limit * (1 - 0x1p-22)
               ? 0.0
               : 1e30;
  }
  if (std::isinf(exact)) return 1e30;
  int exponent = 0;
  std::frexp(exact, &exponent);  // |exact| in [2^(exponent - 1), 2^exponent)
  const double ulp = std::ldexp(1.0, std::max(exponent - 24, -149));
  return std::abs(static_cast<double>(got) - exact) / ulp;
}

// Every `stride`-th bit pattern (an odd stride reaches all exponents and both signs), the special
// values, and values around 0 and 1.
inline std::vector<float> whole_range(uint32_t stride = 20011) {
  std::vector<float> x = {0.0f,       -0.0f,     kInfinity,  -kInfinity,      kNotANumber,
                          1.0f,       -1.0f,     0.5f,       -0.5f,           0x1p-149f,
                          -0x1p-149f, 0x1p-126f, -0x1p-126f, 0x1.fffffep127f, -0x1.fffffep127f,
                          2.0f,       -2.0f,     1e-20f,     -1e-20f,         0.75f,
                          1.5f};
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += stride) {
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  for (int i = -4000; i <= 4000; ++i) {
    x.push_back(static_cast<float>(i) / 37.0f);
    x.push_back(1.0f + static_cast<float>(i) * 0x1p-23f);
    x.push_back(static_cast<float>(i) / 4000.0f);
  }
  return x;
}

inline std::vector<float> normal_values(size_t n, uint32_t seed, float scale = 1.0f) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> x(n);
  for (float& v : x) v = normal(engine);
  return x;
}

inline double ref_erfinv(double x) {
  if (!(std::abs(x) <= 1)) return std::nan("");
  if (std::abs(x) == 1) return std::copysign(kInfinity, x);
  const double complement = 1 - std::abs(x);
  const double w = std::sqrt(-std::log(complement * (1 + std::abs(x))));
  double y = x == 0 ? 0 : std::abs(x) < 0.7 ? std::abs(x) : w;
  // Newton's method on erfc keeps its accuracy next to 1.
  for (int i = 0; i < 100 && x != 0; ++i) {
    const double residual =
        std::abs(x) < 0.5 ? std::abs(x) - std::erf(y) : std::erfc(y) - complement;
    y += residual * std::exp(y * y) * 0.886226925452758014;
  }
  return std::copysign(y, x);
}

inline double ref_digamma(double x) {
  if (x == 0) return -std::copysign(std::numeric_limits<double>::infinity(), x);
  if (std::isnan(x) || x == -kInfinity) return std::nan("");
  if (x < 0) {
    if (x == std::floor(x)) return std::nan("");
    const long double pi = 3.14159265358979323846L, f = x - std::rint(x);
    return ref_digamma(1 - x) - static_cast<double>(pi / std::tan(pi * f));
  }
  long double sum = 0, v = x;
  for (; v < 30; v += 1) sum -= 1 / v;
  const long double z = 1 / (v * v);
  return static_cast<double>(sum + std::log(v) - 0.5L / v -
                             z * (1 / 12.0L - z * (1 / 120.0L - z * (1 / 252.0L - z / 240.0L))));
}

inline double ref_gelu(double x) {
  return 0.5 * x * std::erfc(-x * 0.70710678118654752440);
}
inline double ref_sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
inline double ref_softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))) + (std::isnan(x) ? x : 0.0);
}
inline double ref_gelu_tanh(double x) {
  const double u = 0.79788456080286535588 * (x + 0.044715 * x * x * x);
  return x * ref_sigmoid(2 * u);
}
inline double ref_mish(double x) {
  if (x > 40) return x;
  const double e = std::exp(x), n = e * (e + 2);
  return x * (n / (n + 2));
}

}  // namespace nacre::testing
