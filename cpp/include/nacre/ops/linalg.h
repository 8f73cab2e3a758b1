// Linear algebra on the last two axes, as keras.ops.linalg; float32 and float64.
#pragma once

#include <optional>

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre::ops {

// The lower (or upper) triangular factor of a positive definite matrix; ValueError if it is not.
Tensor cholesky(const Tensor& x, bool upper = false);
Tensor det(const Tensor& x);
Tensor inv(const Tensor& x);  // ValueError for a singular matrix
// a^-1 b; b has a's rank (matrix) or one less (vector).
Tensor solve(const Tensor& a, const Tensor& b);
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool lower = false);
struct Eigh {
  Tensor values, vectors;  // ascending; one eigenvector a column
};
Eigh eigh(const Tensor& x);
struct Qr {
  Tensor q, r;
};
Qr qr(const Tensor& x, const std::string& mode = "reduced");
struct Svd {
  Tensor u, s, vh;
};
Svd svd(const Tensor& x, bool full_matrices = true);
// ord: None, a number, infinity, 'fro' or 'nuc'.
Tensor norm(const Tensor& x, const AttrValue& ord = {}, const std::optional<IntList>& axis = {},
            bool keepdims = false);
Tensor lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond = {});

}  // namespace nacre::ops
