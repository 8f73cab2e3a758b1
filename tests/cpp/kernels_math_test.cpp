// Every unary micro-op of every instruction set against double precision, over the whole range.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "kernels_reference.h"

namespace nacre {
namespace {

using kernels::Unary;
using testing::kInfinity;

struct UnaryCase {
  Unary op;
  const char* name;
  double (*exact)(double);
  double ulp;                  // largest error, as math.h states it
  double absolute = 0.0;       // or this much, absolutely
  double relative_to_x = 0.0;  // or this much times |x|
};

#define NACRE_REF(name, ...) \
  UnaryCase {                \
    Unary::k##name, #name, [](double x) -> double { return __VA_ARGS__; }
const UnaryCase kCases[] = {NACRE_REF(Exp, std::exp(x)), 1.0}, NACRE_REF(Exp2, std::exp2(x)), 1.0
}
, NACRE_REF(Expm1, std::expm1(x)), 2.0
}
, NACRE_REF(Log, std::log(x)), 1.0
}
, NACRE_REF(Log2, std::log2(x)), 0.51
}
, NACRE_REF(Log10, std::log10(x)), 0.51
}
, NACRE_REF(Log1p, std::log1p(x)), 1.0
}
, NACRE_REF(Sqrt, std::sqrt(x)), 0.51
}
, NACRE_REF(Rsqrt, 1 / std::sqrt(x)), 1.5
}
, NACRE_REF(Cbrt, std::cbrt(x)), 0.51
}
, NACRE_REF(Sin, std::sin(x)), 1.0
}
, NACRE_REF(Cos, std::cos(x)), 1.0
}
, NACRE_REF(Tan, std::tan(x)), 1.0
}
, NACRE_REF(Sinh, std::sinh(x)), 1.0
}
, NACRE_REF(Cosh, std::cosh(x)), 1.0
}
, NACRE_REF(Tanh, std::tanh(x)), 3.0
}
, NACRE_REF(Asin, std::asin(x)), 1.0
}
, NACRE_REF(Acos, std::acos(x)), 1.0
}
, NACRE_REF(Atan, std::atan(x)), 1.0
}
, NACRE_REF(Asinh, std::asinh(x)), 1.0
}
, NACRE_REF(Acosh, std::acosh(x)), 1.0
}
, NACRE_REF(Atanh, std::atanh(x)), 1.0
}
, NACRE_REF(Sigmoid, testing::ref_sigmoid(x)), 3.0
}
, NACRE_REF(Softplus, testing::ref_softplus(x)), 3.0
}
, NACRE_REF(LogSigmoid, -testing::ref_softplus(-x)), 3.0
}
, NACRE_REF(Erf, std::erf(x)), 5.0
}
, NACRE_REF(ErfInv, testing::ref_erfinv(x)), 2.0
}
, NACRE_REF(Gelu, testing::ref_gelu(x)), 4.0, 0.0, 0x1p-22
}
, NACRE_REF(GeluTanh, testing::ref_gelu_tanh(x)), 128.0, 1e-30
}
, NACRE_REF(Silu, x* testing::ref_sigmoid(x)), 4.0, 1e-36
}
, NACRE_REF(Mish, testing::ref_mish(x)), 6.0, 1e-36
}
, NACRE_REF(Softsign, x / (1 + std::abs(x))), 1.5
}
, NACRE_REF(Lgamma, std::lgamma(x)), 4.0
}
, NACRE_REF(Digamma, testing::ref_digamma(x)), 2.0, 1e-7
}
, NACRE_REF(Reciprocal, 1 / x), 0.51
}
, NACRE_REF(Angle, std::isnan(x) ? x : std::signbit(x) ? 3.14159265358979 : 0.0), 1.0
}
, NACRE_REF(Abs, std::abs(x)), 0.0
}
, NACRE_REF(Neg, -x), 0.0
}
, NACRE_REF(Sign, x > 0 ? 1.0 : x < 0 ? -1.0 : x == 0 ? 0.0 : x), 0.0
}
, NACRE_REF(Square, x* x), 0.51
}
, NACRE_REF(Relu, x > 0 ? x : std::isnan(x) ? x : 0.0), 0.0
}
, NACRE_REF(Relu6, std::isnan(x) ? x : std::min(std::max(x, 0.0), 6.0)), 0.0
}
, NACRE_REF(Floor, std::floor(x)), 0.0
}
, NACRE_REF(Ceil, std::ceil(x)), 0.0
}
, NACRE_REF(Round, std::nearbyint(x)), 0.0
}
, NACRE_REF(Trunc, std::trunc(x)), 0.0
}
,
}
;
#undef NACRE_REF

// Where the definition itself is inf * 0 or inf / inf.
bool undefined_at(Unary op, float x) {
  if (!std::isinf(x)) return false;
  return op == Unary::kGelu || op == Unary::kGeluTanh || op == Unary::kSilu || op == Unary::kMish ||
         op == Unary::kSoftsign;
}

TEST_CASE("kernels: every unary micro-op is within its bound over the whole float32 range") {
  CHECK(std::size(kCases) == static_cast<size_t>(Unary::kCount));
  const std::vector<float> x = testing::whole_range();
  std::vector<float> y(x.size());
  for (const UnaryCase& c : kCases) {
    std::vector<double> exact(x.size());
    for (size_t i = 0; i < x.size(); ++i) exact[i] = c.exact(x[i]);
    for (Isa isa : available_isas()) {
      CAPTURE(std::string(c.name));
      CAPTURE(name_of(isa));
      kernels::table(isa).unary[static_cast<int>(c.op)](x.data(), y.data(),
                                                        static_cast<int64_t>(x.size()));
      double worst = 0.0;
      float at = 0.0f, got = 0.0f;
      for (size_t i = 0; i < x.size(); ++i) {
        if (undefined_at(c.op, x[i])) continue;
        const double error = testing::ulp_error(y[i], exact[i]);
        const double slack = std::abs(y[i] - exact[i]);
        if (slack <= c.absolute || slack <= c.relative_to_x * std::abs(double{x[i]})) continue;
        if (error > worst) {
          worst = error;
          at = x[i];
          got = y[i];
        }
      }
      CAPTURE(at);
      CAPTURE(got);
      CHECK(worst <= c.ulp);
    }
  }
}

TEST_CASE("kernels: the tanh form of gelu is within 5 ULP where it matters") {
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    double worst = 0.0;
    for (float x = -1.0f; x < 12.0f; x += 0.00037f) {
      float y;
      kernels::table(isa).unary[static_cast<int>(Unary::kGeluTanh)](&x, &y, 1);
      worst = std::max(worst, testing::ulp_error(y, testing::ref_gelu_tanh(x)));
    }
    CHECK(worst <= 5.0);
  }
}

TEST_CASE("kernels: signs of zeros") {
  const float x[2] = {0.0f, -0.0f};
  float y[2];
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    for (Unary op :
         {Unary::kExpm1, Unary::kLog1p, Unary::kSqrt, Unary::kCbrt, Unary::kSin, Unary::kTan,
          Unary::kSinh, Unary::kTanh, Unary::kAsin, Unary::kAtan, Unary::kAsinh, Unary::kAtanh,
          Unary::kErf, Unary::kErfInv, Unary::kFloor, Unary::kCeil, Unary::kRound, Unary::kTrunc}) {
      CAPTURE(static_cast<int>(op));
      kernels::table(isa).unary[static_cast<int>(op)](x, y, 2);
      CHECK(y[0] == 0.0f);
      CHECK_FALSE(std::signbit(y[0]));
      CHECK(y[1] == 0.0f);
      CHECK(std::signbit(y[1]));
    }
  }
}

TEST_CASE("kernels: a unary result does not depend on position, length or aliasing") {
  const std::vector<float> x = testing::normal_values(70, 1, 3.0f);
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    for (int op = 0; op < static_cast<int>(Unary::kCount); ++op) {
      CAPTURE(op);
      const kernels::UnaryFn f = kernels::table(isa).unary[op];
      float one[70];
      for (int i = 0; i < 70; ++i) f(&x[i], &one[i], 1);
      for (int n = 0; n <= 70; n = n < 36 ? n + 1 : n + 17) {
        std::vector<float> y(x.begin(), x.end());
        f(y.data(), y.data(), n);
        bool same = true;
        for (int i = 0; i < 70; ++i) {
          same &= std::bit_cast<uint32_t>(y[i]) == std::bit_cast<uint32_t>(i < n ? one[i] : x[i]);
        }
        CHECK(same);
      }
    }
  }
}

}  // namespace
}  // namespace nacre
