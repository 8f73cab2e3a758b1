// Class ids: hash buckets and encodings.
#pragma once

#include <string>

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre::ops {

// int64 buckets in [0, num_buckets): FarmHash of each integer's decimal digits, SipHash with a salt
// of two numbers.
Tensor hash_buckets(const Tensor& x, int64_t num_buckets, const IntList& salt = {});

// Ids as they are ("int"), as vectors of `depth` ("one_hot", in place of a last axis of 1), or for
// each row which of them occur ("multi_hot") or how often, or with which weight ("count"). Ids
// outside [0, depth) are left out.
Tensor encode_categories(const Tensor& ids, const std::string& mode, int64_t depth, DType dtype,
                         const Tensor& count_weights = {});

}  // namespace nacre::ops
