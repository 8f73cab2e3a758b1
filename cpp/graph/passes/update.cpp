// All optimizer updates of a step become one kernel call, with the clipping of gradients inside:
// small tensors (biases, scales) cost a call and a wake-up of the threads each otherwise.
#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"
#include "nacre/ops/optimizer.h"

namespace nacre {
namespace {

class Merger {
 public:
  explicit Merger(Graph graph) : graph_(std::move(graph)), uses_(use_counts(graph_)) {
    for (const GraphNode& node : graph_.nodes) {
      if (node.op->name != "multiply" && node.op->name != "clip_scalar") continue;
      clipping_.emplace(node.outputs[0], node);
    }
  }

  // Updates wait for each other, and what reads their results waits for them.
  Graph run() {
    std::vector<uint8_t> waited_for(graph_.values.size(), 0);
    for (GraphNode& node : std::exchange(graph_.nodes, {})) {
      const bool member = is_member(node);
      const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(),
                                     [&](int v) { return v >= 0 && waited_for[v]; });
      if (member && (reads || num_outputs_ + node.outputs.size() > kMaxUpdateOutputs)) {
        flush();
        std::fill(waited_for.begin(), waited_for.end(), 0);
      }
      if (member || reads) {
        for (const int output : node.outputs) waited_for[output] = 1;
      }
      if (member) num_outputs_ += node.outputs.size();
      (member ? batch_ : reads ? followers_ : graph_.nodes).push_back(std::move(node));
    }
    flush();
    return remove_dead_nodes(std::move(graph_));
  }

 private:
  bool is_member(const GraphNode& node) const {
    return is_update_rule(*node.op) && graph_.values[node.inputs[0]].spec.dtype == DType::kFloat32;
  }

  // The gradient before clipping, where only this update reads the clipped one.
  int before_clipping(int grad, UpdateGroup& group, int& scale) const {
    const auto found = clipping_.find(grad);
    if (uses_[grad] != 1 || found == clipping_.end()) return grad;
    const GraphNode& node = found->second;
    const TensorSpec& spec = graph_.values[grad].spec;
    if (node.op->name == "clip_scalar") {
      group.low = std::get<double>(attribute(node, "x_min"));
      group.high = std::get<double>(attribute(node, "x_max"));
      return node.inputs[0];
    }
    for (const int i : {0, 1}) {
      const TensorSpec& factor = graph_.values[node.inputs[1 - i]].spec;
      if (graph_.values[node.inputs[i]].spec == spec && factor.dtype == spec.dtype &&
          factor.shape.rank() == 0) {
        scale = node.inputs[1 - i];
        return node.inputs[i];
      }
    }
    return grad;
  }

  // The batch as one node, then what waited for it.
  void flush() {
    if (!batch_.empty()) graph_.nodes.push_back(merged());
    std::move(followers_.begin(), followers_.end(), std::back_inserter(graph_.nodes));
    batch_.clear();
    followers_.clear();
    num_outputs_ = 0;
  }

  GraphNode merged() const {
    GraphNode all;
    std::vector<UpdateGroup> groups;
    for (const GraphNode& node : batch_) {
      UpdateGroup group{node.op, node.attrs, {}};
      group.first_output = static_cast<int>(all.outputs.size());
      group.num_outputs = static_cast<int>(node.outputs.size());
      all.outputs.insert(all.outputs.end(), node.outputs.begin(), node.outputs.end());
      // A rule's outputs continue its first inputs.
      all.inputs.insert(all.inputs.end(), node.inputs.begin(),
                        node.inputs.begin() + group.num_outputs);
      groups.push_back(std::move(group));
    }
    std::unordered_map<int, int> position;
    const auto position_of = [&](int value) {
      const auto [at, added] = position.try_emplace(value, static_cast<int>(all.inputs.size()));
      if (added) all.inputs.push_back(value);
      return at->second;
    };
    for (size_t g = 0; g < groups.size(); ++g) {
      UpdateGroup& group = groups[g];
      const GraphNode& node = batch_[g];
      const int gradient = update_gradient_input(*group.rule);
      for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
        int value = node.inputs[static_cast<size_t>(i)];
        if (i < group.num_outputs) {
          group.inputs.push_back(group.first_output + i);
          continue;
        }
        int scale = -1;
        if (i == gradient) value = before_clipping(value, group, scale);
        if (scale >= 0) group.scale = position_of(scale);
        group.inputs.push_back(value < 0 ? -1 : position_of(value));
      }
    }
    all.op = &find_op("update_all");
    all.scope = batch_.back().scope;
    all.attrs = update_all_attrs(std::move(groups));
    return all;
  }

  Graph graph_;
  std::vector<int> uses_;
  std::unordered_map<int, GraphNode> clipping_;  // what may clip a gradient, by its result
  std::vector<GraphNode> batch_, followers_;
  size_t num_outputs_ = 0;  // of the batch
};

}  // namespace

Graph merge_updates(Graph graph) {
  return Merger(std::move(graph)).run();
}

}  // namespace nacre
