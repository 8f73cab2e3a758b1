// Diagonals and triangles of matrices.
#include <algorithm>
#include <cstring>

#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"

namespace nacre {
namespace {

struct DiagonalAttrs : AttrsOf<DiagonalAttrs> {
  int64_t offset = 0;
  int64_t axis1 = 0;
  int64_t axis2 = 1;
  NACRE_ATTRS(offset, axis1, axis2)
};
struct EmbedAttrs : AttrsOf<EmbedAttrs> {
  int64_t offset = 0;
  int64_t rows = 0;
  int64_t cols = 0;
  NACRE_ATTRS(offset, rows, cols)
};
struct TriangleAttrs : AttrsOf<TriangleAttrs> {
  int64_t k = 0;
  NACRE_ATTRS(k)
};

int64_t diagonal_length(int64_t rows, int64_t cols, int64_t offset) {
  if (rows == kUnknownDim || cols == kUnknownDim) return kUnknownDim;
  return std::max<int64_t>(
      0, offset >= 0 ? std::min(rows, cols - offset) : std::min(rows + offset, cols));
}

// The diagonals of the last two axes.
std::vector<TensorSpec> infer_diagonal(const InferContext& c) {
  const Shape& in = c.shape(0);
  Shape out;
  for (int i = 0; i + 2 < in.rank(); ++i) out.push_back(in[i]);
  out.push_back(diagonal_length(in[in.rank() - 2], in.back(), c.attrs_as<TriangleAttrs>().k));
  return {{c.dtype(0), out}};
}

void copy_diagonal(const Shape& matrix, int64_t k, const char* src, char* dst, size_t element,
                   bool extract) {
  const int64_t rows = matrix[matrix.rank() - 2];
  const int64_t cols = matrix.back();
  const int64_t n = diagonal_length(rows, cols, k);
  const int64_t batch = matrix.size(0, matrix.rank() - 2);
  const size_t offset = static_cast<size_t>(k >= 0 ? k : -k * cols) * element;
  StridedCopy copy;
  copy.add_axis(batch, extract ? rows * cols : n, extract ? n : rows * cols);
  copy.add_axis(n, extract ? cols + 1 : 1, extract ? 1 : cols + 1);
  if (n > 0) copy.run(extract ? src + offset : src, extract ? dst : dst + offset, element);
}

Tensor embed(const Tensor& x, int64_t offset, int64_t rows, int64_t cols) {
  static const OpDef& op = find_op("diagonal_embed");
  auto attrs = make_ref<EmbedAttrs>();
  attrs->offset = offset;
  attrs->rows = rows;
  attrs->cols = cols;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor matrix_diagonal(const Tensor& x, int64_t k) {
  static const OpDef& op = find_op("matrix_diagonal");
  auto attrs = make_ref<TriangleAttrs>();
  attrs->k = k;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor diag_of(const Tensor& x, int64_t k) {
  if (x.rank() == 2) return ops::diagonal(x, k);
  if (x.rank() != 1) value_error("diag: expected x of rank 1 or 2, received shape ", x.shape());
  const int64_t n = x.shape()[0] + std::abs(k);
  return embed(x, k, n, n);
}

template <bool lower>
void triangle_kernel(const KernelContext& c) {
  const int64_t k = c.attrs_as<TriangleAttrs>().k;
  const Shape& shape = c.in[0].shape();
  const int64_t rows = shape[shape.rank() - 2];
  const int64_t cols = shape.back();
  if (c.out[0].size() == 0) return;
  dispatch_size(size_of(c.in[0].dtype()), [&]<class T>(T) {
    const T* x = c.in[0].as<const T>();
    T* y = c.out[0].as<T>();
    const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / cols);
    parallel_for(c.out[0].size() / cols, grain, [=](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        // Columns [0, cut) belong to the lower triangle.
        const int64_t cut = std::clamp<int64_t>(r % rows + k + (lower ? 1 : 0), 0, cols);
        const T* from = x + r * cols;
        T* to = y + r * cols;
        if (lower) {
          std::copy(from, from + cut, to);
          std::fill(to + cut, to + cols, T(0));
        } else {
          std::fill(to, to + cut, T(0));
          std::copy(from + cut, from + cols, to + cut);
        }
      }
    });
  });
}

template <bool lower>
void add_triangle(OpRegistry& registry, const char* name, const char* doc) {
  OpDef def;
  def.name = name;
  def.params = "x, k";
  def.doc = doc;
  def.make_attrs = make_attrs_of<TriangleAttrs>;
  def.infer = [](const InferContext& c) {
    if (c.shape(0).rank() < 2) {
      value_error(c.op, ": expected x of rank 2 or more, received shape ", c.shape(0));
    }
    return std::vector<TensorSpec>{c.inputs[0].spec()};
  };
  def.kernel = triangle_kernel<lower>;
  def.backward = [](const BackwardContext& c) {
    const int64_t k = c.attrs_as<TriangleAttrs>().k;
    return Tensors{lower ? ops::tril(c.grads[0], k) : ops::triu(c.grads[0], k)};
  };
  registry.add(std::move(def));
}

Tensor triangle(const char* name, const Tensor& x, int64_t k) {
  auto attrs = make_ref<TriangleAttrs>();
  attrs->k = k;
  return apply_one(find_op(name), {x}, std::move(attrs));
}

}  // namespace

void register_diagonal_ops(OpRegistry& registry) {
  OpDef diagonal;
  diagonal.name = "matrix_diagonal";
  diagonal.params = "x, k";
  diagonal.doc = "Diagonal `k` of the last two axes.";
  diagonal.make_attrs = make_attrs_of<TriangleAttrs>;
  diagonal.infer = infer_diagonal;
  diagonal.kernel = [](const KernelContext& c) {
    copy_diagonal(c.in[0].shape(), c.attrs_as<TriangleAttrs>().k, c.in[0].as<const char>(),
                  c.out[0].as<char>(), size_of(c.in[0].dtype()), true);
  };
  diagonal.backward = [](const BackwardContext& c) {
    const Shape& in = c.inputs[0].shape();
    return Tensors{embed(c.grads[0], c.attrs_as<TriangleAttrs>().k, in[in.rank() - 2], in.back())};
  };
  diagonal.internal = true;
  registry.add(std::move(diagonal));

  OpDef embed_def;
  embed_def.name = "diagonal_embed";
  embed_def.params = "x, offset, rows, cols";
  embed_def.doc = "Zero matrices with `x` on a diagonal.";
  embed_def.make_attrs = make_attrs_of<EmbedAttrs>;
  embed_def.infer = [](const InferContext& c) {
    const auto& a = c.attrs_as<EmbedAttrs>();
    Shape out = c.shape(0);
    out[out.rank() - 1] = a.rows;
    out.push_back(a.cols);
    return std::vector<TensorSpec>{{c.dtype(0), out}};
  };
  embed_def.kernel = [](const KernelContext& c) {
    if (c.out[0].size() == 0) return;
    std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
    copy_diagonal(c.out[0].shape(), c.attrs_as<EmbedAttrs>().offset, c.in[0].as<const char>(),
                  c.out[0].as<char>(), size_of(c.in[0].dtype()), false);
  };
  embed_def.backward = [](const BackwardContext& c) {
    return Tensors{matrix_diagonal(c.grads[0], c.attrs_as<EmbedAttrs>().offset)};
  };
  embed_def.internal = true;
  registry.add(std::move(embed_def));

  add_triangle<true>(registry, "tril", "`x` with zeros above diagonal `k` of its last two axes.");
  add_triangle<false>(registry, "triu", "`x` with zeros below diagonal `k` of its last two axes.");
  add_composite(
      registry, "diagonal", "x, offset, axis1, axis2",
      "The diagonals of the matrices that `axis1` and `axis2` of `x` span, along a new last axis.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<DiagonalAttrs>(attrs);
        return Tensors{ops::diagonal(in[0], a.offset, a.axis1, a.axis2)};
      },
      make_attrs_of<DiagonalAttrs>);
  add_composite(
      registry, "trace", "x, offset, axis1, axis2",
      "The sum of the diagonals of the matrices that `axis1` and `axis2` of `x` span.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<DiagonalAttrs>(attrs);
        return Tensors{ops::sum(ops::diagonal(in[0], a.offset, a.axis1, a.axis2), IntList{-1})};
      },
      make_attrs_of<DiagonalAttrs>);
  add_composite(
      registry, "diag", "x, k",
      "Diagonal `k` of a matrix, or the matrix that has the 1-D `x` as its diagonal `k`.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{diag_of(in[0], attrs_as<TriangleAttrs>(attrs).k)};
      },
      make_attrs_of<TriangleAttrs>);
  add_composite(
      registry, "diagflat", "x, k", "The matrix that has the elements of `x` as its diagonal `k`.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{diag_of(ops::reshape(in[0], {-1}), attrs_as<TriangleAttrs>(attrs).k)};
      },
      make_attrs_of<TriangleAttrs>);
}

namespace ops {

Tensor diagonal(const Tensor& x, int64_t offset, int64_t axis1, int64_t axis2) {
  if (x.rank() < 2) {
    value_error("diagonal: expected x of rank 2 or more, received shape ", x.shape());
  }
  const int a = normalize_axis(axis1, x.rank(), "diagonal");
  const int b = normalize_axis(axis2, x.rank(), "diagonal");
  if (a == b) value_error("diagonal: expected two different axes, received ", a, " twice");
  return matrix_diagonal(moveaxis(x, {a, b}, {-2, -1}), offset);
}

Tensor tril(const Tensor& x, int64_t k) {
  return triangle("tril", x, k);
}

Tensor triu(const Tensor& x, int64_t k) {
  return triangle("triu", x, k);
}

}  // namespace ops
}  // namespace nacre
