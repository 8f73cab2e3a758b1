// Removes nodes whose results nobody reads.
#include "graph/passes/passes.h"

namespace nacre {

Graph remove_dead_nodes(Graph graph) {
  std::vector<uint8_t> live(graph.values.size(), 0);
  for (const int output : graph.outputs) {
    if (output >= 0) live[output] = 1;
  }
  for (const auto& assignment : graph.assignments) live[assignment.value] = 1;
  std::vector<GraphNode> kept;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    GraphNode& node = graph.nodes[n];
    bool needed = false;
    for (const int output : node.outputs) needed = needed || live[output];
    if (!needed) continue;
    for (const int input : node.inputs) {
      if (input >= 0) live[input] = 1;
    }
    kept.push_back(std::move(node));
  }
  graph.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  return graph;
}

}  // namespace nacre
