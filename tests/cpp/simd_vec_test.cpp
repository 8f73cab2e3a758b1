// simd/vec.h and vec_double.h at the flags of this file (the baseline); the wider vectors are
// covered by the kernels built on them.
#define NACRE_ISA_NAMESPACE simd_test
#include "simd/vec.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "kernels_reference.h"
#include "simd/vec_double.h"

namespace nacre::kernels::simd_test {
namespace {

using nacre::testing::kInfinity;
using nacre::testing::kNotANumber;

uint32_t bits(float v) {
  return std::bit_cast<uint32_t>(v);
}

// f on vectors against g on scalars, over the whole range.
template <class F, class G>
int mismatches(F f, G g) {
  std::vector<float> x = nacre::testing::whole_range(99991);
  while (x.size() % kLanes != 0) x.push_back(0.5f);
  int wrong = 0;
  for (size_t i = 0; i < x.size(); i += kLanes) {
    float y[kLanes];
    store(y, f(load(&x[i])));
    for (int k = 0; k < kLanes; ++k) {
      const float expected = g(x[i + k]);
      wrong += std::isnan(expected) ? !std::isnan(y[k]) : bits(expected) != bits(y[k]);
    }
  }
  return wrong;
}

TEST_CASE("simd: rounding, signs and square root have the bits of libm") {
  CHECK(mismatches([](Vec v) { return round_even(v); },
                   [](float v) { return std::nearbyintf(v); }) == 0);
  CHECK(mismatches([](Vec v) { return floor(v); }, [](float v) { return std::floor(v); }) == 0);
  CHECK(mismatches([](Vec v) { return ceil(v); }, [](float v) { return std::ceil(v); }) == 0);
  CHECK(mismatches([](Vec v) { return trunc(v); }, [](float v) { return std::trunc(v); }) == 0);
  CHECK(mismatches([](Vec v) { return abs(v); }, [](float v) { return std::abs(v); }) == 0);
  CHECK(mismatches([](Vec v) { return -v; }, [](float v) { return -v; }) == 0);
  CHECK(mismatches([](Vec v) { return sqrt(v); }, [](float v) { return std::sqrt(v); }) == 0);
  CHECK(mismatches([](Vec v) { return copysign(2.0f, v); },
                   [](float v) { return std::copysign(2.0f, v); }) == 0);
  CHECK(mismatches([](Vec v) { return to_float(to_double(v)); }, [](float v) { return v; }) == 0);
}

TEST_CASE("simd: min and max return the second operand for NaN, max_nan and min_nan NaN") {
  const Vec nan = kNotANumber, one = 1.0f;
  CHECK(max(nan, one).v[0] == 1.0f);
  CHECK(std::isnan(max(one, nan).v[0]));
  CHECK(min(nan, one).v[0] == 1.0f);
  CHECK(std::isnan(min(one, nan).v[0]));
  for (auto [a, b] : {std::pair{nan, one}, std::pair{one, nan}, std::pair{nan, nan}}) {
    CHECK(std::isnan(max_nan(a, b).v[0]));
    CHECK(std::isnan(min_nan(a, b).v[0]));
    CHECK_FALSE(any(a == b));
    CHECK_FALSE(any(a < b));
    CHECK_FALSE(any(a >= b));
    CHECK(mask_bits(a != b) == (1u << kLanes) - 1u);
  }
}

TEST_CASE("simd: partial loads and stores touch n elements only") {
  for (int n = 1; n <= kLanes; ++n) {
    std::vector<float> x(static_cast<size_t>(n)), y(kLanes + 1, -1.0f), full(kLanes);
    for (int i = 0; i < n; ++i) x[i] = static_cast<float>(i + 1);
    store(full.data(), load_partial(x.data(), n));
    for (int i = 0; i < kLanes; ++i) CHECK(full[i] == (i < n ? i + 1 : 0));
    store(full.data(), load_partial(x.data(), n, 9.0f));
    for (int i = 0; i < kLanes; ++i) CHECK(full[i] == (i < n ? i + 1 : 9));
    store(full.data(), keep_first(3.0f, n, 4.0f));
    for (int i = 0; i < kLanes; ++i) CHECK(full[i] == (i < n ? 3 : 4));
    store_partial(y.data(), 5.0f, n);
    for (int i = 0; i <= kLanes; ++i) CHECK(y[i] == (i < n ? 5.0f : -1.0f));
  }
}

TEST_CASE("simd: folds, masks and bytes") {
  float x[kLanes];
  uint8_t bytes[kLanes];
  for (int at = 0; at < kLanes; ++at) {
    double sum = 0;
    for (int i = 0; i < kLanes; ++i) {
      x[i] = i == at ? 10.0f : static_cast<float>(i % 3) - 1.0f;
      sum += x[i];
    }
    CHECK(sum_of(load(x)) == sum);
    CHECK(sum_of(to_double(load(x))) == sum);
    CHECK(max_of(load(x)) == 10.0f);
    CHECK(min_of(-load(x)) == -10.0f);
    const Mask big = load(x) > Vec(5.0f);
    CHECK(mask_bits(big) == 1u << at);
    store_bytes(bytes, big);
    for (int i = 0; i < kLanes; ++i) CHECK(bytes[i] == (i == at ? 1 : 0));
    CHECK(max_of(to_float(load_bytes(bytes))) == 1.0f);
    x[at] = kNotANumber;
    CHECK(std::isnan(max_of(load(x))));
    CHECK(std::isnan(min_of(load(x))));
  }
}

TEST_CASE("simd: exponents of doubles") {
  for (double v : {1.0, 1.4142, 1.41422, 0.7071, 0.70711, 3e38, 1e-45, 123.456}) {
    VecD e;
    const VecD m = split_exponent(v, e);
    CHECK(m.lo[0] >= 0.70710678);
    CHECK(m.lo[0] < 1.41421357);
    CHECK(m.lo[0] * (power_of_two(e)).lo[0] == v);
  }
}

}  // namespace
}  // namespace nacre::kernels::simd_test
