// The scalar definition of every elementwise micro-op, for any element type: the path of dtypes
// without a fast kernel and the oracle of those with one. float16 and bfloat16 compute in float.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "nacre/base/dtype.h"

namespace nacre::reference {

// The type in which values of T are computed.
template <class T>
using Compute =
    std::conditional_t<std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>, float, T>;

template <class T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T>;

double erf_inv(double x);
double digamma(double x);

#define NACRE_FLOAT_UNARY(Name, expression) \
  struct Name {                             \
    template <class T>                      \
    T operator()(T x) const {               \
      return expression;                    \
    }                                       \
  };

NACRE_FLOAT_UNARY(Exp, std::exp(x))
NACRE_FLOAT_UNARY(Exp2, std::exp2(x))
NACRE_FLOAT_UNARY(Expm1, std::expm1(x))
NACRE_FLOAT_UNARY(Log, std::log(x))
NACRE_FLOAT_UNARY(Log2, std::log2(x))
NACRE_FLOAT_UNARY(Log10, std::log10(x))
NACRE_FLOAT_UNARY(Log1p, std::log1p(x))
NACRE_FLOAT_UNARY(Sqrt, std::sqrt(x))
NACRE_FLOAT_UNARY(Rsqrt, T(1) / std::sqrt(x))
NACRE_FLOAT_UNARY(Cbrt, std::cbrt(x))
NACRE_FLOAT_UNARY(Sin, std::sin(x))
NACRE_FLOAT_UNARY(Cos, std::cos(x))
NACRE_FLOAT_UNARY(Tan, std::tan(x))
NACRE_FLOAT_UNARY(Sinh, std::sinh(x))
NACRE_FLOAT_UNARY(Cosh, std::cosh(x))
NACRE_FLOAT_UNARY(Tanh, std::tanh(x))
NACRE_FLOAT_UNARY(Asin, std::asin(x))
NACRE_FLOAT_UNARY(Acos, std::acos(x))
NACRE_FLOAT_UNARY(Atan, std::atan(x))
NACRE_FLOAT_UNARY(Asinh, std::asinh(x))
NACRE_FLOAT_UNARY(Acosh, std::acosh(x))
NACRE_FLOAT_UNARY(Atanh, std::atanh(x))
NACRE_FLOAT_UNARY(Erf, std::erf(x))
NACRE_FLOAT_UNARY(ErfInv, T(erf_inv(double(x))))
NACRE_FLOAT_UNARY(Lgamma, std::lgamma(x))
NACRE_FLOAT_UNARY(Digamma, T(digamma(double(x))))
NACRE_FLOAT_UNARY(Reciprocal, T(1) / x)
NACRE_FLOAT_UNARY(Softsign, x / (T(1) + std::abs(x)))
NACRE_FLOAT_UNARY(Angle, std::isnan(x)               ? x
                         : std::signbit(x) && x != 0 ? T(3.14159265358979323846)
                                                     : T(0))
// e^-|x| never overflows, so both tails keep their precision.
NACRE_FLOAT_UNARY(Sigmoid,
                  x >= 0 ? T(1) / (T(1) + std::exp(-x)) : std::exp(x) / (T(1) + std::exp(x)))
NACRE_FLOAT_UNARY(Softplus, (x > 0 ? x : x * T(0)) + std::log1p(std::exp(-std::abs(x))))
NACRE_FLOAT_UNARY(LogSigmoid, (x < 0 ? x : x * T(0)) - std::log1p(std::exp(-std::abs(x))))
NACRE_FLOAT_UNARY(Silu, x* Sigmoid{}(x))
NACRE_FLOAT_UNARY(Mish, x* std::tanh(Softplus{}(x)))
NACRE_FLOAT_UNARY(Gelu, T(0.5) * x * std::erfc(x * T(-0.70710678118654752440)))
// Hendrycks and Gimpel 2016, section 2: the tanh approximation.
NACRE_FLOAT_UNARY(GeluTanh,
                  T(0.5) * x *
                      (T(1) + std::tanh(T(0.79788456080286535588) * (x + T(0.044715) * x * x * x))))
#undef NACRE_FLOAT_UNARY

struct Abs {
  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_unsigned_v<T>) {
      return x;
    } else if constexpr (kIsFloat<T>) {
      return std::abs(x);
    } else {
      return static_cast<T>(x < 0 ? T(0) - x : x);
    }
  }
};
struct Neg {
  template <class T>
  T operator()(T x) const {
    if constexpr (kIsFloat<T>) return -x;
    return static_cast<T>(T(0) - x);
  }
};
struct Sign {
  template <class T>
  T operator()(T x) const {
    if constexpr (kIsFloat<T>) {
      if (std::isnan(x)) return x;
    }
    return static_cast<T>((x > T(0)) - (x < T(0)));
  }
};
struct Square {
  template <class T>
  T operator()(T x) const {
    return static_cast<T>(x * x);
  }
};
struct Relu {
  template <class T>
  T operator()(T x) const {
    return x < T(0) ? T(0) : x;
  }
};
struct Relu6 {
  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_same_v<T, bool>) return x;
    return x < T(0) ? T(0) : x > T(6) ? T(6) : x;
  }
};
#define NACRE_ROUNDING(Name, function)                    \
  struct Name {                                           \
    template <class T>                                    \
    T operator()(T x) const {                             \
      if constexpr (kIsFloat<T>) return std::function(x); \
      return x;                                           \
    }                                                     \
  };
NACRE_ROUNDING(Floor, floor)
NACRE_ROUNDING(Ceil, ceil)
NACRE_ROUNDING(Round, nearbyint)
NACRE_ROUNDING(Trunc, trunc)
#undef NACRE_ROUNDING

struct Add {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a + b);
  }
};
struct Sub {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a - b);
  }
};
struct Mul {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a * b);
  }
};
struct Div {
  template <class T>
  T operator()(T a, T b) const {
    return a / b;
  }
};
struct Maximum {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsFloat<T>) {
      if (std::isnan(a)) return a;
      if (std::isnan(b)) return b;
    }
    return a > b ? a : b;
  }
};
struct Minimum {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsFloat<T>) {
      if (std::isnan(a)) return a;
      if (std::isnan(b)) return b;
    }
    return a < b ? a : b;
  }
};
struct Pow {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsFloat<T>) {
      return std::pow(a, b);
    } else {
      if constexpr (std::is_signed_v<T>) {
        if (b < 0) return static_cast<T>(a == 1 ? 1 : a == T(-1) ? (b % 2 ? -1 : 1) : 0);
      }
      uint64_t result = 1;
      uint64_t base = static_cast<uint64_t>(a);
      for (uint64_t e = static_cast<uint64_t>(b); e; e >>= 1) {
        if (e & 1) result *= base;
        base *= base;
      }
      return static_cast<T>(result);
    }
  }
};
// The sign of the divisor, as Python and NumPy; an integer divided by zero gives zero.
struct Mod {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsFloat<T>) {
      T r = std::fmod(a, b);
      if (r != 0) {
        if ((r < 0) != (b < 0)) r += b;
      } else {
        r = std::copysign(T(0), b);
      }
      return r;
    } else {
      if (b == T(0)) return T(0);
      if constexpr (std::is_signed_v<T>) {
        if (b == T(-1)) return T(0);
        const T r = static_cast<T>(a % b);
        return static_cast<T>(r != 0 && ((r < 0) != (b < 0)) ? r + b : r);
      } else {
        return static_cast<T>(a % b);
      }
    }
  }
};
struct FloorDivide {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsFloat<T>) {
      if (b == 0) return a / b;
      const T mod = Mod{}(a, b);
      const T quotient = (a - mod) / b;
      const T floored = std::floor(quotient);
      return quotient - floored > T(0.5) ? floored + 1 : floored;
    } else {
      if (b == T(0)) return T(0);
      if constexpr (std::is_signed_v<T>) {
        if (b == T(-1)) return static_cast<T>(T(0) - static_cast<std::make_unsigned_t<T>>(a));
        const T q = static_cast<T>(a / b);
        return static_cast<T>(a % b != 0 && ((a < 0) != (b < 0)) ? q - 1 : q);
      } else {
        return static_cast<T>(a / b);
      }
    }
  }
};
struct Atan2 {
  template <class T>
  T operator()(T a, T b) const {
    return std::atan2(a, b);
  }
};
struct Hypot {
  template <class T>
  T operator()(T a, T b) const {
    return std::hypot(a, b);
  }
};
struct LogAddExp {
  template <class T>
  T operator()(T a, T b) const {
    if (a == b) return a + static_cast<T>(0.69314718055994530942);  // also equal infinities
    const T high = a > b ? a : b;
    return high + std::log1p(std::exp(-std::abs(a - b)));
  }
};
struct NextAfter {
  template <class T>
  T operator()(T a, T b) const {
    return std::nextafter(a, b);
  }
};
struct CopySign {
  template <class T>
  T operator()(T a, T b) const {
    return std::copysign(a, b);
  }
};

#define NACRE_GRAD(Name, expression) \
  struct Name {                      \
    template <class T>               \
    T operator()(T g, T x) const {   \
      return expression;             \
    }                                \
  };
NACRE_GRAD(ReluGrad, x > T(0) ? g : T(0))
NACRE_GRAD(Relu6Grad, x > T(0) && x < T(6) ? g : T(0))
NACRE_GRAD(SigmoidGradOut, static_cast<T>(g* x*(T(1) - x)))
NACRE_GRAD(TanhGradOut, static_cast<T>(g*(T(1) - x * x)))
NACRE_GRAD(SoftplusGrad, g* Sigmoid{}(x))
#undef NACRE_GRAD
struct SiluGrad {
  template <class T>
  T operator()(T g, T x) const {
    const T s = Sigmoid{}(x);
    return g * s * (T(1) + x * (T(1) - s));
  }
};
struct GeluGrad {
  template <class T>
  T operator()(T g, T x) const {
    const T cdf = T(0.5) * std::erfc(x * T(-0.70710678118654752440));
    const T pdf = T(0.39894228040143267794) * std::exp(T(-0.5) * x * x);
    return g * (cdf + x * pdf);
  }
};
struct GeluTanhGrad {
  template <class T>
  T operator()(T g, T x) const {
    const T c = T(0.79788456080286535588);
    const T t = std::tanh(c * (x + T(0.044715) * x * x * x));
    const T inner = c * (T(1) + T(3 * 0.044715) * x * x);
    return g * T(0.5) * (T(1) + t + x * (T(1) - t * t) * inner);
  }
};

#define NACRE_COMPARISON(Name, op)    \
  struct Name {                       \
    template <class T>                \
    bool operator()(T a, T b) const { \
      return a op b;                  \
    }                                 \
  };
NACRE_COMPARISON(Equal, ==)
NACRE_COMPARISON(NotEqual, !=)
NACRE_COMPARISON(Less, <)
NACRE_COMPARISON(LessEqual, <=)
NACRE_COMPARISON(Greater, >)
NACRE_COMPARISON(GreaterEqual, >=)
#undef NACRE_COMPARISON

}  // namespace nacre::reference
