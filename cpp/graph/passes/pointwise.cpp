// Chains and small graphs of elementwise ops become one pointwise program (ops/pointwise.h).
//
// A group grows while the nodes are walked in order: a node joins the groups that its operands come
// from, which become one. A group ends when anything else reads one of its values, so whatever the
// group will need is made before its last member, and the program runs there.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"
#include "kernels/abi.h"
#include "nacre/ops/ops.h"
#include "ops/pointwise.h"
#include "ops/random_draws.h"
#include "ops/reduction.h"

namespace nacre {
namespace {

using Instruction = PointwiseInstruction;
using Kind = Instruction::Kind;

// The micro-op of each elementwise op: kind and function.
struct MicroOp {
  Kind kind;
  uint8_t function = 0;
};

const MicroOp* micro_op_of(const OpDef* op) {
  static const std::unordered_map<const OpDef*, MicroOp> micro_ops = [] {
    std::unordered_map<const OpDef*, MicroOp> map;
    const auto add = [&](const char* name, Kind kind, auto function) {
      map[&find_op(name)] = {kind, static_cast<uint8_t>(function)};
    };
#define NACRE_ADD(function, name, function_kind) \
  add(name, Kind::kUnary, kernels::Unary::k##function_kind);
    NACRE_UNARY_OPS(NACRE_ADD)
#undef NACRE_ADD
#define NACRE_ADD(function, name, function_kind) \
  add(name, Kind::kBinary, kernels::Binary::k##function_kind);
    NACRE_BINARY_OPS(NACRE_ADD)
    NACRE_GRADIENT_OPS(NACRE_ADD)
#undef NACRE_ADD
#define NACRE_ADD(function, name, function_kind) \
  add(name, Kind::kCompare, kernels::Compare::k##function_kind);
    NACRE_COMPARE_OPS(NACRE_ADD)
#undef NACRE_ADD
    add("select_where", Kind::kSelect, 0);
    add("clip_scalar", Kind::kClip, 0);
    add("bool_and", Kind::kAnd, 0);
    add("bool_or", Kind::kOr, 0);
    add("bool_xor", Kind::kXor, 0);
    add("cast", Kind::kCopy, 0);  // which one depends on the dtypes
    add("broadcast_to", Kind::kCopy, 0);
    add("isnan", Kind::kCompare, kernels::Compare::kNotEqual);  // of x with itself
    add("isfinite", Kind::kFinite, 0);
    add("dropout_forward", Kind::kKeep, 0);  // and kDropout: see fused()
    add("dropout_grad", Kind::kDropout, 0);
    return map;
  }();
  const auto found = micro_ops.find(op);
  return found == micro_ops.end() ? nullptr : &found->second;
}

// The reductions that a program can make.
struct RowReduction {
  kernels::Reduce function;
  int64_t row;
  double divisor;
};

class Fuser {
 public:
  explicit Fuser(Graph graph)
      : graph_(std::move(graph)),
        group_of_value_(graph_.values.size(), -1),
        group_of_node_(graph_.nodes.size(), -1) {}

  Graph run() {
    for (size_t n = 0; n < graph_.nodes.size(); ++n) visit(static_cast<int>(n));
    uses_ = use_counts(graph_);
    std::vector<GraphNode> nodes;
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const int g = group_of_node_[n] < 0 ? -1 : root(group_of_node_[n]);
      if (g < 0 || groups_[g].nodes.size() < 2) {
        nodes.push_back(graph_.nodes[n]);
      } else if (groups_[g].nodes.back() == static_cast<int>(n)) {
        nodes.push_back(fused(groups_[g]));
      }
    }
    graph_.nodes = std::move(nodes);
    return std::move(graph_);
  }

 private:
  // A value that a program reads from outside, for every element or (per_row) for every row.
  struct Input {
    int value;
    bool per_row;
    bool operator==(const Input&) const = default;
  };

  struct Group {
    Shape shape;
    std::vector<int> nodes;     // in order
    std::vector<Input> inputs;  // each once
    int64_t row = 0;            // elements of a row, once something is reduced
    bool open = true;
    int merged_into = -1;
  };

  const TensorSpec& spec(int value) const { return graph_.values[value].spec; }

  int root(int group) const {
    while (groups_[group].merged_into >= 0) group = groups_[group].merged_into;
    return group;
  }

  int group_of(int value) const {
    return value < 0 || group_of_value_[value] < 0 ? -1 : root(group_of_value_[value]);
  }

  // The open group that makes `value`, or -1.
  int open_group_of(int value) const {
    const int group = group_of(value);
    return group >= 0 && groups_[group].open ? group : -1;
  }

  int start_group(const Shape& shape) {
    groups_.push_back({shape, {}, {}, 0, true, -1});
    return static_cast<int>(groups_.size()) - 1;
  }

  void visit(int n) {
    const GraphNode& node = graph_.nodes[n];
    std::vector<int> joined;
    bool per_row = false;
    if (const auto reduction = row_reduction(node)) {
      const int x = node.inputs[0];
      int group = open_group_of(x);
      if (const auto reader = last_reader_.find(x); group < 0 && reader != last_reader_.end()) {
        group = root(reader->second);  // which reads the same data
      }
      const bool joins = group >= 0 && groups_[group].open &&
                         groups_[group].shape == spec(x).shape && !per_row_.contains(x) &&
                         (groups_[group].row == 0 || groups_[group].row == reduction->row) &&
                         fits({group}, node, false);
      joined = {joins ? group : start_group(spec(x).shape)};
      groups_[joined[0]].row = reduction->row;
      per_row = true;
    } else if (instruction_of(node)) {
      if (const int group = group_of_rows(node); group >= 0 && fits({group}, node, true)) {
        joined = {group};
        per_row = true;
      } else {
        joined = groups_to_join(node);
        if (joined.empty()) joined = {start_group(spec(node.outputs[0]).shape)};
      }
    }
    // Whoever reads a value from outside its group ends the group.
    for (const int input : node.inputs) {
      const int group = open_group_of(input);
      if (group >= 0 && std::find(joined.begin(), joined.end(), group) == joined.end()) {
        groups_[group].open = false;
      }
    }
    if (!joined.empty()) add(joined, n, per_row);
  }

  // The open group whose rows' values the node works on, with others of the same shape, or -1.
  int group_of_rows(const GraphNode& node) const {
    const MicroOp* micro = micro_op_of(node.op);
    const Shape& shape = spec(node.outputs[0]).shape;
    if (micro->kind == Kind::kCopy && node.op->name != "cast") return -1;
    if (micro->kind == Kind::kKeep) return -1;  // counts elements
    int group = -1;
    for (const int input : node.inputs) {
      const int g = open_group_of(input);
      if (g >= 0 && per_row_.contains(input) && (group < 0 || g == group)) group = g;
    }
    if (group < 0) return -1;
    for (const int input : node.inputs) {
      const bool own = group_of(input) == group;
      if (own && !(per_row_.contains(input) && spec(input).shape == shape)) return -1;
      if (!own && !(spec(input).shape == shape) && spec(input).shape.size() != 1) return -1;
    }
    return group;
  }

  // May the node, whose result has the group's shape, read everything that it reads of the group?
  bool reads_fit(int group, const GraphNode& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](int input) {
      if (group_of(input) != group) return true;
      const Shape& shape = groups_[group].shape;
      const Shape& own = spec(input).shape;
      if (!per_row_.contains(input)) return own == shape;
      // One a row, with the reduced axes kept as 1.
      if (own.rank() != shape.rank()) return false;
      int64_t row = groups_[group].row;
      for (int i = shape.rank() - 1; i >= 0; --i) {
        if (own[i] == shape[i]) continue;
        if (own[i] != 1) return false;
        row /= shape[i];
      }
      return row == 1 && own.size() * groups_[group].row == shape.size();
    });
  }

  std::vector<int> groups_to_join(const GraphNode& node) const {
    const Shape& shape = spec(node.outputs[0]).shape;
    std::vector<int> joined;
    const auto join = [&](int group) {
      if (group < 0 || !groups_[group].open || !(groups_[group].shape == shape)) return;
      if (std::find(joined.begin(), joined.end(), group) != joined.end()) return;
      std::vector<int> together = joined;
      together.push_back(group);
      if (reads_fit(group, node) && fits(together, node, false)) joined = std::move(together);
    };
    for (const int input : node.inputs) join(open_group_of(input));
    // Also one that reads the same data from outside.
    for (const int input : node.inputs) {
      const auto reader = last_reader_.find(input);
      if (reader != last_reader_.end() && spec(input).shape == shape) join(root(reader->second));
    }
    return joined;
  }

  std::vector<Input> inputs_of(const std::vector<int>& groups, const GraphNode& node,
                               bool per_row) const {
    std::vector<Input> inputs;
    const auto add = [&](const Input& input) {
      if (std::find(groups.begin(), groups.end(), group_of(input.value)) != groups.end()) return;
      if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) inputs.push_back(input);
    };
    for (const int g : groups) {
      for (const Input& input : groups_[g].inputs) add(input);
    }
    for (const int value : node.inputs) add({value, per_row && spec(value).shape.size() != 1});
    return inputs;
  }

  bool fits(const std::vector<int>& groups, const GraphNode& node, bool per_row) const {
    size_t count = node.outputs.size();
    int64_t row = 0;
    for (const int g : groups) {
      for (const int n : groups_[g].nodes) {
        const GraphNode& member = graph_.nodes[n];
        // One instruction an output; what there is one of a row may be spread.
        count += member.outputs.size() + (per_row_.contains(member.outputs[0]) ? 1 : 0);
      }
      if (row > 0 && groups_[g].row > 0 && groups_[g].row != row) return false;
      row = std::max(row, groups_[g].row);
    }
    return count < kMaxPointwiseInstructions &&
           inputs_of(groups, node, per_row).size() <= kMaxPointwiseInputs;
  }

  // Merges the groups and adds node n at the end.
  void add(const std::vector<int>& joined, int n, bool per_row) {
    const GraphNode& node = graph_.nodes[n];
    std::vector<Input> inputs = inputs_of(joined, node, per_row && !row_reduction(node));
    const int g = joined[0];
    Group& group = groups_[g];
    for (size_t i = 1; i < joined.size(); ++i) {
      Group& other = groups_[joined[i]];
      group.nodes.insert(group.nodes.end(), other.nodes.begin(), other.nodes.end());
      group.row = std::max(group.row, other.row);
      other.merged_into = g;
      other.nodes.clear();
    }
    std::sort(group.nodes.begin(), group.nodes.end());
    group.nodes.push_back(n);
    group.inputs = std::move(inputs);
    for (const Input& input : group.inputs) last_reader_[input.value] = g;
    group_of_node_[n] = g;
    for (const int output : node.outputs) group_of_value_[output] = g;
    if (per_row) per_row_.insert(node.outputs[0]);
  }

  // The micro-op of a node and the values it reads, where programs have one for its dtypes.
  std::optional<std::pair<Instruction, std::vector<int>>> instruction_of(
      const GraphNode& node) const {
    const MicroOp* micro = micro_op_of(node.op);
    if (!micro || node.outputs.size() != (micro->kind == Kind::kKeep ? 2 : 1)) return std::nullopt;
    const DType result = spec(node.outputs[0]).dtype;
    if (spec(node.outputs[0]).shape.size() == 0) return std::nullopt;
    std::vector<int> inputs = node.inputs;
    for (const int input : inputs) {
      if (input < 0 || spec(input).shape.size() == 0) return std::nullopt;
    }
    const auto is = [&](size_t i, DType dtype) { return spec(inputs[i]).dtype == dtype; };
    Instruction code;
    code.kind = micro->kind;
    code.function = micro->function;
    switch (micro->kind) {
      case Kind::kUnary:
      case Kind::kBinary:
        for (size_t i = 0; i < inputs.size(); ++i) {
          if (!is(i, DType::kFloat32)) return std::nullopt;
        }
        if (result != DType::kFloat32) return std::nullopt;
        break;
      case Kind::kCompare:
        if (inputs.size() == 1) inputs.push_back(inputs[0]);
        if (is(0, DType::kBool) && is(1, DType::kBool)) {
          const auto function = static_cast<kernels::Compare>(micro->function);
          if (function == kernels::Compare::kEqual) {
            code.kind = Kind::kSame;
          } else if (function == kernels::Compare::kNotEqual) {
            code.kind = Kind::kXor;
          } else {
            return std::nullopt;
          }
        } else if (!is(0, DType::kFloat32) || !is(1, DType::kFloat32)) {
          return std::nullopt;
        }
        break;
      case Kind::kFinite:
        if (!is(0, DType::kFloat32)) return std::nullopt;
        break;
      case Kind::kSelect:
        if (!is(0, DType::kBool) || !is(1, DType::kFloat32)) return std::nullopt;
        break;
      case Kind::kClip:
        if (!is(0, DType::kFloat32)) return std::nullopt;
        code.low = std::get<double>(attribute(node, "x_min"));
        code.high = std::get<double>(attribute(node, "x_max"));
        break;
      case Kind::kKeep:
        // The kernel of every instruction set, or none at all.
        if (!is(0, DType::kFloat32) || !kernels::table().dropout) return std::nullopt;
        code.low = std::get<double>(attribute(node, "rate"));
        inputs = {inputs[1]};
        break;
      case Kind::kDropout:
        if (!is(1, DType::kFloat32)) return std::nullopt;
        code.low = dropout_scale(std::get<double>(attribute(node, "rate")));
        break;
      case Kind::kCopy:
        if (node.op->name == "cast") {
          if (result == DType::kFloat32 && (is(0, DType::kBool) || is(0, DType::kUInt8))) {
            code.kind = Kind::kFromBytes;
          } else if (result == DType::kBool && is(0, DType::kFloat32)) {
            code.kind = Kind::kToBytes;
          } else {
            return std::nullopt;
          }
        } else if (result != DType::kFloat32 || is_reshape(graph_, node)) {
          return std::nullopt;
        }
        break;
      default:  // of bytes
        if (!is(0, DType::kBool) || !is(1, DType::kBool)) return std::nullopt;
        break;
    }
    return std::make_pair(code, std::move(inputs));
  }

  // A reduction of the trailing axes that takes whole rows in the order of the op's own kernel.
  std::optional<RowReduction> row_reduction(const GraphNode& node) const {
    using kernels::Reduce;
    RowReduction r{Reduce::kSum, 1, 1};
    const std::string& name = node.op->name;
    const bool mean = name == "mean";
    if (name == "max") {
      r.function = Reduce::kMax;
    } else if (name == "min") {
      r.function = Reduce::kMin;
    } else if (name != "sum" && !mean) {
      return std::nullopt;
    }
    const TensorSpec& in = spec(node.inputs[0]);
    if (in.dtype != DType::kFloat32 || !(spec(node.outputs[0]).dtype == in.dtype)) {
      return std::nullopt;
    }
    if (!std::holds_alternative<std::monostate>(attribute(node, "initial"))) return std::nullopt;
    const AttrValue axis = attribute(node, "axis");
    const int rank = in.shape.rank();
    uint32_t reduced = (1u << rank) - 1;
    if (const auto* axes = std::get_if<IntList>(&axis)) {
      reduced = 0;
      for (const int64_t a : *axes) reduced |= 1u << normalize_axis(a, rank, name);
    }
    int first = rank;  // of the reduced axes
    while (first > 0 && ((reduced >> (first - 1)) & 1u)) --first;
    if (first == rank || (reduced & ((1u << first) - 1)) != 0) return std::nullopt;
    r.row = in.shape.size(first, rank);
    if (r.row < 2 || r.row > kMaxPointwiseRow) return std::nullopt;
    // Few long rows are reduced in parts by the op: another order.
    if (!reduces_whole_rows(in.shape.size() / r.row, r.row)) return std::nullopt;
    if (mean) r.divisor = static_cast<double>(r.row);
    return r;
  }

  GraphNode fused(const Group& group) {
    auto attrs = make_ref<PointwiseAttrs>();
    attrs->shape = group.shape.vector();
    attrs->inputs = static_cast<int64_t>(group.inputs.size());
    attrs->row = group.row;
    GraphNode out;
    out.op = &pointwise_op();
    // Numbers of values within the program: for every element, for every row.
    std::unordered_map<int, int> elements, rows;
    int next = 0;
    for (const Input& input : group.inputs) {
      if (input.per_row) attrs->row_inputs.push_back(next);
      (input.per_row ? rows : elements).emplace(input.value, next++);
      out.inputs.push_back(input.value);
    }
    std::unordered_map<int, int> uses_inside;
    for (const int n : group.nodes) {
      for (const int input : graph_.nodes[n].inputs) ++uses_inside[input];
    }
    const auto append = [&](const Instruction& code) {
      attrs->append(code);
      return next++;
    };
    // The value for every element; what there is one of a row is spread first.
    const auto element_number = [&](int value) {
      const auto found = elements.find(value);
      if (found != elements.end()) return found->second;
      Instruction spread;
      spread.kind = Kind::kSpread;
      if (spec(value).dtype != DType::kFloat32) spread.function = Instruction::kSpreadBytes;
      spread.operands[0] = rows.at(value);
      return elements[value] = append(spread);
    };
    const auto row_number = [&](int value) {
      const auto found = rows.find(value);
      return found != rows.end() ? found->second : elements.at(value);  // a scalar
    };
    for (const int n : group.nodes) {
      const GraphNode& node = graph_.nodes[n];
      const int value = node.outputs[0];
      Instruction code;
      std::vector<int> inputs = node.inputs;
      const auto reduction = row_reduction(node);
      const bool per_row = per_row_.contains(value);
      if (reduction && per_row) {
        code.kind = Kind::kRowReduce;
        code.function = static_cast<uint8_t>(reduction->function);
        code.divisor = reduction->divisor;
      } else {
        std::tie(code, inputs) = *instruction_of(node);
      }
      code.per_row = per_row;
      const bool reads_rows = per_row && code.kind != Kind::kRowReduce;
      for (size_t p = 0; p < inputs.size(); ++p) {
        code.operands[p] = reads_rows ? row_number(inputs[p]) : element_number(inputs[p]);
      }
      const auto give = [&](int result, int number) {
        (per_row ? rows : elements).emplace(result, number);
        if (uses_[result] > uses_inside[result]) {
          attrs->results.push_back(number);
          out.outputs.push_back(result);
        }
      };
      const int number = append(code);
      if (code.kind == Kind::kKeep) {
        give(node.outputs[1], number);
        code.kind = Kind::kDropout;
        code.low = dropout_scale(code.low);
        code.operands[0] = number;
        code.operands[1] = element_number(node.inputs[0]);
        give(value, append(code));
      } else {
        give(value, number);
      }
    }
    const GraphNode& last = graph_.nodes[group.nodes.back()];
    out.scope = last.scope;
    out.backward = last.backward;
    out.attrs = std::move(attrs);
    return out;
  }

  Graph graph_;
  std::vector<Group> groups_;
  std::vector<int> group_of_value_;  // -1 outside; of groups that may have been merged
  std::vector<int> group_of_node_;
  std::unordered_map<int, int>
      last_reader_;                  // of values: the last group that reads it from outside
  std::unordered_set<int> per_row_;  // values of programs of which there is one a row
  std::vector<int> uses_;
};

}  // namespace

Graph fuse_pointwise(Graph graph) {
  return Fuser(std::move(graph)).run();
}

}  // namespace nacre
