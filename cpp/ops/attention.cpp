// Scaled dot-product attention: a fused op for float32 and its gradient, and the same in terms of
// other ops, which is their oracle, the way of other dtypes and of second order.
#include "ops/attention.h"

#include <cmath>
#include <limits>

#include "kernels/abi.h"
#include "nacre/ops/random.h"
#include "ops/define.h"
#include "ops/promote.h"
#include "ops/random_draws.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct FusedAttentionAttrs : AttrsOf<FusedAttentionAttrs> {
  double scale = 1;
  bool causal = false;
  int64_t window = 0;
  std::string unseen = "mean";
  double rate = 0;
  NACRE_ATTRS(scale, causal, window, unseen, rate)
};
struct DotProductAttentionAttrs : AttrsOf<DotProductAttentionAttrs> {
  std::optional<double> scale;
  bool is_causal = false;
  std::optional<bool> flash_attention;
  std::optional<double> attn_logits_soft_cap;
  NACRE_ATTRS(scale, is_causal, flash_attention, attn_logits_soft_cap)
};

enum Operand { kQ, kK, kV, kMask, kBias, kSeed, kNumOperands };

bool agree(int64_t a, int64_t b) {
  return a == b || a == kUnknownDim || b == kUnknownDim;
}

void require_broadcast(std::string_view op, const char* name, const Shape& shape,
                       const Shape& scores) {
  bool fits = shape.rank() <= 4;
  for (int i = 0; fits && i < shape.rank(); ++i) {
    const int64_t dim = shape[shape.rank() - 1 - i];
    fits = dim == 1 || agree(dim, scores[3 - i]);
  }
  if (!fits) {
    value_error(op, ": expected ", name, " that broadcasts to (batch, heads, queries, keys) ",
                scores, ", received shape ", shape);
  }
}

// Checks the operands and returns (batch, heads, queries, keys).
Shape scores_shape(std::string_view op, Inputs in) {
  const Shape &q = in[kQ].shape(), &k = in[kK].shape(), &v = in[kV].shape();
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4) {
    value_error(op,
                ": expected query, key and value of shape (batch, length, heads, size), received ",
                q, ", ", k, " and ", v);
  }
  const bool heads = k[2] == kUnknownDim || q[2] == kUnknownDim || (k[2] > 0 && q[2] % k[2] == 0) ||
                     (k[2] == 0 && q[2] == 0);
  if (!agree(q[0], k[0]) || !agree(k[0], v[0]) || !agree(k[1], v[1]) || !agree(k[2], v[2]) ||
      !agree(q[3], k[3]) || !heads) {
    value_error(op,
                ": expected key and value of query's batch, with the same length and heads, heads "
                "that divide those of query, and key of query's size, received query ",
                q, ", key ", k, " and value ", v);
  }
  const Shape scores{q[0], q[2], q[1], k[1]};
  if (in.size() > kMask && in[kMask].defined()) {
    require_broadcast(op, "mask", in[kMask].shape(), scores);
  }
  if (in.size() > kBias && in[kBias].defined()) {
    require_broadcast(op, "bias", in[kBias].shape(), scores);
  }
  return scores;
}

// ---- in terms of other ops

// (batch, length, heads, size) as (batch, key heads, length of all heads of the group, size).
Tensor by_head(const Tensor& x, int64_t kv_heads) {
  const Shape& s = x.shape();
  const Tensor y =
      s[2] == 1 ? ops::reshape(x, {s[0], 1, s[1], s[3]}) : ops::transpose(x, {0, 2, 1, 3});
  return s[2] == kv_heads ? y : ops::reshape(y, {s[0], kv_heads, s[2] / kv_heads * s[1], s[3]});
}

Tensor from_heads(const Tensor& x, const Shape& shape) {
  const Tensor y = ops::reshape(x, {shape[0], shape[2], shape[1], shape[3]});
  return shape[2] == 1 ? ops::reshape(y, shape) : ops::transpose(y, {0, 2, 1, 3});
}

// Which keys a query sees by its position, or undefined where it sees all.
Tensor positions(int64_t queries, int64_t keys, const FusedAttentionAttrs& a) {
  if (!a.causal && a.window == 0) return {};
  Tensor seen(TensorSpec{DType::kBool, {queries, keys}});
  bool* at = seen.mutable_data<bool>();
  for (int64_t i = 0; i < queries; ++i) {
    for (int64_t j = 0; j < keys; ++j) {
      at[i * keys + j] = (!a.causal || j <= i) && (a.window == 0 || std::abs(i - j) < a.window);
    }
  }
  return seen;
}

Tensor seen_keys(Inputs in, const FusedAttentionAttrs& a) {
  const Tensor by_position = positions(in[kQ].shape()[1], in[kK].shape()[1], a);
  if (!in[kMask].defined()) return by_position;
  return by_position.defined() ? ops::logical_and(in[kMask], by_position) : in[kMask];
}

// Weights (batch, heads, queries, keys) in at least float32, before dropout.
Tensor weights_of(Inputs in, const FusedAttentionAttrs& a, const Tensor& seen) {
  const Tensor &q = in[kQ], &k = in[kK];
  const int64_t kv_heads = k.shape()[2];
  Tensor s = ops::matmul(by_head(q, kv_heads), by_head(k, kv_heads), false, true);
  const bool half = s.dtype() == DType::kFloat16 || s.dtype() == DType::kBFloat16;
  if (half) s = ops::cast(s, DType::kFloat32);
  s = ops::reshape(s, {q.shape()[0], q.shape()[2], q.shape()[1], k.shape()[1]}) * a.scale;
  if (in[kBias].defined()) s = s + (half ? ops::cast(in[kBias], s.dtype()) : in[kBias]);
  if (!seen.defined()) return ops::softmax(s);
  if (a.unseen == "shift") {
    const double far = q.dtype() == DType::kFloat16 ? 65504.0 : 1e9;
    return ops::softmax(ops::where(seen, s, s - far));
  }
  const double lowest = -0.7 * (s.dtype() == DType::kFloat64
                                    ? std::numeric_limits<double>::max()
                                    : static_cast<double>(std::numeric_limits<float>::max()));
  const Tensor w = ops::softmax(ops::where(seen, s, ops::scalar(lowest)));
  return a.unseen == "zero" ? ops::where(seen, w, ops::scalar(0)) : w;
}

Tensor weigh(const Tensor& weights, const Tensor& v, const Shape& y) {
  const int64_t kv_heads = v.shape()[2];
  const Tensor w = ops::cast(weights, v.dtype());
  const Tensor rows =
      ops::reshape(w, {y[0], kv_heads, y[2] / std::max<int64_t>(kv_heads, 1) * y[1], v.shape()[1]});
  return from_heads(ops::matmul(rows, by_head(v, kv_heads)), y);
}

Shape result_shape(Inputs in) {
  const Shape& q = in[kQ].shape();
  return {q[0], q[1], q[2], in[kV].shape()[3]};
}

WeighedAttention attention_by_ops(Inputs in, const FusedAttentionAttrs& a) {
  const Tensor w = weights_of(in, a, seen_keys(in, a));
  const Tensor kept = a.rate > 0 ? random::dropout(w, a.rate, in[kSeed]) : w;
  return {weigh(kept, in[kV], result_shape(in)), w, kept};
}

struct Gradients {
  Tensor q, k, v, bias;
};
Gradients gradients_by_ops(Inputs in, const FusedAttentionAttrs& a, const Tensor& grad) {
  const Shape &q_shape = in[kQ].shape(), &k_shape = in[kK].shape(), &v_shape = in[kV].shape();
  const int64_t kv_heads = k_shape[2];
  const Tensor seen = seen_keys(in, a);
  const Tensor w = weights_of(in, a, seen);
  const Shape rows{q_shape[0], kv_heads, q_shape[2] / std::max<int64_t>(kv_heads, 1) * q_shape[1],
                   k_shape[1]};
  const Tensor g = by_head(grad, kv_heads);
  Tensor dw = ops::reshape(ops::matmul(g, by_head(in[kV], kv_heads), false, true), w.shape());
  Tensor kept = w;
  if (a.rate > 0) {
    const Tensor factor = random::dropout(ops::ones_like(w), a.rate, in[kSeed]);
    kept = w * factor;
    dw = dw * factor;
  }
  Tensor ds = w * (dw - ops::sum(dw * w, IntList{-1}, true));
  if (seen.defined() && a.unseen != "shift") ds = ops::where(seen, ds, ops::scalar(0));
  Gradients out;
  if (in[kBias].defined()) out.bias = ops::reduce_to_shape(ds, in[kBias].shape());
  const Tensor scaled = ops::reshape(ds * a.scale, rows);
  out.q = from_heads(ops::matmul(scaled, by_head(in[kK], kv_heads)), q_shape);
  out.k = from_heads(ops::matmul(scaled, by_head(in[kQ], kv_heads), true, false), k_shape);
  out.v = from_heads(ops::matmul(ops::reshape(kept, rows), g, true, false), v_shape);
  return out;
}

// ---- the fused op

const FusedAttentionAttrs& fused_attrs(const Attrs* attrs) {
  return attrs_as<FusedAttentionAttrs>(attrs);
}

std::vector<TensorSpec> infer_attention(const InferContext& c) {
  for (const size_t i : {kQ, kK, kV}) {
    if (c.dtype(i) != DType::kFloat32) {
      type_error(c.op, ": expected float32, received ", c.dtype(i));
    }
  }
  if (c.has(kMask) && c.dtype(kMask) != DType::kBool) {
    type_error(c.op, ": expected a mask of bool, received ", c.dtype(kMask));
  }
  if (c.has(kBias) && c.dtype(kBias) != DType::kFloat32) {
    type_error(c.op, ": expected a bias of float32, received ", c.dtype(kBias));
  }
  const auto& a = c.attrs_as<FusedAttentionAttrs>();
  if (a.rate > 0) check_seed(c, kSeed);
  const Shape scores = scores_shape(c.op, c.inputs);
  return {{DType::kFloat32, result_shape(c.inputs)},
          {DType::kFloat32, {scores[0], scores[1], scores[2]}}};
}

kernels::HeadStrides strides_of(const Shape& s) {
  return {s[1] * s[2] * s[3], s[2] * s[3], s[3]};
}

void fill_strides(const Shape& shape, int64_t (&at)[4]) {
  int64_t stride = 1;
  for (int i = 3; i >= 0; --i) {
    const int own = i - 4 + shape.rank();
    at[i] = own < 0 || shape[own] == 1 ? 0 : stride;
    if (own >= 0) stride *= shape[own];
  }
}

kernels::AttentionArgs kernel_args(const KernelContext& c) {
  const auto& attrs = c.attrs_as<FusedAttentionAttrs>();
  const Shape &q = c.in[kQ].shape(), &k = c.in[kK].shape(), &v = c.in[kV].shape();
  kernels::AttentionArgs a{};
  a.batch = q[0];
  a.heads = q[2];
  a.kv_heads = k[2];
  a.queries = q[1];
  a.keys = k[1];
  a.key_size = q[3];
  a.value_size = v[3];
  a.q = c.in[kQ].as<const float>();
  a.k = c.in[kK].as<const float>();
  a.v = c.in[kV].as<const float>();
  a.q_at = strides_of(q);
  a.k_at = strides_of(k);
  a.v_at = strides_of(v);
  a.y_at = strides_of({q[0], q[1], q[2], v[3]});
  a.scale = static_cast<float>(attrs.scale);
  a.causal = attrs.causal;
  a.window = attrs.window;
  a.unseen = attrs.unseen == "zero"    ? kernels::Unseen::kZero
             : attrs.unseen == "shift" ? kernels::Unseen::kShift
                                       : kernels::Unseen::kMean;
  if (c.in[kMask]) {
    a.mask = c.in[kMask].as<const uint8_t>();
    fill_strides(c.in[kMask].shape(), a.mask_at);
  }
  if (c.in[kBias]) {
    a.bias = c.in[kBias].as<const float>();
    fill_strides(c.in[kBias].shape(), a.bias_at);
  }
  a.rate = static_cast<float>(attrs.rate);
  if (attrs.rate > 0) a.seed = seed_key(c.in[kSeed]);
  return a;
}

double products_of(std::span<const Buffer> in) {
  const Shape &q = in[kQ].shape(), &k = in[kK].shape();
  return static_cast<double>(q[0] * q[1] * q[2]) * static_cast<double>(k[1]);
}

void add_fused_attention(OpRegistry& registry) {
  OpDef def;
  def.name = "fused_attention";
  def.params = "q, k, v, mask?, bias?, seed?, scale, causal, window, unseen, rate";
  def.doc = "Attention without its matrix of weights; also the log of each row's sum.";
  def.make_attrs = make_attrs_of<FusedAttentionAttrs>;
  def.infer = infer_attention;
  def.kernel = [](const KernelContext& c) {
    kernels::AttentionArgs a = kernel_args(c);
    a.y = c.out[0].as<float>();
    a.lse = c.out[1].as<float>();
    kernels::table().attention(a);
  };
  def.composite = [](Inputs in, const Attrs* attrs) {
    const WeighedAttention r = attention_by_ops(in, fused_attrs(attrs));
    return Tensors{r.y, ops::zeros({in[kQ].shape()[0], in[kQ].shape()[2], in[kQ].shape()[1]})};
  };
  def.backward = [](const BackwardContext& c) {
    Tensors grads(kNumOperands);
    if (c.needs[kBias]) {  // as large as the weights, so that there is nothing to save
      const Gradients g = gradients_by_ops(c.inputs, fused_attrs(c.attrs), c.grads[0]);
      grads[kQ] = g.q;
      grads[kK] = g.k;
      grads[kV] = g.v;
      grads[kBias] = g.bias;
    } else {
      Tensors inputs(c.inputs.begin(), c.inputs.end());
      inputs.insert(inputs.end(), {c.outputs[0], c.outputs[1], c.grads[0]});
      const Tensors g =
          apply(find_op("fused_attention_grad"), inputs, Ref<Attrs>(const_cast<Attrs*>(c.attrs)));
      std::copy(g.begin(), g.end(), grads.begin());
    }
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!c.needs[i]) grads[i] = Tensor();
    }
    return grads;
  };
  def.flops = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
    return 2 * products_of(in) * static_cast<double>(in[kQ].shape().back() + in[kV].shape().back());
  };
  def.internal = true;
  registry.add(std::move(def));

  OpDef grad;
  grad.name = "fused_attention_grad";
  grad.params = "q, k, v, mask?, bias?, seed?, y, lse, grad, scale, causal, window, unseen, rate";
  grad.doc = "Gradients of fused_attention with respect to q, k and v.";
  grad.make_attrs = make_attrs_of<FusedAttentionAttrs>;
  grad.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{c.inputs[kQ].spec(), c.inputs[kK].spec(), c.inputs[kV].spec()};
  };
  grad.kernel = [](const KernelContext& c) {
    kernels::AttentionArgs a = kernel_args(c);
    a.y = c.in[kNumOperands].as<float>();
    a.lse = c.in[kNumOperands + 1].as<float>();
    a.grad = c.in[kNumOperands + 2].as<const float>();
    a.dq = c.out[0].as<float>();
    a.dk = c.out[1].as<float>();
    a.dv = c.out[2].as<float>();
    kernels::table().attention_grad(a);
  };
  // Of q, k, v and grad only: y and lse are functions of them.
  grad.composite = [](Inputs in, const Attrs* attrs) {
    const Gradients g = gradients_by_ops(in, fused_attrs(attrs), in[kNumOperands + 2]);
    return Tensors{g.q, g.k, g.v};
  };
  grad.flops = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
    return 2 * products_of(in) *
           static_cast<double>(3 * in[kQ].shape().back() + 2 * in[kV].shape().back());
  };
  grad.internal = true;
  registry.add(std::move(grad));
}

Ref<FusedAttentionAttrs> attrs_of(const AttentionOptions& o) {
  auto attrs = make_ref<FusedAttentionAttrs>();
  attrs->scale = o.scale;
  attrs->causal = o.causal;
  attrs->window = o.window;
  attrs->unseen = o.unseen;
  attrs->rate = o.rate;
  return attrs;
}

// The operands in one dtype, the mask as bools.
Tensors operands_of(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                    const Tensor& bias, const AttentionOptions& options) {
  Tensors in = {q, k, v, mask, bias, options.seed};
  promote_all(std::span<Tensor>(in).first(3), Promote::kCommonFloat);
  if (bias.defined()) in[kBias] = to_dtype(bias, in[kQ].dtype());
  if (mask.defined() && mask.dtype() != DType::kBool) in[kMask] = ops::cast(mask, DType::kBool);
  return in;
}

Tensors dot_product_attention_composite(Inputs in, const Attrs* raw) {
  constexpr const char* op = "dot_product_attention";
  const auto& a = attrs_as<DotProductAttentionAttrs>(raw);
  if (a.attn_logits_soft_cap) {
    value_error(op, ": attn_logits_soft_cap is not supported, received ", *a.attn_logits_soft_cap);
  }
  const auto optional = [&](size_t i) { return i < in.size() ? in[i] : Tensor(); };
  return {ops::dot_product_attention(in[0], in[1], in[2], optional(3), optional(4), a.scale,
                                     a.is_causal)};
}

}  // namespace

void register_attention_ops(OpRegistry& registry) {
  add_fused_attention(registry);
  add_composite(
      registry, "dot_product_attention",
      "query, key, value, bias?, mask?, scale, is_causal, flash_attention, attn_logits_soft_cap",
      "Attention: softmax(scale * query @ key^T + bias) @ value for each head.\n\n"
      "Args:\n    query: Queries, of shape (batch, queries, heads, size).\n"
      "    key: Keys, of shape (batch, keys, key_heads, size); key_heads divides heads, and each\n"
      "        key head serves that many neighbouring heads of the query.\n"
      "    value: Values, of shape (batch, keys, key_heads, value_size).\n"
      "    bias: Added to the scaled scores, or None; broadcasts to (batch, heads, queries, "
      "keys).\n"
      "    mask: Bools, true where a query sees a key, or None; broadcasts alike.\n"
      "    scale: Factor of the scores; None is 1 / sqrt(size).\n"
      "    is_causal: Query i sees keys 0 to i only.\n"
      "    flash_attention: Without effect: float32 never makes the matrix of weights.\n"
      "    attn_logits_soft_cap: Not supported, as in Keras without a TPU.\n\n"
      "Returns:\n    A tensor of shape (batch, queries, heads, value_size). A query that sees no "
      "key\n    gives the mean of all values.",
      dot_product_attention_composite, make_attrs_of<DotProductAttentionAttrs>);
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                 const Tensor& bias, const AttentionOptions& options) {
  const Tensors in = operands_of(q, k, v, mask, bias, options);
  const Ref<FusedAttentionAttrs> attrs = attrs_of(options);
  if (in[kQ].dtype() == DType::kFloat32 && options.rate < 1) {
    return apply(find_op("fused_attention"), in, attrs)[0];
  }
  scores_shape("attention", in);
  if (!result_shape(in).is_known()) {
    return Tensor::placeholder({in[kQ].dtype(), result_shape(in)});
  }
  return attention_by_ops(in, *attrs).y;
}

WeighedAttention weighed_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                   const Tensor& mask, const Tensor& bias,
                                   const AttentionOptions& options) {
  const Tensors in = operands_of(q, k, v, mask, bias, options);
  const Shape scores = scores_shape("attention", in);
  if (!result_shape(in).is_known() || !scores.is_known()) {
    const DType dtype = in[kQ].dtype();
    const Tensor weights = Tensor::placeholder({dtype, scores});
    return {Tensor::placeholder({dtype, result_shape(in)}), weights, weights};
  }
  WeighedAttention r = attention_by_ops(in, *attrs_of(options));
  r.weights = ops::cast(r.weights, in[kQ].dtype());
  r.kept = ops::cast(r.kept, in[kQ].dtype());
  return r;
}

Tensor ops::dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                  const Tensor& bias, const Tensor& mask,
                                  std::optional<double> scale, bool is_causal) {
  scores_shape("dot_product_attention", Tensors{query, key, value, mask, bias});
  AttentionOptions options;
  options.scale =
      scale.value_or(1 / std::sqrt(static_cast<double>(std::max<int64_t>(query.shape()[3], 1))));
  options.causal = is_causal;
  return attention(query, key, value, mask, bias, options);
}

}  // namespace nacre
