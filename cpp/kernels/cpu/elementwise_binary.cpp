// Binary micro-ops: arithmetic and the local gradients of activations.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/loops.h"
#include "simd/math_binary.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// Binary##name::apply(a, b).
#define NACRE_BINARY_OP(name, expression)         \
  struct Binary##name {                           \
    NACRE_INLINE static Vec apply(Vec a, Vec b) { \
      return expression;                          \
    }                                             \
  };

NACRE_BINARY_OP(Add, a + b)
NACRE_BINARY_OP(Sub, a - b)
NACRE_BINARY_OP(Mul, a* b)
NACRE_BINARY_OP(Maximum, max_nan(a, b))
NACRE_BINARY_OP(Minimum, min_nan(a, b))
NACRE_BINARY_OP(Pow, pow(a, b))
NACRE_BINARY_OP(Mod, mod(a, b))
NACRE_BINARY_OP(FloorDivide, floor_divide(a, b))
NACRE_BINARY_OP(Div, a / b)
NACRE_BINARY_OP(Atan2, atan2(a, b))
NACRE_BINARY_OP(Hypot, hypot(a, b))
NACRE_BINARY_OP(LogAddExp, log_add_exp(a, b))
NACRE_BINARY_OP(NextAfter, next_after(a, b))
NACRE_BINARY_OP(CopySign, copysign(a, b))
#undef NACRE_BINARY_OP

// Binary##name::apply(g, x), x being the activation's input or, for ...Out, its output.
#define NACRE_GRADIENT_OP(name, expression)       \
  struct Binary##name {                           \
    NACRE_INLINE static Vec apply(Vec g, Vec x) { \
      return expression;                          \
    }                                             \
  };

// Products such as x e^(-x^2 / 2) are 0 beyond this, where x alone could make inf * 0.
NACRE_INLINE Vec bounded(Vec x) {
  return clamp(x, -100.0f, 100.0f);
}

// Phi(x) + x phi(x).
NACRE_INLINE Vec gelu_slope(Vec x) {
  const Vec b = bounded(x);
  const Vec cumulative = fma(erf(x * Vec(0.707106781f)), 0.5f, 0.5f);
  return fma(b * Vec(0.398942280f), exp(b * b * Vec(-0.5f)), cumulative);
}
// With s = sigmoid(2 u(x)): s + x s (1 - s) 2 u'(x).
NACRE_INLINE Vec gelu_tanh_slope(Vec x) {
  const Vec b = bounded(x), z = b * b;
  Vec s, complement;
  sigmoid_both(b * fma(z, 1.59576912f * 0.044715f, 1.59576912f), s, complement);
  const Vec slope = fma(z, 3.0f * 1.59576912f * 0.044715f, 1.59576912f);
  return fma(b * slope * s, complement, s);
}
NACRE_INLINE Vec silu_slope(Vec x) {
  Vec s, complement;
  sigmoid_both(x, s, complement);
  return s * fma(bounded(x), complement, 1.0f);
}

NACRE_GRADIENT_OP(ReluGrad, select(x > Vec(0.0f), g, 0.0f))
NACRE_GRADIENT_OP(SigmoidGradOut, g* x*(Vec(1.0f) - x))
NACRE_GRADIENT_OP(TanhGradOut, g*(Vec(1.0f) - x * x))
NACRE_GRADIENT_OP(GeluGrad, g* gelu_slope(x))
NACRE_GRADIENT_OP(GeluTanhGrad, g* gelu_tanh_slope(x))
NACRE_GRADIENT_OP(SiluGrad, g* silu_slope(x))
NACRE_GRADIENT_OP(SoftplusGrad, g* sigmoid(x))
NACRE_GRADIENT_OP(Relu6Grad, select((x > Vec(0.0f)) & (x < Vec(6.0f)), g, 0.0f))
#undef NACRE_GRADIENT_OP

}  // namespace

void fill_elementwise_binary(KernelTable& table) {
#define NACRE_FILL(name) table.binary[static_cast<int>(Binary::k##name)] = map_binary<Binary##name>;
  NACRE_BINARY_ANY(NACRE_FILL)
  NACRE_BINARY_FLOAT(NACRE_FILL)
  NACRE_BINARY_GRAD(NACRE_FILL)
#undef NACRE_FILL
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
