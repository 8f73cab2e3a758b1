// The parts of the simplify pass: each rule looks at one node whose inputs are already simplified.
#pragma once

#include <optional>
#include <vector>

#include "nacre/graph/graph.h"

namespace nacre {

// The graph under construction: nodes so far, and which of them made a value.
struct Simplified {
  Graph graph;                // nodes: those kept so far
  std::vector<int> producer;  // of each value, in graph.nodes; -1 elsewhere

  const GraphNode* made_by(int value) const {
    return value >= 0 && producer[value] >= 0 ? &graph.nodes[producer[value]] : nullptr;
  }
  const TensorSpec& spec(int value) const { return graph.values[value].spec; }
  const Tensor* constant(int value) const;  // the tensor of a constant value, or null
  int add_constant(Tensor tensor);          // a value for it
};

// The node's results as constants where all inputs are constants and the results are small.
std::optional<Tensors> fold_constants(const Simplified& s, const GraphNode& node);

// A value that is what the node computes, bit for bit, or -1: x * 1, a cast to the same dtype...
int identical_value(const Simplified& s, const GraphNode& node);

// Makes the node read what its inputs were made from: a reshape of a reshape becomes one, operands
// that only repeat data are read as they are, casts in between that lose nothing are skipped.
void skip_intermediates(Simplified& s, GraphNode& node);

// Makes a product read a matrix that was transposed for it as it is stored.
void fold_transposes(const Simplified& s, GraphNode& node);

}  // namespace nacre
