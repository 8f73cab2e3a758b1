// Updates of an embedding's table: the gradient is rows at ids, so the optimizer takes these and no
// gradient of the table's size is made.
#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"

namespace nacre {
namespace {

// The node that adds up rows along axis 0 for this value alone, or null.
const GraphNode* row_gradient(const Graph& graph, const std::vector<int>& producers,
                              const std::vector<int>& uses, int value) {
  if (value < 0 || producers[value] < 0 || uses[value] != 1) return nullptr;
  const GraphNode& node = graph.nodes[producers[value]];
  if (node.op->name != "take_grad" || graph.values[value].spec.dtype != DType::kFloat32 ||
      graph.values[value].spec.shape.rank() != 2) {
    return nullptr;
  }
  const AttrValue axis = attribute(node, "axis");
  const int64_t* at = std::get_if<int64_t>(&axis);
  return at && *at == 0 ? &node : nullptr;
}

bool is_zero(const AttrValue& value) {
  const double* number = std::get_if<double>(&value);
  return number && *number == 0;
}

}  // namespace

Graph take_rows(Graph graph) {
  const std::vector<int> producers = producers_of(graph), uses = use_counts(graph);
  for (GraphNode& node : graph.nodes) {
    const bool adam = node.op->name == "adam_update", sgd = node.op->name == "sgd_update";
    if (!adam && !sgd) continue;
    const size_t position = adam ? 4 : 2;
    const GraphNode* rows = row_gradient(graph, producers, uses, node.inputs[position]);
    if (!rows) continue;
    const int grad = rows->inputs[0], ids = rows->inputs[1];
    if (adam) {
      node.op = &find_op("adam_update_rows");
      node.inputs[4] = grad;
      node.inputs.insert(node.inputs.begin() + 5, ids);
    } else if (node.inputs[1] < 0 && is_zero(attribute(node, "decay"))) {
      node.op = &find_op("sgd_update_rows");
      node.inputs = {node.inputs[0], grad, ids, node.inputs[3]};
      node.attrs = nullptr;
    }
  }
  return remove_dead_nodes(std::move(graph));
}

}  // namespace nacre
