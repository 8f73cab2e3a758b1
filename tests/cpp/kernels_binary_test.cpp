// Binary micro-ops, comparison, selection, clip and conversions against double precision or the
// scalar definition, on every instruction set.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>

#include "kernels_reference.h"
#include "nacre/base/half.h"

namespace nacre {
namespace {

using kernels::Binary;
using kernels::Compare;
using testing::kInfinity;
using testing::kNotANumber;

// NumPy's floor semantics, from the exact double remainder.
double ref_mod(double a, double b) {
  const double r = std::fmod(a, b);
  if (r == 0) return std::copysign(0.0, b);
  return (b < 0) != (r < 0) ? r + b : r;
}
double ref_floor_divide(double a, double b) {
  if (b == 0) return a / b;
  const double r = std::fmod(a, b);
  double q = (a - r) / b;
  if (r != 0 && (b < 0) != (r < 0)) q -= 1;
  return std::rint(q);
}
double ref_gelu_grad(double g, double x) {
  if (std::isinf(x)) return g * (x > 0 ? 1 : 0);
  return g * (0.5 * std::erfc(-x * 0.70710678118654752440) +
              x * 0.39894228040143267794 * std::exp(-0.5 * x * x));
}
double ref_gelu_tanh_grad(double g, double x) {
  if (std::abs(x) > 50) return g * (x > 0 ? 1 : 0);
  const double k = 1.59576912160573071176;
  const double s = testing::ref_sigmoid(k * (x + 0.044715 * x * x * x));
  return g * (s + x * s * (1 - s) * k * (1 + 3 * 0.044715 * x * x));
}
double ref_silu_grad(double g, double x) {
  if (std::abs(x) > 1000) return g * (x > 0 ? 1 : 0);
  const double s = testing::ref_sigmoid(x);
  return g * s * (1 + x * (1 - s));
}

struct BinaryCase {
  Binary op;
  const char* name;
  double (*exact)(double a, double b);
  double ulp;
  double absolute = 0.0;  // or this much times max(|a|, 1): for the gradients, a is g
};
#define NACRE_REF(name, ...) \
  BinaryCase {               \
    Binary::k##name, #name, [](double a, double b) -> double { return __VA_ARGS__; }
const BinaryCase kCases[] = {NACRE_REF(Add, a + b), 0.51}, NACRE_REF(Sub, a - b), 0.51
}
, NACRE_REF(Mul, a* b), 0.51
}
, NACRE_REF(Div, a / b), 0.51
}
, NACRE_REF(Maximum, std::isnan(a) || std::isnan(b) ? std::nan("") : std::max(a, b)), 0.0
}
, NACRE_REF(Minimum, std::isnan(a) || std::isnan(b) ? std::nan("") : std::min(a, b)), 0.0
}
, NACRE_REF(Pow, std::pow(a, b)), 0.51
}
, NACRE_REF(Mod, ref_mod(a, b)), 1.0
}
, NACRE_REF(FloorDivide, ref_floor_divide(a, b)), 1.0
}
, NACRE_REF(Atan2, std::atan2(a, b)), 1.0
}
, NACRE_REF(Hypot, std::hypot(a, b)), 0.51
}
,
    NACRE_REF(LogAddExp, a == b ? a + 0.693147180559945309
                                : std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))) +
                                      (std::isnan(a + b) && !std::isinf(a - b) ? a + b : 0)),
    2.0, 0x1p-22
}
, NACRE_REF(NextAfter, double{std::nextafter(static_cast<float>(a), static_cast<float>(b))}), 0.0
}
, NACRE_REF(CopySign, std::copysign(a, b)), 0.0
}
, NACRE_REF(ReluGrad, b > 0 ? a : 0.0), 0.0
}
, NACRE_REF(Relu6Grad, b > 0 && b < 6 ? a : 0.0), 0.0
}
, NACRE_REF(SigmoidGradOut, a* b * (1 - b)), 4.0
}
, NACRE_REF(TanhGradOut, a * (1 - b * b)), 4.0, 0x1p-22
}
, NACRE_REF(GeluGrad, ref_gelu_grad(a, b)), 8.0, 0x1p-21
}
, NACRE_REF(GeluTanhGrad, ref_gelu_tanh_grad(a, b)), 8.0, 0x1p-20
}
, NACRE_REF(SiluGrad, ref_silu_grad(a, b)), 8.0, 0x1p-21
}
, NACRE_REF(SoftplusGrad, a* testing::ref_sigmoid(b)), 4.0, 1e-37
}
,
}
;
#undef NACRE_REF

bool is_gradient(Binary op) {
  return op >= Binary::kReluGrad;
}

// All pairs of some values around which definitions change, and random pairs of every magnitude.
void operands(Binary op, std::vector<float>& a, std::vector<float>& b) {
  const std::vector<float> special = {0.0f,
                                      -0.0f,
                                      1.0f,
                                      -1.0f,
                                      2.0f,
                                      -2.0f,
                                      3.0f,
                                      -3.0f,
                                      0.5f,
                                      -0.5f,
                                      2.5f,
                                      -2.5f,
                                      6.0f,
                                      1e-40f,
                                      -1e-40f,
                                      1e-10f,
                                      -1e-10f,
                                      1e10f,
                                      -1e10f,
                                      16777216.0f,
                                      16777215.0f,
                                      -16777215.0f,
                                      1e30f,
                                      -1e30f,
                                      0x1.fffffep127f,
                                      -0x1.fffffep127f,
                                      kInfinity,
                                      -kInfinity,
                                      kNotANumber,
                                      0.1f,
                                      88.0f,
                                      -88.0f};
  for (float u : special) {
    for (float v : special) {
      a.push_back(u);
      b.push_back(v);
    }
  }
  std::mt19937 engine(7);
  for (int i = 0; i < 200000; ++i) {
    a.push_back(std::bit_cast<float>(static_cast<uint32_t>(engine())));
    b.push_back(std::bit_cast<float>(static_cast<uint32_t>(engine())));
  }
  std::normal_distribution<float> normal(0.0f, 3.0f);
  for (int i = 0; i < 200000; ++i) {
    a.push_back(op == Binary::kPow ? std::abs(normal(engine)) : normal(engine));
    b.push_back(normal(engine));
  }
  if (op == Binary::kPow) {
    // Exponents with a way of their own, alone and among others.
    const float few[] = {2.0f, 3.0f, 0.5f, -1.0f, 1.0f, -2.0f, -0.5f};
    for (float exponent : few) {
      for (float x : testing::whole_range()) {
        a.push_back(x);
        b.push_back(exponent);
      }
    }
    for (size_t i = 0; i < 20000; i += 3) b[i + 400] = few[i % 7];
  }
  if (op == Binary::kSigmoidGradOut || op == Binary::kTanhGradOut) {
    for (float& v : b) v = std::isfinite(v) ? v - std::trunc(v) : 0.5f;
  }
  if (is_gradient(op)) {
    for (float& v : a) v = std::abs(v) < 1e15f && std::abs(v) > 1e-15f ? v : 1.0f;
  }
}

TEST_CASE("kernels: every binary micro-op is within its bound") {
  CHECK(std::size(kCases) == static_cast<size_t>(Binary::kCount));
  for (const BinaryCase& c : kCases) {
    std::vector<float> a, b;
    operands(c.op, a, b);
    std::vector<float> y(a.size());
    std::vector<double> exact(a.size());
    for (size_t i = 0; i < a.size(); ++i) exact[i] = c.exact(a[i], b[i]);
    for (Isa isa : available_isas()) {
      CAPTURE(std::string(c.name));
      CAPTURE(name_of(isa));
      kernels::table(isa).binary[static_cast<int>(c.op)](a.data(), b.data(), y.data(),
                                                         static_cast<int64_t>(a.size()), 1, 1);
      double worst = 0.0;
      size_t at = 0;
      for (size_t i = 0; i < a.size(); ++i) {
        // Huge quotients: float32 arithmetic of the definition, as NumPy's, is not exact.
        if (c.op == Binary::kFloorDivide && std::abs(exact[i]) > 0x1p26) continue;
        const double slack = c.absolute * (is_gradient(c.op) ? std::abs(double{a[i]}) : 1.0);
        if (std::abs(y[i] - exact[i]) <= slack) continue;
        const double error = testing::ulp_error(y[i], exact[i]);
        if (error > worst) {
          worst = error;
          at = i;
        }
      }
      CAPTURE(a[at]);
      CAPTURE(b[at]);
      CAPTURE(y[at]);
      CAPTURE(exact[at]);
      CHECK(worst <= c.ulp);
    }
  }
}

bool same_bits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

TEST_CASE("kernels: binary steps, lengths and aliasing") {
  const std::vector<float> a = testing::normal_values(70, 2, 2.0f);
  const std::vector<float> b = testing::normal_values(70, 3, 2.0f);
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    for (int op = 0; op < static_cast<int>(Binary::kCount); ++op) {
      CAPTURE(op);
      const kernels::BinaryFn f = kernels::table(isa).binary[op];
      for (int steps = 0; steps < 4; ++steps) {
        const int sa = steps & 1, sb = steps >> 1;
        for (int n = 0; n <= 70; n = n < 36 ? n + 1 : n + 17) {
          std::vector<float> y(71, -7.0f), in_a = a, in_b = b;
          f(a.data(), b.data(), y.data(), n, sa, sb);
          bool same = y[n] == -7.0f;
          for (int i = 0; i < n; ++i) {
            float one;
            f(&a[i * sa], &b[i * sb], &one, 1, 1, 1);
            same &= same_bits(one, y[i]);
          }
          if (sa != 0) {
            f(in_a.data(), b.data(), in_a.data(), n, sa, sb);
            for (int i = 0; i < 70; ++i) same &= same_bits(in_a[i], i < n ? y[i] : a[i]);
          }
          if (sb != 0) {
            f(a.data(), in_b.data(), in_b.data(), n, sa, sb);
            for (int i = 0; i < 70; ++i) same &= same_bits(in_b[i], i < n ? y[i] : b[i]);
          }
          CHECK(same);
        }
      }
    }
  }
}

TEST_CASE("kernels: comparison and selection") {
  const std::vector<float> values = {0.0f,      -0.0f,      1.0f,        -1.0f,
                                     kInfinity, -kInfinity, kNotANumber, 2.5f};
  std::vector<float> a, b;
  for (int i = 0; i < 75; ++i) {
    a.push_back(values[static_cast<size_t>(i) % 8]);
    b.push_back(values[static_cast<size_t>(i * 5 / 8) % 8]);
  }
  const auto ref_compare = [](int op, float u, float v) {
    switch (static_cast<Compare>(op)) {
      case Compare::kEqual:
        return u == v;
      case Compare::kNotEqual:
        return u != v;
      case Compare::kLess:
        return u < v;
      case Compare::kLessEqual:
        return u <= v;
      case Compare::kGreater:
        return u > v;
      default:
        return u >= v;
    }
  };
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    const kernels::KernelTable& t = kernels::table(isa);
    for (int n = 0; n <= 75; ++n) {
      for (int steps = 0; steps < 4; ++steps) {
        const int sa = steps & 1, sb = steps >> 1;
        bool same = true;
        for (int op = 0; op < static_cast<int>(Compare::kCount); ++op) {
          std::vector<uint8_t> y(76, 9);
          t.compare[op](a.data(), b.data(), y.data(), n, sa, sb);
          for (int i = 0; i < n; ++i)
            same &= y[i] == (ref_compare(op, a[i * sa], b[i * sb]) ? 1 : 0);
          same &= y[n] == 9;
        }
        std::vector<uint8_t> condition(75);
        for (int i = 0; i < 75; ++i) condition[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 255;
        std::vector<float> y(76, -7.0f);
        t.select(condition.data(), a.data(), b.data(), y.data(), n, sa, sb);
        for (int i = 0; i < n; ++i) same &= same_bits(y[i], condition[i] ? a[i * sa] : b[i * sb]);
        same &= y[n] == -7.0f;
        CHECK(same);
      }
    }
  }
}

TEST_CASE("kernels: clip keeps NaN and the bounds") {
  const float x[] = {-kInfinity, -2.0f, -1.0f, 0.0f, 0.5f, 1.0f, 3.0f, kInfinity, kNotANumber};
  for (Isa isa : available_isas()) {
    float y[9];
    kernels::table(isa).clip(x, y, 9, -1.0f, 1.0f);
    const float expected[] = {-1.0f, -1.0f, -1.0f, 0.0f, 0.5f, 1.0f, 1.0f, 1.0f};
    for (int i = 0; i < 8; ++i) CHECK(y[i] == expected[i]);
    CHECK(std::isnan(y[8]));
  }
}

TEST_CASE("kernels: conversions have the bits of base/half.h") {
  std::vector<uint16_t> halves(65536);
  for (int i = 0; i < 65536; ++i) halves[i] = static_cast<uint16_t>(i);
  std::vector<float> x = testing::whole_range(4099);
  for (int i = 0; i < 65536; ++i) {  // ties and their neighbours
    const float v = float16(0.0f), f = [&] {
      float16 h;
      h.bits = static_cast<uint16_t>(i);
      return static_cast<float>(h);
    }();
    if (std::isfinite(f) && v == 0.0f) {
      const uint32_t u = std::bit_cast<uint32_t>(f);
      for (uint32_t d : {0x1000u, 0x0fffu, 0x1001u}) x.push_back(std::bit_cast<float>(u + d));
    }
  }
  const int64_t n = static_cast<int64_t>(x.size());
  std::vector<float> f(65536);
  std::vector<uint16_t> h(x.size());
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    const kernels::KernelTable& t = kernels::table(isa);
    int wrong = 0;
    t.float_from_bf16(halves.data(), f.data(), 65536);
    for (int i = 0; i < 65536; ++i)
      wrong += std::bit_cast<uint32_t>(f[i]) != static_cast<uint32_t>(i) << 16;
    CHECK(wrong == 0);
    t.float_from_f16(halves.data(), f.data(), 65536);
    for (int i = 0; i < 65536; ++i) {
      float16 half;
      half.bits = static_cast<uint16_t>(i);
      const float expected = half;
      wrong += std::isnan(expected) ? !std::isnan(f[i]) : !same_bits(expected, f[i]);
    }
    CHECK(wrong == 0);
    t.bf16_from_float(x.data(), h.data(), n);
    for (int64_t i = 0; i < n; ++i) wrong += h[i] != bfloat16(x[i]).bits;
    CHECK(wrong == 0);
    t.f16_from_float(x.data(), h.data(), n);
    for (int64_t i = 0; i < n; ++i) wrong += h[i] != float16(x[i]).bits;
    CHECK(wrong == 0);
    for (int length = 0; length < 40; ++length) {
      std::vector<uint8_t> bytes(40);
      for (int i = 0; i < 40; ++i) bytes[i] = static_cast<uint8_t>(i * 7);
      std::vector<float> y(41, -7.0f);
      t.float_from_u8(bytes.data(), y.data(), length);
      for (int i = 0; i < length; ++i) wrong += y[i] != bytes[i];
      wrong += y[length] != -7.0f;
    }
    CHECK(wrong == 0);
  }
}

}  // namespace
}  // namespace nacre
