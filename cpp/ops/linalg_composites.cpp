// Linear algebra that follows from the decompositions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "nacre/ops/attrs.h"
#include "nacre/ops/linalg.h"
#include "nacre/ops/ops.h"
#include "ops/linalg_parts.h"
#include "ops/rows.h"

namespace nacre {
namespace detail {
template <>
inline constexpr const char* kTypeText<AttrValue> = "int | float | str | None";
}  // namespace detail

// A field that takes any value as it comes.
static void assign_attr(AttrValue& field, const AttrValue& value) {
  field = value;
}

namespace {

using linalg::diagonal_mask;
using linalg::matrix_transpose;

struct SolveTriangularAttrs : AttrsOf<SolveTriangularAttrs> {
  bool lower = false;
  NACRE_ATTRS(lower)
};
struct NormAttrs : AttrsOf<NormAttrs> {
  AttrValue ord;
  std::optional<IntList> axis;
  bool keepdims = false;
  NACRE_ATTRS(ord, axis, keepdims)
};
struct RcondAttrs : AttrsOf<RcondAttrs> {
  std::optional<double> rcond;
  NACRE_ATTRS(rcond)
};
struct TolAttrs : AttrsOf<TolAttrs> {
  std::optional<double> tol;
  NACRE_ATTRS(tol)
};
struct UpperAttrs : AttrsOf<UpperAttrs> {
  bool upper = false;
  NACRE_ATTRS(upper)
};

// a and b with one batch shape, b as a matrix; f solves.
template <class F>
Tensors solve_with(const char* op, std::span<const Tensor> in, F f) {
  Tensor a = in[0], b = in[1];
  const bool vector = b.rank() == a.rank() - 1;
  if (a.rank() < 2 || (!vector && b.rank() < 2)) {
    value_error(op,
                ": expected a of shape (..., n, n) and b of shape (..., n) or (..., n, k), "
                "received a: ",
                a.shape(), ", b: ", b.shape());
  }
  if (vector) b = ops::expand_dims(b, -1);
  const auto batch = [](const Tensor& t) {
    return Shape(t.shape().dims().first(static_cast<size_t>(t.rank() - 2)));
  };
  if (batch(a) != batch(b)) {
    const Shape common = broadcast_shapes(batch(a), batch(b), op);
    for (Tensor* t : {&a, &b}) {
      Shape shape = common;
      shape.push_back(t->shape()[t->rank() - 2]);
      shape.push_back(t->shape().back());
      if (t->shape() != shape) *t = ops::broadcast_to(*t, shape);
    }
  }
  const Tensor x = f(a, b);
  return {vector ? ops::squeeze(x, IntList{-1}) : x};
}

Tensors solve_composite(std::span<const Tensor> in, const Attrs*) {
  return solve_with("solve", in, [](const Tensor& a, const Tensor& b) {
    return apply_one(find_op("solve_matrix"), {a, b});
  });
}

Tensors triangular_composite(std::span<const Tensor> in, const Attrs* attrs) {
  return solve_with("solve_triangular", in, [&](const Tensor& a, const Tensor& b) {
    const OpDef& op = find_op("solve_triangular_matrix");
    const Ref<Attrs> own = op.make_attrs();
    own->set(0, static_cast<const SolveTriangularAttrs&>(*attrs).lower);
    return apply_one(op, {a, b}, own);
  });
}

// ---- norms

// s^(1 / p) with derivative 0, not infinity, at 0.
Tensor safe_root(const Tensor& s, double p) {
  const Tensor zero = ops::scalar(0);
  const Tensor positive = ops::greater(s, zero);
  const Tensor safe = ops::where(positive, s, ops::scalar(1));
  const Tensor root = p == 2 ? ops::sqrt(safe) : ops::power(safe, ops::scalar(1 / p));
  return ops::where(positive, root, zero);
}

Tensor vector_norm(const Tensor& x, double ord, const IntList& axes, bool keepdims) {
  if (ord == 2) return safe_root(ops::sum(ops::square(x), axes, keepdims), 2);
  const Tensor magnitude = ops::abs(x);
  if (std::isinf(ord)) {
    return ord > 0 ? ops::max(magnitude, axes, keepdims) : ops::min(magnitude, axes, keepdims);
  }
  if (ord == 0) {
    const Tensor present = ops::cast(ops::not_equal(x, ops::scalar(0)), x.dtype());
    return ops::sum(present, axes, keepdims);
  }
  if (ord == 1) return ops::sum(magnitude, axes, keepdims);
  const Tensor sums = ops::sum(ops::power(magnitude, ops::scalar(ord)), axes, keepdims);
  return ord > 0 ? safe_root(sums, ord) : ops::power(sums, ops::scalar(1 / ord));
}

Tensor singular_values(const Tensor& x) {
  const OpDef& op = find_op("svd");
  const Ref<Attrs> attrs = op.make_attrs();
  attrs->set(1, false);
  return apply_one(op, {x}, attrs);
}

// Of the matrices in the axes (rows, cols).
Tensor matrix_norm(const Tensor& x, double ord, bool nuclear, int rows, int cols, bool keepdims) {
  Tensor y;
  if (nuclear || std::abs(ord) == 2) {
    IntList order;
    for (int i = 0; i < x.rank(); ++i) {
      if (i != rows && i != cols) order.push_back(i);
    }
    order.push_back(rows);
    order.push_back(cols);
    const Tensor s = singular_values(ops::transpose(x, order));
    const IntList last = {-1};
    y = nuclear ? ops::sum(s, last) : ord > 0 ? ops::max(s, last) : ops::min(s, last);
  } else {
    // 1 adds up columns, infinity rows.
    const bool along_rows = std::isinf(ord);
    const Tensor sums = ops::sum(ops::abs(x), IntList{along_rows ? cols : rows}, true);
    const IntList other = {along_rows ? rows : cols};
    y = ops::squeeze(ord > 0 ? ops::max(sums, other, true) : ops::min(sums, other, true),
                     IntList{std::min(rows, cols), std::max(rows, cols)});
  }
  if (!keepdims) return y;
  return ops::expand_dims(ops::expand_dims(y, std::min(rows, cols)), std::max(rows, cols));
}

Tensors norm_composite(std::span<const Tensor> in, const Attrs* attrs) {
  constexpr const char* op = "norm";
  const auto& a = static_cast<const NormAttrs&>(*attrs);
  const Tensor& x = in[0];
  IntList axes;
  if (a.axis) {
    for (const int64_t axis : *a.axis) axes.push_back(normalize_axis(axis, x.rank(), op));
    normalize_axes(*a.axis, x.rank(), op);
  } else {
    for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  }
  const bool none = std::holds_alternative<std::monostate>(a.ord);
  if (none && !a.axis) return {vector_norm(x, 2, axes, a.keepdims)};
  if (axes.size() != 1 && axes.size() != 2) {
    value_error(op, ": expected one axis or two, received axis=",
                a.axis ? to_string(AttrValue(*a.axis)) : "None", " (x: ", x.shape(), ")");
  }
  const bool matrix = axes.size() == 2;
  if (none) return {vector_norm(x, 2, axes, a.keepdims)};
  if (const auto* name = std::get_if<std::string>(&a.ord)) {
    if (matrix && *name == "fro") return {vector_norm(x, 2, axes, a.keepdims)};
    if (matrix && *name == "nuc") {
      return {matrix_norm(x, 0, true, static_cast<int>(axes[0]), static_cast<int>(axes[1]),
                          a.keepdims)};
    }
    value_error(op, ": expected ord None, a number, or 'fro' or 'nuc' for matrices, received ord='",
                *name, "' (x: ", x.shape(), ")");
  }
  double ord = 0;
  assign_attr(ord, a.ord);
  if (!matrix) return {vector_norm(x, ord, axes, a.keepdims)};
  if (std::abs(ord) != 1 && std::abs(ord) != 2 && !std::isinf(ord)) {
    value_error(op,
                ": expected ord 1, -1, 2, -2, inf, -inf, 'fro' or 'nuc' for matrices, received "
                "ord=",
                to_string(a.ord), " (x: ", x.shape(), ")");
  }
  return {
      matrix_norm(x, ord, false, static_cast<int>(axes[0]), static_cast<int>(axes[1]), a.keepdims)};
}

// ---- least squares

double precision_of(DType dtype) {
  return dtype == DType::kFloat64 ? std::numeric_limits<double>::epsilon()
                                  : std::numeric_limits<float>::epsilon();
}

// 1 / s where s exceeds cutoff times the largest, else 0.
Tensor inverse_above(const Tensor& s, double cutoff) {
  const Tensor bound = ops::max(s, IntList{-1}, true) * cutoff;
  const Tensor big = ops::greater(s, bound);
  return ops::where(big, ops::reciprocal(ops::where(big, s, ops::scalar(1))), ops::scalar(0));
}

Tensor pseudo_inverse(const char* op, const Tensor& x, std::optional<double> rcond) {
  if (x.rank() < 2) {
    value_error(op, ": expected a tensor of rank 2 or more, received ", x.shape());
  }
  const double longest = static_cast<double>(std::max(x.shape().back(), x.shape()[x.rank() - 2]));
  const ops::Svd d = ops::svd(x, false);
  const Tensor inverse = inverse_above(d.s, rcond.value_or(longest * precision_of(x.dtype())));
  return ops::matmul(matrix_transpose(d.vh), ops::expand_dims(inverse, -1) * matrix_transpose(d.u));
}

Tensors lstsq_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const Tensor &a = in[0], &b = in[1];
  if (a.rank() != 2 || b.rank() < 1 || b.rank() > 2 || b.shape()[0] != a.shape()[0]) {
    value_error("lstsq: expected a of shape (m, n) and b of shape (m,) or (m, k), received a: ",
                a.shape(), ", b: ", b.shape());
  }
  return {ops::matmul(pseudo_inverse("lstsq", a, static_cast<const RcondAttrs&>(*attrs).rcond), b)};
}

Tensors matrix_rank_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const Tensor& x = in[0];
  if (x.rank() < 2) {
    value_error("matrix_rank: expected a tensor of rank 2 or more, received ", x.shape());
  }
  const Tensor s = singular_values(x);
  const auto& tol = static_cast<const TolAttrs&>(*attrs).tol;
  const double longest = static_cast<double>(std::max(x.shape().back(), x.shape()[x.rank() - 2]));
  const Tensor bound = tol ? ops::scalar(*tol)
                           : ops::max(s, IntList{-1}, true) * (longest * precision_of(x.dtype()));
  return {ops::sum(ops::cast(ops::greater(s, bound), DType::kInt32), IntList{-1})};
}

Tensors cholesky_inverse_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const Tensor& x = in[0];
  if (x.rank() < 2) {
    value_error("cholesky_inverse: expected a tensor of rank 2 or more, received ", x.shape());
  }
  const bool upper = static_cast<const UpperAttrs&>(*attrs).upper;
  const Tensor lower = upper ? matrix_transpose(x) : x;
  const Tensor w = ops::solve_triangular(lower, diagonal_mask(x.shape().back(), x.dtype()), true);
  return {ops::matmul(w, w, true)};
}

void add(OpRegistry& registry, const char* name, const char* params, const char* doc,
         Ref<Attrs> (*make_attrs)(), CompositeFn composite) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs;
  def.promote = Promote::kCommonFloat;
  def.composite = std::move(composite);
  registry.add(std::move(def));
}

template <class Keep>
Tensor mask(int64_t n, DType dtype, Keep keep) {
  Tensor out(TensorSpec{dtype, {n, n}});
  dispatch_floating(dtype, [&]<class T>(type_tag<T>) {
    for (int64_t i = 0; i < n * n; ++i) out.mutable_data<T>()[i] = T(keep(i / n, i % n) ? 1 : 0);
  });
  return out;
}

}  // namespace

Tensor linalg::matrix_transpose(const Tensor& x) {
  IntList axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return ops::transpose(x, axes);
}

Tensor linalg::lower_mask(int64_t n, DType dtype) {
  return mask(n, dtype, [](int64_t r, int64_t c) { return r >= c; });
}

Tensor linalg::diagonal_mask(int64_t n, DType dtype) {
  return mask(n, dtype, [](int64_t r, int64_t c) { return r == c; });
}

void register_linalg_composites(OpRegistry& registry) {
  add(registry, "solve", "a, b",
      "The solution x of a x = b.\n\nArgs:\n    a: Tensor of shape (..., n, n).\n    b: Tensor of "
      "shape (..., n) or (..., n, k).\n\nReturns:\n    A tensor shaped as `b`.\n\nRaises:\n    "
      "ValueError: a matrix is singular.",
      nullptr, solve_composite);
  add(registry, "solve_triangular", "a, b, lower",
      "The solution x of a x = b for a triangular `a`.\n\nArgs:\n    a: Tensor of shape (..., n, "
      "n), "
      "of which one triangle is read.\n    b: Tensor of shape (..., n) or (..., n, k).\n    lower: "
      "Read the lower triangle.\n\nReturns:\n    A tensor shaped as `b`.",
      make_attrs_of<SolveTriangularAttrs>, triangular_composite);
  add(registry, "norm", "x, ord, axis, keepdims",
      "Norm of vectors (one axis) or matrices (two).\n\nArgs:\n    x: Input tensor.\n    ord: None "
      "(the root of the sum of squares), a number, infinity, 'fro' or 'nuc'.\n    axis: The axis "
      "of "
      "vectors, the two axes of matrices, or None for all.\n    keepdims: Keep the axes with size "
      "1."
      "\n\nReturns:\n    A tensor without the axes.",
      make_attrs_of<NormAttrs>, norm_composite);
  add(registry, "lstsq", "a, b, rcond",
      "The x of least norm that minimizes |a x - b|.\n\nArgs:\n    a: Tensor of shape (m, n).\n    "
      "b: "
      "Tensor of shape (m,) or (m, k).\n    rcond: Singular values below rcond times the largest "
      "count as zero.\n\nReturns:\n    A tensor of shape (n,) or (n, k).",
      make_attrs_of<RcondAttrs>, lstsq_composite);
  add(registry, "pinv", "x, rcond",
      "The pseudo-inverse of matrices.\n\nArgs:\n    x: Tensor of shape (..., m, n).\n    rcond: "
      "Singular values below rcond times the largest count as zero.\n\nReturns:\n    A tensor of "
      "shape (..., n, m).",
      make_attrs_of<RcondAttrs>, [](std::span<const Tensor> in, const Attrs* attrs) {
        return Tensors{pseudo_inverse("pinv", in[0], static_cast<const RcondAttrs&>(*attrs).rcond)};
      });
  add(registry, "matrix_rank", "x, tol",
      "How many singular values exceed `tol`.\n\nArgs:\n    x: Tensor of shape (..., m, n).\n    "
      "tol: "
      "The bound; None follows from the precision.\n\nReturns:\n    An int32 tensor of shape "
      "(...).",
      make_attrs_of<TolAttrs>, matrix_rank_composite);
  add(registry, "cholesky_inverse", "x, upper",
      "The inverse of a matrix from its Cholesky factor.\n\nArgs:\n    x: The factor, of shape "
      "(..., "
      "n, n).\n    upper: `x` is the upper factor.\n\nReturns:\n    A tensor of shape (..., n, n).",
      make_attrs_of<UpperAttrs>, cholesky_inverse_composite);
}

namespace ops {

Tensor solve(const Tensor& a, const Tensor& b) {
  return apply_one(find_op("solve"), {a, b});
}

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool lower) {
  auto attrs = make_ref<SolveTriangularAttrs>();
  attrs->lower = lower;
  return apply_one(find_op("solve_triangular"), {a, b}, attrs);
}

Tensor norm(const Tensor& x, const AttrValue& ord, const std::optional<IntList>& axis,
            bool keepdims) {
  auto attrs = make_ref<NormAttrs>();
  attrs->ord = ord;
  attrs->axis = axis;
  attrs->keepdims = keepdims;
  return apply_one(find_op("norm"), {x}, attrs);
}

Tensor lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond) {
  auto attrs = make_ref<RcondAttrs>();
  attrs->rcond = rcond;
  return apply_one(find_op("lstsq"), {a, b}, attrs);
}

}  // namespace ops
}  // namespace nacre
