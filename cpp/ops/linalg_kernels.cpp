// Everything is computed in float64, by column-major matrices: float32 gets a more exact result,
// and Eigen's templates, minutes of compiling, are made once.
#include "ops/linalg_kernels.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>

namespace nacre::linalg {
namespace {

using Eigen::MatrixXd;

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
MatrixXd load(const T* data, int64_t rows, int64_t cols) {
  return Eigen::Map<const RowMajor<T>>(data, rows, cols).template cast<double>();
}

template <class T>
void store(const MatrixXd& matrix, T* out) {
  Eigen::Map<RowMajor<T>>(out, matrix.rows(), matrix.cols()) = matrix.cast<T>();
}

// Both triangles count, so that the gradient is symmetric; a symmetric matrix keeps its bits.
template <class T>
MatrixXd load_symmetric(const T* x, int64_t n) {
  const MatrixXd matrix = load(x, n, n);
  return (matrix + matrix.transpose()) * 0.5;
}

// A zero on the diagonal: no inverse.
bool has_zero(const MatrixXd& matrix) {
  return (matrix.diagonal().array() == 0).any();
}

}  // namespace

template <class T>
bool cholesky(const T* x, T* out, int64_t n, bool upper) {
  const Eigen::LLT<MatrixXd> llt(load_symmetric(x, n));
  // A NaN passes the pivot test of LLT.
  if (llt.info() != Eigen::Success || !llt.matrixLLT().diagonal().allFinite()) return false;
  const MatrixXd lower = llt.matrixL();
  store<T>(upper ? MatrixXd(lower.transpose()) : lower, out);
  return true;
}

template <class T>
T determinant(const T* x, int64_t n) {
  return n == 0 ? T(1) : static_cast<T>(Eigen::PartialPivLU<MatrixXd>(load(x, n, n)).determinant());
}

template <class T>
bool solve(const T* a, const T* b, T* out, int64_t n, int64_t cols) {
  const Eigen::PartialPivLU<MatrixXd> lu(load(a, n, n));
  if (has_zero(lu.matrixLU())) return false;
  store<T>(lu.solve(load(b, n, cols)), out);
  return true;
}

template <class T>
bool invert(const T* a, T* out, int64_t n) {
  const Eigen::PartialPivLU<MatrixXd> lu(load(a, n, n));
  if (has_zero(lu.matrixLU())) return false;
  store<T>(lu.solve(MatrixXd::Identity(n, n)), out);
  return true;
}

template <class T>
bool solve_triangular(const T* a, const T* b, T* out, int64_t n, int64_t cols, bool lower) {
  const MatrixXd matrix = load(a, n, n);
  if (has_zero(matrix)) return false;
  MatrixXd x = load(b, n, cols);
  if (lower) {
    matrix.triangularView<Eigen::Lower>().solveInPlace(x);
  } else {
    matrix.triangularView<Eigen::Upper>().solveInPlace(x);
  }
  store<T>(x, out);
  return true;
}

template <class T>
void lu_factor(const T* x, T* lu, int32_t* pivots, int64_t rows, int64_t cols) {
  MatrixXd m = load(x, rows, cols);
  for (int64_t k = 0; k < std::min(rows, cols); ++k) {
    Eigen::Index pivot = 0;
    m.col(k).tail(rows - k).cwiseAbs().maxCoeff(&pivot);
    pivot += k;
    pivots[k] = static_cast<int32_t>(pivot);
    if (pivot != k) m.row(k).swap(m.row(pivot));
    if (m(k, k) == 0) continue;
    m.col(k).tail(rows - k - 1) /= m(k, k);
    for (int64_t j = k + 1; j < cols; ++j) {
      m.col(j).tail(rows - k - 1) -= m(k, j) * m.col(k).tail(rows - k - 1);
    }
  }
  store<T>(m, lu);
}

template <class T>
void qr(const T* x, T* q, T* r, int64_t rows, int64_t cols, bool complete) {
  const int64_t k = complete ? rows : std::min(rows, cols);
  const Eigen::HouseholderQR<MatrixXd> qr(load(x, rows, cols));
  MatrixXd basis = MatrixXd::Identity(rows, k);
  basis.applyOnTheLeft(qr.householderQ());
  store<T>(basis, q);
  store<T>(MatrixXd(qr.matrixQR().topRows(k).triangularView<Eigen::Upper>()), r);
}

template <class T>
bool eigh(const T* x, T* values, T* vectors, int64_t n) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(load_symmetric(x, n));
  if (solver.info() != Eigen::Success) return false;
  store<T>(solver.eigenvalues(), values);
  store<T>(solver.eigenvectors(), vectors);
  return true;
}

template <class T>
bool svd(const T* x, T* u, T* s, T* vh, int64_t rows, int64_t cols, bool full) {
  const MatrixXd matrix = load(x, rows, cols);
  if (!matrix.allFinite()) return false;
  unsigned int options = 0;
  if (u)
    options = full ? Eigen::ComputeFullU | Eigen::ComputeFullV
                   : Eigen::ComputeThinU | Eigen::ComputeThinV;
  const Eigen::BDCSVD<MatrixXd> svd(matrix, options);
  if (svd.info() != Eigen::Success) return false;
  store<T>(svd.singularValues(), s);
  if (u) {
    store<T>(svd.matrixU(), u);
    store<T>(svd.matrixV().transpose(), vh);
  }
  return true;
}

#define NACRE_INSTANTIATE(T)                                                      \
  template bool cholesky(const T*, T*, int64_t, bool);                            \
  template T determinant(const T*, int64_t);                                      \
  template bool solve(const T*, const T*, T*, int64_t, int64_t);                  \
  template bool invert(const T*, T*, int64_t);                                    \
  template bool solve_triangular(const T*, const T*, T*, int64_t, int64_t, bool); \
  template void lu_factor(const T*, T*, int32_t*, int64_t, int64_t);              \
  template void qr(const T*, T*, T*, int64_t, int64_t, bool);                     \
  template bool eigh(const T*, T*, T*, int64_t);                                  \
  template bool svd(const T*, T*, T*, T*, int64_t, int64_t, bool);
NACRE_INSTANTIATE(float)
NACRE_INSTANTIATE(double)
#undef NACRE_INSTANTIATE

}  // namespace nacre::linalg
