// What the simplify pass knows about single ops.
#include <cmath>

#include "graph/passes/rewrite.h"
#include "graph/passes/simplify.h"

namespace nacre {
namespace {

// The ops the rules name, looked up once.
struct Ops {
  const OpDef &add = find_op("add"), &subtract = find_op("subtract"),
              &multiply = find_op("multiply"), &divide = find_op("divide"),
              &negative = find_op("negative"), &cast = find_op("cast"), &fill = find_op("fill"),
              &reshape = find_op("reshape"), &transpose = find_op("transpose"),
              &broadcast_to = find_op("broadcast_to"), &matmul = find_op("matmul");
};

const Ops& ops_by_name() {
  static const Ops ops;
  return ops;
}

// Does every value of `from` survive in `to`, so that a cast through it can be left out?
bool holds_all_values(DType from, DType to) {
  if (from == to || from == DType::kBool) return true;
  const auto digits = [](DType d) {  // of the integers it holds exactly
    switch (d) {
      case DType::kFloat16:
        return 11;
      case DType::kBFloat16:
        return 8;
      case DType::kFloat32:
        return 24;
      case DType::kFloat64:
        return 53;
      default:
        return static_cast<int>(size_of(d)) * 8 - (is_unsigned(d) ? 0 : 1);
    }
  };
  if (is_floating(from)) {
    return is_floating(to) &&
           (to == DType::kFloat64 || (to == DType::kFloat32 && digits(from) < 24));
  }
  if (to == DType::kBool || digits(to) < digits(from)) return false;
  return is_floating(to) || is_unsigned(from) || !is_unsigned(to);
}

std::vector<int> axes_of(const GraphNode& transpose, int rank) {
  std::vector<int> order(rank);
  const AttrValue axes = attribute(transpose, "axes");
  for (int i = 0; i < rank; ++i) {
    order[i] = std::holds_alternative<IntList>(axes)
                   ? normalize_axis(std::get<IntList>(axes)[i], rank, "transpose")
                   : rank - 1 - i;
  }
  return order;
}

// The same operand before it was repeated, or -1.
int unrepeated(Simplified& s, int value) {
  const Ops& ops = ops_by_name();
  if (const Tensor* constant = s.constant(value); constant && constant->size() > 1) {
    if (!uniform_value(*constant)) return -1;
    Tensor one(TensorSpec{constant->dtype(), {}});
    std::memcpy(one.mutable_data(), constant->data(), size_of(constant->dtype()));
    return s.add_constant(std::move(one));
  }
  const GraphNode* node = s.made_by(value);
  if (!node) return -1;
  if (node->op == &ops.broadcast_to) return node->inputs[0];
  if (node->op == &ops.fill && s.spec(value).shape.size() != 1) {
    const Ref<Attrs> attrs = with_attributes(*node, {{"shape", IntList{}}});
    Tensor one(TensorSpec{s.spec(value).dtype, {}});
    const Buffer out{one.mutable_data(), &one.spec()};
    node->op->kernel({attrs.get(), {}, {&out, 1}, nullptr});
    return s.add_constant(std::move(one));
  }
  return -1;
}

void read_unrepeated_operands(Simplified& s, GraphNode& node) {
  const Shape wanted = s.spec(node.outputs[0]).shape;  // a copy: new constants move the values
  for (int& input : node.inputs) {
    const int before = input;
    const int smaller = unrepeated(s, before);
    if (smaller < 0) continue;
    input = smaller;
    Shape shape;
    for (const int operand : node.inputs) {
      shape = broadcast_shapes(shape, s.spec(operand).shape, node.op->name);
    }
    if (!(shape == wanted)) input = before;  // the other operands do not have its full shape
  }
}

// The matrix (or matrices) that `value` is the transpose of, or -1.
int untransposed(const Simplified& s, int value) {
  const GraphNode* node = s.made_by(value);
  const int rank = s.spec(value).shape.rank();
  if (!node || node->op != &ops_by_name().transpose || rank < 2) return -1;
  const std::vector<int> order = axes_of(*node, rank);
  for (int i = 0; i + 2 < rank; ++i) {
    if (order[i] != i) return -1;
  }
  return order[rank - 1] == rank - 2 ? node->inputs[0] : -1;
}

}  // namespace

int identical_value(const Simplified& s, const GraphNode& node) {
  if (node.outputs.size() != 1 || node.inputs.empty() || node.inputs[0] < 0) return -1;
  const Ops& ops = ops_by_name();
  const TensorSpec& out = s.spec(node.outputs[0]);
  const int x = node.inputs[0];
  if (is_reshape(s.graph, node) && s.spec(x) == out) return x;
  if (node.op == &ops.negative) {
    const GraphNode* inner = s.made_by(x);
    return inner && inner->op == &ops.negative ? inner->inputs[0] : -1;
  }
  if (node.inputs.size() != 2) return -1;
  // x op c = x for every x, the sign of zero and NaN included.
  const auto is_neutral = [&](int operand, bool left) {
    const Tensor* constant = s.constant(operand);
    const auto c = constant ? uniform_value(*constant) : std::nullopt;
    if (!c) return false;
    const bool floating = is_floating(constant->dtype());
    if (node.op == &ops.multiply) return *c == 1;
    if (node.op == &ops.add) return *c == 0 && (!floating || std::signbit(*c));
    if (left) return false;
    if (node.op == &ops.divide) return *c == 1;
    return node.op == &ops.subtract && *c == 0 && !std::signbit(*c);
  };
  if (s.spec(x) == out && is_neutral(node.inputs[1], false)) return x;
  if (s.spec(node.inputs[1]) == out && is_neutral(x, true)) return node.inputs[1];
  return -1;
}

void skip_intermediates(Simplified& s, GraphNode& node) {
  const Ops& ops = ops_by_name();
  if (node.outputs.size() != 1 || node.inputs.empty() || node.inputs[0] < 0) return;
  if (broadcasts_operands(*node.op)) return read_unrepeated_operands(s, node);
  const GraphNode* before = s.made_by(node.inputs[0]);
  if (!before) return;
  const TensorSpec out = s.spec(node.outputs[0]);
  if (is_reshape(s.graph, node) && is_reshape(s.graph, *before)) {
    node.op = &ops.reshape;
    node.inputs = {before->inputs[0]};
    node.attrs = with_attributes(node, {{"newshape", out.shape.vector()}});
  } else if (node.op == &ops.transpose && before->op == &ops.transpose) {
    const std::vector<int> first = axes_of(*before, out.shape.rank());
    IntList axes;
    for (const int axis : axes_of(node, out.shape.rank())) axes.push_back(first[axis]);
    node.attrs = with_attributes(node, {{"axes", axes}});
    node.inputs[0] = before->inputs[0];
  } else if (node.op == &ops.broadcast_to && before->op == &ops.broadcast_to) {
    node.inputs[0] = before->inputs[0];
  } else if (node.op == &ops.cast && before->op == &ops.cast) {
    const int x = before->inputs[0];
    if (holds_all_values(s.spec(x).dtype, s.spec(node.inputs[0]).dtype)) node.inputs[0] = x;
  }
}

void fold_transposes(const Simplified& s, GraphNode& node) {
  if (node.op != &ops_by_name().matmul) return;
  const int a = untransposed(s, node.inputs[0]);
  const int b = untransposed(s, node.inputs[1]);
  if (a < 0 && b < 0) return;
  const bool was_a = std::get<bool>(attribute(node, "transpose_a"));
  const bool was_b = std::get<bool>(attribute(node, "transpose_b"));
  node.attrs = with_attributes(
      node, {{"transpose_a", was_a != (a >= 0)}, {"transpose_b", was_b != (b >= 0)}});
  if (a >= 0) node.inputs[0] = a;
  if (b >= 0) node.inputs[1] = b;
}

}  // namespace nacre
