// What the files of linear algebra share.
#pragma once

#include "nacre/ops/opdef.h"

namespace nacre {

// solve, solve_triangular, norm, lstsq, pinv, matrix_rank, cholesky_inverse.
void register_linalg_composites(OpRegistry& registry);

namespace linalg {

Tensor matrix_transpose(const Tensor& x);
// (n, n) matrices of ones on and below the diagonal, and on it.
Tensor lower_mask(int64_t n, DType dtype);
Tensor diagonal_mask(int64_t n, DType dtype);

}  // namespace linalg
}  // namespace nacre
