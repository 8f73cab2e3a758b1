#include "graph/passes/rewrite.h"

#include <unordered_set>

#include "nacre/ops/ops.h"

namespace nacre {

std::vector<int> producers_of(const Graph& graph) {
  std::vector<int> producer(graph.values.size(), -1);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const int output : graph.nodes[n].outputs) producer[output] = static_cast<int>(n);
  }
  return producer;
}

std::vector<int> use_counts(const Graph& graph) {
  std::vector<int> uses(graph.values.size(), 0);
  const auto use = [&](int value) {
    if (value >= 0) ++uses[value];
  };
  for (const GraphNode& node : graph.nodes) {
    for (const int input : node.inputs) use(input);
  }
  for (const int output : graph.outputs) use(output);
  for (const auto& assignment : graph.assignments) use(assignment.value);
  return uses;
}

AttrValue attribute(const GraphNode& node, std::string_view name) {
  if (!node.attrs) return {};
  const auto& names = node.attrs->field_names();
  for (size_t f = 0; f < names.size(); ++f) {
    if (names[f] == name) return node.attrs->get(static_cast<int>(f));
  }
  return {};
}

Ref<Attrs> with_attributes(const GraphNode& node,
                           std::initializer_list<std::pair<std::string_view, AttrValue>> changes) {
  Ref<Attrs> attrs = node.op->make_attrs();
  const auto& names = attrs->field_names();
  const bool same_kind = node.attrs && node.attrs->field_names() == names;
  for (size_t f = 0; f < names.size(); ++f) {
    const int field = static_cast<int>(f);
    if (same_kind) attrs->set(field, node.attrs->get(field));
    for (const auto& [name, value] : changes) {
      if (names[f] == name) attrs->set(field, value);
    }
  }
  return attrs;
}

void make_fused_matmul(GraphNode& node) {
  const AttrValue a = attribute(node, "transpose_a"), b = attribute(node, "transpose_b");
  node.op = &find_op("fused_matmul");
  node.attrs = with_attributes(node, {{"transpose_a", a}, {"transpose_b", b}});
}

std::optional<double> uniform_value(const Tensor& tensor) {
  constexpr int64_t kMaxElements = 4096;
  const int64_t n = tensor.size();
  if (n == 0 || n > kMaxElements) return std::nullopt;
  const size_t size = size_of(tensor.dtype());
  const char* bytes = static_cast<const char*>(tensor.data());
  for (int64_t i = 1; i < n; ++i) {
    if (std::memcmp(bytes, bytes + static_cast<size_t>(i) * size, size) != 0) return std::nullopt;
  }
  return dispatch(tensor.dtype(),
                  [&]<class T>(type_tag<T>) { return static_cast<double>(*tensor.data<T>()); });
}

bool broadcasts_operands(const OpDef& op) {
  static const std::unordered_set<const OpDef*> broadcasting = [] {
    std::unordered_set<const OpDef*> ops;
#define NACRE_INSERT(function, name, kind) ops.insert(&find_op(name));
    NACRE_BINARY_OPS(NACRE_INSERT)
    NACRE_GRADIENT_OPS(NACRE_INSERT)
    NACRE_COMPARE_OPS(NACRE_INSERT)
#undef NACRE_INSERT
    for (const char* name : {"select_where", "bool_and", "bool_or", "bool_xor"}) {
      ops.insert(&find_op(name));
    }
    return ops;
  }();
  return broadcasting.contains(&op);
}

int summed_axes(const GraphNode& node, const Shape& in) {
  static const OpDef& sum = find_op("sum");
  if (node.op != &sum) return 0;
  const AttrValue axis = attribute(node, "axis");
  const IntList* axes = std::get_if<IntList>(&axis);
  if (!axes) return 0;
  const auto count = static_cast<int>(axes->size());
  for (const int64_t a : *axes) {
    if (normalize_axis(a, in.rank(), "sum") >= count) return 0;
  }
  return count;
}

bool is_reshape(const Graph& graph, const GraphNode& node) {
  static const OpDef& apart = find_op("recompute_from");  // is there not to be seen through
  if (node.op == &apart) return false;
  if (!node.op->view || node.inputs.empty() || node.inputs[0] < 0) return false;
  const TensorSpec& in = graph.values[node.inputs[0]].spec;
  const TensorSpec& out = graph.values[node.outputs[0]].spec;
  return in.dtype == out.dtype && in.shape.size() == out.shape.size() &&
         node.op->view(node.attrs.get(), in, out) == 0;
}

}  // namespace nacre
