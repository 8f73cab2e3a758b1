// Statistics, norms and running reductions.
#pragma once

#include "nacre/ops/ops.h"

namespace nacre::ops {

Tensor std(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor count_nonzero(const Tensor& x, const Axes& axis = {});
// Running sum and product; flattened without an axis.
Tensor cumsum(const Tensor& x, std::optional<int64_t> axis = {}, std::optional<DType> dtype = {});
Tensor cumprod(const Tensor& x, std::optional<int64_t> axis = {}, std::optional<DType> dtype = {});
// The value below which the fraction q of the elements lies; `method` is "linear", "lower",
// "higher", "midpoint" or "nearest". An array q puts its axes first.
Tensor quantile(const Tensor& x, const Tensor& q, const Axes& axis = {},
                const std::string& method = "linear", bool keepdims = false);
Tensor median(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
// The Euclidean norm over `axis`.
Tensor l2_norm(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

}  // namespace nacre::ops
