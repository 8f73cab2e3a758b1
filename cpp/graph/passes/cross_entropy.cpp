// Softmax and the cross-entropy that reads its probabilities are one kernel, and so are their
// gradients: rows of many classes are read and written while they are in a cache.
#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"

namespace nacre {
namespace {

// softmax or its gradient, in float32 along the last axis.
bool is_of_rows(const Graph& graph, const GraphNode& node, std::string_view name) {
  if (node.op->name != name) return false;
  const TensorSpec& spec = graph.values[node.outputs[0]].spec;
  const AttrValue axis = attribute(node, "axis");
  const auto* axes = std::get_if<IntList>(&axis);
  return spec.dtype == DType::kFloat32 && spec.shape.size() > 0 && axes && axes->size() == 1 &&
         normalize_axis((*axes)[0], spec.shape.rank(), name) == spec.shape.rank() - 1;
}

}  // namespace

Graph fuse_cross_entropy(Graph graph) {
  const std::vector<int> producers = producers_of(graph), uses = use_counts(graph);
  std::vector<int> first_reader(graph.values.size(), -1);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    for (const int input : graph.nodes[n].inputs) {
      if (input >= 0) first_reader[static_cast<size_t>(input)] = static_cast<int>(n);
    }
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    GraphNode& node = graph.nodes[n];
    if (node.op->name == "sparse_probability_cross_entropy") {
      const int p = node.inputs[1], made = producers[p];
      // Another reader before would wait for the loss.
      if (made < 0 || first_reader[p] != static_cast<int>(n) ||
          !is_of_rows(graph, graph.nodes[made], "softmax")) {
        continue;
      }
      GraphNode& softmax = graph.nodes[made];
      node.op = &find_op("softmax_and_cross_entropy");
      node.inputs[1] = softmax.inputs[0];
      node.outputs = {p, node.outputs[0]};
      softmax.outputs.clear();  // nobody reads it: it goes
    } else if (is_of_rows(graph, node, "softmax_grad")) {
      const int g = node.inputs[1], made = producers[g];
      if (made < 0 || uses[g] != 1) continue;
      const GraphNode& loss = graph.nodes[made];
      if (loss.op->name != "sparse_probability_cross_entropy_grad" ||
          loss.inputs[1] != node.inputs[0]) {
        continue;
      }
      node.op = &find_op("softmax_and_cross_entropy_grad");
      node.attrs = nullptr;
      node.inputs = loss.inputs;
    }
  }
  return remove_dead_nodes(std::move(graph));
}

}  // namespace nacre
