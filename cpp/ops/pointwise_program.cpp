#include "ops/pointwise_program.h"

#include <algorithm>

namespace nacre {
namespace {

using Instruction = PointwiseInstruction;
using Kind = Instruction::Kind;

// Operand `position` may be one element that is repeated.
bool repeats(Kind kind, int position) {
  return kind == Kind::kBinary || kind == Kind::kCompare || (kind == Kind::kSelect && position > 0);
}

}  // namespace

std::shared_ptr<const PointwiseProgram> prepare_pointwise(const PointwiseAttrs& attrs) {
  auto program = std::make_shared<PointwiseProgram>();
  const int inputs = static_cast<int>(attrs.inputs);
  const int count = attrs.num_instructions();
  for (int i = 0; i < count; ++i) program->code.push_back(attrs.instruction(i));
  program->last_read.assign(inputs, -1);
  program->needs_elements.assign(inputs + count, 0);
  program->per_row.assign(inputs + count, 0);
  program->seeds.assign(inputs, 0);
  for (const int64_t i : attrs.row_inputs) program->per_row[i] = 1;
  for (int i = 0; i < count; ++i) program->per_row[inputs + i] = program->code[i].per_row;
  std::vector<int> last_use(count, -1);  // of each instruction's value
  for (int i = 0; i < count; ++i) {
    for (int p = 0; p < 3; ++p) {
      const int value = program->code[i].operands[p];
      if (value < 0) continue;
      if (program->code[i].kind == Kind::kKeep) {
        program->seeds[value] = 1;
        program->last_read[value] = i;
        continue;
      }
      if (!repeats(program->code[i].kind, p)) program->needs_elements[value] = 1;
      if (value >= inputs) {
        last_use[value - inputs] = i;
      } else {
        program->last_read[value] = i;
      }
    }
  }
  // What is spread may be read in the place of the spread value.
  for (int i = count - 1; i >= 0; --i) {
    const int row_value = program->code[i].operands[0] - inputs;
    if (program->code[i].kind != Kind::kSpread || row_value < 0) continue;
    last_use[row_value] = std::max(last_use[row_value], last_use[i]);
  }
  program->target.assign(count, 0);
  std::vector<uint8_t> is_output(count, 0);
  for (size_t o = 0; o < attrs.results.size(); ++o) {
    const int i = static_cast<int>(attrs.results[o]) - inputs;
    program->target[i] = -1 - static_cast<int>(o);
    program->needs_elements[inputs + i] = 1;
    is_output[i] = 1;
  }
  std::vector<int> free;
  for (int i = 0; i < count; ++i) {
    const Instruction& code = program->code[i];
    std::vector<int> dying;
    for (int value = 0; value < i; ++value) {
      if (last_use[value] == i && !is_output[value]) dying.push_back(value);
    }
    // A float32 result may take the register of a float32 operand that is not needed again, if both
    // are of the same kind: element i is written after element i is read.
    const auto before = [&](int value) {
      return !code.gives_bytes() && !program->code[value].gives_bytes() &&
             code.kind != Kind::kRowReduce && code.kind != Kind::kSpread &&
             program->code[value].per_row == code.per_row;
    };
    const auto release = [&](bool early) {
      for (const int value : dying) {
        if (before(value) == early) free.push_back(program->target[value]);
      }
    };
    release(true);
    if (!is_output[i]) {
      if (free.empty()) free.push_back(program->num_registers++);
      program->target[i] = free.back();
      free.pop_back();
    }
    release(false);
  }
  return program;
}

}  // namespace nacre
