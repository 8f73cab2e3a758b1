// keras.ops.linalg: decompositions run by linalg_kernels over batches of matrices, with gradients
// in terms of ops; what follows from them is in linalg_composites.cpp.
#include "nacre/ops/linalg.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "nacre/base/parallel.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/shaping.h"
#include "ops/linalg_kernels.h"
#include "ops/linalg_parts.h"
#include "ops/registry.h"

namespace nacre {
namespace {

using linalg::diagonal_mask;
using linalg::lower_mask;
using linalg::matrix_transpose;

struct CholeskyAttrs : AttrsOf<CholeskyAttrs> {
  bool upper = false;
  NACRE_ATTRS(upper)
};
struct TriangularAttrs : AttrsOf<TriangularAttrs> {
  bool lower = false;
  NACRE_ATTRS(lower)
};
struct QrAttrs : AttrsOf<QrAttrs> {
  std::string mode = "reduced";
  NACRE_ATTRS(mode)
};
struct SvdAttrs : AttrsOf<SvdAttrs> {
  bool full_matrices = true;
  bool compute_uv = true;
  NACRE_ATTRS(full_matrices, compute_uv)
};

// ---- checks

void check_matrix(const InferContext& c, size_t input) {
  const DType dtype = c.dtype(input);
  if (dtype != DType::kFloat32 && dtype != DType::kFloat64) {
    type_error(c.op, ": expected float32 or float64, received ", dtype);
  }
  if (c.shape(input).rank() < 2) {
    value_error(c.op, ": expected a tensor of rank 2 or more, received ", c.shape(input));
  }
}

void check_square(const InferContext& c) {
  check_matrix(c, 0);
  const Shape& s = c.shape(0);
  const int64_t rows = s[s.rank() - 2], cols = s.back();
  if (rows != cols && rows != kUnknownDim && cols != kUnknownDim) {
    value_error(c.op, ": expected square matrices, received ", s);
  }
}

// Rows and columns, which must be known.
std::pair<int64_t, int64_t> checked_sizes(const InferContext& c) {
  check_matrix(c, 0);
  const Shape& s = c.shape(0);
  const int64_t rows = s[s.rank() - 2], cols = s.back();
  if (rows == kUnknownDim || cols == kUnknownDim) {
    value_error(c.op, ": expected known sizes of the last two axes, received ", s);
  }
  return {rows, cols};
}

Shape batch_of(const Shape& s) {
  return Shape(s.dims().first(static_cast<size_t>(s.rank() - 2)));
}

Shape with(Shape batch, std::initializer_list<int64_t> dims) {
  for (const int64_t d : dims) batch.push_back(d);
  return batch;
}

// f(type, index of the matrix) for each matrix of input 0.
template <class F>
void for_each_matrix(const KernelContext& c, F f) {
  const int64_t batch = batch_of(c.in[0].shape()).size();
  const auto run = [&]<class T>(type_tag<T> tag) {
    parallel_for(batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(tag, i);
    });
  };
  if (c.in[0].dtype() == DType::kFloat64) {
    run(type_tag<double>{});
  } else {
    run(type_tag<float>{});
  }
}

int64_t rows_of(const Buffer& b) {
  return b.shape()[b.shape().rank() - 2];
}
int64_t cols_of(const Buffer& b) {
  return b.shape().back();
}

[[noreturn]] void refuse(const char* op, const char* expected, const char* received, int64_t i) {
  value_error(op, ": expected ", expected, ", received ", received, " (matrix ", i,
              " of the batch)");
}

OpDef define(const char* name, const char* params, const char* doc, InferFn infer, KernelFn kernel,
             BackwardFn backward, Ref<Attrs> (*make_attrs)() = nullptr, bool internal = false) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs;
  def.promote = Promote::kCommonFloat;
  def.infer = std::move(infer);
  def.kernel = std::move(kernel);
  def.backward = std::move(backward);
  def.differentiable = static_cast<bool>(def.backward);
  def.internal = internal;
  return def;
}

std::vector<TensorSpec> infer_square(const InferContext& c) {
  check_square(c);
  return {c.inputs[0].spec()};
}

// ---- kernels and gradients

void cholesky_kernel(const KernelContext& c) {
  const int64_t n = cols_of(c.in[0]);
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    if (!linalg::cholesky(c.in[0].as<const T>() + i * n * n, c.out[0].as<T>() + i * n * n, n,
                          c.attrs_as<CholeskyAttrs>().upper)) {
      refuse("cholesky", "positive definite matrices", "one that is not", i);
    }
  });
}

// Murray 2016, "Differentiation of the Cholesky decomposition", equation 10.
Tensors cholesky_backward(const BackwardContext& c) {
  const bool upper = c.attrs_as<CholeskyAttrs>().upper;
  const Tensor l = upper ? matrix_transpose(c.outputs[0]) : c.outputs[0];
  const Tensor g = upper ? matrix_transpose(c.grads[0]) : c.grads[0];
  const int64_t n = l.shape().back();
  const Tensor half = lower_mask(n, l.dtype()) - diagonal_mask(n, l.dtype()) * 0.5;
  const Tensor p = ops::matmul(l, g, true) * half;
  const Tensor lt = matrix_transpose(l);
  const Tensor left = ops::solve_triangular(lt, p, false);
  const Tensor s = matrix_transpose(ops::solve_triangular(lt, matrix_transpose(left), false));
  return {(s + matrix_transpose(s)) * 0.5};
}

std::vector<TensorSpec> infer_det(const InferContext& c) {
  check_square(c);
  return {{c.dtype(0), batch_of(c.shape(0))}};
}

void det_kernel(const KernelContext& c) {
  const int64_t n = cols_of(c.in[0]);
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    c.out[0].as<T>()[i] = linalg::determinant(c.in[0].as<const T>() + i * n * n, n);
  });
}

Tensors det_backward(const BackwardContext& c) {
  const Tensor scale = ops::expand_dims(ops::expand_dims(c.grads[0] * c.outputs[0], -1), -1);
  return {scale * matrix_transpose(ops::inv(c.inputs[0]))};
}

void inv_kernel(const KernelContext& c) {
  const int64_t n = cols_of(c.in[0]);
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    if (!linalg::invert(c.in[0].as<const T>() + i * n * n, c.out[0].as<T>() + i * n * n, n)) {
      refuse("inv", "invertible matrices", "a singular one", i);
    }
  });
}

Tensors inv_backward(const BackwardContext& c) {
  const Tensor& y = c.outputs[0];
  return {-ops::matmul(ops::matmul(y, c.grads[0], true), y, false, true)};
}

// a (batch, n, n), b (batch, n, k), with equal batches: the public ops see to that.
std::vector<TensorSpec> infer_solve(const InferContext& c) {
  check_square(c);
  check_matrix(c, 1);
  const Shape &a = c.shape(0), &b = c.shape(1);
  const int64_t n = a.back(), rows = b[b.rank() - 2];
  if (n != rows && n != kUnknownDim && rows != kUnknownDim) {
    value_error(c.op, ": expected b with ", n, " rows, received ", rows, " (a: ", a, ", b: ", b,
                ")");
  }
  return {c.inputs[1].spec()};
}

void solve_kernel(const KernelContext& c) {
  const int64_t n = cols_of(c.in[0]), k = cols_of(c.in[1]);
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    if (!linalg::solve(c.in[0].as<const T>() + i * n * n, c.in[1].as<const T>() + i * n * k,
                       c.out[0].as<T>() + i * n * k, n, k)) {
      refuse("solve", "invertible matrices", "a singular one", i);
    }
  });
}

Tensors solve_backward(const BackwardContext& c) {
  const Tensor gb = ops::solve(matrix_transpose(c.inputs[0]), c.grads[0]);
  return {c.needs[0] ? -ops::matmul(gb, c.outputs[0], false, true) : Tensor(), gb};
}

void triangular_kernel(const KernelContext& c) {
  const int64_t n = cols_of(c.in[0]), k = cols_of(c.in[1]);
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    if (!linalg::solve_triangular(c.in[0].as<const T>() + i * n * n,
                                  c.in[1].as<const T>() + i * n * k, c.out[0].as<T>() + i * n * k,
                                  n, k, c.attrs_as<TriangularAttrs>().lower)) {
      refuse("solve_triangular", "a diagonal without zeros", "a singular matrix", i);
    }
  });
}

Tensors triangular_backward(const BackwardContext& c) {
  const bool lower = c.attrs_as<TriangularAttrs>().lower;
  const Tensor& a = c.inputs[0];
  const Tensor gb = ops::solve_triangular(matrix_transpose(a), c.grads[0], !lower);
  if (!c.needs[0]) return {Tensor(), gb};
  const Tensor mask = lower_mask(a.shape().back(), a.dtype());
  return {-(ops::matmul(gb, c.outputs[0], false, true) * (lower ? mask : matrix_transpose(mask))),
          gb};
}

std::vector<TensorSpec> infer_lu(const InferContext& c) {
  const auto [rows, cols] = checked_sizes(c);
  return {c.inputs[0].spec(), {DType::kInt32, with(batch_of(c.shape(0)), {std::min(rows, cols)})}};
}

void lu_kernel(const KernelContext& c) {
  const int64_t rows = rows_of(c.in[0]), cols = cols_of(c.in[0]), k = std::min(rows, cols);
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    linalg::lu_factor(c.in[0].as<const T>() + i * rows * cols, c.out[0].as<T>() + i * rows * cols,
                      c.out[1].as<int32_t>() + i * k, rows, cols);
  });
}

// Where row i of x is among the rows of its factors.
void factor_rows_kernel(const KernelContext& c) {
  const int64_t n = c.in[0].shape().back();
  const int32_t* pivots = c.in[0].as<const int32_t>();
  int32_t* places = c.out[0].as<int32_t>();
  std::vector<int32_t> rows(static_cast<size_t>(n));
  for (int64_t at = 0; at < c.in[0].size(); at += n) {
    std::iota(rows.begin(), rows.end(), 0);
    for (int64_t i = 0; i < n; ++i) {
      std::swap(rows[static_cast<size_t>(i)], rows[static_cast<size_t>(pivots[at + i])]);
    }
    for (int64_t i = 0; i < n; ++i)
      places[at + rows[static_cast<size_t>(i)]] = static_cast<int32_t>(i);
  }
}

// With P x = L U: dx = P^T L^-T (strict lower part of L^T dL + upper part of dU U^T) U^-T.
Tensors lu_backward(const BackwardContext& c) {
  const Tensor& g = c.grads[0];
  if (!g.defined()) return {Tensor()};
  const Tensor& lu = c.outputs[0];
  const int64_t n = lu.shape().back();
  if (lu.shape()[lu.rank() - 2] != n) {
    value_error("lu_factor: the gradient is that of square matrices only, received ", lu.shape());
  }
  const Tensor lower = lower_mask(n, lu.dtype()) - diagonal_mask(n, lu.dtype());
  const Tensor upper = ops::triu(lu);
  const Tensor unit = lu * lower + diagonal_mask(n, lu.dtype());
  const Tensor middle = ops::matmul(unit, g * lower, true) * lower +
                        ops::triu(ops::matmul(ops::triu(g), upper, false, true));
  const Tensor left = ops::solve_triangular(matrix_transpose(unit), middle, false);
  const Tensor dx = matrix_transpose(ops::solve_triangular(upper, matrix_transpose(left), false));
  const Tensor places = apply_one(find_op("factor_rows"), {c.outputs[1]});
  return {ops::take_along_axis(dx, ops::broadcast_to(ops::expand_dims(places, -1), dx.shape()),
                               dx.rank() - 2)};
}

bool is_complete(const QrAttrs& a, std::string_view op) {
  if (a.mode != "reduced" && a.mode != "complete") {
    value_error(op, ": expected mode 'reduced' or 'complete', received mode='", a.mode, "'.",
                did_you_mean(a.mode, std::array<std::string, 2>{"reduced", "complete"}));
  }
  return a.mode == "complete";
}

std::vector<TensorSpec> infer_qr(const InferContext& c) {
  const auto [rows, cols] = checked_sizes(c);
  const int64_t k = is_complete(c.attrs_as<QrAttrs>(), c.op) ? rows : std::min(rows, cols);
  const Shape batch = batch_of(c.shape(0));
  return {{c.dtype(0), with(batch, {rows, k})}, {c.dtype(0), with(batch, {k, cols})}};
}

void qr_kernel(const KernelContext& c) {
  const int64_t rows = rows_of(c.in[0]), cols = cols_of(c.in[0]), k = cols_of(c.out[0]);
  if (c.in[0].size() == 0) return;
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    linalg::qr(c.in[0].as<const T>() + i * rows * cols, c.out[0].as<T>() + i * rows * k,
               c.out[1].as<T>() + i * k * cols, rows, cols,
               c.attrs_as<QrAttrs>().mode == "complete");
  });
}

// Walter and Lehmann 2010, "Algorithmic differentiation of linear algebra functions".
Tensors qr_backward(const BackwardContext& c) {
  const Tensor &q = c.outputs[0], &r = c.outputs[1];
  const int64_t n = r.shape().back();
  if (r.shape()[r.rank() - 2] != n) {
    raise(ErrorKind::kNotImplemented,
          "qr: the gradient is defined for mode='reduced' and matrices "
          "with at least as many rows as columns, received ",
          c.inputs[0].shape());
  }
  const Tensor gq = c.grads[0].defined() ? c.grads[0] : ops::zeros_like(q);
  const Tensor gr = c.grads[1].defined() ? c.grads[1] : ops::zeros_like(r);
  const Tensor m = ops::matmul(r, gr, false, true) - ops::matmul(gq, q, true);
  const Tensor below = m * (lower_mask(n, m.dtype()) - diagonal_mask(n, m.dtype()));
  const Tensor symmetric = below + matrix_transpose(below) + m * diagonal_mask(n, m.dtype());
  const Tensor b = gq + ops::matmul(q, symmetric);
  return {matrix_transpose(ops::solve_triangular(r, matrix_transpose(b), false))};
}

std::vector<TensorSpec> infer_eigh(const InferContext& c) {
  check_square(c);
  Shape values = c.shape(0);
  values.erase(values.rank() - 1);
  return {{c.dtype(0), values}, c.inputs[0].spec()};
}

void eigh_kernel(const KernelContext& c) {
  const int64_t n = cols_of(c.in[0]);
  if (c.in[0].size() == 0) return;
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    if (!linalg::eigh(c.in[0].as<const T>() + i * n * n, c.out[0].as<T>() + i * n,
                      c.out[1].as<T>() + i * n * n, n)) {
      refuse("eigh", "finite matrices", "one whose eigenvalues do not converge", i);
    }
  });
}

Tensors eigh_backward(const BackwardContext& c) {
  const Tensor &w = c.outputs[0], &v = c.outputs[1];
  const int64_t n = w.shape().back();
  const Tensor diagonal = diagonal_mask(n, w.dtype());
  Tensor inner = ops::zeros_like(v);
  if (c.grads[0].defined()) inner = inner + ops::expand_dims(c.grads[0], -1) * diagonal;
  if (c.grads[1].defined()) {
    const Tensor gap = ops::expand_dims(w, -2) - ops::expand_dims(w, -1) + diagonal;
    inner = inner + ops::matmul(v, c.grads[1], true) * (1.0 - diagonal) / gap;
  }
  const Tensor g = ops::matmul(ops::matmul(v, inner), v, false, true);
  return {(g + matrix_transpose(g)) * 0.5};
}

std::vector<TensorSpec> infer_svd(const InferContext& c) {
  const auto& a = c.attrs_as<SvdAttrs>();
  const auto [rows, cols] = checked_sizes(c);
  const int64_t k = std::min(rows, cols);
  const Shape batch = batch_of(c.shape(0));
  const TensorSpec s{c.dtype(0), with(batch, {k})};
  if (!a.compute_uv) return {s};
  return {{c.dtype(0), with(batch, {rows, a.full_matrices ? rows : k})},
          s,
          {c.dtype(0), with(batch, {a.full_matrices ? cols : k, cols})}};
}

void svd_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<SvdAttrs>();
  const int64_t rows = rows_of(c.in[0]), cols = cols_of(c.in[0]), k = std::min(rows, cols);
  if (c.in[0].size() == 0) return;
  for_each_matrix(c, [&]<class T>(type_tag<T>, int64_t i) {
    T *u = nullptr, *vh = nullptr;
    if (a.compute_uv) {
      u = c.out[0].as<T>() + i * rows * cols_of(c.out[0]);
      vh = c.out[2].as<T>() + i * rows_of(c.out[2]) * cols;
    }
    T* s = c.out[a.compute_uv ? 1 : 0].as<T>() + i * k;
    if (!linalg::svd(c.in[0].as<const T>() + i * rows * cols, u, s, vh, rows, cols,
                     a.full_matrices)) {
      refuse("svd", "finite matrices", "one with NaN or infinity", i);
    }
  });
}

Tensors svd_backward(const BackwardContext& c) {
  const bool uv = c.attrs_as<SvdAttrs>().compute_uv;
  if (uv && (c.grads[0].defined() || c.grads[2].defined())) {
    raise(ErrorKind::kNotImplemented,
          "svd: the gradient is defined for the singular values only, received one of u or vh");
  }
  const Tensor& gs = c.grads[uv ? 1 : 0];
  const ops::Svd thin = ops::svd(c.inputs[0], false);
  return {ops::matmul(thin.u * ops::expand_dims(gs, -2), thin.vh)};
}

}  // namespace

void register_linalg_ops(OpRegistry& registry) {
  registry.add(
      define("cholesky", "x, upper",
             "The triangular factor of positive definite matrices: x = l l^T.\n\nArgs:\n"
             "    x: Tensor of shape (..., n, n).\n    upper: Return l^T.\n\nReturns:\n    A "
             "tensor of shape (..., n, n).\n\nRaises:\n    ValueError: a matrix is not "
             "positive definite.",
             infer_square, cholesky_kernel, cholesky_backward, make_attrs_of<CholeskyAttrs>));
  registry.add(define("det", "x", "The determinant of matrices of shape (..., n, n).", infer_det,
                      det_kernel, det_backward));
  registry.add(define("inv", "x",
                      "The inverse of matrices of shape (..., n, n).\n\nRaises:\n    ValueError: a "
                      "matrix is singular.",
                      infer_square, inv_kernel, inv_backward));
  registry.add(define("solve_matrix", "a, b", "a^-1 b for matrices of equal batches.", infer_solve,
                      solve_kernel, solve_backward, nullptr, true));
  registry.add(define(
      "solve_triangular_matrix", "a, b, lower", "a^-1 b for triangular matrices of equal batches.",
      infer_solve, triangular_kernel, triangular_backward, make_attrs_of<TriangularAttrs>, true));
  registry.add(define("lu_factor", "x",
                      "The factors of x with rows exchanged, as one matrix, and the exchanges.\n\n"
                      "Args:\n    x: Tensor of shape (..., m, n).\n\nReturns:\n    A tuple (lu, "
                      "pivots): row i was exchanged with row pivots[i].",
                      infer_lu, lu_kernel, lu_backward));
  OpDef rows = define(
      "factor_rows", "pivots", "Where each row is among those of the factors.",
      [](const InferContext& c) { return std::vector<TensorSpec>{{DType::kInt32, c.shape(0)}}; },
      factor_rows_kernel, nullptr, nullptr, true);
  rows.promote = Promote::kNone;
  registry.add(std::move(rows));
  registry.add(define("qr", "x, mode",
                      "x = q r with orthonormal columns in q and an upper triangular r.\n\nArgs:\n"
                      "    x: Tensor of shape (..., m, n).\n    mode: 'reduced' (q has min(m, n) "
                      "columns) or 'complete' (m columns).\n\nReturns:\n    A tuple (q, r).",
                      infer_qr, qr_kernel, qr_backward, make_attrs_of<QrAttrs>));
  registry.add(
      define("eigh", "x",
             "Eigenvalues, ascending, and eigenvectors of symmetric matrices.\n\nArgs:\n"
             "    x: Tensor of shape (..., n, n), of which the symmetric part counts.\n\nReturns:\n"
             "    A tuple (values, vectors), one vector a column.",
             infer_eigh, eigh_kernel, eigh_backward));
  registry.add(
      define("svd", "x, full_matrices, compute_uv",
             "x = u diag(s) vh with orthonormal u and vh, s descending.\n\nArgs:\n"
             "    x: Tensor of shape (..., m, n).\n    full_matrices: Square u and vh.\n"
             "    compute_uv: Return u and vh too.\n\nReturns:\n    A tuple (u, s, vh), or "
             "s.",
             infer_svd, svd_kernel, svd_backward, make_attrs_of<SvdAttrs>));
  register_linalg_composites(registry);
}

namespace ops {

Tensor cholesky(const Tensor& x, bool upper) {
  auto attrs = make_ref<CholeskyAttrs>();
  attrs->upper = upper;
  return apply_one(find_op("cholesky"), {x}, attrs);
}

Tensor det(const Tensor& x) {
  return apply_one(find_op("det"), {x});
}

Tensor inv(const Tensor& x) {
  return apply_one(find_op("inv"), {x});
}

Eigh eigh(const Tensor& x) {
  Tensors out = apply(find_op("eigh"), {x});
  return {out[0], out[1]};
}

Qr qr(const Tensor& x, const std::string& mode) {
  auto attrs = make_ref<QrAttrs>();
  attrs->mode = mode;
  Tensors out = apply(find_op("qr"), {x}, attrs);
  return {out[0], out[1]};
}

Svd svd(const Tensor& x, bool full_matrices) {
  auto attrs = make_ref<SvdAttrs>();
  attrs->full_matrices = full_matrices;
  Tensors out = apply(find_op("svd"), {x}, attrs);
  return {out[0], out[1], out[2]};
}

}  // namespace ops
}  // namespace nacre
