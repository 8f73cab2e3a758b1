// Common subexpressions and constants, over the rules of simplify_rules.cpp.
//
// Every op is a function of its inputs and attributes (random ops: of their seed), so two equal
// calls give equal bits and one is enough.
#include "graph/passes/simplify.h"

#include <unordered_map>

#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"

namespace nacre {
namespace {

constexpr size_t kMaxFoldedBytes = size_t{1} << 16;    // of results kept with the plan
constexpr size_t kMaxReadBytes = size_t{1} << 22;      // of constants read to fold
constexpr size_t kMaxComparedBytes = size_t{1} << 12;  // of constants that are compared

size_t combine(size_t seed, size_t value) {
  return (seed ^ value) * 0x9e3779b97f4a7c15u + (seed >> 29);
}

size_t hash_of(const GraphNode& node) {
  size_t h = reinterpret_cast<size_t>(node.op);
  for (const int input : node.inputs) h = combine(h, static_cast<size_t>(input + 1));
  return h;
}

bool same_attributes(const GraphNode& a, const GraphNode& b) {
  if (a.attrs.get() == b.attrs.get()) return true;
  return a.attrs && b.attrs && *a.attrs == *b.attrs;
}

class Simplifier {
 public:
  explicit Simplifier(Graph graph) : nodes_(std::move(graph.nodes)) {
    s_.graph = std::move(graph);
    s_.graph.nodes.clear();
    s_.producer.assign(s_.graph.values.size(), -1);
    replacement_.resize(s_.graph.values.size());
    for (size_t v = 0; v < replacement_.size(); ++v) replacement_[v] = static_cast<int>(v);
  }

  Graph run() {
    merge_equal_constants();
    for (GraphNode& node : nodes_) visit(std::move(node));
    for (int& output : s_.graph.outputs) output = now(output);
    for (auto& assignment : s_.graph.assignments) assignment.value = now(assignment.value);
    return std::move(s_.graph);
  }

 private:
  int now(int value) const { return value < 0 ? value : replacement_[value]; }

  void visit(GraphNode node) {
    for (int& input : node.inputs) input = now(input);
    skip_intermediates(s_, node);
    while (replacement_.size() < s_.graph.values.size()) {  // operands it added
      replacement_.push_back(static_cast<int>(replacement_.size()));
    }
    fold_transposes(s_, node);
    if (const int same = identical_value(s_, node); same >= 0) {
      replacement_[node.outputs[0]] = same;
      return;
    }
    if (const auto folded = fold_constants(s_, node)) {
      for (size_t o = 0; o < node.outputs.size(); ++o) {
        replacement_[node.outputs[o]] = value_of((*folded)[o]);
      }
      return;
    }
    if (const GraphNode* before = find_equal(node)) {
      for (size_t o = 0; o < node.outputs.size(); ++o) {
        replacement_[node.outputs[o]] = before->outputs[o];
      }
      return;
    }
    const int at = static_cast<int>(s_.graph.nodes.size());
    for (const int output : node.outputs) s_.producer[output] = at;
    seen_.emplace(hash_of(node), at);
    s_.graph.nodes.push_back(std::move(node));
  }

  const GraphNode* find_equal(const GraphNode& node) const {
    const auto [first, last] = seen_.equal_range(hash_of(node));
    for (auto it = first; it != last; ++it) {
      const GraphNode& other = s_.graph.nodes[it->second];
      if (other.op != node.op || other.inputs != node.inputs) continue;
      if (other.outputs.size() == node.outputs.size() && same_attributes(other, node)) {
        return &other;
      }
    }
    return nullptr;
  }

  // Constants made anew for each use (the 1 of 1 - x) are one value.
  void merge_equal_constants() {
    for (size_t v = 0; v < s_.graph.values.size(); ++v) {
      const GraphValue& value = s_.graph.values[v];
      if (value.kind != GraphValue::Kind::kConstant) continue;
      replacement_[v] = first_equal(static_cast<int>(v), s_.graph.constants[value.index]);
    }
  }

  int value_of(const Tensor& tensor) {
    const int value = s_.add_constant(tensor);
    replacement_.push_back(value);
    return replacement_[value] = first_equal(value, tensor);
  }

  // The first value with these elements; `value` itself where there is none.
  int first_equal(int value, const Tensor& tensor) {
    const size_t bytes = tensor.bytes();
    if (bytes > kMaxComparedBytes) return value;
    const std::string_view data(static_cast<const char*>(tensor.data()), bytes);
    const size_t h =
        combine(std::hash<std::string_view>{}(data), static_cast<size_t>(tensor.dtype()) + 1);
    const auto [first, last] = constants_.equal_range(h);
    for (auto it = first; it != last; ++it) {
      const Tensor& other = *s_.constant(it->second);
      if (!(other.spec() == tensor.spec())) continue;
      if (std::memcmp(other.data(), data.data(), bytes) == 0) return it->second;
    }
    constants_.emplace(h, value);
    return value;
  }

  std::vector<GraphNode> nodes_;
  Simplified s_;
  std::vector<int> replacement_;                    // of each value: the one to read in its place
  std::unordered_multimap<size_t, int> seen_;       // hash -> kept node
  std::unordered_multimap<size_t, int> constants_;  // hash -> value
};

}  // namespace

const Tensor* Simplified::constant(int value) const {
  if (value < 0 || graph.values[value].kind != GraphValue::Kind::kConstant) return nullptr;
  return &graph.constants[graph.values[value].index];
}

int Simplified::add_constant(Tensor tensor) {
  const int index = static_cast<int>(graph.constants.size());
  graph.values.push_back({tensor.spec(), GraphValue::Kind::kConstant, index});
  graph.constants.push_back(std::move(tensor));
  producer.push_back(-1);
  return static_cast<int>(graph.values.size()) - 1;
}

std::optional<Tensors> fold_constants(const Simplified& s, const GraphNode& node) {
  if (!node.op->kernel) return std::nullopt;
  size_t bytes = 0;
  for (const int output : node.outputs) bytes += s.spec(output).bytes();
  if (bytes > kMaxFoldedBytes) return std::nullopt;
  bytes = 0;
  std::vector<Buffer> in(node.inputs.size());
  for (size_t i = 0; i < in.size(); ++i) {
    if (node.inputs[i] < 0) continue;
    const Tensor* constant = s.constant(node.inputs[i]);
    if (!constant) return std::nullopt;
    in[i] = {const_cast<void*>(constant->data()), &constant->spec()};
    bytes += constant->bytes();
  }
  if (bytes > kMaxReadBytes) return std::nullopt;
  Tensors results;
  std::vector<Buffer> out;
  for (const int output : node.outputs) {
    results.emplace_back(s.spec(output));
    out.push_back({results.back().mutable_data(), &results.back().spec()});
  }
  Ref<Storage> workspace;
  if (node.op->workspace) {
    workspace = make_ref<Storage>(node.op->workspace(node.attrs.get(), in, out));
  }
  try {
    node.op->kernel({node.attrs.get(), in, out, workspace ? workspace->data() : nullptr});
  } catch (const Error&) {
    return std::nullopt;  // the step raises it where it belongs
  }
  return results;
}

Graph simplify(Graph graph) {
  return remove_dead_nodes(Simplifier(std::move(graph)).run());
}

}  // namespace nacre
