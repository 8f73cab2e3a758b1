#include "ops/pointwise.h"

#include "kernels/abi.h"
#include "nacre/ops/ops.h"
#include "ops/pointwise_program.h"

namespace nacre {
namespace {

using Instruction = PointwiseInstruction;
using Kind = Instruction::Kind;

}  // namespace

std::string_view PointwiseInstruction::name() const {
#define NACRE_NAME(function, name, kind)  \
  case kernels::NACRE_NAME_ENUM::k##kind: \
    return name;
  switch (kind) {
#define NACRE_NAME_ENUM Unary
    case Kind::kUnary:
      switch (static_cast<kernels::Unary>(function)) {
        NACRE_UNARY_OPS(NACRE_NAME)
        default:
          return "unary";
      }
#undef NACRE_NAME_ENUM
#define NACRE_NAME_ENUM Binary
    case Kind::kBinary:
      switch (static_cast<kernels::Binary>(function)) {
        NACRE_BINARY_OPS(NACRE_NAME)
        NACRE_GRADIENT_OPS(NACRE_NAME)
        default:
          return "binary";
      }
#undef NACRE_NAME_ENUM
#define NACRE_NAME_ENUM Compare
    case Kind::kCompare:
      switch (static_cast<kernels::Compare>(function)) {
        NACRE_COMPARE_OPS(NACRE_NAME)
        default:
          return "compare";
      }
#undef NACRE_NAME_ENUM
#undef NACRE_NAME
    case Kind::kSelect:
      return "where";
    case Kind::kClip:
      return "clip";
    case Kind::kAnd:
      return "and";
    case Kind::kOr:
      return "or";
    case Kind::kXor:
      return "xor";
    case Kind::kSame:
      return "same";
    case Kind::kFromBytes:
    case Kind::kToBytes:
      return "cast";
    case Kind::kFinite:
      return "isfinite";
    case Kind::kCopy:
      return "repeat";
    case Kind::kSpread:
      return "spread";
    case Kind::kKeep:
      return "keep";
    case Kind::kDropout:
      return "dropout";
    case Kind::kRowReduce:
      break;
  }
  switch (static_cast<kernels::Reduce>(function)) {
    case kernels::Reduce::kMax:
      return "max";
    case kernels::Reduce::kMin:
      return "min";
    default:
      return divisor == 1 ? "sum" : "mean";
  }
}

void PointwiseAttrs::append(const PointwiseInstruction& i) {
  code.push_back(static_cast<int64_t>(i.kind));
  code.push_back(i.function);
  code.push_back(i.per_row);
  for (const int operand : i.operands) code.push_back(operand);
  const bool reduces = i.kind == Kind::kRowReduce;
  numbers.push_back(reduces ? i.divisor : i.low);
  numbers.push_back(reduces ? 0 : i.high);
}

PointwiseInstruction PointwiseAttrs::instruction(int index) const {
  const int64_t* field = code.data() + index * Instruction::kFields;
  Instruction i;
  i.kind = static_cast<Kind>(field[0]);
  i.function = static_cast<uint8_t>(field[1]);
  i.per_row = field[2] != 0;
  for (int p = 0; p < 3; ++p) i.operands[p] = static_cast<int>(field[3 + p]);
  const double* number = numbers.data() + 2 * index;
  if (i.kind == Kind::kRowReduce) {
    i.divisor = number[0];
  } else {
    i.low = number[0];
    i.high = number[1];
  }
  return i;
}

std::string PointwiseAttrs::text() const {
  std::string out;
  for (int i = 0; i < num_instructions(); ++i) {
    const PointwiseInstruction code = instruction(i);
    if (code.kind == Kind::kSpread) continue;  // not an op of its own
    if (!out.empty()) out += ", ";
    out += code.name();
  }
  return out;
}

const PointwiseProgram& PointwiseAttrs::program() const {
  std::call_once(once_, [this] { program_ = prepare_pointwise(*this); });
  return *program_;
}

const OpDef& pointwise_op() {
  static const OpDef op = [] {
    OpDef def;
    def.name = "pointwise";
    def.params = "*xs, shape!, inputs!, row_inputs!, code!, numbers!, results!, row!";
    def.doc = "A pointwise program.";
    def.make_attrs = make_attrs_of<PointwiseAttrs>;
    def.kernel = run_pointwise;
    def.flops = [](const Attrs* attrs, std::span<const Buffer>, std::span<const Buffer>) {
      const auto& a = static_cast<const PointwiseAttrs&>(*attrs);
      return static_cast<double>(Shape(a.shape).size()) * a.num_instructions();
    };
    def.elementwise = true;
    def.differentiable = false;
    def.internal = true;
    return def;
  }();
  return op;
}

}  // namespace nacre
