// Conversion between element types: to bool is "not zero"; a float to an integer truncates, ends at
// the integer's limits and takes NaN to 0 (as XLA does), so it is never undefined.
#pragma once

#include <limits>
#include <type_traits>

#include "ops/reference/scalar.h"

namespace nacre::reference {

template <class D, class S>
D convert(S value) {
  using C = Compute<S>;
  const C x = static_cast<C>(value);
  if constexpr (std::is_same_v<D, bool>) {
    return x != C(0);
  } else if constexpr (std::is_floating_point_v<C> && std::is_integral_v<D>) {
    if (!(x == x)) return D(0);
    // The limits rounded to C may lie past D's own: compare against powers of two.
    const C high = static_cast<C>(std::numeric_limits<D>::max() / 2 + 1) * C(2);
    if (x >= high) return std::numeric_limits<D>::max();
    if (x <= static_cast<C>(std::numeric_limits<D>::min())) return std::numeric_limits<D>::min();
    return static_cast<D>(x);
  } else {
    return static_cast<D>(x);
  }
}

}  // namespace nacre::reference
