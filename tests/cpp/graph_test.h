// Recording small functions as graphs, for the tests of passes and plans.
#pragma once

#include <functional>
#include <string>

#include "nacre/graph/graph.h"
#include "nacre/graph/plan.h"
#include "nacre/ops/ops.h"

namespace nacre::testing {

using GraphFunction = std::function<Tensors(std::span<const Tensor>)>;

inline Graph record(const Tensors& arguments, const GraphFunction& f) {
  Capture capture(arguments);
  Tensors outputs;
  {
    const RecorderScope scope(capture);
    outputs = f(arguments);
  }
  return capture.finish(outputs);
}

inline int count(const Graph& graph, std::string_view op) {
  int n = 0;
  for (const GraphNode& node : graph.nodes) n += node.op->name == op;
  return n;
}

inline Tensor ramp(const Shape& shape, float first = -1.5f, float step = 0.37f) {
  std::vector<float> values(static_cast<size_t>(shape.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = first + step * static_cast<float>(i % 23) - 0.01f * static_cast<float>(i);
  }
  return Tensor::from(values, shape);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.spec() == b.spec() &&
         (a.bytes() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0);
}

}  // namespace nacre::testing
