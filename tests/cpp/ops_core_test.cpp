// Ops that move, reduce and multiply: the cases that loops get wrong.
#include <doctest/doctest.h>
#include <cmath>

#include "nacre/ops/ops.h"

namespace {

using namespace nacre;

Tensor iota(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.size()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::from(values, shape);
}

template <class T = float>
std::vector<T> values_of(const Tensor& t) {
  return {t.data<T>(), t.data<T>() + t.size()};
}

}  // namespace

TEST_CASE("transpose matches the index formula") {
  const Tensor x = iota({3, 37, 41});
  const Tensor y = ops::transpose(x, {2, 0, 1});
  REQUIRE(y.shape() == Shape({41, 3, 37}));
  for (int64_t a = 0; a < 41; ++a) {
    for (int64_t b = 0; b < 3; ++b) {
      for (int64_t c = 0; c < 37; ++c) {
        REQUIRE(y.data<float>()[(a * 3 + b) * 37 + c] == x.data<float>()[(b * 37 + c) * 41 + a]);
      }
    }
  }
}

TEST_CASE("reductions over separate axes and large ones") {
  const Tensor x = iota({2, 3, 4, 5});
  const Tensor s = ops::sum(x, IntList{0, 2});
  REQUIRE(s.shape() == Shape({3, 5}));
  for (int64_t b = 0; b < 3; ++b) {
    for (int64_t d = 0; d < 5; ++d) {
      float expected = 0;
      for (int64_t a = 0; a < 2; ++a) {
        for (int64_t c = 0; c < 4; ++c) expected += x.data<float>()[((a * 3 + b) * 4 + c) * 5 + d];
      }
      CHECK(s.data<float>()[b * 5 + d] == expected);
    }
  }
  CHECK(ops::sum(ops::ones({1000, 1000})).item() == 1e6);
  CHECK(ops::mean(ops::full({300, 7, 300}, 3), IntList{0, 2}).data<float>()[6] == 3);
  CHECK(ops::sum(Tensor::from<int8_t>({100, 100}, {2})).item() == 200);
  CHECK(ops::max(x).item() == 119);
  CHECK(ops::argmax(x, 1).data<int32_t>()[0] == 2);
  CHECK(ops::var(iota({4})).item() == 1.25);
  CHECK(std::isinf(ops::logsumexp(ops::full({3}, -INFINITY)).item()));
  CHECK_FALSE(ops::any(ops::zeros({0})).item());
  CHECK(ops::all(ops::zeros({0})).item());
}

TEST_CASE("matmul: ranks, transposes, broadcasting batches") {
  const Tensor a = iota({2, 3});
  const Tensor b = iota({3, 2});
  CHECK(values_of(ops::matmul(a, b)) == std::vector<float>{10, 13, 28, 40});
  CHECK(values_of(ops::matmul(b, a, true, true)) == std::vector<float>{10, 28, 13, 40});
  CHECK(ops::matmul(iota({3}), iota({3})).item() == 5);
  const Tensor y = ops::matmul(iota({4, 1, 2, 3}), iota({5, 3, 2}));
  REQUIRE(y.shape() == Shape({4, 5, 2, 2}));
  CHECK(y.data<float>()[0] == 10);
  CHECK(
      values_of(ops::matmul(ops::cast(a, DType::kFloat64), ops::cast(b, DType::kFloat64))).size() ==
      4);
  CHECK(ops::matmul(ops::cast(a, DType::kInt32), ops::cast(b, DType::kInt32)).data<int32_t>()[3] ==
        40);
  CHECK_THROWS_WITH(ops::matmul(a, a),
                    "matmul: expected 3 rows in x2, received 2 (x1: (2, 3), x2: (2, 3))");
}

TEST_CASE("joins, slices and scalars") {
  const Tensor x = iota({2, 3});
  CHECK(values_of(ops::concatenate({x, x}, 1)) ==
        std::vector<float>{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
  CHECK(values_of(ops::stack({x, x}, -1)) ==
        std::vector<float>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5});
  CHECK(values_of(ops::slice_axis(x, 1, 1, 2)) == std::vector<float>{1, 2, 4, 5});
  CHECK(ops::slice_axis(x, 0, 1, 1).storage() == x.storage());
  const Tensor d = Tensor::scalar(1.0) * 0.1;
  CHECK(d.dtype() == DType::kFloat64);
  CHECK(d.item() == 0.1);
  CHECK((x * 0.5).dtype() == DType::kFloat32);
  CHECK((ops::cast(x, DType::kInt32) * 0.5).dtype() == DType::kFloat32);
  CHECK(values_of(ops::where(ops::greater(x, ops::scalar(2)), x, ops::scalar(0))) ==
        std::vector<float>{0, 0, 0, 3, 4, 5});
  CHECK(ops::cast(Tensor::scalar(300.0F), DType::kUInt8).item() == 255);
  CHECK(ops::reshape(x, {-1, 2}).shape() == Shape({3, 2}));
  CHECK(ops::reshape(Tensor::placeholder({DType::kFloat32, {kUnknownDim, 4}}), {-1, 2}).shape() ==
        Shape({kUnknownDim, 2}));
}
