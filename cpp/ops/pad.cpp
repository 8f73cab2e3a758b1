// Padding.
#include <algorithm>
#include <cstring>

#include "nacre/ops/indexing.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/convert.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"

namespace nacre {
namespace {

struct PadConstantAttrs : AttrsOf<PadConstantAttrs> {
  IntList pad_width;  // before, after for each axis
  double value = 0;
  NACRE_ATTRS(pad_width, value)
};
struct PadAttrs : AttrsOf<PadAttrs> {
  IntList pad_width;
  std::string mode = "constant";
  std::optional<double> constant_values;
  NACRE_ATTRS(pad_width, mode, constant_values)
};

// One number or pair for all axes, or a pair for each.
IntList pairs_of(const IntList& width, int rank) {
  IntList pairs = width;
  if (width.size() == 1) pairs.assign(static_cast<size_t>(2 * rank), width[0]);
  if (width.size() == 2 && rank != 1) {
    pairs.clear();
    for (int i = 0; i < rank; ++i) pairs.insert(pairs.end(), width.begin(), width.end());
  }
  if (pairs.size() != static_cast<size_t>(2 * rank)) {
    value_error("pad: expected pad_width of ", rank, " pairs, received ",
                to_string(AttrValue(width)));
  }
  for (const int64_t n : pairs) {
    if (n < 0) value_error("pad: expected widths of at least 0, received ", n);
  }
  return pairs;
}

std::vector<TensorSpec> infer_pad(const InferContext& c) {
  const auto& width = c.attrs_as<PadConstantAttrs>().pad_width;
  Shape out = c.shape(0);
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] != kUnknownDim) out[i] += width[2 * i] + width[2 * i + 1];
  }
  return {{c.dtype(0), out}};
}

void pad_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<PadConstantAttrs>();
  const Shape& in = c.in[0].shape();
  const auto from = dense_strides(in);
  const auto to = dense_strides(c.out[0].shape());
  dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    T* y = c.out[0].as<T>();
    const T value = reference::convert<T>(a.value);
    parallel_for(c.out[0].size(), kElementwiseGrain,
                 [=](int64_t begin, int64_t end) { std::fill(y + begin, y + end, value); });
    int64_t offset = 0;
    StridedCopy copy;
    for (int i = 0; i < in.rank(); ++i) {
      offset += a.pad_width[2 * i] * to[i];
      copy.add_axis(in[i], from[i], to[i]);
    }
    copy.run(c.in[0].data, y + offset, sizeof(T));
  });
}

Tensors pad_backward(const BackwardContext& c) {
  const auto& width = c.attrs_as<PadConstantAttrs>().pad_width;
  const Shape& in = c.inputs[0].shape();
  std::vector<ops::Index> items;
  for (int i = 0; i < in.rank(); ++i) {
    const int64_t before = width[2 * i];
    items.emplace_back(ops::IndexSlice{before, before + in[i], std::nullopt});
  }
  return {ops::getitem(c.grads[0], items)};
}

// The position in [0, length) that a reflection shows at `i`, which may lie far outside.
int64_t reflect(int64_t i, int64_t length, bool edge_twice) {
  const int64_t period = edge_twice ? 2 * length : std::max<int64_t>(1, 2 * (length - 1));
  i = ((i % period) + period) % period;
  if (i < length) return i;
  return edge_twice ? period - 1 - i : period - i;
}

Tensor pad_reflect(const Tensor& x, const IntList& pairs, bool edge_twice) {
  Tensor y = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const int64_t before = pairs[2 * axis];
    const int64_t after = pairs[2 * axis + 1];
    if (before == 0 && after == 0) continue;
    const int64_t length = x.shape()[axis];
    if (length > 0) {
      std::vector<int32_t> from;
      for (int64_t i = -before; i < length + after; ++i) {
        from.push_back(static_cast<int32_t>(reflect(i, length, edge_twice)));
      }
      y = ops::take(y, Tensor::from(from, {length + before + after}), axis);
      continue;
    }
    if (length == 0) value_error("pad: expected a longer axis ", axis, " to reflect, received 0");
    // A length that is not known yet: flipped slices of both ends.
    const int64_t skip = edge_twice ? 0 : 1;
    std::vector<ops::Index> items(static_cast<size_t>(axis) + 1, ops::IndexSlice{});
    const auto part = [&](std::optional<int64_t> start, std::optional<int64_t> stop) {
      items.back() = ops::IndexSlice{start, stop, std::nullopt};
      return ops::flip(ops::getitem(y, items), IntList{axis});
    };
    Tensors parts;
    if (before) parts.push_back(part(skip, skip + before));
    parts.push_back(y);
    if (after) {
      parts.push_back(part(-after - skip, skip ? std::optional<int64_t>(-skip) : std::nullopt));
    }
    y = ops::concatenate(parts, axis);
  }
  return y;
}

}  // namespace

void register_pad_ops(OpRegistry& registry) {
  OpDef def;
  def.name = "pad_constant";
  def.params = "x, pad_width, value";
  def.doc = "`x` with `value` before and after it along each axis.";
  def.make_attrs = make_attrs_of<PadConstantAttrs>;
  def.infer = infer_pad;
  def.kernel = pad_kernel;
  def.backward = pad_backward;
  def.internal = true;
  registry.add(std::move(def));

  add_composite(
      registry, "pad", "x, pad_width!, mode, constant_values",
      "`x` with elements before and after it along each axis: a value (mode 'constant'), or its "
      "own "
      "elements mirrored without ('reflect') or with ('symmetric') the edge. `pad_width` is a "
      "number, "
      "a pair, or a pair for each axis.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<PadAttrs>(attrs);
        if (a.constant_values && a.mode != "constant") {
          value_error("pad: expected constant_values only with mode 'constant', received mode '",
                      a.mode, "'");
        }
        return Tensors{ops::pad(in[0], a.pad_width, a.mode, a.constant_values.value_or(0))};
      },
      make_attrs_of<PadAttrs>);
}

namespace ops {

Tensor pad(const Tensor& x, const IntList& width, const std::string& mode, double value) {
  const IntList pairs = pairs_of(width, x.rank());
  if (mode == "reflect") return pad_reflect(x, pairs, false);
  if (mode == "symmetric") return pad_reflect(x, pairs, true);
  if (mode != "constant") {
    value_error("pad: expected mode 'constant', 'reflect' or 'symmetric', received '", mode, "'");
  }
  static const OpDef& op = find_op("pad_constant");
  auto attrs = make_ref<PadConstantAttrs>();
  attrs->pad_width = pairs;
  attrs->value = value;
  return apply_one(op, {x}, std::move(attrs));
}

}  // namespace ops
}  // namespace nacre
