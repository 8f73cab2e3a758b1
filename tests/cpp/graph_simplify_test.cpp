// The simplify pass: what goes, what must stay, and that results keep their bits.
#include <doctest/doctest.h>
#include <cmath>

#include "graph/passes/passes.h"
#include "graph_test.h"
#include "nacre/graph/variable.h"
#include "nacre/ops/random.h"
#include "nacre/ops/reductions.h"

namespace {

using namespace nacre;
using namespace nacre::testing;

// The simplified graph, checked to give the bits of f itself.
Graph simplified(const Tensors& arguments, const GraphFunction& f) {
  const Tensors expected = f(arguments);
  const Graph graph = simplify(record(arguments, f));
  const Tensors received = Plan(graph).run(arguments);
  REQUIRE(received.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(same_bits(received[i], expected[i]));
  return graph;
}

}  // namespace

TEST_CASE("simplify: equal calls are made once") {
  const Graph graph = simplified({ramp({5, 7})}, [](auto in) {
    const Tensor a = ops::exp(in[0]) + 1.0, b = ops::exp(in[0]) + 1.0;
    return Tensors{a * b, ops::sum(a, IntList{0}), ops::sum(b, IntList{1})};
  });
  CHECK(count(graph, "exp") == 1);
  CHECK(count(graph, "add") == 1);
  CHECK(count(graph, "sum") == 2);  // other attributes
}

TEST_CASE("simplify: random numbers of different seeds stay different") {
  const Tensor seed = Tensor::from<uint32_t>({3, 4}, {2}),
               other = Tensor::from<uint32_t>({3, 5}, {2});
  const Graph graph = simplified({seed, other}, [](auto in) {
    return Tensors{random::normal({40}, in[0]), random::normal({40}, in[1])};
  });
  CHECK(count(graph, "random.normal") == 2);
}

TEST_CASE("simplify: what depends on constants only is computed once") {
  const Graph graph = simplified({ramp({6})}, [](auto in) {
    const Tensor c = ops::exp(ops::full({6}, 0.5)) * ops::full({6}, 3);
    return Tensors{in[0] + ops::cumsum(c)};
  });
  CHECK(graph.nodes.size() == 1);
  // Too large to keep.
  const Graph large = simplified({ramp({1, 40000})}, [](auto in) {
    return Tensors{in[0] + ops::cumsum(ops::full({40000}, 3))};
  });
  CHECK(large.nodes.size() > 1);
}

TEST_CASE("simplify: neutral elements, with signed zeros and NaN") {
  const Tensor x = Tensor::from<float>({0.0f, -0.0f, NAN, INFINITY, -1.5f}, {5});
  const Graph gone = simplified({x}, [](auto in) {
    const Tensor a = in[0] * 1.0 / 1.0 - 0.0;
    return Tensors{-(-(1.0 * a + -0.0))};
  });
  CHECK(gone.nodes.empty());
  // -0 + 0 is 0, and 0 - x is not -x.
  const Graph kept = simplified({x}, [](auto in) { return Tensors{in[0] + 0.0, 0.0 - in[0]}; });
  CHECK(kept.nodes.size() == 2);
  // A neutral operand may still widen the result.
  const Graph wide = simplified({x}, [](auto in) { return Tensors{in[0] * ops::ones({3, 5})}; });
  CHECK(wide.nodes.size() == 1);
  const Graph integers = simplified({Tensor::from<int32_t>({1, -2}, {2})}, [](auto in) {
    const Tensor zero = Tensor::scalar<int32_t>(0);
    return Tensors{(in[0] + zero) * Tensor::scalar<int32_t>(1) - zero};
  });
  CHECK(integers.nodes.empty());
}

TEST_CASE("simplify: casts that lose nothing are left out, others stay") {
  const Graph gone = simplified({ramp({9})}, [](auto in) {
    return Tensors{ops::cast(ops::cast(in[0], DType::kFloat64), DType::kFloat32)};
  });
  CHECK(gone.nodes.empty());
  const Graph kept = simplified({ramp({9})}, [](auto in) {
    return Tensors{ops::cast(ops::cast(in[0], DType::kFloat16), DType::kFloat32),
                   ops::cast(ops::cast(in[0], DType::kInt32), DType::kFloat32)};
  });
  CHECK(count(kept, "cast") == 4);
  const Graph through = simplified({Tensor::from<int32_t>({16777217, -5}, {2})}, [](auto in) {
    return Tensors{ops::cast(ops::cast(in[0], DType::kFloat64), DType::kFloat32),
                   ops::cast(ops::cast(in[0], DType::kFloat32), DType::kFloat64)};
  });
  CHECK(count(through, "cast") == 2);  // int32 to float32 is one call
}

TEST_CASE("simplify: reshapes, transposes and broadcasts meet") {
  const Graph reshapes = simplified({ramp({4, 6})}, [](auto in) {
    const Tensor a = ops::reshape(ops::expand_dims(ops::reshape(in[0], {24}), 0), {2, 12});
    return Tensors{ops::exp(a), ops::exp(ops::reshape(a, {4, 6}))};
  });
  CHECK(count(reshapes, "reshape") == 1);
  CHECK(count(reshapes, "expand_dims") == 0);
  const Graph transposes = simplified({ramp({2, 3, 4})}, [](auto in) {
    return Tensors{ops::exp(ops::transpose(ops::transpose(in[0], {1, 2, 0}), {2, 0, 1})),
                   ops::transpose(ops::transpose(in[0], {1, 2, 0}), {1, 2, 0})};
  });
  CHECK(count(transposes, "transpose") == 1);
  const Graph broadcasts = simplified({ramp({1, 7}), ramp({5, 7})}, [](auto in) {
    const Tensor wide = ops::broadcast_to(in[0], {5, 7});
    return Tensors{wide * in[1], ops::exp(wide)};
  });
  CHECK(count(broadcasts, "broadcast_to") == 1);  // read by exp
  for (const GraphNode& node : broadcasts.nodes) {
    if (node.op->name == "multiply")
      CHECK(broadcasts.values[node.inputs[0]].kind == GraphValue::Kind::kArgument);
  }
}

TEST_CASE("simplify: products read transposed matrices as they are stored") {
  const auto matmul_of = [](const Shape& a, const Shape& b, const IntList& axes_a,
                            const IntList& axes_b) {
    const Tensors arguments{ramp(a), ramp(b)};
    const GraphFunction f = [&](auto in) {
      return Tensors{ops::matmul(ops::transpose(in[0], axes_a), ops::transpose(in[1], axes_b))};
    };
    const Tensors expected = f(arguments);
    const Graph graph = simplify(record(arguments, f));
    const Tensors received = Plan(graph).run(arguments);
    // Another order of additions: within 2 k ULP of the sum of absolute products.
    for (int64_t i = 0; i < expected[0].size(); ++i) {
      CHECK(received[0].data<float>()[i] ==
            doctest::Approx(expected[0].data<float>()[i]).epsilon(1e-5));
    }
    return graph;
  };
  CHECK(matmul_of({9, 5}, {4, 9}, {1, 0}, {1, 0}).nodes.size() == 1);
  CHECK(matmul_of({3, 9, 5}, {3, 4, 9}, {0, 2, 1}, {0, 2, 1}).nodes.size() == 1);
  // A batch axis moves: the transpose stays.
  CHECK(matmul_of({9, 3, 5}, {3, 4, 9}, {1, 2, 0}, {0, 2, 1}).nodes.size() == 2);
}

TEST_CASE("simplify: assigned variables are written in place") {
  const auto variable = make_ref<Variable>(ramp({6}), "v");
  const Tensors arguments{ramp({6}, 3)};
  const Graph graph = simplify(record(arguments, [&](auto in) {
    variable->assign(variable->value() + in[0]);
    return Tensors{};
  }));
  CHECK(count(graph, "alias") == 0);
  CHECK(plan_memory(graph).copies.empty());
  const Tensor before = variable->raw().clone();
  Plan(graph).run(arguments);
  CHECK(same_bits(variable->raw(), before + arguments[0]));
}

TEST_CASE("simplify: one value for two variables, and variables that change places") {
  const auto a = make_ref<Variable>(ramp({6}), "a"), b = make_ref<Variable>(ramp({6}, 2), "b");
  const Tensor first = a->raw().clone(), second = b->raw().clone();
  Graph graph = simplify(record({}, [&](auto) {
    const Tensor x = a->value(), y = b->value();
    a->assign(y);
    b->assign(x);
    return Tensors{};
  }));
  CHECK(graph.nodes.empty());
  CHECK(same_bits(a->raw(), first));  // nothing has run yet
  Plan(graph).run({});
  CHECK(same_bits(a->raw(), second));
  CHECK(same_bits(b->raw(), first));
  graph = simplify(record({}, [&](auto) {
    const Tensor sum = a->value() + b->value();
    a->assign(sum);
    b->assign(sum);
    return Tensors{sum};
  }));
  const Tensor expected = a->raw() + b->raw();
  CHECK(same_bits(Plan(graph).run({})[0], expected));
  CHECK(same_bits(a->raw(), expected));
  CHECK(same_bits(b->raw(), expected));
}
