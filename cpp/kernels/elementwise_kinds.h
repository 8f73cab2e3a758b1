// The elementwise micro-ops, named once: the enums, the kernel tables, the reference templates and
// the op definitions all expand these lists.
#pragma once

#include <cstdint>

// X(Name): y = name(x), floating in and out.
// clang-format off
#define NACRE_UNARY_FLOAT(X)                                                                      \
  X(Exp) X(Exp2) X(Expm1) X(Log) X(Log2) X(Log10) X(Log1p) X(Sqrt) X(Rsqrt) X(Cbrt) X(Sin)        \
  X(Cos) X(Tan) X(Sinh) X(Cosh) X(Tanh) X(Asin) X(Acos) X(Atan) X(Asinh) X(Acosh) X(Atanh)        \
  X(Sigmoid) X(Softplus) X(Erf) X(ErfInv) X(Gelu) X(GeluTanh) X(Silu) X(Mish) X(LogSigmoid)       \
  X(Softsign) X(Lgamma) X(Digamma) X(Reciprocal) X(Angle)
// clang-format on

// X(Name): y = name(x), any dtype in, the same out.
// clang-format off
#define NACRE_UNARY_ANY(X)                                                                        \
  X(Abs) X(Neg) X(Sign) X(Square) X(Relu) X(Relu6) X(Floor) X(Ceil) X(Round) X(Trunc)
// clang-format on

// X(Name): y = name(a, b), one dtype in, the same out.
// clang-format off
#define NACRE_BINARY_ANY(X)                                                                       \
  X(Add) X(Sub) X(Mul) X(Maximum) X(Minimum) X(Pow) X(Mod) X(FloorDivide)
// clang-format on

// X(Name): y = name(a, b), floating only.
// clang-format off
#define NACRE_BINARY_FLOAT(X) X(Div) X(Atan2) X(Hypot) X(LogAddExp) X(NextAfter) X(CopySign)
// clang-format on

// X(Name): y = gradient of name at x (or from its output, where that is cheaper) times g: the
// binary micro-ops of backward passes; arguments (g, x or y).
// clang-format off
#define NACRE_BINARY_GRAD(X)                                                                      \
  X(ReluGrad) X(SigmoidGradOut) X(TanhGradOut) X(GeluGrad) X(GeluTanhGrad) X(SiluGrad)            \
  X(SoftplusGrad) X(Relu6Grad)
// clang-format on

// X(Name): bool = name(a, b).
// clang-format off
#define NACRE_COMPARE(X) X(Equal) X(NotEqual) X(Less) X(LessEqual) X(Greater) X(GreaterEqual)
// clang-format on

namespace nacre::kernels {

#define NACRE_ENUM_ENTRY(name) k##name,
enum class Unary : uint8_t {
  NACRE_UNARY_FLOAT(NACRE_ENUM_ENTRY) NACRE_UNARY_ANY(NACRE_ENUM_ENTRY) kCount
};
enum class Binary : uint8_t {
  NACRE_BINARY_ANY(NACRE_ENUM_ENTRY) NACRE_BINARY_FLOAT(NACRE_ENUM_ENTRY)
      NACRE_BINARY_GRAD(NACRE_ENUM_ENTRY) kCount
};
enum class Compare : uint8_t { NACRE_COMPARE(NACRE_ENUM_ENTRY) kCount };
#undef NACRE_ENUM_ENTRY

}  // namespace nacre::kernels
