// Decompositions of one matrix with Eigen; linalg.cpp runs them over batches. Pointers are dense
// and row-major; T is float or double.
#pragma once

#include <cstdint>

namespace nacre::linalg {

// False when the matrix is not positive definite. The symmetric part of x counts, as in eigh.
template <class T>
bool cholesky(const T* x, T* out, int64_t n, bool upper);
template <class T>
T determinant(const T* x, int64_t n);
// False when the matrix is singular.
template <class T>
bool solve(const T* a, const T* b, T* out, int64_t n, int64_t cols);
template <class T>
bool invert(const T* a, T* out, int64_t n);
// False when a diagonal element is zero.
template <class T>
bool solve_triangular(const T* a, const T* b, T* out, int64_t n, int64_t cols, bool lower);
// The factors in one matrix, and the row each step swapped with.
template <class T>
void lu_factor(const T* x, T* lu, int32_t* pivots, int64_t rows, int64_t cols);
// q (rows, k), r (k, cols) with k = min(rows, cols), or k = rows when complete.
template <class T>
void qr(const T* x, T* q, T* r, int64_t rows, int64_t cols, bool complete);
// False when the iteration does not converge (NaN, infinity).
template <class T>
bool eigh(const T* x, T* values, T* vectors, int64_t n);
// u and vh may be null (both).
template <class T>
bool svd(const T* x, T* u, T* s, T* vh, int64_t rows, int64_t cols, bool full);

}  // namespace nacre::linalg
