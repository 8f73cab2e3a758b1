// Attention and AdditiveAttention: without projections or heads.
#include "nacre/nn/layers/attention.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/layers/call_arguments.h"
#include "ops/attention.h"

namespace nacre {
namespace {

// (batch..., length, size) as (batch, length, 1 head, size).
Tensor as_one_head(const Tensor& x) {
  const int rank = x.rank();
  return ops::reshape(x, {x.shape().size(0, rank - 2), x.shape()[rank - 2], 1, x.shape().back()});
}

Shape but_last(const Shape& shape, int64_t last) {
  Shape out(shape.dims().first(static_cast<size_t>(shape.rank() - 1)));
  out.push_back(last);
  return out;
}

}  // namespace

void Attention::validate() {
  if (score_mode != "dot" && score_mode != "concat" && score_mode != "sum") {
    value_error(class_name(), ": expected score_mode 'dot' or 'concat', received '", score_mode,
                "'");
  }
  if (!(dropout >= 0 && dropout <= 1)) {
    value_error(class_name(), ": expected 0 <= dropout <= 1, received ", dropout);
  }
  Layer::validate();
  if (dropout > 0) {
    generator_ = make_ref<SeedGenerator>(seed);
    add_seed_generator(generator_);
  }
}

void Attention::build(const std::vector<Shape>& input_shapes) {
  const Ref<Initializer> ones = deserialize_as<Initializer>("initializers", "Ones");
  if (use_scale) scale_ = add_weight("scale", {}, ones);
  if (score_mode == "concat") concat_score_weight_ = add_weight("concat_score_weight", {}, ones);
}

Tensor Attention::scores(const Tensor& query, const Tensor& key) const {
  const Tensor sum = ops::expand_dims(query, -2) + ops::expand_dims(key, -3);
  const Tensor scaled = scale_ ? sum * value(scale_) : sum;
  return ops::sum(ops::tanh(scaled), IntList{-1}) * value(concat_score_weight_);
}

Tensors Attention::call(const Tensors& inputs, const CallContext& context) {
  static const std::vector<std::string> kNames = {"inputs", "mask", "training",
                                                  "return_attention_scores", "use_causal_mask"};
  if (inputs.size() < 2 || inputs.size() > 3) {
    value_error("expected a list [query, value] or [query, value, key], received ", inputs.size(),
                " tensors");
  }
  const CallArguments given(inputs, context, kNames);
  const Tensor &query = inputs[0], &value_in = inputs[1];
  const Tensor& key = inputs.size() > 2 ? inputs[2] : value_in;
  const bool with_scores = given.flag("return_attention_scores");
  if (query.rank() < 2 || query.rank() != key.rank() || key.rank() != value_in.rank() ||
      query.shape().back() != key.shape().back()) {
    value_error(
        "expected query, value and key of one rank of 2 or more, and "
        "query and key of one ",
        "size, received shapes ", query.shape(), ", ", value_in.shape(), " and ", key.shape());
  }
  Shape weights_shape = but_last(query.shape(), key.shape()[key.rank() - 2]);
  if (query.is_placeholder() || key.is_placeholder() || value_in.is_placeholder()) {
    const Tensor y =
        Tensor::placeholder({query.dtype(), but_last(query.shape(), value_in.shape().back())});
    if (with_scores) return {y, Tensor::placeholder({query.dtype(), weights_shape})};
    return {y};
  }
  AttentionOptions options;
  options.unseen = "shift";
  options.causal = given.flag("use_causal_mask");
  if (context.training && dropout > 0) {
    options.rate = dropout;
    options.seed = generator_->next();
  }
  const auto bools = [](const Tensor& t) {
    return t.dtype() == DType::kBool ? t : ops::cast(t, DType::kBool);
  };
  const Tensor query_mask = context.mask(0);
  Tensor seen = context.mask(1);
  if (seen.defined()) {  // (batch..., keys): hidden from every query
    seen = ops::reshape(bools(seen), {seen.size() / std::max<int64_t>(seen.shape().back(), 1), 1, 1,
                                      seen.shape().back()});
  }
  Tensor y, weights;
  if (score_mode == "dot") {
    Tensor q = scale_ ? query * value(scale_) : query;
    q = as_one_head(q);
    const Tensor k = as_one_head(key), v = as_one_head(value_in);
    if (with_scores) {
      WeighedAttention r = weighed_attention(q, k, v, seen, {}, options);
      y = r.y;
      weights = r.kept;
    } else {
      y = attention(q, k, v, seen, {}, options);
    }
  } else {
    // The scores are the bias of an attention without products.
    const Tensor s = scores(query, key);
    const int64_t batch = s.shape().size(0, s.rank() - 2);
    const Shape flat{batch, 1, s.shape()[s.rank() - 2], s.shape().back()};
    options.scale = 0;
    const Tensor q = ops::zeros({batch, flat[2], 1, 1}, query.dtype());
    const Tensor k = ops::zeros({batch, flat[3], 1, 1}, query.dtype());
    const WeighedAttention r =
        weighed_attention(q, k, as_one_head(value_in), seen, ops::reshape(s, flat), options);
    y = r.y;
    weights = r.kept;
  }
  y = ops::reshape(y, but_last(query.shape(), value_in.shape().back()));
  if (query_mask.defined()) {
    y = ops::where(ops::expand_dims(bools(query_mask), -1), y, ops::scalar(0));
  }
  if (with_scores) return {y, ops::reshape(weights, weights_shape)};
  return {y};
}

std::vector<Field> AdditiveAttention::fields() {
  std::vector<Field> all = Layer::fields();
  detail::append_fields(all, "use_scale, dropout, seed", std::tie(use_scale, dropout, seed));
  return all;
}

void AdditiveAttention::build(const std::vector<Shape>& input_shapes) {
  if (!use_scale) return;
  const int64_t size = input_shapes.at(0).back();
  if (size < 0)
    value_error("expected a query whose last axis is known, received shape ", input_shapes[0]);
  scale_ =
      add_weight("scale", {size}, deserialize_as<Initializer>("initializers", "GlorotUniform"));
}

Tensor AdditiveAttention::scores(const Tensor& query, const Tensor& key) const {
  const Tensor sum = ops::tanh(ops::expand_dims(query, -2) + ops::expand_dims(key, -3));
  return ops::sum(scale_ ? sum * value(scale_) : sum, IntList{-1});
}

}  // namespace nacre
