// The ops as C++ functions. Each calls its OpDef through apply(), so it is recorded, differentiated
// and captured like a call from Python. Families with many ops have headers of their own beside
// this one; nacre/nacre.h includes them all.
#pragma once

#include <optional>

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre::ops {

// Elementwise; inputs broadcast and are promoted as in keras.ops.
#define NACRE_DECLARE_UNARY(function, name, kind) Tensor function(const Tensor& x);
#define NACRE_DECLARE_BINARY(function, name, kind) \
  Tensor function(const Tensor& x1, const Tensor& x2);
// X(C++ name, op name, micro-op)
// clang-format off
#define NACRE_UNARY_OPS(X)                                                                        \
  X(exp, "exp", Exp) X(exp2, "exp2", Exp2) X(expm1, "expm1", Expm1) X(log, "log", Log)            \
  X(log2, "log2", Log2) X(log10, "log10", Log10) X(log1p, "log1p", Log1p) X(sqrt, "sqrt", Sqrt)   \
  X(rsqrt, "rsqrt", Rsqrt) X(cbrt, "cbrt", Cbrt) X(sin, "sin", Sin) X(cos, "cos", Cos)            \
  X(tan, "tan", Tan) X(sinh, "sinh", Sinh) X(cosh, "cosh", Cosh) X(tanh, "tanh", Tanh)           \
  X(arcsin, "arcsin", Asin) X(arccos, "arccos", Acos) X(arctan, "arctan", Atan)                   \
  X(arcsinh, "arcsinh", Asinh) X(arccosh, "arccosh", Acosh) X(arctanh, "arctanh", Atanh)         \
  X(sigmoid, "sigmoid", Sigmoid) X(softplus, "softplus", Softplus) X(erf, "erf", Erf)             \
  X(erfinv, "erfinv", ErfInv) X(gelu_exact, "gelu_exact", Gelu)                                   \
  X(gelu_tanh, "gelu_tanh", GeluTanh) X(silu, "silu", Silu) X(mish, "mish", Mish)                 \
  X(log_sigmoid, "log_sigmoid", LogSigmoid) X(softsign, "softsign", Softsign)                     \
  X(lgamma, "lgamma", Lgamma) X(digamma, "digamma", Digamma)                                     \
  X(reciprocal, "reciprocal", Reciprocal) X(angle, "angle", Angle) X(abs, "absolute", Abs)        \
  X(negative, "negative", Neg) X(sign, "sign", Sign) X(square, "square", Square)                  \
  X(relu, "relu", Relu) X(relu6, "relu6", Relu6) X(floor, "floor", Floor) X(ceil, "ceil", Ceil)   \
  X(rint, "rint", Round) X(trunc, "trunc", Trunc)
#define NACRE_BINARY_OPS(X)                                                                       \
  X(add, "add", Add) X(subtract, "subtract", Sub) X(multiply, "multiply", Mul)                    \
  X(divide, "divide", Div) X(maximum, "maximum", Maximum) X(minimum, "minimum", Minimum)          \
  X(power, "power", Pow) X(mod, "mod", Mod) X(floor_divide, "floor_divide", FloorDivide)          \
  X(arctan2, "arctan2", Atan2) X(hypot, "hypot", Hypot) X(logaddexp, "logaddexp", LogAddExp)      \
  X(nextafter, "nextafter", NextAfter) X(copysign, "copysign", CopySign)
// clang-format on
// Backward micro-ops (g, x or y); internal.
// clang-format off
#define NACRE_GRADIENT_OPS(X)                                                                     \
  X(relu_grad, "relu_grad", ReluGrad) X(relu6_grad, "relu6_grad", Relu6Grad)                      \
  X(sigmoid_grad, "sigmoid_grad", SigmoidGradOut) X(tanh_grad, "tanh_grad", TanhGradOut)          \
  X(gelu_grad, "gelu_grad", GeluGrad) X(gelu_tanh_grad, "gelu_tanh_grad", GeluTanhGrad)           \
  X(silu_grad, "silu_grad", SiluGrad) X(softplus_grad, "softplus_grad", SoftplusGrad)
#define NACRE_COMPARE_OPS(X)                                                                      \
  X(equal, "equal", Equal) X(not_equal, "not_equal", NotEqual) X(less, "less", Less)              \
  X(less_equal, "less_equal", LessEqual) X(greater, "greater", Greater)                           \
  X(greater_equal, "greater_equal", GreaterEqual)
// clang-format on

NACRE_UNARY_OPS(NACRE_DECLARE_UNARY)
NACRE_BINARY_OPS(NACRE_DECLARE_BINARY)
NACRE_GRADIENT_OPS(NACRE_DECLARE_BINARY)
NACRE_COMPARE_OPS(NACRE_DECLARE_BINARY)
#undef NACRE_DECLARE_UNARY
#undef NACRE_DECLARE_BINARY

Tensor logical_and(const Tensor& x1, const Tensor& x2);
Tensor logical_or(const Tensor& x1, const Tensor& x2);
Tensor logical_xor(const Tensor& x1, const Tensor& x2);
Tensor logical_not(const Tensor& x);
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);
Tensor where(const Tensor& condition, const Tensor& x1, const Tensor& x2);
Tensor clip(const Tensor& x, double x_min, double x_max);

Tensor cast(const Tensor& x, DType dtype);
Tensor stop_gradient(const Tensor& x);
Tensor identity(const Tensor& x);  // a new handle on the same data

// Creation.
Tensor full(const Shape& shape, double value, DType dtype = DType::kFloat32);
inline Tensor zeros(const Shape& shape, DType dtype = DType::kFloat32) {
  return full(shape, 0, dtype);
}
inline Tensor ones(const Shape& shape, DType dtype = DType::kFloat32) {
  return full(shape, 1, dtype);
}
Tensor full_like(const Tensor& x, double value, std::optional<DType> dtype = {});
Tensor zeros_like(const Tensor& x);
Tensor ones_like(const Tensor& x);
// A constant that takes the dtype of what it is combined with (a Python scalar).
Tensor scalar(double value);

// Shape.
Tensor reshape(const Tensor& x, const Shape& shape);          // one dimension may be -1
Tensor transpose(const Tensor& x, const IntList& axes = {});  // no axes: reversed
Tensor broadcast_to(const Tensor& x, const Shape& shape);
Tensor expand_dims(const Tensor& x, int64_t axis);
Tensor squeeze(const Tensor& x, const std::optional<IntList>& axis = {});
// x[start, start + size) along `axis`.
Tensor slice_axis(const Tensor& x, int64_t axis, int64_t start, int64_t size);
Tensor concatenate(const Tensors& xs, int64_t axis = 0);
Tensor stack(const Tensors& xs, int64_t axis = 0);

// Reductions; no axis: all of them.
using Axes = std::optional<IntList>;
Tensor sum(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor mean(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor var(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor max(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor min(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor prod(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor logsumexp(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor any(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor all(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor argmax(const Tensor& x, std::optional<int64_t> axis = {}, bool keepdims = false);
Tensor argmin(const Tensor& x, std::optional<int64_t> axis = {}, bool keepdims = false);

// Matrix products over the last two axes, leading axes broadcast. The transposed forms read x1 or
// x2 with its last two axes swapped, without a copy.
Tensor matmul(const Tensor& x1, const Tensor& x2, bool transpose_a = false,
              bool transpose_b = false);

// Sums `grad` over the axes along which `shape` was broadcast: the backward of broadcasting.
Tensor reduce_to_shape(const Tensor& grad, const Shape& shape);

}  // namespace nacre::ops

namespace nacre {

inline Tensor operator+(const Tensor& a, const Tensor& b) {
  return ops::add(a, b);
}
inline Tensor operator-(const Tensor& a, const Tensor& b) {
  return ops::subtract(a, b);
}
inline Tensor operator*(const Tensor& a, const Tensor& b) {
  return ops::multiply(a, b);
}
inline Tensor operator/(const Tensor& a, const Tensor& b) {
  return ops::divide(a, b);
}
inline Tensor operator-(const Tensor& a) {
  return ops::negative(a);
}
inline Tensor operator+(const Tensor& a, double b) {
  return ops::add(a, ops::scalar(b));
}
inline Tensor operator-(const Tensor& a, double b) {
  return ops::subtract(a, ops::scalar(b));
}
inline Tensor operator*(const Tensor& a, double b) {
  return ops::multiply(a, ops::scalar(b));
}
inline Tensor operator/(const Tensor& a, double b) {
  return ops::divide(a, ops::scalar(b));
}
inline Tensor operator+(double a, const Tensor& b) {
  return ops::add(ops::scalar(a), b);
}
inline Tensor operator-(double a, const Tensor& b) {
  return ops::subtract(ops::scalar(a), b);
}
inline Tensor operator*(double a, const Tensor& b) {
  return ops::multiply(ops::scalar(a), b);
}
inline Tensor operator/(double a, const Tensor& b) {
  return ops::divide(ops::scalar(a), b);
}

}  // namespace nacre
