#include <limits>

#include "gradient_check.h"
#include "nacre/ops/linalg.h"

using namespace nacre;
using nacre::test::check_gradient;
using nacre::test::check_gradients;
using nacre::test::max_difference;
using nacre::test::random_tensor;

namespace {

Tensor transposed(const Tensor& x) {
  IntList axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return ops::transpose(x, axes);
}

Tensor identity(int64_t n) {
  Tensor t(TensorSpec{DType::kFloat64, {n, n}});
  for (int64_t i = 0; i < n * n; ++i) t.mutable_data<double>()[i] = i / n == i % n;
  return t;
}

Tensor positive_definite(const Tensor& x) {
  return ops::matmul(x, x, false, true) + identity(x.shape().back());
}

}  // namespace

TEST_CASE("decompositions give their matrix back") {
  for (const Shape& shape : {Shape{4, 4}, Shape{2, 5, 3}, Shape{3, 5}, Shape{70, 40}}) {
    const Tensor x = random_tensor(shape, 1);
    const ops::Qr qr = ops::qr(x);
    CHECK(max_difference(ops::matmul(qr.q, qr.r), x) < 1e-12);
    CHECK(max_difference(ops::matmul(ops::qr(x, "complete").q, ops::qr(x, "complete").r), x) <
          1e-12);
    const ops::Svd s = ops::svd(x, false);
    CHECK(max_difference(ops::matmul(s.u * ops::expand_dims(s.s, -2), s.vh), x) < 1e-12);
  }
  const Tensor a = positive_definite(random_tensor({2, 4, 4}, 2));
  const Tensor l = ops::cholesky(a);
  CHECK(max_difference(ops::matmul(l, l, false, true), a) < 1e-12);
  CHECK(max_difference(ops::cholesky(a, true), transposed(l)) < 1e-12);
  const ops::Eigh e = ops::eigh(a);
  CHECK(max_difference(ops::matmul(a, e.vectors), e.vectors * ops::expand_dims(e.values, -2)) <
        1e-12);
  CHECK(max_difference(ops::matmul(a, ops::inv(a)), ops::broadcast_to(identity(4), {2, 4, 4})) <
        1e-12);
  CHECK(ops::det(Tensor::from<float>({1, 2, 3, 4}, {2, 2})).item() == doctest::Approx(-2));
  const Tensor b = random_tensor({4}, 3);
  const Tensor first = ops::reshape(ops::slice_axis(a, 0, 0, 1), {4, 4});
  CHECK(max_difference(ops::matmul(first, ops::solve(first, b)), b) < 1e-12);
  CHECK(max_difference(ops::lstsq(first, b), ops::solve(first, b)) < 1e-10);
}

TEST_CASE("linear algebra gradients") {
  const Tensor x = random_tensor({3, 3}, 1);
  check_gradients([](const Tensors& t) { return ops::cholesky(positive_definite(t[0])); }, {x},
                  1e-5);
  check_gradients([](const Tensors& t) { return ops::cholesky(positive_definite(t[0]), true); },
                  {x}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::inv(positive_definite(t[0])); }, {x}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::det(t[0]); }, {x}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::solve(positive_definite(t[0]), t[1]); },
                  {x, random_tensor({3, 2}, 2)}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::solve_triangular(t[0], t[1], true); },
                  {x + identity(3) * 2.0, random_tensor({3}, 2)}, 1e-5);
  check_gradients([](const Tensors& t) { return ops::qr(t[0]).q; }, {random_tensor({4, 3}, 3)},
                  1e-4);
  check_gradients([](const Tensors& t) { return ops::qr(t[0]).r; }, {random_tensor({4, 3}, 3)},
                  1e-4);
  check_gradients([](const Tensors& t) { return ops::eigh(positive_definite(t[0])).values; }, {x},
                  1e-4);
  check_gradient(
      [](const Tensors& t) { return ops::square(ops::eigh(positive_definite(t[0])).vectors); }, {x},
      1e-5);
  check_gradient([](const Tensors& t) { return ops::svd(t[0], false).s; },
                 {random_tensor({4, 3}, 5)}, 1e-5);
}

TEST_CASE("norms") {
  const Tensor x = Tensor::from<double>({3, -4, 0, 12}, {2, 2});
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(ops::norm(x).item() == doctest::Approx(13));
  CHECK(ops::norm(x, std::string("fro"), IntList{0, 1}).item() == doctest::Approx(13));
  CHECK(ops::norm(x, int64_t{1}, IntList{0, 1}).item() == doctest::Approx(16));
  CHECK(ops::norm(x, inf, IntList{0, 1}).item() == doctest::Approx(12));
  CHECK(ops::norm(x, -inf, IntList{0, 1}).item() == doctest::Approx(7));
  CHECK(ops::norm(x, int64_t{1}, IntList{1}).data<double>()[0] == doctest::Approx(7));
  CHECK(ops::norm(x, int64_t{0}, IntList{1}).data<double>()[1] == doctest::Approx(1));
  CHECK(ops::norm(x, std::string("nuc"), IntList{0, 1}, true).shape() == Shape{1, 1});
  CHECK(ops::norm(x, int64_t{3}, IntList{0}).data<double>()[0] == doctest::Approx(3));
  check_gradients([](const Tensors& t) { return ops::norm(t[0], int64_t{3}, IntList{-1}); },
                  {random_tensor({2, 3}, 1)}, 1e-4);
  const Tensor g = grad([](const Tensors& t) { return ops::norm(t[0]); }, {ops::zeros({3})})[0];
  CHECK(g.data<float>()[0] == 0);
  CHECK_THROWS_AS(ops::norm(x, std::string("frob"), IntList{0, 1}), Error);
  CHECK_THROWS_AS(ops::norm(x, int64_t{3}, IntList{0, 1}), Error);
}

TEST_CASE("linear algebra refuses what cannot be") {
  CHECK_THROWS_WITH_AS(ops::cholesky(-identity(2)), doctest::Contains("positive definite"), Error);
  CHECK_THROWS_WITH_AS(ops::inv(ops::zeros({2, 2})), doctest::Contains("singular"), Error);
  CHECK_THROWS_AS(ops::inv(ops::zeros({2, 3})), Error);
  CHECK_THROWS_AS(ops::solve(identity(2), ops::ones({3})), Error);
  CHECK_THROWS_AS(ops::qr(identity(2), "full"), Error);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor bad = Tensor::from<double>({nan, 1, 1, 1}, {2, 2});
  CHECK_THROWS_AS(ops::cholesky(bad), Error);
  CHECK_THROWS_AS(ops::svd(bad), Error);
  CHECK_THROWS_AS(ops::eigh(bad), Error);
}
