// Random streams for the types without a fast kernel, and the draws that reject and try again.
#pragma once

#include <cmath>
#include <cstdint>

#include "nacre/base/philox.h"

namespace nacre::reference {

// Uniform in [0, 1) with 53 bits: elements i of streams 0 and 1.
inline double uniform53(uint64_t key, uint64_t i) {
  const uint64_t high = random_bits_at(key, 0, i), low = random_bits_at(key, 1, i);
  return static_cast<double>((high << 21) | (low >> 11)) * 0x1p-53;
}

// The draws of one element, as many as it needs: independent of every other element's.
class ElementStream {
 public:
  ElementStream(uint64_t key, uint64_t element, uint32_t stream = 0)
      : key_(key), element_(element), counter_(uint64_t{stream} << 32) {}

  uint32_t bits() {
    if (used_ == 4) {
      words_ = philox4x32(key_, element_, counter_++);
      used_ = 0;
    }
    return words_[used_++];
  }
  uint64_t bits64() {
    const uint64_t high = bits();
    return high << 32 | bits();
  }
  // In (0, 1): never 0, so its logarithm is finite.
  double uniform() { return (static_cast<double>(bits64() >> 12) + 0.5) * 0x1p-52; }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.28318530717958648 * uniform());
  }
  // Uniform in [0, range), range > 0; exact (Lemire 2019, "Fast random integer generation in an
  // interval").
  uint64_t below(uint64_t range) {
    const uint64_t threshold = (0 - range) % range;
    for (;;) {
      const auto product = static_cast<unsigned __int128>(bits64()) * range;
      if (static_cast<uint64_t>(product) >= threshold) return static_cast<uint64_t>(product >> 64);
    }
  }
  // Marsaglia and Tsang 2000, "A simple method for generating gamma variables".
  double gamma(double alpha) {
    if (!(alpha > 0)) return std::nan("");
    if (alpha < 1) {
      const double log_boost = std::log(uniform()) / alpha;
      return gamma(alpha + 1) * std::exp(log_boost);
    }
    const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double z = normal();
      const double root = 1 + c * z;
      if (root <= 0) continue;
      const double v = root * root * root;
      if (std::log(uniform()) < 0.5 * z * z + d - d * v + d * std::log(v)) return d * v;
    }
  }
  double beta(double a, double b) {
    const double x = gamma(a), y = gamma(b);
    // Both may underflow for tiny parameters: the mass is then at the ends.
    if (x == 0 && y == 0) return uniform() * (a + b) < a ? 1 : 0;
    return x / (x + y);
  }
  // Splits the trials at an order statistic of their uniforms until few are left (Relles 1972).
  double binomial(double trials, double p) {
    if (!(trials >= 0) || !(p >= 0 && p <= 1)) return std::nan("");
    double n = std::floor(trials), hits = 0;
    while (n > 16) {
      const double k = std::floor((n + 1) / 2);
      const double split = beta(k, n + 1 - k);
      if (split <= p) {
        hits += k;
        n -= k;
        p = split < 1 ? (p - split) / (1 - split) : 0;
      } else {
        n = k - 1;
        p = p / split;
      }
    }
    for (; n >= 1; --n) hits += uniform() < p;
    return hits;
  }

 private:
  uint64_t key_, element_, counter_;
  std::array<uint32_t, 4> words_{};
  int used_ = 4;
};

}  // namespace nacre::reference
