// Memory pass: where every value of a graph lives while its plan runs.
#pragma once

#include <cstdint>
#include <vector>

#include "nacre/graph/graph.h"

namespace nacre {

// An address: bytes from the start of the arena, an argument, a variable, a constant, an output or
// a value kept between runs.
struct Place {
  enum class Base : uint8_t { kArena, kArgument, kVariable, kConstant, kOutput, kKept } base;
  int index = 0;  // of the argument, variable, constant, output or kept node
  size_t offset = 0;
};

struct MemoryPlan {
  std::vector<Place> places;              // one a value
  std::vector<uint8_t> is_view;           // one a node: its result shares its input's data
  std::vector<uint8_t> written;           // one a variable: assigned, in place or by a copy
  std::vector<Graph::Assignment> copies;  // assignments that could not be made in place
  std::vector<uint8_t> output_direct;     // one an output: computed where the caller gets it
  size_t arena_bytes = 0;
};

// Values share memory when they are never needed at the same time; views and elementwise results
// take over their input's place; variables and outputs are written where they belong when no one
// reads the old value later.
MemoryPlan plan_memory(const Graph& graph);

}  // namespace nacre
