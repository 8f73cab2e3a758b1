// Rearranging along axes: moveaxis, flip, roll, tile, repeat, split, meshgrid, diagonals,
// triangles.
#include <algorithm>
#include <cstring>

#include "nacre/ops/indexing.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/index_operand.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"

namespace nacre {
namespace {

struct MoveAttrs : AttrsOf<MoveAttrs> {
  IntList source, destination;
  NACRE_ATTRS(source, destination)
};
struct SwapAttrs : AttrsOf<SwapAttrs> {
  int64_t axis1 = 0;
  int64_t axis2 = 1;
  NACRE_ATTRS(axis1, axis2)
};
struct FlipAttrs : AttrsOf<FlipAttrs> {
  std::optional<IntList> axis;
  NACRE_ATTRS(axis)
};
struct RollAttrs : AttrsOf<RollAttrs> {
  IntList shift;
  std::optional<IntList> axis;
  NACRE_ATTRS(shift, axis)
};
struct TileAttrs : AttrsOf<TileAttrs> {
  IntList repeats;
  NACRE_ATTRS(repeats)
};
struct RepeatAttrs : AttrsOf<RepeatAttrs> {
  IntList repeats;
  std::optional<int64_t> axis;
  NACRE_ATTRS(repeats, axis)
};
struct Rot90Attrs : AttrsOf<Rot90Attrs> {
  int64_t k = 1;
  IntList axes{0, 1};
  NACRE_ATTRS(k, axes)
};
struct IndexingAttrs : AttrsOf<IndexingAttrs> {
  std::string indexing = "xy";
  NACRE_ATTRS(indexing)
};

std::vector<TensorSpec> infer_tile(const InferContext& c) {
  const auto& repeats = c.attrs_as<TileAttrs>().repeats;
  Shape out = c.shape(0);
  while (out.rank() < static_cast<int>(repeats.size())) out.insert(0, 1);
  const int lead = out.rank() - static_cast<int>(repeats.size());
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0) value_error("tile: expected repeats of at least 0, received ", repeats[i]);
    int64_t& dim = out[lead + static_cast<int>(i)];
    if (dim != kUnknownDim) dim *= repeats[i];
  }
  return {{c.dtype(0), out}};
}

void tile_kernel(const KernelContext& c) {
  const Shape& out = c.out[0].shape();
  const Shape& in = c.in[0].shape();
  const auto to = dense_strides(out);
  const auto from = dense_strides(in);
  const int lead = out.rank() - in.rank();
  StridedCopy copy;
  for (int axis = 0; axis < out.rank(); ++axis) {
    const int64_t dim = axis < lead ? 1 : in[axis - lead];
    copy.add_axis(dim ? out[axis] / dim : 0, 0, to[axis] * dim);
    copy.add_axis(dim, axis < lead ? 0 : from[axis - lead], to[axis]);
  }
  copy.run(c.in[0].data, c.out[0].data, size_of(c.in[0].dtype()));
}

// Sums the copies, one axis after the other.
Tensors tile_backward(const BackwardContext& c) {
  const Shape& in = c.inputs[0].shape();
  Tensor g = c.grads[0];
  const int lead = g.rank() - in.rank();
  for (int axis = 0; axis < g.rank(); ++axis) {
    const int64_t dim = axis < lead ? 1 : in[axis - lead];
    const int64_t repeats = dim ? g.shape()[axis] / dim : 1;
    if (repeats == 1) continue;
    const Shape shape = g.shape();
    const Shape folded{shape.size(0, axis), repeats, dim, shape.size(axis + 1, shape.rank())};
    Shape reduced = shape;
    reduced[axis] = dim;
    g = ops::reshape(ops::sum(ops::reshape(g, folded), IntList{1}), reduced);
  }
  return {g.shape() == in ? g : ops::reshape(g, in)};
}

// Each element `repeats` times in a row.
std::vector<TensorSpec> infer_repeat(const InferContext& c) {
  const auto& a = c.attrs_as<RepeatAttrs>();
  Shape out = c.shape(0);
  int64_t& dim = out[normalize_axis(*a.axis, out.rank(), "repeat")];
  if (a.repeats[0] < 0)
    value_error("repeat: expected repeats of at least 0, received ", a.repeats[0]);
  if (dim != kUnknownDim) dim *= a.repeats[0];
  return {{c.dtype(0), out}};
}

void repeat_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<RepeatAttrs>();
  const Shape& in = c.in[0].shape();
  const int axis = normalize_axis(*a.axis, in.rank(), "repeat");
  const int64_t rows = in.size(0, axis + 1);
  const int64_t inner = in.size(axis + 1, in.rank());
  StridedCopy copy;
  copy.add_axis(rows, inner, inner * a.repeats[0]);
  copy.add_axis(a.repeats[0], 0, inner);
  copy.add_axis(inner, 1, 1);
  copy.run(c.in[0].data, c.out[0].data, size_of(c.in[0].dtype()));
}

Tensors repeat_backward(const BackwardContext& c) {
  const auto& a = c.attrs_as<RepeatAttrs>();
  const Shape& in = c.inputs[0].shape();
  const int axis = normalize_axis(*a.axis, in.rank(), "repeat");
  const Shape folded{in.size(0, axis + 1), a.repeats[0], in.size(axis + 1, in.rank())};
  return {ops::reshape(ops::sum(ops::reshape(c.grads[0], folded), IntList{1}), in)};
}

Tensor repeat_of(const Tensor& x, const RepeatAttrs& a) {
  const Tensor flat = a.axis ? x : ops::reshape(x, {-1});
  const int axis = a.axis ? normalize_axis(*a.axis, x.rank(), "repeat") : 0;
  if (a.repeats.size() == 1) {
    static const OpDef& op = find_op("repeat_axis");
    auto attrs = make_ref<RepeatAttrs>();
    attrs->repeats = a.repeats;
    attrs->axis = axis;
    return apply_one(op, {flat}, std::move(attrs));
  }
  const int64_t length = flat.shape()[axis];
  if (length != static_cast<int64_t>(a.repeats.size())) {
    value_error("repeat: expected ", length, " repeats, received ", a.repeats.size());
  }
  std::vector<int32_t> indices;
  for (size_t i = 0; i < a.repeats.size(); ++i) {
    indices.insert(indices.end(), static_cast<size_t>(std::max<int64_t>(0, a.repeats[i])),
                   static_cast<int32_t>(i));
  }
  const auto count = static_cast<int64_t>(indices.size());
  return ops::take(flat, Tensor::from(indices, {count}), axis);
}

Tensor roll_axis(const Tensor& x, int64_t shift, int axis) {
  const int64_t length = x.shape()[axis];
  std::vector<ops::Index> head(static_cast<size_t>(axis) + 1, ops::IndexSlice{});
  std::vector<ops::Index> tail = head;
  if (length == 0 || shift == 0) return x;
  if (length != kUnknownDim) shift = ((shift % length) + length) % length;
  if (shift == 0) return x;
  head.back() = ops::IndexSlice{-shift, std::nullopt, std::nullopt};
  tail.back() = ops::IndexSlice{std::nullopt, -shift, std::nullopt};
  return ops::concatenate({ops::getitem(x, head), ops::getitem(x, tail)}, axis);
}

Tensor roll_of(const Tensor& x, const RollAttrs& a) {
  if (!a.axis) {
    if (a.shift.size() != 1) value_error("roll: expected one shift without an axis");
    const Tensor rolled = roll_axis(ops::reshape(x, {-1}), a.shift[0], 0);
    return ops::reshape(rolled, x.shape());
  }
  Tensor y = x;
  const size_t n = std::max(a.shift.size(), a.axis->size());
  for (size_t i = 0; i < n; ++i) {
    const int64_t shift = a.shift[a.shift.size() == 1 ? 0 : i];
    const int64_t axis = (*a.axis)[a.axis->size() == 1 ? 0 : i];
    y = roll_axis(y, shift, normalize_axis(axis, x.rank(), "roll"));
  }
  return y;
}

Tensors meshgrid_of(Inputs in, const std::string& indexing) {
  if (indexing != "xy" && indexing != "ij") {
    value_error("meshgrid: expected indexing 'xy' or 'ij', received '", indexing, "'");
  }
  const bool swap = indexing == "xy" && in.size() > 1;
  Shape shape;
  Tensors flat;
  for (const Tensor& x : in) flat.push_back(ops::reshape(x, {-1}));
  for (const Tensor& x : flat) shape.push_back(x.shape()[0]);
  if (swap) std::swap(shape[0], shape[1]);
  Tensors result;
  for (size_t i = 0; i < flat.size(); ++i) {
    const size_t axis = swap && i < 2 ? 1 - i : i;
    IntList dims(flat.size(), 1);
    dims[axis] = -1;
    result.push_back(ops::broadcast_to(ops::reshape(flat[i], Shape(dims)), shape));
  }
  return result;
}

Tensor rot90_of(const Tensor& x, const Rot90Attrs& a) {
  if (a.axes.size() != 2) value_error("rot90: expected two axes, received ", a.axes.size());
  const int first = normalize_axis(a.axes[0], x.rank(), "rot90");
  const int second = normalize_axis(a.axes[1], x.rank(), "rot90");
  if (first == second)
    value_error("rot90: expected two different axes, received ", first, " twice");
  const int64_t k = ((a.k % 4) + 4) % 4;
  if (k == 0) return x;
  if (k == 2) return ops::flip(ops::flip(x, IntList{first}), IntList{second});
  if (k == 1) return ops::swapaxes(ops::flip(x, IntList{second}), first, second);
  return ops::flip(ops::swapaxes(x, first, second), IntList{second});
}

}  // namespace

void register_arrange_ops(OpRegistry& registry) {
  OpDef tile;
  tile.name = "tile";
  tile.params = "x, repeats!";
  tile.doc = "`x` laid out `repeats` times along each axis.";
  tile.make_attrs = make_attrs_of<TileAttrs>;
  tile.infer = infer_tile;
  tile.kernel = tile_kernel;
  tile.backward = tile_backward;
  registry.add(std::move(tile));

  OpDef repeat;
  repeat.name = "repeat_axis";
  repeat.params = "x, repeats, axis";
  repeat.doc = "Each element of `x` along `axis` `repeats` times.";
  repeat.make_attrs = make_attrs_of<RepeatAttrs>;
  repeat.infer = infer_repeat;
  repeat.kernel = repeat_kernel;
  repeat.backward = repeat_backward;
  repeat.internal = true;
  registry.add(std::move(repeat));

  add_composite(
      registry, "repeat", "x, repeats!, axis",
      "Each element of `x` along `axis` (flattened for None) `repeats` times in a row; `repeats` "
      "is "
      "one number, or one for each element.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{repeat_of(in[0], attrs_as<RepeatAttrs>(attrs))};
      },
      make_attrs_of<RepeatAttrs>);
  add_composite(
      registry, "moveaxis", "x, source!, destination!",
      "`x` with the axes `source` moved to the places `destination`, the others in their order.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<MoveAttrs>(attrs);
        return Tensors{ops::moveaxis(in[0], a.source, a.destination)};
      },
      make_attrs_of<MoveAttrs>);
  add_composite(
      registry, "swapaxes", "x, axis1!, axis2!", "`x` with two axes exchanged.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<SwapAttrs>(attrs);
        return Tensors{ops::swapaxes(in[0], a.axis1, a.axis2)};
      },
      make_attrs_of<SwapAttrs>);
  add_composite(registry, "ravel", "x", "`x` as one axis, in row-major order.",
                [](Inputs in, const Attrs*) { return Tensors{ops::reshape(in[0], {-1})}; });
  add_composite(
      registry, "flip", "x, axis", "`x` in reverse order along `axis`, or along all axes.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{ops::flip(in[0], attrs_as<FlipAttrs>(attrs).axis)};
      },
      make_attrs_of<FlipAttrs>);
  add_composite(registry, "fliplr", "x", "`x` in reverse order along axis 1.",
                [](Inputs in, const Attrs*) { return Tensors{ops::flip(in[0], IntList{1})}; });
  add_composite(registry, "flipud", "x", "`x` in reverse order along axis 0.",
                [](Inputs in, const Attrs*) { return Tensors{ops::flip(in[0], IntList{0})}; });
  add_composite(
      registry, "roll", "x, shift!, axis",
      "`x` shifted along `axis` (flattened for None); what leaves at one end enters at the other.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{roll_of(in[0], attrs_as<RollAttrs>(attrs))};
      },
      make_attrs_of<RollAttrs>);
  add_composite(
      registry, "rot90", "array, k, axes",
      "`array` turned by 90 degrees `k` times in the plane of two `axes`, from the first to the "
      "second.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{rot90_of(in[0], attrs_as<Rot90Attrs>(attrs))};
      },
      make_attrs_of<Rot90Attrs>);
  add_variadic(
      registry, "meshgrid", "*x, indexing",
      "Coordinate grids of 1-D tensors; 'xy' puts the second along the rows, 'ij' the first.",
      [](Inputs in, const Attrs* attrs) {
        return meshgrid_of(in, attrs_as<IndexingAttrs>(attrs).indexing);
      },
      make_attrs_of<IndexingAttrs>, true);
}

namespace ops {

Tensor moveaxis(const Tensor& x, const IntList& source, const IntList& destination) {
  if (source.size() != destination.size()) {
    value_error("moveaxis: expected as many destinations as sources, received ", source.size(),
                " and ", destination.size());
  }
  IntList order(static_cast<size_t>(x.rank()), -1);
  std::vector<bool> taken(static_cast<size_t>(x.rank()));
  for (size_t i = 0; i < source.size(); ++i) {
    const int from = normalize_axis(source[i], x.rank(), "moveaxis");
    const int to = normalize_axis(destination[i], x.rank(), "moveaxis");
    if (order[to] >= 0 || taken[from]) value_error("moveaxis: expected distinct axes");
    order[to] = from;
    taken[from] = true;
  }
  int next = 0;
  for (int64_t& axis : order) {
    if (axis >= 0) continue;
    while (taken[next]) ++next;
    axis = next++;
  }
  return x.rank() ? transpose(x, order) : x;
}

Tensor swapaxes(const Tensor& x, int64_t axis1, int64_t axis2) {
  IntList order;
  for (int i = 0; i < x.rank(); ++i) order.push_back(i);
  std::swap(order[normalize_axis(axis1, x.rank(), "swapaxes")],
            order[normalize_axis(axis2, x.rank(), "swapaxes")]);
  return transpose(x, order);
}

Tensor flip(const Tensor& x, const std::optional<IntList>& axis) {
  std::vector<Index> items(static_cast<size_t>(x.rank()), IndexSlice{});
  const IndexSlice reversed{std::nullopt, std::nullopt, -1};
  if (axis) {
    for (const int64_t a : *axis) items[normalize_axis(a, x.rank(), "flip")] = reversed;
  } else {
    std::fill(items.begin(), items.end(), Index(reversed));
  }
  return getitem(x, items);
}

Tensor tile(const Tensor& x, const IntList& repeats) {
  static const OpDef& op = find_op("tile");
  auto attrs = make_ref<TileAttrs>();
  attrs->repeats = repeats;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor repeat(const Tensor& x, int64_t repeats, std::optional<int64_t> axis) {
  RepeatAttrs a;
  a.repeats = {repeats};
  a.axis = axis;
  return repeat_of(x, a);
}

}  // namespace ops
}  // namespace nacre
