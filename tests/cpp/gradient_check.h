// Finite differences against the tape, in float64, for functions of one output.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <random>

#include "nacre/graph/tape.h"
#include "nacre/ops/ops.h"

namespace nacre::test {

using Function = std::function<Tensor(const Tensors&)>;

inline Tensor random_tensor(const Shape& shape, uint64_t seed, double low = -1, double high = 1) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  Tensor t(TensorSpec{DType::kFloat64, shape});
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data<double>()[i] = uniform(engine);
  return t;
}

// sum(f(x) * w) with fixed weights, so that no symmetry hides an error.
inline Tensor weighed(const Function& f, const Tensors& x) {
  const Tensor y = f(x);
  return ops::sum(y * random_tensor(y.shape(), 99));
}

inline void check_gradient(const Function& f, const Tensors& inputs, double tolerance = 1e-6) {
  Tape tape;
  for (const Tensor& x : inputs) tape.watch(x);
  Tensor y;
  {
    const RecorderScope scope(tape);
    y = weighed(f, inputs);
  }
  const Tensors grads = tape.gradient({y}, inputs);
  for (size_t k = 0; k < inputs.size(); ++k) {
    REQUIRE(grads[k].defined());
    REQUIRE(grads[k].shape() == inputs[k].shape());
    for (int64_t i = 0; i < inputs[k].size(); ++i) {
      const double h = 1e-5;
      double ends[2];
      for (int side = 0; side < 2; ++side) {
        Tensors moved = inputs;
        moved[k] = inputs[k].clone();
        moved[k].mutable_data<double>()[i] += side ? -h : h;
        ends[side] = weighed(f, moved).item();
      }
      const double expected = (ends[0] - ends[1]) / (2 * h);
      const double found = grads[k].data<double>()[i];
      CAPTURE(k);
      CAPTURE(i);
      CAPTURE(expected);
      CAPTURE(found);
      CHECK(std::abs(found - expected) <= tolerance * (1 + std::abs(expected)));
    }
  }
}

// First and second order: the gradient is a function whose gradient is checked too.
inline void check_gradients(const Function& f, const Tensors& inputs, double tolerance = 1e-6) {
  check_gradient(f, inputs, tolerance);
  for (size_t k = 0; k < inputs.size(); ++k) {
    check_gradient(
        [&](const Tensors& x) {
          Tape tape;
          for (const Tensor& t : x) tape.watch(t);
          Tensor y;
          {
            const RecorderScope scope(tape);
            y = weighed([&](const Tensors& xs) { return ops::square(f(xs)); }, x);
          }
          return tape.gradient({y}, x)[k];
        },
        inputs, tolerance * 10);
  }
}

inline double max_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const Tensor x = ops::cast(a, DType::kFloat64), y = ops::cast(b, DType::kFloat64);
  double worst = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(x.data<double>()[i] - y.data<double>()[i]));
  }
  return worst;
}

}  // namespace nacre::test
