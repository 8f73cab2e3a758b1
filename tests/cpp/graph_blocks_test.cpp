// The images pass: convolutions before pooling, and pooling gradients, block by block of the batch.
#include <doctest/doctest.h>

#include <cmath>

#include "graph/passes/passes.h"
#include "graph_test.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/reductions.h"
#include "ops/image_blocks.h"

namespace {

using namespace nacre;
using namespace nacre::testing;

// Arguments: x, the convolution's filter and bias, and the gradient of what was pooled. Results:
// the gradients of filter and bias, then `more`.
Tensors pooled_gradients(std::span<const Tensor> in, int64_t window, bool use_gradient_again) {
  const Tensor y = ops::relu(ops::conv(in[0], in[1]) + in[2]);
  const Tensor pooled = ops::max_pool(y, {window});
  const OpDef& pool_grad = find_op("max_pool_grad");
  const auto attrs = pool_grad.make_attrs();
  attrs->set(0, IntList{window, window});
  attrs->set(1, IntList{window, window});
  const Tensor unpooled = apply_one(pool_grad, {y, pooled, in[3]}, attrs);
  const Tensor g = ops::relu_grad(unpooled, y);
  const OpDef& filter_grad = find_op("conv_filter_grad");
  const auto sizes = filter_grad.make_attrs();
  const auto spatial = [](const Tensor& t) { return IntList{t.shape()[1], t.shape()[2]}; };
  const auto set = [&](std::string_view name, const AttrValue& value) {
    const auto& names = sizes->field_names();
    for (size_t f = 0; f < names.size(); ++f) {
      if (names[f] == name) sizes->set(static_cast<int>(f), value);
    }
  };
  set("strides", IntList{1, 1});
  set("dilation_rate", IntList{1, 1});
  set("pads", IntList{0, 0});
  set("input_size", spatial(in[0]));
  set("kernel_size", IntList{in[1].shape()[0], in[1].shape()[1]});
  set("output_size", spatial(y));
  Tensors out{apply_one(filter_grad, {in[0], g}, sizes), ops::sum(g, IntList{0, 1, 2}, true)};
  if (use_gradient_again) out.push_back(ops::exp(g));
  return out;
}

Tensors arguments(int64_t batch, int64_t size, int64_t window, int64_t channels = 1) {
  const int64_t pooled = (size - 2) / window, filters = 24;
  return {ramp({batch, size, size, channels}), ramp({3, 3, channels, filters}, -0.7f),
          ramp({filters}, -0.2f), ramp({batch, pooled, pooled, filters}, -2.0f)};
}

void check_close(const Tensor& received, const Tensor& expected) {
  REQUIRE(received.spec() == expected.spec());
  double largest = 0, error = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    const double want = expected.data<float>()[i];
    largest = std::max(largest, std::abs(want));
    error = std::max(error, std::abs(received.data<float>()[i] - want));
  }
  CHECK(error <= 2e-6 * largest);
}

}  // namespace

TEST_CASE("images: a pooling gradient is summed block by block") {
  for (const int64_t channels : {1, 4}) {  // whose convolution is computed again, and is not
    for (const int64_t window : {2, 3}) {
      for (const int64_t batch : {33, 70}) {
        const Tensors in = arguments(batch, 28, window, channels);
        const auto f = [&](auto t) { return pooled_gradients(t, window, false); };
        const Tensors expected = f(in);
        const Graph graph = run_by_images(fold_epilogues(record(in, f)));
        CHECK(count(graph, "image_blocks") == (channels == 1 ? 2 : 1));
        CHECK(count(graph, "conv_forward") == (channels == 1 ? 0 : 1));
        CHECK(count(graph, "max_pool_grad") == 0);
        CHECK(count(graph, "conv_filter_grad") == 0);
        CHECK(count(graph, "sum") == 0);
        Plan plan(graph);
        const int before = num_threads();
        Tensors first;
        for (const int threads : {1, 2, 3}) {
          set_num_threads(threads);
          const Tensors received = plan.run(in);
          REQUIRE(received.size() == expected.size());
          for (size_t i = 0; i < expected.size(); ++i) {
            check_close(received[i], expected[i]);
            if (!first.empty()) CHECK(same_bits(received[i], first[i]));
          }
          if (first.empty()) first = received;
        }
        set_num_threads(before);
      }
    }
  }
}

TEST_CASE("images: convolution and pooling keep their bits") {
  for (const int64_t channels : {1, 3, 16}) {
    const Tensors in = arguments(37, 28, 2, channels);
    const auto f = [](auto t) {
      return Tensors{ops::max_pool(ops::relu(ops::conv(t[0], t[1]) + t[2]), {2})};
    };
    const Graph graph = run_by_images(fold_epilogues(record(in, f)));
    CHECK(count(graph, "image_blocks") == 1);
    CHECK(same_bits(Plan(graph).run(in)[0], f(in)[0]));
  }
}

TEST_CASE("images: the composite gives what the blocks give") {
  const Tensors in = arguments(40, 28, 2);
  const auto f = [](auto t) { return pooled_gradients(t, 2, false); };
  const Graph graph = run_by_images(fold_epilogues(record(in, f)));
  for (const GraphNode& node : graph.nodes) {
    if (node.op != &image_blocks_op()) continue;
    Tensors operands;
    for (const int input : node.inputs) operands.push_back(ramp(graph.values[input].spec.shape));
    const Tensors expected = node.op->composite(operands, node.attrs.get());
    const Tensors received = apply(*node.op, operands, node.attrs);
    REQUIRE(received.size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) check_close(received[i], expected[i]);
  }
}

TEST_CASE("images: what is needed whole, or small, stays") {
  const auto blocks = [](const Tensors& in, bool again) {
    const auto f = [again](auto t) { return pooled_gradients(t, 2, again); };
    return count(run_by_images(fold_epilogues(record(in, f))), "image_blocks");
  };
  CHECK(blocks(arguments(40, 28, 2), false) == 2);
  CHECK(blocks(arguments(40, 28, 2), true) == 0);  // the gradient is read by another op
  CHECK(blocks(arguments(2, 28, 2), false) == 0);  // stays in cache anyway
  CHECK(blocks(arguments(0, 28, 2), false) == 0);
}
