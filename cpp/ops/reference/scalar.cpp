#include "ops/reference/scalar.h"

namespace nacre::reference {

double digamma(double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return x > 0 ? x : std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return std::copysign(std::numeric_limits<double>::infinity(), -x);
  if (x < 0 && std::floor(x) == x) return std::numeric_limits<double>::quiet_NaN();
  const double pi = 3.14159265358979323846;
  double result = 0;
  if (x < 0.5) {  // reflection
    result = -pi / std::tan(pi * (x - std::floor(x)));
    x = 1 - x;
  }
  for (; x < 10; x += 1) result -= 1 / x;  // recurrence up to where the asymptotic series holds
  const double y = 1 / (x * x);
  // Abramowitz and Stegun 6.3.18.
  return result + std::log(x) - 0.5 / x -
         y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132)))));
}

double erf_inv(double x) {
  if (std::isnan(x) || x < -1 || x > 1) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return x;
  if (x == 1 || x == -1) return std::copysign(std::numeric_limits<double>::infinity(), x);
  // Winitzki's closed form, then Newton steps on erf (erfc near the ends, where erf is flat).
  const double a = 0.147;
  const double log_term = std::log1p(-x * x);
  const double t = 2 / (3.14159265358979323846 * a) + log_term / 2;
  double y = std::copysign(std::sqrt(std::sqrt(t * t - log_term / a) - t), x);
  const double two_over_sqrt_pi = 1.1283791670955125739;
  for (int i = 0; i < 4; ++i) {
    const double error = std::abs(x) > 0.5
                             ? std::copysign(1, x) * ((1 - std::abs(x)) - std::erfc(std::abs(y)))
                             : std::erf(y) - x;
    const double slope = two_over_sqrt_pi * std::exp(-y * y);
    if (slope == 0) break;
    const double step = error / slope;
    y -= step / (1 + y * step);  // Halley: the second derivative is -2y times the first
  }
  return y;
}

}  // namespace nacre::reference
