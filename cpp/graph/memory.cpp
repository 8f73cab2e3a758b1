#include "nacre/graph/memory.h"

#include <algorithm>
#include <map>

#include "ops/pointwise.h"

namespace nacre {
namespace {

constexpr int kEnd = 1 << 30;  // read after the last node

size_t aligned(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Offsets in one growing block; freed ranges are joined and reused, best fit first.
class Arena {
 public:
  size_t take(size_t bytes) {
    bytes = std::max(aligned(bytes), kAlignment);
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->second >= bytes && (best == free_.end() || it->second < best->second)) best = it;
    }
    if (best != free_.end()) {
      const auto [offset, size] = *best;
      free_.erase(best);
      if (size > bytes) free_.emplace(offset + bytes, size - bytes);
      return offset;
    }
    // Extend the last free range when it touches the end.
    if (!free_.empty()) {
      const auto last = std::prev(free_.end());
      if (last->first + last->second == end_) {
        const size_t offset = last->first;
        free_.erase(last);
        end_ = offset + bytes;
        return offset;
      }
    }
    const size_t offset = end_;
    end_ += bytes;
    return offset;
  }

  void give(size_t offset, size_t bytes) {
    bytes = std::max(aligned(bytes), kAlignment);
    auto at = free_.emplace(offset, bytes).first;
    const auto next = std::next(at);
    if (next != free_.end() && at->first + at->second == next->first) {
      at->second += next->second;
      free_.erase(next);
    }
    if (at != free_.begin()) {
      const auto before = std::prev(at);
      if (before->first + before->second == at->first) {
        before->second += at->second;
        free_.erase(at);
      }
    }
  }

  size_t end() const { return end_; }

 private:
  std::map<size_t, size_t> free_;  // offset -> bytes
  size_t end_ = 0;
};

class Planner {
 public:
  explicit Planner(const Graph& graph) : graph_(graph) {}

  MemoryPlan run() {
    plan_.places.resize(graph_.values.size());
    plan_.is_view.assign(graph_.nodes.size(), 0);
    plan_.written.assign(graph_.variables.size(), 0);
    plan_.output_direct.assign(graph_.outputs.size(), 0);
    placed_.assign(graph_.values.size(), 0);
    find_views();
    find_uses();
    for (size_t v = 0; v < graph_.values.size(); ++v) place_external(static_cast<int>(v));
    int kept = 0;
    for (const GraphNode& node : graph_.nodes) {
      if (node.kept) place(node.outputs[0], Place::Base::kKept, kept++);
    }
    for (const auto& assignment : graph_.assignments) place_assignment(assignment);
    for (size_t o = 0; o < graph_.outputs.size(); ++o) place_output(static_cast<int>(o));
    place_temporaries();
    for (size_t v = 0; v < graph_.values.size(); ++v) {
      const int base = root_[v];
      if (base == static_cast<int>(v)) continue;
      plan_.places[v] = plan_.places[base];
      plan_.places[v].offset += view_offset_[v];
    }
    return std::move(plan_);
  }

 private:
  using Kind = GraphValue::Kind;

  void find_views() {
    root_.resize(graph_.values.size());
    view_offset_.assign(graph_.values.size(), 0);
    producer_.assign(graph_.values.size(), -1);
    for (size_t v = 0; v < root_.size(); ++v) root_[v] = static_cast<int>(v);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const GraphNode& node = graph_.nodes[n];
      for (const int output : node.outputs) producer_[output] = static_cast<int>(n);
      if (!node.op->view) continue;
      const int in = node.inputs[0];
      const int out = node.outputs[0];
      const int64_t offset =
          node.op->view(node.attrs.get(), graph_.values[in].spec, graph_.values[out].spec);
      if (offset < 0) continue;
      plan_.is_view[n] = 1;
      root_[out] = root_[in];
      view_offset_[out] = view_offset_[in] + static_cast<size_t>(offset);
    }
  }

  void find_uses() {
    last_use_.assign(graph_.values.size(), -1);
    variable_last_read_.assign(graph_.variables.size(), -1);
    const auto use = [&](int value, int node) {
      const int base = root_[value];
      last_use_[base] = std::max(last_use_[base], node);
      const GraphValue& v = graph_.values[base];
      if (v.kind == Kind::kVariable) {
        variable_last_read_[v.index] = std::max(variable_last_read_[v.index], node);
      }
    };
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (const int input : graph_.nodes[n].inputs) {
        if (input >= 0) use(input, static_cast<int>(n));
      }
    }
    for (const int output : graph_.outputs) {
      if (output >= 0) use(output, kEnd);
    }
    for (const auto& assignment : graph_.assignments) use(assignment.value, kEnd);
  }

  void place(int value, Place::Base base, int index) {
    plan_.places[value] = {base, index, 0};
    placed_[value] = 1;
  }

  void place_external(int value) {
    const GraphValue& v = graph_.values[value];
    if (v.kind == Kind::kArgument) place(value, Place::Base::kArgument, v.index);
    if (v.kind == Kind::kVariable) place(value, Place::Base::kVariable, v.index);
    if (v.kind == Kind::kConstant) place(value, Place::Base::kConstant, v.index);
  }

  bool is_free_temporary(int value) const {
    return root_[value] == value && !placed_[value] &&
           graph_.values[value].kind == Kind::kTemporary;
  }

  // May node n write its output over `input`, element by element or as the op declares?
  bool may_overwrite(const GraphNode& node, int output, size_t input) const {
    const TensorSpec& in = graph_.values[node.inputs[input]].spec;
    if (!(in == graph_.values[output].spec)) return false;
    if (node.op == &pointwise_op()) {
      // Every result but a row's, which belongs to more than one element of what was read.
      const auto& program = static_cast<const PointwiseAttrs&>(*node.attrs);
      return in.shape.size() == Shape(program.shape).size();
    }
    if (node.op->elementwise) return output == node.outputs[0];
    const size_t count = std::min(node.op->in_place.size(), node.outputs.size());
    for (size_t o = 0; o < count; ++o) {
      if (node.outputs[o] == output && node.op->in_place[o] == static_cast<int>(input)) return true;
    }
    return false;
  }

  void place_assignment(const Graph::Assignment& assignment) {
    const int variable = assignment.variable;
    const int value = assignment.value;
    plan_.written[variable] = 1;
    const bool fits = graph_.values[value].spec == graph_.variables[variable]->spec();
    bool direct = fits && is_free_temporary(value) && producer_[value] >= 0;
    if (direct) {
      const int n = producer_[value];
      direct = variable_last_read_[variable] <= n;
      const GraphNode& node = graph_.nodes[n];
      for (size_t i = 0; direct && i < node.inputs.size(); ++i) {
        if (node.inputs[i] < 0) continue;
        const int base = root_[node.inputs[i]];
        const GraphValue& source = graph_.values[base];
        if (source.kind != Kind::kVariable || source.index != variable) continue;
        direct = base == node.inputs[i] && may_overwrite(node, value, i);
      }
    }
    if (direct) {
      place(value, Place::Base::kVariable, variable);
    } else {
      plan_.copies.push_back(assignment);
    }
  }

  void place_output(int output) {
    const int value = graph_.outputs[output];
    if (value < 0 || !is_free_temporary(value)) return;
    place(value, Place::Base::kOutput, output);
    plan_.output_direct[output] = 1;
  }

  void place_temporaries() {
    Arena arena;
    std::vector<uint8_t> in_arena(graph_.values.size(), 0);
    const auto bytes_of = [&](int value) { return graph_.values[value].spec.bytes(); };
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (plan_.is_view[n]) {
        // A view nobody reads may be the last use of its root.
        release(static_cast<int>(n), graph_.nodes[n], in_arena, arena, bytes_of);
        continue;
      }
      const GraphNode& node = graph_.nodes[n];
      if (node.kept) continue;  // it reads nothing of the arena
      for (const int output : node.outputs) {
        if (placed_[output]) continue;
        for (size_t i = 0; i < node.inputs.size() && !placed_[output]; ++i) {
          const int input = node.inputs[i];
          if (input < 0 || !in_arena[root_[input]]) continue;
          const int base = root_[input];
          if (last_use_[base] != static_cast<int>(n) || bytes_of(base) != bytes_of(output))
            continue;
          if (view_offset_[input] != 0 || !may_overwrite(node, output, i)) continue;
          // Another operand that is a part of the same data would be read after it is overwritten.
          bool overlaps = false;
          for (const int other : node.inputs) {
            overlaps = overlaps ||
                       (other >= 0 && root_[other] == base && bytes_of(other) != bytes_of(output));
          }
          if (overlaps) continue;
          plan_.places[output] = plan_.places[base];
          placed_[output] = 1;
          in_arena[base] = 0;  // its range now belongs to the output
          in_arena[output] = 1;
        }
        if (placed_[output]) continue;
        plan_.places[output] = {Place::Base::kArena, 0, arena.take(bytes_of(output))};
        placed_[output] = 1;
        in_arena[output] = 1;
      }
      release(static_cast<int>(n), node, in_arena, arena, bytes_of);
      for (const int output : node.outputs) {
        if (in_arena[output] && last_use_[output] < static_cast<int>(n)) {
          in_arena[output] = 0;
          arena.give(plan_.places[output].offset, bytes_of(output));
        }
      }
    }
    plan_.arena_bytes = arena.end();
  }

  template <class Bytes>
  void release(int n, const GraphNode& node, std::vector<uint8_t>& in_arena, Arena& arena,
               const Bytes& bytes_of) {
    for (const int input : node.inputs) {
      if (input < 0) continue;
      const int base = root_[input];
      if (!in_arena[base] || last_use_[base] != n) continue;
      in_arena[base] = 0;
      arena.give(plan_.places[base].offset, bytes_of(base));
    }
  }

  const Graph& graph_;
  MemoryPlan plan_;
  std::vector<uint8_t> placed_;
  std::vector<int> root_;  // the value whose data a view shares
  std::vector<size_t> view_offset_;
  std::vector<int> producer_;
  std::vector<int> last_use_;            // of root values
  std::vector<int> variable_last_read_;  // of the value at the step's start
};

}  // namespace

MemoryPlan plan_memory(const Graph& graph) {
  return Planner(graph).run();
}

}  // namespace nacre
