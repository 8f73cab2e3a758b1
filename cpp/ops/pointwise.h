// Pointwise programs: a short list of micro-ops over one iteration space, run tile by tile on data
// that stays in the first-level cache. The pointwise pass (graph/passes/pointwise.cpp) writes them.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nacre/ops/opdef.h"

namespace nacre {

// Values are numbered: the inputs first, then one for each instruction.
struct PointwiseInstruction {
  // Bytes are bool (0 or 1) elements, everything else is float32.
  enum class Kind : uint8_t {
    kUnary,    // function: kernels::Unary
    kBinary,   // function: kernels::Binary
    kCompare,  // function: kernels::Compare; gives bytes
    kSelect,   // a (bytes) ? b : c
    kClip,     // a limited to [low, high]
    kAnd,      // of bytes, as the next three
    kOr,
    kXor,
    kSame,       // not xor
    kFromBytes,  // bytes as float32
    kToBytes,    // whether a is not 0
    kFinite,     // whether a is neither NaN nor an infinity
    kCopy,       // a, repeated to the iteration space
    kRowReduce,  // function: kernels::Reduce over each row, divided by `divisor`; gives one a row
    kSpread,     // a, of which there is one a row, for every element; function: kSpreadBytes or 0
    kKeep,     // whether dropout with the seed a (an input) keeps the element, probability 1 - low
    kDropout,  // a (bytes) ? b * low : 0
  };
  static constexpr uint8_t kSpreadBytes = 1;
  static constexpr int kFields = 6;  // in PointwiseAttrs::code

  Kind kind = Kind::kCopy;
  uint8_t function = 0;
  bool per_row = false;  // the result, and all operands but those of kRowReduce: one a row
  int operands[3] = {-1, -1, -1};
  double low = 0, high = 0;  // kClip, kKeep, kDropout
  double divisor = 1;        // kRowReduce

  bool gives_bytes() const {
    return kind == Kind::kCompare || (kind >= Kind::kAnd && kind <= Kind::kSame) ||
           kind == Kind::kToBytes || kind == Kind::kFinite || kind == Kind::kKeep ||
           (kind == Kind::kSpread && function == kSpreadBytes);
  }
  std::string_view name() const;  // "exp", "multiply", "select"
};

struct PointwiseProgram;  // made ready to run

struct PointwiseAttrs : AttrsOf<PointwiseAttrs> {
  IntList shape;       // of the iteration space, to which all inputs broadcast
  int64_t inputs = 0;  // how many
  IntList row_inputs;  // which of them have one element a row
  IntList code;        // kFields numbers an instruction: kind, function, per_row, operands
  FloatList numbers;   // two an instruction: low and high, or divisor and 0
  IntList results;     // the values that are outputs, in order
  int64_t row = 0;  // elements of a row, the trailing axes that kRowReduce reduces; 0 without any
  NACRE_ATTRS(shape, inputs, code, numbers, results, row)

  void append(const PointwiseInstruction& instruction);
  int num_instructions() const {
    return static_cast<int>(code.size()) / PointwiseInstruction::kFields;
  }
  PointwiseInstruction instruction(int index) const;
  std::string text() const;  // the micro-ops' names in order: "add, relu"
  const PointwiseProgram& program() const;

 private:
  mutable std::once_flag once_;
  mutable std::shared_ptr<const PointwiseProgram> program_;
};

// Limits of one program.
inline constexpr int kMaxPointwiseInputs = 24;
inline constexpr int kMaxPointwiseInstructions = 48;
inline constexpr int64_t kMaxPointwiseRow = 4096;  // elements, of rows that are reduced

// The op that runs programs. It makes no tensors by itself: only plans hold it.
const OpDef& pointwise_op();

}  // namespace nacre
