// The layout pass and the values that plans keep between runs.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "graph/passes/passes.h"
#include "graph_test.h"
#include "nacre/graph/tape.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/reductions.h"

namespace {

using namespace nacre;
using namespace nacre::testing;

VariableRef variable(const Shape& shape, float first) {
  return make_ref<Variable>(ramp(shape, first, 0.011f), "kernel");
}

Tensor filled(const Shape& shape, float value) {
  return Tensor::from(std::vector<float>(static_cast<size_t>(shape.size()), value), shape);
}

int kept(const Graph& graph) {
  int n = 0;
  for (const GraphNode& node : graph.nodes) n += node.kept;
  return n;
}

// Rows enough for a product that packs its right operand, and a convolution.
constexpr int64_t kRows = 64;

struct Weights {
  VariableRef dense = variable({48, 40}, -0.7f), filter = variable({3, 3, 16, 24}, -0.3f);

  Tensors operator()(std::span<const Tensor> in) const {
    return {ops::matmul(in[0], dense->value()), ops::conv(in[1], filter->value())};
  }
};

Tensors arguments() {
  return {ramp({kRows, 48}), ramp({2, 9, 9, 16})};
}

void check_same(const Tensors& a, const Tensors& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(same_bits(a[i], b[i]));
}

}  // namespace

TEST_CASE("layout: weights are packed by nodes of their own, whose results are kept") {
  const Weights weights;
  const Tensors in = arguments();
  const Graph graph = keep_weights(record(in, weights));
  CHECK(count(graph, "pack_weights") == 2);
  CHECK(count(graph, "fused_matmul") == 1);
  CHECK(kept(graph) == 2);
}

TEST_CASE("layout: a plan's results follow the weights, whoever changes them") {
  const Weights weights;
  const Tensors in = arguments();
  Plan plan(record(in, weights));
  Plan update(record({}, [&](auto) {
    weights.filter->assign(weights.filter->value() * 0.5f);
    return Tensors{};
  }));
  for (int i = 0; i < 3; ++i) {
    check_same(plan.run(in), weights(in));
    check_same(plan.run(in), weights(in));
    weights.dense->assign(ops::exp(weights.dense->value()));
    check_same(plan.run(in), weights(in));
    update.run({});  // in place
    check_same(plan.run(in), weights(in));
    weights.filter->set_raw(ramp({3, 3, 16, 24}, 0.1f * static_cast<float>(i)));
    check_same(plan.run(in), weights(in));
  }
}

TEST_CASE("layout: plans of several batch sizes share what they keep") {
  const Weights weights;
  const auto f = [&](auto in) { return weights(in); };
  reset_peak_memory();
  std::vector<std::unique_ptr<Plan>> plans;
  size_t after_first = 0;
  for (int64_t rows = kRows; rows < kRows + 20; ++rows) {
    const Tensors in{ramp({rows, 48}), ramp({rows, 9, 9, 16})};
    plans.push_back(std::make_unique<Plan>(record(in, f)));
    check_same(plans.back()->run(in), weights(in));
    release_cached_memory();
    if (after_first == 0) after_first = allocated_memory();
  }
  const size_t packed = 4 * (48 * 64 + 16 * 16 * 32);
  CHECK(allocated_memory() < after_first + packed);
}

TEST_CASE("layout: memory that others may change is read anew in every run") {
  std::vector<float> owner(48 * 40, 0.5f);
  auto storage =
      make_ref<Storage>(owner.data(), owner.size() * sizeof(float), [] {}, Foreign::kShared);
  const auto weights =
      make_ref<Variable>(Tensor({DType::kFloat32, Shape{48, 40}}, std::move(storage), 0), "kernel");
  const Tensors in{ramp({kRows, 48})};
  const auto f = [&](auto t) { return Tensors{ops::matmul(t[0], weights->value())}; };
  Plan plan(record(in, f));
  check_same(plan.run(in), f(std::span<const Tensor>(in)));
  owner.assign(owner.size(), -2.0f);
  check_same(plan.run(in), f(std::span<const Tensor>(in)));
}

TEST_CASE("layout: what is computed from weights alone is kept, what changes is not") {
  const auto scale = variable({16}, 0.4f), counter = variable({16}, 0.0f);
  const Tensors in{ramp({8, 16})};
  const auto f = [&](auto t) {
    const Tensor s = ops::rsqrt(scale->value() + 2.0f);
    counter->assign(counter->value() + 1.0f);
    return Tensors{ops::sum(t[0] * ops::reshape(s, {1, 16}), IntList{1}),
                   ops::broadcast_to(scale->value(), {1000, 16}), ops::exp(counter->value())};
  };
  const Graph graph = keep_weights(record(in, f));
  CHECK(kept(graph) == 3);  // add, rsqrt, and the broadcast of 64 KB
  Plan plan(record(in, f));
  const Tensors first = plan.run(in), second = plan.run(in);
  CHECK(same_bits(first[0], second[0]));
  CHECK(same_bits(first[1], second[1]));
  CHECK(!same_bits(first[2], second[2]));
}

TEST_CASE("layout: a step with gradients keeps nothing") {
  const auto weights = variable({48, 40}, -0.7f);
  const Tensors in{ramp({kRows, 48})};
  const Graph graph = optimize(record(in, [&](auto t) {
    Tape tape(false);
    Tensor loss;
    {
      const RecorderScope scope(tape);
      loss = ops::sum(ops::exp(ops::matmul(t[0], weights->value())));
    }
    return tape.gradient({loss}, {weights->current()});
  }));
  CHECK(kept(graph) == 0);
}

TEST_CASE("layout: threads that predict while the weights change get one of the values") {
  const auto weights = make_ref<Variable>(filled({48, 40}, 1.0f), "kernel");
  const Tensors in{filled({kRows, 48}, 1.0f)};
  const auto f = [&](auto t) { return Tensors{ops::matmul(t[0], weights->value())}; };
  Plan plan(record(in, f));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const Tensor y = plan.run(in)[0];
        const float first = y.data<float>()[0];
        for (int64_t j = 0; j < y.size(); ++j) wrong += y.data<float>()[j] != first;
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    weights->assign(filled({48, 40}, static_cast<float>(i % 7)));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  check_same(plan.run(in), f(std::span<const Tensor>(in)));
}
