// The bias pass: products and the sums of their right operands' columns as one node.
#include <doctest/doctest.h>

#include "graph/passes/passes.h"
#include "graph_test.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/optimizer.h"
#include "nacre/ops/reductions.h"

namespace {

using namespace nacre;
using namespace nacre::testing;

Graph paired(const Tensors& in, const GraphFunction& f) {
  return sum_beside_products(fold_epilogues(record(in, f)));
}

int pairs(const Tensors& in, const GraphFunction& f) {
  const Graph graph = paired(in, f);
  CHECK(count(graph, "matmul_and_sums") + count(graph, "sum") > 0);
  const Tensors expected = f(in), received = Plan(graph).run(in);
  REQUIRE(received.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(same_bits(received[i], expected[i]));
  return count(graph, "matmul_and_sums");
}

Tensor product(const Tensor& x, const Tensor& g) {
  return ops::matmul(x, g, true, false);
}

// x, and the gradient, made in the step.
Tensors operands(int64_t rows, int64_t features, int64_t units) {
  return {ramp({rows, features}), ramp({rows, units}, -0.7f)};
}

}  // namespace

TEST_CASE("bias: a product takes the sum of its right operand's rows along") {
  for (const int64_t rows : {1, 63, 64, 65, 300}) {
    const Tensors in = operands(rows, 70, 33);
    for (const bool keep : {false, true}) {
      for (const bool after : {false, true}) {
        const auto f = [&](auto t) {
          const Tensor g = ops::exp(t[1]);
          if (after) {
            const Tensor y = product(t[0], g);
            return Tensors{y, ops::sum(g, IntList{0}, keep)};
          }
          const Tensor sum = ops::sum(g, IntList{-2}, keep);
          return Tensors{product(t[0], g), sum};
        };
        CHECK(pairs(in, f) == 1);
        CHECK(count(paired(in, f), "sum") == 0);
      }
    }
  }
}

TEST_CASE("bias: the gradient may be reshaped on its way to either") {
  const Tensors in{ramp({6, 20, 64}), ramp({6, 20, 4, 8})};
  const auto f = [](auto t) {
    const Tensor g = ops::exp(t[1]);
    const Tensor sum =
        ops::reshape(ops::sum(ops::reshape(g, {6, 20, 32}), IntList{0, 1}, true), Shape{4, 8});
    const Tensor y = product(ops::reshape(t[0], {120, 64}), ops::reshape(g, {120, 32}));
    return Tensors{ops::sqrt(ops::exp(sum)), y};
  };
  CHECK(pairs(in, f) == 1);
  const auto heads = [](auto t) {  // of all axes that are not the bias's
    const Tensor g = ops::exp(t[1]);
    const Tensor y = product(ops::reshape(t[0], {120, 64}), ops::reshape(g, {120, 32}));
    return Tensors{y, ops::sum(g, IntList{1, 0})};
  };
  CHECK(pairs(in, heads) == 1);
  const auto others = [](auto t) {  // the same data in other columns
    const Tensor g = ops::exp(t[1]);
    const Tensor y = product(ops::reshape(t[0], {120, 64}), ops::reshape(g, {120, 32}));
    return Tensors{y, ops::sum(g, IntList{0}), ops::sum(g, IntList{0, 1, 2}), ops::sum(g)};
  };
  CHECK(pairs(in, others) == 0);
}

TEST_CASE("bias: every product has its own sum") {
  const Tensors in{ramp({40, 80}), ramp({40, 24}), ramp({40, 65})};
  const auto f = [](auto t) {
    const Tensor g = ops::exp(t[1]), h = ops::exp(t[2]);
    const Tensor a = ops::sum(g, IntList{0}), b = ops::sum(h, IntList{0}, true);
    return Tensors{
        product(t[0], g), product(t[0], h), product(t[2], g), a, b, ops::sum(g, IntList{0}, true)};
  };
  const Graph graph = paired(in, f);
  CHECK(count(graph, "matmul_and_sums") == 3);  // g is summed twice, and multiplied twice
  CHECK(pairs(in, f) == 3);
}

TEST_CASE("bias: what is added to the product stays in it") {
  const Tensors in{ramp({50, 64}), ramp({50, 20}), ramp({64, 20})};
  const auto f = [](auto t) {
    const Tensor g = ops::exp(t[1]);
    return Tensors{ops::relu(product(t[0], g) + t[2]), ops::sum(g, IntList{0})};
  };
  CHECK(pairs(in, f) == 1);
  CHECK(count(paired(in, f), "add") == 0);
}

TEST_CASE("bias: what reads the sum moves behind the product with it, if it is small") {
  const Tensors in = operands(40, 64, 20);
  const auto small = [](auto t) {
    const Tensor g = ops::exp(t[1]), h = ops::tanh(t[1]);
    const Tensor a = ops::sum(g, IntList{0}), b = ops::sum(h, IntList{0}, true);
    const Tensor both = ops::reshape(a, Shape{4, 5}) * ops::reshape(b, Shape{4, 5});
    const Tensor read = ops::exp(both);
    return Tensors{product(t[0], g), product(t[0], h), read, a + ops::reshape(b, Shape{20})};
  };
  CHECK(pairs(in, small) == 2);
  CHECK(count(paired(in, small), "sum") == 0);
  const auto large = [](auto t) {
    const Tensor g = ops::exp(t[1]);
    const Tensor read = ops::expand_dims(t[0], -1) * ops::reshape(ops::sum(g, IntList{0}), {1, 20});
    return Tensors{product(t[0], g), read};
  };
  CHECK(pairs(in, large) == 0);
}

TEST_CASE("bias: a product that depends on the sum does not take it") {
  const Tensors in = operands(10, 64, 20);
  const auto through = [](auto t) {
    const Tensor g = ops::exp(t[1]);
    const Tensor sum = ops::sum(g, IntList{0}, true);
    return Tensors{product(t[0] * ops::sum(sum), g), sum};
  };
  CHECK(pairs(in, through) == 0);
  const auto added = [](auto t) {
    const Tensor g = ops::exp(t[1]);
    const Tensor sum = ops::sum(g, IntList{0});
    return Tensors{product(t[0], g) + sum};
  };
  CHECK(pairs(in, added) == 0);
  const auto other = [](auto t) {  // a pair that reads another's sum stays before what reads it
    const Tensor g = ops::exp(t[1]), h = ops::tanh(t[1]);
    const Tensor sum = ops::sum(g, IntList{0});
    const Tensor a = product(t[0], h) + sum, b = ops::sum(h, IntList{0}, true);
    return Tensors{a, b, product(t[0], g), sum};
  };
  CHECK(pairs(in, other) == 1);
}

TEST_CASE("bias: what does not suit stays") {
  const auto apart = [](auto t) {
    const Tensor g = ops::exp(t[1]);
    return Tensors{product(t[0], g), ops::sum(g, IntList{0})};
  };
  CHECK(pairs(operands(40, 63, 20), apart) == 0);  // few rows read it where it lies
  CHECK(pairs(operands(40, 64, 1), apart) == 0);   // a vector
  CHECK(pairs(operands(40, 64, 2), apart) == 1);
  const auto doubles = [](auto t) {
    const Tensor g = ops::cast(ops::exp(t[1]), DType::kFloat64);
    return Tensors{product(ops::cast(t[0], DType::kFloat64), g), ops::sum(g, IntList{0})};
  };
  CHECK(pairs(operands(40, 64, 20), doubles) == 0);
  const auto transposed = [](auto t) {
    const Tensor g = ops::exp(t[1]);
    return Tensors{ops::matmul(t[0], g, true, true), ops::sum(g, IntList{0})};
  };
  CHECK(pairs({ramp({40, 64}), ramp({20, 40})}, transposed) == 0);
  const auto weights = [](auto t) {  // may be kept packed
    return Tensors{ops::matmul(t[0], t[1]), ops::sum(t[1], IntList{0})};
  };
  CHECK(pairs({ramp({64, 40}), ramp({40, 20})}, weights) == 0);
}

TEST_CASE("bias: the composite gives what the op gives, the same for any number of threads") {
  const Tensors in{ramp({3000, 128}), ramp({3000, 70}), Tensor(), ramp({128, 70}), Tensor()};
  const OpDef& op = find_op("matmul_and_sums");
  const auto attrs = op.make_attrs();
  attrs->set(0, true);
  const Tensors expected = op.composite(in, attrs.get());
  const int before = num_threads();
  Tensors first;
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    const Tensors received = apply(op, in, attrs);
    REQUIRE(received.size() == 2);
    CHECK(same_bits(received[0], expected[0]));
    // Above 65536 elements `sum` adds in parts of its own: 17 roundings here, up to 33 there.
    for (int64_t j = 0; j < 70; ++j) {
      double size = 0;
      for (int64_t r = 0; r < 3000; ++r) size += std::abs(in[1].data<float>()[r * 70 + j]);
      CHECK(std::abs(received[1].data<float>()[j] - expected[1].data<float>()[j]) <=
            50 * 0x1p-24 * size);
    }
    if (first.empty()) first = received;
    CHECK(same_bits(received[1], first[1]));
  }
  set_num_threads(before);
  CHECK_THROWS_WITH_AS(apply(op, {ramp({2, 3, 4}), ramp({2, 3, 4})}, op.make_attrs()),
                       doctest::Contains("expected matrices"), Error);
}
