// Splitting, and the joins of NumPy's h, v and d families.
#include <algorithm>

#include "nacre/ops/indexing.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct SplitAttrs : AttrsOf<SplitAttrs> {
  IntOrList indices_or_sections;
  int64_t axis = 0;
  NACRE_ATTRS(indices_or_sections, axis)
};
struct SectionsAttrs : AttrsOf<SectionsAttrs> {
  IntOrList indices_or_sections;
  NACRE_ATTRS(indices_or_sections)
};
struct UnstackAttrs : AttrsOf<UnstackAttrs> {
  std::optional<int64_t> num;
  int64_t axis = 0;
  NACRE_ATTRS(num, axis)
};

Tensors split_of(const Tensor& x, const IntOrList& where, int64_t axis) {
  return where.is_list ? ops::split_at(x, where.values, axis)
                       : ops::split(x, where.values[0], axis);
}

// As equal as can be: the first parts are one longer.
Tensors array_split_of(const Tensor& x, const IntOrList& where, int64_t axis) {
  if (where.is_list) return ops::split_at(x, where.values, axis);
  const int64_t parts = where.values[0];
  const int64_t length = x.dim(axis);
  if (parts < 1) value_error("array_split: expected at least 1 section, received ", parts);
  if (length == kUnknownDim) value_error("array_split: expected a known length of axis ", axis);
  IntList cuts;
  int64_t at = 0;
  for (int64_t i = 0; i + 1 < parts; ++i) {
    at += length / parts + (i < length % parts ? 1 : 0);
    cuts.push_back(at);
  }
  return ops::split_at(x, cuts, axis);
}

Tensors unstack_of(const Tensor& x, const UnstackAttrs& a) {
  const int axis = normalize_axis(a.axis, x.rank(), "unstack");
  const int64_t length = x.shape()[axis];
  if (length == kUnknownDim && !a.num) {
    value_error("unstack: expected num, since axis ", axis, " has no known length");
  }
  if (a.num && length != kUnknownDim && *a.num != length) {
    value_error("unstack: expected num ", length, ", received ", *a.num);
  }
  Tensors result;
  for (int64_t i = 0; i < a.num.value_or(length); ++i) {
    result.push_back(ops::squeeze(ops::slice_axis(x, axis, i, 1), IntList{axis}));
  }
  return result;
}

// Each tensor with at least `rank` axes, as NumPy's atleast_1d, _2d, _3d.
Tensor at_least(const Tensor& x, int rank) {
  if (x.rank() >= rank) return x;
  if (rank == 1) return ops::reshape(x, {1});
  if (rank == 2) return x.rank() == 0 ? ops::reshape(x, {1, 1}) : ops::expand_dims(x, 0);
  const Tensor y = at_least(x, 2);
  return ops::expand_dims(y, 2);
}

void add_stack(OpRegistry& registry, const char* name, const char* doc, int rank, int axis) {
  add_composite(registry, name, "*xs", doc, [rank, axis](Inputs in, const Attrs*) {
    Tensors parts;
    for (const Tensor& x : in) parts.push_back(at_least(x, rank));
    const bool lines = axis == 1 && rank == 1 && !parts.empty() && parts[0].rank() == 1;
    return Tensors{ops::concatenate(parts, lines ? 0 : axis)};
  });
}

}  // namespace

void register_split_ops(OpRegistry& registry) {
  const auto add = [&](const char* name, const char* doc,
                       Tensors (*f)(const Tensor&, const IntOrList&, int64_t)) {
    OpDef def;
    def.name = name;
    def.params = "x, indices_or_sections!, axis";
    def.doc = doc;
    def.make_attrs = make_attrs_of<SplitAttrs>;
    def.composite = [f](Inputs in, const Attrs* attrs) {
      const auto& a = attrs_as<SplitAttrs>(attrs);
      return f(in[0], a.indices_or_sections, a.axis);
    };
    def.list_output = true;
    registry.add(std::move(def));
  };
  add("split",
      "The parts of `x` along `axis`: that many equal ones, or cut before each of a list of "
      "indices.",
      split_of);
  add("array_split",
      "The parts of `x` along `axis`: that many, the first ones longer where they cannot be equal, "
      "or "
      "cut before each of a list of indices.",
      array_split_of);
  const auto add_fixed = [&](const char* name, const char* doc, int64_t axis) {
    OpDef def;
    def.name = name;
    def.params = "x, indices_or_sections!";
    def.doc = doc;
    def.make_attrs = make_attrs_of<SectionsAttrs>;
    def.composite = [axis](Inputs in, const Attrs* attrs) {
      const int64_t at = axis == 1 && in[0].rank() == 1 ? 0 : axis;
      return split_of(in[0], attrs_as<SectionsAttrs>(attrs).indices_or_sections, at);
    };
    def.list_output = true;
    registry.add(std::move(def));
  };
  add_fixed("vsplit", "split along axis 0.", 0);
  add_fixed("hsplit", "split along axis 1 (0 for a 1-D `x`).", 1);
  add_fixed("dsplit", "split along axis 2.", 2);

  OpDef unstack;
  unstack.name = "unstack";
  unstack.params = "x, num, axis";
  unstack.doc = "The slices of `x` along `axis`, without that axis.";
  unstack.make_attrs = make_attrs_of<UnstackAttrs>;
  unstack.composite = [](Inputs in, const Attrs* attrs) {
    return unstack_of(in[0], attrs_as<UnstackAttrs>(attrs));
  };
  unstack.list_output = true;
  registry.add(std::move(unstack));

  add_stack(registry, "vstack", "The tensors of `xs` one below the other: along axis 0.", 2, 0);
  add_stack(registry, "hstack", "The tensors of `xs` side by side: along axis 1 (0 for 1-D ones).",
            1, 1);
  add_stack(registry, "dstack", "The tensors of `xs` one behind the other: along axis 2.", 3, 2);
  add_composite(
      registry, "append", "x1, x2, axis", "`x2` after `x1` along `axis`; both flattened for None.",
      [](Inputs in, const Attrs* attrs) {
        const auto& axis = attrs_as<OptionalAxisAttrs>(attrs).axis;
        if (axis) return Tensors{ops::concatenate({in[0], in[1]}, *axis)};
        return Tensors{ops::concatenate({ops::reshape(in[0], {-1}), ops::reshape(in[1], {-1})}, 0)};
      },
      make_attrs_of<OptionalAxisAttrs>);
}

namespace ops {

Tensors split_at(const Tensor& x, const IntList& indices, int64_t axis) {
  const int a = normalize_axis(axis, x.rank(), "split");
  std::vector<Index> items(static_cast<size_t>(a) + 1, IndexSlice{});
  Tensors parts;
  std::optional<int64_t> start;
  for (size_t i = 0; i <= indices.size(); ++i) {
    std::optional<int64_t> stop;
    if (i < indices.size()) stop = indices[i];
    items.back() = IndexSlice{start, stop, std::nullopt};
    parts.push_back(getitem(x, items));
    start = stop;
  }
  return parts;
}

Tensors split(const Tensor& x, int64_t sections, int64_t axis) {
  const int a = normalize_axis(axis, x.rank(), "split");
  const int64_t length = x.shape()[a];
  if (sections < 1 || (length != kUnknownDim && length % sections != 0)) {
    value_error("split: expected sections that divide the length ", length, " of axis ", a,
                ", received ", sections, " (x: ", x.shape(), ")");
  }
  if (length == kUnknownDim) {
    Shape part = x.shape();
    const Tensor unknown = Tensor::placeholder({x.dtype(), part});
    return Tensors(static_cast<size_t>(sections), unknown);
  }
  Tensors parts;
  for (int64_t i = 0; i < sections; ++i) {
    parts.push_back(slice_axis(x, a, i * (length / sections), length / sections));
  }
  return parts;
}

}  // namespace ops
}  // namespace nacre
