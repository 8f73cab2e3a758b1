#include "ops/linalg_kernels.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>

namespace nacre::linalg {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
Eigen::Map<const Matrix<T>> view(const T* data, int64_t rows, int64_t cols) {
  return {data, rows, cols};
}
template <class T>
Eigen::Map<Matrix<T>> view(T* data, int64_t rows, int64_t cols) {
  return {data, rows, cols};
}
// Both triangles count, so that the gradient is symmetric; a symmetric matrix keeps its bits.
template <class T>
Matrix<T> symmetric(const T* x, int64_t n) {
  return (view(x, n, n) + view(x, n, n).transpose()) * T(0.5);
}

}  // namespace

template <class T>
bool cholesky(const T* x, T* out, int64_t n, bool upper) {
  const Eigen::LLT<Matrix<T>> llt(symmetric(x, n));
  // A NaN passes the pivot test of LLT.
  if (llt.info() != Eigen::Success || !llt.matrixLLT().diagonal().allFinite()) return false;
  if (upper) {
    view(out, n, n) = Matrix<T>(llt.matrixU());
  } else {
    view(out, n, n) = Matrix<T>(llt.matrixL());
  }
  return true;
}

template <class T>
T determinant(const T* x, int64_t n) {
  return n == 0 ? T(1) : view(x, n, n).determinant();
}

template <class T>
bool solve(const T* a, const T* b, T* out, int64_t n, int64_t cols) {
  const Eigen::PartialPivLU<Matrix<T>> lu(view(a, n, n));
  if ((lu.matrixLU().diagonal().array() == T(0)).any()) return false;
  view(out, n, cols) = lu.solve(view(b, n, cols));
  return true;
}

template <class T>
bool invert(const T* a, T* out, int64_t n) {
  const Eigen::PartialPivLU<Matrix<T>> lu(view(a, n, n));
  if ((lu.matrixLU().diagonal().array() == T(0)).any()) return false;
  view(out, n, n) = lu.inverse();
  return true;
}

template <class T>
bool solve_triangular(const T* a, const T* b, T* out, int64_t n, int64_t cols, bool lower) {
  const auto matrix = view(a, n, n);
  if ((matrix.diagonal().array() == T(0)).any()) return false;
  if (lower) {
    view(out, n, cols) = matrix.template triangularView<Eigen::Lower>().solve(view(b, n, cols));
  } else {
    view(out, n, cols) = matrix.template triangularView<Eigen::Upper>().solve(view(b, n, cols));
  }
  return true;
}

template <class T>
void lu_factor(const T* x, T* lu, int32_t* pivots, int64_t rows, int64_t cols) {
  auto m = view(lu, rows, cols);
  m = view(x, rows, cols);
  for (int64_t k = 0; k < std::min(rows, cols); ++k) {
    Eigen::Index pivot = 0;
    m.col(k).tail(rows - k).cwiseAbs().maxCoeff(&pivot);
    pivot += k;
    pivots[k] = static_cast<int32_t>(pivot);
    if (pivot != k) m.row(k).swap(m.row(pivot));
    if (m(k, k) == T(0)) continue;
    for (int64_t i = k + 1; i < rows; ++i) {
      m(i, k) /= m(k, k);
      m.row(i).tail(cols - k - 1) -= m(i, k) * m.row(k).tail(cols - k - 1);
    }
  }
}

template <class T>
void qr(const T* x, T* q, T* r, int64_t rows, int64_t cols, bool complete) {
  const int64_t k = complete ? rows : std::min(rows, cols);
  const Eigen::HouseholderQR<Matrix<T>> qr(view(x, rows, cols));
  view(q, rows, k) = qr.householderQ() * Matrix<T>::Identity(rows, k);
  view(r, k, cols) = qr.matrixQR().topRows(k).template triangularView<Eigen::Upper>();
}

template <class T>
bool eigh(const T* x, T* values, T* vectors, int64_t n) {
  const Eigen::SelfAdjointEigenSolver<Matrix<T>> solver(symmetric(x, n));
  if (solver.info() != Eigen::Success) return false;
  Eigen::Map<Eigen::Vector<T, Eigen::Dynamic>>(values, n) = solver.eigenvalues();
  view(vectors, n, n) = solver.eigenvectors();
  return true;
}

template <class T>
bool svd(const T* x, T* u, T* s, T* vh, int64_t rows, int64_t cols, bool full) {
  const int64_t k = std::min(rows, cols);
  const auto matrix = view(x, rows, cols);
  if (!matrix.allFinite()) return false;
  unsigned int options = 0;
  if (u)
    options = full ? Eigen::ComputeFullU | Eigen::ComputeFullV
                   : Eigen::ComputeThinU | Eigen::ComputeThinV;
  const auto store = [&](const auto& svd) {
    if (svd.info() != Eigen::Success) return false;
    Eigen::Map<Eigen::Vector<T, Eigen::Dynamic>>(s, k) = svd.singularValues();
    if (u) {
      view(u, rows, full ? rows : k) = svd.matrixU();
      view(vh, full ? cols : k, cols) = svd.matrixV().transpose();
    }
    return true;
  };
  using ColumnMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  const ColumnMajor copy = matrix;
  return store(Eigen::BDCSVD<ColumnMajor>(copy, options));
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
