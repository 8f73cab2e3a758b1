// What the fused optimizer updates share: attributes and scalars.
#pragma once

#include <cmath>
#include <cstring>

#include "kernels/abi.h"
#include "ops/define.h"

namespace nacre {

inline constexpr int64_t kUpdateGrain = 16384;

struct AdamAttrs : AttrsOf<AdamAttrs> {
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  double decay = 0;
  bool lazy_rows = false;
  NACRE_ATTRS(beta_1, beta_2, epsilon, decay, lazy_rows)
};

inline double scalar_value(const Buffer& buffer) {
  return dispatch(buffer.dtype(),
                  [&]<class T>(type_tag<T>) { return static_cast<double>(*buffer.as<T>()); });
}

// The learning rate with the correction for the first steps.
inline double adam_rate(const AdamAttrs& a, double rate, double step) {
  return rate * std::sqrt(1 - std::pow(a.beta_2, step)) / (1 - std::pow(a.beta_1, step));
}

// The scalars of the float32 kernel.
inline kernels::AdamArgs adam_args(const AdamAttrs& a, const Buffer& learning_rate,
                                   const Buffer& step) {
  const double rate = scalar_value(learning_rate);
  kernels::AdamArgs args{};
  args.alpha = static_cast<float>(adam_rate(a, rate, scalar_value(step)));
  args.beta1 = static_cast<float>(a.beta_1);
  args.beta2 = static_cast<float>(a.beta_2);
  args.epsilon = static_cast<float>(a.epsilon);
  args.decay = static_cast<float>(a.decay * rate);
  return args;
}

// Calls body(begin, end) for what is left of a range of a table's elements without the rows of
// which is_zero(begin of the row) holds.
template <class IsZero, class Body>
void for_rows_but(int64_t row, int64_t begin, int64_t end, IsZero&& is_zero, Body&& body) {
  int64_t from = begin;
  for (int64_t r = begin / row * row; r < end; r += row) {
    if (!is_zero(r)) continue;
    if (from < r) body(from, r);
    from = r + row;
  }
  if (from < end) body(from, end);
}

// The output's own copy of an input, unless the plan lets it overwrite the input.
template <class T>
T* take_over(const Buffer& in, const Buffer& out) {
  if (!out) return nullptr;
  if (in.data != out.data && in.size()) std::memcpy(out.data, in.data, in.spec->bytes());
  return out.as<T>();
}

}  // namespace nacre
