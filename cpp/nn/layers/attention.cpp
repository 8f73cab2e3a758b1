// Multi-head and grouped-query attention.
#include "nacre/nn/layers/attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nacre/ops/ops.h"
#include "nn/layers/call_arguments.h"
#include "nn/registry.h"
#include "ops/attention.h"

namespace nacre {
namespace {

std::string letters(int from, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += static_cast<char>('a' + from + i);
  return text;
}

// The parameters of a call.
const std::vector<std::string> kNames = {"query",
                                         "value",
                                         "key",
                                         "query_mask",
                                         "value_mask",
                                         "key_mask",
                                         "attention_mask",
                                         "return_attention_scores",
                                         "training",
                                         "use_causal_mask"};

// The axes between the first and the last.
Shape inner_axes(const Shape& shape) {
  return Shape(shape.dims().subspan(1, static_cast<size_t>(shape.rank() - 2)));
}

// mask with axes of size 1 before its last `trailing` ones, up to `rank`.
Tensor widened(Tensor mask, int rank, int trailing) {
  while (mask.rank() < rank) mask = ops::expand_dims(mask, -trailing - 1);
  return mask;
}

// (batch..., attention axes..., heads, size) with axes put in groups: one batch
// axis, one length.
struct Folded {
  IntList order;  // the axes of x in the order batch..., attention..., heads, size
  Shape moved;    // the shape in that order
  Shape folded;   // (batch, length, heads, size)
};

Folded fold(const Shape& x, const IntList& attention_axes) {
  Folded f;
  for (int i = 0; i < x.rank() - 2; ++i) {
    if (std::find(attention_axes.begin(), attention_axes.end(), i) == attention_axes.end()) {
      f.order.push_back(i);
    }
  }
  const size_t batch_axes = f.order.size();
  f.order.insert(f.order.end(), attention_axes.begin(), attention_axes.end());
  f.order.push_back(x.rank() - 2);
  f.order.push_back(x.rank() - 1);
  for (const int64_t axis : f.order) f.moved.push_back(x[static_cast<int>(axis)]);
  f.folded = {f.moved.size(0, static_cast<int>(batch_axes)),
              f.moved.size(static_cast<int>(batch_axes), x.rank() - 2), x[x.rank() - 2], x.back()};
  return f;
}

Tensor folded(const Tensor& x, const IntList& attention_axes) {
  const Folded f = fold(x.shape(), attention_axes);
  return ops::reshape(ops::transpose(x, f.order), f.folded);
}

}  // namespace

void ProjectedAttention::validate() {
  const Heads h = heads();
  for (const auto& [name, size] : {std::pair<const char*, int64_t>{"heads", h.query},
                                   {"key heads", h.key},
                                   {"key size", h.key_size},
                                   {"value size", h.value_size}}) {
    if (size <= 0) value_error(class_name(), ": expected ", name, " > 0, received ", size);
  }
  if (h.query % h.key != 0) {
    value_error(class_name(), ": expected num_query_heads in multiples of num_key_value_heads ",
                h.key, ", received ", h.query);
  }
  if (!(dropout >= 0 && dropout <= 1)) {
    value_error(class_name(), ": expected 0 <= dropout <= 1, received ", dropout);
  }
  if (sliding_window && *sliding_window <= 0) {
    value_error(class_name(), ": expected sliding_window > 0 or None, received ", *sliding_window);
  }
  if (flash_attention.value_or(false) && dropout > 0) {
    value_error(class_name(), ": expected dropout=0 with flash_attention=True, received ", dropout);
  }
  Layer::validate();
  if (dropout > 0) {
    generator_ = make_ref<SeedGenerator>(seed);
    add_seed_generator(generator_);
  }
}

IntList ProjectedAttention::axes_of(int query_rank) const {
  IntList axes(static_cast<size_t>(std::max(query_rank - 2, 0)));
  std::iota(axes.begin(), axes.end(), int64_t{1});
  return axes;
}

Ref<EinsumDense> ProjectedAttention::projection(const char* name, int free_axes, int bound_axes,
                                                const IntList& sizes, bool gate) {
  const int outputs = static_cast<int>(sizes.size());
  const std::string free = letters(0, free_axes), bound = letters(free_axes, bound_axes);
  const std::string out = letters(free_axes + bound_axes, outputs);
  Json output_shape = Json::array();
  for (int i = 1; i < free_axes; ++i) output_shape.push_back(Json());
  for (const int64_t size : sizes) output_shape.push_back(size);
  const auto handle = [](const auto& object) {
    return object ? Json(Ref<RefCounted>(object.get())) : Json();
  };
  Json settings = Json::object({{"name", name},
                                {"trainable", trainable()},
                                {"dtype", write_field(policy())},
                                {"activity_regularizer", handle(activity_regularizer())},
                                {"equation", free + bound + "," + bound + out + "->" + free + out},
                                {"output_shape", output_shape},
                                {"activation", gate ? "sigmoid" : "linear"},
                                {"bias_axes", use_bias ? Json(out) : Json()},
                                {"kernel_initializer", handle(with_axes(kernel_initializer))},
                                {"bias_initializer", handle(with_axes(bias_initializer))},
                                {"kernel_regularizer", handle(kernel_regularizer)},
                                {"bias_regularizer", handle(bias_regularizer)},
                                {"kernel_constraint", handle(kernel_constraint)},
                                {"bias_constraint", handle(bias_constraint)}});
  const Ref<Layer> layer = make_layer("EinsumDense", settings);
  layer->set_supports_masking(true);  // masks are handled here
  add_sublayer(layer);
  return Ref<EinsumDense>(static_cast<EinsumDense*>(layer.get()));
}

void ProjectedAttention::add_projections(const Shape& query, const Shape& value, const Shape& key,
                                         const IntList& output_sizes) {
  for (const auto& [name, shape] :
       {std::pair<const char*, const Shape*>{"query", &query}, {"value", &value}, {"key", &key}}) {
    if (shape->rank() < 3) {
      value_error("expected a ", name, " of rank 3 or more, received shape ", *shape);
    }
  }
  if (inner_axes(value) != inner_axes(key)) {
    value_error(
        "expected value and key that agree in all axes but the last, "
        "received value ",
        value, " and key ", key);
  }
  const Heads h = heads();
  query_ = projection("query", query.rank() - 1, 1, {h.query, h.key_size}, false);
  query_->ensure_built({query});
  key_ = projection("key", key.rank() - 1, 1, {h.key, h.key_size}, false);
  key_->ensure_built({key});
  if (use_gate) {
    gate_ = projection("gate", query.rank() - 1, 1, {h.query, h.value_size}, true);
    gate_->ensure_built({query});
  }
  value_ = projection("value", value.rank() - 1, 1, {h.key, h.value_size}, false);
  value_->ensure_built({value});
  output_ = projection("attention_output", query.rank() - 1, 2, output_sizes, false);
  Shape joined(query.dims().first(static_cast<size_t>(query.rank() - 1)));
  joined.push_back(h.query);
  joined.push_back(h.value_size);
  output_->ensure_built({joined});
}

Tensor ProjectedAttention::attend(const Tensor& q, const Tensor& k, const Tensor& v,
                                  const Tensor& mask, AttentionOptions options,
                                  bool explicit_weights, Tensor* scores) const {
  // Keras takes two ways, which differ where a query sees no key.
  options.unseen = explicit_weights ? "zero" : "mean";
  const auto run = [&](const Tensor& query, const Tensor& key, const Tensor& value,
                       const Tensor& seen) {
    if (!scores) return attention(query, key, value, seen, {}, options);
    WeighedAttention r = weighed_attention(query, key, value, seen, {}, options);
    *scores = r.weights;
    return r.y;
  };
  if (q.rank() == 4) return run(q, k, v, mask.defined() ? widened(mask, 4, 2) : mask);
  const IntList axes = axes_of(q.rank() - 1);
  const Folded fq = fold(q.shape(), axes), fk = fold(k.shape(), axes);
  const int batch_axes = q.rank() - 2 - static_cast<int>(axes.size());
  Shape wide(fq.moved.dims().first(static_cast<size_t>(batch_axes)));
  wide.push_back(heads().query);
  for (int i = batch_axes; i < q.rank() - 2; ++i) wide.push_back(fq.moved[i]);
  for (int i = batch_axes; i < k.rank() - 2; ++i) wide.push_back(fk.moved[i]);
  Tensor seen = mask;
  if (mask.defined()) {
    seen = widened(mask, wide.rank(), 2 * static_cast<int>(axes.size()));
    seen = ops::reshape(ops::broadcast_to(seen, wide),
                        {fq.folded[0], fq.folded[2], fq.folded[1], fk.folded[1]});
  }
  Tensor y = run(folded(q, axes), folded(k, axes), folded(v, axes), seen);
  if (scores) *scores = ops::reshape(*scores, wide);
  Shape moved = fq.moved;
  moved[moved.rank() - 1] = v.shape().back();
  IntList back(fq.order.size());
  for (size_t i = 0; i < back.size(); ++i) {
    back[static_cast<size_t>(fq.order[i])] = static_cast<int64_t>(i);
  }
  return ops::transpose(ops::reshape(y, moved), back);
}

std::vector<Shape> ProjectedAttention::shapes_to_build(const Tensors& inputs,
                                                       const CallContext& context) const {
  const CallArguments given(inputs, context, kNames);
  std::vector<Shape> shapes;
  for (const char* name : {"query", "value", "key"}) {
    if (const Tensor t = given.tensor(name); t.defined()) shapes.push_back(t.shape());
  }
  return shapes;
}

Tensors ProjectedAttention::call(const Tensors& inputs, const CallContext& context) {
  const CallArguments given(inputs, context, kNames);
  const Tensor query = given.tensor("query"), value = given.tensor("value");
  if (!query.defined() || !value.defined()) value_error("expected query and value");
  const Tensor key = given.tensor("key").defined() ? given.tensor("key") : value;
  const bool causal = given.flag("use_causal_mask");
  const bool with_scores = given.flag("return_attention_scores");
  if (with_scores && flash_attention.value_or(false)) {
    value_error("expected return_attention_scores=False with flash_attention=True");
  }
  // Keys and values are hidden where their own masks say so; masked queries see
  // nothing.
  Tensor mask;
  const auto hide = [&](const Tensor& more) {
    mask = mask.defined() ? ops::logical_and(mask, more) : more;
  };
  const auto bools = [](const Tensor& t) {
    return t.dtype() == DType::kBool ? t : ops::cast(t, DType::kBool);
  };
  if (const Tensor m = given.mask("query"); m.defined()) hide(ops::expand_dims(bools(m), -1));
  if (const Tensor m = given.mask("value"); m.defined()) hide(ops::expand_dims(bools(m), -2));
  if (const Tensor m = given.mask("key"); m.defined()) hide(ops::expand_dims(bools(m), -2));
  if (const Tensor m = given.tensor("attention_mask"); m.defined()) hide(bools(m));

  const Heads h = heads();
  const Tensor q = (*query_)(query), k = (*key_)(key), v = (*value_)(value);
  const IntList axes = axes_of(query.rank());
  const bool plain = query.rank() == 3;
  Tensor y, scores;
  if (q.is_placeholder() || k.is_placeholder() || v.is_placeholder()) {
    Shape out = q.shape();
    out[out.rank() - 1] = h.value_size;
    y = Tensor::placeholder({q.dtype(), out});
    Shape weights;
    for (int i = 0; i < q.rank() - 2; ++i) {
      if (std::find(axes.begin(), axes.end(), i) == axes.end()) weights.push_back(q.shape()[i]);
    }
    weights.push_back(h.query);
    for (const Shape& s : {q.shape(), k.shape()}) {
      for (const int64_t axis : axes) weights.push_back(s[static_cast<int>(axis)]);
    }
    scores = Tensor::placeholder({q.dtype(), weights});
  } else {
    AttentionOptions options;
    options.scale = 1 / std::sqrt(static_cast<double>(h.key_size));
    options.causal = causal;
    options.window = sliding_window.value_or(0);
    if (context.training && dropout > 0) {
      options.rate = dropout;
      options.seed = generator_->next();
    }
    if (axes.size() != 1 && (causal || options.window > 0)) {
      value_error(
          "expected attention over one axis with use_causal_mask or "
          "sliding_window, ",
          "received query of shape ", query.shape());
    }
    y = attend(q, k, v, mask, options, dropout > 0 || with_scores || !plain,
               with_scores ? &scores : nullptr);
  }
  if (gate_) y = y * (*gate_)(query);
  y = (*output_)(y);
  if (with_scores) return {y, scores};
  return {y};
}

void MultiHeadAttention::validate() {
  if (!value_dim) value_dim = key_dim;
  if (output_shape && output_shape->sizes.empty()) output_shape.reset();
  ProjectedAttention::validate();
}

IntList MultiHeadAttention::axes_of(int query_rank) const {
  if (!attention_axes) return ProjectedAttention::axes_of(query_rank);
  IntList axes = *attention_axes;
  for (int64_t& axis : axes) {
    if (axis < 0) axis += query_rank;
    if (axis < 1 || axis > query_rank - 2) {
      value_error(
          "expected attention_axes between the batch axis and the last "
          "of a query of rank ",
          query_rank, ", received ", write_field(*attention_axes).dump());
    }
  }
  return axes;
}

void MultiHeadAttention::build(const std::vector<Shape>& input_shapes) {
  if (input_shapes.size() < 2) value_error("expected the shapes of query and value");
  const Shape& query = input_shapes[0];
  const Shape& value = input_shapes[1];
  IntList sizes = output_shape ? output_shape->sizes : IntList{query.back()};
  add_projections(query, value, input_shapes.size() > 2 ? input_shapes[2] : value, sizes);
  attention_axes = axes_of(query.rank());
}

void GroupQueryAttention::validate() {
  // The name of Keras's class, which it publishes under another one.
  if (name_.empty()) name_ = unique_name("grouped_query_attention");
  ProjectedAttention::validate();
}

void GroupQueryAttention::build(const std::vector<Shape>& input_shapes) {
  if (input_shapes.size() < 2) value_error("expected the shapes of query and value");
  const Shape& query = input_shapes[0];
  const Shape& value = input_shapes[1];
  if (query.rank() != 3) {
    value_error("expected a query of rank 3, received shape ", query);
  }
  add_projections(query, value, input_shapes.size() > 2 ? input_shapes[2] : value, {query.back()});
}

void register_attention_layers() {
  register_class<MultiHeadAttention>();
  register_class<GroupQueryAttention>();
  register_class<Attention>();
  register_class<AdditiveAttention>();
}

}  // namespace nacre
