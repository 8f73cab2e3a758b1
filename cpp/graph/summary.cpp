#include "nacre/graph/summary.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include "nacre/graph/profiler.h"
#include "ops/pointwise.h"

namespace nacre {
namespace {

std::string kernel_name(const GraphNode& node) {
  if (node.op != &pointwise_op()) return node.op->name;
  return "pointwise: " + static_cast<const PointwiseAttrs&>(*node.attrs).text();
}

// 1234567 as "1.2 M": three digits or more before a unit.
std::string in_units(double value) {
  constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  int unit = 0;
  while (value >= 1000 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f%s" : "%.1f%s", value, kUnits[unit]);
  return text;
}

std::string padded(const std::string& text, size_t width, bool left) {
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  return left ? text + space : space + text;
}

// Long lists of micro-ops are shortened in the middle.
std::string shortened(const std::string& text, size_t width) {
  if (text.size() <= width) return text;
  const size_t tail = width / 3;
  return text.substr(0, width - tail - 3) + "..." + text.substr(text.size() - tail);
}

}  // namespace

PlanSummary summarize(const Plan& plan) {
  const Graph& graph = plan.graph();
  PlanSummary s;
  s.recorded_nodes = plan.num_recorded_nodes();
  s.build_seconds = plan.build_seconds();
  s.arena_bytes = plan.arena_bytes();
  for (const GraphNode& node : graph.nodes) {
    if (!node.kept) continue;
    ++s.kept;
    s.kept_bytes += graph.values[node.outputs[0]].spec.bytes();
  }
  s.views = static_cast<int>(graph.nodes.size() - plan.step_nodes().size()) - s.kept;
  std::map<std::string, PlanSummary::Row> rows;
  for (const int n : plan.step_nodes()) {
    const GraphNode& node = graph.nodes[n];
    PlanSummary::Row& row = rows[kernel_name(node)];
    const auto [flops, bytes] = node_cost(graph, node);
    ++row.calls;
    row.flops += flops;
    row.bytes += bytes;
    if (node.op == &pointwise_op()) {
      s.fused_ops += static_cast<const PointwiseAttrs&>(*node.attrs).num_instructions();
    }
  }
  for (auto& [name, row] : rows) {
    row.kernel = name;
    s.rows.push_back(std::move(row));
  }
  std::stable_sort(s.rows.begin(), s.rows.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  std::vector<uint8_t> read(graph.constants.size(), 0);
  for (const GraphNode& node : graph.nodes) {
    for (const int input : node.inputs) {
      if (input < 0 || graph.values[input].kind != GraphValue::Kind::kConstant) continue;
      read[graph.values[input].index] = 1;
    }
  }
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i]) s.constant_bytes += graph.constants[i].bytes();
  }
  s.updated_by_copy = static_cast<int>(plan.memory().copies.size());
  s.updated_in_place = static_cast<int>(graph.assignments.size()) - s.updated_by_copy;
  return s;
}

std::string to_string(const PlanSummary& s) {
  constexpr size_t kMaxName = 52;
  size_t width = 6;
  for (const auto& row : s.rows) width = std::max(width, std::min(kMaxName, row.kernel.size()));
  std::ostringstream out;
  const auto line = [&](const std::string& name, const std::string& calls, const std::string& flops,
                        const std::string& bytes) {
    out << padded(shortened(name, kMaxName), width, true) << "  " << padded(calls, 6, false) << "  "
        << padded(flops, 8, false) << "  " << padded(bytes, 8, false) << "\n";
  };
  const std::string rule(width + 28, '-');
  int kernels = 0;
  double flops = 0, bytes = 0;
  line("Kernel", "calls", "FLOPs", "bytes");
  out << rule << "\n";
  for (const auto& row : s.rows) {
    line(row.kernel, std::to_string(row.calls), in_units(row.flops), in_units(row.bytes));
    kernels += row.calls;
    flops += row.flops;
    bytes += row.bytes;
  }
  out << rule << "\n";
  line("Total", std::to_string(kernels), in_units(flops), in_units(bytes));
  char milliseconds[32];
  std::snprintf(milliseconds, sizeof milliseconds, "%.2f", s.build_seconds * 1e3);
  out << "Recorded ops: " << s.recorded_nodes << "; kernels: " << kernels << ", " << s.fused_ops
      << " ops fused into pointwise programs; views: " << s.views << "\n"
      << "Memory: " << in_units(static_cast<double>(s.arena_bytes)) << "B for values, "
      << in_units(static_cast<double>(s.constant_bytes)) << "B of constants, "
      << in_units(static_cast<double>(s.kept_bytes)) << "B in " << s.kept
      << " values kept while the weights stay the same\n"
      << "Variables updated in place: " << s.updated_in_place
      << ", by a copy: " << s.updated_by_copy << "\n"
      << "Built in " << milliseconds << " ms\n";
  return out.str();
}

}  // namespace nacre
