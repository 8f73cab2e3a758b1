// Random numbers, as keras.random: each op is a function of its arguments and of a seed tensor, a
// uint32 pair. The same seed gives the same numbers, for any number of threads, eager or in a plan.
#pragma once

#include <optional>

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

// The seed tensor of a Python int: its low and high 32 bits.
Tensor make_seed(uint64_t seed);

}  // namespace nacre

namespace nacre::random {

Tensor normal(const Shape& shape, const Tensor& seed, double mean = 0, double stddev = 1,
              std::optional<DType> dtype = {});
// [minval, maxval).
Tensor uniform(const Shape& shape, const Tensor& seed, double minval = 0, double maxval = 1,
               std::optional<DType> dtype = {});
// A normal within two standard deviations of its mean.
Tensor truncated_normal(const Shape& shape, const Tensor& seed, double mean = 0, double stddev = 1,
                        std::optional<DType> dtype = {});
// Integers in [minval, maxval), all equally likely.
Tensor randint(const Shape& shape, int64_t minval, int64_t maxval, const Tensor& seed,
               DType dtype = DType::kInt32);
// num_samples class ids for each row of logits (batch, classes).
Tensor categorical(const Tensor& logits, int64_t num_samples, const Tensor& seed,
                   DType dtype = DType::kInt32);
// The slices along an axis in random order.
Tensor shuffle(const Tensor& x, const Tensor& seed, int64_t axis = 0);
// Zeros with probability `rate`, the rest scaled by 1 / (1 - rate). In noise_shape -1 is the size
// of the input.
Tensor dropout(const Tensor& inputs, double rate, const Tensor& seed,
               const std::optional<IntList>& noise_shape = {});
Tensor gamma(const Shape& shape, const Tensor& alpha, const Tensor& seed,
             std::optional<DType> dtype = {});
Tensor beta(const Shape& shape, const Tensor& alpha, const Tensor& beta, const Tensor& seed,
            std::optional<DType> dtype = {});
Tensor binomial(const Shape& shape, const Tensor& counts, const Tensor& probabilities,
                const Tensor& seed, std::optional<DType> dtype = {});

}  // namespace nacre::random
