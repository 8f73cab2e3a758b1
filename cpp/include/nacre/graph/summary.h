// What a plan does, as a table for people: kernels, what was fused, FLOPs, bytes, memory.
#pragma once

#include <string>
#include <vector>

#include "nacre/graph/plan.h"

namespace nacre {

struct PlanSummary {
  struct Row {
    std::string kernel;  // the op, with its micro-ops where it is a pointwise program
    int calls = 0;
    double flops = 0;
    double bytes = 0;  // operands and results, each counted once
  };
  std::vector<Row> rows;  // those that move most bytes first
  int recorded_nodes = 0;
  int views = 0;      // nodes that only give data another shape: no work
  int fused_ops = 0;  // micro-ops of all pointwise programs
  int kept = 0;       // values that are kept between runs: packed weights
  size_t kept_bytes = 0;
  size_t arena_bytes = 0;
  size_t constant_bytes = 0;
  int updated_in_place = 0, updated_by_copy = 0;  // variables
  double build_seconds = 0;
};

PlanSummary summarize(const Plan& plan);

// The table: a line a kernel, totals and memory.
std::string to_string(const PlanSummary& summary);

}  // namespace nacre
