// Folds what follows a product, a convolution, a batch normalization or a pooling gradient into it:
// + bias, + residual, ReLU, and in the backward pass ReLU's gradient (ops/epilogue.h). The kernel
// applies it before it stores a result, so values that are read once never go through memory. The
// fused kernels round where the separate ones do: the bits are the same.
#include <array>
#include <string_view>

#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"

namespace nacre {
namespace {

enum Part : uint8_t { kBias = 1, kResidual = 2, kRelu = 4, kMask = 8 };

// An op that can take parts. Those that are tensors go to inputs from `first` on, in the order
// bias, residual, mask.
struct Host {
  std::string_view op;
  std::string_view fused;  // the op that has the parts
  uint8_t parts;
  int bias, residual, mask;  // inputs of the fused op; -1: takes none
  bool halves;               // of bfloat16 too
};

constexpr std::array<Host, 6> kHosts = {{
    {"matmul", "fused_matmul", kBias | kResidual | kRelu | kMask, 2, 3, 4, true},
    {"fused_matmul", "fused_matmul", kBias | kResidual | kRelu | kMask, 2, 3, 4, true},
    {"conv_forward", "conv_forward", kBias | kResidual | kRelu | kMask, 2, 3, 4, true},
    {"conv_data_grad", "conv_data_grad", kResidual | kRelu | kMask, -1, 3, 4, true},
    {"fused_batch_norm", "fused_batch_norm", kResidual | kRelu, -1, 3, -1, false},
    // Its mask is the x it reads anyway.
    {"max_pool_grad", "max_pool_grad", kMask, -1, -1, 0, true},
}};

const Host* host_of(const GraphNode& node) {
  for (const Host& host : kHosts) {
    if (node.op->name == host.op) return &host;
  }
  return nullptr;
}

// What a node already has, by its place in the order of an epilogue: parts go in upwards only.
uint8_t parts_of(const GraphNode& node, const Host& host) {
  const auto given = [&](int input) {
    return input >= 0 && input < static_cast<int>(node.inputs.size()) && node.inputs[input] >= 0;
  };
  uint8_t parts = 0;
  if (given(host.bias)) parts |= kBias;
  if (given(host.residual)) parts |= kResidual;
  if (host.mask > 0 && given(host.mask)) parts |= kMask;
  if (const AttrValue relu = attribute(node, "relu"); std::holds_alternative<bool>(relu)) {
    if (std::get<bool>(relu)) parts |= host.mask == 0 ? kMask : kRelu;
  }
  return parts;
}

class Folder {
 public:
  explicit Folder(Graph graph) : graph_(std::move(graph)), uses_(use_counts(graph_)) {
    consumer_.assign(graph_.values.size(), -1);
    producer_.assign(graph_.values.size(), -1);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) note(n);
  }

  Graph run() {
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      while (graph_.nodes[n].op && fold_next(n)) {
      }
    }
    std::erase_if(graph_.nodes, [](const GraphNode& node) { return node.op == nullptr; });
    return std::move(graph_);
  }

 private:
  void note(size_t n) {
    for (const int input : graph_.nodes[n].inputs) {
      if (input >= 0) consumer_[input] = static_cast<int>(n);
    }
    for (const int output : graph_.nodes[n].outputs) producer_[output] = static_cast<int>(n);
  }

  // Folds the only reader of node n's result into it, if it can be.
  bool fold_next(size_t n) {
    const GraphNode& node = graph_.nodes[n];
    const Host* host = host_of(node);
    const int value = node.outputs[0];
    if (!host || !takes(*host, spec(value).dtype)) return false;
    if (uses_[value] != 1 || consumer_[value] < 0) return false;
    const auto at = static_cast<size_t>(consumer_[value]);
    const GraphNode& next = graph_.nodes[at];
    GraphNode fused = node;
    if (!absorb(*host, fused, next, value)) return false;
    fused.outputs[0] = next.outputs[0];
    // It stays where it is if its new operand is there by then; else it runs in place of the last.
    size_t place = n;
    for (const int input : fused.inputs) {
      if (input >= 0 && producer_[input] >= static_cast<int>(n)) place = at;
    }
    if (place == at && node.outputs.size() > 1) return false;  // its other results are awaited
    graph_.nodes[n].op = graph_.nodes[at].op = nullptr;
    graph_.nodes[place] = std::move(fused);
    note(place);
    return true;
  }

  // The host's kernel has the parts for this dtype.
  static bool takes(const Host& host, DType dtype) {
    return dtype == DType::kFloat32 || (host.halves && dtype == DType::kBFloat16);
  }

  const TensorSpec& spec(int value) const { return graph_.values[value].spec; }

  // Whether `fused` now does what `next` did with `value`, its result.
  bool absorb(const Host& host, GraphNode& fused, const GraphNode& next, int value) const {
    const uint8_t has = parts_of(fused, host);
    if (!(spec(next.outputs[0]) == spec(value))) return false;
    if (next.op->name == "add") {
      const int other = next.inputs[next.inputs[0] == value ? 1 : 0];
      const TensorSpec& operand = spec(other);
      if ((host.parts & kBias) && has == 0 && operand.dtype == spec(value).dtype &&
          operand.shape.rank() == 1 && operand.shape.back() == spec(value).shape.back()) {
        put(host, fused, host.bias, other);
        return true;
      }
      if ((host.parts & kResidual) && has < kResidual && operand == spec(value)) {
        put(host, fused, host.residual, other);
        return true;
      }
      return false;
    }
    if (next.op->name == "relu" && (host.parts & kRelu) && has < kRelu) {
      put(host, fused, -1, -1);
      fused.attrs = with_attributes(fused, {{"relu", true}});
      return true;
    }
    if (next.op->name == "relu_grad" && (host.parts & kMask) && has < kMask &&
        next.inputs[0] == value && next.inputs[1] >= 0 && spec(next.inputs[1]) == spec(value)) {
      if (host.mask == 0) {
        if (next.inputs[1] != fused.inputs[0]) return false;
        fused.attrs = with_attributes(fused, {{"relu", true}});
      } else {
        put(host, fused, host.mask, next.inputs[1]);
      }
      return true;
    }
    return false;
  }

  // Turns the node into the fused op, with `value` as its input number `input` (-1: only turns it).
  static void put(const Host& host, GraphNode& node, int input, int value) {
    if (node.op->name != host.fused) make_fused_matmul(node);
    if (input < 0) return;
    if (static_cast<int>(node.inputs.size()) <= input) {
      node.inputs.resize(static_cast<size_t>(input) + 1, -1);
    }
    node.inputs[static_cast<size_t>(input)] = value;
  }

  Graph graph_;
  std::vector<int> uses_;
  std::vector<int> consumer_;  // the node that reads a value that is read once
  std::vector<int> producer_;
};

}  // namespace

Graph fold_epilogues(Graph graph) {
  return Folder(std::move(graph)).run();
}

}  // namespace nacre
