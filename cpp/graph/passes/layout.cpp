// What depends on weights alone is kept from run to run of a plan that does not change them
// (KeptValue): the weights in the layout that their kernels want, and whatever else a step computes
// from variables. In a training step every weight is new each time, and packed once already.
#include <map>
#include <tuple>

#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"
#include "ops/packing.h"

namespace nacre {
namespace {

constexpr size_t kSmallBytes = size_t{64} << 10;
constexpr size_t kMostGrowth = 2;  // of a larger value, over what it comes from
// Of one value: beyond it memory is dearer than the time.
constexpr size_t kMostBytes = size_t{16} << 20;

class Keeper {
 public:
  explicit Keeper(Graph graph) : nodes_(std::move(graph.nodes)), graph_(std::move(graph)) {
    graph_.nodes.clear();
    std::vector<uint8_t> written(graph_.variables.size(), 0);
    for (const auto& assignment : graph_.assignments) {
      written[static_cast<size_t>(assignment.variable)] = 1;
    }
    for (const GraphValue& value : graph_.values) {
      const bool variable =
          value.kind == GraphValue::Kind::kVariable && !written[static_cast<size_t>(value.index)];
      steady_.push_back(variable || value.kind == GraphValue::Kind::kConstant);
    }
  }

  Graph run() {
    for (GraphNode& node : nodes_) {
      take_packed(node);
      keep(node);
      graph_.nodes.push_back(std::move(node));
    }
    return std::move(graph_);
  }

 private:
  const TensorSpec& spec(int value) const { return graph_.values[static_cast<size_t>(value)].spec; }

  std::vector<Buffer> buffers(const std::vector<int>& values) const {
    std::vector<Buffer> out(values.size());
    for (size_t i = 0; i < out.size(); ++i) {
      if (values[i] >= 0) out[i].spec = &spec(values[i]);
    }
    return out;
  }

  // Gives a node its weights packed, where they stay as they are.
  void take_packed(GraphNode& node) {
    GraphNode host = node;
    if (host.op->name == "matmul") make_fused_matmul(host);
    const Packing& packing = host.op->packing;
    if (packing.weights < 0) return;
    const int weights = host.inputs[static_cast<size_t>(packing.weights)];
    const size_t input = static_cast<size_t>(packing.packed);
    if (!steady_[static_cast<size_t>(weights)]) return;
    if (host.inputs.size() <= input) host.inputs.resize(input + 1, -1);
    if (host.inputs[input] >= 0) return;
    const std::vector<Buffer> in = buffers(host.inputs), out = buffers(host.outputs);
    const Packing::Layout layout = packing.layout(host.attrs.get(), in, out);
    if (layout.floats <= 0 || static_cast<size_t>(layout.floats) * sizeof(float) > kMostBytes)
      return;
    int& packed = packed_[{weights, host.op, layout.id}];
    if (packed == 0) {  // no result is the first value
      GraphNode pack;
      pack.op = &pack_weights_op();
      pack.attrs = pack_weights_attrs(*host.op, host.attrs, in, out, layout);
      pack.inputs = {weights};
      pack.scope = host.scope;
      packed = static_cast<int>(graph_.values.size());
      graph_.values.push_back({{DType::kFloat32, Shape{layout.floats}}});
      steady_.push_back(1);
      pack.outputs = {packed};
      pack.kept = true;
      graph_.nodes.push_back(std::move(pack));
    }
    host.inputs[input] = packed;
    node = std::move(host);
  }

  void keep(GraphNode& node) {
    if (node.outputs.size() != 1 || !node.op->kernel) return;
    size_t bytes = 0;
    bool any = false;
    for (const int input : node.inputs) {
      if (input < 0) continue;
      if (!steady_[static_cast<size_t>(input)]) return;
      bytes += spec(input).bytes();
      any = true;
    }
    const TensorSpec& result = spec(node.outputs[0]);
    const size_t most = std::min(kMostBytes, std::max(kSmallBytes, kMostGrowth * bytes));
    if (!any || result.bytes() > most) return;
    steady_[static_cast<size_t>(node.outputs[0])] = 1;
    node.kept =
        !(node.op->view && node.op->view(node.attrs.get(), spec(node.inputs[0]), result) >= 0);
  }

  std::vector<GraphNode> nodes_;
  Graph graph_;
  std::vector<uint8_t> steady_;  // one a value: the same in every run while no variable changes
  std::map<std::tuple<int, const OpDef*, uint64_t>, int> packed_;
};

}  // namespace

Graph keep_weights(Graph graph) {
  for (const GraphNode& node : graph.nodes) {
    if (node.backward) return graph;
  }
  return Keeper(std::move(graph)).run();
}

}  // namespace nacre
