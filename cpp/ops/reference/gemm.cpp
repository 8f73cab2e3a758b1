#include "ops/reference/gemm.h"

#include <Eigen/Core>
#include <algorithm>

#include "nacre/base/parallel.h"

namespace nacre::reference {
namespace {

// Row blocks of a fixed size run in parallel: the result does not depend on the thread count.
constexpr int64_t kRows = 128;

template <class T>
void gemm_eigen(const Product<T>& g) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Map = Eigen::Map<const Matrix>;
  const int64_t blocks = (g.m + kRows - 1) / kRows;
  parallel_for(g.batch * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t batch = item / blocks;
      const int64_t row = item % blocks * kRows;
      const int64_t rows = std::min(kRows, g.m - row);
      const Map a(g.a + batch * g.stride_a, g.trans_a ? g.k : g.m, g.trans_a ? g.m : g.k);
      const Map b(g.b + batch * g.stride_b, g.trans_b ? g.n : g.k, g.trans_b ? g.k : g.n);
      Eigen::Map<Matrix> c(g.c + batch * g.stride_c + row * g.n, rows, g.n);
      if (g.trans_a && g.trans_b) {
        c.noalias() = a.middleCols(row, rows).transpose() * b.transpose();
      } else if (g.trans_a) {
        c.noalias() = a.middleCols(row, rows).transpose() * b;
      } else if (g.trans_b) {
        c.noalias() = a.middleRows(row, rows) * b.transpose();
      } else {
        c.noalias() = a.middleRows(row, rows) * b;
      }
    }
  });
}

}  // namespace

void gemm_floating(const Product<float>& g) {
  gemm_eigen(g);
}
void gemm_floating(const Product<double>& g) {
  gemm_eigen(g);
}

}  // namespace nacre::reference
