// The gradients of a layer's weights and bias both read the gradient of its result:
//   product of x transposed and g, sum of g over all rows -> matmul_and_sums
// The product sums g while it has it in a cache. g may be reshaped on the way to either.
#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"

namespace nacre {
namespace {

// Products of fewer rows read their right operand where it lies: nothing is gained beside them.
constexpr int64_t kLeastRows = 64;

class Pairs {
 public:
  explicit Pairs(Graph graph)
      : graph_(std::move(graph)), producers_(producers_of(graph_)), behind_(graph_.nodes.size()) {
    std::iota(behind_.begin(), behind_.end(), size_t{0});
  }

  Graph run() {
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const GraphNode& node = graph_.nodes[n];
      if (node.op == &sum_) {
        const int g = node.inputs[0];
        if (spec(g).dtype == DType::kFloat32) sums_.emplace(data_of(g), n);
      }
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (suits(graph_.nodes[n])) pair_up(n);
    }
    std::vector<size_t> order(graph_.nodes.size());
    std::iota(order.begin(), order.end(), size_t{0});
    // A node comes before those that move behind it.
    const auto place = [&](size_t i) { return std::pair(behind_[i], behind_[i] != i); };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return place(a) < place(b); });
    std::vector<GraphNode> nodes;
    for (const size_t i : order) {
      if (graph_.nodes[i].op) nodes.push_back(std::move(graph_.nodes[i]));
    }
    graph_.nodes = std::move(nodes);
    return std::move(graph_);
  }

 private:
  const TensorSpec& spec(int value) const { return graph_.values[value].spec; }

  // What a value is a reshape of.
  int data_of(int value) const {
    while (producers_[value] >= 0 && is_reshape(graph_, graph_.nodes[producers_[value]])) {
      value = graph_.nodes[producers_[value]].inputs[0];
    }
    return value;
  }

  // A product of float32 matrices whose right operand is computed in this step.
  bool suits(const GraphNode& node) const {
    if (node.op != &matmul_ && node.op != &fused_) return false;
    const TensorSpec& out = spec(node.outputs[0]);
    const auto is_matrix = [&](size_t i) { return spec(node.inputs[i]).shape.rank() == 2; };
    const AttrValue transposed = attribute(node, "transpose_b");
    return out.dtype == DType::kFloat32 && is_matrix(0) && is_matrix(1) &&
           out.shape[0] >= kLeastRows && out.shape[1] > 1 && !std::get<bool>(transposed) &&
           (node.inputs.size() < 6 || node.inputs[5] < 0) &&
           producers_[data_of(node.inputs[1])] >= 0;
  }

  void pair_up(size_t n) {
    const int g = graph_.nodes[n].inputs[1], data = data_of(g);
    const int64_t columns = spec(g).shape.back();
    const auto [first, last] = sums_.equal_range(data);
    for (auto at = first; at != last; ++at) {
      const GraphNode& sum = graph_.nodes[at->second];
      const Shape& in = spec(sum.inputs[0]).shape;
      const int axes = summed_axes(sum, in);
      if (axes == 0 || in.size(axes, in.rank()) != columns) continue;
      if (!take_along(at->second, n)) continue;
      fuse(at->second, n);
      sums_.erase(at);
      return;
    }
  }

  // Whether the sum may be made at node n. What reads it before moves behind n with it, if that is
  // small: reshapes, or a bias that is put together from parts.
  bool take_along(size_t sum, size_t n) {
    if (sum > n) return true;
    const int64_t most = spec(graph_.nodes[n].outputs[0]).shape.size();
    const auto is_small = [&](int value) { return value < 0 || spec(value).shape.size() <= most; };
    std::vector<size_t> moving{sum};
    for (size_t i = sum + 1; i <= n; ++i) {
      const GraphNode& node = graph_.nodes[i];
      if (!node.op) continue;
      const auto reads = [&](int input) {
        return std::any_of(moving.begin(), moving.end(), [&](size_t other) {
          const auto& made = graph_.nodes[other].outputs;
          return std::find(made.begin(), made.end(), input) != made.end();
        });
      };
      if (std::none_of(node.inputs.begin(), node.inputs.end(), reads)) continue;
      if (i == n || node.op == &pair_ ||
          !std::all_of(node.inputs.begin(), node.inputs.end(), is_small) ||
          !std::all_of(node.outputs.begin(), node.outputs.end(), is_small)) {
        return false;
      }
      moving.push_back(i);
    }
    for (const size_t i : moving) behind_[i] = n;
    return true;
  }

  void fuse(size_t sum, size_t n) {
    GraphNode& node = graph_.nodes[n];
    if (node.op == &matmul_) make_fused_matmul(node);
    node.op = &pair_;
    node.inputs.resize(std::min<size_t>(node.inputs.size(), 5));
    GraphNode& summed = graph_.nodes[sum];
    const TensorSpec out = spec(summed.outputs[0]);
    const Shape columns{spec(node.inputs[1]).shape.back()};
    if (out.shape == columns) {
      node.outputs.push_back(summed.outputs[0]);
      producers_[summed.outputs[0]] = static_cast<int>(n);
      summed.op = nullptr;
      return;
    }
    const auto row = static_cast<int>(graph_.values.size());
    graph_.values.push_back({{DType::kFloat32, columns}});
    producers_.push_back(static_cast<int>(n));
    node.outputs.push_back(row);
    summed.op = &find_op("reshape");
    summed.inputs = {row};
    summed.attrs = with_attributes(summed, {{"newshape", out.shape.vector()}});
  }

  const OpDef &sum_ = find_op("sum"), &matmul_ = find_op("matmul"),
              &fused_ = find_op("fused_matmul"), &pair_ = find_op("matmul_and_sums");
  Graph graph_;
  std::vector<int> producers_;
  std::multimap<int, size_t> sums_;  // nodes, by what they add up
  std::vector<size_t> behind_;       // the node that a node moves behind, or itself
};

}  // namespace

Graph sum_beside_products(Graph graph) {
  return Pairs(std::move(graph)).run();
}

}  // namespace nacre
