// The order of the passes, and NACRE_PASSES: "-simplify,-dead" turns two off, "none" all.
#include <cstdlib>
#include <string_view>

#include "graph/passes/passes.h"

namespace nacre {
namespace {

struct Pass {
  std::string_view name;
  Graph (*run)(Graph);
};

constexpr Pass kPasses[] = {
    {"dead", remove_dead_nodes},   {"simplify", simplify},       {"rows", take_rows},
    {"loss", fuse_cross_entropy},  {"epilogue", fold_epilogues}, {"images", run_by_images},
    {"bias", sum_beside_products}, {"update", merge_updates},    {"pointwise", fuse_pointwise},
    {"layout", keep_weights},
};

bool switched_off(std::string_view name) {
  const char* setting = std::getenv("NACRE_PASSES");
  if (!setting) return false;
  std::string_view rest = setting;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    if (item == "none") return true;
    if (!item.empty() && item.front() == '-' && item.substr(1) == name) return true;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

Graph optimize(Graph graph) {
  for (const Pass& pass : kPasses) {
    if (!switched_off(pass.name)) graph = pass.run(std::move(graph));
  }
  return graph;
}

}  // namespace nacre
