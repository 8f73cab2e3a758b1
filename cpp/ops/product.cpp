// Products that are matmuls of rearranged operands, and cross products.
#include <algorithm>
#include <cmath>

#include "nacre/ops/indexing.h"
#include "nacre/ops/products.h"
#include "nacre/ops/reductions.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/promote.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct TensordotAttrs : AttrsOf<TensordotAttrs> {
  IntOrList axes = 2;
  NACRE_ATTRS(axes)
};
struct CrossAttrs : AttrsOf<CrossAttrs> {
  int64_t axisa = -1;
  int64_t axisb = -1;
  int64_t axisc = -1;
  std::optional<int64_t> axis;
  NACRE_ATTRS(axisa, axisb, axisc, axis)
};
// Keras multiplies two int8 operands into int32 in matmul and einsum only.
Tensor same_dtype_product(const Tensor& y, DType dtype) {
  return y.dtype() == dtype ? y : ops::cast(y, dtype);
}

Tensors promoted(Inputs in) {
  Tensors both(in.begin(), in.end());
  promote_all(both);
  return both;
}

IntList iota(int64_t begin, int64_t end) {
  IntList axes;
  for (int64_t i = begin; i < end; ++i) axes.push_back(i);
  return axes;
}

Tensor tensordot_of(const Tensor& x1, const Tensor& x2, const IntOrList& axes) {
  if (!axes.is_list) {
    const int64_t n = axes.values[0];
    if (n < 0 || n > std::min(x1.rank(), x2.rank())) {
      value_error("tensordot: expected axes in [0, ", std::min(x1.rank(), x2.rank()),
                  "], received ", n);
    }
    return ops::tensordot(x1, x2, iota(x1.rank() - n, x1.rank()), iota(0, n));
  }
  if (axes.values.size() % 2 != 0) {
    value_error("tensordot: expected as many axes of x1 as of x2, received ",
                to_string(AttrValue(axes.values)));
  }
  const auto half = axes.values.begin() + static_cast<ptrdiff_t>(axes.values.size() / 2);
  return ops::tensordot(x1, x2, IntList(axes.values.begin(), half),
                        IntList(half, axes.values.end()));
}

Tensor inner_of(const Tensor& x1, const Tensor& x2) {
  if (x1.rank() == 0 || x2.rank() == 0) return x1 * x2;
  return ops::tensordot(x1, x2, {-1}, {-1});
}

Tensor cross_of(const Tensor& raw1, const Tensor& raw2, const CrossAttrs& a) {
  const Tensors both = promoted(Tensors{raw1, raw2});
  const Tensor x1 = ops::moveaxis(both[0], {a.axis.value_or(a.axisa)}, {-1});
  const Tensor x2 = ops::moveaxis(both[1], {a.axis.value_or(a.axisb)}, {-1});
  const int64_t n1 = x1.shape().back();
  const int64_t n2 = x2.shape().back();
  if (n1 < 2 || n1 > 3 || n2 < 2 || n2 > 3) {
    value_error("cross: expected vectors of 2 or 3 elements, received ", n1, " and ", n2);
  }
  const auto part = [](const Tensor& x, int64_t i) {
    return ops::squeeze(ops::slice_axis(x, -1, i, 1), IntList{-1});
  };
  const Tensor z = part(x1, 0) * part(x2, 1) - part(x1, 1) * part(x2, 0);
  if (n1 == 2 && n2 == 2) return z;
  const auto third = [&](const Tensor& x, int64_t n) {
    return n == 3 ? part(x, 2) : ops::zeros_like(part(x, 0));
  };
  const Tensor c1 = third(x1, n1);
  const Tensor c2 = third(x2, n2);
  const Tensor y =
      ops::stack({part(x1, 1) * c2 - c1 * part(x2, 1), c1 * part(x2, 0) - part(x1, 0) * c2, z}, -1);
  return ops::moveaxis(y, {-1}, {a.axis.value_or(a.axisc)});
}

Tensor kron_of(const Tensor& raw1, const Tensor& raw2) {
  Tensors both = promoted(Tensors{raw1, raw2});
  for (size_t i = 0; i < 2; ++i) {
    while (both[i].rank() < both[1 - i].rank()) both[i] = ops::expand_dims(both[i], 0);
  }
  const int rank = both[0].rank();
  Tensor x1 = both[0];
  Tensor x2 = both[1];
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    x1 = ops::expand_dims(x1, 2 * i + 1);
    x2 = ops::expand_dims(x2, 2 * i);
    shape.push_back(both[0].shape()[i] * both[1].shape()[i]);
  }
  return ops::reshape(x1 * x2, shape);
}

}  // namespace

void register_product_ops(OpRegistry& registry) {
  add_composite(
      registry, "dot", "x1, x2",
      "Product of two tensors: the last axis of `x1` with the last but one of `x2` (or its "
      "only one); with a scalar, elementwise.",
      [](Inputs in, const Attrs*) { return Tensors{ops::dot(in[0], in[1])}; });
  add_composite(registry, "inner", "x1, x2", "Sums of products over the last axes of both tensors.",
                [](Inputs in, const Attrs*) { return Tensors{inner_of(in[0], in[1])}; });
  add_composite(registry, "outer", "x1, x2", "All products of an element of each; both flattened.",
                [](Inputs in, const Attrs*) { return Tensors{ops::outer(in[0], in[1])}; });
  add_composite(registry, "vdot", "x1, x2", "Sum of the products of the elements; both flattened.",
                [](Inputs in, const Attrs*) {
                  return Tensors{ops::dot(ops::reshape(in[0], {-1}), ops::reshape(in[1], {-1}))};
                });
  add_composite(registry, "kron", "x1, x2", "Kronecker product: `x2` times each element of `x1`.",
                [](Inputs in, const Attrs*) { return Tensors{kron_of(in[0], in[1])}; });
  add_composite(
      registry, "tensordot", "x1, x2, axes",
      "Sums of products over axes of both tensors: the last of `x1` with the first of `x2`, or "
      "([axes of `x1`], [axes of `x2`]).",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{tensordot_of(in[0], in[1], attrs_as<TensordotAttrs>(attrs).axes)};
      },
      make_attrs_of<TensordotAttrs>);
  add_composite(
      registry, "cross", "x1, x2, axisa, axisb, axisc, axis",
      "Cross product of vectors of 2 or 3 elements along `axisa` and `axisb`, put along `axisc`; "
      "`axis` stands for all three.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{cross_of(in[0], in[1], attrs_as<CrossAttrs>(attrs))};
      },
      make_attrs_of<CrossAttrs>);
}

namespace ops {

Tensor tensordot(const Tensor& raw1, const Tensor& raw2, const IntList& axes1,
                 const IntList& axes2) {
  const Tensors both = promoted(Tensors{raw1, raw2});
  const Tensor& x1 = both[0];
  const Tensor& x2 = both[1];
  if (axes1.size() != axes2.size()) {
    value_error("tensordot: expected as many axes of x1 as of x2, received ", axes1.size(), " and ",
                axes2.size());
  }
  const auto arrange = [](const Tensor& x, const IntList& axes, bool summed_last) {
    std::vector<bool> summed(static_cast<size_t>(x.rank()));
    IntList inner, order;
    Shape free;
    for (const int64_t axis : axes) {
      inner.push_back(normalize_axis(axis, x.rank(), "tensordot"));
      if (summed[static_cast<size_t>(inner.back())])
        value_error("tensordot: expected distinct axes");
      summed[static_cast<size_t>(inner.back())] = true;
    }
    for (int i = 0; i < x.rank(); ++i) {
      if (summed[static_cast<size_t>(i)]) continue;
      order.push_back(i);
      free.push_back(x.shape()[i]);
    }
    int64_t length = 1;
    for (const int64_t axis : inner) length *= x.shape()[static_cast<int>(axis)];
    order.insert(summed_last ? order.end() : order.begin(), inner.begin(), inner.end());
    const Tensor moved = x.rank() ? transpose(x, order) : x;
    const Shape matrix = summed_last ? Shape{-1, length} : Shape{length, -1};
    const bool empty = length == 0;
    const Shape exact = summed_last ? Shape{free.size(), length} : Shape{length, free.size()};
    return std::pair(reshape(moved, empty || free.size() == 0 ? exact : matrix), free);
  };
  for (size_t i = 0; i < axes1.size(); ++i) {
    const int64_t n1 = x1.dim(axes1[i]);
    const int64_t n2 = x2.dim(axes2[i]);
    if (n1 != n2 && n1 != kUnknownDim && n2 != kUnknownDim) {
      value_error("tensordot: expected equal lengths of summed axes, received ", n1, " and ", n2,
                  " (x1: ", x1.shape(), ", x2: ", x2.shape(), ")");
    }
  }
  auto [a, free1] = arrange(x1, axes1, true);
  const auto [b, free2] = arrange(x2, axes2, false);
  for (const int64_t dim : free2) free1.push_back(dim);
  int unknown = 0;
  for (const int64_t dim : free1) unknown += dim == kUnknownDim;
  const Tensor y = same_dtype_product(matmul(a, b), x1.dtype());
  if (unknown > 1) return Tensor::placeholder({y.dtype(), free1});
  return reshape(y, free1);
}

Tensor dot(const Tensor& x1, const Tensor& x2) {
  if (x1.rank() == 0 || x2.rank() == 0) return x1 * x2;
  return tensordot(x1, x2, {-1}, {x2.rank() == 1 ? 0 : x2.rank() - 2});
}

Tensor outer(const Tensor& x1, const Tensor& x2) {
  return reshape(x1, {-1, 1}) * reshape(x2, {1, -1});
}

}  // namespace ops
}  // namespace nacre
