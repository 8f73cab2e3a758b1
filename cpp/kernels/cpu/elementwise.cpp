// Unary micro-ops and clip.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/loops.h"
#include "simd/math_double.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// Unary##name::apply(x).
#define NACRE_UNARY_OP(name, expression)   \
  struct Unary##name {                     \
    NACRE_INLINE static Vec apply(Vec x) { \
      return expression;                   \
    }                                      \
  };

NACRE_UNARY_OP(Exp, exp(x))
NACRE_UNARY_OP(Exp2, exp2(x))
NACRE_UNARY_OP(Expm1, expm1(x))
NACRE_UNARY_OP(Log, log(x))
NACRE_UNARY_OP(Log2, log2(x))
NACRE_UNARY_OP(Log10, log10(x))
NACRE_UNARY_OP(Log1p, log1p(x))
NACRE_UNARY_OP(Sqrt, sqrt(x))
NACRE_UNARY_OP(Rsqrt, Vec(1.0f) / sqrt(x))
NACRE_UNARY_OP(Cbrt, cbrt(x))
NACRE_UNARY_OP(Sin, sin(x))
NACRE_UNARY_OP(Cos, cos(x))
NACRE_UNARY_OP(Tan, tan(x))
NACRE_UNARY_OP(Sinh, sinh(x))
NACRE_UNARY_OP(Cosh, cosh(x))
NACRE_UNARY_OP(Tanh, tanh(x))
NACRE_UNARY_OP(Asin, asin(x))
NACRE_UNARY_OP(Acos, acos(x))
NACRE_UNARY_OP(Atan, atan(x))
NACRE_UNARY_OP(Asinh, asinh(x))
NACRE_UNARY_OP(Acosh, acosh(x))
NACRE_UNARY_OP(Atanh, atanh(x))
NACRE_UNARY_OP(Sigmoid, sigmoid(x))
NACRE_UNARY_OP(Softplus, softplus(x))
NACRE_UNARY_OP(Erf, erf(x))
NACRE_UNARY_OP(ErfInv, erfinv(x))
NACRE_UNARY_OP(Gelu, gelu(x))
NACRE_UNARY_OP(GeluTanh, gelu_tanh(x))
NACRE_UNARY_OP(Silu, silu(x))
NACRE_UNARY_OP(Mish, mish(x))
NACRE_UNARY_OP(LogSigmoid, -softplus(-x))
NACRE_UNARY_OP(Softsign, x / (Vec(1.0f) + abs(x)))
NACRE_UNARY_OP(Lgamma, lgamma(x))
NACRE_UNARY_OP(Digamma, digamma(x))
NACRE_UNARY_OP(Reciprocal, Vec(1.0f) / x)
// The sign bit decides, as in numpy.angle: -0 has angle pi.
NACRE_UNARY_OP(Angle,
               select(is_nan(x), x, select(copysign(1.0f, x) < Vec(0.0f), 3.14159265f, 0.0f)))

NACRE_UNARY_OP(Abs, abs(x))
NACRE_UNARY_OP(Neg, -x)
NACRE_UNARY_OP(Sign, select(x > Vec(0.0f), 1.0f,
                            select(x < Vec(0.0f), -1.0f, select(is_nan(x), x, 0.0f))))
NACRE_UNARY_OP(Square, x* x)
NACRE_UNARY_OP(Relu, max(0.0f, x))  // the second operand wins for NaN
NACRE_UNARY_OP(Relu6, clamp(x, 0.0f, 6.0f))
NACRE_UNARY_OP(Floor, floor(x))
NACRE_UNARY_OP(Ceil, ceil(x))
NACRE_UNARY_OP(Round, round_even(x))
NACRE_UNARY_OP(Trunc, trunc(x))
#undef NACRE_UNARY_OP

void clip(const float* x, float* y, int64_t n, float low, float high) {
  // numpy.clip is minimum(maximum(x, low), high): a NaN anywhere wins.
  const Vec lower = low, upper = high;
  const auto apply = [&](Vec v) __attribute__((always_inline)) {
    return min_nan(upper, max_nan(lower, v));
  };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, apply(load(x + i)));
  if (i < n) store_partial(y + i, apply(load_partial(x + i, n - i)), n - i);
}

}  // namespace

void fill_elementwise(KernelTable& table) {
#define NACRE_FILL(name) table.unary[static_cast<int>(Unary::k##name)] = map_unary<Unary##name>;
  NACRE_UNARY_FLOAT(NACRE_FILL)
  NACRE_UNARY_ANY(NACRE_FILL)
#undef NACRE_FILL
  table.clip = clip;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
