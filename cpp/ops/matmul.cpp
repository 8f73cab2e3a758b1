// Matrix products over the last two axes.
#include <algorithm>
#include <vector>

#include "kernels/abi.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/epilogue.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/gemm.h"
#include "ops/reference/reduce.h"
#include "ops/registry.h"
#include "ops/widen.h"

namespace nacre {
namespace {

struct MatmulAttrs : AttrsOf<MatmulAttrs> {
  bool transpose_a = false;
  bool transpose_b = false;
  NACRE_ATTRS(transpose_a, transpose_b)
};
constexpr size_t kPackedInput = 5;  // of fused_matmul

struct FusedMatmulAttrs : AttrsOf<FusedMatmulAttrs> {
  bool transpose_a = false;
  bool transpose_b = false;
  bool relu = false;
  NACRE_ATTRS(transpose_a, transpose_b, relu)
  EpilogueInputs epilogue() const { return {2, relu}; }
  MatmulAttrs product() const {
    MatmulAttrs attrs;
    attrs.transpose_a = transpose_a;
    attrs.transpose_b = transpose_b;
    return attrs;
  }
};

// The product as matrices: rows and columns of the stored operands, and the batch they repeat over.
struct Plan {
  int64_t m, n, k;
  bool trans_a, trans_b;
  Shape batch_a, batch_b, batch;
  Shape out;
};

[[noreturn]] void mismatch(std::string_view op, int64_t expected, int64_t received, const Shape& a,
                           const Shape& b) {
  value_error(op, ": expected ", expected == kUnknownDim ? std::string("None") : str_cat(expected),
              " rows in x2, received ", received, " (x1: ", a, ", x2: ", b, ")");
}

Plan plan_product(const Shape& a, const Shape& b, const MatmulAttrs& attrs, std::string_view op) {
  if (a.rank() == 0 || b.rank() == 0) {
    value_error(op, ": expected operands of rank 1 or more, received shapes ", a, " and ", b);
  }
  Plan p;
  const bool vector_a = a.rank() == 1;
  const bool vector_b = b.rank() == 1;
  p.trans_a = !vector_a && attrs.transpose_a;
  p.trans_b = !vector_b && attrs.transpose_b;
  const int64_t rows_a = vector_a ? 1 : a[a.rank() - 2];
  const int64_t rows_b = vector_b ? b[0] : b[b.rank() - 2];
  const int64_t cols_b = vector_b ? 1 : b.back();
  p.m = p.trans_a ? a.back() : rows_a;
  p.k = p.trans_a ? rows_a : a.back();
  p.n = p.trans_b ? rows_b : cols_b;
  const int64_t k_b = p.trans_b ? cols_b : rows_b;
  if (p.k != k_b && p.k != kUnknownDim && k_b != kUnknownDim) mismatch(op, p.k, k_b, a, b);
  for (int i = 0; i + 2 < a.rank(); ++i) p.batch_a.push_back(a[i]);
  for (int i = 0; i + 2 < b.rank(); ++i) p.batch_b.push_back(b[i]);
  p.batch = broadcast_shapes(p.batch_a, p.batch_b, op);
  p.out = p.batch;
  if (!vector_a) p.out.push_back(p.m);
  if (!vector_b) p.out.push_back(p.n);
  return p;
}

std::vector<TensorSpec> infer_matmul(const InferContext& c) {
  const Plan p = plan_product(c.shape(0), c.shape(1), c.attrs_as<MatmulAttrs>(), "matmul");
  // Keras 3: two int8 operands multiply into int32.
  return {{c.dtype(0) == DType::kInt8 ? DType::kInt32 : c.dtype(0), p.out}};
}

// Offset, in matrices, of the operand with batch shape `own` for the item'th product.
int64_t batch_offset(int64_t item, const Shape& batch, const Shape& own) {
  int64_t offset = 0;
  int64_t stride = 1;
  const int lead = batch.rank() - own.rank();
  for (int i = batch.rank() - 1; i >= 0; --i) {
    const int64_t index = item % batch[i];
    item /= batch[i];
    if (i < lead) continue;
    if (own[i - lead] != 1) offset += index * stride;
    stride *= own[i - lead];
  }
  return offset;
}

template <class T, class Gemm>
void batched(const Plan& plan, const T* a, const T* b, T* y, Gemm gemm) {
  Plan p = plan;
  int64_t batch = p.batch.size();
  const int64_t size_a = p.m * p.k;
  const int64_t size_b = p.k * p.n;
  if (p.out.size() == 0) return;
  if (batch > 1 && p.batch_b.size() == 1 && !p.trans_a) {
    p.m *= batch;  // one matrix on the right: all rows of x1 at once
    batch = 1;
  }
  reference::Product<T> g{a,         b,         y,     p.m,    p.n,    p.k,
                          p.trans_a, p.trans_b, batch, size_a, size_b, p.m * p.n};
  if (p.batch_a.size() == 1) g.stride_a = 0;
  if (p.batch_b.size() == 1) g.stride_b = 0;
  const bool whole_a = batch == 1 || g.stride_a == 0 || p.batch_a.size() == batch;
  const bool whole_b = batch == 1 || g.stride_b == 0 || p.batch_b.size() == batch;
  if (whole_a && whole_b) return gemm(g);
  g.batch = 1;
  for (int64_t item = 0; item < batch; ++item) {
    g.a = a + batch_offset(item, p.batch, p.batch_a) * size_a;
    g.b = b + batch_offset(item, p.batch, p.batch_b) * size_b;
    g.c = y + item * p.m * p.n;
    gemm(g);
  }
}

// The description of a product as the kernels take it.
template <class Args, class T>
Args kernel_args(const reference::Product<T>& g) {
  Args args{};
  args.a = g.a;
  args.b = g.b;
  args.c = g.c;
  args.m = g.m;
  args.n = g.n;
  args.k = g.k;
  args.lda = g.trans_a ? g.m : g.k;
  args.ldb = g.trans_b ? g.k : g.n;
  args.ldc = g.n;
  args.trans_a = g.trans_a;
  args.trans_b = g.trans_b;
  args.batch = g.batch;
  args.stride_a = g.stride_a;
  args.stride_b = g.stride_b;
  args.stride_c = g.stride_c;
  return args;
}

// `epilogue` has the pointers of GemmArgs' epilogue for the whole result, which starts at `y`.
void gemm_f32(const reference::Product<float>& g, const kernels::GemmArgs& epilogue = {},
              const float* y = nullptr) {
  const auto fast = kernels::table().gemm;
  if (!fast) return reference::gemm(g);
  auto args = kernel_args<kernels::GemmArgs>(g);
  args.alpha = 1;
  args.bias = epilogue.bias;
  args.relu = epilogue.relu;
  args.packed = epilogue.packed;
  args.sums = epilogue.sums;
  if (epilogue.residual) args.residual = epilogue.residual + (g.c - y);
  if (epilogue.mask) args.mask = epilogue.mask + (g.c - y);
  fast(args);
}

// False where there is no kernel for bfloat16: it is widened then.
bool matmul_bf16(const KernelContext& c, const MatmulAttrs& attrs,
                 const kernels::Bf16Epilogue& epilogue = {}) {
  const auto fast = kernels::table().gemm_bf16;
  if (!fast || c.in[0].dtype() != DType::kBFloat16) return false;
  const Plan p = plan_product(c.in[0].shape(), c.in[1].shape(), attrs, "matmul");
  auto* y = c.out[0].as<uint16_t>();
  batched<uint16_t>(p, c.in[0].as<const uint16_t>(), c.in[1].as<const uint16_t>(), y,
                    [&](const reference::Product<uint16_t>& g) {
                      auto args = kernel_args<kernels::GemmBf16Args>(g);
                      args.epilogue = epilogue;
                      if (epilogue.residual) args.epilogue.residual += g.c - y;
                      if (epilogue.mask) args.epilogue.mask += g.c - y;
                      fast(args);
                    });
  return true;
}

// int8 operands are widened to int32 first.
size_t matmul_workspace(const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out) {
  if (in[0].dtype() != DType::kInt8) return 0;
  return 4 * static_cast<size_t>(in[0].size() + in[1].size());
}

template <class T>
void multiply(const Plan& p, const T* a, const T* b, T* y) {
  if constexpr (std::is_same_v<T, float>) {
    batched<float>(p, a, b, y, [](const reference::Product<float>& g) { gemm_f32(g); });
  } else {
    batched<T>(p, a, b, y, [](const reference::Product<T>& g) { reference::gemm(g); });
  }
}

void matmul_kernel(const KernelContext& c) {
  const Plan p =
      plan_product(c.in[0].shape(), c.in[1].shape(), c.attrs_as<MatmulAttrs>(), "matmul");
  const int64_t size_a = c.in[0].size();
  const int64_t size_b = c.in[1].size();
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T* a = c.in[0].as<const T>();
    const T* b = c.in[1].as<const T>();
    if constexpr (std::is_same_v<T, int8_t>) {
      int32_t* wide_a = static_cast<int32_t*>(c.workspace);
      int32_t* wide_b = wide_a + size_a;
      std::copy(a, a + size_a, wide_a);
      std::copy(b, b + size_b, wide_b);
      multiply(p, wide_a, wide_b, c.out[0].as<int32_t>());
    } else if constexpr (!std::is_same_v<T, float16> && !std::is_same_v<T, bfloat16>) {
      multiply(p, a, b, c.out[0].as<T>());
    }
  });
}

// With the sums of x2's columns as a second result where it is asked for.
void fused_matmul_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<FusedMatmulAttrs>();
  const Plan p = plan_product(c.in[0].shape(), c.in[1].shape(), attrs.product(), "fused_matmul");
  const auto run = [&]<class T>(type_tag<T>) {
    const T* a = c.in[0].as<const T>();
    const T* b = c.in[1].as<const T>();
    T* y = c.out[0].as<T>();
    if constexpr (std::is_same_v<T, float>) {
      if (kernels::table().gemm) {
        kernels::GemmArgs epilogue{};
        epilogue.bias = EpilogueInputs::data<const float>(c.in, 2);
        epilogue.residual = EpilogueInputs::data<const float>(c.in, 3);
        epilogue.mask = EpilogueInputs::data<const float>(c.in, 4);
        epilogue.relu = attrs.relu;
        epilogue.packed = EpilogueInputs::data<const float>(c.in, kPackedInput);
        if (c.out.size() > 1) epilogue.sums = c.out[1].as<float>();
        return batched<float>(
            p, a, b, y, [&](const reference::Product<float>& g) { gemm_f32(g, epilogue, y); });
      }
    }
    multiply(p, a, b, y);
    attrs.epilogue().apply<T>(c.in, c.out[0]);
    if (c.out.size() > 1) {
      reference::reduce_rows<reference::SumOp>(b, c.out[1].as<T>(), 0, 1, p.k, p.n);
    }
  };
  c.in[0].dtype() == DType::kFloat64 ? run(type_tag<double>{}) : run(type_tag<float>{});
}

// The product as the kernel gets it, where it is one of float32 matrices.
std::optional<kernels::GemmArgs> packed_product(const Attrs* attrs, std::span<const Buffer> in) {
  if (in[0].dtype() != DType::kFloat32 || !kernels::table().gemm_packing) return std::nullopt;
  const Plan p = plan_product(in[0].shape(), in[1].shape(),
                              static_cast<const FusedMatmulAttrs&>(*attrs).product(), "matmul");
  const bool one = p.batch_b.size() == 1 && (p.batch.size() == 1 || !p.trans_a);
  if (p.out.size() == 0 || !one) return std::nullopt;
  std::optional<kernels::GemmArgs> args;
  batched<float>(p, nullptr, in[1].as<const float>(), nullptr,
                 [&](const reference::Product<float>& g) {
                   args = kernel_args<kernels::GemmArgs>(g);
                   args->alpha = 1;
                 });
  return args;
}

Packing matmul_packing() {
  Packing packing;
  packing.weights = 1;
  packing.packed = kPackedInput;
  packing.layout = [](const Attrs* attrs, std::span<const Buffer> in,
                      std::span<const Buffer>) -> Packing::Layout {
    const auto args = packed_product(attrs, in);
    if (!args) return {};
    const auto [floats, id] = kernels::table().gemm_packing(*args);
    return {floats, id};
  };
  packing.pack = [](const Attrs* attrs, std::span<const Buffer> in, std::span<const Buffer>,
                    float* packed) {
    kernels::table().gemm_pack(*packed_product(attrs, in), packed);
  };
  return packing;
}

std::vector<TensorSpec> infer_fused_matmul(const InferContext& c) {
  if (c.dtype(0) != DType::kFloat32 && c.dtype(0) != DType::kFloat64 &&
      c.dtype(0) != DType::kBFloat16) {
    type_error(c.op, ": expected float32, float64 or bfloat16, received ", c.dtype(0));
  }
  const Plan p = plan_product(c.shape(0), c.shape(1), c.attrs_as<FusedMatmulAttrs>().product(),
                              "fused_matmul");
  if (c.has(2) && c.shape(2) != Shape{p.n}) {
    value_error(c.op, ": expected a bias of shape ", Shape{p.n}, ", received ", c.shape(2));
  }
  for (const size_t i : {size_t{3}, size_t{4}}) {
    if (c.has(i) && c.shape(i) != p.out) {
      value_error(c.op, ": expected ", i == 3 ? "residual" : "mask", " of shape ", p.out,
                  ", received ", c.shape(i));
    }
  }
  return {{c.dtype(0), p.out}};
}

Tensors fused_matmul_composite(std::span<const Tensor> in, const Attrs* raw) {
  const auto& attrs = static_cast<const FusedMatmulAttrs&>(*raw);
  const auto given = [&](size_t i) { return i < in.size() && in[i].defined(); };
  Tensor y = ops::matmul(in[0], in[1], attrs.transpose_a, attrs.transpose_b);
  if (given(2)) y = y + in[2];
  if (given(3)) y = y + in[3];
  if (attrs.relu) y = ops::relu(y);
  return {given(4) ? ops::relu_grad(y, in[4]) : y};
}

std::vector<TensorSpec> infer_matmul_and_sums(const InferContext& c) {
  if (c.shape(0).rank() != 2 || c.shape(1).rank() != 2 ||
      c.attrs_as<FusedMatmulAttrs>().transpose_b) {
    value_error(c.op, ": expected matrices, x2 not transposed, received shapes ", c.shape(0),
                " and ", c.shape(1));
  }
  std::vector<TensorSpec> specs = infer_fused_matmul(c);
  specs.push_back({c.dtype(0), Shape{c.shape(1).back()}});
  return specs;
}

// Of op(a) op(b) with matrices: da = g op(b)^T and db = op(a)^T g, transposed where the operand
// was.
Tensor grad_a(const Tensor& g, const Tensor& b, const MatmulAttrs& t) {
  return t.transpose_a ? ops::matmul(b, g, t.transpose_b, true)
                       : ops::matmul(g, b, false, !t.transpose_b);
}

Tensor grad_b(const Tensor& g, const Tensor& a, const MatmulAttrs& t) {
  return t.transpose_b ? ops::matmul(g, a, true, t.transpose_a)
                       : ops::matmul(a, g, !t.transpose_a, false);
}

Tensor as_matrix(const Tensor& x) {
  return ops::reshape(x,
                      Shape{x.size() / std::max<int64_t>(1, x.shape().back()), x.shape().back()});
}

Tensors matmul_backward(const BackwardContext& c) {
  MatmulAttrs t = c.attrs_as<MatmulAttrs>();
  Tensor a = c.inputs[0];
  Tensor b = c.inputs[1];
  const Shape shape_a = a.shape();
  const Shape shape_b = b.shape();
  Tensor g = c.grads[0];
  if (shape_b.rank() == 1) {
    b = ops::expand_dims(b, 1);
    g = ops::expand_dims(g, -1);
    t.transpose_b = false;
  }
  if (shape_a.rank() == 1) {
    a = ops::expand_dims(a, 0);
    g = ops::expand_dims(g, -2);
    t.transpose_a = false;
  }
  Tensors grads(2);
  if (c.needs[0]) {
    grads[0] = ops::reduce_to_shape(grad_a(g, b, t), a.shape());
    if (shape_a.rank() == 1) grads[0] = ops::reshape(grads[0], shape_a);
  }
  if (c.needs[1]) {
    if (b.rank() == 2 && a.rank() > 2 && !t.transpose_a) {
      grads[1] = grad_b(as_matrix(g), as_matrix(a), t);  // one product instead of a batch and a sum
    } else {
      grads[1] = ops::reduce_to_shape(grad_b(g, a, t), b.shape());
    }
    if (shape_b.rank() == 1) grads[1] = ops::reshape(grads[1], shape_b);
  }
  return grads;
}

}  // namespace

void register_matmul_ops(OpRegistry& registry) {
  OpDef def;
  def.name = "matmul";
  def.params = "x1, x2, transpose_a, transpose_b";
  def.doc =
      "Matrix product over the last two axes, leading axes broadcast; a 1-D operand is a row on "
      "the "
      "left, a column on the right. `transpose_a` and `transpose_b` read the operand with its last "
      "two axes swapped.";
  def.make_attrs = make_attrs_of<MatmulAttrs>;
  def.promote = Promote::kCommon;
  def.infer = infer_matmul;
  def.kernel = matmul_kernel;
  def.backward = matmul_backward;
  def.workspace = matmul_workspace;
  serve_halves(def);
  def.kernel = [widened = std::move(def.kernel)](const KernelContext& c) {
    if (!matmul_bf16(c, c.attrs_as<MatmulAttrs>())) widened(c);
  };
  def.flops = [](const Attrs* attrs, std::span<const Buffer> in, std::span<const Buffer>) {
    const Plan p = plan_product(in[0].shape(), in[1].shape(),
                                *static_cast<const MatmulAttrs*>(attrs), "matmul");
    return 2.0 * static_cast<double>(p.batch.size()) * static_cast<double>(p.m) *
           static_cast<double>(p.n) * static_cast<double>(p.k);
  };
  registry.add(std::move(def));

  OpDef fused;
  fused.name = "fused_matmul";
  fused.params = "x1, x2, bias?, residual?, mask?, packed?, transpose_a, transpose_b, relu";
  fused.doc =
      "relu(x1 @ x2 + bias + residual), 0 where `mask` is not above 0; `packed` is x2 as the "
      "kernel wants it.";
  fused.make_attrs = make_attrs_of<FusedMatmulAttrs>;
  fused.infer = infer_fused_matmul;
  fused.kernel = fused_matmul_kernel;
  serve_halves(fused);
  fused.kernel = [widened = std::move(fused.kernel)](const KernelContext& c) {
    const auto& attrs = c.attrs_as<FusedMatmulAttrs>();
    if (c.in[0].dtype() != DType::kBFloat16) return widened(c);
    if (matmul_bf16(c, attrs.product(), attrs.epilogue().bf16(c.in))) return;
    FusedMatmulAttrs without = attrs;
    without.relu = false;
    widened({&without, c.in.first(2), c.out, c.workspace});
    attrs.epilogue().apply_bf16(c.in, c.out[0]);
  };
  fused.packing = matmul_packing();
  fused.composite = fused_matmul_composite;
  fused.flops = [](const Attrs* attrs, std::span<const Buffer> in, std::span<const Buffer>) {
    const Plan p = plan_product(in[0].shape(), in[1].shape(),
                                static_cast<const FusedMatmulAttrs*>(attrs)->product(), "");
    return 2.0 * static_cast<double>(p.batch.size()) * static_cast<double>(p.m) *
           static_cast<double>(p.n) * static_cast<double>(p.k);
  };
  fused.internal = true;

  OpDef sums = fused;
  sums.name = "matmul_and_sums";
  sums.params = "x1, x2, bias?, residual?, mask?, transpose_a, transpose_b, relu";
  sums.doc =
      "fused_matmul of matrices, and the sums of x2's columns: the gradients of a layer's weights "
      "and bias. Made by a graph pass.";
  sums.infer = infer_matmul_and_sums;
  sums.packing = {};
  sums.composite = [](std::span<const Tensor> in, const Attrs* attrs) {
    Tensors out = fused_matmul_composite(in, attrs);
    out.push_back(ops::sum(in[1], IntList{0}));
    return out;
  };
  registry.add(std::move(fused));
  registry.add(std::move(sums));
}

namespace ops {

Tensor matmul(const Tensor& x1, const Tensor& x2, bool transpose_a, bool transpose_b) {
  static const OpDef& op = find_op("matmul");
  auto attrs = make_ref<MatmulAttrs>();
  attrs->transpose_a = transpose_a;
  attrs->transpose_b = transpose_b;
  return apply_one(op, {x1, x2}, std::move(attrs));
}

}  // namespace ops
}  // namespace nacre
