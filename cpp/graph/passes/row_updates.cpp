// Updates of an embedding's table: the gradient is rows at ids, so the optimizer takes these and no
// gradient of the table's size is made.
#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"
#include "nacre/ops/optimizer.h"

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

// Whether rows without a gradient stay as they are.
bool leaves_other_rows(const GraphNode& node) {
  const AttrValue lazy = attribute(node, "lazy_rows");
  if (const bool* flag = std::get_if<bool>(&lazy); flag && *flag) return true;
  return node.op->name == "sgd_update" && node.inputs[1] < 0 && is_zero(attribute(node, "decay"));
}

}  // namespace

Graph take_rows(Graph graph) {
  const std::vector<int> producers = producers_of(graph), uses = use_counts(graph);
  for (GraphNode& node : graph.nodes) {
    if (!is_update_rule(*node.op)) continue;
    int& grad = node.inputs[static_cast<size_t>(update_gradient_input(*node.op))];
    const GraphNode* rows = row_gradient(graph, producers, uses, grad);
    if (!rows) continue;
    grad = rows->inputs[0];
    node.inputs.push_back(rows->inputs[1]);
    node.attrs = update_rows_attrs(*node.op, node.attrs, static_cast<int>(node.outputs.size()),
                                   leaves_other_rows(node));
    node.op = &find_op("update_rows");
  }
  return remove_dead_nodes(std::move(graph));
}

}  // namespace nacre
