// A pointwise program made ready to run: registers for its values, by their lifetimes.
#pragma once

#include "ops/pointwise.h"

namespace nacre {

// What does not depend on shapes or addresses.
struct PointwiseProgram {
  std::vector<PointwiseInstruction> code;
  std::vector<int> target;              // of each instruction: a register, or -1 - output
  std::vector<int> last_read;           // of each input: the last instruction that reads it
  std::vector<uint8_t> needs_elements;  // of each value: some reader cannot repeat one element
  std::vector<uint8_t> per_row;         // of each value
  std::vector<uint8_t> seeds;           // of each input: kKeep reads it, whatever its shape
  int num_registers = 0;
};

std::shared_ptr<const PointwiseProgram> prepare_pointwise(const PointwiseAttrs& attrs);

// The op's kernel: runs the program of its attributes tile by tile.
void run_pointwise(const KernelContext& context);

}  // namespace nacre
