#include "ops/elementwise_docs.h"

#include <unordered_map>

namespace nacre {
namespace {

using Docs = std::unordered_map<std::string_view, std::string_view>;

const Docs& unary_docs() {
  static const Docs docs = {
      {"exp", "e to the power `x`."},
      {"exp2", "2 to the power `x`."},
      {"expm1", "exp(`x`) - 1, precise near 0."},
      {"log", "Natural logarithm of `x`; NaN below 0, -inf at 0."},
      {"log2", "Logarithm of `x` to base 2; NaN below 0, -inf at 0."},
      {"log10", "Logarithm of `x` to base 10; NaN below 0, -inf at 0."},
      {"log1p", "log(1 + `x`), precise near 0; NaN below -1."},
      {"sqrt", "Square root of `x`; NaN below 0."},
      {"rsqrt", "1 / sqrt(`x`); NaN below 0, inf at 0."},
      {"cbrt", "Cube root of `x`, negative for negative `x`."},
      {"sin", "Sine of `x` in radians."},
      {"cos", "Cosine of `x` in radians."},
      {"tan", "Tangent of `x` in radians."},
      {"sinh", "Hyperbolic sine: (exp(`x`) - exp(-`x`)) / 2."},
      {"cosh", "Hyperbolic cosine: (exp(`x`) + exp(-`x`)) / 2."},
      {"tanh", "Hyperbolic tangent: sinh(`x`) / cosh(`x`), in [-1, 1]."},
      {"arcsin", "The angle in [-pi/2, pi/2] whose sine is `x`; NaN outside [-1, 1]."},
      {"arccos", "The angle in [0, pi] whose cosine is `x`; NaN outside [-1, 1]."},
      {"arctan", "The angle in [-pi/2, pi/2] whose tangent is `x`."},
      {"arcsinh", "Inverse of sinh: log(`x` + sqrt(`x`^2 + 1))."},
      {"arccosh", "Inverse of cosh, at least 0; NaN below 1."},
      {"arctanh", "Inverse of tanh: log((1 + `x`) / (1 - `x`)) / 2; NaN outside [-1, 1]."},
      {"sigmoid", "Logistic function: 1 / (1 + exp(-`x`))."},
      {"softplus", "log(1 + exp(`x`)): a smooth relu."},
      {"erf", "Error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to `x`."},
      {"erfinv", "Inverse of erf; NaN outside [-1, 1]."},
      {"gelu_exact", "`x` times the standard normal distribution function at `x`."},
      {"gelu_tanh", "gelu with the distribution function approximated by tanh."},
      {"silu", "`x` sigmoid(`x`), also called swish."},
      {"mish", "`x` tanh(softplus(`x`))."},
      {"log_sigmoid", "log(sigmoid(`x`)), without overflow."},
      {"softsign", "`x` / (1 + |`x`|)."},
      {"lgamma", "Logarithm of the absolute value of the gamma function at `x`."},
      {"digamma", "Derivative of lgamma at `x`."},
      {"reciprocal", "1 / `x`."},
      {"angle", "The angle of `x` in the complex plane: 0, or pi for negative `x`."},
      {"absolute", "Absolute value of `x`."},
      {"negative", "-`x`."},
      {"sign", "-1, 0 or 1 as `x` is negative, 0 or positive; NaN stays."},
      {"square", "`x` times `x`."},
      {"relu", "max(`x`, 0)."},
      {"relu6", "min(max(`x`, 0), 6)."},
      {"floor", "The largest integer not above `x`, in floating point."},
      {"ceil", "The smallest integer not below `x`, in floating point."},
      {"rint", "The nearest integer to `x`; halves go to the even one."},
      {"trunc", "`x` without its fraction: rounded towards 0."},
  };
  return docs;
}

const Docs& binary_docs() {
  static const Docs docs = {
      {"add", "`x1` + `x2`."},
      {"subtract", "`x1` - `x2`."},
      {"multiply", "`x1` times `x2`."},
      {"divide", "`x1` / `x2`, in floating point."},
      {"maximum", "The larger of `x1` and `x2`; NaN if one is."},
      {"minimum", "The smaller of `x1` and `x2`; NaN if one is."},
      {"power", "`x1` to the power `x2`."},
      {"mod", "Remainder of `x1` / `x2` with the sign of `x2`; 0 for an integer divided by 0."},
      {"floor_divide", "`x1` / `x2` rounded down; 0 for an integer divided by 0."},
      {"arctan2", "The angle in [-pi, pi] of the point with ordinate `x1` and abscissa `x2`."},
      {"hypot", "sqrt(`x1`^2 + `x2`^2), without overflow."},
      {"logaddexp", "log(exp(`x1`) + exp(`x2`)), without overflow."},
      {"nextafter", "The next number after `x1` towards `x2` in its dtype."},
      {"copysign", "The magnitude of `x1` with the sign of `x2`."},
      {"equal", "Whether `x1` equals `x2`."},
      {"not_equal", "Whether `x1` differs from `x2`."},
      {"less", "Whether `x1` is less than `x2`."},
      {"less_equal", "Whether `x1` is at most `x2`."},
      {"greater", "Whether `x1` is greater than `x2`."},
      {"greater_equal", "Whether `x1` is at least `x2`."},
  };
  return docs;
}

}  // namespace

std::string unary_doc(std::string_view name) {
  const auto found = unary_docs().find(name);
  const std::string what(found != unary_docs().end() ? found->second : name);
  return what + "\n\nArgs:\n    x: a tensor.\n\nReturns:\n    A tensor of the shape of `x`.";
}

std::string binary_doc(std::string_view name) {
  const auto found = binary_docs().find(name);
  if (found == binary_docs().end()) {
    return std::string(name) + ": `grad` times the derivative that the name says, at `x`.";
  }
  return std::string(found->second) +
         "\n\nArgs:\n    x1: a tensor.\n    x2: a tensor; the shapes broadcast.\n\nReturns:\n    A "
         "tensor of the broadcast shape.";
}

}  // namespace nacre
