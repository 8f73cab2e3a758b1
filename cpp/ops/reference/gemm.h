// Matrix products for every dtype: Eigen for the floats, plain loops for the integers (which wrap).
#pragma once

#include <cstdint>
#include <type_traits>

namespace nacre::reference {

// c (m x n) = op(a) (m x k) op(b) (k x n), dense row-major, for each of `batch` products whose
// operands are `stride_*` elements apart.
template <class T>
struct Product {
  const T* a;
  const T* b;
  T* c;
  int64_t m, n, k;
  bool trans_a, trans_b;
  int64_t batch;
  int64_t stride_a, stride_b, stride_c;
};

void gemm_floating(const Product<float>& g);
void gemm_floating(const Product<double>& g);

template <class T>
void gemm(const Product<T>& g) {
  if constexpr (std::is_floating_point_v<T>) {
    gemm_floating(g);
  } else {
    using A = std::conditional_t<
        std::is_same_v<T, bool>, bool,
        std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool>, int, T>>>;
    const int64_t row_a = g.trans_a ? 1 : g.k;
    const int64_t col_a = g.trans_a ? g.m : 1;
    const int64_t row_b = g.trans_b ? 1 : g.n;
    const int64_t col_b = g.trans_b ? g.k : 1;
    for (int64_t i = 0; i < g.batch * g.m; ++i) {
      const T* a = g.a + i / g.m * g.stride_a + i % g.m * row_a;
      const T* b = g.b + i / g.m * g.stride_b;
      T* c = g.c + i / g.m * g.stride_c + i % g.m * g.n;
      for (int64_t j = 0; j < g.n; ++j) {
        A total{};
        for (int64_t p = 0; p < g.k; ++p) {
          const A x = static_cast<A>(a[p * col_a]);
          const A y = static_cast<A>(b[p * row_b + j * col_b]);
          if constexpr (std::is_same_v<A, bool>) {
            total = total || (x && y);
          } else {
            total = static_cast<A>(total + static_cast<uint64_t>(x) * y);
          }
        }
        c[j] = static_cast<T>(total);
      }
    }
  }
}

}  // namespace nacre::reference
