// The pointwise pass: what joins a program, what ends it, and that programs give the ops' own bits.
#include <doctest/doctest.h>
#include <cmath>

#include "graph/passes/passes.h"
#include "graph_test.h"
#include "nacre/base/parallel.h"
#include "nacre/graph/tape.h"
#include "nacre/graph/variable.h"
#include "nacre/ops/random.h"
#include "nacre/ops/reductions.h"
#include "ops/pointwise.h"

namespace {

using namespace nacre;
using namespace nacre::testing;

// The graph with programs, checked to give the bits of f itself.
Graph fused(const Tensors& arguments, const GraphFunction& f) {
  const Tensors expected = f(arguments);
  const Graph graph = fuse_pointwise(record(arguments, f));
  const Tensors received = Plan(graph).run(arguments);
  REQUIRE(received.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(same_bits(received[i], expected[i]));
  return graph;
}

std::string texts(const Graph& graph) {
  std::string out;
  for (const GraphNode& node : graph.nodes) {
    if (!out.empty()) out += "; ";
    out += node.op == &pointwise_op() ? static_cast<const PointwiseAttrs&>(*node.attrs).text()
                                      : node.op->name;
  }
  return out;
}

}  // namespace

TEST_CASE("pointwise: a chain is one program") {
  const Graph graph = fused(
      {ramp({37, 41})}, [](auto in) { return Tensors{ops::tanh(ops::exp(in[0]) * 0.25 + 1.0)}; });
  // The weak scalars are cast first.
  CHECK(count(graph, "pointwise") == 1);
  CHECK(texts(graph).ends_with("exp, multiply, add, tanh"));
}

TEST_CASE("pointwise: dropout counts elements wherever the tiles begin") {
  const Tensor seed = Tensor::from<uint32_t>({7, 9}, {2});
  for (const Shape& shape : {Shape{37, 41}, Shape{2}, Shape{3, 5, 700}, Shape{100, 1500}}) {
    const Graph graph = fused({ramp(shape), ramp(shape), seed}, [](auto in) {
      const Tensor h = random::dropout(ops::tanh(in[0]), 0.3, in[2]);
      return Tensors{h + in[1]};
    });
    CHECK(texts(graph) == "tanh, keep, dropout, add");
  }
  // The mask and its gradient, beside other users of the values, and a row's sums.
  const Graph graph = fused({ramp({64, 48}), seed}, [](auto in) {
    const Tensor h = random::dropout(in[0] * in[0], 0.9, in[1]);
    return Tensors{h - ops::mean(h, IntList{-1}, true), h};
  });
  CHECK(texts(graph) == "multiply, keep, dropout, mean, subtract");
  const Graph gradient = fused({ramp({50, 70}), seed}, [](auto in) {
    Tape tape;
    tape.watch(in[0]);
    Tensor y;
    {
      const RecorderScope scope(tape);
      y = ops::sum(ops::exp(random::dropout(ops::tanh(in[0]), 0.5, in[1])));
    }
    return tape.gradient({y}, {in[0]});
  });
  CHECK(count(gradient, "dropout_forward") == 0);
  CHECK(count(gradient, "dropout_grad") == 0);
}

TEST_CASE("pointwise: one op alone stays what it is") {
  CHECK(texts(fused({ramp({9})}, [](auto in) { return Tensors{ops::exp(in[0])}; })) == "exp");
}

TEST_CASE("pointwise: every pattern of broadcasting, for short and long rows") {
  for (const int64_t cols : {1, 3, 17, 128, 700, 1024, 1500}) {
    const Tensors arguments{ramp({5, 4, cols}), ramp({cols}), ramp({5, 1, 1}),
                            ramp({}),           ramp({4, 1}), ramp({5, 1, cols})};
    const Graph graph = fused(arguments, [](auto in) {
      Tensor y = in[0] + in[1];
      y = y * in[2];
      y = y - in[3];
      y = y / in[4];
      y = ops::maximum(in[5], y);
      return Tensors{ops::exp(ops::abs(y) * -1.0)};
    });
    CHECK(count(graph, "pointwise") == 1);
  }
}

TEST_CASE("pointwise: comparisons, selection, logic and casts") {
  const Tensor x = Tensor::from<float>({NAN, -0.0f, 0.0f, 1.5f, -3.0f, INFINITY, 0.25f}, {7});
  const Graph graph = fused({x, ramp({7})}, [](auto in) {
    const Tensor low = ops::less(in[0], in[1]), nan = ops::isnan(in[0]);
    const Tensor both = ops::logical_or(ops::logical_and(low, ops::greater(in[1], ops::zeros({}))),
                                        ops::logical_xor(nan, low));
    const Tensor y = ops::where(both, in[0], in[1] * in[1]);
    return Tensors{ops::clip(y, -1, 1),
                   both,
                   ops::cast(low, DType::kFloat32) + y,
                   ops::cast(y, DType::kBool),
                   ops::not_equal(low, nan),
                   ops::equal(nan, low)};
  });
  CHECK(count(graph, "pointwise") == 1);
}

TEST_CASE("pointwise: bytes become floats") {
  const Tensor image = Tensor::from<uint8_t>({0, 1, 127, 128, 254, 255}, {2, 3});
  const Graph graph =
      fused({image}, [](auto in) { return Tensors{ops::cast(in[0], DType::kFloat32) / 255.0}; });
  CHECK(count(graph, "pointwise") == 1);
}

TEST_CASE("pointwise: other dtypes stay") {
  const Graph graph = fused({ops::cast(ramp({9}), DType::kFloat64)},
                            [](auto in) { return Tensors{ops::exp(ops::tanh(in[0]))}; });
  CHECK(texts(graph) == "tanh; exp");
}

TEST_CASE("pointwise: what reads the same data is one program") {
  const Graph graph = fused({ramp({70}), ramp({70}, 0.4f), ramp({})}, [](auto in) {
    return Tensors{in[0] * in[2], ops::exp(in[0]), ops::sin(in[1]) * in[2]};
  });
  CHECK(texts(graph) == "multiply, exp; sin, multiply");
}

TEST_CASE("pointwise: a value that another op reads is a result, and ends the group") {
  const Graph graph = fused({ramp({6, 6})}, [](auto in) {
    const Tensor a = ops::exp(ops::tanh(in[0]));
    const Tensor product = ops::matmul(a, a);
    return Tensors{ops::square(a + 1.0), product};
  });
  CHECK(texts(graph).find("tanh, exp") != std::string::npos);
  CHECK(texts(graph).ends_with("matmul; add, square"));
}

TEST_CASE("pointwise: a diamond and several results") {
  const Graph graph = fused({ramp({100, 33}), ramp({100, 33}, 0.5f)}, [](auto in) {
    const Tensor a = in[0] * in[1], b = ops::exp(a), c = ops::sin(a);
    return Tensors{b + c, b * c, a};
  });
  CHECK(texts(graph) == "multiply, exp, sin, add, multiply");
  CHECK(graph.nodes[0].outputs.size() == 3);
}

TEST_CASE("pointwise: row reductions end a program") {
  for (const int64_t cols : {2, 5, 64, 1000, 3000}) {
    const Graph graph = fused({ramp({40, cols}), ramp({40, cols}, 0.3f)}, [](auto in) {
      const Tensor d = ops::square(in[0] - in[1]);
      return Tensors{ops::mean(d, IntList{-1}), ops::sum(d, IntList{1}, true),
                     ops::max(d, IntList{1}), ops::min(d, IntList{-1}), d};
    });
    CHECK(texts(graph) == "subtract, square, mean, sum, max, min");
  }
}

TEST_CASE("pointwise: what is reduced is read again in the same program") {
  for (const int64_t cols : {2, 7, 100, 1024, 2500}) {
    // Layer normalization in parts, with everything that can be read of rows.
    const Tensors arguments{ramp({35, cols}), ramp({cols}, 0.8f, 0.01f), ramp({35, 1}, 2),
                            ramp({})};
    const Graph norm = fused(arguments, [](auto in) {
      const Tensor mean = ops::mean(in[0] * 2.0, IntList{1}, true);
      const Tensor centered = in[0] - mean;
      const Tensor variance = ops::mean(ops::square(centered), IntList{1}, true);
      const Tensor scale = ops::rsqrt(variance + 1e-3) * in[2] - in[3];
      return Tensors{centered * scale * in[1] + in[2], scale, mean};
    });
    CHECK(count(norm, "pointwise") == 1);
    CHECK(norm.nodes.back().outputs.size() == 3);
    const Graph loss = fuse_pointwise(simplify(record({ramp({5, 9, cols})}, [](auto in) {
      return Tensors{ops::logsumexp(in[0], IntList{-1})};
    })));
    CHECK(texts(loss) == "max, isfinite, where, subtract, exp, sum, log, add; squeeze");
  }
}

TEST_CASE("pointwise: what is true of a row is read by its elements") {
  for (const int64_t cols : {3, 50, 1100}) {
    const Graph graph = fused({ramp({9, cols})}, [](auto in) {
      const Tensor sum = ops::sum(in[0], IntList{1}, true);
      const Tensor positive = ops::greater(sum, ops::zeros({1, 1}));
      return Tensors{ops::logical_and(ops::greater(in[0], sum), positive),
                     ops::where(positive, in[0], sum)};
    });
    CHECK(count(graph, "pointwise") == 1);
  }
}

TEST_CASE("pointwise: rows without the reduced axis meet each other, not the elements") {
  const Graph graph = fused({ramp({12, 12}), ramp({12})}, [](auto in) {
    const Tensor y = ops::exp(in[0]) * 0.5;
    const Tensor sums = ops::sum(y, IntList{1});  // (12,) broadcasts along the other axis
    return Tensors{y - sums, ops::sqrt(sums + in[1])};
  });
  CHECK(texts(graph).find("exp, multiply, sum; ") != std::string::npos);
  const Graph rows = fused({ramp({12, 12}), ramp({12})}, [](auto in) {
    return Tensors{ops::sqrt(ops::sum(ops::exp(in[0]), IntList{1}) + in[1])};
  });
  CHECK(texts(rows) == "exp, sum, add, sqrt");
}

TEST_CASE("pointwise: reductions in another order stay") {
  const auto reduced = [](const Shape& shape, const IntList& axes) {
    return texts(fused({ramp(shape)}, [&](auto in) {
      return Tensors{ops::sum(ops::exp(ops::sin(in[0])), axes)};
    }));
  };
  CHECK(reduced({8, 9}, {0}) == "sin, exp; sum");        // columns
  CHECK(reduced({40, 5000}, {1}) == "sin, exp; sum");    // rows too long for a tile
  CHECK(reduced({8, 7, 9}, {0, 2}) == "sin, exp; sum");  // two passes
  CHECK(reduced({31, 3000}, {1}) == "sin, exp; sum");    // reduced in parts
  CHECK(reduced({4, 8, 9}, {1, 2}) == "sin, exp, sum");
}

TEST_CASE("pointwise: results over inputs, in any order") {
  // Both inputs die in the program; each result is computed from both.
  const Graph graph = fused({ramp({40, 50}), ramp({40, 50}, 0.7f)}, [](auto in) {
    const Tensor a = ops::cumsum(in[0], 1), b = ops::cumsum(in[1], 1);
    const Tensor s = a + b, d = a - b;
    return Tensors{ops::cumsum(s, 0), ops::cumsum(d, 0)};
  });
  CHECK(count(graph, "pointwise") == 1);
  const MemoryPlan memory = plan_memory(graph);
  for (const GraphNode& node : graph.nodes) {
    if (node.op != &pointwise_op()) continue;
    REQUIRE(node.outputs.size() == 2);
    CHECK(memory.places[node.outputs[0]].offset == memory.places[node.inputs[0]].offset);
    CHECK(memory.places[node.outputs[1]].offset == memory.places[node.inputs[1]].offset);
  }
}

TEST_CASE("pointwise: a row's result does not take the place of what other rows read") {
  fused({ramp({48})}, [](auto in) {
    const Tensor bias = ops::cumsum(in[0]);
    const Tensor wide = ops::reshape(bias, {48, 1}) * ops::cumsum(in[0] * 2.0);
    return Tensors{ops::sum(ops::exp(wide * 0.01), IntList{1}) * 1.0};
  });
}

TEST_CASE("pointwise: variables are updated in place") {
  const auto weight = make_ref<Variable>(ramp({50, 30}), "w"),
             slot = make_ref<Variable>(ramp({50, 30}, 0.1f), "s");
  const Tensors arguments{ramp({50, 30}, 0.2f)};
  const GraphFunction step = [&](auto in) {
    const Tensor s = slot->value() * 0.9 + ops::square(in[0]) * 0.1;
    slot->assign(s);
    weight->assign(weight->value() - in[0] * 0.01 / ops::sqrt(s + 1e-7));
    return Tensors{};
  };
  const Graph graph = fuse_pointwise(simplify(record(arguments, step)));
  CHECK(graph.nodes.size() == 1);
  CHECK(plan_memory(graph).copies.empty());
  CHECK(plan_memory(graph).arena_bytes == 0);
  const Tensor w = weight->raw().clone(), s = slot->raw().clone();
  Plan(graph).run(arguments);
  const Tensor w1 = weight->raw().clone(), s1 = slot->raw().clone();
  weight->assign(w);
  slot->assign(s);
  step(arguments);
  CHECK(same_bits(weight->raw(), w1));
  CHECK(same_bits(slot->raw(), s1));
}

TEST_CASE("pointwise: the same bits for any number of threads") {
  const Tensors arguments{ramp({300, 700}), ramp({700})};
  const GraphFunction f = [](auto in) {
    const Tensor y = ops::gelu_exact(in[0] + in[1]) * 0.5;
    return Tensors{y, ops::sum(y, IntList{1})};
  };
  Plan plan(fuse_pointwise(record(arguments, f)));
  const int before = num_threads();
  const Tensors expected = f(arguments);
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    const Tensors y = plan.run(arguments);
    for (size_t i = 0; i < y.size(); ++i) CHECK(same_bits(y[i], expected[i]));
  }
  set_num_threads(before);
}

TEST_CASE("pointwise: a long chain is cut into programs that fit") {
  const Graph graph = fused({ramp({65})}, [](auto in) {
    Tensor y = in[0];
    for (int i = 0; i < 120; ++i) y = i % 2 ? ops::tanh(y) : ops::abs(y + y);
    return Tensors{y};
  });
  CHECK(count(graph, "pointwise") == 4);
}
